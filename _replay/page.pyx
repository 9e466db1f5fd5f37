"""One response body, scanned once: its envelope and a row for each of its events, in ascending order."""

from libc.stdint cimport UINT32_MAX

from datetime import datetime, timezone


@cython.final
cdef class Page:
    """One body of PollForDecisionTask or GetWorkflowExecutionHistory, or a `{"events": […]}` document."""

    cdef readonly bytes body
    cdef readonly str task_token
    cdef readonly int64_t started_event_id
    cdef readonly int64_t previous_started_event_id
    cdef readonly str workflow_id
    cdef readonly str run_id
    cdef readonly tuple workflow_type
    cdef readonly str next_page_token
    cdef readonly int64_t first_event_id
    cdef Row* rows
    cdef Py_ssize_t count
    cdef Py_ssize_t capacity
    cdef Types types
    cdef bint has_events

    def __cinit__(self, body):
        cdef Scan scan
        if not isinstance(body, bytes):
            body = bytes(memoryview(body))
        self.body = body
        self.task_token = self.workflow_id = self.run_id = ""
        if len(self.body) >= UINT32_MAX:
            raise HistoryFormatError(f"a page of less than 4 GB expected, found {len(self.body)} bytes", offset=0)
        scan.buf = PyBytes_AS_STRING(self.body)
        scan.end = len(self.body)
        scan.expected = b""
        scan.at = 0
        if self.scan_envelope(&scan) < 0:
            raise self.broken(&scan)
        self.read_timestamps()

    def __dealloc__(self):
        PyMem_RawFree(self.rows)
        PyMem_RawFree(self.types.spans)

    def __len__(self):
        return self.count

    @property
    def last_event_id(self):
        """Id of the newest event, 0 if there is none."""
        return self.first_event_id + self.count - 1 if self.count else 0

    cdef object broken(self, Scan* scan):
        cdef Py_ssize_t at = min(max(scan.at, 0), scan.end)
        found = "the end" if at >= scan.end else repr(self.body[at:at + 12])
        return HistoryFormatError(f"{scan.expected.decode()} expected, found {found}", offset=at)

    cdef str text(self, Span* span):
        return text_of(self.body, span.start, span.length, span.escaped)

    cdef Py_ssize_t scan_envelope(self, Scan* scan) except -2:
        """The whole body, member by member."""
        cdef Span key
        cdef bint more = False
        cdef Py_ssize_t pos = first_member(scan, skip_space(scan, 0), &key, &more)
        while pos >= 0 and more:
            pos = self.scan_member(scan, pos, &key)
            if pos >= 0:
                pos = next_member(scan, pos, &key, &more)
        if pos < 0:
            return -1
        pos = skip_space(scan, pos)
        if pos != scan.end:
            return expect(scan, pos, b"the end of the body")
        return pos

    cdef Py_ssize_t scan_member(self, Scan* scan, Py_ssize_t pos, Span* key) except -2:
        cdef Span span
        cdef TypeSpan type
        if key_is(scan, key, b"events", 6):
            if self.has_events:
                return expect(scan, key.start, b"one member 'events'")
            self.has_events = True
            with nogil:
                pos = self.scan_events(scan, pos)
            return pos
        if is_null(scan, pos):
            return skip_value(scan, pos)
        if key_is(scan, key, b"startedEventId", 14):
            return scan_id(scan, pos, &self.started_event_id)
        if key_is(scan, key, b"previousStartedEventId", 22):
            return scan_id(scan, pos, &self.previous_started_event_id)
        if key_is(scan, key, b"taskToken", 9):
            pos = scan_string(scan, pos, &span)
            if pos >= 0:
                self.task_token = self.text(&span)
            return pos
        if key_is(scan, key, b"nextPageToken", 13):
            pos = scan_string(scan, pos, &span)
            if pos >= 0:
                self.next_page_token = self.text(&span)
            return pos
        if key_is(scan, key, b"workflowType", 12):
            pos = scan_type(scan, pos, &type)
            if pos >= 0:
                self.workflow_type = (self.text(&type.name), self.text(&type.version))
            return pos
        if key_is(scan, key, b"workflowExecution", 17):
            return self.scan_execution(scan, pos)
        return skip_value(scan, pos)

    cdef Py_ssize_t scan_execution(self, Scan* scan, Py_ssize_t pos) except -2:
        """{"workflowId": …, "runId": …}"""
        cdef Span key, span
        cdef bint more = False
        pos = first_member(scan, pos, &key, &more)
        while pos >= 0 and more:
            if key_is(scan, &key, b"workflowId", 10) or key_is(scan, &key, b"runId", 5):
                pos = scan_string(scan, pos, &span)
                if pos >= 0:
                    if key.length == 5:
                        self.run_id = self.text(&span)
                    else:
                        self.workflow_id = self.text(&span)
            else:
                pos = skip_value(scan, pos)
            if pos >= 0:
                pos = next_member(scan, pos, &key, &more)
        return pos

    @cython.nonecheck(False)  # without the GIL nobody could be told
    cdef Py_ssize_t scan_events(self, Scan* scan, Py_ssize_t pos) noexcept nogil:
        """The array of events, ascending or descending by one."""
        cdef int64_t event_id = 0, first = 0, step = 0
        cdef Py_ssize_t start
        cdef Shapes shapes
        shapes.count = shapes.learned = 0
        memset(shapes.buckets, 0, SHAPE_BUCKETS)
        if not stands(scan, pos, c"["):
            return expect(scan, pos, b"an array of events")
        pos = skip_space(scan, pos + 1)
        if stands(scan, pos, c"]"):
            return pos + 1
        while True:
            if self.count == self.capacity and not self.grow(scan.end):
                return expect(scan, pos, b"memory for the events")
            start = pos
            pos = scan_next_event(scan, pos, &self.rows[self.count], &event_id, &self.types, &shapes)
            if pos < 0:
                return -1
            if self.count == 0:
                first = event_id
            elif self.count == 1:
                step = event_id - first
            if self.count and (event_id != first + step * self.count or (step != 1 and step != -1)):
                return expect(scan, start, b"event ids without a gap")
            self.count += 1
            pos = skip_space(scan, pos)
            if stands(scan, pos, c"]"):
                break
            if not stands(scan, pos, c","):
                return expect(scan, pos, b"',' or ']'")
            pos = skip_space(scan, pos + 1)
        if step == -1:
            self.reverse()
            first = event_id
        self.first_event_id = first
        return pos + 1

    cdef bint grow(self, Py_ssize_t body_length) noexcept nogil:
        # Events are about 300 bytes: most pages fit at once.
        cdef Py_ssize_t wanted = self.capacity * 2 if self.capacity else body_length // 256 + 16
        cdef Row* grown = <Row*>PyMem_RawRealloc(self.rows, wanted * sizeof(Row))
        if grown == NULL:
            return False
        self.rows = grown
        self.capacity = wanted
        return True

    cdef void reverse(self) noexcept nogil:
        cdef Py_ssize_t low = 0, high = self.count - 1
        cdef Row held
        while low < high:
            held = self.rows[low]
            self.rows[low] = self.rows[high]
            self.rows[high] = held
            low += 1
            high -= 1

    cdef int read_timestamps(self) except -1:
        """Those that the scan left: ISO text, as the AWS CLI writes it, and numbers of many digits."""
        cdef Py_ssize_t i
        cdef Row* row
        for i in range(self.count):
            row = &self.rows[i]
            if row.flags & TIMESTAMP_AS_TEXT:
                row.timestamp = seconds_of(json_object(self.body, row.start, row.end)["eventTimestamp"], row.start)
                row.flags &= ~TIMESTAMP_AS_TEXT
        return 0


cdef double seconds_of(object timestamp, Py_ssize_t offset) except? -1:
    cdef object moment
    try:
        if isinstance(timestamp, (int, float)) and not isinstance(timestamp, bool):
            return timestamp
        moment = datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
    except (AttributeError, ValueError, OverflowError):
        raise HistoryFormatError(
            f"a timestamp in seconds or as ISO 8601 expected, found {timestamp!r}", offset=offset
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp()
