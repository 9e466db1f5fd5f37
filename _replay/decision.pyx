"""What a decider asks for: the decorated functions that it calls, and the commands that their calls make."""

from math import ceil


cdef enum TaskKind:
    ACTIVITY_TASK
    DECISION_TASK
    CACHED_FUNCTION
    LAMBDA_TASK


cdef class Task:
    """A decorated function: itself outside of deciders, a command inside one.

    `attributes` are the members of its decision that are the same at every call. `codec` turns its arguments and
    results to text and back, `policy` says what to do when it fails.
    """

    cdef readonly object function
    cdef readonly str name
    cdef readonly str version
    cdef readonly dict attributes
    cdef readonly object codec
    cdef readonly object policy
    cdef public bint is_method
    cdef readonly bint continues_indefinitely
    cdef readonly str domain  # None: that of the execution
    cdef TaskKind kind
    cdef bint plain_results
    cdef bint knows_results   # whether plain_results has been asked for
    cdef object __weakref__
    cdef dict __dict__

    @classmethod
    def __class_getitem__(cls, item):
        return cls

    def __init__(self, kind, function, name, version, attributes, codec, policy, *, is_method=False,
                 continues_indefinitely=False, domain=None):
        self.kind = {"activity": ACTIVITY_TASK, "decision": DECISION_TASK, "cached": CACHED_FUNCTION,
                     "lambda": LAMBDA_TASK}[kind]
        self.function = function
        self.name = name
        self.version = version
        self.attributes = attributes
        self.codec = codec
        self.policy = policy
        self.is_method = is_method
        self.continues_indefinitely = continues_indefinitely
        self.domain = domain

    cdef bint has_plain_results(self) except -1:
        """Asked when the first result is read: by then the types are defined that annotations name."""
        if not self.knows_results:
            self.plain_results = self.codec.plain_results
            self.knows_results = True
        return self.plain_results

    def __call__(self, *args, **kwargs):
        cdef Run run = running()
        if run is None:
            return self.function(*args, **kwargs)
        if self.is_method and args:
            return call_task(run, self, args[0], args[1:], kwargs)
        return call_task(run, self, None, args, kwargs)

    def map(self, iterable, limit=None):
        """Call it for each item, with at most `limit` of the calls open at a time.

        The Promises, in the order of the items; outside of deciders, what the plain function returns for each.
        """
        return map_calls(self, None, iterable, limit)

    def __get__(self, instance, owner):
        if instance is None:
            return self
        return Bound(self, instance)


@cython.final
cdef class Bound:
    """A decorated method, bound to its object; the object is never serialized."""

    cdef readonly Task task
    cdef readonly object instance

    def __init__(self, Task task, instance):
        self.task = task
        self.instance = instance

    def __call__(self, *args, **kwargs):
        cdef Run run = running()
        if run is None:
            return self.task.function(self.instance, *args, **kwargs)
        return call_task(run, self.task, self.instance, args, kwargs)

    def map(self, iterable, limit=None):
        """Call it for each item, with at most `limit` of the calls open at a time; see Task.map."""
        return map_calls(self.task, self.instance, iterable, limit)

    def __getattr__(self, name):
        return getattr(self.task, name)

    def __repr__(self):
        return f"<{self.task!r} of {self.instance!r}>"


# Kinds of commands: those of entities (index.pyx), then these.
cdef enum CommandKind:
    MARKER = <int>ENTITY_KINDS
    CANCEL_ACTIVITY
    CANCEL_TIMER
    CLOSE


cdef enum Stage:
    BLOCKED    # its arguments are not there yet
    QUEUED     # waits to be sent, or in replay for its record
    ACCEPTED   # recorded as scheduled, started or initiated
    BACKING_OFF  # refused or failed: its next attempt waits for a timer
    OVER       # completed, failed for good, withdrawn or canceled


@cython.final
cdef class Command(Promise):
    """Something asked for, and the promise of its outcome."""

    cdef Task task
    cdef object instance
    cdef str swf_id           # None: made of number and attempt when somebody needs it
    cdef object input         # text to be sent, or a draft of it; None where the history has it
    cdef object arguments     # (args, kwargs) while blocked
    cdef object details       # a marker's, a close's or a signal's own members
    cdef Command serves       # of a library timer: the command whose next attempt it delays
    cdef int64_t sequence     # how manieth command of the run
    cdef Py_ssize_t place     # in the queue
    cdef double seconds       # of a timer
    cdef int32_t number
    cdef int32_t attempt
    cdef int32_t throttled    # refusals that used up no attempt
    cdef int32_t blockers     # promises among the arguments that are still pending
    cdef int32_t entity       # its latest accepted schedule, or -1
    cdef int32_t event_id     # the event that ended it
    cdef uint8_t kind
    cdef uint8_t stage
    cdef Command back_off     # the timer that runs before its next attempt
    cdef Command cancels      # of a cancel request: what is to be canceled
    cdef bint gives_up        # canceled: no further attempt
    cdef bint cancel_sent

    cdef int read(self) except -1:
        return read_outcome(self.run, self)

    cdef bint is_failure(self):
        cdef int kind
        if self.state != RECORDED:
            return self.state == FAILURE
        kind = self.run.history.rows[self.event_id - 1].kind
        return not (
            kind == ACTIVITY_TASK_COMPLETED or kind == CHILD_WORKFLOW_EXECUTION_COMPLETED
            or kind == LAMBDA_FUNCTION_COMPLETED or kind == EXTERNAL_WORKFLOW_EXECUTION_SIGNALED
            or kind == EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED
        )

    def cancel(self):
        """Ask that the work be canceled. Its result raises Canceled: a timer's at once, others' when SWF says so."""
        cdef Run run = decider_run("cancel()")
        check_own(run, self)
        cancel_command(run, self)

    cdef str command_id(self):
        if self.swf_id is None:
            self.swf_id = str(self.number) if self.attempt == 1 else f"{self.number}-{self.attempt}"
        return self.swf_id

    cdef object record_key(self):
        """What a record is matched by."""
        if by_number(self.kind):
            return (self.kind, self.number)
        return (self.kind, self.command_id())

    @property
    def id(self):
        """The id that SWF knows it by: activityId, timerId or workflowId; None for a marker."""
        return workflow_id_of(self.run, self) if self.kind == CHILD else self.command_id()

    def __repr__(self):
        state = ("pending", "resolved", "failed", "resolved")[self.state]
        return f"<Promise of {describe(self)}, {state}>"


cdef str describe(Command command):
    """For people: what was asked for."""
    cdef str kind = COMMAND_NAMES[command.kind]
    if command.kind == MARKER:
        return f"marker {command.details[0]!r}"
    if command.kind == CLOSE:
        return command.details[0]
    if command.kind == LAMBDA:
        return f"{kind} {command.task.name} with id {command.command_id()!r}"
    if command.task is not None:
        return f"{kind} {command.task.name} {command.task.version} with id {command.command_id()!r}"
    return f"{kind} {command.command_id()!r}"


cdef tuple COMMAND_NAMES = ("activity", "timer", "child workflow", "lambda", "signal to a workflow",
                            "cancel request to a workflow", "marker", "cancel request to activity",
                            "cancel of timer", "close")


cdef dict decision_of(Run run, Command command):
    """The member of RespondDecisionTaskCompleted's `decisions` that asks for it."""
    cdef int kind = command.kind
    cdef dict members
    if command.input is None and command.entity >= 0 and command.task is not None:
        command.input = input_again(run, command)
    if kind == ACTIVITY:
        members = command.task.attributes.copy()
        members["activityId"] = command.command_id()
        members["input"] = field_of(command.input)
        return {"decisionType": "ScheduleActivityTask", "scheduleActivityTaskDecisionAttributes": members}
    if kind == TIMER:
        return {
            "decisionType": "StartTimer",
            "startTimerDecisionAttributes": {
                "timerId": command.command_id(),
                "startToFireTimeout": str(ceil(command.seconds)),
            },
        }
    if kind == CHILD:
        members = command.task.attributes.copy()
        members["workflowId"] = workflow_id_of(run, command)
        members["control"] = str(command.number)
        members["input"] = field_of(command.input)
        return {
            "decisionType": "StartChildWorkflowExecution",
            "startChildWorkflowExecutionDecisionAttributes": members,
        }
    if kind == LAMBDA:
        members = command.task.attributes.copy()
        members["id"] = command.command_id()
        if command.input is not None:
            members["input"] = field_of(command.input)
        return {"decisionType": "ScheduleLambdaFunction", "scheduleLambdaFunctionDecisionAttributes": members}
    if kind == SIGNAL_OUT or kind == CANCEL_OUT:
        members = fields_of(command.details)
        members["control"] = str(command.number)
        if kind == SIGNAL_OUT:
            return {
                "decisionType": "SignalExternalWorkflowExecution",
                "signalExternalWorkflowExecutionDecisionAttributes": members,
            }
        return {
            "decisionType": "RequestCancelExternalWorkflowExecution",
            "requestCancelExternalWorkflowExecutionDecisionAttributes": members,
        }
    if kind == MARKER:
        members = {"markerName": command.details[0]}
        if command.details[1] is not None:
            members["details"] = command.details[1]
        return {"decisionType": "RecordMarker", "recordMarkerDecisionAttributes": members}
    if kind == CANCEL_ACTIVITY:
        return {
            "decisionType": "RequestCancelActivityTask",
            "requestCancelActivityTaskDecisionAttributes": {"activityId": command.swf_id},
        }
    if kind == CANCEL_TIMER:
        return {"decisionType": "CancelTimer", "cancelTimerDecisionAttributes": {"timerId": command.swf_id}}
    decision_type, members = command.details
    return {
        "decisionType": decision_type,
        f"{decision_type[0].lower()}{decision_type[1:]}DecisionAttributes": fields_of(members),
    }


# What is to go into a data store is a draft until a decision that leaves needs its field (`write_drafts`).

cdef inline bint is_draft(object payload):
    return hasattr(type(payload), "is_written")  # asked of the type: a draft's own attributes may write it


cdef inline object field_of(object payload):
    return payload.field if is_draft(payload) else payload


cdef dict fields_of(dict members):
    return {key: value.field if is_draft(value) else value for key, value in members.items()}


# Promises within arguments: in lists, tuples and dicts, and what is derived from these.

cdef enum:
    DEEPEST_ARGUMENT = 250  # as deep as serializers go


cdef bint has_promise(Run run, object value, int depth) except -1:
    if isinstance(value, Promise):
        check_own(run, value)
        return True
    if depth > DEEPEST_ARGUMENT:
        raise UsageError(f"arguments are nested deeper than {DEEPEST_ARGUMENT}, or contain themselves")
    if isinstance(value, (list, tuple)):
        for item in value:
            if has_promise(run, item, depth + 1):
                return True
    elif isinstance(value, dict):
        for item in (<dict>value).values():
            if has_promise(run, item, depth + 1):
                return True
    return False


cdef int count_pending(Run run, object value, Command command, int depth) except -1:
    """Have `command` wait for the pending promises in a value; how many."""
    cdef int found = 0
    if isinstance(value, Promise):
        check_own(run, value)
        if (<Promise>value).state == PENDING:
            (<Promise>value).add_waiter(command)
            return 1
        return 0
    if depth > DEEPEST_ARGUMENT:
        raise UsageError(f"arguments are nested deeper than {DEEPEST_ARGUMENT}, or contain themselves")
    if isinstance(value, (list, tuple)):
        for item in value:
            found += count_pending(run, item, command, depth + 1)
    elif isinstance(value, dict):
        for item in (<dict>value).values():
            found += count_pending(run, item, command, depth + 1)
    return found


cdef object frozen(object value):
    """A copy of the containers around promises, so that what the decider does to them later changes nothing."""
    if isinstance(value, Promise):
        return value
    if isinstance(value, list):
        return [frozen(item) for item in value]
    if isinstance(value, tuple):
        return tuple([frozen(item) for item in value])
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in (<dict>value).items()}
    return value


cdef object resolved(object value):
    """The value with results in the place of promises; raises the first failure among them."""
    if isinstance(value, Promise):
        return (<Promise>value).value()
    if type(value) is list:
        return [resolved(item) for item in value]
    if type(value) is tuple:
        return tuple([resolved(item) for item in value])
    if type(value) is dict:
        return {key: resolved(item) for key, item in (<dict>value).items()}
    return value
