"""Nondeterminism found: what history recorded beside what the code produced, as facts.

A decision is held against its records when the next batch begins, which is why its batch is the one before. What the
facts mean is told by pyswf_fast/nondeterminism.py. Where a mismatch is found the history is replayed a second time,
with a trace of the lines of code: the run that everybody waits for keeps none.
"""

from pyswf_fast.nondeterminism import explain, unstable


cdef object mismatch(Run run, str kind, int64_t event_id, Command command, dict differences=None):
    """The error to raise where a record (`event_id`) and a command, one of which may be missing, do not fit."""
    cdef History history = run.history
    cdef bint of_record = is_record(&history.rows[event_id - 1])
    cdef int batch = run.batch - 1
    run.found = (kind, event_id)
    return explain({
        "kind": kind,
        "event_id": event_id,
        "batch": batch,
        "recorded": record_facts(history, event_id) if of_record else None,
        "produced": command_facts(run.trace, command) if command is not None else None,
        "differences": differences or {},
        "records": records_of(history, run.previous_completed),
        "next_records": records_after(history, run.previous_completed),
        "held": held_by(run, run.previous_completed),
        "made": made_facts(run),
        "agreed": run.trace.agreed if run.trace is not None else [],
        "failure": run.failure,
        **run_facts(run),
    })


cdef object cached_mismatch(Run run, Task task, int32_t number, str recorded):
    """A cached call whose marker is of another function."""
    cdef int64_t event_id = run.cache_records.get(number, 0)
    cdef dict call = {"what": "cached call", "id": str(number), "version": None}
    run.found = ("renamed", event_id)
    return explain({
        "kind": "renamed",
        "event_id": event_id,
        "batch": run.batch,
        "recorded": {**call, "name": recorded, "event_id": event_id, "event_type": "MarkerRecorded"},
        "produced": {**call, "name": task.name, "site": []},
        "differences": {},
        "records": [],
        "next_records": [],
        "held": 0,
        "made": [],
        "agreed": [],
        "failure": None,
        **run_facts(run),
    })


cdef dict run_facts(Run run):
    cdef History history = run.history
    started = history.attributes(1)
    return {
        "workflow_id": history.workflow_id,
        "run_id": run.run_id,
        "workflow_type": started.get("workflowType") or {},
        "domain": run.domain,
        "decider": (run.task.function.__module__, run.task.function.__qualname__),
        "code": (run.task.function, run.instance, (Task, Bound)),
        "batches": batches_of(run),
    }


cdef int batches_of(Run run) except -1:
    """How many batches the history has: the completed decisions that are no pauses, and the task in hand."""
    cdef int batches = 1 if is_open(run.history) else 0
    for completed in run.history.index.decisions:
        if not is_pause(run, completed):
            batches += 1
    return batches


cdef object explained(Run run, object error):
    """The error with the lines of code, from a second replay; or that a second replay does not meet it again."""
    cdef Run second = run.copied()
    second.rehearsed = run
    second.scope = None  # nothing is put in a data store
    second.trace = Trace.new(error.report["batch"])
    try:
        second.begin()
    except NondeterminismError as again:
        if second.found == run.found:
            return again
        return unstable(error, again)
    except Exception as other:
        return unstable(error, other)
    second.close()
    return unstable(error, None)


# Facts of records and of commands: `what` it is, its id, the name and version of its type, whom it is for.

cdef int recorded_kind(int event_kind):
    """The kind of command that an event records."""
    cdef int begun = begun_by(event_kind)
    if begun >= 0:
        return begun
    if event_kind == SCHEDULE_ACTIVITY_TASK_FAILED:
        return ACTIVITY
    if event_kind == START_TIMER_FAILED:
        return TIMER
    if event_kind == SCHEDULE_LAMBDA_FUNCTION_FAILED:
        return LAMBDA
    if event_kind == START_CHILD_WORKFLOW_EXECUTION_FAILED:
        return CHILD
    if event_kind == SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
        return SIGNAL_OUT
    if event_kind == REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
        return CANCEL_OUT
    if event_kind == MARKER_RECORDED or event_kind == RECORD_MARKER_FAILED:
        return MARKER
    if event_kind == ACTIVITY_TASK_CANCEL_REQUESTED or event_kind == REQUEST_CANCEL_ACTIVITY_TASK_FAILED:
        return CANCEL_ACTIVITY
    if event_kind == TIMER_CANCELED or event_kind == CANCEL_TIMER_FAILED:
        return CANCEL_TIMER
    return CLOSE


cdef dict record_facts(History history, int64_t event_id):
    cdef Event event = history.event(event_id)
    cdef int kind = recorded_kind(event.kind)
    cdef dict members = event.attributes
    type = members.get("activityType") or (members.get("workflowType") if kind == CHILD else None) or {}
    facts = {
        "what": CLOSE_DECISIONS[event.kind] if kind == CLOSE else COMMAND_NAMES[kind],
        "id": None,
        "name": type.get("name"),
        "version": type.get("version"),
        "event_id": event_id,
        "event_type": event.event_type,
    }
    if by_number(kind):
        facts["id"] = members.get("control")
    elif kind == MARKER:
        facts["name"] = members.get("markerName")
    elif kind == LAMBDA:
        facts["id"] = members.get("id")
        facts["name"] = members.get("name")
    elif kind != CLOSE:
        facts["id"] = members.get("activityId", members.get("timerId"))
    if by_number(kind):
        facts["target"] = members.get("workflowId")
    if kind == SIGNAL_OUT:
        facts["name"] = members.get("signalName")
    elif event.kind == TIMER_STARTED:
        facts["seconds"] = members.get("startToFireTimeout")
    if "cause" in members:
        facts["cause"] = members["cause"]
    return facts


cdef list records_of(History history, int64_t completed):
    """The records of a decision, without the library's own timers."""
    cdef list records = []
    cdef int64_t event_id = completed + 1
    cdef Row* row
    while completed and event_id <= history.count:
        row = &history.rows[event_id - 1]
        if row.kind == DECISION_TASK_COMPLETED:
            break
        if row.done == completed and is_record(row) and not is_librarys_own(history, row):
            records.append(record_facts(history, event_id))
        event_id += 1
    return records


cdef list records_after(History history, int64_t completed):
    """The records of the next decision that has any."""
    for later in history.index.decisions:
        if later > completed:
            records = records_of(history, later)
            if records:
                return records
    return []


cdef list made_facts(Run run):
    """What the code asked for in this batch; without a trace, what of it has no record yet."""
    if run.trace is not None:
        return [command_facts(run.trace, command) for command in run.trace.made]
    tidy_queue(run)
    return [command_facts(None, command) for command in run.queue]


cdef dict command_facts(Trace trace, Command command):
    cdef int kind = command.kind
    cdef dict facts = {
        "what": command.details[0] if kind == CLOSE else COMMAND_NAMES[kind],
        "id": None,
        "name": command.task.name if command.task is not None else None,
        "version": command.task.version if command.task is not None else None,
        "site": trace.sites.get(command, []) if trace is not None else [],
        "is_open": command.stage == QUEUED,
    }
    if by_number(kind):
        facts["id"] = str(command.number)
    elif kind == MARKER:
        facts["name"] = command.details[0]
    elif kind != CLOSE:
        facts["id"] = command.command_id()
    if kind == TIMER:
        facts["seconds"] = str(ceil(command.seconds))
    elif kind == CHILD:
        facts["target"] = command.task.attributes.get("workflowId")
    elif kind == SIGNAL_OUT or kind == CANCEL_OUT:
        facts["target"] = command.details["workflowId"]
        facts["name"] = command.details.get("signalName")
    return facts
