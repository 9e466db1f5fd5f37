"""Pages to columns: a history is the rows of its pages, in one array, by event id."""

from libc.string cimport memcpy, memmove

from bisect import bisect_right
from os import PathLike, fspath


cdef list KIND_NAMES = []


cdef str kind_name(int kind):
    return KIND_NAMES[kind]


@cython.final
@cython.freelist(32)
cdef class Event:
    """One event, read from its page when asked."""

    cdef readonly int64_t event_id
    cdef readonly double timestamp
    cdef bytes body
    cdef uint32_t start
    cdef uint32_t end
    cdef int kind
    cdef dict document

    def __init__(self, *args, **kwargs):
        raise TypeError("events are made by a History")

    cdef dict json(self):
        if self.document is None:
            self.document = json_object(self.body, self.start, self.end)
        return self.document

    @property
    def event_type(self):
        """Such as "ActivityTaskScheduled"."""
        return kind_name(self.kind) if self.kind else self.json()["eventType"]

    @property
    def attributes(self):
        """The event's attribute member as the plain dict of its JSON."""
        cdef str type = self.event_type
        return self.json().get(f"{type[:1].lower()}{type[1:]}EventAttributes", {})

    def __repr__(self):
        return f"<Event {self.event_id} {self.event_type}>"


@cython.final
cdef class History:
    """The events of one run: a sequence of Event, and what became of each thing asked for."""

    cdef list bodies
    cdef Row* rows                # rows[i] is event i + 1
    cdef Py_ssize_t count
    cdef Py_ssize_t capacity
    cdef list types               # (name, version) by type_no
    cdef dict type_numbers
    cdef Index index
    cdef readonly str workflow_id
    cdef readonly str run_id
    cdef readonly tuple workflow_type
    cdef readonly int64_t started_event_id
    cdef int64_t body_bytes

    def __cinit__(self):
        self.bodies = []
        self.types = [("", "")]
        self.type_numbers = {}
        self.index = Index.__new__(Index)
        self.workflow_id = self.run_id = ""

    def __dealloc__(self):
        PyMem_RawFree(self.rows)

    @staticmethod
    def from_pages(bodies):
        """A history from response bodies, in ascending or descending order."""
        cdef list pages = [item if isinstance(item, Page) else Page(item) for item in bodies]
        cdef History history = History()
        cdef Py_ssize_t total = 0
        cdef Page page
        pages.sort(key=_first_event_id)
        for page in pages:
            total += page.count
        history.reserve(total, True)
        for page in pages:
            history.append_page(page)
        return history

    @staticmethod
    def from_json(source):
        """A history from a `{"events": […]}` document: its bytes, or the path of a file that holds it."""
        cdef History history = History()
        cdef Page page
        if isinstance(source, (str, PathLike)):
            with open(fspath(source), "rb") as file:
                source = file.read()
        page = Page(source)
        if not page.has_events:
            raise HistoryFormatError("a member 'events' expected, found none", offset=0)
        history.append_page(page)
        return history

    def append_page(self, page):
        """Append the events of a page that are new; those known are skipped. Raises HistoryFormatError on a gap."""
        cdef Page new = page if isinstance(page, Page) else Page(page)
        cdef Py_ssize_t known, fresh
        self.take_envelope(new)
        if new.count == 0 or 0 < self.started_event_id < new.first_event_id:
            return
        known = self.count + 1 - new.first_event_id
        if known < 0:
            raise HistoryFormatError(
                f"event {self.count + 1} expected, found a page that begins with {new.first_event_id}",
                event_id=self.count + 1,
            )
        fresh = new.count - known
        if self.started_event_id and new.last_event_id > self.started_event_id:
            # What happened after the task began is not part of its view.
            fresh -= new.last_event_id - self.started_event_id
        if fresh > 0:
            self.append_rows(new, known, fresh)

    def until(self, int64_t event_id):
        """The history as it was when this event was its last one, as a History of its own.

        What one decision recorded belongs together: with one of its records come the others.
        """
        cdef History past = History()
        cdef Py_ssize_t place = bisect_right(self.index.decisions, event_id)
        cdef int64_t completed, next, last = event_id
        cdef Row* row
        if not 1 <= event_id <= self.count:
            raise UsageError(f"an event of 1 to {self.count} expected, found {event_id}")
        completed = self.index.decisions[place - 1] if place else self.count
        for next in range(completed + 1, self.count + 1):
            row = &self.rows[next - 1]
            if row.done == completed:
                if is_record(row) and next > last:
                    last = next
            elif row.kind != ACTIVITY_TASK_CANCELED:  # which follows the record that cancels a waiting activity
                break
        past.workflow_id = self.workflow_id
        past.run_id = self.run_id or recorded_run_id(self)
        past.workflow_type = self.workflow_type
        past.started_event_id = self.started_event_id if self.started_event_id <= last else 0
        past.bodies = list(self.bodies)
        past.body_bytes = self.body_bytes
        past.types = list(self.types)
        past.type_numbers = dict(self.type_numbers)
        past.reserve(last, True)
        memcpy(past.rows, self.rows, last * sizeof(Row))
        past.count = last
        past.index.append(past, 0)
        return past

    cdef int take_envelope(self, Page page) except -1:
        if page.run_id:
            if self.run_id and self.run_id != page.run_id:
                raise HistoryFormatError(f"a page of run {self.run_id} expected, found one of {page.run_id}")
            self.run_id = page.run_id
        self.workflow_id = page.workflow_id or self.workflow_id
        self.workflow_type = page.workflow_type or self.workflow_type
        if page.started_event_id > self.started_event_id:
            self.started_event_id = page.started_event_id
        return 0

    cdef int append_rows(self, Page page, Py_ssize_t known, Py_ssize_t fresh) except -1:
        cdef Py_ssize_t i, first = self.count
        cdef list numbers
        cdef Row* row
        cdef int page_no = len(self.bodies)
        if page_no > 0xFFFF:
            raise HistoryFormatError("a history of at most 65,536 pages expected")
        if page.types.farthest > page.last_event_id:
            raise HistoryFormatError(
                f"references to events 1 to {page.last_event_id} expected, found one to {page.types.farthest}",
                event_id=page.types.farthest_by,
            )
        numbers = [self.type_number(page, i) for i in range(page.types.count)]
        self.reserve(first + fresh, False)
        memmove(self.rows + first, page.rows + known, fresh * sizeof(Row))
        for i in range(first, first + fresh):
            row = &self.rows[i]
            row.page = <uint16_t>page_no
            if row.type_no:
                row.type_no = <uint16_t><int>numbers[row.type_no - 1]
        self.bodies.append(page.body)
        self.body_bytes += len(page.body)
        self.count = first + fresh
        self.index.append(self, first)
        return 0

    cdef int type_number(self, Page page, int i) except -1:
        cdef tuple type = (page.text(&page.types.spans[i].name), page.text(&page.types.spans[i].version))
        number = self.type_numbers.get(type)
        if number is None:
            if len(self.types) > 0xFFFF:
                raise HistoryFormatError("a history of at most 65,535 types expected")
            number = self.type_numbers[type] = len(self.types)
            self.types.append(type)
        return number

    cdef int reserve(self, Py_ssize_t wanted, bint exactly) except -1:
        cdef Row* grown
        if wanted <= self.capacity:
            return 0
        if not exactly and self.capacity:
            wanted = max(wanted, self.capacity + self.capacity // 8)
        grown = <Row*>PyMem_RawRealloc(self.rows, max(wanted, 1) * sizeof(Row))
        if grown == NULL:
            raise MemoryError
        self.rows = grown
        self.capacity = wanted
        return 0

    # What the engine reads.

    cdef bytes value_bytes(self, Row* row):
        return raw_text(self.bodies[row.page], row.value, row.value_length, row.flags & VALUE_ESCAPED)

    cdef str value_text(self, Row* row):
        """Text of the payload field, None where the event has none."""
        if not row.flags & HAS_VALUE:
            return None
        return text_of(self.bodies[row.page], row.value, row.value_length, row.flags & VALUE_ESCAPED)

    cdef str key_text(self, Row* row):
        if not row.key:
            raise HistoryFormatError(f"a name or id expected in {kind_name(row.kind)}", offset=row.start)
        return text_of(self.bodies[row.page], row.key, row.key_length, row.flags & KEY_ESCAPED)

    cdef bint key_begins(self, Row* row, const char* prefix, Py_ssize_t length):
        cdef bytes body = self.bodies[row.page]
        return row.key_length >= length and memcmp(PyBytes_AS_STRING(body) + row.key, prefix, length) == 0

    cdef Event event(self, int64_t event_id):
        cdef Row* row = &self.rows[event_id - 1]
        cdef Event event = Event.__new__(Event)
        event.event_id = event_id
        event.timestamp = row.timestamp
        event.body = self.bodies[row.page]
        event.start = row.start
        event.end = row.end
        event.kind = row.kind
        return event

    cdef dict attributes(self, int64_t event_id):
        try:
            return self.event(event_id).attributes
        except HistoryFormatError as error:
            raise HistoryFormatError(str(error), event_id=event_id) from None

    # The sequence of events.

    def __len__(self):
        return self.count

    def __getitem__(self, position):
        if isinstance(position, slice):
            return [self.event(i + 1) for i in range(*position.indices(self.count))]
        cdef Py_ssize_t i = position
        if i < 0:
            i += self.count
        if not 0 <= i < self.count:
            raise IndexError(f"event {position} of a history of {self.count}")
        return self.event(i + 1)

    def __iter__(self):
        cdef Py_ssize_t i
        for i in range(self.count):
            yield self.event(i + 1)

    def __repr__(self):
        return f"<History of {self.count} events>"

    # What became of each thing asked for.

    @property
    def nbytes(self):
        """The memory that it holds, in bytes: the bodies, and a row for each event."""
        return self.body_bytes + self.capacity * <Py_ssize_t>sizeof(Row)

    @property
    def activities(self):
        """One Activity for each accepted schedule, in event order."""
        return self.index.views(self, ACTIVITY)

    @property
    def timers(self):
        """One Timer for each TimerStarted, in event order."""
        return self.index.views(self, TIMER)

    @property
    def child_workflows(self):
        """One ChildWorkflow for each StartChildWorkflowExecutionInitiated, in event order."""
        return self.index.views(self, CHILD)

    @property
    def lambdas(self):
        """One Lambda for each LambdaFunctionScheduled, in event order."""
        return self.index.views(self, LAMBDA)

    @property
    def signals(self):
        """One Signal for each WorkflowExecutionSignaled, in event order."""
        return [RecordedSignal.of(self, i + 1) for i in range(self.count)
                if self.rows[i].kind == WORKFLOW_EXECUTION_SIGNALED]

    @property
    def markers(self):
        """One Marker for each MarkerRecorded, in event order."""
        return [RecordedMarker.of(self, i + 1) for i in range(self.count) if self.rows[i].kind == MARKER_RECORDED]

    @property
    def unknown_types(self):
        """Event types that this version does not know, each once; replay passes their events over."""
        return list(dict.fromkeys([self.event(event_id).event_type for event_id in self.index.unknown]))

    @property
    def close_status(self):
        """COMPLETED, FAILED, CANCELED, CONTINUED_AS_NEW, TERMINATED or TIMED_OUT; None while the run is open."""
        return CLOSE_STATUS.get(self.rows[self.count - 1].kind) if self.count else None


cdef str recorded_run_id(History history):
    """The run's id as its first decision noted it, "" where none did."""
    for completed in history.index.decisions:
        line = library_line(history.value_text(&history.rows[<int64_t>completed - 1]))
        if "run" in line:
            return line["run"]
    return ""


cdef object _first_event_id(Page page):
    # An empty page (of a poll that found nothing) belongs nowhere.
    return page.first_event_id


cdef dict CLOSE_STATUS = {
    WORKFLOW_EXECUTION_COMPLETED: "COMPLETED",
    WORKFLOW_EXECUTION_FAILED: "FAILED",
    WORKFLOW_EXECUTION_CANCELED: "CANCELED",
    WORKFLOW_EXECUTION_CONTINUED_AS_NEW: "CONTINUED_AS_NEW",
    WORKFLOW_EXECUTION_TERMINATED: "TERMINATED",
    WORKFLOW_EXECUTION_TIMED_OUT: "TIMED_OUT",
}
