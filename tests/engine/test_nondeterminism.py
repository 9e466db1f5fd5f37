"""Nondeterminism explained: what is found, where, and what is said of it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from pyswf_fast import (
    History,
    NondeterminismError,
    Replayer,
    Timer,
    activity_task,
    cached,
    decision_task,
    sleep,
    wait_all,
    workflow,
)
from pyswf_fast._replay import Run
from pyswf_fast.workflow import Marker, lambda_task

from .stage import Stage
from .wire import RUN_ID, task_body


@activity_task(swf_task_type="a", swf_task_version="1.0")
def a(x: Any = None) -> Any: ...


@activity_task(swf_task_type="b", swf_task_version="1.0")
def b(x: Any = None) -> Any: ...


@decision_task(swf_workflow_type="child", swf_workflow_version="1.0")
def child(x: Any = None) -> Any: ...


def order(function: Any) -> Any:
    return decision_task(swf_workflow_type="order", swf_workflow_version="1.0")(function)


def told(before: Any, after: Any, **options: Any) -> NondeterminismError:
    """What is said where `after` is to go on with the second decision of `before`."""
    stage = begun(before)
    with pytest.raises(NondeterminismError) as caught:
        Replayer(order(after), **options).open(history_of(stage))
    assert json.loads(json.dumps(caught.value.report)) == caught.value.report, "a report is JSON"
    return caught.value


def begun(code: Any) -> Stage:
    stage = Stage(order(code))
    stage.decide()
    stage.signal("wake")
    return stage


def history_of(stage: Stage) -> History:
    started = stage.world.started or stage.world.poll()
    return History.from_pages([task_body(stage.world.events[:started], started)])


def waiting(*asks: Callable[[], Any]) -> Any:
    """A decider that asks for these things and waits for a signal."""

    def decider() -> Any:
        for ask in asks:
            ask()
        return workflow.signals("end").get()

    return decider


#: One thing of each kind: what it is called in reports, and how code asks for it.
THINGS: dict[str, Callable[[], Any]] = {
    "activity": lambda: a("x"),
    "timer": lambda: Timer.get(60),
    "child workflow": lambda: child("x"),
    "lambda": lambda: lambda_task("shrink", {"x": 1}),
    "signal to a workflow": lambda: workflow.signal_external("other", "ping", "x"),
    "cancel request to a workflow": lambda: workflow.cancel_external("other"),
    "marker": lambda: Marker("m", "x"),
}


@pytest.mark.parametrize("what", THINGS)
def test_missing(what: str) -> None:
    """What history recorded and nobody asks for is named, with its event."""
    report = told(waiting(THINGS[what]), waiting()).report
    assert report["kind"] == "missing"
    assert (report["batch"], report["batches"], report["event_id"]) == (1, 2, 5)
    assert report["recorded"]["what"] == what
    assert report["produced"] is None


@pytest.mark.parametrize("what", THINGS)
def test_extra(what: str) -> None:
    """What history has not is named, with the line that asks for it."""
    error = told(waiting(), waiting(THINGS[what]))
    report = error.report
    assert report["kind"] == "extra"
    assert (report["batch"], report["batches"], report["event_id"]) == (1, 2, 4)
    assert report["recorded"] is None
    assert report["produced"]["what"] == what
    line = THINGS[what].__code__.co_firstlineno
    source = report["produced"]["source"]
    assert [frame["function"] for frame in source[:2]] == ["<lambda>", "decider"]
    assert (source[0]["file"], source[0]["line"]) == (__file__, line)
    assert f"{__file__}:{line} in <lambda>" in str(error)


@pytest.mark.parametrize(("one", "other"), list(itertools.permutations(THINGS, 2)))
def test_one_thing_for_another(one: str, other: str) -> None:
    """A thing of another kind in the place of one: both are shown, and nothing is taken for the other."""
    report = told(waiting(THINGS[one]), waiting(THINGS[other])).report
    assert report["kind"] == "missing"
    assert report["recorded"]["what"] == one
    assert report["produced"]["what"] == other
    assert report["comparison"][0][0]["what"] == one
    assert report["comparison"][0][1]["what"] == other


def test_renamed() -> None:
    """Another name, or another version, under the id."""
    a_2 = activity_task(swf_task_type="a", swf_task_version="2.0")(lambda: None)
    assert told(waiting(a), waiting(b)).report["likely"].startswith("'a' was renamed to 'b'")
    report = told(waiting(a), waiting(a_2)).report
    assert report["kind"] == "renamed"
    assert report["likely"] == "the version of 'a' changed from 1.0 to 2.0"
    assert (report["recorded"]["version"], report["produced"]["version"]) == ("1.0", "2.0")


def test_renamed_lambda() -> None:
    """A Lambda function has no version: its name is its type."""
    report = told(waiting(lambda: lambda_task("shrink")), waiting(lambda: lambda_task("grow"))).report
    assert (report["kind"], report["recorded"]["name"], report["produced"]["name"]) == (
        "renamed",
        "shrink",
        "grow",
    )


def test_reordered() -> None:
    """The same things in another order, however many."""
    report = told(waiting(a, b, b), waiting(b, b, a)).report
    assert report["kind"] == "reordered"
    report = told(waiting(a, b), waiting(b, a)).report
    assert report["likely"] == "activity 'a' and activity 'b' changed places"


def test_order_among_kinds_does_not_matter() -> None:
    """An activity and a timer that change places ask for the same."""
    stage = begun(waiting(a, THINGS["timer"]))
    Replayer(order(waiting(THINGS["timer"], a))).open(history_of(stage)).close()


@pytest.mark.parametrize(
    ("before", "after", "member"),
    [
        (("other", "ping"), ("third", "ping"), "workflowId"),
        (("other", "ping"), ("other", "pong"), "signalName"),
    ],
)
def test_changed_signal(before: tuple[str, str], after: tuple[str, str], member: str) -> None:
    """A signal under the same number to somebody else, or of another name."""
    report = told(
        waiting(lambda: workflow.signal_external(*before)), waiting(lambda: workflow.signal_external(*after))
    ).report
    assert report["kind"] == "changed"
    assert list(report["differences"]) == [member]


def test_changed_cancel_request_and_child() -> None:
    """A cancel request for somebody else; a child under another workflow id of its own."""
    report = told(
        waiting(lambda: workflow.cancel_external("one")), waiting(lambda: workflow.cancel_external("two"))
    ).report
    assert report["differences"] == {"workflowId": ["one", "two"]}
    report = told(
        waiting(lambda: child.options(workflow_id="one")()),
        waiting(lambda: child.options(workflow_id="two")()),
    ).report
    assert report["differences"] == {"workflowId": ["one", "two"]}


def closed(code: Any) -> History:
    stage = Stage(order(code))
    stage.decide()
    while not stage.world.is_closed:
        stage.completes("1", "done")
        stage.decide()
    return History.from_pages([task_body(stage.world.events, 0)])


def test_changed_close() -> None:
    """A run that ended otherwise."""

    def completes() -> Any:
        return a().result

    def fails() -> Any:
        a().result
        raise LookupError("gone")

    with pytest.raises(NondeterminismError) as caught:
        Replayer(order(fails)).open(closed(completes))
    report = caught.value.report
    assert report["kind"] == "changed"
    assert report["recorded"]["event_type"] == "WorkflowExecutionCompleted"
    assert report["failure"]["type"] == "builtins.LookupError"
    assert report["failure"]["source"][0]["function"] == "fails"


def test_the_failure_is_shown_where_it_is_the_cause() -> None:
    """Code that raises before it asks: the exception and its line stand in the report."""

    def fails() -> Any:
        raise KeyError("color")

    error = told(waiting(a), fails)
    assert "the decider raised:   KeyError: 'color'" in str(error)
    assert error.report["failure"]["source"][0]["text"] == 'raise KeyError("color")'
    assert "fails here with KeyError" in error.report["likely"]


# ── the line of code


def test_helpers() -> None:
    """A call in a helper shows the helper's line, and through which it came there."""

    def helper(x: Any) -> Any:
        return a(x)

    def decider() -> Any:
        helper(1)
        return workflow.signals("end").get()

    source = told(waiting(), decider).report["produced"]["source"]
    assert [frame["function"] for frame in source[:2]] == ["helper", "decider"]
    assert [frame["text"] for frame in source[:2]] == ["return a(x)", "helper(1)"]


def test_async_deciders_and_methods() -> None:
    """A coroutine's line is shown as well, and a method's."""

    async def decider() -> Any:
        a()
        return await workflow.signals("end").get()

    assert told(waiting(), decider).report["produced"]["source"][0]["text"] == "a()"

    class Shop:
        @decision_task(swf_workflow_type="order", swf_workflow_version="1.0")
        def decide(self) -> Any:
            b("from a method")
            return workflow.signals("end").get()

    history = history_of(begun(waiting()))
    with pytest.raises(NondeterminismError) as caught:
        Replayer(Shop().decide).open(history)
    assert caught.value.report["produced"]["source"][0]["text"] == 'b("from a method")'


def test_branches_and_promises_as_arguments() -> None:
    """A command that leaves later has the line that called it, in a branch or behind a Promise."""

    def decider() -> Any:
        workflow.spawn(lambda: [sleep(0), b("late")])
        b(a("first"))
        return workflow.signals("end").get()

    def before() -> Any:
        workflow.spawn(lambda: sleep(0))
        a("first")
        return workflow.signals("end").get()

    stage = begun(before)
    stage.decide()
    stage.completes("1")
    stage.fires("1")
    stage.decide()
    stage.signal("again")
    with pytest.raises(NondeterminismError) as caught:
        Replayer(order(decider)).open(history_of(stage))
    lines = [
        one["source"][0]["text"] for _, one in caught.value.report["comparison"] if one and "source" in one
    ]
    assert lines == ['b(a("first"))', 'workflow.spawn(lambda: [sleep(0), b("late")])']


# ── when it is found


def test_code_behind_the_mismatch_does_not_run() -> None:
    """It is found at its batch: what code would do later is not done, in the second replay either."""
    reached: list[str] = []

    @cached
    def ask() -> None:
        reached.append("ask")

    def decider() -> Any:
        b()
        workflow.signals("wake").get()
        ask()
        reached.append("behind")

    told(waiting(a), decider)
    assert reached == []


def test_a_suspended_run_tells_the_same() -> None:
    """A run that is fed on finds what a cold one finds, and its history is not lost for it."""
    asked = {"more": False}

    def decider() -> Any:
        a()
        workflow.signals("wake").get()
        if asked["more"]:
            b()
        return workflow.signals("end").get()

    stage = begun(decider)
    run = stage.ask()
    stage.world.complete(run.decisions, run.execution_context)
    stage.signal("go on")
    started = stage.world.poll()
    known = len(run.history)
    asked["more"] = True
    cold = History.from_pages([task_body(stage.world.events[:started], started)])
    with pytest.raises(NondeterminismError) as caught:
        Run(order(decider), cold, run_id=RUN_ID)
    run.append_page(task_body(stage.world.events[known:started], started))  # it has passed that place
    assert caught.value.report["kind"] == "extra"
    asked["more"] = False
    Run(order(decider), cold, run_id=RUN_ID).close()
    run.close()


def test_held_commands_count() -> None:
    """Fewer commands than a decision held back: it says how many there were."""
    report = told(lambda: wait_all(*a.map(range(150))), lambda: wait_all(*a.map(range(120)))).report
    assert report["kind"] == "missing"
    assert report["held"] == 51
    assert "the 51 that this decision held back" in report["likely"]


def test_cached_calls() -> None:
    """A cached call of another function than recorded."""

    @cached
    def first() -> int:
        return 1

    @cached
    def second() -> int:
        return 2

    error = told(waiting(first), waiting(second))
    assert error.report["kind"] == "renamed"
    assert error.report["recorded"]["name"].endswith("first")
    assert error.report["produced"]["name"].endswith("second")


# ── code that is really not deterministic


def test_a_second_replay_that_fits() -> None:
    """Where the same history fits at the second try, the report says that the code is unstable."""
    turns = itertools.cycle([True, False])

    def decider() -> Any:
        if next(turns):
            a()
        return workflow.signals("end").get()

    stage = begun(waiting())
    with pytest.raises(NondeterminismError) as caught:
        Replayer(order(decider)).open(history_of(stage))
    report = caught.value.report
    assert report["kind"] == "extra"
    assert report["is_unstable"] is True
    assert "a second replay of the same history fitted" in report["likely"]
    assert "workflow.now()" in report["fix"]


def test_a_second_replay_that_does_otherwise() -> None:
    """Likewise where it does not fit elsewhere, or raises."""
    asks = iter([lambda: a(), lambda: sleep("never"), lambda: None])

    def decider() -> Any:
        next(asks)()
        return workflow.signals("end").get()

    stage = begun(waiting(THINGS["marker"]))
    with pytest.raises(NondeterminismError) as caught:
        Replayer(order(decider)).open(history_of(stage))
    assert "is_unstable" not in caught.value.report or caught.value.report["is_unstable"]


# ── strict mode

CHANGES: dict[str, tuple[Callable[[], Any], Callable[[], Any], str]] = {
    "arguments": (lambda: a({"x": 1}), lambda: a({"x": 2}), "input"),
    "arguments of a child": (lambda: child(1), lambda: child(2), "input"),
    "timer": (lambda: Timer.get(60), lambda: Timer.get(61), "startToFireTimeout"),
    "marker": (lambda: Marker("m", "x"), lambda: Marker("m", "y"), "details"),
    "signal": (
        lambda: workflow.signal_external("w", "s", 1),
        lambda: workflow.signal_external("w", "s", 2),
        "input",
    ),
    "options": (
        lambda: a.options(start_to_close_timeout=5)(),
        lambda: a.options(start_to_close_timeout=6)(),
        "startToCloseTimeout",
    ),
    "task list": (
        lambda: a.options(swf_task_list="x")(),
        lambda: a.options(swf_task_list="y")(),
        "taskList",
    ),
    "lambda input": (lambda: lambda_task("f", 1), lambda: lambda_task("f", 2), "input"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_strict(change: str) -> None:
    """Other values are found in strict mode, named by their member, and in no other."""
    before, after, member = CHANGES[change]
    report = told(waiting(before), waiting(after), strict=True).report
    assert report["kind"] == "changed"
    assert list(report["differences"]) == [member]
    Replayer(order(waiting(after))).open(history_of(begun(waiting(before)))).close()


@pytest.mark.parametrize("change", CHANGES)
def test_strict_fits_what_did_not_change(change: str) -> None:
    """The same code fits its history in strict mode."""
    before, _, _ = CHANGES[change]
    Replayer(order(waiting(before)), strict=True).open(history_of(begun(waiting(before)))).close()


def test_strict_compares_json_by_value() -> None:
    """Another order of keys is not another argument."""
    stage = begun(waiting(lambda: a({"x": 1, "y": None})))
    Replayer(order(waiting(lambda: a({"y": None, "x": 1}))), strict=True).open(history_of(stage)).close()


def test_strict_results() -> None:
    """The result that the run closed with is compared, too."""
    history = closed(lambda: a().result)
    Replayer(order(lambda: a().result), strict=True).open(history).close()
    changed = Replayer(order(lambda: [a().result]), strict=True).replay(history)
    assert changed.nondeterminism is not None
    assert changed.nondeterminism["differences"] == {"result": ['"done"', '["done"]']}


def test_strict_leaves_retries_alone() -> None:
    """What is sent again is what was recorded; how long a back-off took is history's."""

    def decider() -> Any:
        return a.options(retry_states=("FAILED_TO_SCHEDULE", "FAILED"))("x").result

    stage = Stage(order(decider))
    stage.decide()
    stage.fails("1")
    stage.decide()
    stage.signal("wake")
    Replayer(order(decider), strict=True).open(history_of(stage)).close()


# ── the command that shows it again


def test_the_command() -> None:
    """It names the decider, and the execution as far as that is known."""
    error = told(waiting(), waiting(a))
    assert error.report["reproduce"] == (
        f"pyswf-fast replay {__name__}:waiting.decider --workflow-id order-1 --run-id {RUN_ID}"
    )
    from_file = History.from_json(json.dumps({"events": begun(waiting()).world.events}).encode())
    with pytest.raises(NondeterminismError) as caught:
        Replayer(order(waiting(a))).open(from_file)
    assert caught.value.report["reproduce"] == f"pyswf-fast replay {__name__}:waiting.decider HISTORY"
