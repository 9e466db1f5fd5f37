"""Clients that do anything at any time: histories keep the rules, and all that can be asked agrees with them.

Longer walks: HYPOTHESIS_PROFILE=ci PYSWF_EXAMPLES=20000 python -m pytest tests/service/test_service_random.py
"""

from __future__ import annotations

import tempfile
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from service_driver import ACTIVITIES, DOMAIN, Driver, activity, child, d, timer
from service_fold import Fold

from pyswf_fast.exceptions import ServiceFault
from pyswf_fast.service import EmbeddedSwf, Limits, VirtualClock

NAMES = st.sampled_from("abc")
LISTS = ("decisions", "sticky")
SECONDS = st.sampled_from(("NONE", "59", "10", "5", "0"))
POLICIES = st.sampled_from(("TERMINATE", "REQUEST_CANCEL", "ABANDON"))
SOON = {"oldestDate": 0}
EXPECTED = {
    *("UnknownResourceFault", "WorkflowExecutionAlreadyStartedFault", "LimitExceededFault"),
    *("OperationNotPermittedFault", "ThrottlingException"),
}
TIMEOUTS = ("scheduleToStartTimeout", "scheduleToCloseTimeout", "startToCloseTimeout", "heartbeatTimeout")
LIMITS = Limits(
    history_events=90, open_activities=3, open_timers=3, open_children=2, open_executions=6, open_lambdas=2
)
CLOSES = [d(f"{how}WorkflowExecution") for how in ("Complete", "Fail", "Cancel", "ContinueAsNew")]


DECISIONS = st.one_of(
    st.builds(
        lambda name, timeouts: activity(name, **timeouts),
        NAMES,
        st.dictionaries(st.sampled_from(TIMEOUTS), SECONDS),
    ),
    st.builds(timer, NAMES, st.integers(0, 60)),
    st.builds(
        lambda name, policy, timeout: child(name, childPolicy=policy, executionStartToCloseTimeout=timeout),
        *(NAMES, POLICIES, SECONDS),
    ),
    st.builds(lambda name: d("CancelTimer", timerId=name), NAMES),
    st.builds(lambda name: d("RequestCancelActivityTask", activityId=name), NAMES),
    st.builds(lambda name: d("RecordMarker", markerName=name), NAMES),
    st.builds(lambda name: d("SignalExternalWorkflowExecution", workflowId=name, signalName="s"), NAMES),
    st.builds(lambda name: d("RequestCancelExternalWorkflowExecution", workflowId=name), NAMES),
    st.builds(
        lambda name, given: d(
            "ScheduleLambdaFunction", id=name, name="f", input=given, startToCloseTimeout="2"
        ),
        *(NAMES, st.sampled_from(('"fine"', '"late"', '"wrong"', "no JSON"))),
    ),
)


OVERRIDES = st.fixed_dictionaries(
    {"taskList": st.sampled_from([{"name": name} for name in LISTS])},
    optional={"taskListScheduleToStartTimeout": st.sampled_from(("5", "NONE"))},
)
ANSWERS = st.builds(
    lambda decisions, close, override, more: {"decisions": decisions + close, **override, **more},
    st.lists(DECISIONS, min_size=1, max_size=5),
    st.one_of(*[st.just([])] * 4, st.sampled_from([[close] for close in CLOSES])),
    st.one_of(*[st.just({})] * 2, OVERRIDES),
    st.fixed_dictionaries({}, optional={"executionContext": st.sampled_from("xyz")}),
)


class Clients(RuleBasedStateMachine):
    """Deciders, workers and operators of one service."""

    @initialize(on_disk=st.booleans(), lambda_role=st.booleans())
    def begin(self, on_disk: bool, lambda_role: bool) -> None:
        self.directory = tempfile.TemporaryDirectory()
        path = f"{self.directory.name}/swf.db" if on_disk else ":memory:"
        clock = VirtualClock()

        def function(event: Any, context: Any) -> Any:
            """One that works, fails, or ends after its time."""
            if event == "late":
                clock.advance(3)
            return {"fine": event, "late": event}[event]

        numbers = count(1)

        def make() -> EmbeddedSwf:
            service = EmbeddedSwf(path, clock=clock, limits=LIMITS, lambdas={"f": function})
            service.machine.new_run_id = lambda: f"run {next(numbers)}"  # the same in each replay of a walk
            return service

        self.swf = Driver(make, clock, restarts=False)
        self.on_disk = on_disk
        self.more = {"lambdaRole": "arn:aws:iam::000000000000:role/r"} if lambda_role else {}
        self.tasks: dict[str, list[str]] = {"decision": [], "activity": []}  # tokens nobody has answered
        self.answered: list[tuple[str, str]] = []  # operations and tokens
        self.handed_out: set[tuple[str, int]] = set()

    def teardown(self) -> None:
        if hasattr(self, "swf"):
            self.look(maximum=7)
            self.swf.swf.close()
            self.directory.cleanup()

    def ask(self, operation: str, **params: Any) -> Any:
        """The answer, or None where it is refused for a reason that may be; `refusal` is the fault's name."""
        self.refusal: str | None = None
        try:
            return self.swf(operation, **params)
        except ServiceFault as fault:
            if fault.type not in EXPECTED:
                raise
            self.refusal = fault.type
            return None

    def hand_out(self, kind: str, task: dict[str, Any] | None) -> None:
        """A task was polled: nobody had it before."""
        if task is not None and task["taskToken"]:
            key = (task["workflowExecution"]["runId"], task["startedEventId"])
            assert key not in self.handed_out
            self.handed_out.add(key)
            self.tasks[kind].append(task["taskToken"])

    # What clients do.

    @rule(name=NAMES, policy=POLICIES, priority=st.sampled_from(("-1", "0", "1")))
    def start(self, name: str, policy: str, priority: str) -> None:
        given = {"childPolicy": policy, "taskPriority": priority, "executionStartToCloseTimeout": "900"}
        workflow_type = {"name": "flow", "version": "1"}
        self.ask(
            "StartWorkflowExecution",
            domain=DOMAIN,
            workflowId=name,
            workflowType=workflow_type,
            **given,
            **self.more,
        )

    @rule(name=st.sampled_from(LISTS), page=st.integers(0, 5), reverse=st.booleans(), previous=st.booleans())
    def poll(self, name: str, page: int, reverse: bool, previous: bool) -> None:
        asked = {
            "domain": DOMAIN,
            "taskList": {"name": name},
            "maximumPageSize": page,
            "reverseOrder": reverse,
            "startAtPreviousStartedEvent": previous,
        }
        task = self.ask("PollForDecisionTask", **asked)
        self.hand_out("decision", task)
        if task is None or not task["taskToken"]:
            return
        ids = [event["eventId"] for event in task["events"]]
        while "nextPageToken" in task:
            following = self.ask("PollForDecisionTask", **asked, nextPageToken=task["nextPageToken"])
            if following is None:
                return
            assert following["taskToken"] == task["taskToken"]
            task = following
            ids += [event["eventId"] for event in task["events"]]
        first = (task["previousStartedEventId"] or 1) if previous else 1
        assert sorted(ids, reverse=reverse) == ids
        assert sorted(ids) == list(range(first, task["startedEventId"] + 1))

    @precondition(lambda self: self.tasks["decision"])
    @rule(data=st.data(), answer=ANSWERS)
    def decide(self, data: st.DataObject, answer: dict[str, Any]) -> None:
        token = data.draw(st.sampled_from(self.tasks["decision"]))
        self.answer("decision", "RespondDecisionTaskCompleted", token, **answer)

    @rule(name=st.sampled_from(LISTS), answer=ANSWERS)
    def poll_and_decide(self, name: str, answer: dict[str, Any]) -> None:
        before = len(self.tasks["decision"])
        self.hand_out("decision", self.ask("PollForDecisionTask", domain=DOMAIN, taskList={"name": name}))
        for token in self.tasks["decision"][before:]:
            self.answer("decision", "RespondDecisionTaskCompleted", token, **answer)

    @rule()
    def work(self) -> None:
        self.hand_out("activity", self.ask("PollForActivityTask", domain=DOMAIN, taskList=ACTIVITIES))

    @precondition(lambda self: self.tasks["activity"])
    @rule(data=st.data(), how=st.sampled_from(("Completed", "Failed", "Canceled")))
    def end(self, data: st.DataObject, how: str) -> None:
        token = data.draw(st.sampled_from(self.tasks["activity"]))
        self.answer("activity", f"RespondActivityTask{how}", token)

    def answer(self, kind: str, operation: str, token: str, **more: Any) -> None:
        """An answer ends its task, unless a policy or a throttle stands in the way."""
        self.ask(operation, taskToken=token, **more)
        if self.refusal in (None, "UnknownResourceFault"):
            self.tasks[kind].remove(token)
            self.answered.append((operation, token))

    @rule(how=st.sampled_from(("Completed", "Failed", "Canceled")), beats=st.booleans())
    def work_and_end(self, how: str, beats: bool) -> None:
        before = len(self.tasks["activity"])
        self.work()
        for token in self.tasks["activity"][before:]:
            if beats:
                self.ask("RecordActivityTaskHeartbeat", taskToken=token, details=how)
            self.answer("activity", f"RespondActivityTask{how}", token)

    @precondition(lambda self: self.tasks["activity"])
    @rule(data=st.data(), details=st.none() | st.sampled_from("xy"))
    def beat(self, data: st.DataObject, details: str | None) -> None:
        token = data.draw(st.sampled_from(self.tasks["activity"]))
        given = {} if details is None else {"details": details}
        self.ask("RecordActivityTaskHeartbeat", taskToken=token, **given)

    @precondition(lambda self: self.answered)
    @rule(data=st.data())
    def answer_again(self, data: st.DataObject) -> None:
        operation, token = data.draw(st.sampled_from(self.answered))
        assert self.ask(operation, taskToken=token) is None

    @rule(name=NAMES, verb=st.sampled_from(("Signal", "RequestCancel", "Terminate")))
    def reach(self, name: str, verb: str) -> None:
        more = {"signalName": "s"} if verb == "Signal" else {}
        self.ask(f"{verb}WorkflowExecution", domain=DOMAIN, workflowId=name, **more)

    # What happens to the service.

    @rule(seconds=st.sampled_from((0.001, 1, 5, 10, 40)))
    def wait(self, seconds: float) -> None:
        self.swf.advance(seconds)

    @rule()
    def wait_for_what_is_due(self) -> None:
        due = self.swf.swf.next_due()
        if due is not None:
            self.swf.advance(max(0.0, due - self.swf.clock.now()))

    @rule(
        how=st.sampled_from(("throttle", "StartTimer", "ScheduleActivityTask", "TerminateWorkflowExecution"))
    )
    def stand_in_the_way(self, how: str) -> None:
        """Until somebody looks around."""
        if how == "throttle":
            self.swf.swf.throttle(0.001)
        else:
            self.swf.swf.deny(how)

    @precondition(lambda self: self.on_disk)
    @rule()
    def restart(self) -> None:
        before = self.look(maximum=0), self.swf.swf.next_due()
        self.swf.restart()
        assert (self.look(maximum=0), self.swf.swf.next_due()) == before

    # What must be true at any time.

    @rule(maximum=st.integers(1, 9))
    def look_around(self, maximum: int) -> None:
        self.look(maximum)

    def look(self, maximum: int) -> list[Any]:
        """All that can be asked for agrees with the histories; returns it."""
        self.swf.swf.throttle(None)
        self.swf.swf.allow()
        listed = {kind: self.listed(kind, maximum) for kind in ("Open", "Closed")}
        seen: list[Any] = [listed]
        folds = []
        for kind, infos in listed.items():
            for info in infos:
                execution = info["execution"]
                described = self.swf.describe(workflow_id=execution["workflowId"], run_id=execution["runId"])
                fold = Fold(self.swf.history(execution["workflowId"], execution["runId"]))
                self.check_pages(execution, fold.events, maximum)
                fold.check_nothing_is_overlooked()
                assert described["executionInfo"] == info
                assert info["executionStatus"] == kind.upper()
                assert info.get("closeStatus") == fold.close_status
                assert described["openCounts"] == fold.counts()
                contexts = [
                    given["executionContext"]
                    for _, given in fold.all("DecisionTaskCompleted")
                    if given.get("executionContext")
                ]
                assert described.get("latestExecutionContext") == (contexts or [None])[-1]
                seen += [described, fold.events]
                folds.append(fold)
        ids = [fold.all("WorkflowExecutionStarted")[0][1] for fold in folds]
        assert len(ids) == sum(map(len, listed.values()))
        seen.append(self.check_waiting([fold for fold in folds if fold.close_status is None]))
        return seen

    def listed(self, kind: str, maximum: int) -> list[dict[str, Any]]:
        """All executions of a kind, whose pages make up the whole and are as many as are counted."""
        operation, asked = f"List{kind}WorkflowExecutions", {"domain": DOMAIN, "startTimeFilter": SOON}
        infos: list[dict[str, Any]] = self.swf(operation, **asked)["executionInfos"]
        assert self.swf(f"Count{kind}WorkflowExecutions", **asked)["count"] == len(infos)
        for reverse in (False, True):
            found, more = [], {}
            while True:
                page = self.swf(operation, **asked, maximumPageSize=maximum, reverseOrder=reverse, **more)
                found += page["executionInfos"]
                if "nextPageToken" not in page:
                    break
                more = {"nextPageToken": page["nextPageToken"]}
            assert found == (infos[::-1] if reverse else infos)
        return infos

    def check_pages(self, execution: dict[str, str], events: list[Any], maximum: int) -> None:
        asked = {"domain": DOMAIN, "execution": execution, "maximumPageSize": maximum, "reverseOrder": True}
        page = self.swf("GetWorkflowExecutionHistory", **asked)
        found = page["events"]
        while "nextPageToken" in page:
            page = self.swf("GetWorkflowExecutionHistory", **asked, nextPageToken=page["nextPageToken"])
            found += page["events"]
        assert found == events[::-1]

    def check_waiting(self, folds: list[Fold]) -> list[int]:
        """As many tasks are counted as histories have waiting."""
        counted = []
        for name in LISTS:
            waiting = sum(
                attributes["taskList"]["name"] == name
                for fold in folds
                if fold.running_decision is None
                for attributes in fold.decision_tasks.values()
            )
            counted.append(
                self.swf("CountPendingDecisionTasks", domain=DOMAIN, taskList={"name": name})["count"]
            )
            assert counted[-1] == waiting
        counted.append(self.swf("CountPendingActivityTasks", domain=DOMAIN, taskList=ACTIVITIES)["count"])
        assert counted[-1] == sum(len(fold.waiting_activities) for fold in folds)
        return counted


TestWalks = pytest.mark.timeout(600)(Clients.TestCase)
TestWalks.settings = settings(
    max_examples=max(10, settings.default.max_examples // 8),
    stateful_step_count=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
