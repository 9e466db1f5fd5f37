"""A slow and obvious model of replay: what a program (`program.py`) decides, told from plain dict events.

Nothing is indexed and nothing is kept: every decision starts from event 1, what is needed is searched for.
Where the rules leave a choice, the reading taken here stands in a comment that begins with "Reading:".

    model_state      what a run consists of
    model_commands   what is asked for, taken back, matched with the record, sent
    model_waiting    who waits, and in which order they wake
    model_events     what events do to the work that they are about; retries
    model_steps      the steps of programs
    model            batch by batch
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .model_state import Fiber, Limits, Mismatch, Outcome, Wait
from .model_steps import Program
from .program import Block
from .wire import RUN_ID, Event

__all__ = ["Limits", "Mismatch", "Model", "Outcome"]


class Model(Program):
    """One replay of a program over a history."""

    def __init__(
        self,
        program: Block,
        events: Sequence[Event],
        task_in_hand: int | None,
        run_id: str = RUN_ID,
        limits: Limits | None = None,
        policies: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(events, task_in_hand, run_id, limits, policies)
        self.main = Fiber(self.function(program))
        self.is_forever = program[:1] == [("forever",)]

    def run(self) -> Outcome:
        """Replay all batches; what the last one asks for are the decisions."""
        for index, batch in enumerate(self.batches):
            self.index = index
            for one in batch.events:
                self.event_id = one["eventId"]
                self.apply(one)
            self.wake()
            if batch.record is not None:
                self.match(batch.record)
        if not self.batches or not self.is_last:
            return Outcome([], 0, False, self.log)
        is_crowded = any(isinstance(wait, Wait) and wait.mode == "batch" for wait in self.waits)
        return self.answer(is_crowded)

    def differ(self, kind: str, what: str) -> None:
        raise Mismatch(self.index + 1, kind, what)
