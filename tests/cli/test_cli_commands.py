"""Each command, in processes of its own, against a service and a worker in theirs."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

import cli_tasks
import pytest
from cli_shell import Shell, start_service, stop

from pyswf_fast import History, Replayer


def fresh(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def close_status(shell: Shell, name: str) -> str:
    """How an execution closed, once it has."""
    deadline = time.monotonic() + 60
    while True:
        shown: Any = shell.json("show", name)
        if "closeStatus" in shown["executionInfo"]:
            return str(shown["executionInfo"]["closeStatus"])
        assert time.monotonic() < deadline, shown


def test_start_waits_and_prints_the_result(shell: Shell) -> None:
    found = shell.run("start", "cli_tasks:twice", "21", "--wait")
    assert (found.stderr, found.stdout, found.returncode) == ("", "42\n", 0)


def test_a_result_with_a_type_is_printed_as_it_travels(shell: Shell) -> None:
    found = shell.run("start", "cli_tasks:billed", '"1.50"', "--wait")
    assert (found.stderr, found.returncode) == ("", 0)
    assert json.loads(found.stdout) == {"total": "1.50", "due": "2026-01-31", "scan": "c2Nhbg=="}


def test_start_waits_for_a_service_that_was_just_started(tmp_path: Path) -> None:
    """A script may start both at once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    starting = Shell(f"http://127.0.0.1:{port}").start(
        "start", "cli_tasks:twice", "21", "--workflow-id", "early", stdout=subprocess.PIPE
    )
    time.sleep(2)
    service, _ = start_service(tmp_path / "swf.db", tmp_path / "log", port)
    try:
        out, _ = starting.communicate(timeout=60)
    finally:
        stop(service)
    assert (starting.returncode, out[:14]) == (0, "early: started")


@pytest.mark.parametrize("value", ['"ab"', "0", "false", "[1, null]", '"ü€"'])
def test_arguments_are_json(shell: Shell, value: str) -> None:
    result: Any = shell.json("start", "cli_tasks:twice", value, "[]", "--wait")
    assert result["result"] == [json.loads(value) * 2, []]
    assert set(result) == {"workflowId", "runId", "result"}


def test_a_registered_type_is_started_by_its_name(shell: Shell) -> None:
    shell.json("start", "cli_tasks:twice", "1", "--wait")
    found: Any = shell.json("start", "twice", "4", "--wait")
    assert found["result"] == 8


def test_a_type_that_is_not_registered_is_one_line(shell: Shell) -> None:
    found = shell.run("start", "no_such_type")
    assert found.returncode == 1
    assert found.stderr.count("\n") == 1
    assert "UnknownResourceFault" in found.stderr
    assert "no_such_type" in found.stderr


def test_a_workflow_that_fails_ends_with_1_and_says_why(shell: Shell) -> None:
    name = fresh("refused")
    found = shell.run("start", "cli_tasks:refused", '"not today"', "--wait", "--workflow-id", name)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.count("\n") == 1
    assert name in found.stderr


def test_an_execution_is_started_listed_shown_signaled_and_read(shell: Shell, tmp_path: Path) -> None:
    name = fresh("word")
    started: Any = shell.json(
        "start", "cli_tasks:wait_for_word", "--workflow-id", name, "--tag", "red", "--tag", "blue"
    )
    assert started["workflowId"] == name

    again = shell.run("start", "cli_tasks:wait_for_word", "--workflow-id", name)
    assert again.returncode == 1
    assert f"workflow '{name}' of domain 'cli-tests' is open already" in again.stderr
    by_type = shell.run("start", "wait_for_word", "--workflow-id", name)
    assert f"workflow '{name}' of domain 'cli-tests' is open already" in by_type.stderr

    listed: Any = shell.json("list", "--status", "open", "--tag", "red")
    assert [info["execution"]["runId"] for info in listed["executionInfos"]] == [started["runId"]]
    assert name in shell.run("list").stdout
    assert name not in shell.run("list", "--status", "closed").stdout

    shown: Any = shell.json("show", name)
    assert shown["executionInfo"]["executionStatus"] == "OPEN"
    assert re.search(rf"^workflow +{name}$", shell.run("show", name).stdout, re.MULTILINE)

    assert shell.run("signal", name, "word", '{"hello": ["wörld"]}').stdout == f"{name}: signaled\n"
    assert close_status(shell, name) == "COMPLETED"

    document = shell.run("history", name, "--json").stdout
    history = History.from_json(document.encode())
    assert [signal.name for signal in history.signals] == ["word"]
    replay = Replayer(cli_tasks.wait_for_word).replay(history)
    assert (replay.closed, replay.nondeterminism) == ("COMPLETED", None)
    table = shell.run("history", name).stdout
    assert "WorkflowExecutionSignaled" in table
    assert "signalName=word" in table
    last: Any = shell.json("history", name, "--reverse", "--limit", "1")
    assert [event["eventType"] for event in last["events"]] == ["WorkflowExecutionCompleted"]
    assert last["events"][0]["workflowExecutionCompletedEventAttributes"]["result"] == '{"hello":["wörld"]}'

    listed = shell.json("list", "--status", "completed", "--type", "wait_for_word")
    assert name in [info["execution"]["workflowId"] for info in listed["executionInfos"]]
    assert listed["executionInfos"][0]["tagList"] == ["red", "blue"]


def test_cancel_cancels(shell: Shell) -> None:
    name = fresh("sleeper")
    shell.json("start", "cli_tasks:sleep_long", "--workflow-id", name)
    assert shell.json("cancel", name) == {"workflowId": name, "cancelRequested": True}
    assert close_status(shell, name) == "CANCELED"


def test_terminate_terminates(shell: Shell) -> None:
    name = fresh("sleeper")
    shell.json("start", "cli_tasks:sleep_long", "--workflow-id", name)
    assert shell.run("terminate", name, "--reason", "enough").stdout == f"{name}: terminated\n"
    last: Any = shell.json("history", name, "--reverse", "--limit", "1")
    assert last["events"][0]["workflowExecutionTerminatedEventAttributes"]["reason"] == "enough"
    for command in (["cancel", name], ["signal", name, "s"]):
        assert "has closed: TERMINATED" in shell.run(*command).stderr
    again = shell.run("terminate", name)
    assert "has closed: TERMINATED" in again.stderr
    assert again.returncode == 1
    assert "UnknownResourceFault" in again.stderr
    assert again.stderr.count("\n") == 1


def said(shell: Shell, name: str, field: str) -> list[str]:
    """What `show` prints of an execution, by field."""
    return re.findall(rf"^{field} +(.*)$", shell.run("show", name).stdout, re.MULTILINE)


def test_show_says_why_an_execution_ended(shell: Shell) -> None:
    """The reason is that of its closing event; what is open, or has completed, has none."""
    failed, stopped, done = fresh("refused"), fresh("sleeper"), fresh("twice")
    shell.run("start", "cli_tasks:refused", '"not today"', "--wait", "--workflow-id", failed)
    shell.json("start", "cli_tasks:sleep_long", "--workflow-id", stopped)
    assert said(shell, stopped, "reason") == []
    shell.json("terminate", stopped, "--reason", "enough")
    shell.json("start", "cli_tasks:twice", "1", "--wait", "--workflow-id", done)
    assert said(shell, stopped, "reason") == ["enough"]
    assert said(shell, done, "reason") == []
    (reason,) = said(shell, failed, "reason")
    assert "ActivityTaskException: " in reason
    assert "not today" in reason


def test_show_cuts_what_a_decider_says(shell: Shell) -> None:
    """Reports of many lines are shown by their first; all of it is in the JSON."""
    name = fresh("talkative")
    shell.json("start", "cli_tasks:talkative", "--workflow-id", name)
    deadline = time.monotonic() + 60
    while not said(shell, name, "says"):
        assert time.monotonic() < deadline
    assert said(shell, name, "says") == ["waits"]
    shown: Any = shell.json("show", name)
    assert "for nobody xxx" in shown["latestExecutionContext"]
    shell.run("terminate", name)


@pytest.mark.parametrize("command", ["show", "history"])
def test_an_execution_that_is_not_there_is_one_line(shell: Shell, command: str) -> None:
    found = shell.run(command, "nobody")
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == "pyswf-fast: no workflow 'nobody' in domain 'cli-tests'\n"


def test_a_domain_without_executions_is_said(shell: Shell) -> None:
    found = shell.run("list", "--domain", "cli-tests", "--type", "never")
    assert (found.returncode, found.stdout) == (0, "no executions\n")


def test_options_go_before_the_environment(shell: Shell) -> None:
    other = Shell("http://127.0.0.1:1", domain="elsewhere")
    found = other.run("list", "--endpoint-url", shell.endpoint, "--domain", "cli-tests", "--type", "never")
    assert (found.returncode, found.stdout) == (0, "no executions\n")
