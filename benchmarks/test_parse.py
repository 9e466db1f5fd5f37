"""Pages to something that can be asked: ours beside general parsers, on the same bytes."""

from __future__ import annotations

from typing import Any

import pytest
from generate import CHAIN, FAN_OUT, Shape, pages
from parsers import PARSERS


@pytest.mark.parametrize("shape", [FAN_OUT, CHAIN], ids=lambda shape: shape.name)
@pytest.mark.parametrize("name", PARSERS)
def test_parse(benchmark: Any, name: str, shape: Shape) -> None:
    benchmark.group = f"parse, {shape.name}"
    bodies = pages(shape)

    count = benchmark(PARSERS[name], bodies)

    assert count in (shape.events, len(bodies))
