"""Pages in, decisions out, with nothing known before: ours beside other ways to do the same."""

from __future__ import annotations

from typing import Any

import pytest
from generate import CHAIN, FAN_OUT, Shape
from replays import CONTENDERS, contender


@pytest.mark.parametrize("shape", [FAN_OUT, CHAIN], ids=lambda shape: shape.name)
@pytest.mark.parametrize("name", CONTENDERS)
def test_cold_decision(benchmark: Any, name: str, shape: Shape) -> None:
    benchmark.group = f"cold decision, {shape.name}"
    try:
        run = contender(name, shape)
    except ImportError as error:
        pytest.skip(f"{name} is not installed here: {error}")

    decisions = benchmark(run)

    assert decisions is None or len(decisions) == shape.at_once
