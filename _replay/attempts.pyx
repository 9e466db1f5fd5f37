"""Failures judged: another attempt at once, one after a timer, or none."""

cdef double SHORTEST_BACK_OFF = 1.0  # seconds, of schedules that SWF refused
cdef double LONGEST_BACK_OFF = 60.0


cdef int work_failed(Run run, Command command, str state) except -1:
    """Something accepted ended otherwise than well: another attempt, or the promise fails."""
    cdef str cause = None
    if state == "FAILED_TO_SCHEDULE" or command.kind >= SIGNAL_OUT:
        cause = run.history.attributes(command.event_id).get("cause")
    return judge(run, command, state, cause)


cdef int judge_refusal(Run run, Command command, int64_t event_id) except -1:
    """SWF did not accept a command."""
    cdef str cause = run.history.attributes(event_id).get("cause")
    if command.kind == CLOSE:
        return close_refused(run, command, cause)
    if command.serves is not None and command.serves.stage != BACKING_OFF:
        return 0  # what it was to delay was canceled meanwhile
    if command.kind == TIMER and is_passing_refusal(cause):
        command.throttled += 1
        if command.serves is not None and command.serves.kind != CLOSE:
            # How long it should have run is recorded nowhere, and the policy may be another by now.
            command.seconds = back_off_seconds(command.serves.attempt + command.serves.throttled - 1)
        return enqueue(run, command)
    if command.serves is not None:  # a back-off that cannot be had: the attempt is made without it
        return try_again(run, command.serves)
    return judge(run, command, "FAILED_TO_SCHEDULE", cause)


cdef int judge(Run run, Command command, str state, str cause) except -1:
    cdef bint passing = is_passing_refusal(cause)
    cdef int32_t attempt = command.attempt if passing else command.attempt + 1
    cdef Command timer
    delay = delay_before(run, command, attempt, state, cause, passing)
    if delay is None:
        command.stage = OVER
        return settle(run, command, RECORDED, None)
    if passing:
        command.throttled += 1
    command.attempt = attempt
    command.swf_id = None
    if delay == 0:
        return enqueue(run, command)
    command.stage = BACKING_OFF
    timer = new_timer(run, delay, back_off_id(command.kind, command.number, attempt))
    timer.serves = command
    command.back_off = timer
    return enqueue(run, timer)


cdef object delay_before(Run run, Command command, int32_t attempt, str state, str cause, bint passing):
    """Seconds before the next attempt, or None. Where history shows what was decided, that; else the policy's word."""
    cdef str id = str(command.number) if attempt == 1 else f"{command.number}-{attempt}"
    cdef int64_t waited, retried
    if command.gives_up or run.finished or command.task is None and not passing:
        return None
    if not run.is_last:
        waited = asked_for(run, TIMER, 0, back_off_id(command.kind, command.number, attempt), run.batch_end)
        retried = asked_for(run, command.kind, command.number, id, run.batch_end)
        if waited and (not retried or waited < retried):
            return 1.0  # a timer that has its record: how long it ran is history's
        if retried:
            return 0
        if run.batch_completed <= last_unheld(run):
            return None  # had it been held back, it would have left by then
        retries = library_line_of(run, run.batch_completed).get("retries")
        if retries is not None:
            return retries.get(back_off_id(command.kind, command.number, attempt))
    if passing:  # whatever a policy says
        return back_off_seconds(command.attempt + command.throttled)
    delay = command.task.policy.delay(failure_before(run, command, state, cause))
    # A refusal brings a decision task at once: without a back-off, refusals alone would fill the history.
    return max(delay, SHORTEST_BACK_OFF) if delay is not None and state == "FAILED_TO_SCHEDULE" else delay


cdef double back_off_seconds(int attempt) noexcept:
    """Seconds after the n-th attempt or refusal: 1, doubling to 60."""
    return min(LONGEST_BACK_OFF, SHORTEST_BACK_OFF * (1 << min(attempt - 1, 6)))


cdef int64_t asked_for(Run run, int kind, int32_t number, str id, int64_t after) except -1:
    """The first event behind `after` that accepts or refuses such a command, or 0."""
    cdef bytes text = id.encode()
    cdef int32_t entity = run.history.index.find(
        run.history, kind, PyBytes_AS_STRING(text), len(text), number, <int32_t>after
    )
    cdef int64_t first = run.history.index.entities[entity].scheduled if entity >= 0 else 0
    for event_id in run.refused.get((kind, number) if by_number(kind) else (kind, id), ()):
        if event_id > after and (first == 0 or event_id < first):
            first = event_id
    return first


cdef int try_again(Run run, Command command) except -1:
    """A back-off is over."""
    if command.stage != BACKING_OFF:
        return 0
    if not run.finished or command.kind == CLOSE:
        return enqueue(run, command)
    command.stage = OVER
    return settle(run, command, RECORDED, None)


cdef int close_refused(Run run, Command command, str cause) except -1:
    """UNHANDLED_DECISION: once more with the news. What cannot pass raises at the call, the rest is waited for."""
    cdef Command timer
    if cause == "UNHANDLED_DECISION":
        return enqueue(run, command)
    if command.waiters is not None and is_lasting_refusal(cause):
        return refuse_to_continue(run, command, cause)
    run.closes += 1
    timer = new_timer(run, min(10.0 * 2 ** (run.closes - 1), 600.0), f"close-{run.closes}")
    timer.serves = command
    return enqueue(run, timer)
