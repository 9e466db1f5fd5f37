"""What SWF does where several things meet: policies down the generations, full histories, equal instants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from service_driver import (
    ACTIVITY_DEFAULTS,
    ACTIVITY_TYPE,
    DECISIONS,
    DOMAIN,
    WORKFLOW_DEFAULTS,
    WORKFLOW_TYPE,
    Driver,
    activity,
    attributes,
    child,
    d,
    timer,
)

from pyswf_fast.exceptions import ConfigurationError
from pyswf_fast.service import EmbeddedSwf, Limits

SECONDS = {"executionStartToCloseTimeout": "1000"}


def lists(name: str) -> dict[str, Any]:
    return {"taskList": {"name": name}}


def family(swf: Driver, child_policy: str, policy: str) -> None:
    """Start three generations, `parent`, `child` and `grandchild`, each on the task list of its name."""
    swf.start("parent", childPolicy=policy, executionStartToCloseTimeout="500", **lists("parent"))
    swf.decide(child("child", childPolicy=child_policy, **lists("child"), **SECONDS), task_list="parent")
    swf.open_run("child")
    swf.decide(child("grandchild", **lists("grandchild"), **SECONDS), task_list="child")
    swf.open_run("grandchild")


def end(swf: Driver, how: str) -> None:
    if how == "TERMINATED":
        swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="parent")
    elif how == "TIMED_OUT":
        swf.advance(500)
    assert swf.describe("parent")["executionInfo"]["closeStatus"] == how


@pytest.mark.parametrize("how", ["TERMINATED", "TIMED_OUT"])
def test_a_child_that_is_terminated_applies_its_own_policy(swf: Driver, how: str) -> None:
    family(swf, "REQUEST_CANCEL", "TERMINATE")
    end(swf, how)
    assert swf.last("WorkflowExecutionTerminated", "child") == {
        "cause": "CHILD_POLICY_APPLIED",
        "childPolicy": "REQUEST_CANCEL",
    }
    assert swf.last("WorkflowExecutionCancelRequested", "grandchild") == {
        "cause": "CHILD_POLICY_APPLIED",
        "externalInitiatedEventId": 0,
    }
    assert swf.kinds("grandchild")[-1] == "WorkflowExecutionCancelRequested", "its first task waits already"
    times = {swf.history(name)[-1]["eventTimestamp"] for name in ("parent", "child", "grandchild")}
    assert len(times) == 1, "all at the instant of the parent's end"


@pytest.mark.parametrize("how", ["TERMINATED", "TIMED_OUT"])
def test_termination_goes_down_all_generations(swf: Driver, how: str) -> None:
    family(swf, "TERMINATE", "TERMINATE")
    end(swf, how)
    for name in ("child", "grandchild"):
        assert swf.describe(name)["executionInfo"]["closeStatus"] == "TERMINATED"


@pytest.mark.parametrize("policy", ["REQUEST_CANCEL", "ABANDON"])
def test_a_child_that_lives_on_applies_no_policy(swf: Driver, policy: str) -> None:
    family(swf, "TERMINATE", policy)
    end(swf, "TERMINATED")
    assert (
        swf.kinds("child")[-1]
        == ("ChildWorkflowExecutionStarted" if policy == "ABANDON" else "WorkflowExecutionCancelRequested")
        or swf.kinds("child")[-1] == "DecisionTaskScheduled"
    )
    assert ("WorkflowExecutionCancelRequested" in swf.kinds("child")) is (policy == "REQUEST_CANCEL")
    assert swf.kinds("grandchild")[-1] == "DecisionTaskScheduled"


def test_the_policy_reaches_the_run_that_a_child_continued_as(swf: Driver) -> None:
    family(swf, "TERMINATE", "TERMINATE")
    first = swf.runs["child"]
    swf.decide(d("ContinueAsNewWorkflowExecution", **lists("child")), task_list="child")
    second = swf.open_run("child")
    assert first != second
    end(swf, "TERMINATED")
    assert swf.describe("child", second)["executionInfo"]["closeStatus"] == "TERMINATED"
    assert swf.last("WorkflowExecutionStarted", "child", second)["continuedExecutionRunId"] == first
    assert swf.describe("grandchild")["executionInfo"]["executionStatus"] == "OPEN", "the first run's child"


def test_a_child_that_continued_as_new_is_told_of_once_by_its_last_run(swf: Driver) -> None:
    swf.start("parent", **lists("parent"))
    swf.decide(child("c", control="mine"), task_list="parent")
    swf.decide(d("ContinueAsNewWorkflowExecution"))
    swf.decide(d("FailWorkflowExecution", reason="r"))
    ends = [kind for kind in swf.kinds("parent") if kind.startswith("Child")]
    assert ends == ["ChildWorkflowExecutionStarted", "ChildWorkflowExecutionFailed"]
    failed = swf.last("ChildWorkflowExecutionFailed", "parent")
    assert (failed["initiatedEventId"], failed["startedEventId"]) == (5, 6)
    assert (
        failed["workflowExecution"]
        != swf.last("ChildWorkflowExecutionStarted", "parent")["workflowExecution"]
    )


def test_a_workflow_id_that_another_execution_took_is_spared(swf: Driver) -> None:
    swf.start("parent", **lists("parent"))
    swf.decide(child("c"), task_list="parent")
    swf.decide(d("CompleteWorkflowExecution"))
    swf.start("c")
    swf("TerminateWorkflowExecution", domain=DOMAIN, workflowId="parent", childPolicy="TERMINATE")
    assert swf.kinds("c") == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]


def test_a_parent_that_is_forgotten_hears_of_nothing(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver()
    swf("RegisterDomain", name="short", workflowExecutionRetentionPeriodInDays="NONE")
    swf("RegisterWorkflowType", domain="short", **WORKFLOW_TYPE, **WORKFLOW_DEFAULTS)
    swf("StartWorkflowExecution", domain="short", workflowId="p", workflowType=WORKFLOW_TYPE)
    for decisions in ([child("c"), d("CompleteWorkflowExecution")], [d("CompleteWorkflowExecution")]):
        task = swf("PollForDecisionTask", domain="short", taskList=DECISIONS)
        swf.respond(task, *decisions)
    found = swf("CountClosedWorkflowExecutions", domain="short", startTimeFilter={"oldestDate": 0})
    assert found["count"] == 0
    assert swf.swf.next_due() is None


# Things between executions within one answer.


def test_a_child_can_be_signaled_in_the_answer_that_starts_it(swf: Driver) -> None:
    swf.start("parent", **lists("parent"))
    signal = d("SignalExternalWorkflowExecution", workflowId="c", signalName="s", input="i")
    swf.decide(child("c"), signal, task_list="parent")
    assert swf.kinds("parent")[4:] == [
        "StartChildWorkflowExecutionInitiated",
        "SignalExternalWorkflowExecutionInitiated",
        "ChildWorkflowExecutionStarted",
        "DecisionTaskScheduled",
        "ExternalWorkflowExecutionSignaled",
    ]
    assert swf.kinds("c", swf.open_run("c"))[2:] == ["WorkflowExecutionSignaled"]


def test_what_an_answer_asks_of_others_happens_though_it_closes_its_own(swf: Driver) -> None:
    swf.start("other", **lists("others"))
    swf.start()
    swf.decide(
        d("SignalExternalWorkflowExecution", workflowId="other", signalName="s"),
        d("RequestCancelExternalWorkflowExecution", workflowId="other"),
        child("c"),
        d("CompleteWorkflowExecution"),
    )
    assert swf.kinds()[-1] == "WorkflowExecutionCompleted"
    assert swf.kinds("other")[2:] == ["WorkflowExecutionSignaled", "WorkflowExecutionCancelRequested"]
    assert swf.kinds("c", swf.open_run("c")) == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]


def test_an_execution_that_continues_as_new_does_not_lose_its_id_to_a_child(swf: Driver) -> None:
    swf.start()
    swf.decide(child("w"), d("ContinueAsNewWorkflowExecution"))
    first = swf.runs["w"]
    assert swf.last("WorkflowExecutionStarted", "w", swf.open_run("w"))["continuedExecutionRunId"] == first


@pytest.mark.parametrize("kind", ["SignalExternal", "RequestCancelExternal"])
def test_a_run_that_is_named_must_be_the_open_one(swf: Driver, kind: str) -> None:
    closed = swf.start("other", **lists("others"))
    swf.decide(d("CompleteWorkflowExecution"), task_list="others")
    swf.start("other", **lists("others"))
    swf.start()
    more = {"signalName": "s"} if kind == "SignalExternal" else {}
    swf.decide(d(f"{kind}WorkflowExecution", workflowId="other", runId=closed, **more))
    failed = swf.last(f"{kind}WorkflowExecutionFailed")
    assert (failed["cause"], failed["runId"]) == ("UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION", closed)
    swf.decide(d(f"{kind}WorkflowExecution", workflowId="other", runId=swf.runs["other"], **more))
    assert len(swf.kinds("other")) == 3


# Full histories.


@pytest.mark.parametrize("most", range(6, 16))
def test_a_history_ends_where_it_is_full_whatever_the_answer_was_about(
    make_driver: Callable[..., Driver], most: int
) -> None:
    swf = make_driver(limits=Limits(history_events=most), lambdas={"f": lambda *_: 1})
    swf.start("other", **lists("others"))
    swf.start(lambdaRole="arn:aws:iam::000000000000:role/r")
    swf.decide(
        child("c", **lists("children")),
        d("ScheduleLambdaFunction", id="1", name="f"),
        d("SignalExternalWorkflowExecution", workflowId="other", signalName="s"),
        timer(seconds=0),
        activity(),
    )
    swf.advance(1)
    history = swf.history()
    assert len(history) == most
    assert attributes(history[-1]) == {"cause": "EVENT_LIMIT_EXCEEDED", "childPolicy": "TERMINATE"}
    assert swf.describe()["executionInfo"]["closeStatus"] == "TERMINATED"
    assert not swf.work()["taskToken"], "its tasks went with it"
    open_now = swf("ListOpenWorkflowExecutions", domain=DOMAIN, startTimeFilter={"oldestDate": 0})
    names = [info["execution"]["workflowId"] for info in open_now["executionInfos"]]
    assert names == ["other"], "its child followed its policy"


def test_a_child_that_is_full_at_its_start_was_started_and_terminated(
    make_driver: Callable[..., Driver],
) -> None:
    swf = make_driver()
    swf.start("parent")
    swf.swf.machine.limits = Limits(history_events=2)  # of executions that start from now on
    swf.decide(child("c"))
    assert swf.kinds("parent")[5:] == [
        "ChildWorkflowExecutionStarted",
        "DecisionTaskScheduled",
        "ChildWorkflowExecutionTerminated",
    ]
    assert swf.last("ChildWorkflowExecutionTerminated", "parent")["startedEventId"] == 6
    assert swf.describe("parent")["openCounts"]["openChildWorkflowExecutions"] == 0


@pytest.mark.parametrize(
    "given", [{"history_events": 1}, {"open_timers": -1}, {"pollers": 1.5}, {"domains": True}]
)
def test_what_is_no_limit_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=f"limit {next(iter(given))}"):
        Limits(**given)


def test_limits_of_domains_types_tags_and_request_size(make_driver: Callable[..., Driver]) -> None:
    swf = make_driver(limits=Limits(domains=1, types=1, tags=1, request_bytes=400))
    swf("DeprecateDomain", name=DOMAIN)
    assert swf.fault("RegisterDomain", name="second", workflowExecutionRetentionPeriodInDays="1").type == (
        "LimitExceededFault"
    ), "deprecated ones count"
    swf("UndeprecateDomain", name=DOMAIN)
    assert swf.fault("RegisterActivityType", domain=DOMAIN, name="b", version="1").type == (
        "LimitExceededFault"
    )
    swf("DeleteActivityType", domain=DOMAIN, activityType=ACTIVITY_TYPE)
    swf("RegisterActivityType", domain=DOMAIN, name="b", version="1")
    arn = swf("DescribeDomain", name=DOMAIN)["domainInfo"]["arn"]
    two = [{"key": "a"}, {"key": "b"}]
    assert swf.fault("TagResource", resourceArn=arn, tags=two).type == "TooManyTagsFault"
    client = swf.swf.client()
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.register_domain(name="d", description="x" * 400, workflowExecutionRetentionPeriodInDays="1")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


# Equal instants.


def test_the_end_of_an_execution_comes_before_all_else_of_its_instant(swf: Driver) -> None:
    swf.start(executionStartToCloseTimeout="60", taskStartToCloseTimeout="60")
    swf.decide(timer("t", 60), activity("a", scheduleToCloseTimeout="60", heartbeatTimeout="60"))
    token = swf.work()["taskToken"]
    swf.signal()
    swf.poll()
    swf("RecordActivityTaskHeartbeat", taskToken=token)
    swf.advance(60)
    assert swf.kinds()[-3:] == ["DecisionTaskScheduled", "DecisionTaskStarted", "WorkflowExecutionTimedOut"]


def test_what_began_first_is_due_first_at_one_instant(swf: Driver) -> None:
    swf.start()
    swf.decide(
        activity("a", scheduleToStartTimeout="5"),
        timer("t", 5),
        activity("b", scheduleToStartTimeout="5"),
        timer("u", 5),
    )
    swf.advance(5)
    assert swf.kinds()[8:] == [
        "ActivityTaskTimedOut",
        "DecisionTaskScheduled",
        "TimerFired",
        "ActivityTaskTimedOut",
        "TimerFired",
    ]


# Task lists that replace the own one.


def test_a_task_of_the_own_list_that_times_out_leaves_a_temporary_list_in_force(swf: Driver) -> None:
    swf.start()
    task = swf.poll()
    swf.signal()  # the next task is scheduled at once, on the own list
    swf.respond(task, **lists("other"), taskListScheduleToStartTimeout="100")
    assert swf.last("DecisionTaskScheduled")["taskList"] == DECISIONS
    swf.poll()
    swf.advance(30)
    assert swf.kinds()[-2:] == ["DecisionTaskTimedOut", "DecisionTaskScheduled"]
    assert swf.last("DecisionTaskScheduled")["taskList"]["name"] == "other"
    swf.advance(100)  # nobody polls there
    assert swf.last("DecisionTaskTimedOut")["timeoutType"] == "SCHEDULE_TO_START"
    assert swf.last("DecisionTaskScheduled")["taskList"] == DECISIONS
    assert swf.last("DecisionTaskScheduled")["scheduleToStartTimeout"] == "NONE"


# Types and domains that go while something runs.


def test_what_was_scheduled_of_a_type_goes_on_when_the_type_is_gone(swf: Driver) -> None:
    swf.start()
    swf.decide(activity("waits"), activity("runs"))
    swf("DeprecateActivityType", domain=DOMAIN, activityType=ACTIVITY_TYPE)
    token = swf.work()["taskToken"]
    swf("DeleteActivityType", domain=DOMAIN, activityType=ACTIVITY_TYPE)
    assert swf("RecordActivityTaskHeartbeat", taskToken=token) == {"cancelRequested": False}
    swf("RespondActivityTaskCompleted", taskToken=token)
    swf.complete()
    swf.decide(activity("more"))
    assert swf.last("ScheduleActivityTaskFailed")["cause"] == "ACTIVITY_TYPE_DOES_NOT_EXIST"
    swf("RegisterActivityType", domain=DOMAIN, **ACTIVITY_TYPE, **ACTIVITY_DEFAULTS)
    swf.decide(activity("more"))
    assert swf.kinds()[-1] == "ActivityTaskScheduled"


def test_in_a_deprecated_domain_what_runs_goes_on_and_nothing_begins(swf: Driver) -> None:
    swf.start()
    swf.decide(activity("a"), timer())
    swf("DeprecateDomain", name=DOMAIN)
    assert swf("DescribeActivityType", domain=DOMAIN, activityType=ACTIVITY_TYPE)["typeInfo"]["status"] == (
        "DEPRECATED"
    )
    swf.complete()
    swf.decide(activity("b"), child("c"), d("ContinueAsNewWorkflowExecution"))
    causes = [attributes(event)["cause"] for event in swf.history() if event["eventType"].endswith("Failed")]
    assert causes == ["ACTIVITY_TYPE_DEPRECATED", "WORKFLOW_TYPE_DEPRECATED", "WORKFLOW_TYPE_DEPRECATED"]
    swf.advance(5)
    swf.signal()
    swf.decide(d("CompleteWorkflowExecution"))
    assert swf.describe()["executionInfo"]["closeStatus"] == "COMPLETED"
    swf("UndeprecateDomain", name=DOMAIN)
    fault = swf.fault("StartWorkflowExecution", domain=DOMAIN, workflowId="w", workflowType=WORKFLOW_TYPE)
    assert fault.type == "TypeDeprecatedFault", "its types stay deprecated"


# What a description tells.


def test_the_time_of_the_latest_activity_event(swf: Driver) -> None:
    swf.start()
    assert "latestActivityTaskTimestamp" not in swf.describe()
    swf.decide(activity())
    for operation in (swf.work, lambda: swf.history()):
        swf.advance(1)
        operation()
        latest = [event for event in swf.history() if event["eventType"].startswith("ActivityTask")][-1]
        assert swf.describe()["latestActivityTaskTimestamp"] == latest["eventTimestamp"]


def test_a_closed_execution_shows_what_was_open(swf: Driver) -> None:
    swf.start()
    swf.decide(activity("1"), activity("2"), timer(), child("c", **lists("children")))
    swf.work()
    swf.decide(d("CancelWorkflowExecution"))
    assert swf.describe()["openCounts"] == {
        "openActivityTasks": 2,
        "openDecisionTasks": 0,
        "openTimers": 1,
        "openChildWorkflowExecutions": 1,
        "openLambdaFunctions": 0,
    }


def test_the_latest_context_stays_until_another_is_given(swf: Driver) -> None:
    swf.start()
    swf.decide(executionContext="one")
    swf.signal()
    swf.decide()
    assert swf.describe()["latestExecutionContext"] == "one"
    swf.signal()
    swf.decide(executionContext="")
    assert swf.describe()["latestExecutionContext"] == ""


def test_a_poll_in_process_is_one_of_so_many() -> None:
    swf = EmbeddedSwf(limits=Limits(pollers=0))
    client = swf.client()
    client.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
    with pytest.raises(client.exceptions.LimitExceededFault):
        client.poll_for_activity_task(domain=DOMAIN, taskList=DECISIONS)
    swf.close()
