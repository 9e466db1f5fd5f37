"""`python -m pyswf_fast.cli` is `pyswf-fast`."""

from pyswf_fast.cli import main

main()
