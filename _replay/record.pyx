"""Commands and their records: what the decider asked for, held against what the history says it asked for."""


cdef bint is_record(Row* row) noexcept nogil:
    """Whether an event records a command by itself; a …Failed event that names an Initiated event does not."""
    cdef int kind = row.kind
    if WORKFLOW_EXECUTION_COMPLETED <= kind <= CONTINUE_AS_NEW_WORKFLOW_EXECUTION_FAILED:
        return True
    if kind == START_CHILD_WORKFLOW_EXECUTION_FAILED or kind == SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED \
            or kind == REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
        return row.ref == 0
    return (
        begun_by(kind) >= 0
        or kind == SCHEDULE_ACTIVITY_TASK_FAILED
        or kind == ACTIVITY_TASK_CANCEL_REQUESTED
        or kind == REQUEST_CANCEL_ACTIVITY_TASK_FAILED
        or kind == START_TIMER_FAILED
        or kind == TIMER_CANCELED
        or kind == CANCEL_TIMER_FAILED
        or kind == MARKER_RECORDED
        or kind == RECORD_MARKER_FAILED
        or kind == SCHEDULE_LAMBDA_FUNCTION_FAILED
    )


cdef bint is_librarys_own(History history, Row* row):
    """Timers that split or delay decisions: no code asked for them."""
    return (row.kind == TIMER_STARTED or row.kind == START_TIMER_FAILED) and (
        history.key_begins(row, b"wake-", 5) or history.key_begins(row, b"pause-", 6)
    )


cdef bint is_passing_refusal(str cause):
    """A refusal that says only "not now": a throttle, or a limit of what may be open."""
    return cause is not None and (
        cause.endswith("_RATE_EXCEEDED") or (cause.startswith("OPEN_") and cause.endswith("_LIMIT_EXCEEDED"))
    )


cdef bint is_lasting_refusal(str cause):
    """A refusal that says what is wrong with the type."""
    return cause is not None and (
        cause.startswith("WORKFLOW_TYPE_") or cause.startswith("DEFAULT_") and cause.endswith("_UNDEFINED")
    )


cdef object refusal_key(History history, int64_t event_id):
    """What the command that an event refused is matched by, or None."""
    cdef Row* row = &history.rows[event_id - 1]
    cdef int kind = row.kind
    if kind == SCHEDULE_ACTIVITY_TASK_FAILED:
        return (<int>ACTIVITY, history.key_text(row))
    if kind == START_TIMER_FAILED:
        return (<int>TIMER, history.key_text(row))
    if kind == SCHEDULE_LAMBDA_FUNCTION_FAILED:
        return (<int>LAMBDA, history.key_text(row))
    control = history.attributes(event_id).get("control", "")
    if not control.isdecimal():
        return None
    if kind == START_CHILD_WORKFLOW_EXECUTION_FAILED:
        return (<int>CHILD, int(control))
    if kind == SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
        return (<int>SIGNAL_OUT, int(control))
    return (<int>CANCEL_OUT, int(control))


cdef int match_record(Run run, int64_t event_id) except -1:
    """Find the command that an event records; NondeterminismError where there is none."""
    cdef History history = run.history
    cdef Row* row = &history.rows[event_id - 1]
    cdef int kind = row.kind
    if begun_by(kind) >= 0:
        return match_accepted(run, row, event_id)
    if kind == MARKER_RECORDED or kind == RECORD_MARKER_FAILED:
        return match_marker(run, row, event_id)
    if WORKFLOW_EXECUTION_COMPLETED <= kind <= CONTINUE_AS_NEW_WORKFLOW_EXECUTION_FAILED:
        return match_close(run, row, event_id)
    if kind == ACTIVITY_TASK_CANCEL_REQUESTED or kind == REQUEST_CANCEL_ACTIVITY_TASK_FAILED:
        return match_request(run, CANCEL_ACTIVITY, history.key_text(row), event_id)
    if kind == TIMER_CANCELED or kind == CANCEL_TIMER_FAILED:
        return match_request(run, CANCEL_TIMER, history.key_text(row), event_id)
    return match_refused(run, event_id)


cdef int match_accepted(Run run, Row* row, int64_t event_id) except -1:
    cdef int32_t entity = row.entity
    cdef Command command = <Command>(<list>run.accepted)[entity]
    if command is None:
        if is_librarys_own(run.history, row):
            return 0
        command = take_unrecorded(run, begun_by(row.kind), row)
        if command is not None:
            (<list>run.accepted)[entity] = command
    if command is None or command.stage != QUEUED:
        raise mismatch(run, "missing", event_id, None)
    if not is_named(run, command, row, event_id):
        raise mismatch(run, "renamed", event_id, command)
    check_members(run, command, event_id)
    command.entity = entity
    command.stage = ACCEPTED
    command.input = None  # the history has it now
    run.outstanding -= 1
    return 0


cdef inline bint is_named(Run run, Command command, Row* row, int64_t event_id) except -1:
    """Whether a record is of the command's type, or function."""
    if command.kind == LAMBDA:
        return run.history.attributes(event_id).get("name") == command.task.name
    return command.task is None or not row.type_no or is_of_type(run, command.task, row.type_no)


cdef int check_members(Run run, Command command, int64_t event_id) except -1:
    cdef dict changed
    if run.strict or by_number(command.kind):
        changed = changed_members(run, command, event_id)
        if changed:
            raise mismatch(run, "changed", event_id, command, changed)
    return 0


cdef int match_marker(Run run, Row* row, int64_t event_id) except -1:
    cdef Command command
    cdef object key = run.history.key_text(row)
    cdef dict record = {}
    if key == CACHE and row.kind == RECORD_MARKER_FAILED:
        raise UsageError(
            f"SWF refused to record what a @cached function came to (event {event_id}, OPERATION_NOT_PERMITTED), so no"
            " replay can know it: allow swf:RecordMarker to the deciders, and start this execution anew"
        )
    if key == PATCH:
        record = patch_record(run.history.value_text(row))
        key = (PATCH, record["id"]) if record else first_patch(run)
    queued = run.marker_commands.get(key)
    if not queued:
        if record.get("deprecated") is True:
            return 0  # whoever deprecates a change may drop it
        raise mismatch(run, "missing", event_id, None)
    command = queued.popleft()
    if row.kind == MARKER_RECORDED:
        check_members(run, command, event_id)
    command.stage = OVER
    run.outstanding -= 1
    return 0


cdef object first_patch(Run run):
    """Key of the change asked for first, as a refused marker does not say which it is."""
    for key, queued in run.marker_commands.items():
        if queued and (key == PATCH or type(key) is tuple):
            return key
    return PATCH


cdef int match_request(Run run, int kind, str id, int64_t event_id) except -1:
    cdef Command command = run.unrecorded.pop((kind, id), None)
    if command is None:
        raise mismatch(run, "missing", event_id, None)
    command.stage = OVER
    run.outstanding -= 1
    return 0


cdef int match_refused(Run run, int64_t event_id) except -1:
    cdef Row* row = &run.history.rows[event_id - 1]
    cdef object key = refusal_key(run.history, event_id)
    cdef Command command = refused_command(run, key, event_id) if key is not None else None
    if command is None and is_librarys_own(run.history, row):
        return 0  # the refusal itself brings the decision task that the timer was for
    if command is None or command.stage != QUEUED:
        raise mismatch(run, "missing", event_id, None)
    if not is_named(run, command, row, event_id):
        raise mismatch(run, "renamed", event_id, command)
    run.outstanding -= 1
    command.stage = BACKING_OFF
    command.event_id = <int32_t>event_id
    run.refusals_now.append((command, event_id))
    return 0


cdef dict CLOSE_DECISIONS = {
    WORKFLOW_EXECUTION_COMPLETED: "CompleteWorkflowExecution",
    COMPLETE_WORKFLOW_EXECUTION_FAILED: "CompleteWorkflowExecution",
    WORKFLOW_EXECUTION_FAILED: "FailWorkflowExecution",
    FAIL_WORKFLOW_EXECUTION_FAILED: "FailWorkflowExecution",
    WORKFLOW_EXECUTION_CANCELED: "CancelWorkflowExecution",
    CANCEL_WORKFLOW_EXECUTION_FAILED: "CancelWorkflowExecution",
    WORKFLOW_EXECUTION_CONTINUED_AS_NEW: "ContinueAsNewWorkflowExecution",
    CONTINUE_AS_NEW_WORKFLOW_EXECUTION_FAILED: "ContinueAsNewWorkflowExecution",
}


cdef int match_close(Run run, Row* row, int64_t event_id) except -1:
    cdef Command command = run.closing
    if command is None or command.stage != QUEUED:
        raise mismatch(run, "missing", event_id, None)
    if command.details[0] != CLOSE_DECISIONS[row.kind]:
        raise mismatch(run, "changed", event_id, command)
    if row.kind in CLOSE_STATUS:
        check_members(run, command, event_id)
    run.outstanding -= 1
    if row.kind in CLOSE_STATUS:
        command.stage = OVER
        run.ended = True
        return 0
    command.stage = BACKING_OFF
    run.refusals_now.append((command, event_id))
    return 0


cdef int check_rest(Run run, int64_t completed, int64_t held) except -1:
    """What has no record must be as much as the decision says that it held back."""
    if run.outstanding == held:
        if run.trace is not None:
            run.trace.agree()
        return 0
    raise mismatch(run, "extra" if run.outstanding > held else "missing", completed, None)


cdef int apply_event(Run run, int64_t event_id) except -1:
    """An event that is no record: promises are resolved, signals queued, failures judged."""
    cdef Row* row = &run.history.rows[event_id - 1]
    cdef int kind = row.kind
    cdef Command command
    if kind == ACTIVITY_TASK_COMPLETED or kind == CHILD_WORKFLOW_EXECUTION_COMPLETED \
            or kind == LAMBDA_FUNCTION_COMPLETED or kind == EXTERNAL_WORKFLOW_EXECUTION_SIGNALED \
            or kind == EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
        command = concerned(run, row, event_id)
        if command is not None:
            command.event_id = <int32_t>event_id
            command.stage = OVER
            settle(run, command, RECORDED, None)
    elif kind == TIMER_FIRED:
        command = concerned(run, row, event_id)
        if command is not None:
            command.stage = OVER
            if command.serves is not None:
                try_again(run, command.serves)
            else:
                settle(run, command, VALUE, None)
    elif ACTIVITY_TASK_FAILED <= kind <= ACTIVITY_TASK_CANCELED \
            or CHILD_WORKFLOW_EXECUTION_FAILED <= kind <= CHILD_WORKFLOW_EXECUTION_TERMINATED \
            or kind == LAMBDA_FUNCTION_FAILED or kind == LAMBDA_FUNCTION_TIMED_OUT \
            or kind == START_LAMBDA_FUNCTION_FAILED or kind == START_CHILD_WORKFLOW_EXECUTION_FAILED \
            or kind == SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED \
            or kind == REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
        command = concerned(run, row, event_id)
        if command is not None:
            command.event_id = <int32_t>event_id
            work_failed(run, command, STATE_NAMES[run.history.index.entities[row_entity(run, row)].state])
    elif kind == WORKFLOW_EXECUTION_SIGNALED:
        signal_queue(run, run.history.key_text(row)).arrive(event_id)
    elif kind == WORKFLOW_EXECUTION_CANCEL_REQUESTED:
        request_cancel(run)
    elif kind == WORKFLOW_EXECUTION_TERMINATED or kind == WORKFLOW_EXECUTION_TIMED_OUT:
        run.ended = True
    return 0


cdef inline int32_t row_entity(Run run, Row* row) noexcept:
    return run.history.rows[row.ref - 1].entity
