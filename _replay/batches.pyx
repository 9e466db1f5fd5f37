"""What a run reads of its history: where batches end, and what is looked up in the whole of it."""


cdef int64_t find_target(Run run) noexcept:
    cdef History history = run.history
    if history.started_event_id and is_open(history):
        return history.started_event_id
    return history.count


cdef bint find_batch(Run run) except -1:
    """The bounds of the next batch; False when there is none."""
    cdef list decisions = run.history.index.decisions
    cdef int64_t completed, started
    if run.position >= run.target:
        return False
    run.previous_completed = run.batch_completed
    if run.is_last and run.decision_no < len(decisions):
        # The task decided last is now recorded.
        completed = decisions[run.decision_no]
        if run.history.rows[completed - 1].ref == run.position:
            run.previous_completed = completed
            run.decision_no += 1
    while run.decision_no < len(decisions):
        completed = decisions[run.decision_no]
        if completed > run.target:
            break
        started = run.history.rows[completed - 1].ref
        if not 0 < started < completed or run.history.rows[started - 1].kind != DECISION_TASK_STARTED \
                or started <= run.position:
            raise HistoryFormatError("a reference to its DecisionTaskStarted expected", event_id=completed)
        run.decision_no += 1
        if not is_pause(run, completed):
            run.batch_end = started
            run.batch_completed = completed
            run.batch_held = held_by(run, completed)
            run.is_last = False
            return True
    run.batch_end = run.target
    run.batch_completed = run.batch_held = 0
    run.is_last = True
    return True


cdef bint is_pause(Run run, int64_t completed):
    """Whether a decision's only record is a `pause-` timer: then it decided nothing."""
    cdef Row* row
    if completed >= run.history.count:
        return False
    row = &run.history.rows[completed]
    if row.kind != TIMER_STARTED and row.kind != START_TIMER_FAILED or row.done != completed \
            or not run.history.key_begins(row, b"pause-", 6):
        return False
    row = &run.history.rows[completed + 1]
    return completed + 1 >= run.history.count or row.done != completed or not is_record(row)


cdef int64_t held_by(Run run, int64_t completed) except -1:
    """How many commands a decision says that it held back."""
    return library_line_of(run, completed).get("held", 0)


cdef dict library_line_of(Run run, int64_t completed):
    """What the library has written into a decision's executionContext."""
    cdef Row* row = &run.history.rows[completed - 1]
    return library_line(run.history.value_text(row)) if row.flags & HAS_VALUE else {}


cdef int64_t last_unheld(Run run) except -1:
    """The last decision that held nothing back, 0 if none."""
    cdef list decisions = run.history.index.decisions
    while run.unheld_read < len(decisions):
        completed = decisions[run.unheld_read]
        run.unheld_read += 1
        if not is_pause(run, completed) and held_by(run, completed) == 0:
            run.last_unheld = completed
    return run.last_unheld


cdef int read_new_events(Run run) except -1:
    """What is looked up in the whole history: markers by name, cached results by number, refusals by key."""
    cdef History history = run.history
    cdef Row* row
    cdef int64_t event_id
    cdef list refusals = history.index.refusals
    (<list>run.accepted).extend([None] * (history.index.count - len(run.accepted)))
    (<list>run.tasks_by_type).extend([None] * (len(history.types) - len(run.tasks_by_type)))
    for event_id in range(run.events_read + 1, history.count + 1):
        row = &history.rows[event_id - 1]
        if row.kind == RECORD_MARKER_FAILED:
            name = history.key_text(row)
            run.marker_records.setdefault(name, []).append(0)
            if name == PATCH:
                run.patch_refusals[row.done] = run.patch_refusals.get(row.done, 0) + 1
        elif row.kind == MARKER_RECORDED:
            name = history.key_text(row)
            run.marker_records.setdefault(name, []).append(event_id)
            if name == CACHE:
                number = cache_number(history.value_text(row))
                if number:
                    run.cache_records[number] = event_id
            elif name == PATCH:
                record = patch_record(history.value_text(row))
                if record:
                    run.patch_records.setdefault(record["id"], event_id)
    run.events_read = history.count
    for event_id in refusals[run.refusals_read:]:
        run.refused.setdefault(refusal_key(history, event_id), []).append(event_id)
    run.refusals_read = len(refusals)
    return 0


cdef int64_t first_decided(Run run) except -1:
    """The first DecisionTaskCompleted that is no pause, or 0."""
    for completed in run.history.index.decisions:
        if not is_pause(run, completed):
            return completed
    return 0


cdef bint is_open(History history) noexcept:
    """Whether the last event leaves the run open."""
    cdef int kind = history.rows[history.count - 1].kind if history.count else 0
    return kind not in (
        WORKFLOW_EXECUTION_COMPLETED, WORKFLOW_EXECUTION_FAILED, WORKFLOW_EXECUTION_CANCELED,
        WORKFLOW_EXECUTION_CONTINUED_AS_NEW, WORKFLOW_EXECUTION_TERMINATED, WORKFLOW_EXECUTION_TIMED_OUT,
    )
