"""All that the model says there is, and what cannot arise in this service."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from .model import (
    DECISIONS,
    EVENTS,
    OPERATIONS,
    decision_attributes,
    enumerations,
    event_attributes,
    faults,
    input_shape,
    members,
    output_shape,
)
from .recorder import Shown

Item = tuple[str, str, str]  # the kind of thing, its name, what of it; "" for the thing itself

# What the model has and no client of this service can ever see, with the reason.
CANNOT_ARISE: dict[Item, str] = {
    ("answer", "ListOpenWorkflowExecutions", "executionInfos.closeStatus"): "an open execution has none",
    ("answer", "ListOpenWorkflowExecutions", "executionInfos.closeTimestamp"): "an open execution has none",
    **{
        ("fault", operation, "LimitExceededFault"): "the only quota of tags has a fault of its own"
        for operation in ("ListTagsForResource", "TagResource", "UntagResource")
    },
}


def demanded() -> Iterator[Item]:
    """Everything in the model."""
    for operation in OPERATIONS:
        yield "operation", operation, ""
        yield from (("operation", operation, member) for member in members(input_shape(operation)))
        yield from (("fault", operation, fault) for fault in faults(operation))
        answer = output_shape(operation)
        if answer:
            yield from (("answer", operation, member) for member in members(answer))
    for decision in DECISIONS:
        yield "decision", decision, ""
        yield from (("decision", decision, member) for member in members(decision_attributes(decision)))
    for event in EVENTS:
        yield "event", event, ""
        yield from (("event", event, member) for member in members(event_attributes(event)))
        for member, values in enumerations(event_attributes(event)):
            yield from (("value", f"{event}.{member}", value) for value in values)
    for name, structure in (
        ("executionInfo", "WorkflowExecutionInfo"),
        ("typeInfo", "WorkflowTypeInfo"),
        ("domainInfo", "DomainInfo"),
    ):
        for member, values in enumerations(structure):
            yield from (("value", f"{name}.{member}", value) for value in values)


def shown_by(record: dict[str, Shown]) -> dict[Item, list[str]]:
    """Everything that was shown, and by which tests."""
    found: dict[Item, list[str]] = defaultdict(list)
    for test, shown in record.items():
        for kind, things in shown.items():
            for name, what in things.items():
                for item in ("", *what) if kind in ("operation", "decision", "event") else what:
                    found[kind, name, item].append(test)
    return found
