"""The AWS CLI: each of its `swf` commands at least once, in the order of a workflow's life."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from clients_service import PATIENCE_SECONDS, Service, environment_of, kinds

EVER = "oldestDate=0"
FLOW, OLD = "name=flow,version=1", "name=old,version=1"


class Cli:
    """The `aws` program; which of its commands were used is remembered."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.program = environment_of("awscli") / "bin" / "aws"
        self.used: set[str] = set()

    def start(self, command: str, **options: str | tuple[str, ...] | bool) -> subprocess.Popen[str]:
        """`aws swf COMMAND`; an option is a value, several, or a flag."""
        self.used.add(command)
        arguments: list[str] = []
        for name, given in options.items():
            arguments.append(f"--{name.replace('_', '-')}")
            arguments += [given] if isinstance(given, str) else given if isinstance(given, tuple) else []
        return self.service.start([self.program, "swf", command, *arguments])

    def ended(self, program: subprocess.Popen[str], code: int) -> str:
        said, _ = program.communicate(timeout=PATIENCE_SECONDS)
        assert program.returncode == code, said
        return said

    def text(self, command: str, **options: Any) -> str:
        return self.ended(self.start(command, **options), 0)

    def __call__(self, command: str, **options: Any) -> Any:
        said = self.text(command, **options, output="json")
        return json.loads(said) if said else None

    def fault(self, command: str, **options: Any) -> str:
        """What a command says that the service refuses."""
        return self.ended(self.start(command, **options), 255).strip()


@pytest.fixture(scope="module")
def aws(service: Service) -> Iterator[Cli]:
    cli = Cli(service)
    yield cli
    plain = re.sub(r".\x08", "", cli.text("help"))  # bold letters are struck twice
    commands = set(re.findall(r"^\s*o ([a-z-]+)$", plain, re.MULTILINE)) - {"help"}
    assert len(commands) == 39
    assert cli.used >= commands, f"never called: {commands - cli.used}"


def test_domains_and_their_tags(aws: Cli) -> None:
    domain = {"name": "cli", "workflow_execution_retention_period_in_days": "1"}
    assert aws("register-domain", **domain, tags="key=a,value=1") is None
    assert aws.fault("register-domain", **domain) == (
        "An error occurred (DomainAlreadyExistsFault) when calling the RegisterDomain operation: cli"
    )
    arn = aws.text("describe-domain", name="cli", query="domainInfo.arn", output="text").strip()
    assert arn == "arn:aws:swf:us-east-1:000000000000:/domain/cli"
    aws("tag-resource", resource_arn=arn, tags="key=b,value=2")
    aws("untag-resource", resource_arn=arn, tag_keys="a")
    assert aws("list-tags-for-resource", resource_arn=arn) == {"tags": [{"key": "b", "value": "2"}]}
    aws("deprecate-domain", name="cli")
    listed = aws("list-domains", registration_status="DEPRECATED", query="domainInfos[].name")
    assert listed == ["cli"]
    aws("undeprecate-domain", name="cli")


def test_types(aws: Cli) -> None:
    aws(
        "register-workflow-type",
        domain="cli",
        name="flow",
        workflow_version="1",
        default_task_list="name=decide",
        default_child_policy="TERMINATE",
        default_execution_start_to_close_timeout="600",
        default_task_start_to_close_timeout="60",
    )
    aws(
        "register-activity-type",
        domain="cli",
        name="flow",
        activity_version="1",
        default_task_list="name=work",
        default_task_schedule_to_start_timeout="60",
        default_task_schedule_to_close_timeout="60",
        default_task_start_to_close_timeout="60",
        default_task_heartbeat_timeout="NONE",
    )
    for kind in ("Workflow", "Activity"):
        aws.service.call(f"Register{kind}Type", domain="cli", name="old", version="1")
        small = kind.lower()
        old: dict[str, Any] = {"domain": "cli", f"{small}_type": OLD}
        aws(f"deprecate-{small}-type", **old)
        aws(f"undeprecate-{small}-type", **old)
        assert "(TypeNotDeprecatedFault)" in aws.fault(f"delete-{small}-type", **old)
        named = {f"{small}Type": {"name": "old", "version": "1"}}
        aws.service.call(f"Deprecate{kind}Type", domain="cli", **named)
        aws(f"delete-{small}-type", **old)
        found = aws(f"describe-{small}-type", **{"domain": "cli", f"{small}_type": FLOW})
        assert found["typeInfo"]["status"] == "REGISTERED"
        assert abs(found["typeInfo"]["creationDate"] - time.time()) < 600
        listed = aws(f"list-{small}-types", domain="cli", registration_status="REGISTERED")
        assert [one[f"{small}Type"]["name"] for one in listed["typeInfos"]] == ["flow"]


def test_a_workflow_by_hand(aws: Cli) -> None:
    start = {"domain": "cli", "workflow_id": "w", "workflow_type": FLOW}
    aws("start-workflow-execution", **start, tag_list="tagged", input="é")
    assert "(WorkflowExecutionAlreadyStartedFault)" in aws.fault("start-workflow-execution", **start)
    assert aws("count-open-workflow-executions", domain="cli", start_time_filter=EVER)["count"] == 1
    counted = aws("count-pending-decision-tasks", domain="cli", task_list="name=decide")
    assert counted == {"count": 1, "truncated": False}

    task = aws("poll-for-decision-task", domain="cli", task_list="name=decide", identity="a person")
    assert task["events"][0]["workflowExecutionStartedEventAttributes"]["input"] == "é"
    scheduled = {"activityType": {"name": "flow", "version": "1"}}
    decisions = [
        {
            "decisionType": "ScheduleActivityTask",
            "scheduleActivityTaskDecisionAttributes": {**scheduled, "activityId": activity_id},
        }
        for activity_id in "abc"
    ]
    done = "respond-decision-task-completed"
    aws(done, task_token=task["taskToken"], decisions=json.dumps(decisions), execution_context="so far")
    assert aws.fault(done, task_token=task["taskToken"]) == (
        "An error occurred (UnknownResourceFault) when calling the RespondDecisionTaskCompleted operation: "
        "Unknown decision task, scheduledEventId = 2"
    )


def test_activities_by_hand(aws: Cli) -> None:
    assert aws("count-pending-activity-tasks", domain="cli", task_list="name=work")["count"] == 3
    for outcome, more in (
        ("completed", {"result": "r"}),
        ("failed", {"reason": "why"}),
        ("canceled", {"details": "enough"}),
    ):
        work = aws.service.call("PollForActivityTask", domain="cli", taskList={"name": "work"})
        if outcome == "canceled":
            beat = aws("record-activity-task-heartbeat", task_token=work["taskToken"], details="d")
            assert beat == {"cancelRequested": False}
        aws(f"respond-activity-task-{outcome}", task_token=work["taskToken"], **more)
    target = {"domain": "cli", "workflow_id": "w"}
    aws("signal-workflow-execution", **target, signal_name="s", input="i")
    aws("request-cancel-workflow-execution", **target)
    (opened,) = aws("list-open-workflow-executions", domain="cli", start_time_filter=EVER)["executionInfos"]
    assert opened["cancelRequested"] is True
    execution = f"workflowId=w,runId={opened['execution']['runId']}"
    described = aws("describe-workflow-execution", domain="cli", execution=execution)
    assert described["latestExecutionContext"] == "so far"
    aws("terminate-workflow-execution", **target, reason="enough", child_policy="ABANDON")
    assert "(UnknownResourceFault)" in aws.fault("terminate-workflow-execution", **target)


def test_what_is_closed_can_be_read(aws: Cli) -> None:
    (history,) = aws.service.histories("cli").values()
    (info,) = aws.service.closed("cli", "w")
    execution = f"workflowId=w,runId={info['execution']['runId']}"
    asked = {"domain": "cli", "execution": execution}
    read = "get-workflow-execution-history"
    assert kinds(aws(read, **asked, page_size="3")["events"]) == kinds(history)
    first = aws(read, **asked, max_items="2", reverse_order=True)
    second = aws(read, **asked, max_items="2", reverse_order=True, starting_token=first["NextToken"])
    last = len(history)
    assert [event["eventId"] for page in (first, second) for event in page["events"]] == [
        *range(last, last - 4, -1)
    ]
    ever: dict[str, Any] = {"domain": "cli", "start_time_filter": EVER}
    query = "executionInfos[].[execution.workflowId, closeStatus]"
    listed = aws.text(
        "list-closed-workflow-executions", **ever, tag_filter="tag=tagged", query=query, output="text"
    )
    assert listed == "w\tTERMINATED\n"
    assert aws("count-closed-workflow-executions", **ever)["count"] == 1


def test_a_poll_waits_for_its_task(aws: Cli) -> None:
    waiting = aws.start("poll-for-activity-task", domain="cli", task_list="name=later", query="activityId")
    workflow = {"name": "flow", "version": "1"}
    aws.service.call("StartWorkflowExecution", domain="cli", workflowId="later", workflowType=workflow)
    task = aws.service.call("PollForDecisionTask", domain="cli", taskList={"name": "decide"})
    attributes = {"activityId": "a", "activityType": workflow, "taskList": {"name": "later"}}
    decision = {"decisionType": "ScheduleActivityTask", "scheduleActivityTaskDecisionAttributes": attributes}
    aws.service.call("RespondDecisionTaskCompleted", taskToken=task["taskToken"], decisions=[decision])
    assert aws.ended(waiting, 0) == '"a"\n'


def test_what_the_cli_refuses_and_what_the_service_refuses(aws: Cli) -> None:
    assert "--name" in aws.ended(aws.start("describe-domain"), 2)
    domain = {"name": "a:b", "workflow_execution_retention_period_in_days": "1"}
    assert "(ValidationException)" in aws.fault("register-domain", **domain)
