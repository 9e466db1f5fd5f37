"""boto 2: its second layer for a decider and a worker; arguments: the service's address, the domain.

It sends the old target `com.amazonaws.swf.service.model.SimpleWorkflowService.<operation>`.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import types

sys.modules.setdefault("imp", types.ModuleType("imp"))  # gone in Python 3.12; only boto's plugins need it
MOVED = ("", ".moves", ".moves.queue", ".moves.urllib", ".moves.urllib.parse", ".moves.urllib.request")
for name in MOVED:  # boto's own copy of six does not know the import system of Python 3.12
    sys.modules[f"boto.vendored.six{name}"] = importlib.import_module(f"six{name}")

from beside import end, run_beside
from boto.exception import SWFResponseError
from boto.regioninfo import RegionInfo
from boto.swf.exceptions import SWFTypeAlreadyExistsError
from boto.swf.layer1 import Layer1
from boto.swf.layer1_decisions import Layer1Decisions

host, port = sys.argv[1].removeprefix("http://").split(":")
domain = sys.argv[2]


def connect() -> Layer1:
    region = RegionInfo(None, "us-east-1", host)
    connection = Layer1("nobody", "checks it", is_secure=False, port=int(port), region=region)
    connection.auth_region_name = "us-east-1"
    return connection


def run_worker() -> None:
    swf = connect()
    while True:
        task = swf.poll_for_activity_task(domain, "work", identity="the worker")
        if task.get("taskToken"):
            swf.record_activity_task_heartbeat(task["taskToken"], "half way")
            swf.respond_activity_task_completed(task["taskToken"], json.dumps(int(task["input"]) * 2))


def decide(events: list[dict[str, object]]) -> Layer1Decisions:
    """Double a number after a second, mark that, and complete when told to."""
    decisions = Layer1Decisions()
    kinds = [event["eventType"] for event in events]
    if "TimerStarted" not in kinds:
        decisions.start_timer("1", "pause", control="mine")
    elif "ActivityTaskScheduled" not in kinds and "TimerFired" in kinds:
        decisions.schedule_activity_task("a", "double", "1", task_list="work", input="21")
        decisions.record_marker("waited", "a second")
    elif "ActivityTaskCompleted" in kinds and "WorkflowExecutionSignaled" in kinds:
        done = next(event for event in events if event["eventType"] == "ActivityTaskCompleted")
        decisions.complete_workflow_execution(done["activityTaskCompletedEventAttributes"]["result"])
    return decisions


def run_decider() -> None:
    swf = connect()
    while True:
        task = swf.poll_for_decision_task(domain, "decide", identity="the decider", maximum_page_size=3)
        if task.get("taskToken"):
            events, page = list(task["events"]), task
            while "nextPageToken" in page:
                page = swf.poll_for_decision_task(
                    domain,
                    "decide",
                    identity="the decider",
                    maximum_page_size=3,
                    next_page_token=page["nextPageToken"],
                )
                events += page["events"]
            swf.respond_decision_task_completed(task["taskToken"], decide(events)._data)


swf = connect()
swf.register_domain(domain, "1", "made by boto 2")
swf.register_workflow_type(
    domain,
    "flow",
    "1",
    task_list="decide",
    default_child_policy="TERMINATE",
    default_execution_start_to_close_timeout="60",
    default_task_start_to_close_timeout="10",
)
limits = {f"default_task_{name}_timeout": "60" for name in ("schedule_to_close", "schedule_to_start")}
limits |= {f"default_task_{name}_timeout": "60" for name in ("start_to_close", "heartbeat")}
swf.register_activity_type(domain, "double", "1", task_list="work", **limits)
try:
    swf.register_activity_type(domain, "double", "1")
except SWFTypeAlreadyExistsError as fault:
    print("refused:", fault.body["message"])
try:
    swf.describe_domain("none")
except SWFResponseError as fault:
    print("refused:", fault.body["message"])
run_id = swf.start_workflow_execution(domain, "w", "flow", "1", tag_list=["tagged"])["runId"]
run_beside(run_decider, run_worker)
swf.signal_workflow_execution(domain, "go", "w")
while True:
    found = swf.describe_workflow_execution(domain, run_id, "w")["executionInfo"]
    if found["executionStatus"] == "CLOSED":
        break
    time.sleep(0.1)
print(found["closeStatus"], [one["name"] for one in swf.list_domains("REGISTERED")["domainInfos"]])
end()
