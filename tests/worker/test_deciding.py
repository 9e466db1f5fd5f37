"""Deciders on a worker: who decides what, and what becomes of decisions that cannot be made."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from pyswf_fast import (
    Canceled,
    Client,
    ConfigurationError,
    ContinueAsNewException,
    DistributedDecisionWorker,
    RemoteError,
    UsageError,
    Worker,
    WorkflowFailed,
    activity,
    activity_task,
    decision_task,
    sleep,
    workflow,
)
from pyswf_fast.decider import DecisionContext
from pyswf_fast.roster import Roster, read
from pyswf_fast.service import EmbeddedSwf

Serve = Callable[[Worker], Any]


@activity_task(swf_task_list="work")
def double(number: int) -> int:
    return 2 * number


@decision_task(swf_task_list="sums")
def sums(numbers: list[int]) -> int:
    return sum(promise.result for promise in [double(number) for number in numbers])


def worker(swf: EmbeddedSwf, *deciders: Any, kind: type[Worker] = Worker, **more: Any) -> Worker:
    return kind("test", deciders, [double], transport=swf, **more)


def events(swf: EmbeddedSwf, execution: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    params = {
        "domain": "test",
        "execution": {"workflowId": execution.workflow_id, "runId": execution.run_id},
    }
    while True:
        page = json.loads(swf.call("GetWorkflowExecutionHistory", params))
        found += page["events"]
        if "nextPageToken" not in page:
            return found
        params["nextPageToken"] = page["nextPageToken"]


def wait_for(holds: Callable[[], Any]) -> Any:
    until = time.monotonic() + 15
    while not (found := holds()):
        assert time.monotonic() < until
        time.sleep(0.01)
    return found


def test_a_workflow_runs(swf: EmbeddedSwf, serve: Serve) -> None:
    with serve(worker(swf, sums)):
        client = Client("test", transport=swf)
        client.register([sums], [double])

        assert client.start(sums, [1, 2, 3]).result(20) == 12
        assert client.start(sums, []).result(20) == 0


def test_all_pages_of_a_history_are_fetched(swf: EmbeddedSwf, serve: Serve) -> None:
    with serve(worker(swf, sums)):
        client = Client("test", transport=swf)
        client.register([sums], [double])
        execution = client.start(sums, list(range(400)))

        assert execution.result(60) == 2 * sum(range(400))
        assert len(events(swf, execution)) > 1_000  # what one page holds


def test_deciders_of_one_type_are_told_apart_by_list(swf: EmbeddedSwf, serve: Serve) -> None:
    def decider(task_list: str) -> Any:
        @decision_task(swf_workflow_type="shared", swf_task_list=task_list)
        def decide() -> str:
            return f"decided from {task_list}"

        return decide

    here, there = decider("here"), decider("there")
    with serve(worker(swf, here, there)):
        client = Client("test", transport=swf)
        client.register([here])

        assert client.start(here).result(20) == "decided from here"
        assert client.start(there).result(20) == "decided from there"


def test_a_distributed_worker_decides_every_task_of_its_list(service: Any, serve: Serve) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_SWF", service.url)

        @decision_task(swf_domain="every", swf_workflow_type="one")
        def one() -> str:
            return "one decided"

        @decision_task(swf_domain="every", swf_workflow_type="another", swf_task_list="elsewhere")
        def another() -> str:
            return "another decided"

        worker = DistributedDecisionWorker(one, swf_task_list="mine")
        worker.drain_timeout = 0.1
        with serve(worker), Client("every") as client:
            client.register([one, another])

            assert client.start(one.options(swf_task_list="mine")).result(20) == "one decided"
            assert client.start(another.options(swf_task_list="mine")).result(20) == "one decided"


def test_a_distributed_worker_warns_once_of_each_foreign_type(caplog: pytest.LogCaptureFixture) -> None:
    roster = Roster(read("decider", [sums], given_list="mine"), takes_all=True)
    for _ in range(3):
        assert roster.find(("sums", "1.0"), "mine") is sums
        assert roster.find(("other", "1.0"), "mine") is sums
        assert roster.find(("other", "2.0"), "mine") is sums

    assert len(caplog.messages) == 2
    assert "'other' '1.0' on list 'mine'" in caplog.messages[0]
    assert "'sums' '1.0'" in caplog.messages[0]
    assert "swf_task_list" in caplog.messages[0]


def test_a_worker_warns_when_its_activities_come_by_another_list(
    swf: EmbeddedSwf, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    free = activity_task(swf_task_type="free")(lambda: None)
    named = activity_task(swf_task_type="named", swf_task_list="work")(lambda: None)
    caplog.set_level("INFO", "pyswf_fast.worker.state")

    def warnings(task_list: str | None) -> list[str]:
        caplog.clear()
        with serve(Worker("test", [], [free, named], task_list, transport=swf, drain_timeout=0)):
            wait_for(lambda: "serving domain" in caplog.text)
        return [record.message for record in caplog.records if record.levelname == "WARNING"]

    assert warnings(None) == []
    assert "list 'default': activities free 1.0 | list 'work': activities named 1.0" in caplog.text
    assert "stopping: stop" in caplog.text
    assert warnings(None) == []
    (warning,) = warnings("blue")
    for word in ("'free' '1.0'", "'default'", "'blue'", "swf_task_list"):
        assert word in warning


def test_a_distributed_worker_takes_other_names(service: Any, serve: Serve) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_SWF", service.url)

        @decision_task(swf_domain="other", swf_task_list="names")
        def plain() -> str:
            return "done"

        worker = DistributedDecisionWorker(plain, None, "names", "list", "given", "2.0")
        worker.drain_timeout = 0.1
        with serve(worker), Client("names") as client:
            renamed = plain.options(
                swf_workflow_type="given", swf_workflow_version="2.0", swf_task_list="list"
            )
            client.register([renamed])

            assert client.start(renamed).result(20) == "done"


def test_what_is_missing_is_registered(swf: EmbeddedSwf, serve: Serve) -> None:
    """The activity's own worker has never run: its type is there when the decider first asks for it."""
    with serve(Worker("test", [sums], transport=swf)):
        client = Client("test", transport=swf)
        wait_for(lambda: b"sums" in _types(swf, "Workflow"))
        assert b"double" not in _types(swf, "Activity")
        execution = client.start(sums, [4])
        wait_for(lambda: any(e["eventType"] == "ActivityTaskScheduled" for e in events(swf, execution)))
        with serve(Worker("test", activities=[double], transport=swf)):
            assert execution.result(20) == 8


def _types(swf: EmbeddedSwf, kind: str) -> bytes:
    try:
        return swf.call(f"List{kind}Types", {"domain": "test", "registrationStatus": "REGISTERED"})
    except Exception:  # noqa: BLE001 - the domain may not be there yet
        return b""


def test_the_worker_s_list_is_the_type_s_default(swf: EmbeddedSwf, serve: Serve) -> None:
    @decision_task(swf_workflow_type="listless")
    def listless() -> str:
        return "found"

    with serve(Worker("test", [listless], task_list="given to the worker", transport=swf)):
        wait_for(lambda: b"listless" in _types(swf, "Workflow"))

        assert Client("test", transport=swf).start(listless).result(20) == "found"


# --- decisions that fail -------------------------------------------------------------------------------


def pauses(swf: EmbeddedSwf, execution: Any) -> list[tuple[str, str]]:
    """The pause timers of an execution: id and seconds."""
    started = [
        e["timerStartedEventAttributes"] for e in events(swf, execution) if e["eventType"] == "TimerStarted"
    ]
    return [
        (each["timerId"], each["startToFireTimeout"])
        for each in started
        if each["timerId"].startswith("pause-")
    ]


def contexts(swf: EmbeddedSwf, execution: Any) -> list[str | None]:
    completed = [e for e in events(swf, execution) if e["eventType"] == "DecisionTaskCompleted"]
    return [each["decisionTaskCompletedEventAttributes"].get("executionContext") for each in completed]


def test_a_task_that_nobody_serves_pauses_and_others_go_on(
    swf: EmbeddedSwf, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    @decision_task(swf_workflow_type="unserved", swf_task_list="sums")
    def unserved() -> None: ...

    client = Client("test", transport=swf)
    client.register([sums, unserved], [double])
    execution = client.start(unserved)
    with serve(worker(swf, sums)):
        assert client.start(sums, [1]).result(20) == 2
        wait_for(lambda: pauses(swf, execution))

    assert pauses(swf, execution) == [("pause-3", "10")]
    [context] = contexts(swf, execution)
    assert context is not None
    assert "no decider of this worker serves 'unserved' '1.0' on list 'sums'" in context
    assert "no decider of this worker serves 'unserved'" in caplog.text


def test_nondeterminism_pauses_and_the_repaired_decider_goes_on(swf: EmbeddedSwf, serve: Serve) -> None:
    def decider(*, broken: bool) -> Any:
        @decision_task(swf_workflow_type="rolled back", swf_task_list="sums")
        def decide() -> int:
            if broken:
                sleep(7200)
            first = double(1).result
            sleep(1)
            return first + double(2).result

        return decide

    good, bad = decider(broken=False), decider(broken=True)
    client = Client("test", transport=swf)
    client.register([good], [double])
    execution = client.start(good)
    with serve(worker(swf, good)):
        wait_for(lambda: any(e["eventType"] == "TimerStarted" for e in events(swf, execution)))
    with serve(worker(swf, bad)):
        wait_for(lambda: pauses(swf, execution))
    _, reason = contexts(swf, execution)[-1].split(": ", 1)  # type: ignore[union-attr]
    assert reason.startswith("NondeterminismError: ")
    execution.signal("look again")
    with serve(worker(swf, good)):
        assert execution.result(20) == 6


def test_pauses_grow_longer(swf: EmbeddedSwf, serve: Serve) -> None:
    @decision_task(swf_workflow_type="unserved", swf_task_list="sums")
    def unserved() -> None: ...

    client = Client("test", transport=swf)
    client.register([unserved])
    execution = client.start(unserved)
    with serve(worker(swf, sums)):
        for count in range(1, 9):
            wait_for(lambda count=count: len(pauses(swf, execution)) == count)
            execution.signal("wake up")

    assert [seconds for _, seconds in pauses(swf, execution)][:8] == [
        "10", "20", "40", "80", "160", "320", "600", "600",
    ]  # fmt: skip


class Tampering:
    """A service whose histories arrive broken as long as it is told so."""

    def __init__(self, swf: EmbeddedSwf) -> None:
        self.swf = swf
        self.is_broken = True

    def call(self, operation: str, params: Any) -> bytes:
        body = self.swf.call(operation, params)
        if operation == "PollForDecisionTask" and self.is_broken:
            page = orjson.loads(body)
            if page["taskToken"]:
                del page["events"][1]
                return orjson.dumps(page)
        return body


def test_a_history_with_a_gap_pauses(swf: EmbeddedSwf, serve: Serve) -> None:
    client = Client("test", transport=swf)
    client.register([sums], [double])
    execution = client.start(sums, [1])
    tampering = Tampering(swf)
    with serve(worker(tampering, sums)):  # type: ignore[arg-type]
        wait_for(lambda: pauses(swf, execution))
        tampering.is_broken = False
        execution.signal("look again")

        assert execution.result(20) == 2
    assert "HistoryFormatError" in str(contexts(swf, execution)[0])


class Refusing:
    """A service that refuses decisions of one kind as a whole."""

    def __init__(self, swf: EmbeddedSwf) -> None:
        self.swf = swf

    def call(self, operation: str, params: Any) -> bytes:
        if any("Activity" in decision["decisionType"] for decision in params.get("decisions", ())):
            params = {**params, "decisions": [{"decisionType": "ScheduleActivityTask"}]}
        return self.swf.call(operation, params)


def test_a_response_that_is_refused_pauses(swf: EmbeddedSwf, serve: Serve) -> None:
    client = Client("test", transport=swf)
    client.register([sums], [double])
    execution = client.start(sums, [1])
    with serve(worker(Refusing(swf), sums)):  # type: ignore[arg-type]
        wait_for(lambda: pauses(swf, execution))

    assert "ValidationException" in str(contexts(swf, execution)[0])


def test_a_decider_that_leaves_the_interpreter_is_not_obeyed(swf: EmbeddedSwf, serve: Serve) -> None:
    @decision_task(swf_workflow_type="leaves", swf_task_list="sums")
    def leaves() -> None:
        raise SystemExit(4)

    client = Client("test", transport=swf)
    client.register([leaves, sums], [double])
    execution = client.start(leaves)
    with serve(worker(swf, sums, leaves)):
        wait_for(lambda: execution.status == "FAILED" or pauses(swf, execution))

        assert client.start(sums, [3]).result(20) == 6


# --- hooks ---------------------------------------------------------------------------------------------


@decision_task(swf_task_list="sums")
def fails(number: int) -> int:
    raise LookupError(f"no {number}")


def test_a_decider_s_exception_fails_the_workflow(
    swf: EmbeddedSwf, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client("test", transport=swf)
    client.register([fails])
    with serve(worker(swf, fails)), pytest.raises(WorkflowFailed) as caught:
        client.start(fails, 5).result(20)

    assert isinstance(caught.value.__cause__, RemoteError)
    assert caught.value.__cause__.type_name == "builtins.LookupError"
    assert "the decider failed" in caplog.text


@decision_task(swf_task_list="sums")
def oversleeps() -> None:
    sleep(10**9)  # longer than SWF's timers


def test_an_error_of_the_library_is_logged_with_the_decider_s_line(
    swf: EmbeddedSwf, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client("test", transport=swf)
    client.register([oversleeps])
    with serve(worker(swf, oversleeps)), pytest.raises(WorkflowFailed):
        client.start(oversleeps).result(20)

    said = next(record for record in caplog.records if "the decider failed" in record.message)
    line = oversleeps.function.__code__.co_firstlineno + 2
    assert said.message.endswith(f"found 1000000000 (at {__file__}:{line} in oversleeps)")
    assert said.exc_info is None


def test_nondeterminism_is_logged_once(
    swf: EmbeddedSwf, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    @decision_task(swf_workflow_type="changes", swf_task_list="sums")
    def before() -> None:
        sleep(3600)

    @decision_task(swf_workflow_type="changes", swf_task_list="sums")
    def after() -> int:
        return double(1).result

    client = Client("test", transport=swf)
    client.register([before])
    with serve(worker(swf, before)):
        execution = client.start(before)
        wait_for(lambda: any(event["eventType"] == "TimerStarted" for event in events(swf, execution)))
    execution.signal("wake")
    with serve(worker(swf, after)):
        wait_for(lambda: pauses(swf, execution))

    said = [record for record in caplog.records if "NondeterminismError" in record.message]
    assert len(said) == 1
    assert said[0].exc_info is None
    assert "Traceback" not in said[0].message


def test_the_hook_replaces_decisions_and_stops_the_worker(swf: EmbeddedSwf) -> None:
    seen: list[tuple[BaseException, str]] = []

    class Watching(Worker):
        def handle_exception(self, exception: BaseException, context: Any) -> bool:
            assert isinstance(context, DecisionContext)
            seen.append((exception, context.decisions[0]["decisionType"]))
            context.decisions = [
                {
                    "decisionType": "CompleteWorkflowExecution",
                    "completeWorkflowExecutionDecisionAttributes": {"result": '"mended"'},
                }
            ]
            return True

    client = Client("test", transport=swf)
    client.register([fails])
    execution = client.start(fails, 7)
    thread = threading.Thread(target=worker(swf, fails, kind=Watching).run)
    thread.start()
    thread.join(20)

    assert not thread.is_alive()
    assert execution.result(5) == "mended"
    [(exception, decision)] = seen
    assert (type(exception), decision) == (LookupError, "FailWorkflowExecution")


def test_the_hook_may_leave_it_for_later(swf: EmbeddedSwf, serve: Serve) -> None:
    class Patient(Worker):
        def handle_exception(self, exception: BaseException, context: Any) -> bool:
            context.decisions.clear()
            return False

    client = Client("test", transport=swf)
    client.register([fails])
    execution = client.start(fails, 7)
    with serve(worker(swf, fails, kind=Patient)):
        wait_for(lambda: pauses(swf, execution))

    assert "LookupError: no 7" in str(contexts(swf, execution)[0])


def test_a_hook_that_fails_changes_nothing(
    swf: EmbeddedSwf, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    class Clumsy(Worker):
        def handle_exception(self, exception: BaseException, context: Any) -> bool:
            raise RuntimeError("in the hook")

        def handle_no_op(self, response: Any) -> None:
            raise RuntimeError("in the other hook")

    client = Client("test", transport=swf)
    client.register([fails])
    with serve(worker(swf, fails, kind=Clumsy)):
        with pytest.raises(WorkflowFailed):
            client.start(fails, 5).result(20)
        wait_for(lambda: "handle_no_op raised" in caplog.text)

    assert "handle_exception raised" in caplog.text


def test_activities_have_the_same_hook(swf: EmbeddedSwf) -> None:
    seen: list[Any] = []

    class Watching(Worker):
        def handle_exception(self, exception: BaseException, context: Any) -> bool:
            seen.append(context["activityType"]["name"])
            return True

    @activity_task(swf_task_list="work", max_attempts=1)
    def breaks() -> None:
        raise LookupError

    @decision_task(swf_task_list="sums")
    def uses() -> None:
        breaks().result

    client = Client("test", transport=swf)
    client.register([uses], [breaks])
    execution = client.start(uses)
    thread = threading.Thread(target=Watching("test", [uses], [breaks], transport=swf).run)
    thread.start()
    thread.join(20)

    assert not thread.is_alive()
    assert seen == [breaks.name]
    assert any(event["eventType"] == "ActivityTaskFailed" for event in events(swf, execution))


def test_polls_without_a_task_are_told(swf: EmbeddedSwf, serve: Serve) -> None:
    told: list[Any] = []

    class Watching(Worker):
        def handle_no_op(self, response: Any) -> None:
            told.append(response)

    with serve(worker(swf, sums, kind=Watching)):
        wait_for(lambda: told)

    assert not told[0]["taskToken"]


# --- what cannot be served -----------------------------------------------------------------------------


def test_a_worker_without_a_domain_says_how_to_give_one() -> None:
    with pytest.raises(ConfigurationError, match=r"swf_domain.*PYSWF_DOMAIN"):
        Worker(deciders=[sums])
    with pytest.raises(ConfigurationError, match=r"swf_domain.*PYSWF_DOMAIN"):
        DistributedDecisionWorker(sums)


def test_the_domain_comes_from_worker_functions_or_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    named = decision_task(swf_domain="named")(lambda: None)
    other = decision_task(swf_domain="other", swf_workflow_type="o")(lambda: None)
    monkeypatch.setenv("PYSWF_DOMAIN", "environment")

    assert Worker("given", [named, other]).domain == "given"
    assert Worker(deciders=[named, sums]).domain == "named"
    assert Worker(deciders=[sums]).domain == "environment"
    with pytest.raises(ConfigurationError, match=r"named, other"):
        Worker(deciders=[named, other])


def test_what_is_not_decorated_is_refused() -> None:
    with pytest.raises(UsageError, match="double"):
        Worker("test", deciders=[double])
    with pytest.raises(UsageError, match="sums"):
        Worker("test", activities=[sums])
    with pytest.raises(UsageError, match="len"):
        Worker("test", activities=[len])
    with pytest.raises(ConfigurationError, match="something to serve"):
        Worker("test")
    with pytest.raises(ConfigurationError, match="activity_concurrency"):
        Worker("test", activities=[double], activity_concurrency=0)
    with pytest.raises(ConfigurationError, match=r"two functions serve 'sums' '1\.0' on list 'sums'"):
        Worker("test", [sums, sums.options(tags=["other"])])


# --- data stores ---------------------------------------------------------------------------------------


class Blinking:
    """A data store that does not answer for a while."""

    always = True

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.is_away = False

    def put(self, message: Any, key: str) -> str:
        self.kept[key] = message
        return key

    def get(self, reference: str) -> str:
        if self.is_away:
            raise ConnectionError("the store is away")
        return self.kept[reference]


def test_no_workflow_fails_because_a_store_blinked(swf: EmbeddedSwf, serve: Serve) -> None:
    store = Blinking()
    release = threading.Event()

    @activity_task(swf_task_list="work", swf_task_type="stored", result_data_store=store)
    def stored() -> str:
        assert release.wait(20)
        return "kept elsewhere"

    @decision_task(swf_task_list="sums", swf_workflow_type="reads")
    def reads() -> str:
        try:
            return stored().result
        except Exception:  # noqa: BLE001 - not even a decider that catches everything sees the store's trouble
            return "saw it"

    client = Client("test", transport=swf)
    client.register([reads], [stored])
    execution = client.start(reads)
    with serve(Worker("test", [reads], [stored], transport=swf)):
        store.is_away = True
        release.set()
        wait_for(lambda: pauses(swf, execution))
        store.is_away = False
        execution.signal("look again")

        assert execution.result(20) == "kept elsewhere"
    assert "DataStoreUnavailable" in str(contexts(swf, execution)[-2])


def test_a_run_of_a_deprecated_type_cannot_continue_as_new(swf: EmbeddedSwf, serve: Serve) -> None:
    """SWF refuses it; the decider is told at the call, and makes something of it."""

    @decision_task(swf_task_list="sums", swf_workflow_type="again")
    def again(total: int) -> Any:
        total += double(total).result
        try:
            workflow.continue_as_new(total)
        except ContinueAsNewException as refusal:
            return [refusal.failure_reason, double(total).result]

    client = Client("test", transport=swf)
    client.register([again], [double])
    execution = client.start(again, 1)
    again_1 = {"name": "again", "version": "1.0"}
    swf.call("DeprecateWorkflowType", {"domain": "test", "workflowType": again_1})
    with serve(worker(swf, again)):
        assert execution.result(20) == ["WORKFLOW_TYPE_DEPRECATED", 6]


def test_a_cancel_goes_all_the_way(swf: EmbeddedSwf, serve: Serve) -> None:
    """The heartbeat tells the activity, which cleans up and ends; then the decider sees Canceled."""
    cleaned: list[bool] = []

    @activity_task(swf_task_list="work", heartbeat_timeout=30)
    def endless() -> None:
        try:
            while True:
                activity.heartbeat("still")
                time.sleep(0.01)
        finally:
            cleaned.append(True)

    @decision_task(swf_task_list="sums")
    def canceling() -> Any:
        promise = endless()
        workflow.signals("enough").get()
        promise.cancel()
        try:
            return promise.result
        except Canceled:
            return "canceled"

    client = Client("test", transport=swf)
    client.register([canceling], [endless])
    with serve(Worker("test", [canceling], [endless], transport=swf)):
        execution = client.start(canceling)
        wait_for(lambda: any(one["eventType"] == "ActivityTaskStarted" for one in events(swf, execution)))
        execution.signal("enough")
        assert execution.result(20) == "canceled"
    assert cleaned == [True]
    kinds = [one["eventType"] for one in events(swf, execution)]
    assert kinds.index("ActivityTaskCancelRequested") < kinds.index("ActivityTaskCanceled")
