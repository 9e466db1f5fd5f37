"""Contenders for reading the pages of a history, each a function from bodies to what it makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import orjson
import simdjson
from botocore.model import OperationModel
from botocore.parsers import JSONParser
from botocore.session import get_session

from pyswf_fast._replay import History

Bodies = Sequence[bytes]
Parser = Callable[[Bodies], Any]


def pyswf_fast_index(bodies: Bodies) -> int:
    """Ours: scan and index; what became of everything can be asked for."""
    return len(History.from_pages(bodies))


def orjson_dicts(bodies: Bodies) -> int:
    """orjson: dicts, no index."""
    return sum(len(orjson.loads(body)["events"]) for body in bodies)


def json_dicts(bodies: Bodies) -> int:
    """The standard library: dicts, no index."""
    return sum(len(json.loads(body)["events"]) for body in bodies)


_simdjson = simdjson.Parser()


def simdjson_tape(bodies: Bodies) -> int:
    """simdjson: its tape alone, nothing that Python could read yet; the next page overwrites it."""
    for body in bodies:
        document = _simdjson.parse(body)
        del document
    return len(bodies)


def _operation() -> OperationModel:
    model = get_session().get_service_model("swf")
    return model.operation_model("PollForDecisionTask")


_botocore = JSONParser()
_shape = _operation().output_shape


def botocore_events(bodies: Bodies) -> list[dict[str, Any]]:
    """The events of all pages as boto3 gives them: dicts with datetimes."""
    found = []
    for body in bodies:
        found.extend(_botocore.parse({"status_code": 200, "headers": {}, "body": body}, _shape)["events"])
    return found


def botocore_dicts(bodies: Bodies) -> int:
    """botocore's own parser: what boto3 does to each response; no index."""
    return len(botocore_events(bodies))


# msgspec, typed: a struct for each type of event, told apart by eventType.

_event_shape = get_session().get_service_model("swf").shape_for("HistoryEvent")
_KINDS = {"string": str, "long": int, "integer": int, "structure": dict, "list": list, "timestamp": float}


def _tagged_union() -> Any:
    union: Any = None
    for name, shape in _event_shape.members.items():
        if not name.endswith("EventAttributes"):
            continue
        event_type = name[0].upper() + name[1:].removesuffix("EventAttributes")
        members = [(member, _KINDS[its.type_name] | None, None) for member, its in shape.members.items()]
        attributes = msgspec.defstruct(f"{event_type}Attributes", members, gc=False)
        event = msgspec.defstruct(
            event_type,
            [("eventId", int), ("eventTimestamp", float), (name, attributes)],
            tag_field="eventType",
            tag=event_type,
            gc=False,
        )
        union = event if union is None else union | event
    return union


_tagged = msgspec.json.Decoder(msgspec.defstruct("Tagged", [("events", list[_tagged_union()])]))


def msgspec_tagged(bodies: Bodies) -> int:
    """msgspec: every member of every event, typed; no index."""
    return sum(len(_tagged.decode(body).events) for body in bodies)


class _Scheduled(msgspec.Struct, gc=False):
    activityId: str


class _Completed(msgspec.Struct, gc=False):
    scheduledEventId: int
    result: str | None = None


class _Event(msgspec.Struct, gc=False):
    eventId: int
    eventType: str
    activityTaskScheduledEventAttributes: _Scheduled | None = None
    activityTaskCompletedEventAttributes: _Completed | None = None


class _Page(msgspec.Struct):
    events: list[_Event]


_needed = msgspec.json.Decoder(_Page)


def msgspec_needed(bodies: Bodies) -> int:
    """msgspec: only what these two histories need of two types of event; no index."""
    return sum(len(_needed.decode(body).events) for body in bodies)


PARSERS: dict[str, Parser] = {
    "pyswf_fast scan + index": pyswf_fast_index,
    "simdjson tape only": simdjson_tape,
    "msgspec needed fields": msgspec_needed,
    "msgspec tagged union": msgspec_tagged,
    "orjson dicts": orjson_dicts,
    "json dicts": json_dicts,
    "botocore dicts": botocore_dicts,
}
