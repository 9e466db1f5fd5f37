"""Work canceled: what has not left is withdrawn, what is open is asked to stop."""


cdef int cancel_command(Run run, Command command) except -1:
    cdef Command request
    command.gives_up = True
    if command.stage == OVER or command.kind >= <int>MARKER or command.cancel_sent:
        return 0
    if command.stage == BACKING_OFF:
        return stop_back_off(run, command)
    if command.stage != ACCEPTED and command.attempt == 1 and (command.throttled == 0 or command.kind == TIMER):
        return withdraw(run, command)
    # A further attempt is sent although it is canceled: without a record, a replay would take the failure
    # before it as delivered.
    if command.kind == ACTIVITY or command.kind == TIMER:
        request = new_command(run, CANCEL_ACTIVITY if command.kind == ACTIVITY else CANCEL_TIMER)
        request.swf_id = command.command_id()
        request.cancels = command
        enqueue(run, request)
    elif command.kind == CHILD:
        request = new_cancel_request(run, workflow_id_of(run, command), None)
        request.cancels = command
    if command.kind == TIMER:
        command.stage = OVER
        return settle(run, command, FAILURE, Canceled(f"{describe(command)} was canceled"))
    command.cancel_sent = True
    return 0


cdef int withdraw(Run run, Command command) except -1:
    """A command canceled before it left is not sent at all."""
    cdef int32_t entity
    if command.stage == QUEUED:
        run.outstanding -= 1
        run.unrecorded.pop(command.record_key(), None)
        entity = find_accepted(run, command)
        if entity >= 0:
            run.accepted[entity] = None
    command.stage = OVER
    if run.trace is not None and command in run.trace.made:
        run.trace.made.remove(command)
    return settle(run, command, FAILURE, Canceled(f"{describe(command)} was canceled before it was sent"))


cdef int stop_back_off(Run run, Command command) except -1:
    """Canceled between two attempts: the timer is canceled, also one that has not left yet."""
    cdef Command timer = command.back_off, request
    if timer is not None and timer.stage == QUEUED and timer.throttled:
        withdraw(run, timer)  # that it was asked for is recorded
    elif timer is not None and timer.stage != OVER:
        request = new_command(run, CANCEL_TIMER)
        request.swf_id = timer.command_id()
        request.cancels = timer
        enqueue(run, request)
    command.stage = OVER
    return settle(run, command, FAILURE, Canceled(f"{describe(command)} was canceled"))


cdef int cancel_open_work(Run run) except -1:
    """In call order, whatever is recorded of it: if there is much, a replay sends the same part of it first."""
    cdef Command command
    cdef list commands = []
    for command in [*run.accepted, *run.queue]:
        if command is not None and command.kind <= LAMBDA:
            commands.append(command if command.serves is None else command.serves)
    commands.sort(key=_sequence)
    for command in commands:
        cancel_command(run, command)
    return 0
