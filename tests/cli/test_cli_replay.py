"""`pyswf-fast replay` and `save`: files and SWF, what is printed, and the exit code that CI sees."""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from cli_shell import Shell

from pyswf_fast.cli.sources import AHEAD, ahead


@pytest.fixture(scope="module")
def alone() -> Shell:
    """A shell without a service: replays of files need none."""
    return Shell("http://127.0.0.1:1", domain=None)


def events(kind: str, *more: tuple[str, dict[str, Any]], args: str = '[["a"],{}]') -> list[dict[str, Any]]:
    """A history: a start, its decision task, then what is given."""
    started = {
        "workflowType": {"name": kind, "version": "1.0"},
        "taskList": {"name": "default"},
        "input": args,
    }
    task = {"scheduledEventId": 2}
    named = [
        ("WorkflowExecutionStarted", started),
        ("DecisionTaskScheduled", {}),
        ("DecisionTaskStarted", task),
    ]
    return [
        {
            "eventId": number,
            "eventTimestamp": 1_700_000_000.5 + number,
            "eventType": name,
            f"{name[0].lower()}{name[1:]}EventAttributes": attributes,
        }
        for number, (name, attributes) in enumerate([*named, *more], 1)
    ]


DECIDED = ("DecisionTaskCompleted", {"scheduledEventId": 2, "startedEventId": 3})
SHIPPED = (
    ("ActivityTaskScheduled", {
        "activityId": "1", "activityType": {"name": "ship", "version": "1.0"},
        "decisionTaskCompletedEventId": 4, "taskList": {"name": "default"},
        "input": '[["a"],{"when":"later"}]',
    }),
    ("TimerStarted", {"timerId": "1", "startToFireTimeout": "30", "decisionTaskCompletedEventId": 4}),
)  # fmt: skip
WENT_ON = (
    ("ActivityTaskStarted", {"scheduledEventId": 5}),
    ("ActivityTaskCompleted", {"scheduledEventId": 5, "startedEventId": 7, "result": '"there"'}),
    ("DecisionTaskScheduled", {}),
    ("DecisionTaskStarted", {"scheduledEventId": 9}),
    ("DecisionTaskCompleted", {"scheduledEventId": 9, "startedEventId": 10}),
    ("TimerFired", {"timerId": "1", "startedEventId": 6}),
    ("DecisionTaskScheduled", {}),
    ("DecisionTaskStarted", {"scheduledEventId": 13}),
    ("DecisionTaskCompleted", {"scheduledEventId": 13, "startedEventId": 14}),
    (
        "WorkflowExecutionCompleted",
        {"result": '["bill for to a","there"]', "decisionTaskCompletedEventId": 15},
    ),
)
ORDER = events("order", DECIDED, *SHIPPED, *WENT_ON)


def write(path: Path, history: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"events": history}).encode()
    packs = {".gz": gzip.compress, ".zst": zstandard.compress}
    path.write_bytes(packs[path.suffix](text) if path.suffix in packs else text)
    return path


@pytest.fixture
def closed(tmp_path: Path) -> str:
    """A file with the history of an order that has completed."""
    return str(write(tmp_path / "closed.json", ORDER))


def replayed(shell: Shell, code: int, *words: str) -> str:
    """What `replay` prints, having ended with a code and without a word on stderr."""
    found = shell.run("replay", *words)
    assert (found.returncode, found.stderr) == (code, ""), found.stdout + found.stderr
    return found.stdout


def lines_of(shell: Shell, code: int, *words: str) -> list[dict[str, Any]]:
    """What it prints with --json: an object a line."""
    return [json.loads(line) for line in replayed(shell, code, *words, "--json").splitlines()]


# ── files


def test_a_history_that_fits_is_ok(alone: Shell, closed: str) -> None:
    """One line for the history, one for all, and 0."""
    line, summary = replayed(alone, 0, "cli_replayed:order", closed).splitlines()
    assert re.fullmatch(rf"ok +{closed}  16 events, 3 batches, [\d.]+ ms", line)
    assert re.fullmatch(r"1 history: 1 ok \(16 events in [\d.]+ s\)", summary)


def test_a_history_that_does_not_fit_is_reported_whole(alone: Shell, closed: str) -> None:
    """Nondeterminism: the report stands below the line, and 1."""
    out = replayed(alone, 1, "cli_changed:order", closed)
    assert out.startswith(f"nondeterminism  {closed}")
    assert "ActivityTaskScheduled '1' of ship 1.0" in out
    assert "1 history: 1 nondeterminism" in out


def test_strict_replays_compare_arguments(alone: Shell, tmp_path: Path) -> None:
    """What workers do not look at is compared with --strict: here the recorded input differs."""
    other = json.loads(json.dumps(ORDER).replace('[[\\"a\\"],{\\"when', '[[\\"b\\"],{\\"when'))
    assert other != ORDER
    path = str(write(tmp_path / "h.json", other))
    replayed(alone, 0, "cli_replayed:order", path)
    (misfit,) = lines_of(alone, 1, "cli_replayed:order", path, "--strict")
    assert misfit["nondeterminism"]["kind"] == "changed"


def test_a_directory_is_replayed_whatever_is_in_it(alone: Shell, tmp_path: Path) -> None:
    """All *.json, packed ones too, however deep, in order; a broken one stops no other, and is 1."""
    good = write(tmp_path / "a" / "good.json", ORDER)
    packed = write(tmp_path / "b" / "c" / "packed.json.gz", ORDER)
    broken = tmp_path / "b" / "broken.json"
    broken.write_text('{"events": [{"eventId": 2}')
    empty = write(tmp_path / "empty.json", [])
    tight = write(tmp_path / "tight.json.zst", ORDER)
    torn = tmp_path / "torn.json.gz"
    torn.write_bytes(gzip.compress(b"{}")[:-4])
    (tmp_path / "notes.txt").write_text("not mine")

    found = lines_of(alone, 1, "cli_replayed:order", str(tmp_path))

    said = {Path(one["history"]): (one["status"], one["events"]) for one in found}
    assert said == {
        good: ("ok", 16),
        broken: ("not_replayed", 0),
        packed: ("ok", 16),
        empty: ("not_replayed", 0),
        tight: ("ok", 16),
        torn: ("not_replayed", 0),
    }
    assert [Path(one["history"]) for one in found] == [good, broken, packed, empty, tight, torn]
    assert next(one["error"] for one in found if "broken" in one["history"])


def test_many_files_come_out_in_order(alone: Shell, tmp_path: Path) -> None:
    """However they are read, they are told in the order in which they are named."""
    names = [str(write(tmp_path / f"{n}.json", ORDER)) for n in range(40)]
    assert [one["history"] for one in lines_of(alone, 0, "cli_replayed", *names)] == names


def test_only_a_few_histories_are_read_ahead() -> None:
    """However many there are, memory holds a handful; who stops early does not read the others."""
    asked_for: list[int] = []

    def jobs() -> Iterator[tuple[int, Any]]:
        for n in range(1000):
            asked_for.append(n)
            yield n, lambda n=n: n * n

    results = ahead(jobs())
    for n in range(5):
        item, future = next(results)
        assert (item, future.result()) == (n, n * n)
        assert len(asked_for) == n + 1 + AHEAD
    results.close()
    assert len(asked_for) == 5 + AHEAD


def test_stdin(alone: Shell) -> None:
    """'-' is a history on stdin."""
    process = alone.start(
        "replay",
        "cli_replayed:order",
        "-",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, errors = process.communicate(json.dumps({"events": ORDER}), timeout=100)
    assert (process.returncode, errors) == (0, "")
    assert re.match(r"ok +stdin ", out)


def test_what_a_program_reads(alone: Shell, closed: str) -> None:
    """--json: an object a line, with the report as data."""
    (fits,) = lines_of(alone, 0, "cli_replayed", closed)
    assert fits["status"] == "ok"
    assert (fits["events"], fits["batches"], fits["closeStatus"]) == (16, 3, "COMPLETED")
    (misfit,) = lines_of(alone, 1, "cli_changed", closed)
    assert misfit["status"] == "nondeterminism"
    assert misfit["nondeterminism"]["kind"] == "missing"
    assert misfit["report"].startswith("nondeterminism")


def test_what_deciders_print_is_not_among_the_json(alone: Shell, tmp_path: Path) -> None:
    """A program that reads stdout sees objects alone; the rest goes to stderr."""
    path = str(write(tmp_path / "open.json", events("glance", args="")))
    found = alone.run("replay", "cli_replayed:chatty", path, "--json")
    assert (found.returncode, found.stderr) == (0, "hello\n")
    assert json.loads(found.stdout)["status"] == "ok"


def test_a_module_decides_its_own_types(alone: Shell, closed: str, tmp_path: Path) -> None:
    """With a module each history goes to its type's decider; other types are told, and 1 only if one asks."""
    other = str(write(tmp_path / "other.json", events("stranger")))
    found = lines_of(alone, 0, "cli_replayed", closed, other)
    assert [one["status"] for one in found] == ["ok", "other_type"]
    assert "stranger 1.0" in found[1]["error"]
    lines_of(alone, 1, "cli_replayed", closed, other, "--all-types")


def test_histories_none_of_which_is_replayed_are_no_success(alone: Shell, tmp_path: Path) -> None:
    """A check that checked nothing has failed."""
    other = str(write(tmp_path / "other.json", events("stranger")))
    (one,) = lines_of(alone, 1, "cli_replayed", other)
    assert one["status"] == "other_type"


def test_a_function_replays_what_it_is_given(alone: Shell, closed: str) -> None:
    """MODULE:FUNCTION replays any history; where it does not fit, the other type is told."""
    out = replayed(alone, 1, "cli_replayed:glance", closed)
    assert "type order 1.0 replayed as glance 1.0" in out


def test_a_decider_that_would_fail_its_workflow_now(alone: Shell, tmp_path: Path) -> None:
    """An exception in the task in hand is told with its line, and 1; MODULE:OBJECT.METHOD names a method."""
    path = str(write(tmp_path / "open.json", events("opening", args="")))
    out = replayed(alone, 1, "cli_replayed:corner_shop.opening", path)
    assert out.startswith("decider failed")
    assert "ValueError: the corner shop is closed" in out
    assert re.search(r"cli_replayed\.py:\d+ in opening", out)


# ── the decisions, the branches


def test_what_would_be_sent_next(alone: Shell, tmp_path: Path) -> None:
    """--decisions at the end of an open history, readable and exact; inputs are shown decoded."""
    path = str(write(tmp_path / "open.json", events("order")))
    out = replayed(alone, 0, "cli_replayed:order", path, "--decisions")
    assert "ScheduleActivityTask  '1'  ship 1.0  ('a', when='later')" in out
    assert "StartTimer  '1'  30 s" in out
    (exact,) = lines_of(alone, 0, "cli_replayed:order", path, "--decisions")
    assert [one["decisionType"] for one in exact["decisions"]] == ["ScheduleActivityTask", "StartTimer"]
    its = exact["decisions"][0]["scheduleActivityTaskDecisionAttributes"]
    assert json.loads(its["input"]) == [["a"], {"when": "later"}]


def test_a_long_input_is_shortened_for_people_only(alone: Shell, tmp_path: Path) -> None:
    """A long payload does not fill the screen; --json has it all."""
    item = "x" * 5000
    path = str(write(tmp_path / "open.json", events("order", args=json.dumps([[item], {}]))))
    assert max(map(len, replayed(alone, 0, "cli_replayed:order", path, "--decisions").splitlines())) < 300
    (exact,) = lines_of(alone, 0, "cli_replayed:order", path, "--decisions")
    assert item in exact["decisions"][0]["scheduleActivityTaskDecisionAttributes"]["input"]


@pytest.mark.parametrize(
    ("event", "kinds", "batches"),
    [
        (1, ["ScheduleActivityTask", "StartTimer"], 1),
        (3, ["ScheduleActivityTask", "StartTimer"], 1),
        (4, [], 2),
        (8, [], 2),
        (14, ["CompleteWorkflowExecution"], 3),
        (16, [], 3),
    ],
)
def test_until_an_event(alone: Shell, closed: str, event: int, kinds: list[str], batches: int) -> None:
    """--until replays a closed history, too, as if it had ended there."""
    (one,) = lines_of(alone, 0, "cli_replayed:order", closed, "--until", str(event), "--decisions")
    assert [decision["decisionType"] for decision in one["decisions"]] == kinds
    assert one["batches"] == batches
    assert one["closeStatus"] == ("COMPLETED" if event == 16 else None)


def test_past_the_last_decision_task(alone: Shell, tmp_path: Path) -> None:
    """The last events need no decision task yet: the decisions are those that would answer it."""
    path = str(write(tmp_path / "h.json", ORDER[:12]))
    out = replayed(alone, 0, "cli_replayed:order", path, "--decisions")
    assert "CompleteWorkflowExecution  ['bill for to a', 'there']" in out


def test_until_an_event_that_is_not_there(alone: Shell, closed: str) -> None:
    """A history without that event is told, and 1."""
    assert "an event of 1 to 16 expected, found 99" in replayed(
        alone, 1, "cli_replayed:order", closed, "--until", "99"
    )


def test_where_each_branch_stands(alone: Shell, closed: str) -> None:
    """--where: what each branch waits for in words, and the user's frames, the library's left out."""
    out = replayed(alone, 0, "cli_replayed:order", closed, "--until", "7", "--where")
    assert (
        "branch 0, order, waits for all of 2, not there yet: the end of branch 1, bill; "
        "activity ship 1.0 with id '1', scheduled at event 5, started at event 7" in out
    )
    assert "branch 1, bill, waits for timer '1' of 30 s, started at event 6" in out
    assert "return wait_all(spawn(bill, label), shipped)" in out
    assert "Timer.get(due).result" in out
    assert "pyswf_fast/workflow.py" not in out
    (data,) = lines_of(alone, 0, "cli_replayed:order", closed, "--until", "7", "--where")
    assert [(one["branch"], one["name"]) for one in data["where"]] == [(0, "order"), (1, "bill")]
    assert [frame["function"] for frame in data["where"][1]["stack"]] == ["bill"]
    assert "the decider has ended" in replayed(alone, 0, "cli_replayed:order", closed, "--where")


def test_where_an_async_decider_stands(alone: Shell, tmp_path: Path) -> None:
    """The frames of coroutines that wait for each other are all there."""
    path = str(write(tmp_path / "open.json", events("slow order")))
    (data,) = lines_of(alone, 0, "cli_replayed:slow_order", path, "--where")
    (main,) = data["where"]
    assert [frame["function"] for frame in main["stack"]] == ["slow_order", "wrapped"]
    assert main["waitsFor"] == "activity ship 1.0 with id '1', not recorded yet"


def test_where_it_does_not_fit(alone: Shell, closed: str) -> None:
    """--where of a mismatch is where the code stood then."""
    (data,) = lines_of(alone, 1, "cli_changed:order", closed, "--where")
    assert data["status"] == "nondeterminism"
    assert [frame["function"] for frame in data["where"][0]["stack"]] == ["order"]


def test_cached_functions_are_not_run_unless_one_says_so(alone: Shell, tmp_path: Path) -> None:
    """A check touches nothing: what is known without the cached result is decided, and that is told."""
    path = str(write(tmp_path / "open.json", events("glance", args="")))
    out = replayed(alone, 0, "cli_replayed:glance", path, "--decisions", "--where")
    assert "ScheduleActivityTask  '1'" in out
    assert "RecordMarker" not in out
    assert "cached functions not run: look" in out
    assert "waits for the result of look, a cached function, which was not run" in out
    found = alone.run("replay", "cli_replayed:glance", path, "--decisions", "--run-cached")
    assert (found.returncode, found.stderr) == (0, "looked\n")
    assert "RecordMarker  'cache'" in found.stdout


# ── the debugger


def debugged(shell: Shell, *words: str, say: str) -> tuple[str, int]:
    """What a debugger whose stdin is a pipe prints, and the exit code."""
    process = shell.start(
        "replay", *words, "--pdb", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    out, _ = process.communicate(say, timeout=100)
    return out, process.returncode


def test_debugger_where_the_decider_stands(alone: Shell, closed: str) -> None:
    """The frames of every branch can be looked at, up and down; stepping is not offered."""
    say = "p label\nbranch\nbranch 1\np due\nbranch 7\nnext\nw\nq\n"
    out, code = debugged(alone, "cli_replayed:order", closed, "--until", "7", say=say)
    assert code == 0
    assert "-> return wait_all(spawn(bill, label), shipped)" in out
    assert "'to a'" in out
    assert "branch 1, bill, waits for timer '1' of 30 s" in out
    assert "\n(pyswf) 30\n" in out
    assert "one of the branches 0, 1 expected" in out
    assert "the decider stands still here" in out


def test_debugger_in_an_async_decider(alone: Shell, tmp_path: Path) -> None:
    """The innermost coroutine first, the others above it."""
    path = str(write(tmp_path / "open.json", events("slow order")))
    out, code = debugged(alone, "cli_replayed:slow_order", path, say="p label\nup\np item\nq\n")
    assert code == 0
    assert "(pyswf) 'to a'" in out
    assert "(pyswf) 'a'" in out


def test_debugger_where_the_decider_failed(alone: Shell, tmp_path: Path) -> None:
    """A decider that raised is looked at where it raised."""
    path = str(write(tmp_path / "open.json", events("opening", args="")))
    out, code = debugged(alone, "cli_replayed:corner_shop.opening", path, say="p self.name\nq\n")
    assert code == 1
    assert "the decider raised ValueError: the corner shop is closed" in out
    assert "'the corner shop'" in out


def test_debugger_where_it_does_not_fit(alone: Shell, closed: str) -> None:
    """At a mismatch the report comes first, then the frame at which the code stood."""
    out, code = debugged(alone, "cli_changed:order", closed, say="p item\nq\n")
    assert code == 1
    assert out.startswith("nondeterminism")
    assert "(pyswf) 'a'" in out


def test_debugger_among_many(alone: Shell, closed: str, tmp_path: Path) -> None:
    """Of several histories it stops at those that do not fit; c goes on to the next, q ends it all."""
    bad = [str(write(tmp_path / f"bad{n}.json", events("opening", args=""))) for n in range(3)]
    words = ("cli_replayed:corner_shop.opening", bad[0], closed, *bad[1:])
    out, code = debugged(alone, *words, say="c\nc\nq\n")
    assert code == 1
    assert out.count("-> raise ValueError") == 3
    out, code = debugged(alone, *words, say="q\n")
    assert code == 1
    assert out.count("-> raise ValueError") == 1
    assert "1 history" in out


def test_debugger_does_not_open_where_there_is_no_decider(alone: Shell, tmp_path: Path) -> None:
    """What is no history is told like everywhere else."""
    path = str(write(tmp_path / "odd.json", [{**ORDER[1], "eventId": 1}]))
    out, code = debugged(alone, "cli_replayed:order", path, say="")
    assert code == 1
    assert "WorkflowExecutionStarted expected" in out
    assert "(pyswf)" not in out


def test_debugger_of_a_decider_that_has_ended(alone: Shell, closed: str) -> None:
    """There is nowhere to stop, and it says what to do."""
    out, code = debugged(alone, "cli_replayed:order", closed, say="")
    assert code == 0
    assert "--until EVENT" in out


def on_a_terminal(shell: Shell, *words: str, say: str = "") -> tuple[str, int]:
    """What a command writes to a terminal, and the exit code."""
    mine, its = pty.openpty()
    process = shell.start(*words, stdin=its, stdout=its, stderr=its)
    os.close(its)
    os.write(mine, say.encode())
    seen = b""
    try:
        while chunk := os.read(mine, 4096):
            seen += chunk
    except OSError:  # the other side has gone
        pass
    os.close(mine)
    return seen.decode().replace("\r\n", "\n"), process.wait(100)


def test_debugger_on_a_terminal(alone: Shell, closed: str) -> None:
    """It works for somebody who types."""
    words = ("replay", "cli_replayed:order", closed, "--until", "7", "--pdb")
    out, code = on_a_terminal(alone, *words, say="p item * 3\nq\n")
    assert code == 0
    assert "'aaa'" in out


def test_a_progress_bar_on_a_terminal(alone: Shell, closed: str) -> None:
    """Who watches sees how far it is; what is printed is whole."""
    out, code = on_a_terminal(alone, "replay", "cli_replayed:order", closed, closed)
    assert code == 0
    assert "replaying" in out
    assert out.count("16 events, 3 batches") == 2


# ── SWF


def wait_until_closed(shell: Shell, name: str) -> None:
    deadline = time.monotonic() + 60
    shown: Any = shell.json("show", name)
    while "closeStatus" not in shown["executionInfo"]:
        assert time.monotonic() < deadline, shown
        shown = shell.json("show", name)


def fresh(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def test_open_executions_the_check_before_a_deploy(shell: Shell) -> None:
    """Executions are read from SWF by filter and replayed with the code at hand."""
    name = fresh("word")
    started: Any = shell.json("start", "cli_tasks:wait_for_word", "--workflow-id", name, "--tag", "replayed")
    shell.json("start", "cli_tasks:sleep_long", "--workflow-id", fresh("sleeper"))
    try:
        found = lines_of(shell, 0, "cli_tasks:wait_for_word", "--status", "open", "--tag", "replayed")
        assert [(one["workflowId"], one["runId"], one["status"]) for one in found] == [
            (name, started["runId"], "ok")
        ]
        assert {one["status"] for one in lines_of(shell, 0, "cli_tasks", "--status", "open")} == {"ok"}
        (one,) = lines_of(
            shell, 0, "cli_tasks", "--workflow-id", name, "--run-id", started["runId"], "--where"
        )
        assert one["where"][0]["waitsFor"] == "a signal 'word'"
        changed = lines_of(shell, 0, "cli_changed:order", "--status", "open")
        assert changed == []  # there are none of its type
        kinds = {
            one["status"] for one in lines_of(shell, 0, "cli_changed", "--status", "open", "--limit", "1")
        }
        assert kinds <= {"other_type", "ok", "nondeterminism"}
    finally:
        shell.run("signal", name, "word", "1")


def test_the_domain_may_be_the_deciders_own(shell: Shell) -> None:
    """Where no other is given, the domain that the decorator names is searched."""
    name = fresh("word")
    shell.json("start", "cli_tasks:wait_for_word", "--workflow-id", name)
    try:
        homeless = Shell(shell.endpoint, domain=None)
        found = lines_of(homeless, 0, "cli_replayed:domestic", "--status", "open")
        assert name in [one["workflowId"] for one in found]
    finally:
        shell.run("signal", name, "word", "1")


def test_a_named_workflow_that_is_not_there(shell: Shell) -> None:
    """That a workflow or run that is named is not there is no success, as it is with other filters."""
    name = fresh("twice")
    shell.json("start", "cli_tasks:twice", "1", "--wait", "--workflow-id", name)
    for words, told in (
        (["--workflow-id", "nobody"], "no workflow 'nobody' in domain 'cli-tests'"),
        (["--workflow-id", name, "--run-id", "r1"], f"no run r1 of workflow '{name}' in domain 'cli-tests'"),
        (["--workflow-id", name, "--status", "open"], f"no workflow '{name}' with status open in domain"),
    ):
        found = shell.run("replay", "cli_tasks", *words)
        assert (found.returncode, found.stdout) == (1, "")
        assert found.stderr.startswith(f"pyswf-fast: {told}")
        assert found.stderr.count("\n") == 1
    replayed(shell, 0, "cli_tasks", "--workflow-id", name)
    assert replayed(shell, 0, "cli_tasks", "--status", "open", "--tag", "nothing").startswith("0 histories")


def test_executions_that_the_changed_code_does_not_fit(shell: Shell) -> None:
    """A workflow that the new code would break is found; those of other types are passed over."""
    name = fresh("word")
    shell.json("start", "cli_tasks:wait_for_word", "--workflow-id", name)
    shell.json("signal", name, "word", "1")
    shell.json("start", "cli_tasks:twice", "1", "--wait", "--workflow-id", fresh("twice"))
    wait_until_closed(shell, name)
    (misfit,) = lines_of(shell, 1, "cli_changed", "--workflow-id", name)
    assert misfit["status"] == "nondeterminism"
    assert misfit["nondeterminism"]["workflow_id"] == name
    assert misfit["nondeterminism"]["run_id"] == misfit["runId"]
    out = replayed(shell, 1, "cli_changed", "--status", "completed", "--days", "1", "--limit", "50")
    assert re.search(rf"^nondeterminism +{name} ", out, re.MULTILINE)
    assert re.search(r"^other type +twice-", out, re.MULTILINE)


def test_saved_histories_are_replayed(shell: Shell, tmp_path: Path) -> None:
    """`save` writes the histories of executions into a directory, which `replay` takes."""
    ids = [fresh("saved") for _ in range(3)]
    for name in ids:
        shell.json("start", "cli_tasks:twice", "2", "--wait", "--workflow-id", name, "--tag", ids[0])
    out = shell.run("save", str(tmp_path / "kept"), "--tag", ids[0], "--gzip")
    assert (out.returncode, out.stderr) == (0, "")
    assert len(out.stdout.splitlines()) == 3
    found = lines_of(shell, 0, "cli_tasks", str(tmp_path / "kept"))
    assert {one["workflowId"] for one in found} == set(ids)
    assert {one["status"] for one in found} == {"ok"}
    assert all(one["runId"] for one in found)
    (saved,) = [json.loads(line) for line in shell.run(
        "save", str(tmp_path / "one"), "--workflow-id", ids[1], "--json"
    ).stdout.splitlines()]  # fmt: skip
    assert saved["workflowId"] == ids[1]
    assert Path(saved["file"]).name.startswith(ids[1])


def test_the_history_command_and_replay_fit(shell: Shell, tmp_path: Path) -> None:
    """What `history --json` prints is replayed, and knows its run."""
    name = fresh("kept")
    started: Any = shell.json("start", "cli_tasks:twice", "2", "--wait", "--workflow-id", name)
    path = tmp_path / "h.json"
    path.write_text(shell.run("history", name, "--json").stdout)
    (one,) = lines_of(shell, 0, "cli_tasks:twice", str(path))
    assert (one["workflowId"], one["runId"]) == (name, started["runId"])


# ── called wrongly


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cli_replayed:order"], "such as --status open"),
        (["cli_replayed:order", "CLOSED", "--status", "open"], "not both"),
        (["cli_replayed:order", "nowhere.json"], "there is no file nowhere.json"),
        (["cli_replayed:order", "EMPTY"], "holds no file *.json"),
        (["cli_replayed:nobody", "CLOSED"], "has no 'nobody'"),
        (["cli_replayed:ship", "CLOSED"], "is no decider"),
        (["cli_replayed:Shop.opening", "CLOSED"], "MODULE:OBJECT.METHOD"),
        (["no_such_module", "CLOSED"], "there is no module 'no_such_module'"),
        (["cli_replayed:order", "CLOSED", "--until", "0"], "--until"),
        (["cli_replayed:order", "CLOSED", "CLOSED", "--run-id", "r"], "one history expected, found 2"),
        (["cli_replayed:order", "CLOSED", "--pdb", "--json"], "--pdb"),
        (
            ["cli_replayed", "--status", "open", "--type", "ordre"],
            "no decider of type ordre; it has chatty, ",
        ),
        (["cli_replayed:order", "--days", "1", "--since", "2020-01-01"], "not both"),
    ],
)
def test_called_wrongly_is_one_line_and_2(
    alone: Shell, closed: str, tmp_path: Path, words: list[str], said: str
) -> None:
    """What cannot be meant is told in one line, before anything is replayed."""
    (tmp_path / "empty").mkdir()
    named = {"CLOSED": closed, "EMPTY": str(tmp_path / "empty")}
    found = alone.run("replay", *(named.get(word, word) for word in words))
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.count("\n") == 1
    assert said in found.stderr


def test_a_service_that_is_not_there(tmp_path: Path) -> None:
    """No executions can be listed: one line, and 1."""
    nowhere = Shell("http://127.0.0.1:1")
    for words in (
        ["replay", "cli_replayed", "--status", "open"],
        ["save", str(tmp_path), "--status", "open"],
    ):
        found = nowhere.run(*words)
        assert (found.returncode, found.stdout) == (1, "")
        assert "Is the service running there?" in found.stderr
