"""`docs/conformance.md`: what was written there by hand, and below it what the record shows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from .coverage import CANNOT_ARISE, Item, demanded, shown_by
from .model import (
    DECISIONS,
    EVENTS,
    OPERATIONS,
    PAGED,
    event_attributes,
    faults,
    members,
    output_shape,
)
from .model import decision_attributes as attributes_of
from .model import input_shape as input_of
from .recorder import Shown

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "conformance.md"
MARK = "<!-- What follows is written by tests/conformance/page.py. -->\n"
RECORDINGS = ROOT / "tests" / "histories"


def write(record: dict[str, Shown]) -> None:
    """Write the page anew."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), record), encoding="utf-8")


def page(written: str, record: dict[str, Shown]) -> str:
    """The page with the part below the mark replaced by what `record` shows."""
    by_hand, mark, _ = written.partition(MARK)
    return f"{by_hand}{mark or MARK}\n" + "\n".join(_Tables(record).lines())


class _Tables:
    """The tables of one record."""

    def __init__(self, record: dict[str, Shown]) -> None:
        self._shown = shown_by(record)
        self._demanded = [item for item in demanded() if item not in CANNOT_ARISE]
        self._breadth = Counter(_function(test) for tests in self._shown.values() for test in tests)

    def lines(self) -> Iterator[str]:
        yield f"Shown: {len(self._demanded)} things of the model. {len(CANNOT_ARISE)} cannot arise.\n"
        yield from self._operations()
        yield from self._faults()
        yield from self._decisions()
        yield from self._events()
        yield from self._values()
        yield from self._what_cannot_arise()

    def _operations(self) -> Iterator[str]:
        yield f"## Operations ({len(OPERATIONS)})\n"
        yield "Members that were sent and seen; operations in *italics* answer in pages.\n"
        yield from _head("operation", "request", "answer", "shown by")
        for name in OPERATIONS:
            asked = self._items("operation", name, members(input_of(name)))
            shape = output_shape(name)
            answered = self._items("answer", name, members(shape)) if shape else []
            shown = f"*{name}*" if name in PAGED else name
            yield _row(
                shown,
                self._count(asked),
                self._count(answered) if shape else "empty",
                self._tests(asked + answered),
            )
        yield ""

    def _faults(self) -> Iterator[str]:
        named = sorted({fault for operation in OPERATIONS for fault in faults(operation)})
        yield f"## Faults ({len(named)})\n"
        yield "On how many of the operations that the model names the fault for it was seen.\n"
        yield from _head("fault", "operations", "shown by")
        for fault in named:
            items = [("fault", operation, fault) for operation in OPERATIONS if fault in faults(operation)]
            yield _row(fault, self._count(items), self._tests(items))
        others = sorted({fault for kind, _, fault in self._shown if kind == "fault"} - set(named))
        for fault in others:
            items = [item for item in self._shown if item[0] == "fault" and item[2] == fault]
            yield _row(fault, str(len(items)), self._tests(items))
        yield ""

    def _decisions(self) -> Iterator[str]:
        yield f"## Decisions ({len(DECISIONS)})\n"
        yield from _head("decision", "attributes", "shown by")
        for name in DECISIONS:
            items = self._items("decision", name, members(attributes_of(name)))
            yield _row(name, self._count(items), self._tests(items))
        yield ""

    def _events(self) -> Iterator[str]:
        recorded = _recorded_types()
        yield f"## Event types ({len(EVENTS)})\n"
        yield "**Bold**: compared with [recordings](../tests/histories/README.md) of the real service.\n"
        yield from _head("event type", "attributes", "shown by")
        for name in EVENTS:
            items = self._items("event", name, members(event_attributes(name)))
            yield _row(f"**{name}**" if name in recorded else name, self._count(items), self._tests(items))
        yield ""

    def _values(self) -> Iterator[str]:
        yield "## Causes, timeouts and other values\n"
        yield from _head("member", "values seen", "shown by")
        names = dict.fromkeys(name for kind, name, _ in demanded() if kind == "value")
        for name in names:
            items = [item for item in self._demanded if item[:2] == ("value", name)]
            yield _row(name, ", ".join(value for _, _, value in items), self._tests(items))
        yield ""

    def _what_cannot_arise(self) -> Iterator[str]:
        yield "## What cannot arise\n"
        yield from _head("of", "what", "why")
        for (_, name, what), reason in CANNOT_ARISE.items():
            yield _row(name, what, reason)

    def _items(self, kind: str, name: str, inner: Iterable[str]) -> list[Item]:
        return [(kind, name, "")] * (kind != "answer") + [(kind, name, member) for member in inner]

    def _count(self, items: list[Item]) -> str:
        wanted = [item for item in items if item[2] and item not in CANNOT_ARISE]
        seen = sum(item in self._shown for item in wanted)
        return f"{seen} of {len(wanted)}" if wanted else "none"

    def _tests(self, items: list[Item]) -> str:
        """A few tests that show all of `items` together; of those that show as many, the narrowest."""
        left = {item for item in items if item in self._shown}
        names: list[str] = []
        while left:
            by_test: dict[str, set[Item]] = {}
            for item in left:
                for test in self._shown[item]:
                    by_test.setdefault(_function(test), set()).add(item)
            best = max(sorted(by_test), key=lambda test: (len(by_test[test]), -self._breadth[test]))
            left -= by_test[best]
            names.append(best)
        return ", ".join(map(_link, names))


def _function(test: str) -> str:
    """A test without its parameters."""
    return test.partition("[")[0]


def _link(test: str) -> str:
    module, _, name = test.partition("::")
    words = name.removeprefix("test_").replace("_", " ")
    return f"[{words}](../tests/conformance/{module}.py)"


def _head(*titles: str) -> list[str]:
    return [_row(*titles), "|" + "---|" * len(titles)]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _recorded_types() -> set[str]:
    return {
        event["eventType"]
        for path in RECORDINGS.glob("*.json")
        for event in json.loads(path.read_text(encoding="utf-8"))["events"]
    }
