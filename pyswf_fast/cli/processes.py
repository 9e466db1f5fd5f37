"""The demo's processes: a service that is started again when it dies, and workers."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from pyswf_fast.exceptions import SwfError

__all__ = ["Processes"]

START_SECONDS = 60
STOP_SECONDS = 10
RETURN_SECONDS = 15
TAIL_LINES = 5
LISTENING = re.compile(r"listening on http://([^\s:]+):(\d+)")


class Processes:
    """The service and the workers of one demo, each with a log file in one folder.

    Parameters:
        folder: Where the logs go.
        db: The service's SQLite file.
        port: The service's port; 0 for a free one, which is kept when the service is started again.
        domain: The workers' domain.
        note: Told what happens to the processes, in one line.
    """

    def __init__(self, folder: Path, db: Path, port: int, domain: str, note: Callable[[str], None]) -> None:
        self.folder = folder
        self.db = db
        self.port = port
        self.domain = domain
        self.note = note
        self.service: subprocess.Popen[bytes] | None = None
        self.workers: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def endpoint(self) -> str:
        """Where the service is."""
        return f"http://127.0.0.1:{self.port}"

    def start_service(self) -> None:
        """Start the service and wait until it answers."""
        log = self.folder / "service.log"
        start = log.stat().st_size if log.exists() else 0
        self.service = self._spawn("service", ["serve", "--port", str(self.port), "--db", str(self.db)])
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            said = log.read_bytes()[start:].decode(errors="replace")
            if found := LISTENING.search(said):
                self.port = int(found[2])
                self.note(f"service at {self.endpoint}, process {self.service.pid}, file {self.db}")
                return
            if self.service.poll() is not None:
                raise SwfError(f"the service did not start: {tail(log)}")
            time.sleep(0.05)
        raise SwfError(f"the service did not answer in {START_SECONDS} s: {tail(log)}")

    def start_worker(self, name: str, arguments: list[str]) -> None:
        """Start a worker of the survey."""
        worker = ["worker", "pyswf_fast.cli.survey", "--domain", self.domain, *arguments]
        self.workers[name] = self._spawn(name, worker)

    def check(self) -> None:
        """See that all still run; a service that died is started again, unless somebody else did it."""
        for name, worker in self.workers.items():
            if worker.poll() is not None:
                log = self.folder / f"{name}.log"
                raise SwfError(f"{name} ended with exit code {worker.returncode}: {tail(log)}")
        if self.service is None or self.service.poll() is None:
            return
        died = self.service.returncode
        self.note(f"the service died ({'signal' if died < 0 else 'exit code'} {abs(died)})")
        self.service = None
        deadline = time.monotonic() + RETURN_SECONDS
        while not self.answers():
            try:
                self.start_service()
            except SwfError:  # noqa: PERF203 - it costs nothing beside what it does
                # Somebody may be starting one at this port, with this file, at this moment.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                return
        self.note(f"another service answers at {self.endpoint}")

    def answers(self) -> bool:
        """Whether a service answers at the port, whoever started it."""
        try:
            with urllib.request.urlopen(self.endpoint, timeout=5):  # noqa: S310 - our own http address
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def stop(self) -> None:
        """Stop the workers, which finish what is in hand, and only then what they answer to."""
        for worker in self.workers.values():
            end(worker)
        for worker in self.workers.values():
            bury(worker)
        if self.service is not None:
            end(self.service)
            bury(self.service)

    def _spawn(self, name: str, arguments: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own command line
                [sys.executable, "-m", "pyswf_fast.cli", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment(),
                start_new_session=True,  # Ctrl-C is ours to pass on, in order
            )

    def environment(self) -> dict[str, str]:
        """What the processes see: this service, any credentials, and nothing of a real account."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYSWF_"))}
        return {
            **own,
            "AWS_ENDPOINT_URL_SWF": self.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "demo",
            "AWS_SECRET_ACCESS_KEY": "demo",
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",  # old sources have escapes that new Pythons warn of
        }


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)


def bury(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of a process, and force it when it takes too long."""
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def tail(log: Path) -> str:
    """The last lines of a log, as one."""
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return " | ".join(lines[-TAIL_LINES:]) or "it said nothing"
