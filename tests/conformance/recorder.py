"""Notes what tests show: it watches a boto3 client's requests and answers, not what a test says of itself.

What each test showed is kept in `record.json`. A test that shows something else than stands there fails, so
that the record, and the page written from it (`docs/conformance.md`), stay true without any order among
tests. To write both anew, in one process:

    PYSWF_WRITE_CONFORMANCE=1 python -m pytest tests/conformance -p no:xdist
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .model import (
    COMMON_FAULTS,
    SHAPES,
    check_shape,
    decision_member,
    event_member,
    faults,
    given,
    output_shape,
)

RECORD = Path(__file__).with_name("record.json")
NAMESPACES = {
    "ValidationException": "com.amazon.coral.validate",
    "SerializationException": "com.amazon.coral.service",
    "ThrottlingException": "com.amazon.coral.availability",
}
# Where a deprecated domain is refused by a fault that the model does not name there.
BEYOND_THE_MODEL = {
    **dict.fromkeys(("RegisterActivityType", "RegisterWorkflowType", "StartWorkflowExecution"), "measured"),
    **dict.fromkeys(("UndeprecateActivityType", "UndeprecateWorkflowType"), "judged alike"),
}

Shown = dict[str, dict[str, list[str]]]  # what kind of thing -> its name -> what of it


def load() -> dict[str, Shown]:
    """What each test showed when the record was written."""
    found: dict[str, Shown] = json.loads(RECORD.read_text(encoding="utf-8"))
    return {test: {kind: _split(things) for kind, things in shown.items()} for test, shown in found.items()}


def save(record: dict[str, Shown]) -> None:
    """Write the record, one line for each thing that a test showed."""
    joined = {
        test: {
            kind: {name: " ".join(what) for name, what in things.items()} for kind, things in shown.items()
        }
        for test, shown in sorted(record.items())
    }
    RECORD.write_text(json.dumps(joined, indent=1) + "\n", encoding="utf-8")


def _split(things: dict[str, str]) -> dict[str, list[str]]:
    return {name: what.split() for name, what in things.items()}


class Recorder:
    """What was shown since the last `reset`."""

    def __init__(self) -> None:
        self._asked = threading.local()
        self.body = threading.local()  # of the latest answer, as it came
        self.reset()

    def reset(self) -> None:
        """Begin a new test."""
        self._shown: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Note nothing for a while."""
        noted = self._shown
        self.reset()
        yield
        self._shown = noted

    def shown(self) -> Shown:
        """All that was shown."""
        return {
            kind: {name: sorted(what) for name, what in sorted(things.items())}
            for kind, things in sorted(self._shown.items())
        }

    def watch(self, client: Any) -> None:
        """Note what `client`, a boto3 client, sends and receives, and check that it is of the right shape."""
        client.meta.events.register("provide-client-params.swf", self._request)
        client.meta.events.register("before-parse.swf", self._answer)

    def _request(self, params: dict[str, Any], **_: object) -> None:
        self._asked.params = params

    def _answer(self, operation_model: Any, response_dict: dict[str, Any], **_: object) -> None:
        operation, status, body = operation_model.name, response_dict["status_code"], response_dict["body"]
        self.body.bytes = body
        if status == 200:
            self._note_success(operation, self._asked.params, body)
        else:
            self._note_fault(operation, status, json.loads(body))

    def _note_success(self, operation: str, params: dict[str, Any], body: bytes) -> None:
        self._shown["operation"][operation].update(given(params))
        for decision in params.get("decisions", ()):
            kind = decision["decisionType"]
            self._shown["decision"][kind].update(given(decision.get(decision_member(kind), {})))
        shape = output_shape(operation)
        if shape is None:
            assert body == b"", f"{operation} answers {body!r}, which should be empty"
            return
        answer = json.loads(body)
        if answer.get("taskToken") == "":  # a poll that found nothing
            assert set(answer) <= {"taskToken", "startedEventId", "previousStartedEventId"}
        else:
            check_shape(answer, shape, operation)
        self._shown["answer"][operation].update(given(answer))
        self._note_values(answer)
        for event in answer.get("events", ()):
            attributes = event[event_member(event["eventType"])]
            self._shown["event"][event["eventType"]].update(given(attributes))
            self._note_enumerations(event["eventType"], f"{event['eventType']}EventAttributes", attributes)

    def _note_values(self, answer: dict[str, Any]) -> None:
        for info in [answer.get("executionInfo"), *answer.get("executionInfos", ())]:
            self._note_enumerations("executionInfo", "WorkflowExecutionInfo", info or {})
        for info in [answer.get("typeInfo"), *answer.get("typeInfos", ())]:
            self._note_enumerations("typeInfo", "WorkflowTypeInfo", info or {})
        for info in [answer.get("domainInfo"), *answer.get("domainInfos", ())]:
            self._note_enumerations("domainInfo", "DomainInfo", info or {})

    def _note_enumerations(self, owner: str, shape_name: str, value: dict[str, Any]) -> None:
        for member, reference in SHAPES[shape_name]["members"].items():
            if "enum" in SHAPES[reference["shape"]] and member in value:
                self._shown["value"][f"{owner}.{member}"].add(value[member])

    def _note_fault(self, operation: str, status: int, body: dict[str, Any]) -> None:
        assert status == 400
        assert set(body) == {"__type", "message"}
        namespace, _, code = body["__type"].partition("#")
        assert namespace == NAMESPACES.get(code, "com.amazonaws.swf.base.model")
        if code != "DomainDeprecatedFault" or operation not in BEYOND_THE_MODEL:
            assert code in {*faults(operation), *COMMON_FAULTS}, f"{operation}: {code}"
        self._shown["fault"][operation].add(code)
