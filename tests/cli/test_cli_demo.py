"""The demo comes to its end with the right results, also when its service is killed in the middle."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from cli_shell import Shell, start_service, stop

from pyswf_fast import Client, ServiceFault
from pyswf_fast.cli import survey

NOTE = re.compile(r"service at http://127\.0\.0\.1:(\d+), process (\d+)")
#: So many take long enough for a kill to come in the middle.
FILES = 130


@pytest.fixture
def start_demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Starts demos, and sees to it that none outlives its test."""
    demos: list[Demo] = []

    def start(*words: str) -> Demo:
        demos.append(Demo(tmp_path, *words))
        return demos[-1]

    yield start
    for demo in demos:
        stop(demo.process)
        assert demo.process.stdout is not None
        demo.process.stdout.close()


class Demo:
    """A demo in a process of its own, its notes in a file."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.notes = folder / "notes"
        shell = Shell("http://127.0.0.1:1", domain=None)
        shell.environment["TMPDIR"] = str(folder)
        with self.notes.open("w") as stream:
            self.process = shell.start(
                "demo", "--verify", "--json", *words, stdout=subprocess.PIPE, stderr=stream
            )

    def services(self) -> list[tuple[int, int]]:
        """Port and process of each service that was started so far."""
        return [(int(port), int(process)) for port, process in NOTE.findall(self.notes.read_text())]

    def until(self, happened: Any, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not happened():
            assert self.process.poll() is None, self.notes.read_text()
            assert time.monotonic() < deadline, self.notes.read_text()
            time.sleep(0.05)

    def summary(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            said = stream.read()
        assert self.process.wait(10) == 0, self.notes.read_text()
        summary: dict[str, Any] = orjson.loads(said)
        return summary


def check(summary: dict[str, Any], files: int = FILES) -> None:
    assert summary["verified"] is True
    assert sum(part["files"] for part in summary["packages"].values()) == files
    assert summary["attempts"] >= 2
    assert summary["audience"].startswith("process ")
    assert summary["workflows"] == 1 + len(summary["packages"])
    assert summary["activities"] >= survey.count_activities(survey.list_packages.orig(files))


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return (
        not Path(f"/proc/{process}/stat").exists() or " Z " not in Path(f"/proc/{process}/stat").read_text()
    )


def test_the_demo_surveys_and_leaves_nothing_behind(start_demo: Callable[..., Demo], tmp_path: Path) -> None:
    demo = start_demo("--limit", "30")
    check(demo.summary(), files=30)
    assert list(tmp_path.iterdir()) == [demo.notes]
    assert [process for _, process in demo.services() if alive(process)] == []


def test_a_service_killed_in_the_middle_is_started_again_and_every_result_is_right(
    start_demo: Callable[..., Demo], tmp_path: Path
) -> None:
    db = tmp_path / "swf.db"
    demo = start_demo("--limit", str(FILES), "--db", str(db))
    demo.until(demo.services)
    port, process = demo.services()[0]
    demo.until(lambda: completed(port) > 30)
    os.kill(process, signal.SIGKILL)
    check(demo.summary())
    assert "the service died (signal 9)" in demo.notes.read_text()
    assert [again for again, _ in demo.services()] == [port, port]
    assert db.exists()


def test_a_service_started_by_somebody_else_on_the_same_file_will_do(
    start_demo: Callable[..., Demo], tmp_path: Path
) -> None:
    db = tmp_path / "swf.db"
    demo = start_demo("--limit", str(FILES), "--db", str(db))
    demo.until(demo.services)
    port, process = demo.services()[0]
    demo.until(lambda: completed(port) > 30)
    # Stopped, the demo does not see its service die before the other one is there.
    os.kill(demo.process.pid, signal.SIGSTOP)
    os.kill(process, signal.SIGKILL)
    time.sleep(0.2)
    other, _ = start_service(db, tmp_path / "other.log", port)
    try:
        os.kill(demo.process.pid, signal.SIGCONT)
        check(demo.summary())
        assert f"another service answers at http://127.0.0.1:{port}" in demo.notes.read_text()
        assert len(demo.services()) == 1
    finally:
        stop(other)


def test_a_demo_that_is_told_to_stop_stops_its_processes(
    start_demo: Callable[..., Demo], tmp_path: Path
) -> None:
    demo = start_demo()
    demo.until(demo.services)
    port, process = demo.services()[0]
    demo.until(lambda: completed(port) > 0)
    demo.process.send_signal(signal.SIGTERM)
    assert demo.process.wait(30) == 128 + signal.SIGTERM
    assert not alive(process)
    assert list(tmp_path.iterdir()) == [demo.notes]


def completed(port: int) -> int:
    """How many activities of open executions are behind it, as one who looks in from outside can see."""
    try:
        with Client("demo", region="us-east-1", endpoint_url=f"http://127.0.0.1:{port}") as client:
            opened = client.list(status="OPEN")
            histories = [client.execution(info.workflow_id, info.run_id).history() for info in opened]
    except ServiceFault:
        return 0  # the domain is not there yet
    return sum(activity.state == "COMPLETED" for history in histories for activity in history.activities)


@pytest.mark.parametrize("files", [1, 143, 733, 2000, 50_000])
def test_batches_keep_the_number_of_activities_within_bounds(files: int) -> None:
    packages = [(f"package {n}", files // 40 + 1) for n in range(40)]
    most = survey.count_activities(packages)
    assert most <= survey.MOST_ACTIVITIES
    if files >= 500:
        assert most > 1000


def test_the_standard_library_here_takes_more_than_a_thousand_activities() -> None:
    assert 1000 < survey.count_activities(survey.list_packages.orig(None)) <= survey.MOST_ACTIVITIES


def test_every_module_belongs_to_one_group() -> None:
    packages = dict(survey.list_packages.orig(None))
    assert sum(packages.values()) == len(list(survey.source_files()))
    assert len(packages) < 80
    for name, count in packages.items():
        assert len(survey.list_files.orig(name, count)) == count
    limited = survey.list_packages.orig(20)
    assert sum(count for _, count in limited) == 20
