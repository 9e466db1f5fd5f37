"""What deciders ask for beside tasks: timers, markers, signals, requests to other executions, a next run."""


cdef Command new_user_timer(Run run, object seconds):
    cdef Command timer
    check_awake(run, "a timer")
    timer = new_timer(run, checked_seconds(seconds), None)
    run.timers += 1
    timer.number = run.timers
    enqueue(run, timer)
    return timer


cdef Command start_timeout(Run run, object seconds):
    run.waits += 1
    timer = new_timer(run, checked_seconds(seconds), f"w{run.waits}")
    enqueue(run, timer)
    return timer


cdef Command new_marker(Run run, str name, str details):
    cdef Command command
    cdef list recorded = run.marker_records.get(name, [])
    cdef int64_t event_id = 0
    cdef int count = run.marker_counts.get(name, 0)
    cdef str given = details
    run.marker_counts[name] = count + 1
    command = new_command(run, MARKER)
    command.details = (name, details, name)
    command.input = given
    if count < len(recorded) and recorded[count]:
        event_id = recorded[count]
        details = run.history.value_text(&run.history.rows[event_id - 1])
    settle(run, command, VALUE, marker_value(name, details))
    enqueue(run, command)
    return command


cdef Command new_signal(Run run, dict members):
    cdef Command command
    check_awake(run, "signal_external()")
    command = new_command(run, SIGNAL_OUT)
    run.signals_out += 1
    command.number = run.signals_out
    command.details = members
    enqueue(run, command)
    return command


cdef Command new_cancel_request(Run run, str workflow_id, str run_id):
    cdef Command command = new_command(run, CANCEL_OUT)
    run.cancels_out += 1
    command.number = run.cancels_out
    command.details = {"workflowId": workflow_id}
    if run_id is not None:
        command.details["runId"] = run_id
    enqueue(run, command)
    return command


cdef object next_input(Run run, args, kwargs):
    """The arguments of the run that continues this one."""
    if run.strict:
        run.drafts[END] = run.task.codec.draft_input(args, kwargs)
    return encode_input(run, run.task, args, kwargs)


cdef dict continuation(Run run, object input, dict overrides):
    """Members of the decision to continue as new: what is not given is this run's own, not its type's default."""
    cdef dict started = run.history.attributes(1)
    cdef dict members = {
        key: started[key]
        for key in ("executionStartToCloseTimeout", "taskList", "taskPriority", "taskStartToCloseTimeout",
                    "childPolicy", "tagList", "lambdaRole")
        if key in started
    }
    if input is None:
        input = carried_input(run, started.get("input"))
    if input is not None:
        members["input"] = input
    members["workflowTypeVersion"] = started["workflowType"]["version"]
    members.update(overrides or {})
    return members


cdef object carried_input(Run run, str recorded):
    """This run's own input for the next one."""
    try:
        return run.task.codec.carry_input(recorded, run.scope)
    except DataStoreError as error:
        break_off(run, error)


cdef SignalQueue signal_queue(Run run, str name):
    cdef SignalQueue queue = run.signal_queues.get(name)
    if queue is None:
        queue = run.signal_queues[name] = SignalQueue.of(run, name)
    return queue


cdef object signal_value(Run run, int64_t event_id, object type):
    """What was sent with a signal: of the type asked for, else its JSON value; text that is none as it is."""
    cdef str text = run.history.value_text(&run.history.rows[event_id - 1])
    try:
        return run.task.codec.decode_value(text, "signal", ahead_of(run, text, event_id), type)
    except DataStoreError as error:
        break_off(run, error)
    except UsageError:
        if type is not None:
            raise
        return text
