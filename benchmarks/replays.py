"""Contenders for a cold decision: the pages of a whole history in, the decisions of the task in hand out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import baseline
from deciders import decider
from generate import RUN_ID, Shape, pages
from parsers import botocore_events

from pyswf_fast._replay import History, Run

Replay = Callable[[], Any]


def _pyswf_fast(shape: Shape) -> Replay:
    bodies, task = pages(shape), decider(shape)

    def replay() -> list[dict[str, Any]]:
        run = Run(task, History.from_pages(bodies), run_id=RUN_ID, scope="domain/workflow/run")
        decisions = run.decisions
        run.close()
        return decisions

    return replay


def _plain_on_orjson(shape: Shape) -> Replay:
    bodies = pages(shape)
    return lambda: baseline.replay(bodies, shape)


def _plain_on_json(shape: Shape) -> Replay:
    bodies = pages(shape)
    return lambda: baseline.replay(bodies, shape, json.loads)


def _plain_on_botocore(shape: Shape) -> Replay:
    bodies = pages(shape)
    return lambda: baseline.decide(botocore_events(bodies), shape)


def _simpleflow(shape: Shape) -> Replay:
    import peer_simpleflow

    return peer_simpleflow.contender(shape)


def _temporal(shape: Shape) -> Replay:
    import peer_temporal

    return peer_temporal.contender(shape)


_CONTENDERS: dict[str, Callable[[Shape], Replay]] = {
    "pyswf_fast": _pyswf_fast,
    "plain Python on orjson": _plain_on_orjson,
    "plain Python on json": _plain_on_json,
    "plain Python on botocore": _plain_on_botocore,
    "simpleflow": _simpleflow,
    "Temporal Replayer": _temporal,
}
CONTENDERS = tuple(_CONTENDERS)


def contender(name: str, shape: Shape) -> Replay:
    """A contender's replay of a shape; ImportError where it is not installed."""
    return _CONTENDERS[name](shape)
