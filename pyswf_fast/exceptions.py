"""Every exception that pyswf_fast raises, sorted by whose fault it is.

SwfError
├── UsageError                          the caller's: a call that cannot work
│   ├── ConfigurationError              a domain, task list or option that is missing or wrong
│   ├── SerializationError              a value that cannot become text, or text that is no value
│   │   └── ConversionError             a value that is not of the type which an annotation names
│   └── PayloadTooLarge                 text longer than its SWF field
├── ServiceFault                        the service's: an answer other than 200
├── DataStoreError                      the store's: what a reference names cannot be had
│   ├── DataStoreUnavailable            no answer, a throttle, an error of the service
│   ├── DataStoreDenied                 the credentials may not, or there are none
│   │   └── CredentialsExpired          they might, if they were still valid
│   ├── DataStoreMissing                there is no such bucket
│   ├── PayloadMissing                  there is no such object
│   ├── PayloadCorrupted                its bytes are not those that were written
│   ├── ForeignReference                it lies outside of the store's own place
│   └── DecompressionLimitExceeded      more would come out of it than may
├── HistoryFormatError                  bytes that are no history
├── HistoryTooLongError                 a history about to reach the length at which SWF ends its execution
├── NondeterminismError                 the decider's: it asks for other things than history recorded
├── ActivityTaskException               work that a decider asked for and that did not complete
│   ├── ChildWorkflowException
│   ├── LambdaTaskException
│   ├── TimerException
│   ├── ContinueAsNewException          the run itself, which was to go on as new
│   └── ExternalWorkflowException       a signal or cancel request to another execution
├── Canceled                            a Promise whose work was canceled
├── WaitTimeout                         a wait that took longer than its timeout
├── RemoteError                         stands for an exception raised in another process
├── WorkflowFailed                      an execution, seen by its starter, that did not complete
│   ├── WorkflowTimedOut
│   ├── WorkflowTerminated
│   └── WorkflowWasCanceled
└── UnfulfilledPromiseException         importable for PySwfAws's users, never raised

WorkflowCanceled (BaseException)        raised in a decider whose execution is asked to cancel;
                                        `except Exception` must not swallow it
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "ActivityTaskException",
    "Canceled",
    "ChildWorkflowException",
    "ConfigurationError",
    "ContinueAsNewException",
    "ConversionError",
    "CredentialsExpired",
    "DataStoreDenied",
    "DataStoreError",
    "DataStoreMissing",
    "DataStoreUnavailable",
    "DecompressionLimitExceeded",
    "ExternalWorkflowException",
    "ForeignReference",
    "HistoryFormatError",
    "HistoryTooLongError",
    "LambdaTaskException",
    "NondeterminismError",
    "PayloadCorrupted",
    "PayloadMissing",
    "PayloadTooLarge",
    "RemoteError",
    "SerializationError",
    "ServiceFault",
    "SwfError",
    "TimerException",
    "UnfulfilledPromiseException",
    "UsageError",
    "WaitTimeout",
    "WorkflowCanceled",
    "WorkflowFailed",
    "WorkflowTerminated",
    "WorkflowTimedOut",
    "WorkflowWasCanceled",
]


class SwfError(Exception):
    """The base of all errors of this library."""


class UsageError(SwfError):
    """A call that cannot work as it was made."""


class ConfigurationError(UsageError):
    """Something that must be known (a domain, a task list, …) was given nowhere, or is out of its range."""


class SerializationError(UsageError, ValueError):
    """A value that its serializer cannot write, or text that it cannot read."""


class ConversionError(SerializationError):
    """What was read is not of the type that the function's annotation names, or that cannot be read at all.

    Raised where the value is read. The data may be older than the annotation: a decision that ends with this
    error is not made, it pauses until code that fits is deployed.
    """


class PayloadTooLarge(UsageError, ValueError):
    """Text that is longer than the SWF field it should travel in."""


class ServiceFault(SwfError):
    """The service refused a request.

    Parameters:
        type: The fault's name without namespace, such as ``UnknownResourceFault``.
        message: What the service said, as it said it.
    """

    def __init__(self, type: str, message: str = "") -> None:
        super().__init__(type, message)
        self.type = type
        self.message = message

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type


class DataStoreError(SwfError):
    """A data store does not answer, or lacks what a reference names, or holds something else.

    A decision that meets it pauses and is made later; no workflow fails by it.

    Parameters:
        message: What could not be had, and why.
        reference: What was to be read, or where something was to be written; None where it is not known.
    """

    #: Whether the same may succeed later, though nothing in the store or the code is changed.
    may_pass = False

    def __init__(self, message: str, reference: str | None = None) -> None:
        super().__init__(message)
        self.reference = reference


class DataStoreUnavailable(DataStoreError):
    """A data store does not answer, or says that it cannot for now, also when asked again."""

    may_pass = True


class DataStoreDenied(DataStoreError):
    """A data store does not let these credentials read or write, or there are none."""

    may_pass = True


class CredentialsExpired(DataStoreDenied):
    """The credentials for a data store were valid, and are not any more."""


class DataStoreMissing(DataStoreError):
    """The bucket of a data store does not exist."""

    may_pass = True


class PayloadMissing(DataStoreError):
    """A data store has nothing under a reference: it was deleted, by hand or by a rule, or never written."""


class PayloadCorrupted(DataStoreError):
    """What a reference names, or a field holds, is not what was written: cut short, or altered."""


class ForeignReference(DataStoreError):
    """A reference that leads out of the store's own place, where it is not followed."""


class DecompressionLimitExceeded(DataStoreError):
    """A payload that would be larger than its data store allows, once it is decompressed."""


class HistoryFormatError(SwfError, ValueError):
    """Bytes that are not a history as SWF writes it.

    Parameters:
        message: What was expected and what was found.
        offset: Byte offset in the page where reading stopped, or None.
        event_id: The event concerned, or None.
    """

    def __init__(self, message: str, *, offset: int | None = None, event_id: int | None = None) -> None:
        where = []
        if event_id is not None:
            where.append(f"event {event_id}")
        if offset is not None:
            where.append(f"byte {offset}")
        super().__init__(f"{message} ({', '.join(where)})" if where else message)
        self.offset = offset
        self.event_id = event_id


class HistoryTooLongError(SwfError):
    """An execution's history is about to reach 25,000 events, at which SWF terminates it without a word.

    The worker fails the execution before that, so that somebody learns why it ended.

    Parameters:
        events: How many events its history has.
    """

    def __init__(self, events: int) -> None:
        super().__init__(
            f"the history has {events:,} events, and SWF terminates an execution that reaches 25,000: "
            "continue as new before that (workflow.info.continue_as_new_suggested says when, "
            "workflow.continue_as_new(…) does it), or split the work into child workflows"
        )
        self.events = events


class NondeterminismError(SwfError):
    """A decider asked for other things than its history recorded.

    Parameters:
        message: The report, for people.
        report: The same as data for programs, which is JSON:

            ``kind``: missing, extra, renamed, reordered or changed; unstable, where two replays came to
            different decisions (paranoid mode).
            ``workflow_id``, ``run_id``, ``workflow_type``: whose history it is, as far as that is known.
            ``event_id``, ``batch``, ``batches``: where in the history.
            ``recorded``, ``produced``: what history has, and what the code asks for in its place, or None:
            ``what``, ``id``, ``name``, ``version``, …; ``produced`` with its ``source``, the lines of code
            that ask, the innermost first.
            ``differences``: member -> [recorded, produced], where these differ.
            ``comparison``: pairs of both sides of the decision, aligned; ``agreed``: what came before.
            ``held``: how many commands the decision held back.
            ``failure``: what the decider's code raised in this batch, or None.
            ``likely``, ``fix``, ``reproduce``: what it looks like, what to do, the command that shows it.
            ``is_unstable``: there, and true, where a second replay did not come to the same.
    """

    def __init__(self, message: str, report: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.report = report or {}


class ActivityTaskException(SwfError):
    """Work that a decider asked for and that did not complete.

    The exception that the worker raised is its ``__cause__``, where there was one.

    Parameters:
        task_name: Name of the activity's type.
        task_version: Version of the activity's type.
        task_id: The activityId that SWF knows it by.
        failure_reason: ``reason`` of the failure, type of the timeout, or cause of the refusal.
        failure_status: FAILED, TIMED_OUT, CANCELED, TERMINATED or FAILED_TO_SCHEDULE.
        details: ``details`` of the failure as SWF has them, or None.
    """

    def __init__(
        self,
        task_name: str | None,
        task_version: str | None,
        task_id: str | None,
        failure_reason: str | None,
        failure_status: str,
        details: str | None = None,
    ) -> None:
        super().__init__(task_name, task_version, task_id, failure_reason, failure_status, details)
        self.task_name = task_name
        self.task_version = task_version
        self.task_id = task_id
        self.failure_reason = failure_reason
        self.failure_status = failure_status
        self.failure_stats = failure_status  # PySwfAws's spelling
        self.details = details

    def __str__(self) -> str:
        kind = f"{self.task_name} {self.task_version}" if self.task_version else f"{self.task_name}"
        reason = self.failure_reason or "no reason given"
        return f"{kind} (id {self.task_id}): {self.failure_status}, {reason}{_remedy(reason)}"


def _remedy(cause: str) -> str:
    """Name the keyword that gives what neither the decision nor the registered type gave."""
    if not (cause.startswith("DEFAULT_") and cause.endswith("_UNDEFINED")):
        return ""
    keyword = cause[len("DEFAULT_") : -len("_UNDEFINED")].lower()
    keyword = "swf_task_list" if keyword == "task_list" else keyword
    return f": the registered type has no default for it; set {keyword}=… in the decorator or in options(…)"


class ChildWorkflowException(ActivityTaskException):
    """A child workflow that did not complete; ``task_id`` is its workflowId."""


class LambdaTaskException(ActivityTaskException):
    """A Lambda function that did not complete; ``task_id`` is the id of the Lambda task."""


class TimerException(ActivityTaskException):
    """A timer that SWF refused to start; ``task_id`` is its timerId."""


class ContinueAsNewException(ActivityTaskException):
    """SWF refused for good to continue a run as new; ``task_name`` and ``task_id`` are the run's own."""


class ExternalWorkflowException(ActivityTaskException):
    """A signal or cancel request that did not reach the execution ``task_id``."""


class Canceled(SwfError):
    """A Promise whose work was canceled before it completed."""


class WaitTimeout(SwfError, TimeoutError):
    """A wait took longer than the timeout it was given."""


class RemoteError(SwfError):
    """Stands for an exception that was raised in another process; nothing is imported to rebuild it.

    Parameters:
        type_name: Qualified name of its type, such as ``builtins.ValueError``.
        message: ``str()`` of it.
        traceback: Its traceback as text, or "".
        bases: Qualified names of the classes that its type is derived from, as far as they are known.
    """

    def __init__(
        self, type_name: str, message: str, traceback: str = "", bases: tuple[str, ...] = ()
    ) -> None:
        super().__init__(type_name, message, traceback)
        self.type_name = type_name
        self.message = message
        self.traceback = traceback
        self.bases = bases

    def __str__(self) -> str:
        return f"{self.type_name}: {self.message}" if self.message else self.type_name


class WorkflowFailed(SwfError):
    """An execution that somebody waits for closed otherwise than by completing.

    Parameters:
        workflow_id: Its workflowId.
        run_id: The run that closed.
        reason: ``reason`` of the closing event, or None.
        details: ``details`` of the closing event, or None.
    """

    def __init__(
        self, workflow_id: str, run_id: str, reason: str | None = None, details: str | None = None
    ) -> None:
        super().__init__(workflow_id, run_id, reason, details)
        self.workflow_id = workflow_id
        self.run_id = run_id
        self.reason = reason
        self.details = details

    def __str__(self) -> str:
        return f"workflow {self.workflow_id!r} (run {self.run_id}): {self.reason or 'no reason given'}"


class WorkflowTimedOut(WorkflowFailed):
    """It ran longer than its execution timeout."""


class WorkflowTerminated(WorkflowFailed):
    """It was terminated."""


class WorkflowWasCanceled(WorkflowFailed):
    """It was canceled."""


class UnfulfilledPromiseException(SwfError):
    """PySwfAws unwound deciders with this; here it is never raised and exists to be imported."""


class WorkflowCanceled(BaseException):
    """Raised once in a decider whose execution is asked to cancel, at its present or next wait."""
