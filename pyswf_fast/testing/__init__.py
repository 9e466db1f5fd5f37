"""Tests of workflows: the workers of production, in the test's thread, on a clock that skips waits.

    from pyswf_fast.testing import SwfTest

    with SwfTest() as swf:
        run = swf.start(process, 42)
        swf.after("3h", run.signal, "approved", True)
        assert run.result() == "shipped"

Under pytest the fixture `swf` is one; see docs/testing.md.
"""

from pyswf_fast.testing.doubles import InjectedFailure
from pyswf_fast.testing.environment import SwfTest
from pyswf_fast.testing.faults import Fault, Faults
from pyswf_fast.testing.run import Call, SwfClient, SwfRun
from pyswf_fast.testing.stage import NothingLeft

__all__ = ["Call", "Fault", "Faults", "InjectedFailure", "NothingLeft", "SwfClient", "SwfRun", "SwfTest"]
