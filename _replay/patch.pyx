"""Changes of a decider's code that a run knows of, recorded in markers.

A change is known where its marker was recorded by the time at which the code asks, and new where the code asks for the
first time in the task in hand. Its marker leaves in the batch in which it was asked for, like a cached result: held
back, it would be missing when that batch is replayed.
"""

cdef str PATCH = "pyswf-patch"  # name of the markers; their details say which change


cdef bint is_patched(Run run, str id, bint is_deprecated) except -1:
    """Whether the change is part of this run; the first time that it is, its marker is asked for."""
    cdef int64_t event_id, recorded_by
    cdef str text = patch_details(id, is_deprecated)
    check_awake(run, "deprecate_patch()" if is_deprecated else "patched()")
    if id in run.patches:
        return run.patches[id]
    event_id = run.patch_records.get(id, 0)
    if event_id:
        recorded_by = run.history.rows[event_id - 1].done
        if recorded_by == run.batch_completed:
            return know_patch(run, id, run.history.value_text(&run.history.rows[event_id - 1]), (PATCH, id))
        return run.is_last or recorded_by < run.batch_completed  # else code came to ask for it later
    if run.is_last:
        if run.cached_count >= MOST_AT_ONCE:
            break_off(run, UsageError(
                f"the change {id!r} has no room: one decision can record at most {MOST_AT_ONCE} changes and cached"
                " results, so ask for fewer changes between two waits"
            ))
        take_room(run, text)
        return know_patch(run, id, text, (PATCH, id))
    if run.patch_refusals.get(run.batch_completed, 0):
        run.patch_refusals[run.batch_completed] -= 1
        return know_patch(run, id, text, PATCH)
    run.patches[id] = False
    return False


cdef bint know_patch(Run run, str id, str details, object key) except -1:
    cdef Command command = new_command(run, MARKER)
    command.details = (PATCH, details, key)
    run.patches[id] = True
    enqueue(run, command)
    return True


cdef str patch_details(str id, bint is_deprecated):
    record = {"id": id}
    if is_deprecated:
        record["deprecated"] = True
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False)


cdef dict patch_record(str details):
    """What a marker of a change says; {} for one that is not ours."""
    try:
        record = json.loads(details or "")
        if type(record["id"]) is str:
            return record
    except (ValueError, KeyError, TypeError):
        pass
    return {}


cdef str checked_patch(str id):
    if not 1 <= len(id) <= 256:
        raise UsageError(f"the id of a change is 1 to 256 characters long, found {len(id)}")
    return id
