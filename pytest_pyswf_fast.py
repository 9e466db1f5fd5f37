"""The pytest plugin: the fixture `swf`, an SWF of its own for each test that asks for it.

pytest loads this module wherever pyswf_fast is installed; a run that does not ask for the fixture imports
nothing of the package.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Generator, Iterator

import pytest

if typing.TYPE_CHECKING:
    from pyswf_fast.testing import SwfTest

__all__ = ["swf"]


@pytest.fixture
def swf(request: pytest.FixtureRequest) -> Iterator[SwfTest]:
    """SWF, workers and a clock for this test; see `pyswf_fast.testing.SwfTest`.

    ``@pytest.mark.swf(domain="shop", check_replays=False)`` gives its parameters.
    """
    from pyswf_fast.testing import SwfTest

    marker = request.node.get_closest_marker("swf")
    environment = SwfTest(*marker.args, **marker.kwargs) if marker else SwfTest()
    yield environment
    environment.close()


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "swf(**parameters): parameters of SwfTest for the fixture `swf`")


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Check the replays as part of the test, so that it fails, and not its teardown."""
    outcome = yield
    if "pyswf_fast.testing" in sys.modules:
        from pyswf_fast.testing import SwfTest

        for value in pyfuncitem.funcargs.values():
            if isinstance(value, SwfTest):
                value.finish()
    return outcome
