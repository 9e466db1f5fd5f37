"""Failures as exceptions, and the small values that code gets."""

import builtins
from math import isfinite

from libc.string cimport memchr

cdef enum:
    TIER_PREFIX = 0x7E  # "~": a payload that is not plain text (pyswf_fast/payload.py)
    EXTENSION = 0x24    # "$": perhaps the key of a NaN (pyswf_fast/plain.py)


cdef object failure_of(Run run, Command command, dict members, int event_kind):
    """The exception of what did not complete."""
    cdef Task task = command.task
    cdef str name = task.name if task is not None else COMMAND_NAMES[command.kind]
    cdef str version = task.version if task is not None else None
    cdef str id = command.id
    cdef str reason = members.get("reason"), details = members.get("details")
    cdef str status
    if event_kind == ACTIVITY_TASK_CANCELED or event_kind == CHILD_WORKFLOW_EXECUTION_CANCELED:
        canceled = Canceled(f"{describe(command)} was canceled")
        canceled.details = details
        return canceled
    if "timeoutType" in members or event_kind == LAMBDA_FUNCTION_TIMED_OUT:
        status = "TIMED_OUT"
        reason = members.get("timeoutType", "START_TO_CLOSE")
    elif "cause" in members:
        status = "FAILED_TO_SCHEDULE"
        reason = members["cause"]
        details = members.get("message")
    elif event_kind == CHILD_WORKFLOW_EXECUTION_TERMINATED:
        status = "TERMINATED"
    else:
        status = "FAILED"
    if command.kind == CHILD:
        failure = ChildWorkflowException(name, version, id, reason, status, details)
    elif command.kind == LAMBDA:
        failure = LambdaTaskException(name, version, id, reason, status, details)
    elif command.kind == TIMER:
        failure = TimerException(name, version, id, reason, status, details)
    elif command.kind >= SIGNAL_OUT:
        failure = ExternalWorkflowException(name, version, command.details["workflowId"], reason, status, details)
    else:
        failure = ActivityTaskException(name, version, id, reason, status, details)
    if run.originals is not None and id in run.originals:
        failure.__cause__ = run.originals[id]
    elif task is not None:
        failure.__cause__ = task.codec.decode_failure(members.get("reason"), details)
    return failure


cdef object rebuilt(object remote, str reason):
    """A recorded exception: of its own type if that is a builtin one, else its stand-in."""
    cdef str name
    if remote is None:
        return RemoteError("Exception", reason)
    module, _, name = remote.type_name.rpartition(".")
    type = getattr(builtins, name, None) if module in ("", "builtins") else None
    if not (isinstance(type, builtins.type) and issubclass(type, Exception)):
        return remote
    try:
        exception = type(remote.message)
    except TypeError:  # it takes other arguments
        return remote
    exception.__cause__ = remote
    return exception


cdef object marker_value(str name, str details):
    cdef RecordedMarker marker = RecordedMarker.__new__(RecordedMarker)
    marker.name = name
    marker.details = details
    return marker


cdef double checked_seconds(object seconds) except? -1:
    """A duration for SWF, in seconds; fractions are rounded up when it is sent."""
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not isfinite(seconds) \
            or not 0 <= seconds <= LONGEST_SECONDS:
        raise UsageError(f"a duration of 0 to {LONGEST_SECONDS} seconds expected, found {seconds!r}")
    return seconds


cdef enum:
    LONGEST_SECONDS = 31_536_000  # a year: SWF's limit for every duration


cdef int64_t cache_number(str details):
    """Which cached call a `cache` marker records; 0 for a marker that is not ours."""
    try:
        record = json.loads(details or "")
        if type(record["n"]) is int and type(record["f"]) is str and ("r" in record or "x" in record):
            return record["n"]
    except (ValueError, KeyError, TypeError):
        pass
    return 0


cdef str back_off_id(int kind, int32_t number, int32_t attempt):
    """Id of the timer before an attempt."""
    return f"{BACK_OFF_LETTERS[kind]}{number}-{attempt}"


cdef tuple BACK_OFF_LETTERS = ("a", None, "c", "l", "s", "x")  # by kind of entity


cdef int read_outcome(Run run, Command command) except -1:
    """Read a command's result or failure from the event that ended it."""
    cdef History history = run.history
    cdef Row* row = &history.rows[command.event_id - 1]
    cdef Task task = command.task
    cdef bytes text
    if row.kind == ACTIVITY_TASK_COMPLETED or row.kind == CHILD_WORKFLOW_EXECUTION_COMPLETED \
            or row.kind == LAMBDA_FUNCTION_COMPLETED:
        if task.has_plain_results() and row.flags & HAS_VALUE:
            text = history.value_bytes(row)
            if len(text) and text[0] != TIER_PREFIX and not memchr(PyBytes_AS_STRING(text), EXTENSION, len(text)):
                try:
                    command.outcome = json_value(text)
                    command.state = VALUE
                    return 0
                except ValueError:
                    pass  # the codec says what is wrong with it, and with what
        try:
            field = history.value_text(row)
            command.outcome = task.codec.decode_result(field, ahead_of(run, field, command.event_id))
            command.state = VALUE
        except DataStoreError as error:
            break_off(run, error)
        except SerializationError as error:
            command.outcome = error
            command.state = FAILURE
    elif row.kind == EXTERNAL_WORKFLOW_EXECUTION_SIGNALED \
            or row.kind == EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
        command.outcome = None
        command.state = VALUE
    else:
        try:
            command.outcome = failure_of(run, command, history.attributes(command.event_id), row.kind)
        except DataStoreError as error:
            break_off(run, error)
        command.state = FAILURE
    return 0
