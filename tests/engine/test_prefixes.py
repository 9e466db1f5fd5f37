"""One history, however it arrives: told up to any task and then on, in pages cut anywhere, in any order."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from pyswf_fast._replay import History, Run

from . import public
from .program import Block, programs
from .records import start_timer
from .simulator import Chaos, Simulator
from .wire import RUN_ID, cut, task_bodies, task_body

worlds = st.builds(Chaos, st.binary(max_size=20), st.sampled_from([0, *range(1, 2000)]))
page_sizes = st.lists(st.integers(1, 12), max_size=8)


class Task(NamedTuple):
    """A decision task that was answered, and how."""

    started: int
    answer: tuple[Any, ...]


def answer_of(run: Run) -> tuple[Any, ...]:
    """Everything that a worker sends for a task."""
    return run.decisions, run.execution_context, run.is_closing


def begun(program: Block, history: History, is_async: bool = False) -> Run:
    return Run(public.decider(program, is_async), history, run_id=RUN_ID, scope="d/w/r")


def lived(
    program: Block, chaos: Chaos, is_async: bool = False, rounds: int = 8
) -> tuple[Simulator, list[Task]]:
    """A world in which the program has made some decisions, all from the beginning of the history."""
    world, tasks = Simulator(chaos), []
    for _ in range(rounds):
        if world.is_closed or not world.until_task():
            break
        started = world.poll()
        run = begun(program, History.from_pages([task_body(world.events, started)]), is_async)
        tasks.append(Task(started, answer_of(run)))
        while chaos.happens(3):
            world.step()
        if chaos.happens(9):
            world.time_out()
        elif chaos.happens(9):
            world.complete([start_timer(f"pause-{started}", 10)], "paused")
        else:
            world.complete(run.decisions, run.execution_context)
        run.close()
    return world, tasks


@given(program=programs(), chaos=worlds, is_async=st.booleans())
def test_every_prefix_goes_on_to_the_whole(program: Block, chaos: Chaos, is_async: bool) -> None:
    """Cut at any decision and fed on, task by task or at once, a run decides as one from the beginning."""
    world, tasks = lived(program, chaos, is_async)
    for k, first in enumerate(tasks):
        page = task_body(world.events[: first.started], first.started)
        run = begun(program, History.from_pages([page]), is_async)
        assert answer_of(run) == first.answer
        known = first.started
        for later in tasks[k + 1 :]:
            run.append_page(task_body(world.events[known : later.started], later.started))
            assert answer_of(run) == later.answer, (first.started, later.started)
            known = later.started
        run.close()

        last = tasks[-1]
        run = begun(program, History.from_pages([page]), is_async)
        run.append_page(task_body(world.events[first.started : last.started], last.started))
        assert answer_of(run) == last.answer, (first.started, last.started)
        run.close()


@given(program=programs(), chaos=worlds, sizes=page_sizes, reverse=st.booleans(), data=st.data())
def test_pages(program: Block, chaos: Chaos, sizes: list[int], reverse: bool, data: st.DataObject) -> None:
    """Pages cut anywhere, in any order, with events told twice, make the same decisions."""
    world, tasks = lived(program, chaos)
    started, answer = tasks[-1]
    bodies = task_bodies(cut(world.events[:started], sizes), started, reverse=reverse)
    for _ in range(data.draw(st.integers(0, 3), label="pages told twice")):
        first = data.draw(st.integers(0, started - 1))
        last = data.draw(st.integers(first + 1, started))
        bodies.append(task_body(world.events[first:last], started))
    bodies = data.draw(st.permutations(bodies))

    run = begun(program, History.from_pages(bodies))
    assert answer_of(run) == answer
    run.close()


@given(program=programs(), chaos=worlds, sizes=page_sizes)
def test_pages_of_what_is_new(program: Block, chaos: Chaos, sizes: list[int]) -> None:
    """What is new, told in several or overlapping pages, is decided the same, suspended or not."""
    world, tasks = lived(program, chaos)
    run, known = None, 0
    for started, answer in tasks:
        if run is None:
            run = begun(program, History.from_pages([task_body(world.events[:started], started)]))
        else:
            overlap = sizes[0] if sizes else 0
            new = world.events[max(0, known - overlap) : started]
            history = History.from_pages([task_body(world.events[:known], known)])
            for body in task_bodies(cut(new, sizes), started):
                history.append_page(body)
            assert len(history) == started
            run.append_page(task_body(new, started))
            whole = begun(program, history)
            assert answer_of(whole) == answer
            whole.close()
        assert answer_of(run) == answer
        known = started
    if run is not None:
        run.close()
