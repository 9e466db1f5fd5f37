"""What a command asks for held against its record, member by member: whom it is for always, the rest in strict mode."""


cdef frozenset IDENTITY = frozenset(["activityId", "activityType", "control", "id", "name", "timerId", "workflowId",
                                     "workflowType"])


cdef dict changed_members(Run run, Command command, int64_t event_id):
    """Members of the decision that history recorded otherwise: name -> [recorded, produced]."""
    cdef dict recorded, produced, changed = {}
    if command.kind == CLOSE and not run.strict or not by_number(command.kind) and not run.strict:
        return changed
    recorded = run.history.attributes(event_id)
    if by_number(command.kind):
        changed.update(changed_target(run, command, recorded))
    if not run.strict or command.serves is not None:
        return changed  # how long a back-off ran is history's
    produced = produced_members(run, command)
    recorded = recorded_members(run, command, recorded)
    for member, value in produced.items():
        if member in IDENTITY or member in changed:
            continue
        if not is_same(recorded.get(member), value):
            changed[member] = [shown(recorded.get(member)), shown(value)]
    return changed


cdef dict recorded_members(Run run, Command command, dict recorded):
    """What was recorded, with what serializers wrote in the place of references to it."""
    cdef Task task = run.task if command.kind == CLOSE else command.task
    cdef object codec = task.codec if task is not None else None
    recorded = recorded.copy()
    if command.kind == SIGNAL_OUT:
        codec = run.task.codec
    if codec is not None and recorded.get("input") is not None:
        recorded["input"] = codec.written_input(recorded["input"])
    if command.kind == CLOSE:
        if recorded.get("result") is not None:
            recorded["result"] = codec.written_result(recorded["result"])
        recorded["workflowTypeVersion"] = recorded.get("workflowType", {}).get("version")
    return recorded


cdef object shown(object value):
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


cdef dict changed_target(Run run, Command command, dict recorded):
    """Another execution than the recorded one, as far as that can be told."""
    cdef dict produced
    if command.kind == CHILD:
        given = command.task.attributes.get("workflowId")
        produced = {} if given is None else {"workflowId": given}
    else:
        produced = {key: command.details.get(key) for key in ("workflowId", "signalName", "runId")}
        if not run.run_id:
            produced.pop("workflowId")  # it may be that of a child, which follows from the run id
    return {
        member: [recorded.get(member), value]
        for member, value in produced.items() if recorded.get(member) != value
    }


cdef dict produced_members(Run run, Command command):
    cdef dict members = {}
    if command.kind == MARKER:
        is_users = command.details[0] not in (CACHE, PATCH)
        return {"details": command.input} if is_users else members
    if command.attempt > 1 or command.throttled:
        command.input = ""  # it was sent as recorded: it is neither made anew, nor put into a store
    elif is_draft(command.input):
        command.input = ""  # it is compared as it was serialized
    if command.kind == SIGNAL_OUT:
        members = command.details.copy()
        if "input" in members:
            members["input"] = written_of(run, members["input"])
        return members
    if command.kind == CLOSE:
        command.details = (command.details[0], {
            member: "" if is_draft(value) else value for member, value in command.details[1].items()
        })
    for value in decision_of(run, command).values():
        if type(value) is dict:
            members = (<dict>value).copy()
    if command.kind == CLOSE:
        members.pop("details", None)  # a traceback, which has line numbers
        if "result" in members:
            members["result"] = run.drafts[END]
        elif "input" in members:
            members["input"] = run.drafts.get(END) or run.task.codec.written_input(members["input"])
    elif command.attempt > 1 or command.throttled:
        members.pop("input", None)
    elif command.task is not None:
        members["input"] = run.drafts.get(command.sequence)
    return members


cdef object written_of(Run run, object field):
    """What a serializer made, from a field or the draft of one."""
    return field.written if is_draft(field) else run.task.codec.written_input(field)


cdef str END = "end"  # among drafts: the result, or the input of the next run


cdef bint is_same(object recorded, object produced):
    """Whether two members say the same: texts that are JSON are compared by value."""
    if recorded == produced:
        return True
    if not isinstance(recorded, str) or not isinstance(produced, str):
        return False
    try:
        return canonical(recorded) == canonical(produced)
    except (ValueError, RecursionError):
        return False


cdef str canonical(str text):
    return json.dumps(json.loads(text), sort_keys=True)  # in which true, 1 and 1.0 differ
