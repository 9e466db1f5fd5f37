"""The next decision of a run that is kept open, early and late in its life."""

from __future__ import annotations

from typing import Any

import pytest
from generate import CHAIN, FAN_OUT, SHORT_CHAIN, SHORT_FAN_OUT, Shape
from sticky import open_run


@pytest.mark.parametrize("shape", [SHORT_FAN_OUT, FAN_OUT, SHORT_CHAIN, CHAIN], ids=lambda shape: shape.name)
def test_next_decision(benchmark: Any, shape: Shape) -> None:
    benchmark.group = f"next decision, {shape.at_once} activities a decision"
    run, pages = open_run(shape)
    rest = iter(pages)

    def setup() -> tuple[tuple[bytes], dict[str, Any]]:
        return (next(rest),), {}

    benchmark.pedantic(run.append_page, setup=setup, rounds=len(pages))

    assert len(run.decisions) == shape.at_once
    run.close()
