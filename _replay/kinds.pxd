"""Event types as small ints, and which of an event's members refers to another event.

A type of the future has kind UNKNOWN: it is kept and passed over.
"""

from libc.stdint cimport int32_t, uint8_t, uint64_t
from libc.string cimport memcmp, memcpy, strlen


cdef enum Kind:
    UNKNOWN = 0
    # the execution
    WORKFLOW_EXECUTION_STARTED
    WORKFLOW_EXECUTION_CANCEL_REQUESTED
    WORKFLOW_EXECUTION_SIGNALED
    WORKFLOW_EXECUTION_TERMINATED
    WORKFLOW_EXECUTION_TIMED_OUT
    # decision tasks
    DECISION_TASK_SCHEDULED
    DECISION_TASK_STARTED
    DECISION_TASK_COMPLETED
    DECISION_TASK_TIMED_OUT
    # closing decisions
    WORKFLOW_EXECUTION_COMPLETED
    COMPLETE_WORKFLOW_EXECUTION_FAILED
    WORKFLOW_EXECUTION_FAILED
    FAIL_WORKFLOW_EXECUTION_FAILED
    WORKFLOW_EXECUTION_CANCELED
    CANCEL_WORKFLOW_EXECUTION_FAILED
    WORKFLOW_EXECUTION_CONTINUED_AS_NEW
    CONTINUE_AS_NEW_WORKFLOW_EXECUTION_FAILED
    # activities
    ACTIVITY_TASK_SCHEDULED
    SCHEDULE_ACTIVITY_TASK_FAILED
    ACTIVITY_TASK_STARTED
    ACTIVITY_TASK_COMPLETED
    ACTIVITY_TASK_FAILED
    ACTIVITY_TASK_TIMED_OUT
    ACTIVITY_TASK_CANCELED
    ACTIVITY_TASK_CANCEL_REQUESTED
    REQUEST_CANCEL_ACTIVITY_TASK_FAILED
    # timers
    TIMER_STARTED
    START_TIMER_FAILED
    TIMER_FIRED
    TIMER_CANCELED
    CANCEL_TIMER_FAILED
    # markers
    MARKER_RECORDED
    RECORD_MARKER_FAILED
    # children
    START_CHILD_WORKFLOW_EXECUTION_INITIATED
    START_CHILD_WORKFLOW_EXECUTION_FAILED
    CHILD_WORKFLOW_EXECUTION_STARTED
    CHILD_WORKFLOW_EXECUTION_COMPLETED
    CHILD_WORKFLOW_EXECUTION_FAILED
    CHILD_WORKFLOW_EXECUTION_TIMED_OUT
    CHILD_WORKFLOW_EXECUTION_CANCELED
    CHILD_WORKFLOW_EXECUTION_TERMINATED
    # other executions
    SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED
    SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED
    EXTERNAL_WORKFLOW_EXECUTION_SIGNALED
    REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED
    REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED
    EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED
    # lambdas
    LAMBDA_FUNCTION_SCHEDULED
    LAMBDA_FUNCTION_STARTED
    LAMBDA_FUNCTION_COMPLETED
    LAMBDA_FUNCTION_FAILED
    LAMBDA_FUNCTION_TIMED_OUT
    SCHEDULE_LAMBDA_FUNCTION_FAILED
    START_LAMBDA_FUNCTION_FAILED
    KIND_COUNT


# The member that tells which event an event is about.
cdef enum Refers:
    TO_NOTHING = 0
    TO_SCHEDULED   # scheduledEventId
    TO_STARTED     # startedEventId
    TO_INITIATED   # initiatedEventId


cdef struct KindInfo:
    const char* name
    uint8_t length
    uint8_t refers


cdef KindInfo[<int>KIND_COUNT] KINDS
cdef uint8_t[256] KIND_BY_HASH


@cython.overflowcheck(False)
cdef inline uint8_t name_hash(const char* name, Py_ssize_t length) noexcept nogil:
    # Three words of the name, multiplied: no two of the 54 names meet (fill_kinds would cope if they did).
    cdef uint64_t first = 0, middle = 0, last = 0
    memcpy(&first, name, 8)
    memcpy(&middle, name + length // 2 - 4, 8)
    memcpy(&last, name + length - 8, 8)
    return <uint8_t>(((first ^ (last * 3) ^ (middle * 5) ^ <uint64_t>length) * <uint64_t>0x9d1907e26d1e121dULL) >> 56)


cdef inline int kind_of(const char* name, Py_ssize_t length) noexcept nogil:
    cdef uint8_t slot
    cdef int kind
    if length < 8 or length > 64:
        return UNKNOWN
    slot = name_hash(name, length)
    while True:
        kind = KIND_BY_HASH[slot]
        if kind == UNKNOWN:
            return UNKNOWN
        if KINDS[kind].length == length and memcmp(KINDS[kind].name, name, length) == 0:
            return kind
        slot += 1


cdef inline void add_kind(int kind, const char* name, int refers) noexcept nogil:
    cdef uint8_t slot
    KINDS[kind].name = name
    KINDS[kind].length = <uint8_t>strlen(name)
    KINDS[kind].refers = <uint8_t>refers
    if kind == UNKNOWN:
        return
    slot = name_hash(name, KINDS[kind].length)
    while KIND_BY_HASH[slot] != UNKNOWN:
        slot += 1
    KIND_BY_HASH[slot] = <uint8_t>kind


cdef inline void fill_kinds() noexcept nogil:
    add_kind(UNKNOWN, b"", TO_NOTHING)
    add_kind(WORKFLOW_EXECUTION_STARTED, b"WorkflowExecutionStarted", TO_NOTHING)
    add_kind(WORKFLOW_EXECUTION_CANCEL_REQUESTED, b"WorkflowExecutionCancelRequested", TO_NOTHING)
    add_kind(WORKFLOW_EXECUTION_SIGNALED, b"WorkflowExecutionSignaled", TO_NOTHING)
    add_kind(WORKFLOW_EXECUTION_TERMINATED, b"WorkflowExecutionTerminated", TO_NOTHING)
    add_kind(WORKFLOW_EXECUTION_TIMED_OUT, b"WorkflowExecutionTimedOut", TO_NOTHING)
    add_kind(DECISION_TASK_SCHEDULED, b"DecisionTaskScheduled", TO_NOTHING)
    add_kind(DECISION_TASK_STARTED, b"DecisionTaskStarted", TO_SCHEDULED)
    add_kind(DECISION_TASK_COMPLETED, b"DecisionTaskCompleted", TO_STARTED)
    add_kind(DECISION_TASK_TIMED_OUT, b"DecisionTaskTimedOut", TO_SCHEDULED)
    add_kind(WORKFLOW_EXECUTION_COMPLETED, b"WorkflowExecutionCompleted", TO_NOTHING)
    add_kind(COMPLETE_WORKFLOW_EXECUTION_FAILED, b"CompleteWorkflowExecutionFailed", TO_NOTHING)
    add_kind(WORKFLOW_EXECUTION_FAILED, b"WorkflowExecutionFailed", TO_NOTHING)
    add_kind(FAIL_WORKFLOW_EXECUTION_FAILED, b"FailWorkflowExecutionFailed", TO_NOTHING)
    add_kind(WORKFLOW_EXECUTION_CANCELED, b"WorkflowExecutionCanceled", TO_NOTHING)
    add_kind(CANCEL_WORKFLOW_EXECUTION_FAILED, b"CancelWorkflowExecutionFailed", TO_NOTHING)
    add_kind(WORKFLOW_EXECUTION_CONTINUED_AS_NEW, b"WorkflowExecutionContinuedAsNew", TO_NOTHING)
    add_kind(CONTINUE_AS_NEW_WORKFLOW_EXECUTION_FAILED, b"ContinueAsNewWorkflowExecutionFailed", TO_NOTHING)
    add_kind(ACTIVITY_TASK_SCHEDULED, b"ActivityTaskScheduled", TO_NOTHING)
    add_kind(SCHEDULE_ACTIVITY_TASK_FAILED, b"ScheduleActivityTaskFailed", TO_NOTHING)
    add_kind(ACTIVITY_TASK_STARTED, b"ActivityTaskStarted", TO_SCHEDULED)
    add_kind(ACTIVITY_TASK_COMPLETED, b"ActivityTaskCompleted", TO_SCHEDULED)
    add_kind(ACTIVITY_TASK_FAILED, b"ActivityTaskFailed", TO_SCHEDULED)
    add_kind(ACTIVITY_TASK_TIMED_OUT, b"ActivityTaskTimedOut", TO_SCHEDULED)
    add_kind(ACTIVITY_TASK_CANCELED, b"ActivityTaskCanceled", TO_SCHEDULED)
    add_kind(ACTIVITY_TASK_CANCEL_REQUESTED, b"ActivityTaskCancelRequested", TO_NOTHING)
    add_kind(REQUEST_CANCEL_ACTIVITY_TASK_FAILED, b"RequestCancelActivityTaskFailed", TO_NOTHING)
    add_kind(TIMER_STARTED, b"TimerStarted", TO_NOTHING)
    add_kind(START_TIMER_FAILED, b"StartTimerFailed", TO_NOTHING)
    add_kind(TIMER_FIRED, b"TimerFired", TO_STARTED)
    add_kind(TIMER_CANCELED, b"TimerCanceled", TO_STARTED)
    add_kind(CANCEL_TIMER_FAILED, b"CancelTimerFailed", TO_NOTHING)
    add_kind(MARKER_RECORDED, b"MarkerRecorded", TO_NOTHING)
    add_kind(RECORD_MARKER_FAILED, b"RecordMarkerFailed", TO_NOTHING)
    add_kind(START_CHILD_WORKFLOW_EXECUTION_INITIATED, b"StartChildWorkflowExecutionInitiated", TO_NOTHING)
    add_kind(START_CHILD_WORKFLOW_EXECUTION_FAILED, b"StartChildWorkflowExecutionFailed", TO_INITIATED)
    add_kind(CHILD_WORKFLOW_EXECUTION_STARTED, b"ChildWorkflowExecutionStarted", TO_INITIATED)
    add_kind(CHILD_WORKFLOW_EXECUTION_COMPLETED, b"ChildWorkflowExecutionCompleted", TO_INITIATED)
    add_kind(CHILD_WORKFLOW_EXECUTION_FAILED, b"ChildWorkflowExecutionFailed", TO_INITIATED)
    add_kind(CHILD_WORKFLOW_EXECUTION_TIMED_OUT, b"ChildWorkflowExecutionTimedOut", TO_INITIATED)
    add_kind(CHILD_WORKFLOW_EXECUTION_CANCELED, b"ChildWorkflowExecutionCanceled", TO_INITIATED)
    add_kind(CHILD_WORKFLOW_EXECUTION_TERMINATED, b"ChildWorkflowExecutionTerminated", TO_INITIATED)
    add_kind(
        SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED,
        b"SignalExternalWorkflowExecutionInitiated",
        TO_NOTHING,
    )
    add_kind(
        SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED,
        b"SignalExternalWorkflowExecutionFailed",
        TO_INITIATED,
    )
    add_kind(EXTERNAL_WORKFLOW_EXECUTION_SIGNALED, b"ExternalWorkflowExecutionSignaled", TO_INITIATED)
    add_kind(
        REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED,
        b"RequestCancelExternalWorkflowExecutionInitiated",
        TO_NOTHING,
    )
    add_kind(
        REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED,
        b"RequestCancelExternalWorkflowExecutionFailed",
        TO_INITIATED,
    )
    add_kind(EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED, b"ExternalWorkflowExecutionCancelRequested", TO_INITIATED)
    add_kind(LAMBDA_FUNCTION_SCHEDULED, b"LambdaFunctionScheduled", TO_NOTHING)
    add_kind(LAMBDA_FUNCTION_STARTED, b"LambdaFunctionStarted", TO_SCHEDULED)
    add_kind(LAMBDA_FUNCTION_COMPLETED, b"LambdaFunctionCompleted", TO_SCHEDULED)
    add_kind(LAMBDA_FUNCTION_FAILED, b"LambdaFunctionFailed", TO_SCHEDULED)
    add_kind(LAMBDA_FUNCTION_TIMED_OUT, b"LambdaFunctionTimedOut", TO_SCHEDULED)
    add_kind(SCHEDULE_LAMBDA_FUNCTION_FAILED, b"ScheduleLambdaFunctionFailed", TO_NOTHING)
    add_kind(START_LAMBDA_FUNCTION_FAILED, b"StartLambdaFunctionFailed", TO_SCHEDULED)
