"""Clients that live on while the service is killed under them, and what they were promised."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from service_conformance import member_of
from service_driver import DOMAIN, WORKFLOW_TYPE, activity, d, timer
from service_process import Server

__all__ = ["Fault", "Load"]

#: How soon a task is offered again whose poller died, or the service between its commit and its answer.
TASK_SECONDS = "2"
DECISIONS = {"domain": DOMAIN, "taskList": {"name": "decisions"}}
ACTIVITIES = {"domain": DOMAIN, "taskList": {"name": "activities"}}


class Fault(Exception):
    """An answer that is no success."""


class Client:
    """Calls of one thread, on a connection of its own to whichever service runs."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._connection: http.client.HTTPConnection | None = None

    def attempt(self, operation: str, **params: Any) -> Any:
        """One call; OSError or HTTPException where the service died, and may have done it or not."""
        headers = {"X-Amz-Target": f"SimpleWorkflowService.{operation}"}
        try:
            if self._connection is None:
                self._connection = self._load.server.connect()
            self._connection.request("POST", "/", json.dumps(params), headers)
            response = self._connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            time.sleep(0.02)
            raise
        if response.status != 200:
            raise Fault(json.loads(body)["__type"].partition("#")[2])
        return json.loads(body) if body else None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def until_answered(self, operation: str, **params: Any) -> tuple[Any, bool]:
        """Call until a service answers; also whether an attempt before may have been carried out."""
        again = False
        while True:
            try:
                return self.attempt(operation, **params), again
            except (OSError, http.client.HTTPException):  # noqa: PERF203
                again = True
                if self._load.over.is_set():
                    raise
            except Fault as fault:
                if again and fault.args[0] in (
                    "UnknownResourceFault",
                    "WorkflowExecutionAlreadyStartedFault",
                ):
                    return None, again  # the attempt before was carried out, or the task has timed out
                raise


class Load:
    """Starters, signalers, deciders and workers that go on over all restarts, and what they know.

    Parameters:
        server: The first service.
        seed: What they do in which order, as far as they are free to choose.
    """

    def __init__(self, server: Server, seed: int) -> None:
        self.server = server
        self.starting = threading.Event()  # while set, new workflows are started
        self.starting.set()
        self.over = threading.Event()
        self.runs: dict[str, str | None] = {}  # by workflowId; the runId is unknown where its answer was lost
        self.signals: Counter[tuple[str, str]] = Counter()
        self.possible_signals: set[tuple[str, str]] = set()
        self.decisions: Counter[str] = Counter()  # executionContexts
        self.results: Counter[str] = Counter()
        self.heartbeats: dict[tuple[str, int], str] = {}  # abandoned tasks: by run and startedEventId
        self.tokens: Counter[str] = Counter()
        self.errors: list[BaseException] = []
        jobs = [self._start, self._signal, self._signal, *[self._decide] * 3, *[self._work] * 4]
        self._threads = [
            threading.Thread(target=self._run, args=(job, random.Random(f"{seed} {n}"), n))
            for n, job in enumerate(jobs)
        ]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Return when all clients have ended."""
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _run(self, job: Callable[[Client, random.Random, str], None], chance: random.Random, n: int) -> None:
        client = Client(self)
        count = 0
        while not self.over.is_set():
            count += 1
            try:
                job(client, chance, f"{n}-{count}")
            except (OSError, http.client.HTTPException):
                pass
            except BaseException as error:  # noqa: BLE001 - the test shows it
                self.errors.append(error)
                break
        client.close()

    def _start(self, client: Client, chance: random.Random, name: str) -> None:
        time.sleep(0.02)
        if self.starting.is_set():
            answer, _ = client.until_answered(
                "StartWorkflowExecution", domain=DOMAIN, workflowId=name, workflowType=WORKFLOW_TYPE
            )
            self.runs[name] = answer and answer["runId"]

    def _signal(self, client: Client, chance: random.Random, name: str) -> None:
        time.sleep(0.01)
        if not self.runs or not self.starting.is_set():
            return
        target = chance.choice(list(self.runs))
        self.possible_signals.add((target, name))
        try:
            client.attempt(
                "SignalWorkflowExecution", domain=DOMAIN, workflowId=target, signalName="s", input=name
            )
        except Fault as fault:  # it has closed by now
            assert fault.args == ("UnknownResourceFault",)  # noqa: PT017
            self.possible_signals.discard((target, name))
        else:
            self.signals[target, name] += 1

    def _decide(self, client: Client, chance: random.Random, name: str) -> None:
        task = client.attempt("PollForDecisionTask", **DECISIONS)
        if not task["taskToken"]:
            return
        self.tokens[task["taskToken"]] += 1
        kinds = Counter(event["eventType"] for event in task["events"])
        decisions = []
        if not kinds["TimerStarted"]:
            decisions = [timer("t", 1), activity("a1"), activity("a2")]
        elif kinds["ActivityTaskCompleted"] >= 2 and kinds["TimerFired"]:
            decisions = [d("CompleteWorkflowExecution", result=name)]
        else:  # what timed out since the last decision is tried again
            since = [e for e in task["events"] if e["eventId"] > task["previousStartedEventId"]]
            retried = sum(e["eventType"] == "ActivityTaskTimedOut" for e in since)
            decisions = [activity(f"{name}-{n}") for n in range(retried)]
        token = task["taskToken"]
        try:
            _, again = client.until_answered(
                "RespondDecisionTaskCompleted", taskToken=token, decisions=decisions, executionContext=name
            )
        except Fault as fault:
            assert fault.args == ("UnknownResourceFault",), fault  # noqa: PT017 - it timed out meanwhile
        else:
            if not again:
                self.decisions[name] += 1

    def _work(self, client: Client, chance: random.Random, name: str) -> None:
        task = client.attempt("PollForActivityTask", **ACTIVITIES)
        if not task["taskToken"]:
            return
        token = task["taskToken"]
        self.tokens[token] += 1
        try:
            if chance.random() < 0.2:
                alive, _ = client.until_answered("RecordActivityTaskHeartbeat", taskToken=token, details=name)
                if alive is not None and chance.random() < 0.5:
                    key = (task["workflowExecution"]["runId"], task["startedEventId"])
                    self.heartbeats[key] = name
                    return
            _, again = client.until_answered("RespondActivityTaskCompleted", taskToken=token, result=name)
        except Fault as fault:
            assert fault.args == ("UnknownResourceFault",), fault  # noqa: PT017 - it timed out meanwhile
        else:
            if not again:
                self.results[name] += 1

    def check(self, workflow_id: str, events: list[dict[str, Any]], run_id: str) -> None:
        """Take what a history shows off what was promised."""
        for event in events:
            kind = event["eventType"]
            attributes = event[member_of(kind)]
            if kind == "WorkflowExecutionSignaled":
                signal = (workflow_id, attributes["input"])
                assert signal in self.possible_signals, "a signal that nobody sent, or that came twice"
                self.possible_signals.discard(signal)
                self.signals[signal] -= 1
            elif kind == "DecisionTaskCompleted":
                self.decisions[attributes["executionContext"]] -= 1
            elif kind == "ActivityTaskCompleted":
                self.results[attributes["result"]] -= 1
            elif kind == "ActivityTaskTimedOut":
                left = self.heartbeats.pop((run_id, attributes["startedEventId"]), None)
                assert left is None or attributes["details"] == left
