"""Processes of their own for tests: a service that can be killed and comes back, and workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO

import pyswf_fast

HERE = Path(__file__).parent
SERVE = (
    "import sys; from pyswf_fast.service.http import serve; serve('127.0.0.1', int(sys.argv[1]), sys.argv[2])"
)


def environment(**more: str) -> dict[str, str]:
    """What a process needs to find this package and these tests, and nothing of the machine's AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYSWF_"))}
    paths = [str(Path(pyswf_fast.__file__).parents[1]), str(HERE), os.environ.get("PYTHONPATH", "")]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "AWS_EC2_METADATA_DISABLED": "true", **more}


class Service:
    """The embedded service in a process of its own.

    Parameters:
        db: Its SQLite file.
    """

    def __init__(self, db: Path) -> None:
        self.db = db
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, or start it again where it was."""
        command = [sys.executable, "-c", SERVE, str(self.port), str(self.db)]
        self._process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("listening on"), line
        self.port = int(line.rpartition(":")[2])

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Service:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


class WorkerProcess:
    """A script of this folder, run in a process of its own until the `with` ends.

    Parameters:
        service: What it works for.
        arguments: The script and its arguments.
        log: Where its output goes.
        domain: Its PYSWF_DOMAIN.
    """

    def __init__(self, service: Service, *arguments: str, log: Path, domain: str = "") -> None:
        self._log = log
        self._stream: IO[str] = log.open("a")
        more = {"AWS_ENDPOINT_URL_SWF": service.url, **({"PYSWF_DOMAIN": domain} if domain else {})}
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=HERE,
            env=environment(**more),
            stdout=self._stream,
            stderr=self._stream,
        )

    @property
    def output(self) -> str:
        """What it wrote."""
        return self._log.read_text()

    def wait_for(self, text: str, *, within: float = 20) -> None:
        """Wait until it has written something."""
        until = time.monotonic() + within
        while text not in self.output:
            assert time.monotonic() < until, f"no {text!r} in {self.output}"
            assert self.process.poll() is None, self.output
            time.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def ended(self, *, within: float = 20) -> int:
        """Wait for its end; its exit code."""
        return self.process.wait(within)

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._stream.close()
        if error is not None:
            print(self.output)
