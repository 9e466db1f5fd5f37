"""The lane of decision tasks: pollers, the thread that decides, and responders.

A decider's greenlets live on the thread that made them: one thread decides, and others keep the network away.
"""

from __future__ import annotations

import logging
import os
import queue
import re
import secrets
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any

from pyswf_fast.decider import (
    Call,
    Decision,
    DecisionContext,
    DecisionSettings,
    decide,
    pause,
)
from pyswf_fast.exceptions import ServiceFault, SwfError, UsageError
from pyswf_fast.fetching import DecisionTask, fetch
from pyswf_fast.kept import KeptRuns
from pyswf_fast.lanes import POLLERS_A_LIST, Lane
from pyswf_fast.polling import may_pass
from pyswf_fast.roster import read
from pyswf_fast.stall import StallWatch

__all__ = ["DecisionLane"]

logger = logging.getLogger("pyswf_fast.worker")

RESPONDERS = 2

#: Decision tasks that wait to be decided; more would grow old here while another worker could have them.
DECISIONS_WAITING = 2

#: How long a task may wait for the worker that keeps its run, in seconds; then all that serve its list may
#: have it.
STICKY_TIMEOUT = "10"

LONGEST_HOST = 63
LONGEST_LIST = 256


def own_list(task_list: str) -> str:
    """Name a list that stands in for another for this process alone, and for no other run of it."""
    host = re.sub(r"[^\w.-]", "-", socket.gethostname(), flags=re.ASCII)[:LONGEST_HOST]
    own = f".{host}.{os.getpid()}.{secrets.token_hex(4)}"
    return task_list[: LONGEST_LIST - len(own)] + own


class DecisionLane(Lane):
    """Decision tasks; see `Lane`.

    Parameters:
        on_exception: Is told that a decider's own code has failed, with the decision about to be sent.
        settings: How to decide.
        stall_timeout: Seconds after which a decider that blocks is reported; None never does.
        kept: The runs that are kept between their tasks; None keeps none.
    """

    operation = "PollForDecisionTask"

    def __init__(
        self,
        *args: Any,
        on_exception: Callable[[BaseException, DecisionContext], None],
        settings: DecisionSettings,
        stall_timeout: float | None,
        kept: KeptRuns | None,
        **kwargs: Any,
    ) -> None:
        self._kept = kept
        self._may_choose_list = True
        self._own_lists: dict[str, str] = {}  # this worker's list for kept runs -> the list it stands in for
        super().__init__(*args, **kwargs)
        self._on_exception = on_exception
        self._settings = settings
        self._watch = StallWatch(stall_timeout) if stall_timeout else None
        self._known: set[tuple[str, str, str]] = set()
        self.tasks: queue.Queue[DecisionTask | None] = queue.Queue(DECISIONS_WAITING)
        self._answers: queue.SimpleQueue[tuple[DecisionTask, Decision] | None] = queue.SimpleQueue()

    def _make_threads(self) -> list[threading.Thread]:
        responders = [
            threading.Thread(target=self._respond, name=f"responder {n}", daemon=True)
            for n in range(RESPONDERS)
        ]
        return [threading.Thread(target=self._decide, name="deciding", daemon=True), *responders]

    def finish(self) -> None:
        """Let the deciding thread end, which lets the responders end."""
        self.tasks.put(None)

    def _polls(self, task_list: str) -> Iterable[Mapping[str, Any]]:
        if self._kept is None:
            return super()._polls(task_list)
        own = own_list(task_list)
        self._own_lists[own] = task_list
        # the newest events first: of a run that is kept the others are known
        shared = ({"reverseOrder": True} for _ in range(POLLERS_A_LIST))
        return [*shared, {"taskList": {"name": own}, "startAtPreviousStartedEvent": True}]

    def _take(self, poll: Mapping[str, Any], body: bytes) -> bool:
        polled = poll["taskList"]["name"]
        task = fetch(self._send, poll, body, self._kept, self._own_lists.get(polled, polled))
        if task is None:
            return False
        self.tasks.put(task)
        return True

    def _decide(self) -> None:
        if self._watch is not None:
            self._watch.start()
        while (task := self.tasks.get()) is not None:
            self._answers.put((task, self.decide(task)))
        self.let_go()
        if self._watch is not None:
            self._watch.stop()
        for _ in range(RESPONDERS):
            self._answers.put(None)

    def decide(self, task: DecisionTask) -> Decision:
        """Decide a task; always on the same thread, to which the kept runs belong."""
        if self._kept is not None:
            self._kept.close_dropped()
        try:
            with self._watch.within(task) if self._watch else nullcontext():
                return decide(task, self._find, self._on_exception, self._settings, self._kept)
        except BaseException as error:  # noqa: BLE001 - a decider's SystemExit ends this decision alone
            return pause(task, error)

    def let_go(self) -> None:
        """Close the runs that are kept, on the thread that decided them."""
        if self._kept is not None:
            self._kept.close()

    def _find(self, task: DecisionTask) -> Any:
        return self._roster.find(task.type, task.started_list)

    def _respond(self) -> None:
        while (ready := self._answers.get()) is not None:
            self.respond(*ready)

    def respond(self, task: DecisionTask, decision: Decision) -> None:
        """Send what was decided, and make known what it asks for."""
        is_recorded = False
        try:
            for call in decision.calls:
                self._register(call)
            is_recorded = self._answer(task, decision)
        except Exception as error:  # noqa: BLE001 - the task times out and comes back; the others go on
            logger.error("%s: the decision could not be sent: %s", task, error)
        finally:
            if self._kept is not None:
                self._kept.settle(task.page.run_id, is_recorded and decision.is_kept)

    def _register(self, call: Call) -> None:
        """Register what a decision is the first to ask for: its own worker may not have started yet.

        Not where no list is named: a type's default list is its worker's to say.
        """
        key = (call.role, call.function.name, call.function.version)
        if key in self._known or call.task_list is None:
            return
        try:
            for served in read(call.role, [call.function]):
                served.register(self._transport, self._domain)
        except SwfError as error:
            logger.warning(
                "%s %s: could not be registered: %s", *key[1:], error
            )  # it may be there all the same
        else:
            self._known.add(key)

    def _answer(self, task: DecisionTask, decision: Decision) -> bool:
        """Send a decision; tells whether it was recorded as it was made."""
        try:
            self._send_decision(task, decision)
        except (ServiceFault, UsageError) as error:
            if isinstance(error, ServiceFault) and error.type == "UnknownResourceFault":
                logger.warning("%s: nobody waits for this decision any more: %s", task, error.message)
            elif may_pass(error):
                raise
            else:
                self._send_decision(task, pause(task, error))
            return False
        return True

    def _send_decision(self, task: DecisionTask, decision: Decision) -> None:
        next_list = self._next_list(task, decision)
        try:
            self._send("RespondDecisionTaskCompleted", {**decision.params, **next_list})
        except ServiceFault as fault:
            if fault.type != "OperationNotPermittedFault" or not next_list:
                raise
            # It may be the list that is not permitted: by the common one a run can go on, too.
            self._send("RespondDecisionTaskCompleted", decision.params)
            self._may_choose_list = False
            logger.warning("tasks cannot be sent to this worker's own list: %s", fault.message)

    def _next_list(self, task: DecisionTask, decision: Decision) -> dict[str, Any]:
        """Say by which list the next task is to come: this worker's own while it keeps the run."""
        if not self._may_choose_list:
            return {}
        if decision.is_kept and self._kept is not None and not self.stopping.is_set():
            own = next(own for own, shared in self._own_lists.items() if shared == task.task_list)
            return {"taskList": {"name": own}, "taskListScheduleToStartTimeout": STICKY_TIMEOUT}
        return {"taskList": {"name": task.started_list}} if task.is_sticky else {}
