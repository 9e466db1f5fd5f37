"""Rules of batches: what ends one, what is found to differ and where, what waits for the next response."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pyswf_fast import Timer, activity_task, cached, decision_task, lambda_task, sleep, wait_all, workflow
from pyswf_fast._replay import History, Run
from pyswf_fast.exceptions import (
    ActivityTaskException,
    HistoryFormatError,
    LambdaTaskException,
    NondeterminismError,
)

from .public import held_by
from .records import decision_attributes, held_of
from .stage import Stage, brief
from .test_results import child, once, work
from .wire import RUN_ID, attributes, event, history_body, task_body


@activity_task(swf_task_type="work", swf_task_version="2.0")
def work_2(*args: Any) -> Any: ...


@cached
def query() -> Any:
    return 1


def one_then_two() -> Any:
    work("a").result
    return wait_all(work("b"), Timer.get(1))


def recorded() -> Stage:
    """`one_then_two` with its two decisions recorded and a third task waiting."""
    stage = Stage(decision_task(one_then_two))
    stage.decide()
    stage.completes("1", "A")
    stage.decide()
    stage.fires("1")
    return stage


def lacks_the_first() -> Any:
    Timer.get(1).result


def lacks_the_second() -> Any:
    work("a").result
    return Timer.get(1).result


def has_more_in_the_first() -> Any:
    Timer.get(5)
    return one_then_two()


def has_more_in_the_second() -> Any:
    work("a").result
    return wait_all(work("b"), Timer.get(1), work("c"))


def has_a_child_more() -> Any:
    work("a").result
    child()
    return wait_all(work("b"), Timer.get(1))


def has_a_marker_more() -> Any:
    work("a").result
    workflow.Marker("m", "")
    return wait_all(work("b"), Timer.get(1))


def has_another_version() -> Any:
    work("a").result
    return wait_all(work_2("b"), Timer.get(1))


def returns_early() -> Any:
    work("a").result
    work("b")
    Timer.get(1)
    return "early"


def returns_at_once() -> Any:
    return "at once"


def fails() -> Any:
    raise ValueError


@pytest.mark.parametrize(
    ("code", "batch", "kind"),
    [
        (lacks_the_first, 1, "missing"),
        (returns_at_once, 1, "missing"),
        (fails, 1, "missing"),
        (has_more_in_the_first, 1, "extra"),
        (lacks_the_second, 2, "missing"),
        (has_more_in_the_second, 2, "extra"),
        (has_a_child_more, 2, "extra"),
        (has_a_marker_more, 2, "extra"),
        (returns_early, 2, "extra"),
        (has_another_version, 2, "renamed"),
    ],
)
def test_nondeterminism(code: Any, batch: int, kind: str) -> None:
    """Code that asks for other things than recorded is found out in the batch where that happens."""
    stage = recorded()

    with pytest.raises(NondeterminismError) as caught:
        stage.cold(decision_task(code))

    report = caught.value.report
    assert (batch, kind) == (report["batch"], report["kind"])
    assert report["batches"] == 3
    assert RUN_ID in str(caught.value)


def test_renamed_and_refused() -> None:
    """A schedule that was refused tells its type, too."""

    @decision_task
    def decider() -> Any:
        return once().result

    @decision_task
    def renamed() -> Any:
        return work().result

    stage = Stage(decider)
    stage.world.refusals["1"] = "ACTIVITY_TYPE_DOES_NOT_EXIST"
    stage.decide()
    with pytest.raises(NondeterminismError) as caught:
        stage.cold(renamed)

    assert (caught.value.report["batch"], caught.value.report["kind"]) == (1, "renamed")


def test_nondeterminism_is_found_before_code_goes_on() -> None:
    """Code whose commands did not match sees nothing of what came after."""
    seen: list[str] = []

    @decision_task
    def decider() -> Any:
        Timer.get(1)
        work("a").result
        seen.append("went on")

    stage = recorded()
    with pytest.raises(NondeterminismError):
        stage.cold(decider)

    assert seen == []


def test_changed_open_run() -> None:
    """The run that goes on is told as well: its answer was not what was recorded."""
    stage = Stage(decision_task(one_then_two))
    run = stage.ask()
    stage.world.complete([{"decisionType": "StartTimer", "startTimerDecisionAttributes": {"timerId": "1"}}])
    stage.fires("1")
    started = stage.world.poll()

    with pytest.raises(NondeterminismError):
        run.append_page(task_body(stage.world.events, started))


def test_order_within_a_decision() -> None:
    """In which order one decision asks for things of different kinds makes no difference."""

    @decision_task
    def decider() -> Any:
        work("a").result
        timer = Timer.get(1)
        return wait_all(work("b"), timer)

    stage = recorded()

    assert stage.cold(decider).decisions == []


def test_new_code_after_the_record() -> None:
    """Code may change where nothing is recorded yet."""

    @decision_task
    def decider() -> Any:
        work("a").result
        both = [work("b"), Timer.get(1)]
        both[1].result
        work("new")
        return wait_all(*both)

    stage = recorded()

    assert [brief(one) for one in stage.cold(decider).decisions] == [("ScheduleActivityTask", "3")]


def test_renamed_cached_function() -> None:
    """A cached result belongs to the function that made it."""

    @cached
    def another() -> Any:
        return 2

    def code(function: Any) -> Any:
        @decision_task
        def decider() -> Any:
            return [function(), work().result]

        return decider

    stage = Stage(code(query))
    stage.decide()
    stage.completes("1")

    with pytest.raises(NondeterminismError):
        stage.cold(code(another))


def test_closed_history() -> None:
    """A closed history has no task in hand: every batch is matched, nothing is decided."""
    stage = recorded()
    stage.completes("2")
    stage.decide()
    assert stage.world.is_closed
    history = [history_body(stage.world.events)]

    assert Run(stage.decider, History.from_pages(history), run_id=RUN_ID).decisions == []
    with pytest.raises(NondeterminismError):
        Run(decision_task(has_more_in_the_second), History.from_pages(history), run_id=RUN_ID)


def test_closed_with_another_result() -> None:
    """How the run was closed is matched by its kind: returning is not failing."""
    stage = Stage(decision_task(returns_at_once))
    stage.decide()
    history = [history_body(stage.world.events)]

    assert Run(stage.decider, History.from_pages(history), run_id=RUN_ID).decisions == []
    with pytest.raises(NondeterminismError):
        Run(decision_task(fails), History.from_pages(history), run_id=RUN_ID)


def test_decision_that_timed_out() -> None:
    """A decision that came too late ends no batch: its task's events belong to the next one."""

    @decision_task
    def decider() -> Any:
        seen = [workflow.now().timestamp()]
        work().result
        return seen

    stage = Stage(decider)
    stage.ask()
    stage.world.tick()
    stage.world.time_out()
    stage.world.now_ms += 5000
    stage.decide()
    stage.completes("1")

    seen = stage.result()
    started = [one for one in stage.world.events if one["eventType"] == "DecisionTaskStarted"]
    assert [started[1]["eventTimestamp"]] == seen


def test_pause() -> None:
    """A decision that only paused decided nothing, and its timer is nobody's."""

    @decision_task
    def decider() -> Any:
        return [work().result, Timer.get(3).result]

    stage = Stage(decider)
    stage.decide()
    stage.completes("1", "first")
    stage.ask()
    pause = {"timerId": f"pause-{stage.world.started}", "startToFireTimeout": "10"}
    stage.world.complete([{"decisionType": "StartTimer", "startTimerDecisionAttributes": pause}], "paused")
    stage.signal("impatient")
    assert stage.decide() == [("StartTimer", "1")]
    stage.fires(pause["timerId"])
    assert stage.decide() == []
    stage.fires("1")

    assert stage.result() == ["first", None]


def test_pause_among_other_records() -> None:
    """A timer of a user that only begins like a pause is a timer like any other."""

    @decision_task
    def decider() -> Any:
        sleep(1)
        return "slept"

    stage = Stage(decider)
    assert stage.decide() == [("StartTimer", "1")]
    stage.fires("1")
    assert stage.result() == "slept"


def test_happenings_during_a_decision() -> None:
    """What happens while a decision is made belongs to the next batch, behind the decision's own records."""

    @decision_task
    def decider() -> Any:
        first = work()
        timer = Timer.get(5)
        seen = [first.is_ready]
        timer.result
        return [*seen, first.is_ready]

    stage = Stage(decider)
    stage.ask()
    stage.signal("s")
    assert stage.decide() == [("ScheduleActivityTask", "1"), ("StartTimer", "1")]
    assert stage.decide() == []
    stage.fires("1")
    stage.completes("1")

    assert stage.result() == [False, True]


def test_refused_close() -> None:
    """A close that was refused for an unhandled decision is issued again; the code does not run once more."""
    ends: list[int] = []

    @decision_task
    def decider() -> Any:
        ends.append(1)
        return "done"

    stage = Stage(decider)
    run = stage.cold()
    stage.signal("s")
    stage.world.complete(run.decisions)
    assert not stage.world.is_closed
    ends.clear()
    assert stage.result() == "done"
    stage.decide()

    assert stage.world.is_closed


def test_nothing_is_asked_for_after_the_end() -> None:
    """After the function's end nothing is retried, and no call is issued that waited for an argument."""

    @decision_task
    def decider() -> Any:
        first = work()
        work(first)
        work()
        Timer.get(1).result
        return "done"

    stage = Stage(decider)
    stage.decide()
    stage.fires("1")
    stage.ask()
    stage.completes("1")
    assert stage.decide() == [("CompleteWorkflowExecution", None)]
    assert not stage.world.is_closed
    stage.ask()
    stage.fails("3")
    assert stage.decide() == [("CompleteWorkflowExecution", None)]

    assert stage.decide() == [("CompleteWorkflowExecution", None)]
    assert stage.world.is_closed


def test_limit_of_a_response() -> None:
    """At most 100 decisions leave at once; a timer of 0 seconds brings the rest; the close goes last."""

    @decision_task
    def decider() -> Any:
        for number in range(230):
            work(number)
        return "done"

    stage = Stage(decider)
    counts, held = [], []
    while not stage.world.is_closed:
        run = stage.ask()
        counts.append(len(run.decisions))
        held.append(held_by(run))
        assert run.is_closing == (not held[-1])
        stage.decide()
        wakes = [w["id"] for w in stage.world.open.values() if w["id"].startswith("wake-")]
        for wake in wakes:
            stage.fires(wake)

    assert counts == [100, 100, 33]
    assert held == [132, 33, 0]
    events = stage.world.events
    scheduled = [one for one in events if one["eventType"] == "ActivityTaskScheduled"]
    assert [str(number) for number in range(1, 231)] == [attributes(one)["activityId"] for one in scheduled]


def test_held_commands_are_matched() -> None:
    """A cold run over decisions that held something back asks for the same again."""

    @decision_task
    def decider() -> Any:
        return sum(wait_all(*[work(number) for number in range(150)]))

    stage = Stage(decider)
    stage.decide()
    stage.completes("7", 7)
    stage.decide()
    for number in range(1, 151):
        if number != 7:
            stage.completes(str(number), number)

    assert sum(range(151)) == stage.result()


def test_context() -> None:
    """The first decision's context tells the run id; `held` is told where something is held."""
    stage = recorded()
    completed = [one for one in stage.world.events if one["eventType"] == "DecisionTaskCompleted"]
    first, second = (attributes(one).get("executionContext") for one in completed)

    assert json.loads(first.split("\n")[-1])["run"] == RUN_ID
    assert [held_of(one) for one in completed] == [0, 0]
    assert not second


def test_status() -> None:
    """The status text stands in the context, before the library's own line."""

    @decision_task
    def decider() -> Any:
        workflow.status("packing\nboxes")
        work().result

    run = Stage(decider).cold()

    assert run.execution_context is not None
    assert run.execution_context.startswith("packing\nboxes\n{")


def test_run_id_from_the_context() -> None:
    """A history from a file tells the run id by its first decision: children have the ids that they had."""

    @decision_task
    def decider() -> Any:
        work().result
        return child().result

    stage = Stage(decider)
    stage.decide()
    stage.completes("1")
    expected = stage.ask().decisions
    history = History.from_pages([history_body(stage.world.events)])

    assert expected == Run(decider, history).decisions


def test_strict_references() -> None:
    """A run refuses what a History merely keeps: an outcome of something of another kind."""
    stage = recorded()
    stage.world.append("ActivityTaskCompleted", scheduledEventId=1, startedEventId=2, result="1")
    with pytest.raises(HistoryFormatError):
        stage.cold()


def test_history_without_its_beginning() -> None:
    """A history that begins with another event is refused."""
    events = [event(1, "DecisionTaskScheduled"), event(2, "DecisionTaskStarted", scheduledEventId=1)]
    with pytest.raises(HistoryFormatError):
        Run(decision_task(one_then_two), History.from_pages([history_body(events)]))


def test_events_of_the_future() -> None:
    """A type of event that is not invented yet changes nothing."""
    stage = Stage(decision_task(one_then_two))
    stage.decide()
    stage.world.append("ActivityTaskTeleported", scheduledEventId=5, startedEventId=0)
    stage.world.append("ActivityTaskTeleported", scheduledEventId=5, startedEventId=0)
    stage.completes("1")

    assert stage.decide() == [("ScheduleActivityTask", "2"), ("StartTimer", "1")]
    assert stage.open is not None
    assert stage.open.history.unknown_types == ["ActivityTaskTeleported"]


def test_known_events_are_skipped() -> None:
    """append_page may repeat what the run knows, also all of it."""
    stage = recorded()
    run = stage.ask()
    decisions = run.decisions
    started = stage.world.started or 0
    run.append_page(task_body(stage.world.events[:started], started))

    assert decisions == run.decisions


def test_static_members() -> None:
    """What a decorator says of timeouts, lists and priorities is in each decision, and nothing else is."""

    @activity_task(
        swf_task_type="t", swf_task_version="v", swf_task_list="l", start_to_close_timeout=1.5, priority=3
    )
    def busy() -> Any: ...

    @decision_task
    def decider() -> Any:
        wait_all(busy(), work(), busy.options(swf_task_list="other")())

    first, second, third = (decision_attributes(one) for one in Stage(decider).cold().decisions)

    assert first == {
        "activityId": "1",
        "activityType": {"name": "t", "version": "v"},
        "input": "[[],{}]",
        "startToCloseTimeout": "2",
        "taskList": {"name": "l"},
        "taskPriority": "3",
    }
    assert {"activityId", "activityType", "input"} == set(second)
    assert third["taskList"] == {"name": "other"}


def test_a_record_behind_what_is_none() -> None:
    """Where SWF answers one decision at once, amid the records of the others, all of them are matched."""

    @decision_task
    def decider() -> Any:
        small = lambda_task("shrink", 1, max_attempts=1)
        promise = work("a")
        try:
            small.result
        except LambdaTaskException:
            return promise.result

    stage = Stage(decider)
    stage.decide()
    events = stage.world.events
    place = next(i for i, one in enumerate(events) if one["eventType"] == "LambdaFunctionScheduled")
    failed = event(
        place + 2,
        "StartLambdaFunctionFailed",
        scheduledEventId=place + 1,
        cause="ASSUME_ROLE_FAILED",
        message="no role",
    )
    amid = [
        *events[: place + 1],
        failed,
        *({**one, "eventId": one["eventId"] + 1} for one in events[place + 1 :]),
    ]
    run = Run(decider, History.from_pages([history_body(amid)]))
    assert run.decisions == []
    run.close()


def test_a_status_that_looks_like_the_librarys_line() -> None:
    """Foreign text in a status says nothing of what was held back."""

    @decision_task
    def decider() -> Any:
        workflow.status('working\n{"pyswf":1,"held":3}')
        return [work(1).result, work(2).result]

    stage = Stage(decider)
    stage.decide()
    stage.completes("1", 1)
    stage.decide()
    stage.completes("2", 2)
    assert stage.result() == [1, 2]


@pytest.mark.parametrize(("first", "second"), [(1, 3), (3, 1)])
def test_held_retries_are_told(first: int, second: int) -> None:
    """What a policy said of a failure while much was held back stays so when the policy changes."""

    def decider(attempts: int) -> Any:
        tried = activity_task(swf_task_type="tried", swf_task_version="1.0", max_attempts=attempts)(
            lambda n: n
        )

        @decision_task
        def decide() -> Any:
            promises = tried.map(range(250))
            return [promise.exception is None for promise in promises if ended(promise)]

        def ended(promise: Any) -> bool:
            try:
                promise.result
            except ActivityTaskException:
                pass
            return True

        return decide

    stage = Stage(decider(first))
    stage.decide()
    stage.fails("1")
    stage.decide()
    assert stage.open is not None
    stage.open.close()
    stage.open, stage.decider = None, decider(second)
    sent: list[Any] = []
    while stage.world.scheduled or any(one["id"].startswith("wake-") for one in stage.world.open.values()):
        for one in [one["id"] for one in stage.world.open.values() if one["id"].startswith("wake-")]:
            stage.fires(one)
        sent += stage.decide()
    assert (("ScheduleActivityTask", "1-2") in sent) == (first == 3)


def test_calls_of_one_id() -> None:
    """An activity and a child may have one id: which function is meant is told apart."""

    @decision_task(swf_workflow_type="kid", swf_workflow_version="1.0")
    def kid() -> Any: ...

    @decision_task
    def decider() -> Any:
        return wait_all(work("x"), kid.options(workflow_id="1")())

    calls = Stage(decider).ask().calls
    assert {key: task.name for key, (task, _) in calls.items()} == {
        ("activity", "1"): work.name,
        ("decider", "1"): "kid",
    }
