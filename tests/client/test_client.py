"""Clients and executions against the embedded service; the deciding is done by hand."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
import time
from collections.abc import Callable
from secrets import token_urlsafe
from typing import Any

import orjson
import pytest

from pyswf_fast.client import Client
from pyswf_fast.datastores import FileDataStore
from pyswf_fast.decorators import decision_task
from pyswf_fast.exceptions import (
    ConfigurationError,
    PayloadTooLarge,
    RemoteError,
    SerializationError,
    ServiceFault,
    SwfError,
    UsageError,
    WaitTimeout,
    WorkflowFailed,
    WorkflowTerminated,
    WorkflowTimedOut,
    WorkflowWasCanceled,
)
from pyswf_fast.failures import failure_to_text
from pyswf_fast.service import EmbeddedSwf, VirtualClock


@pytest.fixture
def client(swf: EmbeddedSwf) -> Client:
    return Client("shop", transport=swf)


@pytest.fixture
def add(make_decider: Any, client: Client) -> Any:
    decider = make_decider("add", swf_task_list="adders", tags=("a", "b"))
    client.register(deciders=[decider])
    return decider


def poll(swf: EmbeddedSwf, task_list: str = "adders") -> dict[str, Any]:
    body = swf.call("PollForDecisionTask", {"domain": "shop", "taskList": {"name": task_list}})
    task: dict[str, Any] = orjson.loads(body)
    assert task["taskToken"]
    return task


def decide(swf: EmbeddedSwf, kind: str, **attributes: Any) -> None:
    """Answer the decision task that is waiting with one decision."""
    member = f"{kind[0].lower()}{kind[1:]}DecisionAttributes"
    decisions = [{"decisionType": kind, member: attributes}]
    swf.call("RespondDecisionTaskCompleted", {"taskToken": poll(swf)["taskToken"], "decisions": decisions})


def test_a_start_carries_the_arguments_and_options(swf: EmbeddedSwf, client: Client, add: Any) -> None:
    execution = client.start(add, 1, b=[2, "ü"], workflow_id="w-1")
    assert execution.workflow_id == "w-1"
    started = poll(swf)["events"][0]["workflowExecutionStartedEventAttributes"]
    assert json.loads(started["input"]) == [[1], {"b": [2, "ü"]}]
    assert started["taskList"] == {"name": "adders"}
    assert started["tagList"] == ["a", "b"]
    assert started["taskStartToCloseTimeout"] == "30"
    assert started["executionStartToCloseTimeout"] == "31536000"
    assert started["childPolicy"] == "TERMINATE"


def test_arguments_that_the_decider_does_not_take_are_refused(client: Client) -> None:
    """They are refused where they are given, with what was meant; nothing is asked of the service."""

    @decision_task
    def order(item: str, *, amount: int = 1) -> None: ...

    def start(*args: Any, **kwargs: Any) -> str:
        with pytest.raises(UsageError) as refused:
            client.start(order, *args, **kwargs)
        told = str(refused.value)
        assert told.startswith("start of ")
        assert "order(item: 'str', *, amount: 'int' = 1)" in told
        return told

    assert "missing a required argument: 'item'" in start()
    assert "too many positional arguments" in start("tea", 2)
    assert "did you mean workflow_id=?" in start("tea", workfow_id="w-1")
    assert "did you mean amount=?" in start("tea", amuont=2)
    assert "did you mean" not in start("tea", zzz=2)


def test_methods_are_started_without_their_object(client: Client) -> None:
    class Shop:
        @decision_task
        def order(self, item: str) -> None: ...

    client.register(deciders=[Shop().order])
    client.start(Shop().order, "tea")
    client.start(Shop.order, item="tea")
    for decider in (Shop().order, Shop.order, Shop().order.options(tags=["t"])):
        with pytest.raises(UsageError, match="too many positional arguments"):
            client.start(decider, "tea", 2)


def test_a_function_that_a_worker_binds_is_started_without_its_object(client: Client) -> None:
    @decision_task
    def order(self: Any, item: str) -> None: ...

    client.register(deciders=[order])
    client.start(order, "tea")
    with pytest.raises(UsageError, match="too many positional arguments"):
        client.start(order, "tea", 2)


def test_options_of_the_decider_are_sent(
    swf: EmbeddedSwf, client: Client, add: Any, make_decider: Any
) -> None:
    special = make_decider(
        "add",
        swf_task_list="adders",
        execution_start_to_close_timeout=90.2,
        task_start_to_close_timeout=7,
        child_policy="ABANDON",
        priority=-3,
    )
    client.start(special)
    started = poll(swf)["events"][0]["workflowExecutionStartedEventAttributes"]
    assert started["executionStartToCloseTimeout"] == "91"
    assert started["taskStartToCloseTimeout"] == "7"
    assert started["childPolicy"] == "ABANDON"
    assert started["taskPriority"] == "-3"
    assert "tagList" not in started


def test_a_bound_method_is_started_too(swf: EmbeddedSwf, client: Client) -> None:
    class Shop:
        @decision_task(swf_task_list="adders")
        def sell(self, what: str) -> None: ...

    shop = Shop()
    client.register(deciders=[shop.sell])
    client.start(shop.sell, "apple")
    started = poll(swf)["events"][0]["workflowExecutionStartedEventAttributes"]
    assert started["workflowType"]["name"].endswith("Shop.sell")
    assert json.loads(started["input"]) == [["apple"], {}]


def test_options_of_one_start_override(swf: EmbeddedSwf, client: Client, add: Any) -> None:
    execution = client.start(add.options(workflow_id="special", tags=["c"], task_start_to_close_timeout=5), 1)
    assert execution.workflow_id == "special"
    started = poll(swf)["events"][0]["workflowExecutionStartedEventAttributes"]
    assert (started["tagList"], started["taskStartToCloseTimeout"]) == (["c"], "5")
    execution.terminate()
    assert client.start(add.options(workflow_id="special"), workflow_id="other").workflow_id == "other"


def test_every_start_makes_a_name_of_its_own(client: Client, add: Any) -> None:
    names = {client.start(add).workflow_id for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("add-") for name in names)


def test_a_name_in_use_is_a_fault(client: Client, add: Any) -> None:
    client.start(add, workflow_id="w")
    with pytest.raises(
        ServiceFault, match=r"AlreadyStartedFault: workflow 'w' .*'shop'.* another workflow id"
    ):
        client.start(add, workflow_id="w")


def test_what_is_done_to_a_closed_workflow_is_refused_by_name(client: Client, add: Any) -> None:
    execution = client.start(add, workflow_id="w")
    execution.terminate()
    for found in (execution, client.execution("w")):
        for act in (found.terminate, found.cancel, lambda found=found: found.signal("s")):
            with pytest.raises(
                ServiceFault, match=rf"'w' \(run {re.escape(execution.run_id)}\) has closed: TERM"
            ):
                act()
    with pytest.raises(ServiceFault, match=r"Unknown execution.*never"):
        client.execution("never").cancel()


def test_a_start_whose_answer_was_lost_is_found_again(swf: EmbeddedSwf, add: Any) -> None:
    class Lossy:
        """Asks twice, as boto3 does when the first answer does not arrive."""

        def call(self, operation: str, params: Any) -> bytes:
            if operation == "StartWorkflowExecution":
                swf.call(operation, params)
            return swf.call(operation, params)

    execution = Client("shop", transport=Lossy()).start(add)
    assert execution.run_id == poll(swf)["workflowExecution"]["runId"]


@pytest.mark.parametrize("value", [None, 0, False, "", [], "ü" * 32_766, {"a": 2**70}])
def test_results_arrive_as_they_were(swf: EmbeddedSwf, client: Client, add: Any, value: Any) -> None:
    execution = client.start(add)
    decide(swf, "CompleteWorkflowExecution", result=add.codec.encode_result(value, ""))
    assert execution.result() == value
    assert execution.status == "COMPLETED"
    assert client.execution(execution.workflow_id).result() == value


def test_no_result_is_none(swf: EmbeddedSwf, client: Client, add: Any) -> None:
    execution = client.start(add)
    decide(swf, "CompleteWorkflowExecution")
    assert execution.result(timeout=5) is None


def test_long_inputs_and_results_take_the_store(
    swf: EmbeddedSwf, client: Client, make_decider: Any, tmp_path: Any
) -> None:
    store = FileDataStore(tmp_path)
    decider = make_decider("big", input_data_store=store, result_data_store=store, swf_task_list="adders")
    client.register(deciders=[decider])
    given, result = token_urlsafe(60_000), token_urlsafe(60_000)  # which do not compress
    execution = client.start(decider, given, workflow_id="w 1")
    (path,) = (found for found in tmp_path.rglob("*") if found.is_file())
    assert path.relative_to(tmp_path).as_posix().startswith("shop/w%201/start-")
    decide(swf, "CompleteWorkflowExecution", result=decider.codec.encode_result(result, "s"))
    assert execution.result() == result


def test_the_wait_ends_when_the_workflow_does(swf: EmbeddedSwf, client: Client, add: Any) -> None:
    execution = client.start(add)
    timer = threading.Timer(0.3, decide, (swf, "CompleteWorkflowExecution"), {"result": "7"})
    timer.start()
    assert execution.result(timeout=20) == 7
    timer.join()


@pytest.mark.parametrize("timeout", [0, 0.2])
def test_a_wait_that_takes_too_long_says_so(client: Client, add: Any, timeout: float) -> None:
    began = time.monotonic()
    with pytest.raises(WaitTimeout, match="'w' has not closed within"):
        client.start(add, workflow_id="w").result(timeout=timeout)
    assert time.monotonic() - began >= timeout


def test_a_failure_has_the_original_as_its_cause(swf: EmbeddedSwf, client: Client, add: Any) -> None:
    execution = client.start(add)
    try:
        raise ValueError("bad") from KeyError("root")
    except ValueError as error:
        reason, details = failure_to_text(error)
    decide(swf, "FailWorkflowExecution", reason=reason, details=details)
    with pytest.raises(WorkflowFailed, match="ValueError: bad") as caught:
        execution.result()
    assert type(caught.value) is WorkflowFailed
    assert (caught.value.workflow_id, caught.value.run_id) == (execution.workflow_id, execution.run_id)
    assert isinstance(caught.value.__cause__, RemoteError)
    assert caught.value.__cause__.type_name == "builtins.ValueError"
    assert isinstance(caught.value.__cause__.__cause__, RemoteError)


def test_a_failure_of_another_framework_has_its_text(swf: EmbeddedSwf, client: Client, add: Any) -> None:
    execution = client.start(add)
    decide(swf, "FailWorkflowExecution", reason="Decider exception", details="boom")
    with pytest.raises(WorkflowFailed, match="Decider exception") as caught:
        execution.result()
    assert str(caught.value.__cause__) == "Decider exception: boom"


def test_a_canceled_workflow_is_told(swf: EmbeddedSwf, client: Client, add: Any) -> None:
    execution = client.start(add)
    execution.cancel()
    assert execution.describe().info.cancel_requested
    decide(swf, "CancelWorkflowExecution", details="as asked")
    with pytest.raises(WorkflowWasCanceled) as caught:
        execution.result()
    assert caught.value.details == "as asked"


def test_a_terminated_workflow_is_told(client: Client, add: Any) -> None:
    execution = client.start(add)
    execution.terminate("enough", details="of it", child_policy="ABANDON")
    with pytest.raises(WorkflowTerminated, match="enough"):
        execution.result()
    assert execution.status == "TERMINATED"


def test_a_workflow_that_timed_out_is_told(make_decider: Any) -> None:
    clock = VirtualClock()
    swf = EmbeddedSwf(clock=clock)
    client = Client("shop", transport=swf)
    decider = make_decider(execution_start_to_close_timeout=60)
    client.register(deciders=[decider])
    execution = client.start(decider)
    clock.advance(61)
    swf.run_due()
    with pytest.raises(WorkflowTimedOut, match="START_TO_CLOSE"):
        execution.result()


def continue_twice(swf: EmbeddedSwf) -> None:
    for n in (1, 2):
        decide(swf, "ContinueAsNewWorkflowExecution", input=f"[[{n}],{{}}]", taskList={"name": "adders"})


def test_results_follow_continued_runs(swf: EmbeddedSwf, client: Client, add: Any) -> None:
    execution = client.start(add)
    continue_twice(swf)
    decide(swf, "CompleteWorkflowExecution", result='"end"')
    assert execution.result() == "end"
    assert execution.status == "CONTINUED_AS_NEW"


def test_signals_and_ends_reach_the_run_that_goes_on(swf: EmbeddedSwf, client: Client, add: Any) -> None:
    execution = client.start(add)
    continue_twice(swf)
    execution.signal("go", {"x": 1})
    events = poll(swf)["events"]
    (signal,) = (event for event in events if event["eventType"] == "WorkflowExecutionSignaled")
    assert signal["workflowExecutionSignaledEventAttributes"]["signalName"] == "go"
    assert json.loads(signal["workflowExecutionSignaledEventAttributes"]["input"]) == {"x": 1}
    execution.terminate()
    with pytest.raises(WorkflowTerminated):
        execution.result()
    with pytest.raises(ServiceFault, match="UnknownResourceFault"):
        execution.signal("late")


def test_a_signal_without_a_value_has_no_input(swf: EmbeddedSwf, client: Client, add: Any) -> None:
    client.start(add).signal("go")
    signal = poll(swf)["events"][-2]["workflowExecutionSignaledEventAttributes"]
    assert "input" not in signal


def test_an_execution_is_found_by_its_name(swf: EmbeddedSwf, client: Client, add: Any) -> None:
    first = client.start(add, workflow_id="w")
    assert client.execution("w").run_id == first.run_id
    decide(swf, "CompleteWorkflowExecution")
    assert client.execution("w").run_id == first.run_id
    second = client.start(add, workflow_id="w")
    assert client.execution("w", decider=add).run_id == second.run_id
    assert client.execution("w", first.run_id).status == "COMPLETED"
    with pytest.raises(UsageError, match="no workflow 'nobody' in domain 'shop'"):
        client.execution("nobody").result()


def test_describe_tells_what_swf_knows(swf: EmbeddedSwf, client: Client, add: Any) -> None:
    execution = client.start(add, workflow_id="w")
    detail = execution.describe()
    assert (detail.info.name, detail.info.version, detail.info.status) == ("add", "1.0", "OPEN")
    assert detail.info.tags == ("a", "b")
    assert detail.info.started_at.tzinfo is dt.timezone.utc
    assert detail.info.closed_at is None
    assert detail.configuration["taskList"] == {"name": "adders"}
    assert detail.open_counts["openDecisionTasks"] == 1
    assert detail.execution_context is None


def test_the_history_is_read_page_by_page(swf: EmbeddedSwf, client: Client, add: Any) -> None:
    class SmallPages:
        def call(self, operation: str, params: Any) -> bytes:
            if operation == "GetWorkflowExecutionHistory":
                params = {**params, "maximumPageSize": 2}
            return swf.call(operation, params)

    execution = client.start(add, workflow_id="w")
    execution.signal("one")
    execution.signal("two")
    decide(swf, "CompleteWorkflowExecution")
    history = Client("shop", transport=SmallPages()).execution("w").history()
    assert [event.event_id for event in history] == list(range(1, len(history) + 1))
    assert history[len(history) - 1].event_type == "WorkflowExecutionCompleted"


def test_lists_and_counts(swf: EmbeddedSwf, client: Client, add: Any) -> None:
    for n in range(5):
        client.start(add, workflow_id=f"w{n}")
    client.execution("w0").terminate()
    client.execution("w1").cancel()
    assert {item.workflow_id for item in client.list()} == {f"w{n}" for n in range(5)}
    assert {item.workflow_id for item in client.list(status="OPEN")} == {f"w{n}" for n in range(1, 5)}
    assert [item.workflow_id for item in client.list(status="CLOSED")] == ["w0"]
    assert [item.status for item in client.list(status="TERMINATED")] == ["TERMINATED"]
    assert list(client.list(status="COMPLETED")) == []
    assert [item.workflow_id for item in client.list(workflow_id="w3")] == ["w3"]
    assert len(list(client.list(type_name="add", type_version="1.0"))) == 5
    assert len(list(client.list(tag="b", limit=3))) == 3
    assert len(list(client.list(limit=0))) == 0
    assert list(client.list(until=dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc))) == []
    assert len(list(client.list(since=dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc)))) == 5
    assert (client.count(), client.count(status="OPEN"), client.count(tag="none")) == (5, 4, 0)
    with pytest.raises(UsageError, match="by one of"):
        list(client.list(tag="a", type_name="add"))


def test_lists_go_on_after_a_page(swf: EmbeddedSwf, client: Client, add: Any) -> None:
    class SmallPages:
        def call(self, operation: str, params: Any) -> bytes:
            if operation.startswith("List"):
                params = {**params, "maximumPageSize": 2}
            return swf.call(operation, params)

    for n in range(5):
        client.start(add, workflow_id=f"w{n}")
    small = Client("shop", transport=SmallPages())
    assert len(list(small.list())) == 5
    assert len(list(small.list(limit=3))) == 3


def schedule_activity(swf: EmbeddedSwf, client: Client, add: Any, activity: Any) -> str:
    client.register(activities=[activity])
    client.start(add)
    decide(
        swf,
        "ScheduleActivityTask",
        activityId="1",
        activityType={"name": activity.name, "version": "1.0"},
    )
    task = orjson.loads(swf.call("PollForActivityTask", {"domain": "shop", "taskList": {"name": "default"}}))
    return str(task["taskToken"])


def test_an_activity_is_completed_later(
    swf: EmbeddedSwf, client: Client, add: Any, make_activity: Any
) -> None:
    activity = make_activity()
    client.complete_activity(schedule_activity(swf, client, add, activity), [0, "ü"], activity=activity)
    (done,) = (e for e in poll(swf)["events"] if e["eventType"] == "ActivityTaskCompleted")
    assert json.loads(done["activityTaskCompletedEventAttributes"]["result"]) == [0, "ü"]


def test_an_activity_fails_later(swf: EmbeddedSwf, client: Client, add: Any, make_activity: Any) -> None:
    token = schedule_activity(swf, client, add, make_activity())
    client.complete_activity(token, exception=ValueError("bad"))
    (done,) = (e for e in poll(swf)["events"] if e["eventType"] == "ActivityTaskFailed")
    assert done["activityTaskFailedEventAttributes"]["reason"] == "ValueError: bad"


class TestWhatTheCallRefuses:
    """These raise where the call is made; nothing is sent."""

    def test_arguments_that_cannot_be_written(self, client: Client, add: Any) -> None:
        with pytest.raises(SerializationError, match=r"argument 'args\[0\]' of add\(\)"):
            client.start(add, object())
        with pytest.raises(PayloadTooLarge, match=r"input of add\(\)"):
            client.start(add, token_urlsafe(30_000))
        assert client.count() == 0

    @pytest.mark.parametrize("name", ["", "a:b", "a/b", "a|b", "a\x00", "arn", "x" * 257, 7])
    def test_names_that_swf_does_not_take(self, client: Client, add: Any, name: Any) -> None:
        with pytest.raises(ConfigurationError, match="workflow_id"):
            client.start(add, workflow_id=name)

    @pytest.mark.parametrize(
        "options",
        [
            {"tags": ("a",) * 6},
            {"tags": ("x" * 257,)},
            {"tags": "abc"},
            {"child_policy": "KILL"},
            {"priority": 2**31},
            {"priority": "high"},
            {"execution_start_to_close_timeout": -1},
            {"execution_start_to_close_timeout": 31_536_001},
            {"task_start_to_close_timeout": "NONE"},
            {"task_start_to_close_timeout": float("inf")},
            {"swf_task_list": " padded "},
            {"lambda_role": ""},
        ],
    )
    def test_options_that_swf_does_not_take(
        self, client: Client, make_decider: Callable[..., Any], options: dict[str, Any]
    ) -> None:
        with pytest.raises(ConfigurationError, match=next(iter(options)) + "|task list"):
            client.start(make_decider(**options))

    def test_signal_names_and_values(self, client: Client, add: Any) -> None:
        execution = client.start(add)
        with pytest.raises(ConfigurationError, match="signal's name"):
            execution.signal("x" * 257)
        with pytest.raises(SerializationError, match=r"signal 'go' of add\(\): at \['x'\]: an? \w+"):
            execution.signal("go", {"x": object()})
        with pytest.raises(PayloadTooLarge, match="signal 'go'"):
            execution.signal("go", token_urlsafe(30_000))
        with pytest.raises(ConfigurationError, match="the reason"):
            execution.terminate("x" * 257)

    def test_what_is_no_decider(self, client: Client, make_activity: Any) -> None:
        for wrong in (len, make_activity(), None):
            with pytest.raises(UsageError, match="is no decider: put @decision_task on it"):
                client.start(wrong)

    def test_two_ways_to_reach_swf(self, swf: EmbeddedSwf) -> None:
        with pytest.raises(UsageError, match="not both"):
            Client("shop", transport=swf, region="eu-west-1")


class TestDomains:
    def test_the_client_s_comes_first_then_the_decider_s_then_the_environment_s(
        self, swf: EmbeddedSwf, make_decider: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYSWF_DOMAIN", "env")
        named, unnamed = make_decider("named", swf_domain="own"), make_decider("unnamed")
        for domain, decider, expected in (
            ("given", named, "given"),
            (None, named, "own"),
            (None, unnamed, "env"),
        ):
            client = Client(domain, transport=swf)
            client.register(deciders=[decider])
            client.start(decider)
            assert Client(expected, transport=swf).count() == 1

    def test_without_one_the_error_says_how_to_give_it(self, swf: EmbeddedSwf, make_decider: Any) -> None:
        client = Client(transport=swf)
        for attempt in (lambda: client.start(make_decider()), client.count, lambda: client.execution("w")):
            with pytest.raises(ConfigurationError, match=r"no SWF domain: .*PYSWF_DOMAIN.*--domain"):
                attempt()

    def test_one_that_does_not_exist_is_named(self, client: Client, make_decider: Any) -> None:
        with pytest.raises(ServiceFault, match=r"UnknownResourceFault.*domain 'shop'.*register"):
            client.start(make_decider())


class TestTaskLists:
    def test_the_environment_s_is_the_last(
        self, swf: EmbeddedSwf, client: Client, make_decider: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        decider = make_decider()
        client.register(deciders=[decider])
        client.start(decider)
        assert poll(swf, "default")
        monkeypatch.setenv("PYSWF_TASK_LIST", "env")
        client.start(decider)
        assert poll(swf, "env")

    def test_a_type_without_defaults_names_the_keyword(
        self, swf: EmbeddedSwf, client: Client, make_decider: Any
    ) -> None:
        client.register()
        swf.call("RegisterWorkflowType", {"domain": "shop", "name": "bare", "version": "1.0"})
        with pytest.raises(ConfigurationError, match=r"bare 1\.0 .*=… to @decision_task"):
            client.start(make_decider("bare"))


class TestPatience:
    """`result` outlives troubles that pass, and no others."""

    class Flaky:
        def __init__(self, swf: EmbeddedSwf, *troubles: Exception) -> None:
            self.swf = swf
            self.troubles = list(troubles)

        def call(self, operation: str, params: Any) -> bytes:
            if operation == "GetWorkflowExecutionHistory" and self.troubles:
                raise self.troubles.pop(0)
            return self.swf.call(operation, params)

    def test_troubles_that_pass_are_waited_out(self, swf: EmbeddedSwf, add: Any) -> None:
        troubles = [
            ServiceFault("UnknownResourceFault", "not yet"),
            SwfError("connection refused"),
            ServiceFault("ThrottlingException", "Rate exceeded"),
            ServiceFault("503"),
        ]
        flaky = self.Flaky(swf, *troubles)
        execution = Client("shop", transport=flaky).start(add)
        decide(swf, "CompleteWorkflowExecution", result="1")
        assert execution.result() == 1
        assert flaky.troubles == []

    @pytest.mark.parametrize(
        "trouble",
        [
            ServiceFault("OperationNotPermittedFault"),
            ServiceFault("ValidationException"),
            ConfigurationError("x"),
        ],
    )
    def test_others_are_raised(self, swf: EmbeddedSwf, add: Any, trouble: SwfError) -> None:
        execution = Client("shop", transport=self.Flaky(swf, trouble)).start(add)
        with pytest.raises(type(trouble)):
            execution.result()

    def test_an_outage_is_not_waited_out_for_ever(
        self, swf: EmbeddedSwf, add: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyswf_fast.execution.OUTAGE_PATIENCE_SECONDS", 0.2)
        execution = Client("shop", transport=self.Flaky(swf, *[SwfError("down")] * 1000)).start(add)
        with pytest.raises(SwfError, match="down"):
            execution.result()

    def test_a_timeout_holds_in_an_outage_too(self, swf: EmbeddedSwf, add: Any) -> None:
        execution = Client("shop", transport=self.Flaky(swf, *[SwfError("down")] * 1000)).start(add)
        with pytest.raises(WaitTimeout):
            execution.result(timeout=0.2)
