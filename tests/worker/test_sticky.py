"""Runs are kept between their decision tasks: a decision reads what is new, or, in doubt, everything."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
import pytest

from pyswf_fast import Client, ServiceFault, Worker, activity_task, deciding, decision_task, workflow
from pyswf_fast.service import EmbeddedSwf

Serve = Callable[[Worker], Any]

ROUNDS = 8


@activity_task(swf_task_list="work")
def echo(number: int) -> int:
    return number


class Counting:
    """A decider that counts how often its code begins and ends."""

    def __init__(self) -> None:
        self.begun = self.ended = 0

    @decision_task(swf_workflow_type="counting", swf_task_list="counting")
    def decide(self, rounds: int) -> int:
        self.begun += 1
        try:
            return sum(echo(number).result for number in range(rounds))
        finally:
            self.ended += 1


class Watched:
    """The service, with each call on record; what `spoil` gives comes instead of an answer."""

    def __init__(self, swf: EmbeddedSwf) -> None:
        self.swf = swf
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.spoil: Callable[[str, Mapping[str, Any], bytes], bytes] = lambda operation, params, body: body

    def call(self, operation: str, params: Mapping[str, Any]) -> bytes:
        body = self.swf.call(operation, params)
        self.calls.append((operation, params))
        return self.spoil(operation, params, body)

    def asked(self, operation: str) -> list[Mapping[str, Any]]:
        return [params for name, params in self.calls if name == operation]


def worker(transport: Any, *deciders: Any, sticky: bool = True, **more: Any) -> Worker:
    made = Worker("test", deciders, [echo], transport=transport, **more)
    made.sticky = sticky
    made.paranoid = False  # a second replay would begin the code once more
    return made


@pytest.fixture
def client(swf: EmbeddedSwf) -> Client:
    return Client("test", transport=swf)


@pytest.fixture
def watched(swf: EmbeddedSwf) -> Watched:
    return Watched(swf)


def kinds(execution: Any) -> list[str]:
    return [event.event_type for event in execution.history()]


def own_lists(execution: Any) -> Iterator[str]:
    for event in execution.history():
        if event.event_type == "DecisionTaskScheduled":
            yield event.attributes["taskList"]["name"]


def test_the_code_goes_on_where_it_stood(client: Client, watched: Watched, serve: Serve) -> None:
    counting = Counting()
    made = worker(watched, counting.decide)
    with serve(made):
        execution = client.start(counting.decide, ROUNDS)
        assert execution.result(20) == sum(range(ROUNDS))

    assert (counting.begun, counting.ended) == (1, 1)
    assert (made.sticky_metrics.misses, made.sticky_metrics.hits) == (1, ROUNDS)
    assert not watched.asked("GetWorkflowExecutionHistory")
    assert f"{ROUNDS} decisions went on" in str(made.sticky_metrics)


def test_the_next_task_comes_by_a_list_of_this_worker_alone(
    client: Client, watched: Watched, serve: Serve
) -> None:
    counting = Counting()
    with serve(worker(watched, counting.decide)):
        execution = client.start(counting.decide, ROUNDS)
        execution.result(20)

    first, *others = own_lists(execution)
    assert first == "counting"
    assert len(set(others)) == 1
    assert others[0].startswith("counting.")
    polls = watched.asked("PollForDecisionTask")
    assert all(poll["startAtPreviousStartedEvent"] for poll in polls if poll["taskList"]["name"] == others[0])
    *kept, close = watched.asked("RespondDecisionTaskCompleted")
    assert {answer["taskListScheduleToStartTimeout"] for answer in kept} == {"10"}
    assert "taskListScheduleToStartTimeout" not in close
    assert close["taskList"] == {"name": "counting"}


def test_without_it_every_decision_replays_the_history(
    client: Client, watched: Watched, serve: Serve
) -> None:
    counting = Counting()
    with serve(worker(watched, counting.decide, sticky=False)):
        execution = client.start(counting.decide, ROUNDS)
        assert execution.result(20) == sum(range(ROUNDS))

    assert counting.begun == ROUNDS + 1
    assert set(own_lists(execution)) == {"counting"}


@pytest.mark.parametrize("bound", ["most_kept_runs", "most_kept_bytes"])
def test_where_there_is_no_room_the_least_recently_used_run_goes(
    client: Client, watched: Watched, serve: Serve, bound: str
) -> None:
    begun: list[str] = []

    @decision_task(swf_workflow_type="waits", swf_task_list="waits")
    def waits() -> Any:
        begun.append(workflow.info.workflow_id)
        return workflow.signals("go").get()

    made = worker(watched, waits)
    setattr(made, bound, 1)
    client.register([waits])
    with serve(made):
        executions = []
        for name in ("first", "second", "third"):
            executions.append(client.start(waits, workflow_id=name))
            _until(lambda: "DecisionTaskCompleted" in kinds(executions[-1]))
        for number, execution in enumerate(executions):
            execution.signal("go", number)
            assert execution.result(20) == number

    assert begun == ["first", "second", "third", "first", "second"]
    assert made.sticky_metrics.evicted == 2


def test_another_worker_takes_over_when_the_first_does_not_come(
    client: Client, swf: EmbeddedSwf, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "STICKY_TIMEOUT", "1")

    @decision_task(swf_workflow_type="waits", swf_task_list="waits")
    def waits() -> Any:
        return workflow.signals("go").get()

    client.register([waits])
    execution = client.start(waits)
    with serve(worker(swf, waits)):
        _until(lambda: "DecisionTaskCompleted" in kinds(execution))
    execution.signal("go", 5)
    with serve(worker(swf, waits)):
        assert execution.result(20) == 5

    timeouts = [event for event in execution.history() if event.event_type == "DecisionTaskTimedOut"]
    assert [event.attributes["timeoutType"] for event in timeouts] == ["SCHEDULE_TO_START"]
    assert list(own_lists(execution))[-1] == "waits"


def test_what_is_answered_while_the_worker_stops_goes_to_the_common_list(
    client: Client, watched: Watched
) -> None:
    counting = Counting()
    made = worker(watched, counting.decide)

    def stop_first(operation: str, params: Mapping[str, Any], body: bytes) -> bytes:
        if operation == "PollForDecisionTask" and orjson.loads(body)["taskToken"]:
            made.stop()
            time.sleep(0.2)
        return body

    watched.spoil = stop_first
    client.register([counting.decide])
    execution = client.start(counting.decide, ROUNDS)
    made.run()
    assert kinds(execution).count("DecisionTaskCompleted") == 1
    assert "taskList" not in watched.asked("RespondDecisionTaskCompleted")[0]
    assert counting.ended == 1


def test_a_decision_that_was_not_recorded_is_made_again_from_the_beginning(
    client: Client, watched: Watched, serve: Serve
) -> None:
    counting = Counting()
    numbers = itertools.count(1)

    def refuse_third(operation: str, params: Mapping[str, Any], body: bytes) -> bytes:
        if operation == "RespondDecisionTaskCompleted" and next(numbers) == 3:
            raise ServiceFault("UnknownResourceFault", "Unknown decision task")  # it was carried out
        return body

    watched.spoil = refuse_third
    made = worker(watched, counting.decide)
    with serve(made):
        execution = client.start(counting.decide, ROUNDS)
        assert execution.result(20) == sum(range(ROUNDS))

    assert counting.begun == 2
    assert made.sticky_metrics.evicted == 1
    assert watched.asked("GetWorkflowExecutionHistory")


def test_events_that_do_not_follow_are_read_as_a_whole(
    client: Client, watched: Watched, serve: Serve
) -> None:
    counting = Counting()

    def lose_some(operation: str, params: Mapping[str, Any], body: bytes) -> bytes:
        if operation == "PollForDecisionTask" and params.get("startAtPreviousStartedEvent"):
            page = orjson.loads(body)
            if page["taskToken"] and page["previousStartedEventId"] > 20:
                page["events"] = page["events"][4:]
                return orjson.dumps(page)
        return body

    watched.spoil = lose_some
    with serve(worker(watched, counting.decide)):
        execution = client.start(counting.decide, ROUNDS)
        assert execution.result(20) == sum(range(ROUNDS))

    assert watched.asked("GetWorkflowExecutionHistory")
    assert not any(event.attributes.get("timerId", "").startswith("pause-") for event in execution.history())


def test_a_history_that_comes_late_is_waited_for(client: Client, watched: Watched, serve: Serve) -> None:
    counting = Counting()
    answers, looks = itertools.count(1), itertools.count(1)

    def stay_behind(operation: str, params: Mapping[str, Any], body: bytes) -> bytes:
        if operation == "RespondDecisionTaskCompleted" and next(answers) == 3:
            raise ServiceFault("UnknownResourceFault", "Unknown decision task")  # it was carried out
        if operation == "GetWorkflowExecutionHistory" and next(looks) < 3:
            return orjson.dumps({"events": orjson.loads(body)["events"][:-3]})
        return body

    watched.spoil = stay_behind
    with serve(worker(watched, counting.decide)):
        execution = client.start(counting.decide, ROUNDS)
        assert execution.result(20) == sum(range(ROUNDS))
    assert len(watched.asked("GetWorkflowExecutionHistory")) == 3


class Unlisted(Watched):
    """A service that permits no other list, and whose pages are short."""

    def call(self, operation: str, params: Mapping[str, Any]) -> bytes:
        if "taskListScheduleToStartTimeout" in params:
            raise ServiceFault("OperationNotPermittedFault", "not this list")
        if operation == "PollForDecisionTask":
            params = {**params, "maximumPageSize": 10}
        return super().call(operation, params)


def test_where_no_own_list_is_permitted_the_common_one_is_enough(
    client: Client, swf: EmbeddedSwf, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    counting = Counting()
    unlisted = Unlisted(swf)
    with serve(worker(unlisted, counting.decide)):
        execution = client.start(counting.decide, ROUNDS)
        assert execution.result(20) == sum(range(ROUNDS))

    assert set(own_lists(execution)) == {"counting"}
    assert counting.begun == 1
    further = [poll for poll in unlisted.asked("PollForDecisionTask") if "nextPageToken" in poll]
    assert not further, "the newest events come first, and pages end where the run is known"
    assert sum("own list" in message for message in caplog.messages) == 1


def test_a_second_task_of_a_run_waits_for_the_answer_to_the_first(
    client: Client, watched: Watched, serve: Serve
) -> None:
    """A signal comes while the answer is on its way: the service has it, the worker does not know yet."""
    held = threading.Event()

    def delay(operation: str, params: Mapping[str, Any], body: bytes) -> bytes:
        if operation == "RespondDecisionTaskCompleted" and not held.is_set():
            execution.signal("more", 1)
            time.sleep(0.3)
            held.set()
        return body

    @decision_task(swf_workflow_type="signaled", swf_task_list="signaled")
    def signaled() -> Any:
        return workflow.signals("more").get()

    watched.spoil = delay
    client.register([signaled])
    execution = client.start(signaled)
    made = worker(watched, signaled)
    with serve(made):
        assert execution.result(20) == 1
    assert (made.sticky_metrics.misses, made.sticky_metrics.hits) == (1, 1)


def test_a_run_that_paused_is_replayed(client: Client, swf: EmbeddedSwf, serve: Serve) -> None:
    broken = threading.Event()
    broken.set()

    class Blinking:
        always = True

        def __init__(self) -> None:
            self.messages: dict[str, Any] = {}

        def put(self, message: Any, key: str) -> str:
            self.messages[key] = message
            return key

        def get(self, reference: str) -> Any:
            if broken.is_set():
                raise OSError("the store blinks")
            return self.messages[reference]

    @activity_task(swf_task_list="work", result_data_store=Blinking(), swf_task_type="stored")
    def stored() -> int:
        return 7

    @decision_task(swf_workflow_type="reads", swf_task_list="reads")
    def reads() -> int:
        return echo(1).result + stored().result

    made = Worker("test", [reads], [echo, stored], transport=swf)
    with serve(made):
        execution = client.start(reads)
        _until(lambda: any("pause-" in str(event.attributes) for event in execution.history()))
        broken.clear()
        execution.signal("look again")
        assert execution.result(20) == 8
    assert made.sticky_metrics.misses >= 2


def _until(holds: Callable[[], Any]) -> None:
    until = time.monotonic() + 15
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)
