"""The order in which executions are listed."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pyswf_fast.service.timeline import Timeline


class Stand:
    """As much of an execution as a timeline looks at."""

    def __init__(self, row: int) -> None:
        self.row = row


instants = st.integers(0, 9)


@given(st.lists(st.tuples(instants, st.booleans())), instants, st.none() | instants, st.booleans(), st.data())
def test_a_window_is_what_sorting_and_filtering_would_give(
    entries: list[tuple[int, bool]], oldest: int, latest: int | None, newest_first: bool, data: st.DataObject
) -> None:
    timeline, kept = Timeline(), []
    for row, (at, goes) in enumerate(entries):
        one: Any = Stand(row)
        timeline.add(at, one)
        kept.append(((at, row), one, goes))
    for (at, _), one, goes in kept:
        if goes:
            timeline.remove(at, one)
    left = sorted((place, one) for place, one, goes in kept if not goes)
    window = [(place, one) for place, one in left if oldest <= place[0] <= (9 if latest is None else latest)]
    if newest_first:
        window.reverse()
    assert list(timeline.between(oldest, latest, None, newest_first)) == window
    after = data.draw(st.tuples(instants, st.integers(0, len(entries))))
    behind = [(place, one) for place, one in window if (place < after if newest_first else place > after)]
    assert list(timeline.between(oldest, latest, after, newest_first)) == behind
