"""One event as a row of columns: its type, what it refers to, and where its payload lies in the page."""

from libc.math cimport NAN
from libc.stdint cimport INT32_MAX, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp, memset

from cpython.mem cimport PyMem_RawRealloc


cdef enum Flag:
    HAS_VALUE = 1
    VALUE_ESCAPED = 2
    KEY_ESCAPED = 4
    TIMESTAMP_AS_TEXT = 8  # not a plain number: read by the page after the scan


cdef struct Row:  # 48 bytes
    double timestamp
    uint32_t start         # the event's object in its page
    uint32_t end
    uint32_t value         # input, result, details or executionContext: the text between the quotes
    uint32_t value_length
    uint32_t key           # activityId, timerId, workflowId, signalName, markerName or lambda id
    uint16_t key_length
    uint16_t type_no       # index of the activity or workflow type; 0: none
    int32_t ref            # the event it is about; of a request to another execution, the number in `control`
    int32_t done           # decisionTaskCompletedEventId
    int32_t entity         # index of the entity that it starts, or -1
    uint16_t page
    uint8_t kind
    uint8_t flags


cdef struct TypeSpan:
    Span name
    Span version


cdef struct Types:  # what a page refers to
    TypeSpan* spans
    int count
    int last               # most events are of the type of the event before
    int64_t farthest       # the greatest event id that the page refers to
    int64_t farthest_by    # and the event that does


# What a member of an event is to a row.
cdef enum Role:
    IGNORED
    PAYLOAD
    ROW_KEY
    CONTROL_NUMBER
    TYPE_OBJECT
    # numbers of other events
    REF_DONE
    REF_SCHEDULED
    REF_STARTED
    REF_INITIATED
    ROLES_OF_ATTRIBUTES
    # in shapes alone (shapes.pxd)
    TYPE_NAME = <int>ROLES_OF_ATTRIBUTES
    TYPE_VERSION
    EVENT_ID
    TIMESTAMP
    OTHER_NUMBER


cdef struct Attributes:
    int64_t refs[<int>ROLES_OF_ATTRIBUTES]  # by role
    int64_t control


cdef inline int role_of(const char* name, Py_ssize_t length) noexcept nogil:
    """The role of an attribute, by its name."""
    if length == 28:
        if memcmp(name, b"decisionTaskCompletedEventId", 28) == 0:
            return REF_DONE
    elif length == 16:
        if memcmp(name, b"scheduledEventId", 16) == 0:
            return REF_SCHEDULED
        if memcmp(name, b"initiatedEventId", 16) == 0:
            return REF_INITIATED
        if memcmp(name, b"executionContext", 16) == 0:
            return PAYLOAD
    elif length == 14:
        if memcmp(name, b"startedEventId", 14) == 0:
            return REF_STARTED
    elif length == 12:
        if memcmp(name, b"activityType", 12) == 0 or memcmp(name, b"workflowType", 12) == 0:
            return TYPE_OBJECT
    elif length == 10:
        if memcmp(name, b"activityId", 10) == 0 or memcmp(name, b"workflowId", 10) == 0 \
                or memcmp(name, b"markerName", 10) == 0 or memcmp(name, b"signalName", 10) == 0:
            return ROW_KEY
    elif length == 7:
        if memcmp(name, b"details", 7) == 0:
            return PAYLOAD
        if memcmp(name, b"timerId", 7) == 0:
            return ROW_KEY
        if memcmp(name, b"control", 7) == 0:
            return CONTROL_NUMBER
    elif length == 6:
        if memcmp(name, b"result", 6) == 0:
            return PAYLOAD
    elif length == 5:
        if memcmp(name, b"input", 5) == 0:
            return PAYLOAD
    elif length == 2:
        if memcmp(name, b"id", 2) == 0:
            return ROW_KEY
    return IGNORED


cdef inline bint same_text(Scan* scan, Span* a, Span* b) noexcept nogil:
    return a.length == b.length and memcmp(scan.buf + a.start, scan.buf + b.start, a.length) == 0


cdef inline int type_number(Scan* scan, Types* types, TypeSpan* found) noexcept nogil:
    """The type's number in this page, from 1; -1 if memory or numbers run out."""
    cdef int i
    cdef TypeSpan* grown
    i = types.last
    if i < types.count and same_text(scan, &types.spans[i].name, &found.name) \
            and same_text(scan, &types.spans[i].version, &found.version):
        return i + 1
    for i in range(types.count):
        if same_text(scan, &types.spans[i].name, &found.name) \
                and same_text(scan, &types.spans[i].version, &found.version):
            types.last = i
            return i + 1
    if types.count == 0xFFFF:
        return -1
    if types.count & (types.count - 1) == 0:
        grown = <TypeSpan*>PyMem_RawRealloc(types.spans, sizeof(TypeSpan) * (types.count * 2 if types.count else 1))
        if grown == NULL:
            return -1
        types.spans = grown
    types.last = types.count
    types.spans[types.count] = found[0]
    types.count += 1
    return types.count


cdef inline Py_ssize_t scan_type(Scan* scan, Py_ssize_t pos, TypeSpan* found) noexcept nogil:
    """{"name": …, "version": …}"""
    cdef Span key
    cdef bint more = False
    memset(found, 0, sizeof(TypeSpan))
    pos = first_member(scan, pos, &key, &more)
    while pos >= 0 and more:
        if key_is(scan, &key, b"name", 4):
            pos = scan_string(scan, pos, &found.name)
        elif key_is(scan, &key, b"version", 7):
            pos = scan_string(scan, pos, &found.version)
        else:
            pos = skip_value(scan, pos)
        if pos >= 0:
            pos = next_member(scan, pos, &key, &more)
    return pos


cdef inline int64_t control_number(Scan* scan, Span* span) noexcept nogil:
    """`control`: the number of a request if it is one of ours, else 0."""
    cdef int64_t number = 0
    cdef Py_ssize_t i
    if span.length > 9:
        return 0
    for i in range(span.start, span.start + span.length):
        if not c"0" <= scan.buf[i] <= c"9":
            return 0
        number = number * 10 + (scan.buf[i] - c"0")
    return number


cdef inline Py_ssize_t take_text(
    Scan* scan, Py_ssize_t pos, int role, Span* span, Row* row, Attributes* attributes
) noexcept nogil:
    """Note a string of this role; `pos` is the position behind it."""
    if role == PAYLOAD:
        row.value = <uint32_t>span.start
        row.value_length = <uint32_t>span.length
        row.flags = (row.flags & ~VALUE_ESCAPED) | HAS_VALUE | (VALUE_ESCAPED if span.escaped else 0)
    elif role == ROW_KEY:
        if span.length > 0xFFFF:
            return expect(scan, span.start, b"an id of at most 256 characters")
        row.key = <uint32_t>span.start
        row.key_length = <uint16_t>span.length
        row.flags = (row.flags & ~KEY_ESCAPED) | (KEY_ESCAPED if span.escaped else 0)
    elif role == CONTROL_NUMBER:
        attributes.control = control_number(scan, span)
    return pos


cdef inline Py_ssize_t take_type(
    Scan* scan, Py_ssize_t pos, TypeSpan* found, Row* row, Types* types
) noexcept nogil:
    cdef int number = type_number(scan, types, found)
    if number < 0:
        return expect(scan, pos, b"fewer types in a page")
    row.type_no = <uint16_t>number
    return pos


cdef inline Py_ssize_t scan_attribute(
    Scan* scan, Py_ssize_t pos, Span* key, Row* row, Attributes* attributes, Types* types
) noexcept nogil:
    cdef int role = role_of(scan.buf + key.start, key.length)
    cdef TypeSpan found
    cdef Span span
    if role == IGNORED or is_null(scan, pos):
        return skip_value(scan, pos)
    if role >= REF_DONE:
        return scan_id(scan, pos, &attributes.refs[role])
    if role == TYPE_OBJECT:
        pos = scan_type(scan, pos, &found)
        return take_type(scan, pos, &found, row, types) if pos >= 0 else -1
    pos = scan_string(scan, pos, &span)
    return take_text(scan, pos, role, &span, row, attributes) if pos >= 0 else -1


cdef inline Py_ssize_t scan_attributes(
    Scan* scan, Py_ssize_t pos, Row* row, Attributes* attributes, Types* types
) noexcept nogil:
    cdef Span key
    cdef bint more = False
    pos = first_member(scan, pos, &key, &more)
    while pos >= 0 and more:
        pos = scan_attribute(scan, pos, &key, row, attributes, types)
        if pos >= 0:
            pos = next_member(scan, pos, &key, &more)
    return pos


cdef uint64_t LARGEST_EXACT = <uint64_t>1 << 53
cdef double[18] TENS = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
]


cdef inline Py_ssize_t scan_timestamp(Scan* scan, Py_ssize_t pos, Row* row) noexcept nogil:
    """A number of seconds, written as the service does: at most 16 digits and a small exponent, which one division
    or multiplication turns into the nearest double. Anything else is left for the page to read."""
    cdef Py_ssize_t at = pos
    cdef Py_ssize_t point = -1
    cdef uint64_t digits = 0
    cdef int exponent = 0
    while at < scan.end and at - pos < 17:
        if c"0" <= scan.buf[at] <= c"9":
            digits = digits * 10 + <uint64_t>(scan.buf[at] - c"0")
        elif scan.buf[at] == c"." and point < 0:
            point = at
        else:
            break
        at += 1
    if point >= 0:
        exponent = <int>(point + 1 - at)
    if at < scan.end - 1 and scan.buf[at] == c"E" and c"0" <= scan.buf[at + 1] <= c"9":
        exponent += scan.buf[at + 1] - c"0"
        at += 2
    if at - pos < 2 or digits > LARGEST_EXACT or scan.buf[pos] == c"0" or point == pos \
            or stands(scan, point + 1, c"E") \
            or not (stands(scan, at, c",") or stands(scan, at, c"}")) or scan.buf[at - 1] == c".":
        row.timestamp = NAN
        row.flags |= TIMESTAMP_AS_TEXT
        return skip_scalar(scan, pos)
    row.timestamp = <double>digits / TENS[-exponent] if exponent < 0 else <double>digits * TENS[exponent]
    row.flags &= ~TIMESTAMP_AS_TEXT
    return at


cdef inline bint ends_in_attributes(Scan* scan, Span* key) noexcept nogil:
    return key.length > 15 and memcmp(scan.buf + key.start + key.length - 15, b"EventAttributes", 15) == 0


cdef inline bint belongs_to(Scan* scan, Span* key, Span* type) noexcept nogil:
    """Whether the member is `<type with a small first letter>EventAttributes`."""
    return key.length == type.length + 15 and type.length > 0 \
        and scan.buf[key.start] == (scan.buf[type.start] | 0x20) \
        and memcmp(scan.buf + key.start + 1, scan.buf + type.start + 1, type.length - 1) == 0


cdef inline Py_ssize_t scan_event(Scan* scan, Py_ssize_t pos, Row* row, int64_t* event_id, Types* types) noexcept nogil:
    """One event, its members in any order; `row` and `event_id` are filled."""
    cdef Py_ssize_t start = pos
    cdef Span key, type
    cdef Span attributes_key
    cdef Attributes attributes
    cdef bint more = False
    memset(row, 0, sizeof(Row))
    memset(&attributes, 0, sizeof(Attributes))
    row.timestamp = NAN
    row.entity = -1
    event_id[0] = 0
    type.start = type.length = 0
    attributes_key.start = attributes_key.length = 0
    pos = first_member(scan, pos, &key, &more)
    while pos >= 0 and more:
        if ends_in_attributes(scan, &key):
            if attributes_key.length:
                return expect(scan, key.start, b"one member of attributes in an event")
            attributes_key = key
            pos = scan_attributes(scan, pos, row, &attributes, types)
        elif key_is(scan, &key, b"eventId", 7):
            pos = scan_id(scan, pos, event_id)
        elif key_is(scan, &key, b"eventType", 9):
            pos = scan_string(scan, pos, &type)
        elif key_is(scan, &key, b"eventTimestamp", 14):
            pos = scan_timestamp(scan, pos, row)
        else:
            pos = skip_value(scan, pos)
        if pos >= 0:
            pos = next_member(scan, pos, &key, &more)
    if pos < 0:
        return -1
    if type.length == 0:
        return expect(scan, start, b"an eventType in the event")
    if row.timestamp != row.timestamp and not row.flags & TIMESTAMP_AS_TEXT:
        return expect(scan, start, b"an eventTimestamp in the event")
    row.kind = <uint8_t>kind_of(scan.buf + type.start, type.length)
    if row.kind != UNKNOWN and not belongs_to(scan, &attributes_key, &type):
        return expect(scan, start, b"the attributes of its type in the event")
    return finish_row(scan, start, pos, row, event_id[0], &attributes, types)


cdef inline Py_ssize_t finish_row(
    Scan* scan, Py_ssize_t start, Py_ssize_t end, Row* row, int64_t event_id, Attributes* attributes, Types* types
) noexcept nogil:
    """What follows from all members together."""
    cdef int64_t* refs = attributes.refs
    cdef int64_t farthest = max(refs[<int>REF_DONE], refs[<int>REF_SCHEDULED], refs[<int>REF_STARTED],
                                refs[<int>REF_INITIATED])
    if not 0 < event_id < INT32_MAX:
        return expect(scan, start, b"an eventId from 1 in the event")
    if farthest >= INT32_MAX:
        return expect(scan, start, b"references within the history in the event")
    if farthest > types.farthest:
        types.farthest = farthest
        types.farthest_by = event_id
    row.start = <uint32_t>start
    row.end = <uint32_t>end
    row.done = <int32_t>refs[<int>REF_DONE]
    if KINDS[row.kind].refers == TO_SCHEDULED:
        row.ref = <int32_t>refs[<int>REF_SCHEDULED]
    elif KINDS[row.kind].refers == TO_STARTED:
        row.ref = <int32_t>refs[<int>REF_STARTED]
    elif KINDS[row.kind].refers == TO_INITIATED:
        row.ref = <int32_t>refs[<int>REF_INITIATED]
    else:
        row.ref = <int32_t>attributes.control
    return end
