"""The lane of activity tasks: pollers, and the threads that run activities and answer."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from pyswf_fast._replay import Bound, Task
from pyswf_fast.exceptions import ConfigurationError, ServiceFault, UsageError
from pyswf_fast.lanes import Lane
from pyswf_fast.perform import ActivityTask, Answer, LetGo, perform
from pyswf_fast.polling import Slots, may_pass

__all__ = ["ActivityLane"]

logger = logging.getLogger("pyswf_fast.worker")


class ActivityLane(Lane):
    """Activity tasks; see `Lane`.

    Parameters:
        concurrency: How many run at once.
        on_exception: Is told what an activity raised, with its task.
    """

    operation = "PollForActivityTask"

    def __init__(
        self,
        *args: Any,
        concurrency: int,
        on_exception: Callable[[BaseException, Mapping[str, Any]], None],
        **kwargs: Any,
    ) -> None:
        self._running = Slots(concurrency)
        super().__init__(*args, **kwargs)
        self._on_exception = on_exception
        #: Gives the function that a task is for; tests put others in its place.
        self.find: Callable[[ActivityTask], Task[Any, Any] | Bound] = self._find
        self.tasks: queue.SimpleQueue[ActivityTask | None] = queue.SimpleQueue()
        self._concurrency = concurrency

    def _make_threads(self) -> list[threading.Thread]:
        return [
            threading.Thread(target=self._perform, name=f"activity {n}", daemon=True)
            for n in range(self._concurrency)
        ]

    def finish(self) -> None:
        """Let the activity threads end."""
        for _ in self.threads:
            self.tasks.put(None)

    def _slots(self) -> Slots:
        return self._running

    def _take(self, poll: Mapping[str, Any], body: bytes) -> bool:
        task = ActivityTask.from_bytes(self._domain, poll["taskList"]["name"], body)
        if task is None:
            return False
        self._running.take()
        self.tasks.put(task)
        return True

    def _perform(self) -> None:
        while (task := self.tasks.get()) is not None:
            with suppress(BaseException):  # it was logged; the others go on
                self.perform(task)

    def perform(self, task: ActivityTask) -> None:
        """Run a task's activity and send what came of it; raises what leaves the task to its timeouts."""
        try:
            self._answer(task, self._outcome(task))
        except LetGo:
            raise
        except BaseException as error:
            logger.error("%s: could not be answered: %s", task, error, exc_info=error)
            raise
        finally:
            self._running.release()

    def _find(self, task: ActivityTask) -> Task[Any, Any] | Bound:
        return self._roster.find(task.type, task.task_list)

    def _outcome(self, task: ActivityTask) -> Answer:
        try:
            activity = self.find(task)
        except ConfigurationError as error:
            logger.error("%s: %s", task, error)
            return Answer.failed(task.token, f"ConfigurationError: {error}", str(error))
        return perform(task, activity, self._transport, lambda error: self._on_exception(error, task.body))

    def _answer(self, task: ActivityTask, answer: Answer) -> None:
        if answer.operation is None:
            return
        try:
            self._send(answer.operation, answer.params)
        except (ServiceFault, UsageError) as error:
            if isinstance(error, ServiceFault) and error.type == "UnknownResourceFault":
                logger.warning("%s: nobody waits for its result any more: %s", task, error.message)
            elif may_pass(error):
                raise
            else:
                logger.error("%s: its result was refused: %s", task, error)
                refused = Answer.failed(task.token, "the service refused the result", str(error))
                self._send("RespondActivityTaskFailed", refused.params)
