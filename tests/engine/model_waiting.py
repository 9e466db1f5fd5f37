"""Who waits in the model, and what wakes them: in the order of the events, each running to its next wait."""

from __future__ import annotations

from typing import Any

from .model_commands import Commands
from .model_state import CancelAsked, Continued, Fiber, Over, Promise, Stream, Told, Wait
from .records import decision
from .wire import attributes


class Waiting(Commands):
    """Functions run from wait to wait."""

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.main = Fiber(iter(()))  # type: ignore[arg-type]

    def wake(self) -> None:
        """Issue what can be issued, start the main function, then tell each wait what has happened."""
        self.issue_graph()
        if self.index == 0:
            self.advance(self.main, None)
        for wait in list(self.waits):
            if isinstance(wait, Wait) and wait.mode == "batch" and wait in self.waits and not self.has_ended:
                self.resume(wait, None)
        while self.queue and not self.has_ended:
            self.issue_graph()
            kind, what = self.queue.pop(0)
            match kind:
                case "cancel":
                    self.deliver_cancel()
                case "signal":
                    self.deal(what)
                case "promise":
                    for listener in list(self.waits):
                        if listener in self.waits and not self.has_ended:
                            self.notice(listener, what)
        self.issue_graph()
        self.queue.clear()

    def notice(self, listener: Wait | Stream, what: Promise) -> None:
        """Tell one that waits that a Promise has been resolved; resume it if that is what it waits for."""
        if isinstance(listener, Stream):
            self.flow(listener, what)
        elif listener.limit is not None and what is listener.limit.promise:
            self.resume(listener, what.error or Told("WaitTimeout"))
        elif what in listener.promises:
            listener.missing.discard(id(what))
            if listener.mode == "any":
                self.resume(listener, what)
            elif what.error is not None:
                self.resume(listener, Told(str(what.error)))
            elif not listener.missing:
                self.resume(listener, [promise.value for promise in listener.promises])

    def flow(self, stream: Stream, what: Promise) -> None:
        """One more for as_completed, or the end of its time."""
        if stream.limit is not None and what is stream.limit.promise:
            if stream.pending:
                stream.failure = what.error or Told("WaitTimeout")
                self.hand_out(stream)
            return
        while what in stream.pending and not self.has_ended:
            stream.pending.remove(what)
            stream.arrived.append(what)
            if not stream.pending and stream.limit is not None:
                self.cancel(stream.limit)
            self.hand_out(stream)

    def hand_out(self, stream: Stream) -> None:
        """Give who waits for the next its Promise, or the failure."""
        for wait in self.waits:
            if isinstance(wait, Wait) and wait.stream is stream:
                self.resume(wait, stream.arrived.pop(0) if stream.arrived else stream.failure)
                return

    # ── signals: the first that nobody took belongs to the first in the line, and so on

    def line(self, name: str) -> list[Wait]:
        """Those that wait for a signal of this name, in the order in which they began to."""
        return [
            wait
            for wait in self.waits
            if isinstance(wait, Wait) and wait.mode == "signal" and wait.signal == name
        ]

    def deal(self, name: str) -> None:
        line = self.line(name)
        if line and self.signals[name]:
            self.resume(line[0], self.signals[name].pop(0))

    # ── cancel requests

    def deliver_cancel(self) -> None:
        """Raised at the main function's present wait, unless that is shielded."""
        for wait in self.waits:
            if isinstance(wait, Wait) and wait.fiber is self.main and self.cancel_due and not self.shields:
                self.cancel_due = False
                self.resume(wait, CancelAsked())
                return

    # ── functions

    def resume(self, wait: Wait, what: Any) -> None:
        self.waits.remove(wait)
        # Reading: the timer of a wait that ended otherwise is canceled.
        if wait.limit is not None:
            self.cancel(wait.limit)
        self.advance(wait.fiber, what)

    def advance(self, fiber: Fiber | None, what: Any) -> None:
        """Run a function to its next wait, or to its end."""
        assert fiber is not None
        try:
            wait = fiber.steps.throw(what) if isinstance(what, BaseException) else fiber.steps.send(what)
        except StopIteration as stop:
            self.ended(fiber, None, stop.value)
        except Continued as asked:
            self.finish_run("ContinueAsNewWorkflowExecution", **self.continuation([[asked.value], {}]))
        except (Told, CancelAsked) as error:
            self.ended(fiber, error)
        except Over:
            pass
        else:
            self.suspend(fiber, wait)

    def suspend(self, fiber: Fiber, wait: Wait) -> None:
        if self.has_ended:
            return
        if fiber is self.main and self.cancel_due and not self.shields:
            self.cancel_due = False
            self.advance(fiber, CancelAsked())
            return
        wait.fiber = fiber
        if wait.seconds is not None:
            wait.limit = self.new("limit", seconds=wait.seconds)
            self.issue(wait.limit)
        self.waits.append(wait)

    def ended(self, fiber: Fiber, error: Told | CancelAsked | None, value: Any = None) -> None:
        if fiber.promise is not None:
            told = Told("WorkflowCanceled") if isinstance(error, CancelAsked) else error
            self.resolve(fiber.promise, told, value)
        elif error is None and self.is_forever:
            self.finish_run("ContinueAsNewWorkflowExecution", **self.continuation(self.next_input))
        elif error is None:
            self.finish_run("CompleteWorkflowExecution", result=self.log)
        elif isinstance(error, CancelAsked):
            self.cancel_all()
            self.finish_run("CancelWorkflowExecution")
        else:
            self.finish_run("FailWorkflowExecution", reason=str(error))

    def finish_run(self, how: str, **its: Any) -> None:
        """The decider's function has ended, and with it every branch; the run is to be closed."""
        if self.has_ended:
            return
        self.close = ("close", how), decision(how, **its)
        self.is_close_due = True
        self.waits.clear()
        self.graph.clear()

    def continuation(self, given: Any) -> dict[str, Any]:
        """What the next run gets: its input, and of this run what a type's default would else replace."""
        its = attributes(self.events[0])
        kept = ("childPolicy", "executionStartToCloseTimeout", "taskList", "taskStartToCloseTimeout")
        return {
            **{name: its[name] for name in kept},
            "input": [[], {}] if given is None else given,
            "workflowTypeVersion": its["workflowType"]["version"],
        }
