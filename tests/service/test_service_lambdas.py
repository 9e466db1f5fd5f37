"""Lambda functions: Python callables that SWF calls, what they are told and what becomes of what they do."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from service_driver import DOMAIN, WORKFLOW_DEFAULTS, WORKFLOW_TYPE, Driver, attributes, child, d, timer
from service_process import Server

import pyswf_fast
from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service import EmbeddedSwf, LambdaContext, Limits, VirtualClock
from pyswf_fast.service.embedded import Checked
from pyswf_fast.service.executor import DaemonExecutor

ROLE = "arn:aws:iam::000000000000:role/lambda"


def function(id: str = "1", name: str = "f", **attributes: Any) -> dict[str, Any]:
    return d("ScheduleLambdaFunction", id=id, name=name, **attributes)


def failing(error: BaseException) -> Callable[..., Any]:
    def handler(event: Any, context: Any) -> Any:
        raise error

    return handler


def test_a_function_is_called_and_its_result_recorded_after_the_batch(
    make_driver: Callable[..., Driver],
) -> None:
    swf = make_driver(lambdas={"f": lambda event, _: {"doubled": event["n"] * 2}})
    swf.start(lambdaRole=ROLE)
    swf.decide(function(input='{"n": 21}', control="mine"), timer())
    assert swf.kinds()[4:] == [
        "LambdaFunctionScheduled",
        "TimerStarted",
        "LambdaFunctionStarted",
        "LambdaFunctionCompleted",
        "DecisionTaskScheduled",
    ]
    assert swf.last("LambdaFunctionScheduled") == {
        "id": "1",
        "name": "f",
        "input": '{"n": 21}',
        "control": "mine",
        "startToCloseTimeout": "900",
        "decisionTaskCompletedEventId": 4,
    }
    assert swf.last("LambdaFunctionStarted") == {"scheduledEventId": 5}
    assert swf.last("LambdaFunctionCompleted") == {
        "scheduledEventId": 5,
        "startedEventId": 7,
        "result": '{"doubled": 42}',
    }
    events = swf.history()
    assert events[-1]["eventTimestamp"] == events[4]["eventTimestamp"]
    assert swf.describe()["openCounts"]["openLambdaFunctions"] == 0


@pytest.mark.parametrize("given", [None, ""])
def test_without_input_the_event_is_empty(make_driver: Callable[..., Driver], given: str | None) -> None:
    swf = make_driver(lambdas={"f": lambda event, _: event})
    swf.start(lambdaRole=ROLE)
    swf.decide(function() if given is None else function(input=given))
    assert swf.last("LambdaFunctionCompleted")["result"] == "{}"


def test_a_handler_is_told_what_lambda_tells(make_driver: Callable[..., Driver]) -> None:
    told: list[LambdaContext] = []
    swf = make_driver(lambdas=lambda _, context: told.append(context))
    swf.start(lambdaRole=ROLE)
    arn = "arn:aws:lambda:us-east-1:000000000000:function:f:prod"
    swf.decide(function("1", "one", startToCloseTimeout="60"), function("2", arn))
    assert [one.function_name for one in told] == ["one", "f"]
    assert told[0].invoked_function_arn == "arn:aws:lambda:us-east-1:000000000000:function:one"
    assert told[0].get_remaining_time_in_millis() == 60_000
    assert told[0].aws_request_id != told[1].aws_request_id
    assert swf.last("LambdaFunctionCompleted")["result"] == "null"


def test_functions_may_be_named_with_a_version_or_by_their_arn(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver(lambdas={"f": lambda *_: "plain", "f:prod": lambda *_: "prod"})
    swf.start(lambdaRole=ROLE)
    names = ("f", "f:prod", "f:7", "arn:aws:lambda:eu-west-1:1:function:f")
    swf.decide(*(function(name, name) for name in names))
    ended = [event for event in swf.history() if event["eventType"] == "LambdaFunctionCompleted"]
    results = [attributes(event)["result"] for event in ended]
    assert results == ['"plain"', '"prod"', '"plain"', '"plain"']


def test_a_function_that_is_not_there_fails_after_its_start(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver(lambdas={})
    swf.start(lambdaRole=ROLE)
    swf.decide(function())
    assert swf.kinds()[5:7] == ["LambdaFunctionStarted", "LambdaFunctionFailed"]
    failed = swf.last("LambdaFunctionFailed")
    assert failed["reason"] == "ResourceNotFoundException"
    assert "function:f" in failed["details"]


def test_an_exception_is_told_as_lambda_tells_it(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver(lambdas={"f": failing(ValueError("bad order"))})
    swf.start(lambdaRole=ROLE)
    swf.decide(function())
    failed = swf.last("LambdaFunctionFailed")
    told = json.loads(failed["details"])
    assert failed["reason"] == "HandledError"
    assert (told["errorType"], told["errorMessage"]) == ("ValueError", "bad order")
    assert "in handler" in told["stackTrace"][0], "the trace begins in the handler"


def endless(event: Any, context: Any) -> Any:
    return endless(event, context)


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (failing(KeyError("é" * 40_000)), "KeyError"),
        (failing(SystemExit(3)), "SystemExit"),
        (failing(type("E" * 70_000, (Exception,), {})("\ud800" * 9_000)), "E" * 256),
        (endless, "RecursionError"),
        (lambda *_: {1, 2}, "Runtime.MarshalError"),
        (lambda *_: float("nan"), "Runtime.MarshalError"),
        (lambda *_: "\ud800", "Runtime.MarshalError"),
        (lambda *_: "x" * 40_000, "Function.ResponseSizeTooLarge"),
    ],
    ids=["long", "exit", "very long", "deep", "no JSON", "no number", "no text", "large"],
)
def test_whatever_a_handler_does_is_a_failure_within_swfs_limits(
    make_driver: Callable[..., Driver], handler: Callable[..., Any], kind: str
) -> None:
    swf = make_driver(lambdas={"f": handler})
    swf.start(lambdaRole=ROLE)
    swf.decide(function())
    failed = swf.last("LambdaFunctionFailed")
    assert len(failed["reason"]) <= 256
    assert len(failed["details"]) <= 32_768
    assert json.loads(failed["details"])["errorType"] == kind


def test_an_input_that_is_no_json_never_reaches_the_handler(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver(lambdas={"f": failing(AssertionError("it was called"))})
    swf.start(lambdaRole=ROLE)
    swf.decide(function(input="{"))
    assert swf.last("LambdaFunctionFailed")["reason"] == "InvalidRequestContentException"


def test_a_result_of_32768_characters_is_taken(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver(lambdas={"f": lambda *_: "ü" * 32_766})
    swf.start(lambdaRole=ROLE)
    swf.decide(function())
    assert len(swf.last("LambdaFunctionCompleted")["result"]) == 32_768


def test_without_a_role_nothing_is_called(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver(lambdas={"f": failing(AssertionError("it was called"))})
    swf.start()
    swf.decide(function())
    assert swf.kinds()[4:] == [
        "LambdaFunctionScheduled",
        "StartLambdaFunctionFailed",
        "DecisionTaskScheduled",
    ]
    assert swf.last("StartLambdaFunctionFailed")["cause"] == "ASSUME_ROLE_FAILED"


def test_a_service_without_functions_is_a_region_without_lambda(swf: Driver) -> None:
    swf.start(lambdaRole=ROLE)
    swf.decide(function())
    assert swf.last("ScheduleLambdaFunctionFailed") == {
        "id": "1",
        "name": "f",
        "cause": "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION",
        "decisionTaskCompletedEventId": 4,
    }


def test_the_role_may_come_from_the_type_and_goes_to_the_child_only_if_given(
    make_driver: Callable[..., Driver],
) -> None:
    swf = make_driver(lambdas={"f": lambda *_: 1})
    swf(
        "RegisterWorkflowType",
        domain=DOMAIN,
        name="r",
        version="1",
        defaultLambdaRole=ROLE,
        **WORKFLOW_DEFAULTS,
    )
    swf.start(workflowType={"name": "r", "version": "1"}, taskList={"name": "parents"})
    swf.decide(function(), child("c"), child("d", lambdaRole=ROLE), task_list="parents")
    assert "LambdaFunctionCompleted" in swf.kinds()
    for name, expected in (("c", "StartLambdaFunctionFailed"), ("d", "LambdaFunctionCompleted")):
        run = swf.open_run(name)
        swf.decide(function())
        assert expected in swf.kinds(name, run)


class Slow:
    """A handler that takes virtual time, during which the service goes on."""

    def __init__(self, swf: list[Driver], seconds: float) -> None:
        self.swf, self.seconds, self.calls = swf, seconds, 0

    def __call__(self, event: Any, context: LambdaContext) -> str:
        self.calls += 1
        self.swf[0].advance(self.seconds)
        return f"{context.get_remaining_time_in_millis()} left"


def test_virtual_time_that_a_handler_takes_counts(make_driver: Callable[..., Driver]) -> None:
    made: list[Driver] = []
    swf = make_driver(lambdas={"f": Slow(made, 7)})
    made.append(swf)
    swf.start(lambdaRole=ROLE)
    swf.decide(function(startToCloseTimeout="10"), timer(seconds=5))
    assert swf.kinds()[6:] == [
        "LambdaFunctionStarted",
        "TimerFired",
        "DecisionTaskScheduled",
        "LambdaFunctionCompleted",
    ]
    assert swf.last("LambdaFunctionCompleted")["result"] == '"3000 left"'


def test_a_function_that_takes_too_long_times_out_and_its_result_is_dropped(
    make_driver: Callable[..., Driver],
) -> None:
    made: list[Driver] = []
    swf = make_driver(lambdas={"f": Slow(made, 100)})
    made.append(swf)
    swf.start(lambdaRole=ROLE)
    swf.decide(function(startToCloseTimeout="10"))
    assert swf.kinds()[5:] == ["LambdaFunctionStarted", "LambdaFunctionTimedOut", "DecisionTaskScheduled"]
    assert swf.last("LambdaFunctionTimedOut") == {
        "timeoutType": "START_TO_CLOSE",
        "scheduledEventId": 5,
        "startedEventId": 6,
    }
    history = swf.history()
    assert history[6]["eventTimestamp"] == history[5]["eventTimestamp"] + 10


def test_a_result_after_the_close_is_dropped(make_driver: Callable[..., Driver]) -> None:
    made: list[Driver] = []

    def handler(event: Any, context: Any) -> None:
        made[0]("TerminateWorkflowExecution", domain=DOMAIN, workflowId="w")

    swf = make_driver(lambdas={"f": handler})
    made.append(swf)
    swf.start(lambdaRole=ROLE)
    swf.decide(function())
    assert swf.kinds()[-1] == "WorkflowExecutionTerminated"
    assert swf.describe()["openCounts"]["openLambdaFunctions"] == 1


@pytest.mark.parametrize("how", ["timed out", "closed"])
def test_a_call_that_waited_too_long_for_a_thread_is_not_made(
    make_driver: Callable[..., Driver], how: str
) -> None:
    swf = make_driver(lambdas={"f": failing(AssertionError("it was called"))})
    swf.start(lambdaRole=ROLE)
    task = swf.poll()
    decision = function(startToCloseTimeout="10")
    params = {"taskToken": task["taskToken"], "decisions": [decision]}
    swf.swf.apply(Checked("RespondDecisionTaskCompleted", params))  # as a server does
    swf.swf.commit()
    call = swf.swf.next_call()
    assert call is not None
    if how == "closed":
        swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="w")
    else:
        swf.clock.advance(10)
    swf.swf.end_call(call, call())
    assert ("LambdaFunctionTimedOut" in swf.kinds()) is (how == "timed out")
    assert "LambdaFunctionFailed" not in swf.kinds()


def test_an_id_that_is_open_is_in_use_and_free_again_after_the_end(
    make_driver: Callable[..., Driver],
) -> None:
    swf = make_driver(lambdas={"f": lambda *_: 1})
    swf.start(lambdaRole=ROLE)
    swf.decide(function("1"), function("1"))
    assert swf.last("ScheduleLambdaFunctionFailed")["cause"] == "ID_ALREADY_IN_USE"
    swf.decide(function("1"))
    assert swf.kinds().count("LambdaFunctionCompleted") == 2


def test_so_many_functions_may_be_open_at_once(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver(lambdas={"f": lambda *_: 1}, limits=Limits(open_lambdas=2))
    swf.start(lambdaRole=ROLE)
    swf.decide(*(function(str(n)) for n in range(3)))
    assert swf.last("ScheduleLambdaFunctionFailed")["cause"] == "OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED"
    assert swf.kinds().count("LambdaFunctionCompleted") == 2


def test_a_close_in_the_same_answer_starts_nothing(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver(lambdas={"f": failing(AssertionError("it was called"))})
    swf.start(lambdaRole=ROLE)
    swf.decide(function(), d("CompleteWorkflowExecution"))
    assert swf.kinds()[4:] == ["LambdaFunctionScheduled", "WorkflowExecutionCompleted"]


def test_a_function_that_the_last_process_did_not_see_end_is_called_again(tmp_path: Path) -> None:
    clock, path = VirtualClock(), str(tmp_path / "swf.db")
    first = Driver(
        lambda: EmbeddedSwf(path, clock=clock, lambdas={"f": failing(KeyboardInterrupt())}), clock, False
    )
    first.start(lambdaRole=ROLE)
    task = first.poll()
    with pytest.raises(KeyboardInterrupt):  # the process ends in the middle of the call
        first.respond(task, function("1", startToCloseTimeout="10"), function("2"))
    first.swf.close()
    clock.advance(10)
    first.swf = EmbeddedSwf(path, clock=clock, lambdas={"f": lambda *_: "again"})
    first.swf.run_due()
    assert first.kinds()[-3:] == [
        "LambdaFunctionTimedOut",
        "DecisionTaskScheduled",
        "LambdaFunctionCompleted",
    ]
    assert first.last("LambdaFunctionCompleted")["scheduledEventId"] == 6
    first.swf.close()


def test_nothing_is_called_whose_start_could_not_be_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []
    clock, path = VirtualClock(), str(tmp_path / "swf.db")
    swf = Driver(
        lambda: EmbeddedSwf(path, clock=clock, lambdas=lambda event, _: calls.append(event)), clock, False
    )
    swf.start(lambdaRole=ROLE)
    task = swf.poll()

    def fail(_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(swf.swf._store, "save", fail)
        broken.setattr(swf.swf._store, "load", fail)
        with pytest.raises(ServiceFault, match="disk I/O error"):
            swf.respond(task, function())
    assert calls == []
    swf.respond(task, function())  # it never was answered
    assert calls == [{}]
    swf.swf.close()


def test_a_full_history_starts_no_function(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver(
        lambdas={"f": failing(AssertionError("it was called"))}, limits=Limits(history_events=6)
    )
    swf.start(lambdaRole=ROLE)
    swf.decide(function())
    assert swf.kinds()[4:] == ["LambdaFunctionScheduled", "WorkflowExecutionTerminated"]


def test_with_the_systems_clock_functions_run_beside_each_other_and_the_caller_goes_on() -> None:
    both = threading.Barrier(2, timeout=10)
    swf = EmbeddedSwf(lambdas={"f": lambda *_: both.wait() >= 0})
    client = swf.client()
    client.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
    client.register_workflow_type(domain=DOMAIN, **WORKFLOW_TYPE, **WORKFLOW_DEFAULTS)
    client.start_workflow_execution(
        domain=DOMAIN, workflowId="w", workflowType=WORKFLOW_TYPE, lambdaRole=ROLE
    )
    tasks = {"domain": DOMAIN, "taskList": {"name": "decisions"}}
    task = client.poll_for_decision_task(**tasks)
    client.respond_decision_task_completed(
        taskToken=task["taskToken"], decisions=[function("1"), function("2")]
    )
    seen = 0
    while seen < 2:
        task = client.poll_for_decision_task(**tasks)
        seen = sum(event["eventType"] == "LambdaFunctionCompleted" for event in task["events"])
        client.respond_decision_task_completed(taskToken=task["taskToken"])
    swf.close()


MODULE = """
import os, pathlib, time

def handler(event, context):
    again = pathlib.Path(event)
    if not again.exists():
        again.touch()
        time.sleep(1000)
    return "again"
"""


def test_a_service_stops_while_a_function_runs_and_calls_it_again_when_it_is_back(
    launch: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{Path(pyswf_fast.__file__).parents[1]}")
    serve = [sys.executable, "-m", "pyswf_fast.cli", "serve", "--port", "0"]
    command = [*serve, "--db", str(tmp_path / "swf.db"), "--lambda", "f=slow:handler"]
    marker = tmp_path / "called"

    server = launch(command=command)
    server.call("RegisterDomain", name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
    server.call("RegisterWorkflowType", domain=DOMAIN, **WORKFLOW_TYPE, **WORKFLOW_DEFAULTS)
    start = {"workflowId": "w", "workflowType": WORKFLOW_TYPE, "lambdaRole": ROLE}
    server.call("StartWorkflowExecution", domain=DOMAIN, **start)
    tasks = {"domain": DOMAIN, "taskList": {"name": "decisions"}}
    task = server.call("PollForDecisionTask", **tasks)
    decision = function(input=json.dumps(str(marker)))
    server.call("RespondDecisionTaskCompleted", taskToken=task["taskToken"], decisions=[decision])
    while not marker.exists():
        server.call("ListDomains", registrationStatus="REGISTERED")
    assert server.stop() == (0, "")

    server = launch(command=command)
    task = server.call("PollForDecisionTask", **tasks)
    assert task["events"][6]["lambdaFunctionCompletedEventAttributes"]["result"] == '"again"'
    assert server.stop() == (0, "")


def test_threads_are_no_more_than_needed_nor_than_allowed() -> None:
    executor = DaemonExecutor(2, "test")
    go = threading.Event()
    names = [executor.submit(lambda: go.wait(10) and threading.current_thread().name) for _ in range(5)]
    assert names[4].cancel(), "it had not begun"
    go.set()
    assert {future.result(10) for future in names[:4]} <= {"test 1", "test 2"}
    with pytest.raises(ValueError, match="no"):
        executor.submit(failing(ValueError("no")), None, None).result(10)
