"""Work that failed, as a retry policy is told of it."""


@cython.final
cdef class Failure:
    """An attempt that did not complete: what was tried, and how it ended.

    Made by the engine; tests of policies make their own, of keywords.

    Parameters:
        kind: What failed: "activity", "child" or "lambda".
        id: The activityId, workflowId or Lambda id of the attempt.
        name: Name of its type, or of the Lambda function.
        version: Version of its type.
        attempt: How manieth attempt it was, from 1. What SWF refused for a throttle or an open limit is none.
        throttled: How often SWF did that before.
        state: FAILED, TIMED_OUT, FAILED_TO_SCHEDULE, CANCELED or TERMINATED.
        cause: Why SWF refused the schedule, else None.
        timeout_type: START_TO_CLOSE, SCHEDULE_TO_START, SCHEDULE_TO_CLOSE or HEARTBEAT; None if it did not time out.
        reason: `reason` of the failure as SWF has it, or None.
        details: `details` of the failure as SWF has them, or None.
        exception_types: Qualified names of the raised exception's type and of the classes that this is derived from.
        elapsed: Seconds since the first attempt was scheduled, by the history's clock.
        last_heartbeat: Details of the last heartbeat, of this attempt or one before; None where there was none.
        seed: What `random` is seeded with.
    """

    cdef readonly str kind, id, name, version
    cdef readonly int attempt, throttled
    cdef readonly str state, cause, timeout_type, reason, details
    cdef readonly double elapsed
    cdef str seed
    cdef object random_source
    cdef object types         # None: not read yet
    cdef object beat          # the heartbeat's value, once read
    cdef object codec         # reads types and heartbeat; None once it has, or if they were given
    cdef History history
    cdef int32_t entity       # the attempt, or the one before if SWF refused it; -1: there is none

    def __init__(self, kind="activity", *, id="1", name="", version="", attempt=1, throttled=0, state="FAILED",
                 cause=None, timeout_type=None, reason=None, details=None, exception_types=(), elapsed=0.0,
                 last_heartbeat=None, seed=""):
        self.kind = kind
        self.id = id
        self.name = name
        self.version = version
        self.attempt = attempt
        self.throttled = throttled
        self.state = state
        self.cause = cause
        self.timeout_type = timeout_type
        self.reason = reason
        self.details = details
        self.types = tuple(exception_types)
        self.elapsed = elapsed
        self.beat = last_heartbeat
        self.seed = seed

    @property
    def exception_types(self):
        """Qualified names of the raised exception's type and of the classes that this is derived from."""
        if self.types is None:
            self.types = self.codec.exception_types(self.reason, self.details) if self.state == "FAILED" else ()
        return self.types

    @property
    def last_heartbeat(self):
        """Details of the last heartbeat, of this attempt or one before; None where there was none."""
        if self.history is not None:
            if self.kind == "activity":
                self.beat = self.codec.decode_heartbeat(
                    recorded_input(self.history, self.entity), heartbeat_of(self.history, self.entity, self.codec)
                )
            self.history = None
        return self.beat

    @property
    def random(self):
        """A random.Random that gives the same numbers at each replay of this failure."""
        if self.random_source is None:
            self.random_source = Random(self.seed)
        return self.random_source

    def __repr__(self):
        return f"<Failure of {self.kind} {self.name} {self.id!r}, attempt {self.attempt}: {self.state}>"


cdef Failure failure_before(Run run, Command command, str state, str cause):
    """What the policy is told of a command whose attempt failed just now."""
    cdef Failure failure = Failure.__new__(Failure)
    cdef dict members = run.history.attributes(command.event_id)
    failure.kind = "child" if command.kind == CHILD else COMMAND_NAMES[command.kind]
    failure.id = command.id
    failure.name = command.task.name
    failure.version = command.task.version
    failure.attempt = command.attempt
    failure.throttled = command.throttled
    failure.state = state
    failure.cause = cause
    failure.timeout_type = "START_TO_CLOSE" if state == "TIMED_OUT" else None
    failure.timeout_type = members.get("timeoutType", failure.timeout_type)
    failure.reason = members.get("reason")
    failure.details = members.get("details") if state == "FAILED" else None
    failure.elapsed = run.now_seconds - first_asked_for(run, command)
    failure.seed = f"{run.run_id} {failure.kind} {command.number} {command.attempt}"
    failure.codec = command.task.codec
    failure.history = run.history
    failure.entity = command.entity
    return failure


cdef double first_asked_for(Run run, Command command) except? -1:
    """When SWF first took, or refused, a schedule of this command."""
    cdef str id = str(command.number)
    cdef int64_t event_id = asked_for(run, command.kind, command.number, id, 0)
    return run.history.rows[event_id - 1].timestamp if event_id else run.now_seconds


cdef str recorded_input(History history, int32_t entity):
    return None if entity < 0 else history.value_text(&history.rows[history.index.entities[entity].scheduled - 1])


cdef str heartbeat_of(History history, int32_t entity, object codec):
    """Details of the last heartbeat of an attempt that is over, or None."""
    cdef Row* row
    if entity < 0 or history.index.entities[entity].kind != ACTIVITY or history.index.entities[entity].closed == 0:
        return None
    row = &history.rows[history.index.entities[entity].closed - 1]
    if row.kind == ACTIVITY_TASK_TIMED_OUT:
        return history.value_text(row) or None
    if row.kind == ACTIVITY_TASK_FAILED:
        return codec.heartbeat_in_failure(history.value_text(row)) or None
    return None


cdef object input_again(Run run, Command command):
    """What a further attempt gets: the recorded input, and the last heartbeat of the attempt before."""
    cdef str recorded = recorded_input(run.history, command.entity)
    cdef str heartbeat = heartbeat_of(run.history, command.entity, command.task.codec)
    return recorded if heartbeat is None else command.task.codec.encode_again(
        recorded, heartbeat, run.scope, True
    )
