"""What a worker does about deciders that are unstable, block, or let their histories grow too long."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from pyswf_fast import (
    Client,
    ConfigurationError,
    History,
    HistoryTooLongError,
    LocalDecisionWorker,
    NondeterminismError,
    RemoteError,
    Worker,
    WorkflowFailed,
    activity_task,
    cached,
    decision_task,
    workflow,
)
from pyswf_fast._replay import Page
from pyswf_fast.decider import decide
from pyswf_fast.fetching import DecisionTask
from pyswf_fast.service import EmbeddedSwf

Serve = Callable[[Worker], Any]


@activity_task(swf_task_list="safeguards")
def work(value: Any = None) -> Any:
    return value


def worker(swf: EmbeddedSwf, *deciders: Any, **attributes: Any) -> Worker:
    made = Worker("test", deciders, [work], "safeguards", transport=swf)
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def wait_for(holds: Callable[[], Any]) -> Any:
    until = time.monotonic() + 20
    while not (found := holds()):
        assert time.monotonic() < until
        time.sleep(0.01)
    return found


# ── unstable deciders

calls = 0


@decision_task(swf_task_list="safeguards")
def counting() -> Any:
    global calls
    calls += 1
    return work(calls).result


def test_an_unstable_decider_is_found_at_once() -> None:
    """Paranoid mode names what the two replays came to; without it nobody would know before a restart."""
    with pytest.raises(NondeterminismError, match="two replays of the same history") as caught:
        LocalDecisionWorker(counting, paranoid=True).start()
    assert caught.value.report["kind"] == "unstable"
    assert LocalDecisionWorker(counting, paranoid=False).start() > 0


def test_a_worker_pauses_an_unstable_decider(
    swf: EmbeddedSwf, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """The execution stays open, and its context says why it does not go on."""
    with serve(worker(swf, counting, paranoid=True)):
        client = Client("test", transport=swf)
        client.register([counting], [work])
        execution = client.start(counting)
        context = wait_for(lambda: execution.describe().execution_context)
    assert "paused for 10 s: NondeterminismError" in context
    assert execution.status == "OPEN"


def test_paranoid_mode_runs_cached_functions_once() -> None:
    """The second replay is told what they came to."""
    asked: list[int] = []

    @cached
    def ask() -> int:
        asked.append(1)
        return len(asked)

    @decision_task
    def decider() -> Any:
        return [ask(), work(ask()).result, ask()]

    assert LocalDecisionWorker(decider, paranoid=True).start() == [1, 2, 3]
    assert len(asked) == 3


def test_paranoid_mode_is_silent() -> None:
    """The decider's log has each line once."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]

    @decision_task
    def decider() -> Any:
        workflow.logger.warning("before")
        work().result
        workflow.logger.warning("behind")

    workflow.logger.addHandler(handler)
    try:
        LocalDecisionWorker(decider, paranoid=True).start()
    finally:
        workflow.logger.removeHandler(handler)
    assert lines == ["before", "behind"]


def test_an_exception_in_paranoid_mode_is_the_activitys_own() -> None:
    """In serial mode the second replay sees the same cause as the first: the exception itself."""

    @activity_task(max_attempts=1)
    def fails() -> None:
        raise KeyError("x")

    @decision_task
    def decider() -> Any:
        try:
            fails().result
        except Exception as error:  # noqa: BLE001 - as users write it
            return type(error.__cause__).__name__

    assert LocalDecisionWorker(decider, paranoid=True).start() == "KeyError"


# ── code that does not fit


def changed_while_it_waits(swf: EmbeddedSwf, serve: Serve, **attributes: Any) -> Any:
    """An execution whose second decision meets other code than its first."""

    def version(*, has_more: bool) -> Any:
        @decision_task(swf_workflow_type="changed", swf_task_list="safeguards")
        def decider() -> Any:
            if has_more:
                work("more")
            return workflow.signals("end").get()

        return decider

    client = Client("test", transport=swf)
    client.register([version(has_more=False)], [work])
    execution = client.start(version(has_more=False))
    with serve(worker(swf, version(has_more=False))):
        wait_for(lambda: execution.history()[-1].event_type == "DecisionTaskCompleted")
    execution.signal("look")
    with serve(worker(swf, version(has_more=True), **attributes)):
        wait_for(lambda: execution.history()[-1].event_type in ("TimerStarted", "WorkflowExecutionFailed"))
    return execution


def test_code_that_does_not_fit_pauses(
    swf: EmbeddedSwf, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the whole report, the execution's context its beginning."""
    execution = changed_while_it_waits(swf, serve)
    assert execution.status == "OPEN"
    context = execution.describe().execution_context
    assert context.startswith("paused for 10 s: NondeterminismError: nondeterminism (extra)")
    assert 'work("more")' in caplog.text
    assert f"--workflow-id {execution.workflow_id} --run-id {execution.run_id} --domain test" in caplog.text


def test_code_that_does_not_fit_fails_if_so_wanted(swf: EmbeddedSwf, serve: Serve) -> None:
    """The failure says what the report says."""
    execution = changed_while_it_waits(swf, serve, on_nondeterminism="fail")
    with pytest.raises(WorkflowFailed) as caught:
        execution.result(20)
    cause = caught.value.__cause__
    assert isinstance(cause, RemoteError)
    assert cause.type_name.endswith(".NondeterminismError")
    assert "nondeterminism (extra)" in cause.message


def test_an_unknown_policy_is_refused(swf: EmbeddedSwf) -> None:
    """A misspelt policy is told before anything is served."""
    with pytest.raises(ConfigurationError, match="'pause' or 'fail'"):
        worker(swf, simple, on_nondeterminism="ignore").run()


# ── deciders that block

release = threading.Event()


@decision_task(swf_task_list="safeguards")
def blocking() -> Any:
    release.wait(20)
    return work(1).result


def test_a_blocked_decider_is_reported_with_its_stack(
    swf: EmbeddedSwf, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """The report names the execution and the line, comes once; the decision is made when the block ends."""
    release.clear()
    with serve(worker(swf, blocking, stall_timeout=0.05, paranoid=False)):
        client = Client("test", transport=swf)
        client.register([blocking], [work])
        execution = client.start(blocking, workflow_id="stalled")
        wait_for(lambda: "has blocked its thread" in caplog.text)
        time.sleep(0.2)
        release.set()
        assert execution.result(20) == 1
        wait_for(lambda: "went on after" in caplog.text)
    reports = [one.getMessage() for one in caplog.records if "has blocked" in one.getMessage()]
    assert len(reports) == 1
    assert "workflow 'stalled'" in reports[0]
    assert "release.wait(20)" in reports[0]
    assert "pyswf_fast/" not in reports[0]


def test_without_a_stall_timeout_nobody_watches(
    swf: EmbeddedSwf, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """None switches the watch off."""
    release.clear()
    with serve(worker(swf, blocking, stall_timeout=None, paranoid=False)):
        client = Client("test", transport=swf)
        client.register([blocking], [work])
        execution = client.start(blocking)
        time.sleep(0.2)
        release.set()
        assert execution.result(20) == 1
    assert "blocked" not in caplog.text


# ── long histories


@decision_task(swf_task_list="safeguards")
def listening() -> Any:
    return [value for value in workflow.signals("number") if value == "end"][:1]


def long_history(swf: EmbeddedSwf, events: int) -> Any:
    client = Client("test", transport=swf)
    client.register([listening], [work])
    execution = client.start(listening)
    for _ in range(events):
        swf.call(
            "SignalWorkflowExecution",
            {"domain": "test", "workflowId": execution.workflow_id, "signalName": "number", "input": "0"},
        )
    return execution


def test_a_history_that_grows_too_long_fails_its_execution(swf: EmbeddedSwf, serve: Serve) -> None:
    """Before SWF terminates it without a word, the worker fails it and says what to do."""
    execution = long_history(swf, 24_900)
    with serve(worker(swf, listening, paranoid=False)), pytest.raises(WorkflowFailed) as caught:
        execution.result(60)
    cause = caught.value.__cause__
    assert isinstance(cause, RemoteError)
    assert cause.type_name == f"{HistoryTooLongError.__module__}.{HistoryTooLongError.__qualname__}"
    assert "continue as new" in cause.message


def test_a_history_that_is_too_long_is_not_paused(swf: EmbeddedSwf, serve: Serve) -> None:
    """Where a decision cannot be made, and even where the failure was refused, it is failed again."""
    execution = long_history(swf, 24_900)

    class Busy(Worker):
        def handle_exception(self, exception: BaseException, context: Any) -> bool | None:
            if not refused:
                refused.append(exception)
                swf.call(  # it arrives while the decision is made: SWF refuses to close
                    "SignalWorkflowExecution",
                    {
                        "domain": "test",
                        "workflowId": execution.workflow_id,
                        "signalName": "number",
                        "input": "0",
                    },
                )
            return None

    refused: list[BaseException] = []
    busy = Busy("test", [listening], [work], "safeguards", transport=swf)
    busy.paranoid = False
    with serve(busy), pytest.raises(WorkflowFailed, match="HistoryTooLongError"):
        execution.result(60)
    types = [one.event_type for one in execution.history()[-20:]]
    assert "FailWorkflowExecutionFailed" in types
    assert types[-1] == "WorkflowExecutionFailed"


def test_a_history_below_the_limit_goes_on(swf: EmbeddedSwf, serve: Serve) -> None:
    """24,899 events are not too many yet, and the decider can see that they are many."""
    execution = long_history(swf, 24_890)
    with serve(worker(swf, listening, paranoid=False)):
        wait_for(lambda: execution.history()[-1].event_type == "DecisionTaskCompleted")
    assert execution.status == "OPEN"


# ── what is recorded of the code


def stamp_of(execution: Any) -> dict[str, Any]:
    completed = [one for one in execution.history() if one.event_type == "DecisionTaskCompleted"]
    found: dict[str, Any] = json.loads(completed[0].attributes["executionContext"].splitlines()[-1])
    assert all("executionContext" not in one.attributes for one in completed[1:])
    return found


@decision_task(swf_task_list="safeguards")
def simple() -> Any:
    return work(1).result


@pytest.mark.parametrize("given", ["attribute", "environment", None])
def test_the_first_decision_records_the_build(
    swf: EmbeddedSwf, serve: Serve, given: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library's version and the build's name, as given; else a hash of the source that stays the same."""
    if given == "environment":
        monkeypatch.setenv("PYSWF_BUILD_ID", "v7")
    with serve(worker(swf, simple, build_id="v7" if given == "attribute" else None)):
        client = Client("test", transport=swf)
        client.register([simple], [work])
        executions = [client.start(simple) for _ in range(2)]
        assert [one.result(20) for one in executions] == [1, 1]
    stamps = [stamp_of(one) for one in executions]
    assert stamps[0]["run"] == executions[0].run_id
    assert stamps[0]["lib"]
    assert [one["build"] for one in stamps] == (["v7", "v7"] if given else [stamps[0]["build"]] * 2)
    assert len(stamps[0]["build"]) == (2 if given else 12)


# ── events of the future


def test_unknown_event_types_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """A decision is made without them, and one line says which they are."""
    events = [
        {
            "eventId": 1,
            "eventTimestamp": 1.5e9,
            "eventType": "WorkflowExecutionStarted",
            "workflowExecutionStartedEventAttributes": {
                "taskList": {"name": "safeguards"},
                "workflowType": {"name": "simple", "version": "1.0"},
            },
        },
        {"eventId": 2, "eventTimestamp": 1.5e9, "eventType": "WorkflowExecutionCloned"},
        {
            "eventId": 3,
            "eventTimestamp": 1.5e9,
            "eventType": "DecisionTaskStarted",
            "decisionTaskStartedEventAttributes": {"scheduledEventId": 2},
        },
    ]
    body = {
        "taskToken": "token",
        "startedEventId": 3,
        "workflowExecution": {"workflowId": "w", "runId": "r"},
        "workflowType": {"name": "simple", "version": "1.0"},
        "events": events,
    }
    page = Page(json.dumps(body).encode())
    for _ in range(2):
        task = DecisionTask("test", "safeguards", page, History.from_pages([page]))
        decision = decide(task, lambda _: simple, lambda *_: None)
        assert [one["decisionType"] for one in decision.params["decisions"]] == ["ScheduleActivityTask"]
    assert caplog.text.count("WorkflowExecutionCloned") == 1
