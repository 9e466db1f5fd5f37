"""Commands from the call to the queue, and found again by what records them."""

from hashlib import sha256


cdef Command new_command(Run run, int kind):
    cdef Command command = Command.__new__(Command)
    command.run = run
    command.kind = <uint8_t>kind
    command.entity = -1
    command.attempt = 1
    run.sequence += 1
    command.sequence = run.sequence
    if run.trace is not None:
        run.trace.note_site(command)
    return command


cdef Command new_timer(Run run, double seconds, str id):
    cdef Command timer = new_command(run, TIMER)
    timer.seconds = seconds
    timer.swf_id = id
    return timer


cdef int32_t find_accepted(Run run, Command command):
    """The entity that this command's next record begins, or -1."""
    cdef char[32] buffer
    cdef Py_ssize_t length
    cdef bytes text
    cdef Index index = run.history.index
    cdef int32_t after = <int32_t>run.batch_end
    if command.kind >= <int>ENTITY_KINDS:
        return -1
    if by_number(command.kind) or command.swf_id is None and command.attempt == 1 and command.number < NUMBERED:
        return index.find(run.history, command.kind, NULL, 0, command.number, after)
    if command.swf_id is not None:
        text = command.swf_id.encode("utf-8", "surrogatepass")
        return index.find(run.history, command.kind, PyBytes_AS_STRING(text), len(text), 0, after)
    length = put_decimal(buffer, command.number)
    if command.attempt > 1:
        buffer[length] = c"-"
        length += 1 + put_decimal(buffer + length + 1, command.attempt)
    return index.find(run.history, command.kind, buffer, length, 0, after)


cdef object call_task(Run run, Task task, object instance, tuple args, dict kwargs):
    """What a call of a decorated function means inside a decider."""
    cdef Command command
    if task.kind == CACHED_FUNCTION:
        return call_cached(run, task, instance, args, kwargs)
    check_awake(run, task.name)
    command = new_call(run, task, instance)
    place_call(run, command, args, kwargs)
    return command


cdef Command new_call(Run run, Task task, object instance):
    """The next number of its kind."""
    cdef Command command
    if task.kind == ACTIVITY_TASK:
        command = new_command(run, ACTIVITY)
        run.activities += 1
        command.number = run.activities
    elif task.kind == LAMBDA_TASK:
        command = new_command(run, LAMBDA)
        run.lambdas += 1
        command.number = run.lambdas
    else:
        command = new_command(run, CHILD)
        run.children += 1
        command.number = run.children
    command.task = task
    command.instance = instance
    return command


cdef int place_call(Run run, Command command, tuple args, dict kwargs) except -1:
    """Take the arguments of a call as they are now; it is issued once they are there."""
    cdef int32_t entity = find_accepted(run, command)
    if entity >= 0 and is_next_record(run, entity) and not run.strict:
        # Recorded by the decision that is being matched: its arguments are not touched.
        run.accepted[entity] = command
        command.stage = QUEUED
        run.outstanding += 1
        if run.trace is not None:
            run.trace.made.append(command)
        return 0
    take_arguments(run, command, entity, args, kwargs)
    if command.blockers == 0:
        issue_command(run, command)
    return 0


cdef int take_arguments(Run run, Command command, int32_t entity, tuple args, dict kwargs) except -1:
    if has_promise(run, args, 0) or has_promise(run, kwargs, 0):
        command.blockers = count_pending(run, args, command, 0) + count_pending(run, kwargs, command, 0)
        command.arguments = (frozen(args), frozen(kwargs))
    else:
        write_input(run, command, entity, args, kwargs)
    return 0


cdef int write_input(Run run, Command command, int32_t entity, args, kwargs) except -1:
    """Serialize arguments that are to be sent, or compared with recorded ones: the latter go into no data store."""
    if entity < 0:
        check_domain(run, command.task)
        command.input = encode_input(run, command.task, args, kwargs)
    if run.strict:
        run.drafts[command.sequence] = command.task.codec.draft_input(args, kwargs)
    return 0


cdef int check_domain(Run run, Task task) except -1:
    """SWF schedules work in the execution's own domain only."""
    if run.domain is not None and task.domain is not None and run.domain != task.domain:
        raise UsageError(
            f"{task.name} {task.version} belongs to domain {task.domain!r}, this execution runs in"
            f" {run.domain!r}: SWF schedules work in the execution's own domain only; signal or start a workflow"
            f" of {task.domain!r} from an activity instead, or decorate a function for this domain"
        )
    return 0


cdef inline bint is_next_record(Run run, int32_t entity) noexcept:
    return run.batch_completed != 0 \
        and run.history.rows[run.history.index.entities[entity].scheduled - 1].done == run.batch_completed


cdef object encode_input(Run run, Task task, args, kwargs):
    """The field, or the draft of one that is to go into a data store."""
    try:
        return task.codec.encode_input(args, kwargs, run.scope, True)
    except DataStoreError as error:
        break_off(run, error)


cdef int issue_unblocked(Run run) except -1:
    """Issue the commands whose last argument came, in the order in which they were called."""
    cdef list commands
    while run.unblocked and not run.finished:
        commands = run.unblocked
        run.unblocked = []
        commands.sort(key=_sequence)
        for command in commands:
            if (<Command>command).stage == BLOCKED:  # not canceled since
                issue_command(run, command)
    return 0


cdef int issue_command(Run run, Command command) except -1:
    """The arguments are there: the command can be sent, or failed with one of them."""
    if command.arguments is None:  # without promises among them, they were taken at the call
        return enqueue(run, command)
    try:
        args, kwargs = resolved(command.arguments)
        write_input(run, command, find_accepted(run, command), args, kwargs)
    except (DataStoreError, GreenletExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        command.stage = OVER
        return settle(run, command, FAILURE, error)
    command.arguments = None
    return enqueue(run, command)


cdef int enqueue(Run run, Command command) except -1:
    """From now on the command waits to be sent, or in replay for its record."""
    cdef int32_t entity = find_accepted(run, command)
    command.stage = QUEUED
    run.outstanding += 1
    if run.trace is not None:
        run.trace.made.append(command)
    if entity >= 0:
        run.accepted[entity] = command
        if is_next_record(run, entity):
            return 0
    elif command.kind == MARKER:
        run.marker_commands.setdefault(command.details[2], deque()).append(command)
    elif command.kind != CLOSE:
        run.unrecorded[command.record_key()] = command
    command.place = len(run.queue)
    run.queue.append(command)
    return 0


cdef Command take_unrecorded(Run run, int kind, Row* row):
    """The command that was new when its record was not there yet."""
    cdef object key = row.ref if by_number(kind) else run.history.key_text(row)
    return run.unrecorded.pop((kind, key), None)


cdef Command refused_command(Run run, tuple key, int64_t event_id):
    """The command that a refusal is about: without an accepted schedule, or with one that comes later."""
    cdef Command command = run.unrecorded.pop(key, None)
    cdef bytes text
    cdef int32_t entity
    if command is not None:
        return command
    if by_number(key[0]):
        entity = run.history.index.find(run.history, key[0], NULL, 0, key[1], <int32_t>event_id)
    else:
        text = key[1].encode("utf-8", "surrogatepass")
        entity = run.history.index.find(
            run.history, key[0], PyBytes_AS_STRING(text), len(text), 0, <int32_t>event_id
        )
    return run.accepted[entity] if entity >= 0 else None


cdef bint is_of_type(Run run, Task task, int type_no):
    """Whether a task has the name and version of the history's type."""
    cdef tuple type
    if run.tasks_by_type[type_no] is task:
        return True
    type = run.history.types[type_no]
    if task.name != type[0] or task.version != type[1]:
        return False
    run.tasks_by_type[type_no] = task
    return True


cdef Command concerned(Run run, Row* row, int64_t event_id):
    """The command that an event is about; None where none is open."""
    cdef int32_t entity = run.history.rows[row.ref - 1].entity if 0 < row.ref < event_id else -1
    cdef Command command
    if entity < 0 or state_after(row.kind, run.history.index.entities[entity].kind) < 0:
        if row.kind == START_CHILD_WORKFLOW_EXECUTION_FAILED and row.ref == 0:
            return None
        raise HistoryFormatError(
            f"a reference to the event that began it expected in {kind_name(row.kind)}, found {row.ref}",
            event_id=event_id,
        )
    command = run.accepted[entity]
    if command is None or command.entity != entity or command.stage != ACCEPTED:
        return None
    return command


cdef int tidy_queue(Run run) except -1:
    """Drop what left the queue; of what was queued again, the earlier place."""
    cdef list queue = run.queue
    cdef Command command
    cdef Py_ssize_t place
    run.queue = []
    for place in range(len(queue)):
        command = queue[place]
        if command.stage == QUEUED and command.place == place:
            command.place = len(run.queue)
            run.queue.append(command)
    return 0


cdef str workflow_id_of(Run run, Command command):
    """A child's workflowId: the one given, or one that no other run's child has."""
    cdef str given = command.task.attributes.get("workflowId")
    cdef str prefix
    if given is not None:
        return given
    prefix = sha256(run.run_id.encode()).hexdigest()[:20]
    return f"{prefix}-{command.command_id()}"
