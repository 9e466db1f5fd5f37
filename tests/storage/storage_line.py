"""What can go wrong between a store and S3."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError


class Line:
    """The way from a store to S3: what has gone over it, and what goes wrong there.

    `answers` are given one a request, in the place of S3's own, the last one for ever if `for_ever`.
    """

    def __init__(self, session: boto3.session.Session) -> None:
        self.requests: list[tuple[str, str]] = []
        self.answers: list[Callable[[Any], Any]] = []
        self.for_ever = False
        self.delay_secs = 0.0
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()
        events: Any = session.events
        events.register("before-send.s3", self._pass)

    def _pass(self, request: Any, **_: Any) -> Any:
        with self._lock:
            self.requests.append((request.method, request.url.partition("?")[0]))
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
            answer = None
            if self.answers:
                answer = self.answers[0] if self.for_ever else self.answers.pop(0)
        time.sleep(self.delay_secs)
        with self._lock:
            self.at_once -= 1
        return None if answer is None else answer(request)

    def count(self, method: str) -> int:
        return sum(name == method for name, _ in self.requests)

    def fail(self, *answers: Callable[[Any], Any], for_ever: bool = True) -> None:
        self.answers, self.for_ever = list(answers), for_ever

    def heal(self) -> None:
        self.answers = []


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


def refusal(status: int, code: str) -> Callable[[Any], Any]:
    """S3's answer to a request that it refuses."""
    body: Any = _Body(f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())
    return lambda request: AWSResponse(request.url, status, {}, body)


def silence(request: Any) -> Any:
    """No answer in time."""
    raise ReadTimeoutError(endpoint_url=request.url)
