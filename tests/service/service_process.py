"""A `serve` in a process of its own, and plain HTTP to it."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import boto3
from botocore.config import Config

SCRIPT = """
import sys
from pyswf_fast.service.http import serve

serve("127.0.0.1", 0, sys.argv[1], longest_poll_seconds=float(sys.argv[2]))
"""


class Server:
    """The process; `url` is where it listens."""

    def __init__(
        self, db: str = ":memory:", longest_poll_seconds: float = 60, command: Sequence[str] = ()
    ) -> None:
        self.process = subprocess.Popen(
            command or [sys.executable, "-c", SCRIPT, db, str(longest_poll_seconds)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline()
        if not self.first_line.startswith("listening on http://127.0.0.1:"):
            raise AssertionError(f"{self.first_line}{self.process.communicate(timeout=20)[1]}")
        self.greeting = self.first_line + "".join(self.process.stdout.readline() for _ in range(3))
        self.url = self.first_line.split()[-1]
        self.address = self.url.removeprefix("http://")

    def client(self, region_name: str = "us-east-1") -> Any:
        config = Config(retries={"total_max_attempts": 1}, read_timeout=70, max_pool_connections=60)
        return boto3.client(
            "swf",
            endpoint_url=self.url,
            region_name=region_name,
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=config,
        )

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.address, timeout=70)

    def post(self, target: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = self.connect()
        try:
            connection.request("POST", "/", body, {"X-Amz-Target": target})
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return response.status, headers, response.read()
        finally:
            connection.close()

    def call(self, operation: str, **params: Any) -> Any:
        status, _, body = self.post(f"SimpleWorkflowService.{operation}", json.dumps(params).encode())
        assert status == 200, body
        return json.loads(body) if body else None

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Exit code and what it wrote to stderr."""
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=20)
        return self.process.returncode, err

    def kill(self) -> None:
        """End it at once, if it runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate(timeout=20)
