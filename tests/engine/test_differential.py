"""The engine decides what the model decides: random programs, random histories, decision by decision.

At each decision task four engines are asked: one that reads the history from its beginning in pages cut
anywhere, the same for the program as an `async def` function, and one of each that has been suspended since
the decision before and is given only what is new.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, note, settings
from hypothesis import strategies as st

from pyswf_fast._replay import History, Run
from pyswf_fast.exceptions import NondeterminismError

from . import public
from .model import Limits, Mismatch, Model, Outcome
from .program import ACTIVITIES, CHANGED, Block, Step, changes, programs
from .records import as_sent, context_of, decision_attributes, open_works
from .simulator import Chaos, Simulator
from .wire import RUN_ID, Event, cut, task_bodies, task_body

#: Most worlds are random to their end; some are so only at first, so that failures become simple.
worlds = st.builds(Chaos, st.binary(max_size=20), st.sampled_from([0, *range(1, 2000)]))
ROUNDS = 12


class Engines:
    """The engine in all the ways in which it can be asked, for one program."""

    def __init__(self, program: Block, chaos: Chaos) -> None:
        self.program = program
        self.chaos = chaos
        self.is_changed = False  # whether the other retry policies are deployed
        self.open: dict[bool, Run] = {}
        self.known = 0

    def history(self, world: Simulator, started: int) -> History:
        """The history as a poll brings it: in pages, in either order, sometimes with what came after."""
        sizes = [1 + self.chaos.pick(9) for _ in range(self.chaos.pick(6))]
        pages = cut(world.events, sizes)
        return History.from_pages(task_bodies(pages, started, reverse=self.chaos.happens(2)))

    def runs(self, world: Simulator, started: int) -> list[tuple[str, Run]]:
        """All of them, brought to the task in hand."""
        found = []
        for is_async in (False, True):
            name = "async" if is_async else "plain"
            decider = public.decider(self.program, is_async, self.is_changed)
            cold = Run(decider, self.history(world, started), run_id=RUN_ID, scope="d/w/r")
            found.append((f"cold {name}", cold))
            if is_async in self.open:
                overlap = self.chaos.pick(self.known + 1)
                body = task_body(world.events[self.known - overlap : started], started, world.previous)
                self.open[is_async].append_page(body)
                found.append((f"open {name}", self.open[is_async]))
            else:
                decider = public.decider(self.program, is_async, self.is_changed)
                self.open[is_async] = Run(decider, self.history(world, started), run_id=RUN_ID, scope="d/w/r")
        self.known = started
        return found

    def evict(self) -> None:
        for run in self.open.values():
            run.close()
        self.open.clear()


def in_order(decisions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Decisions with cancel requests behind the others, sorted: no rule says in which order they stand."""
    rest = [one for one in decisions if "Cancel" not in one["decisionType"] or is_close(one)]
    cancels = [one for one in decisions if one not in rest]
    for one in cancels:
        decision_attributes(one).pop("control", None)  # its number follows from the order
    return [*rest, *sorted(cancels, key=repr)]


def is_close(decision: dict[str, Any]) -> bool:
    return (
        decision["decisionType"].endswith("WorkflowExecution") and "External" not in decision["decisionType"]
    )


def compare(program: Block, expected: Outcome, name: str, run: Run, events: list[Event]) -> None:
    note(f"{name} at event {len(events)}; the model's log: {expected.log}")
    assert in_order(expected.decisions) == in_order(public.readable(run)), name
    assert expected.held == public.held_by(run), name
    assert expected.retries == public.retries_by(run), name
    assert (expected.status or "") == public.status_of(run), name
    assert expected.is_closing == run.is_closing, name


def verdict(model: Model) -> Outcome | Mismatch:
    """What the model decides, or where it finds that the record is of other code."""
    try:
        return model.run()
    except Mismatch as mismatch:
        return mismatch


def play(program: Block, chaos: Chaos, rounds: int = ROUNDS) -> Simulator:
    """A program lives in the simulated service; at each task all engines must decide as the model does."""
    world, engines = Simulator(chaos), Engines(program, chaos)
    if chaos.happens(5):
        world.most_open = dict.fromkeys(world.most_open, 2)
    for _ in range(rounds):
        if world.is_closed or not world.until_task():
            break
        started = world.poll()
        if chaos.happens(9):
            engines.is_changed = not engines.is_changed
            engines.evict()
        policies = CHANGED if engines.is_changed else ACTIVITIES
        expected = verdict(Model(program, world.events, started, policies=policies))
        if isinstance(expected, Mismatch):
            # What was held back under other policies cannot always be told: then at least nothing is guessed.
            note(f"{expected}")
            with pytest.raises(NondeterminismError) as caught:
                engines.runs(world, started)
            assert expected.batch == caught.value.report["batch"]
            break
        while chaos.happens(3):
            world.step()
        runs = engines.runs(world, started)
        for name, run in runs:
            compare(program, expected, name, run, world.events[:started])
        answer = runs[chaos.pick(len(runs))][1]
        decisions, context = answer.decisions, answer.execution_context
        if chaos.happens(9):
            # Another process made this decision, with other limits: what it left over stands in the context.
            limits = Limits(1 + chaos.pick(5), 1 + chaos.pick(4), 1 + chaos.pick(4), 1 + chaos.pick(2))
            other = Model(program, world.events, started, limits=limits, policies=policies).run()
            decisions, context = [as_sent(one) for one in other.decisions], context_of(other)
            engines.evict()
        for name, run in runs:
            if name.startswith("cold"):
                run.close()
        if chaos.happens(9):
            world.time_out()
        elif chaos.happens(12):
            pause = {"timerId": f"pause-{started}", "startToFireTimeout": "10"}
            world.complete([{"decisionType": "StartTimer", "startTimerDecisionAttributes": pause}], "paused")
        else:
            world.complete(decisions, context)
            if chaos.happens(9):
                engines.evict()
    engines.evict()
    return world


@given(program=programs(), chaos=worlds)
@settings(max_examples=settings.default.max_examples * 5)
@example(program=[("call", "steady", 0), ("wait", 0)], chaos=Chaos())
@example(
    program=[("call", "steady", n) for n in range(150)] + [("wait_all", list(range(150)), None)],
    chaos=Chaos(),
)
@example(program=[*[("timer", 1) for _ in range(250)], ("wait_any", [*range(250)], None)], chaos=Chaos())
def test_decisions(program: Block, chaos: Chaos) -> None:
    """The engine decides as the model does, started anew or going on, and however the pages are cut."""
    play(program, chaos)


@given(
    calls=st.lists(st.sampled_from(sorted(ACTIVITIES)), min_size=95, max_size=230),
    waits=st.lists(st.sampled_from([5, None]), max_size=2),
    chaos=worlds,
)
@settings(max_examples=max(10, settings.default.max_examples // 6))
def test_many_decisions(calls: list[str], waits: list[int | None], chaos: Chaos) -> None:
    """The same where more is asked for than one response holds, and held back over several decisions."""
    everything = [*range(len(calls))]
    program: Block = [("call", name, 0) for name in calls]
    program += [("try", [("wait_all", everything, seconds)]) for seconds in [*waits, None]]
    play(program, chaos, rounds=6)


@given(step=st.sampled_from([("call", "once", 0), ("timer", 30), ("child", "child", 0)]))
@settings(max_examples=3)
def test_open_limit(step: Step) -> None:
    """Of what SWF limits to 1,000 open at a time, no more is asked for until something ends."""
    everything = [*range(1010)]
    world = play([step] * 1010 + [("wait_all", everything, None)], Chaos(), rounds=12)

    assert max(open_works(world.events).values()) in (999, 1000)


@given(
    texts=st.lists(
        st.builds(str.__mul__, st.sampled_from('x"ü☃🐍'), st.integers(1000, 16_000)), min_size=30, max_size=99
    )
)
@settings(max_examples=max(4, settings.default.max_examples // 40))
def test_large_inputs(texts: list[str]) -> None:
    """A response stays under 1 MB, whatever its characters take on the wire; the rest follows, in order."""
    program: Block = [("call", "once", text) for text in texts]
    world, engines = Simulator(Chaos()), Engines(program, Chaos())
    left = len(texts)
    while left and world.until_task():
        started = world.poll()
        for name, run in engines.runs(world, started):
            left, sent = public.held_by(run), run.decisions
            limits = Limits(decisions=len(sent)) if left else None
            compare(program, Model(program, world.events, started, limits=limits).run(), name, run, [])
            assert len(json.dumps(sent)) < 1_000_000
            if name.startswith("cold"):
                run.close()
        world.complete(sent, run.execution_context)
    engines.evict()


#: What a report may call a difference that the model knows by one of these words: it may know better.
PLAUSIBLE = {
    "missing": {"missing", "renamed", "reordered", "changed"},
    "renamed": {"renamed", "reordered", "changed"},
    "extra": {"extra", "renamed", "reordered", "changed"},
}


@given(programs=changes(), chaos=worlds)
@settings(max_examples=settings.default.max_examples * 2)
def test_mismatches(programs: tuple[Block, Block], chaos: Chaos) -> None:
    """A changed program's history is refused exactly where the model refuses it, and for its reason."""
    program, changed = programs
    world = lived(program, chaos)
    if world.scheduled is None or world.is_closed:
        return
    started = world.poll()

    expected = verdict(Model(changed, world.events, started))
    note(f"{expected}")
    history = History.from_pages([task_body(world.events, started)])
    for is_async in (False, True):
        name = "async" if is_async else "plain"
        decider = public.decider(changed, is_async)
        if isinstance(expected, Outcome):
            run = Run(decider, history, run_id=RUN_ID, scope="d/w/r")
            compare(changed, expected, name, run, world.events)
            run.close()
        else:
            with pytest.raises(NondeterminismError) as caught:
                Run(decider, history, run_id=RUN_ID, scope="d/w/r")
            assert expected.batch == caught.value.report["batch"]
            assert caught.value.report["kind"] in PLAUSIBLE[expected.kind]


def lived(program: Block, chaos: Chaos) -> Simulator:
    """A world in which the program has made some decisions, with a further task waiting if there is one."""
    world = Simulator(chaos)
    for _ in range(1 + chaos.pick(5)):
        if world.is_closed or not world.until_task():
            break
        started = world.poll()
        run = Run(
            public.decider(program),
            History.from_pages([task_body(world.events, started)]),
            run_id=RUN_ID,
            scope="d/w/r",
        )
        world.complete(run.decisions, run.execution_context)
        run.close()
    if not world.is_closed:
        world.until_task()
    return world
