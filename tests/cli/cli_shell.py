"""The command line as users call it, and services in processes of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import orjson

import pyswf_fast

HERE = Path(__file__).parent
START_SECONDS = 60


class Shell:
    """Runs `pyswf-fast` with an environment in which nothing but one service can be reached."""

    def __init__(self, endpoint: str, domain: str | None = "cli-tests") -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYSWF_"))}
        self.endpoint = endpoint
        self.environment = {
            **kept,
            "AWS_ENDPOINT_URL_SWF": endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(Path(pyswf_fast.__file__).parents[1]),  # the build under test
        }
        if domain:
            self.environment["PYSWF_DOMAIN"] = domain

    def start(self, *words: str, **more: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "pyswf_fast.cli", *words]
        return subprocess.Popen(command, cwd=HERE, env=self.environment, text=True, **more)  # type: ignore[call-overload, no-any-return]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pyswf_fast.cli", *words]
        return subprocess.run(
            command, cwd=HERE, env=self.environment, text=True, capture_output=True, timeout=100
        )

    def json(self, *words: str) -> object:
        """What a command that succeeds prints with --json."""
        found = self.run(*words, "--json")
        assert (found.returncode, found.stderr) == (0, "")
        return orjson.loads(found.stdout)


def start_service(db: Path, log: Path, port: int = 0) -> tuple[subprocess.Popen[str], int]:
    """Start `pyswf-fast serve` and wait until it says where it listens."""
    with log.open("w") as stream:
        process = Shell("http://127.0.0.1:1").start(
            "serve", "--port", str(port), "--db", str(db), stdout=stream, stderr=stream
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", log.read_text()):
            return process, int(found[1])
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError(f"no service after {START_SECONDS} s: {log.read_text()}")


def stop(process: subprocess.Popen[str]) -> int:
    """Ask a process to end, and see that it does."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(30)
    finally:
        process.kill()
