"""What was called wrongly, or cannot work, is said in one clear line."""

from __future__ import annotations

import re
import socket
import sqlite3
import subprocess
from pathlib import Path

import pytest
from cli_shell import Shell, start_service, stop

NOWHERE = "http://127.0.0.1:1"
COMMANDS = "serve worker start list show history save replay signal cancel terminate demo".split()  # noqa: SIM905


@pytest.fixture
def lonely() -> Shell:
    """A shell without a domain and without a service."""
    return Shell(NOWHERE, domain=None)


def one_line(found: subprocess.CompletedProcess[str], code: int) -> str:
    """The only line on stderr of a command that ended with a code."""
    assert (found.returncode, found.stdout) == (code, ""), found.stderr
    assert found.stderr.count("\n") == 1, found.stderr
    assert found.stderr.startswith("pyswf-fast: ")
    return found.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_option_ends_with_2(lonely: Shell, command: str) -> None:
    line = one_line(lonely.run(command, "--no-such-option"), 2)
    assert "--no-such-option" in line
    assert f"See 'pyswf-fast {command} --help'." in line


def test_an_unknown_command_ends_with_2(lonely: Shell) -> None:
    assert "No such command 'fly'" in one_line(lonely.run("fly"), 2)


@pytest.mark.parametrize(
    "words",
    [
        ["worker", "cli_tasks"],
        ["list"],
        ["show", "w"],
        ["history", "w"],
        ["signal", "w", "s"],
        ["cancel", "w"],
        ["terminate", "w"],
        ["start", "cli_tasks:twice", "1"],
        ["start", "twice", "1"],
    ],
)
def test_without_a_domain_it_says_how_to_give_one(lonely: Shell, words: list[str]) -> None:
    line = one_line(lonely.run(*words), 1)
    assert "no SWF domain" in line
    assert "--domain" in line
    assert "PYSWF_DOMAIN" in line


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["worker", "no_such_module"], 1, "there is no module 'no_such_module' here"),
        (["worker", "json"], 1, "nothing in json has @decision_task or @activity_task"),
        (["start", "cli_tasks:nothing"], 1, "module 'cli_tasks' has no 'nothing'"),
        (["start", "cli_tasks:double", "1"], 1, "cli_tasks:double is no decider: put @decision_task on it"),
        (["start", "cli_tasks:twice", "one"], 2, "a string needs quotes of its own: '\"one\"'"),
        (["signal", "w", "name", "{"], 2, "VALUE is not JSON"),
        (["serve", "--port", "99999"], 2, "99999"),
        (["serve", "--lambda", "cli_tasks"], 1, "write MODULE:FUNCTION or NAME=MODULE:FUNCTION"),
        (["serve", "--lambda", "f=cli_tasks:nothing"], 1, "module 'cli_tasks' has no function 'nothing'"),
        (["serve", "--lambda", "json:loads", "--lambda", "loads=json:dumps"], 1, "are named 'loads'"),
        (["serve", "--throttle", "0"], 1, "a number above 0"),
        (["serve", "--deny", "StartTimers"], 1, "SWF has no operation and no decision of that name"),
        (["serve", "--limit", "timers=3"], 2, "there is no limit 'timers'; there are domains, types"),
        (["serve", "--limit", "open_timers=few"], 2, "limit open_timers is a whole number, not 'few'"),
        (["serve", "--limit", "open_timers"], 2, "whole number, not ''. See 'pyswf-fast serve --help'."),
        (["serve", "--survive-power-loss"], 2, "--survive-power-loss needs a file to keep things in"),
        (["serve", "--port", "0", "--db", "."], 1, "database . is a directory; name a file in it"),
        (["serve", "--limit", "history_events=1"], 1, "a whole number from 2 on"),
        (["worker"], 2, "Missing argument 'MODULE...'"),
    ],
)
def test_what_cannot_be_used_is_named(words: list[str], code: int, says: str) -> None:
    assert says in one_line(Shell(NOWHERE).run(*words), code)


def test_a_service_that_does_not_answer_is_named() -> None:
    shell = Shell(NOWHERE)
    shell.environment["AWS_MAX_ATTEMPTS"] = "1"
    assert "127.0.0.1:1" in one_line(shell.run("list"), 1)


def test_debug_shows_the_traceback() -> None:
    found = Shell(NOWHERE, domain=None).run("list", "--debug")
    assert found.returncode == 1
    assert "Traceback" in found.stderr


def test_a_port_in_use_is_said(lonely: Shell, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = lonely.run("serve", "--port", str(port), "--db", str(tmp_path / "swf.db"))
    line = one_line(found, 1)
    assert f"port {port}" in line
    assert "in use" in line


def test_a_database_locked_by_another_program_is_said(lonely: Shell, tmp_path: Path) -> None:
    db = tmp_path / "swf.db"
    other = sqlite3.connect(db)
    try:
        other.execute("create table t (x)")
        other.execute("begin exclusive")
        line = one_line(lonely.run("serve", "--port", "0", "--db", str(db)), 1)
    finally:
        other.close()
    assert str(db) in line
    assert re.search("lock|in use", line)


def test_a_database_served_by_another_service_is_said(lonely: Shell, tmp_path: Path) -> None:
    db = tmp_path / "swf.db"
    service, _ = start_service(db, tmp_path / "service.log")
    try:
        line = one_line(lonely.run("serve", "--port", "0", "--db", str(db)), 1)
    finally:
        assert stop(service) == 0
    assert str(db) in line


@pytest.mark.parametrize("db", ["/nowhere/at/all/swf.db", "."])
def test_a_database_that_cannot_be_is_said(lonely: Shell, db: str) -> None:
    assert db in one_line(lonely.run("serve", "--port", "0", "--db", db), 1)


def test_a_file_that_is_no_database_is_said(lonely: Shell, tmp_path: Path) -> None:
    db = tmp_path / "letter.txt"
    db.write_text("Dear reader, this is no database at all. " * 100)
    assert str(db) in one_line(lonely.run("serve", "--port", "0", "--db", str(db)), 1)
    assert db.read_text().startswith("Dear reader")


def test_help_names_every_command(lonely: Shell) -> None:
    found = lonely.run("--help")
    assert found.returncode == 0
    assert [name for name in COMMANDS if f"\n  {name} " not in found.stdout] == []


def test_a_reader_that_goes_away_is_no_error(lonely: Shell) -> None:
    with lonely.start("--help", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
