"""A debugger in a decider that stands still: at its waits, at its failure, or where it does not fit."""

from __future__ import annotations

import pdb  # noqa: T100 - it is what --pdb opens
import traceback
from types import FrameType, TracebackType

from pyswf_fast._replay import Run
from pyswf_fast.replayer import Waiting, is_users, users_frames, waiting

__all__ = ["Debugger"]

Stack = list[tuple[FrameType, int]]


class Debugger(pdb.Pdb):
    """pdb on the frames of a suspended run: they can be looked at, not stepped through.

    Parameters:
        run: The run, its code suspended.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(nosigint=True)
        self.prompt = "(pyswf) "
        self.was_quit = False
        self._run = run
        self._branches: dict[int, tuple[Waiting, FrameType]] = {
            stands.branch: (stands, frame)
            for stands, (_, _, _, frame) in zip(waiting(run), run.standing, strict=True)
        }
        self._chosen: Stack = []

    def stop(self, what: str) -> None:
        """Talk to whoever is at stdin until it is told to go on.

        Parameters:
            what: Which history this is.
        """
        failure = self._run.failure
        frame: FrameType | None = None
        failed: TracebackType | None = None
        if failure is not None and failure.__traceback__ is not None:
            self.message(f"{what}: the decider raised {type(failure).__qualname__}: {failure}")
            failed = failure.__traceback__
            self._chosen = [step for step in traceback.walk_tb(failed) if is_users(self._run, step[0])]
        elif self._branches:
            stands, frame = self._branches[min(self._branches)]
            self.message(f"{what}: {_headline(stands)}")
            self._chosen = self._stack_of(frame)
        if not self._chosen:
            self.message(
                f"{what}: the decider has ended, there is nowhere to stop; --until EVENT stops before"
            )
            return
        self.reset()
        self.interaction(frame, failed)
        self.was_quit = bool(self.quitting)

    def get_stack(self, f: FrameType | None, t: TracebackType | None) -> tuple[Stack, int]:  # noqa: ARG002
        """Show the user's frames alone."""
        return list(self._chosen), len(self._chosen) - 1

    def do_branch(self, arg: str) -> None:
        """branch [number]

        List the branches that stand still and what they wait for; with a number, go to that branch.
        """
        if not arg:
            for stands, _ in self._branches.values():
                self.message(_headline(stands))
            return
        if not arg.isdecimal() or int(arg) not in self._branches:
            self.error(f"one of the branches {', '.join(map(str, self._branches)) or '(none)'} expected")
            return
        _, frame = self._branches[int(arg)]
        self._chosen = self._stack_of(frame)
        self.setup(frame, None)
        self.print_stack_entry(self.stack[self.curindex])

    do_br = do_branch

    def do_step(self, arg: str) -> None:  # noqa: ARG002
        """step, next, until, return, jump, run

        Not here: the code stands still, and only new events make it go on.
        """
        self.error("the decider stands still here: look around, or replay with another --until EVENT")

    do_s = do_next = do_n = do_until = do_unt = do_return = do_r = do_jump = do_j = do_run = do_restart = (
        do_step
    )

    def _stack_of(self, frame: FrameType) -> Stack:
        return [(step, step.f_lineno) for step in users_frames(self._run, frame)]


def _headline(stands: Waiting) -> str:
    return f"branch {stands.branch}, {stands.name}, waits for {stands.waits_for}"
