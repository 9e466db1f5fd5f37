"""Where the code stands: what each suspended branch waits for, in words, and the frame in which it does."""


cdef enum:
    MOST_NAMED = 5  # of several things waited for as one


cdef list standing(Run run):
    """(number, function, what it waits for, frame) of each suspended branch; the decider's own is number 0."""
    cdef Branch branch
    cdef Py_ssize_t number
    cdef list found = []
    for number in range(len(run.branches)):
        branch = run.branches[number]
        if not branch.ended and branch.greenlet is not None:
            found.append((
                number, branch.function, waited_for(run, branch.waiting_on), branch.greenlet.gr_frame
            ))
    return found


cdef str waited_for(Run run, Promise promise):
    cdef Branch branch
    if promise is None:
        return "nothing any more: it was broken off here"
    if type(promise) is Command:
        return standing_of(run, promise)
    if type(promise) is Group:
        return (
            ("all of " if (<Group>promise).mode == ALL else "the first of ")
            + members_in_words(run, (<Group>promise).members)
            + in_time((<Group>promise).timer)
        )
    if type(promise) is SignalDeadline:
        return f"a signal {(<SignalDeadline>promise).queue.name!r}{in_time((<SignalDeadline>promise).timer)}"
    if type(promise) is as_completed:
        return f"the next of {(<as_completed>promise).missing} that are not there yet"
    if promise is run.next_batch:
        return f"the result of {run.not_run[0]}, a cached function, which was not run" if run.not_run \
            else "the next decision task, for room in its response"
    if type(promise) is Pending:
        if (<Pending>promise).queue is not None:
            return f"a signal {(<Pending>promise).queue.name!r}"
        if (<Pending>promise).stream is not None:
            return waited_for(run, (<Pending>promise).stream) + in_time((<Pending>promise).stream.timer)
        for number, branch in enumerate(run.branches):
            if branch.promise is promise:
                return f"the end of branch {number}, {name_of(branch.function)}"
    return repr(promise)


cdef str members_in_words(Run run, list members):
    """Those that are not there yet, as far as they can be named."""
    cdef Promise member
    cdef list missing = [member for member in members if member.state == PENDING]
    words = [waited_for(run, member) for member in missing[:MOST_NAMED]]
    if len(missing) > MOST_NAMED:
        words.append(f"and {len(missing) - MOST_NAMED} more")
    return f"{len(members)}, not there yet: {'; '.join(words)}"


cdef str in_time(Command timer):
    return "" if timer is None else f", for at most {timer.seconds:g} s (timer {timer.command_id()!r})"


cdef str standing_of(Run run, Command command):
    """A command, and how far it is."""
    cdef Entity* entity
    cdef str words = describe(command)
    if command.kind == TIMER:
        words += f" of {command.seconds:g} s"
    if command.stage == BLOCKED:
        words += ", not asked for yet: " + (
            "its arguments are not there" if command.arguments is not None else "others of its map() go first"
        )
    elif command.stage == QUEUED:
        words += ", not recorded yet"
    elif command.stage == BACKING_OFF:
        words += ", refused" if command.back_off is None else \
            f", failed: the next attempt waits for {standing_of(run, command.back_off)}"
    elif command.stage == ACCEPTED and command.entity >= 0:
        entity = &run.history.index.entities[command.entity]
        if command.kind == TIMER:
            words += f", started at event {entity.scheduled}"
        else:
            words += f", {'initiated' if by_number(command.kind) else 'scheduled'} at event {entity.scheduled}"
            if entity.started:
                words += f", started at event {entity.started}"
    return words + (", asked to cancel" if command.cancel_sent else "")


cdef str name_of(object function):
    return getattr(function, "__qualname__", None) or repr(function)
