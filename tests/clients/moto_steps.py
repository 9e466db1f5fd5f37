"""The same life of a workflow told to two services: what each answers, without what can never be equal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

__all__ = ["Told", "differences", "tell"]

DOMAIN = "d"
DECIDE, WORK = {"name": "decide"}, {"name": "work"}
FLOW, ACT = {"name": "flow", "version": "1"}, {"name": "act", "version": "1"}
BARE, OLD = {"name": "bare", "version": "1"}, {"name": "old", "version": "1"}
NONE = {"name": "none", "version": "1"}
EVER = {"startTimeFilter": {"oldestDate": 0}}
HIDDEN = {
    "runId": "RUN",
    "continuedExecutionRunId": "RUN",
    "newExecutionRunId": "RUN",
    "taskToken": "TOKEN",
    "nextPageToken": "TOKEN",
}
Told = dict[str, Any]  # what was answered at each step


class Teller:
    """A client that notes all answers."""

    def __init__(self, url: str) -> None:
        self.client = boto3.client(
            "swf",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )
        self.told: Told = {}
        self.runs: list[str] = []

    def __call__(self, step: str, method: str, /, **params: Any) -> dict[str, Any]:
        assert step not in self.told, step
        try:
            answer: dict[str, Any] = getattr(self.client, method)(**params)
        except ClientError as fault:
            error = fault.response["Error"]
            message = error["Message"]
            for run_id in self.runs:
                message = message.replace(run_id, "RUN")
            self.told[step] = {"fault": error["Code"], "message": message}
            if error["Code"] == "500":  # a page for people
                self.told[step] = {"fault": "HTTP 500"}
            return {}
        del answer["ResponseMetadata"]
        if "runId" in answer:
            self.runs.append(answer["runId"])
        self.told[step] = self.shown(answer)
        return answer

    def shown(self, value: Any, name: str = "") -> Any:
        """An answer without ids, tokens and times, of which only their being there can be compared."""
        if isinstance(value, dict):
            return {key: self.shown(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.shown(inner) for inner in value]
        if isinstance(value, datetime):
            return "TIME"
        if name == "arn":
            return value.replace("123456789012", "ACCOUNT").replace("000000000000", "ACCOUNT")
        return HIDDEN[name] if value and name in HIDDEN else value

    def decide(self, step: str, *decisions: dict[str, Any], task_list: str = "decide", **params: Any) -> None:
        named = {"name": task_list}
        task = self(f"{step}: poll", "poll_for_decision_task", domain=DOMAIN, taskList=named)
        token = task.get("taskToken", "x")
        self(
            f"{step}: answer",
            "respond_decision_task_completed",
            taskToken=token,
            decisions=list(decisions),
            **params,
        )

    def history(self, step: str, workflow_id: str, run_id: str, **params: Any) -> dict[str, Any]:
        execution = {"workflowId": workflow_id, "runId": run_id}
        return self(step, "get_workflow_execution_history", domain=DOMAIN, execution=execution, **params)


def d(kind: str, **attributes: Any) -> dict[str, Any]:
    return {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": attributes}


def tell(url: str) -> Told:
    """Everything that is asked of a service, and its answers."""
    swf = Teller(url)
    _register(swf)
    _start(swf)
    _work(swf)
    _close(swf)
    _refuse(swf)
    _ask_for_the_rest(swf)
    return swf.told


def _register(swf: Teller) -> None:
    domain = {"name": DOMAIN, "workflowExecutionRetentionPeriodInDays": "7", "description": "a domain"}
    swf("register a domain", "register_domain", **domain)
    swf("register it again", "register_domain", **domain)
    swf("describe it", "describe_domain", name=DOMAIN)
    swf("describe a domain that is not there", "describe_domain", name="none")
    swf("register a second domain", "register_domain", **{**domain, "name": "c"})
    status = {"registrationStatus": "REGISTERED"}
    swf("list domains", "list_domains", **status)
    swf("list one domain a page", "list_domains", **status, maximumPageSize=1)
    arn = f"arn:aws:swf:us-east-1:{{}}:/domain/{DOMAIN}"
    arn = swf.client.describe_domain(name=DOMAIN)["domainInfo"].get("arn", arn)
    swf(
        "tag it",
        "tag_resource",
        resourceArn=arn,
        tags=[{"key": "k", "value": "v"}, {"key": "l", "value": ""}],
    )
    swf("untag it", "untag_resource", resourceArn=arn, tagKeys=["l"])
    swf("list its tags", "list_tags_for_resource", resourceArn=arn)
    swf("deprecate a domain", "deprecate_domain", name="c")
    swf("deprecate it again", "deprecate_domain", name="c")
    swf("register a deprecated domain", "register_domain", **{**domain, "name": "c"})
    swf("undeprecate a domain", "undeprecate_domain", name="c")
    swf("undeprecate it again", "undeprecate_domain", name="c")
    defaults: dict[str, dict[str, Any]] = {
        "workflow": {
            "defaultTaskList": DECIDE,
            "defaultTaskStartToCloseTimeout": "60",
            "defaultExecutionStartToCloseTimeout": "600",
            "defaultChildPolicy": "TERMINATE",
        },
        "activity": {
            "defaultTaskList": WORK,
            "defaultTaskHeartbeatTimeout": "NONE",
            "defaultTaskStartToCloseTimeout": "60",
            "defaultTaskScheduleToStartTimeout": "60",
            "defaultTaskScheduleToCloseTimeout": "60",
        },
    }
    for kind, name in (("workflow", "flow"), ("activity", "act")):
        register = f"register_{kind}_type"
        given = {"domain": DOMAIN, "name": name, "version": "1", "description": "a type", **defaults[kind]}
        swf(f"{kind} type: register", register, **given)
        swf(f"{kind} type: register again", register, **given)
        swf(f"{kind} type: register in no domain", register, **{**given, "domain": "none"})
        for other in ("bare", "old"):
            swf(f"{kind} type: register {other}", register, domain=DOMAIN, name=other, version="1")
        for one in ({"name": name, "version": "1"}, BARE, NONE):
            described = {"domain": DOMAIN, f"{kind}Type": one}
            swf(f"{kind} type: describe {one['name']}", f"describe_{kind}_type", **described)
        old: dict[str, Any] = {"domain": DOMAIN, f"{kind}Type": OLD}
        swf(f"{kind} type: undeprecate a registered one", f"undeprecate_{kind}_type", **old)
        swf(f"{kind} type: deprecate", f"deprecate_{kind}_type", **old)
        swf(f"{kind} type: deprecate again", f"deprecate_{kind}_type", **old)
        swf(f"{kind} type: describe a deprecated one", f"describe_{kind}_type", **old)
        swf(f"{kind} type: register a deprecated one", register, domain=DOMAIN, name="old", version="1")
        listed: dict[str, Any] = {"domain": DOMAIN, **status}
        swf(f"{kind} types: list", f"list_{kind}_types", **listed)
        swf(f"{kind} types: list backwards", f"list_{kind}_types", **listed, reverseOrder=True)
        swf(f"{kind} types: list one a page", f"list_{kind}_types", **listed, maximumPageSize=1)


def _start(swf: Teller) -> None:
    start: dict[str, Any] = {"domain": DOMAIN, "workflowId": "w", "workflowType": FLOW}
    swf("start", "start_workflow_execution", **start, input="i", tagList=["t"])
    swf("start while it is open", "start_workflow_execution", **start)
    swf(
        "start a type that is not there",
        "start_workflow_execution",
        **{**start, "workflowId": "x", "workflowType": NONE},
    )
    swf(
        "start a type without defaults",
        "start_workflow_execution",
        **{**start, "workflowId": "x", "workflowType": BARE},
    )
    swf(
        "start a deprecated type",
        "start_workflow_execution",
        **{**start, "workflowId": "x", "workflowType": OLD},
    )
    execution = {"workflowId": "w", "runId": swf.runs[0]}
    swf("describe an open execution", "describe_workflow_execution", domain=DOMAIN, execution=execution)
    unknown = {"workflowId": "w", "runId": "none"}
    swf("describe one that is not there", "describe_workflow_execution", domain=DOMAIN, execution=unknown)
    swf("list open executions", "list_open_workflow_executions", domain=DOMAIN, **EVER)
    tag = {"tagFilter": {"tag": "t"}}
    swf("list open executions by tag", "list_open_workflow_executions", domain=DOMAIN, **EVER, **tag)
    swf("count waiting decision tasks", "count_pending_decision_tasks", domain=DOMAIN, taskList=DECIDE)
    swf(
        "count those of a list never used",
        "count_pending_decision_tasks",
        domain=DOMAIN,
        taskList={"name": "no"},
    )
    swf("poll an empty list for decisions", "poll_for_decision_task", domain=DOMAIN, taskList={"name": "no"})
    swf("poll an empty list for activities", "poll_for_activity_task", domain=DOMAIN, taskList={"name": "no"})
    swf("poll a domain that is not there", "poll_for_decision_task", domain="none", taskList=DECIDE)


def _work(swf: Teller) -> None:
    run_id = swf.runs[0]
    swf.decide(
        "first decision",
        d("ScheduleActivityTask", activityId="a", activityType=ACT, input="i", control="c"),
        d("ScheduleActivityTask", activityId="b", activityType=ACT),
        d("ScheduleActivityTask", activityId="b", activityType=ACT),
        d("ScheduleActivityTask", activityId="c", activityType=NONE),
        d("ScheduleActivityTask", activityId="c", activityType=BARE),
        d("ScheduleActivityTask", activityId="c", activityType=OLD),
        d("StartTimer", timerId="t", startToFireTimeout="500", control="c"),
        d("StartTimer", timerId="t", startToFireTimeout="500"),
        d("CancelTimer", timerId="none"),
        d("RecordMarker", markerName="m", details="so far"),
        executionContext="context",
    )
    swf.history("history after the first decision", "w", run_id)
    swf("count waiting activity tasks", "count_pending_activity_tasks", domain=DOMAIN, taskList=WORK)
    task = swf("poll for an activity", "poll_for_activity_task", domain=DOMAIN, taskList=WORK, identity="me")
    token = task["taskToken"]
    swf("heartbeat", "record_activity_task_heartbeat", taskToken=token, details="half")
    swf("complete an activity", "respond_activity_task_completed", taskToken=token, result="r")
    swf("complete it again", "respond_activity_task_completed", taskToken=token, result="r")
    swf("heartbeat of what is over", "record_activity_task_heartbeat", taskToken=token)
    token = swf("poll for the second", "poll_for_activity_task", domain=DOMAIN, taskList=WORK)["taskToken"]
    swf("fail an activity", "respond_activity_task_failed", taskToken=token, reason="why", details="so")
    swf("complete with a made-up token", "respond_activity_task_completed", taskToken="made up")
    swf("signal", "signal_workflow_execution", domain=DOMAIN, workflowId="w", signalName="s", input="i")
    signal = {"domain": DOMAIN, "signalName": "s"}
    swf("signal without input", "signal_workflow_execution", **signal, workflowId="w", runId=run_id)
    swf("signal one that is not there", "signal_workflow_execution", **signal, workflowId="none")
    swf.decide("second decision", d("CancelTimer", timerId="t"))
    swf.history("history after the second decision", "w", run_id)
    swf.history("history backwards", "w", run_id, reverseOrder=True)
    swf.history("history three events a page", "w", run_id, maximumPageSize=3)
    swf.history("history of a run that is not there", "w", "none")


def _close(swf: Teller) -> None:
    swf("signal before the end", "signal_workflow_execution", domain=DOMAIN, workflowId="w", signalName="end")
    task = swf("last poll", "poll_for_decision_task", domain=DOMAIN, taskList=DECIDE, identity="me")
    token = task.get("taskToken", "x")
    early = [d("CompleteWorkflowExecution"), d("RecordMarker", markerName="late")]
    swf("close before another decision", "respond_decision_task_completed", taskToken=token, decisions=early)
    done = [d("CompleteWorkflowExecution", result="r")]
    swf("complete the execution", "respond_decision_task_completed", taskToken=token, decisions=done)
    swf("answer it again", "respond_decision_task_completed", taskToken=token, decisions=done)
    execution = {"workflowId": "w", "runId": swf.runs[0]}
    swf("describe a closed execution", "describe_workflow_execution", domain=DOMAIN, execution=execution)
    swf("list closed executions", "list_closed_workflow_executions", domain=DOMAIN, **EVER)
    status = {"closeStatusFilter": {"status": "FAILED"}}
    swf("list failed executions", "list_closed_workflow_executions", domain=DOMAIN, **EVER, **status)
    swf("list closed ones by nothing", "list_closed_workflow_executions", domain=DOMAIN)
    target = {"domain": DOMAIN, "workflowId": "w"}
    swf("signal a closed execution", "signal_workflow_execution", **target, signalName="s")
    swf("terminate a closed execution", "terminate_workflow_execution", **target)
    for step, closing in (
        ("fail", d("FailWorkflowExecution", reason="why", details="so")),
        ("cancel", d("CancelWorkflowExecution", details="so")),
        ("continue as new", d("ContinueAsNewWorkflowExecution", input="i")),
    ):
        name = step.split()[0]
        start: dict[str, Any] = {"domain": DOMAIN, "workflowId": name, "workflowType": FLOW}
        swf(f"{step}: start", "start_workflow_execution", **start)
        swf.decide(step, closing)
        swf.history(f"{step}: history", name, swf.runs[-1])
    start = {"domain": DOMAIN, "workflowId": "z", "workflowType": FLOW, "taskList": {"name": "z"}}
    swf("terminate: start", "start_workflow_execution", **start)
    terminate = {"domain": DOMAIN, "workflowId": "z", "reason": "why", "details": "so"}
    swf("terminate", "terminate_workflow_execution", **terminate)
    swf.history("terminate: history", "z", swf.runs[-1])
    for kind in ("StartChildWorkflowExecution", "SignalExternalWorkflowExecution"):
        listed = {"workflowId": kind, "taskList": {"name": kind}}
        swf(f"{kind}: start", "start_workflow_execution", **{**start, **listed})
        attributes = {"workflowType": FLOW} if kind.startswith("Start") else {"signalName": "s"}
        swf.decide(kind, d(kind, workflowId="none", **attributes), task_list=kind)


def _refuse(swf: Teller) -> None:
    domain = {"workflowExecutionRetentionPeriodInDays": "7"}
    swf("a name with a colon", "register_domain", name="a:b", **domain)
    swf("a name that is too long", "register_domain", name="x" * 257, **domain)
    swf("a retention of 91 days", "register_domain", name="long", workflowExecutionRetentionPeriodInDays="91")
    swf("a missing member", "register_domain", name="missing")
    swf("a member of the wrong type", "register_domain", name=5, **domain)
    swf("a page of 1001", "list_domains", registrationStatus="REGISTERED", maximumPageSize=1001)
    swf("a status that is none", "list_domains", registrationStatus="NONE")
    start: dict[str, Any] = {"domain": DOMAIN, "workflowId": "v", "workflowType": FLOW}
    swf("a timeout that is no number", "start_workflow_execution", **start, taskStartToCloseTimeout="soon")
    swf("six tags", "start_workflow_execution", **{**start, "workflowId": "u"}, tagList=list("abcdef"))
    swf(
        "a child policy that is none",
        "start_workflow_execution",
        **{**start, "workflowId": "t"},
        childPolicy="KILL",
    )


def _ask_for_the_rest(swf: Teller) -> None:
    swf("count open executions", "count_open_workflow_executions", domain="c", **EVER)
    swf("count closed executions", "count_closed_workflow_executions", domain="c", **EVER)
    for kind in ("workflow", "activity"):
        swf(f"delete a type of {kind}", f"delete_{kind}_type", **{"domain": DOMAIN, f"{kind}Type": OLD})
    swf("request a cancel", "request_cancel_workflow_execution", domain=DOMAIN, workflowId="continue")
    swf("cancel with a made-up token", "respond_activity_task_canceled", taskToken="made up")


def differences(ours: Any, theirs: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Where two answers differ: the path, and what stands there in each (None: nothing).

    Histories of different events differ as a whole; event by event they would only show the same again.
    """
    if ours == theirs:
        return []
    if path == "events" and not isinstance(ours, dict):
        kinds = [[event["eventType"] for event in events or []] for events in (ours, theirs)]
        if kinds[0] != kinds[1]:
            return [(path, *(", ".join(one) for one in kinds))]
    if isinstance(ours, dict) and isinstance(theirs, dict):
        keys = [*ours, *(key for key in theirs if key not in ours)]
        pairs = [(f"{path}.{key}".lstrip("."), ours.get(key), theirs.get(key)) for key in keys]
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = [(path, one, other) for one, other in zip(ours, theirs, strict=True)]
    else:
        return [(path, ours, theirs)]
    return [found for where, one, other in pairs for found in differences(one, other, where)]
