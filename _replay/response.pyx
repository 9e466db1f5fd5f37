"""The commands of the task in hand as the decisions of one response, within SWF's limits.

A response holds at most 100 decisions and 1 MB, an execution 1,000 open activities, timers, children and lambdas each.
What does not fit waits in its queue for a later decision; how much that is, is said in executionContext (`held`), so
that a replay knows without knowing the limits.
"""

cdef enum:
    MOST_DECISIONS = 100
    MOST_BYTES = 1_000_000
    MOST_OPEN = 1_000
    MOST_OPEN_TIMERS = 999    # and a `wake-` timer
    MOST_THROTTLED = 5        # times that a timer is asked for again at once
    LONGEST_FIELD = 32_768
    MOST_CACHED = 90          # results of cached functions in a response
    MOST_AT_ONCE = 98         # with the changes that must leave in it, too
    ROOM_FOR_CACHED = 500_000  # bytes of them, before the last
    CACHED_TEXT = 5_000       # fits a marker however its characters are escaped
    LIBRARYS_OWN = 1_000      # characters of its line, without the retries
    SPACES = 100              # bytes between the members of a decision, at most


cdef int compose_response(Run run) except -1:
    cdef Command command
    cdef int[<int>ENTITY_KINDS] open
    cdef list decisions = [], sent = []
    cdef int64_t held = 0, room = MOST_DECISIONS, bytes_left = MOST_BYTES - 2_000
    cdef bint crowded = run.next_batch is not None and not run.not_run and not run.finished
    cdef bint is_lonely
    cdef int kind, most_timers = timer_limit(run)
    cdef set kept = set()
    cdef dict retries = {}
    for kind in range(<int>ENTITY_KINDS):
        open[kind] = run.history.index.open[kind]
    for command in run.queue:
        kind = command.kind
        if kind == CLOSE:
            continue
        if kind <= LAMBDA:
            if open[kind] >= (most_timers if kind == TIMER else MOST_OPEN) or waits_longer(run, command):
                held += 1
                kept.add(command)
                note_retry(retries, command)
                continue
            open[kind] += 1
        elif command.cancels is not None and command.cancels in kept:
            held += 1  # it would find nothing to cancel yet
            continue
        sent.append(command)
    if run.closing is not None and run.closing.stage == QUEUED:
        if held:
            held += 1
        else:
            sent.append(run.closing)
    if run.status_text is not None:
        bytes_left -= len(json.dumps(run.status_text))
    is_lonely = held and run.closing is not None and not opens_any(open)
    if crowded or is_lonely or len(sent) > MOST_DECISIONS:
        room = MOST_DECISIONS - 1  # and a `wake-` timer
    # Results of cached functions, and changes, leave in the batch in which they came up: their room is taken.
    room -= run.cached_count
    bytes_left -= run.cached_bytes
    write_drafts(run, sent)
    for command in sent:
        decision = decision_of(run, command)
        if not leaves_at_once(command):
            room -= 1
            bytes_left -= wire_size(decision)
            if (room < 0 or bytes_left < 0) and (decisions or run.cached_count):
                crowded = True
                held += 1
                note_retry(retries, command)
                room = bytes_left = -1  # what was called later does not overtake
                continue
        decisions.append(decision)
        run.is_closing = command is run.closing
    if crowded or is_lonely:
        decisions.append({
            "decisionType": "StartTimer",
            "startTimerDecisionAttributes": {"timerId": f"wake-{run.batch_end}", "startToFireTimeout": "0"},
        })
    run.decisions = decisions
    run.execution_context = context_of(run, held, retries)
    return 0


cdef int write_drafts(Run run, list sent) except -1:
    """What leaves with this response and belongs into a data store goes there now, side by side."""
    cdef Command command
    cdef list drafts = []
    for command in sent[:<int>MOST_DECISIONS]:
        if command.input is None and command.entity >= 0 and command.task is not None:
            command.input = input_again(run, command)
        if is_draft(command.input):
            drafts.append(command.input)
        elif command.kind == SIGNAL_OUT:
            drafts.extend([value for value in command.details.values() if is_draft(value)])
        elif command.kind == CLOSE:
            drafts.extend([value for value in command.details[1].values() if is_draft(value)])
    if drafts:
        run.task.codec.write(drafts)
    return 0


cdef int note_retry(dict retries, Command command) except -1:
    """What was decided about a failure, where no event will tell it yet: a policy may say otherwise by then."""
    if command.serves is not None:
        if command.serves.kind != CLOSE:
            retries[command.command_id()] = ceil(command.seconds)
    elif command.kind <= CANCEL_OUT and command.kind != TIMER and (command.attempt > 1 or command.throttled):
        retries[back_off_id(command.kind, command.number, command.attempt)] = 0
    return 0


# A refused timer cannot be backed off by a timer, and each refusal brings a decision task: it waits for something else.

cdef int timer_limit(Run run) except -1:
    """How many timers may be open: as many as were when SWF refused one for their number, while that one waits."""
    cdef Command command
    cdef int limit = MOST_OPEN_TIMERS
    for command in run.queue:
        if command.kind == TIMER and command.throttled \
                and run.history.attributes(command.event_id).get("cause") == "OPEN_TIMERS_LIMIT_EXCEEDED":
            limit = min(limit, max(1, timers_open_at(run.history, command.event_id)))
    return limit


cdef int timers_open_at(History history, int64_t event_id) noexcept:
    cdef Index index = history.index
    cdef Py_ssize_t i
    cdef int open = 0
    for i in range(index.count):
        if index.entities[i].kind == TIMER and index.entities[i].scheduled < event_id \
                and (index.entities[i].closed == 0 or index.entities[i].closed > event_id):
            open += 1
    return open


cdef bint waits_longer(Run run, Command command) except -1:
    """Whether a timer that was throttled again and again waits for a batch that something else brings."""
    return command.kind == TIMER and command.throttled > MOST_THROTTLED \
        and run.history.rows[command.event_id - 1].done == run.previous_completed and any_open(run)


cdef bint leaves_at_once(Command command):
    """Whether its room in the response was taken when it was asked for."""
    return command.kind == MARKER and command.details[0] in (CACHE, PATCH)


cdef bint any_open(Run run):
    """Whether something is open whose end brings another decision task."""
    return opens_any(run.history.index.open)


cdef bint opens_any(int* open) noexcept:
    cdef int kind
    for kind in range(<int>ENTITY_KINDS):
        if open[kind]:
            return True
    return False


cdef int64_t wire_size(dict decision) except -1:
    """Bytes of a decision in the request, never too few: botocore writes ASCII, with spaces between members."""
    cdef bytes raw
    try:
        raw = orjson.dumps(decision)
    except TypeError:  # lone surrogates
        raw = None
    if raw is None or not raw.isascii():
        return len(json.dumps(decision)) + SPACES
    return len(raw) + SPACES


cdef str context_of(Run run, int64_t held, dict retries):
    """executionContext: the user's status text, and on its last line what the library has to say."""
    cdef list decisions = run.history.index.decisions
    cdef dict line = {}
    if not first_decided(run):
        if run.run_id:
            line["run"] = run.run_id
        line.update(run.stamp)
    if held:
        line["held"] = held
        if len(json.dumps(retries)) < LONGEST_FIELD - LIBRARYS_OWN - len(run.status_text or ""):
            line["retries"] = retries
    if not line and not is_librarys_line(run.status_text):
        if run.status_text is None and decisions and is_pause(run, decisions[len(decisions) - 1]):
            return ""  # or consoles would go on showing why it paused
        return run.status_text
    text = json.dumps({"pyswf": 1, **line}, separators=(",", ":"))
    return text if run.status_text is None else f"{run.status_text}\n{text}"


cdef bint is_librarys_line(str context):
    """Whether a context ends in a line like the library's: of a status, which then gets the real one behind it."""
    return context is not None and context.rpartition("\n")[2].startswith('{"pyswf":1')


cdef dict library_line(str context):
    """The library's own line of an executionContext, {} where there is none."""
    if not is_librarys_line(context):
        return {}
    try:
        line = json.loads(context.rpartition("\n")[2])
    except ValueError:
        return {}
    if type(line.get("held", 0)) is not int or type(line.get("run", "")) is not str:
        return {}
    if type(line.get("retries", {})) is not dict:
        return {}
    return line
