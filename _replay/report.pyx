"""Nondeterminism told: what history recorded beside what the code produced.

A decision is held against its records when the next batch begins, which is why its batch is the one before.
"""


cdef object report(Run run, str kind, int batch, int64_t event_id, str recorded, str produced, str hint):
    cdef int batches = batches_of(run)
    cdef str workflow = run.history.workflow_id or "?"
    message = (
        f"nondeterminism ({kind}) in workflow {workflow!r}, run {run.run_id or '?'}, event {event_id},"
        f" batch {batch} of {batches}:"
        f"\n  history recorded: {recorded}\n  the decider produced: {produced}\n  {hint}"
    )
    return NondeterminismError(message, {
        "kind": kind,
        "workflow_id": run.history.workflow_id,
        "run_id": run.run_id,
        "event_id": event_id,
        "batch": batch,
        "batches": batches,
        "recorded": recorded,
        "produced": produced,
    })


cdef int batches_of(Run run) except -1:
    """How many batches the history has: the completed decisions that are no pauses, and the task in hand."""
    cdef int batches = 1 if is_open(run.history) else 0
    for completed in run.history.index.decisions:
        if not run.is_pause(completed):
            batches += 1
    return batches


cdef str recorded_text(History history, int64_t event_id):
    """A record in words: its type, its id, what it is of."""
    cdef Event event = history.event(event_id)
    cdef dict members = event.attributes
    cdef list words = [event.event_type]
    for key in ("activityId", "timerId", "workflowId", "markerName", "signalName", "id"):
        if key in members:
            words.append(repr(members[key]))
    for key in ("activityType", "workflowType"):
        if key in members:
            words.append(f"of {members[key].get('name')} {members[key].get('version')}")
    if "cause" in members:
        words.append(f"({members['cause']})")
    return " ".join(words)


cdef str produced_text(Run run):
    """What waits for a record, in words."""
    cdef list waiting
    tidy_queue(run)
    waiting = [describe(command) for command in run.queue]
    if not waiting:
        return "nothing"
    return ", ".join(waiting[:5]) + (f" and {len(waiting) - 5} more" if len(waiting) > 5 else "")


cdef object missing_report(Run run, int64_t event_id):
    return report(
        run, "missing", run.batch - 1, event_id, recorded_text(run.history, event_id), produced_text(run),
        "The code no longer asks for what it asked for when this was recorded, or asks for it elsewhere.",
    )


cdef object renamed_report(Run run, int64_t event_id, Command command):
    return report(
        run, "renamed", run.batch - 1, event_id, recorded_text(run.history, event_id), describe(command),
        "Another name or version stands under this id: a call was renamed, or calls changed places.",
    )


cdef object extra_report(Run run, int64_t completed, int64_t held):
    return report(
        run, "extra", run.batch - 1, completed,
        f"{held} commands held back by this decision" if held else "nothing more for this decision",
        produced_text(run) if run.queue else f"{run.outstanding} commands without a record",
        "The code asks for more (or fewer) things here than when this was recorded.",
    )


cdef object cached_report(Run run, Task task, int32_t number, str recorded):
    return report(
        run, "renamed", run.batch, run.cache_records.get(number, 0), f"cached call {number} of {recorded}",
        f"cached call {number} of {task.name}", "Calls of cached functions changed places.",
    )
