"""Payloads that lie in a data store: which of them code will probably ask for next.

Nothing is fetched here. The codec that must fetch a payload calls what `ahead_of` gives it, and learns which
others were resolved by the same batch and the next. Code that goes on to ask for most of these is looked ahead for
farther: twice as many batches each time.
"""

cdef enum:
    FIRST_WINDOW = 2     # batches: its own and the next
    WIDEST_WINDOW = 32


@cython.final
cdef class Ahead:
    """Gives the offloaded payloads around one that is being asked for."""

    cdef Run run
    cdef int64_t event_id

    def __call__(self):
        """(codec, or None where it is not known; field; whether that is a result) of each."""
        cdef Run run = self.run
        cdef History history = run.history
        cdef int64_t event_id, end
        cdef Row* row
        cdef list found = []
        if run.ahead_given and 2 * run.ahead_read >= run.ahead_given:
            run.ahead_window = min(2 * run.ahead_window, <int>WIDEST_WINDOW)
        else:
            run.ahead_window = FIRST_WINDOW
        end = end_of_window(run, self.event_id, run.ahead_window)
        for event_id in range(start_of_batch(run, self.event_id), end + 1):
            row = &history.rows[event_id - 1]
            if row.kind == WORKFLOW_EXECUTION_SIGNALED and is_offloaded(history, row):
                found.append((run.task.codec, history.value_text(row), False))
            elif (row.kind == ACTIVITY_TASK_COMPLETED or row.kind == CHILD_WORKFLOW_EXECUTION_COMPLETED) \
                    and is_offloaded(history, row):
                command = command_ended_by(run, row, event_id)
                if command is None:
                    found.append((None, history.value_text(row), True))
                elif (<Command>command).state == RECORDED or (<Command>command).state == PENDING:
                    found.append(((<Command>command).task.codec, history.value_text(row), True))
        run.ahead_given = len(found)
        run.ahead_read = 0
        return found


cdef Ahead ahead_of(Run run, str text, int64_t event_id):
    """What the codec is told with an offloaded payload; None with one that is in its field."""
    cdef Ahead ahead
    if text is None or not text.startswith(("~s", "~S", "~d")):
        return None
    run.ahead_read += 1
    ahead = Ahead.__new__(Ahead)
    ahead.run = run
    ahead.event_id = event_id
    return ahead


cdef bint is_offloaded(History history, Row* row) noexcept:
    cdef const char* text
    if not row.flags & HAS_VALUE or row.value_length < 3:
        return False
    text = PyBytes_AS_STRING(<bytes>(<list>history.bodies)[row.page]) + row.value
    return text[0] == TIER_PREFIX and (text[1] == c"s" or text[1] == c"S" or text[1] == c"d")


cdef object command_ended_by(Run run, Row* row, int64_t event_id):
    """The command whose result an event brings; None where the code has not come to ask for it."""
    cdef int32_t entity = run.history.rows[row.ref - 1].entity if 0 < row.ref < event_id else -1
    return (<list>run.accepted)[entity] if entity >= 0 else None


cdef int64_t start_of_batch(Run run, int64_t event_id) except -1:
    """The first event of the batch that an event belongs to."""
    cdef list decisions = run.history.index.decisions
    cdef Py_ssize_t place = min(bisect_right(decisions, event_id), len(decisions) - 1)
    cdef int64_t started
    while place >= 0:
        started = run.history.rows[<int64_t>decisions[place] - 1].ref
        if started < event_id and not is_pause(run, decisions[place]):
            return started + 1
        place -= 1
    return 1


cdef int64_t end_of_window(Run run, int64_t event_id, int batches) except -1:
    """The last event of so many batches, from that of an event on."""
    cdef list decisions = run.history.index.decisions
    cdef Py_ssize_t place
    cdef int64_t started
    for place in range(bisect_right(decisions, event_id), len(decisions)):
        started = run.history.rows[<int64_t>decisions[place] - 1].ref
        if started >= event_id and not is_pause(run, decisions[place]):
            batches -= 1
            if batches == 0:
                return min(started, run.target)
    return run.target
