"""The command line, `pyswf-fast`: start services, workers and workflows, and look at what they do."""

from __future__ import annotations

from pyswf_fast.cli.app import main

__all__ = ["main"]
