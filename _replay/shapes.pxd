"""Events of a shape seen before: compared with it instead of being scanned member by member.

SWF writes the events of a type alike: the same members in the same order. A shape is what such an event has between
its values (the literals, told by where an event with them stands in the page) and what each value is to its row.
An event that differs from the shape anywhere is scanned as if there were none, which also says what is wrong with it.
"""

cdef enum:
    MOST_SLOTS = 32
    MOST_SHAPES = 24
    MOST_LEARNED = 96   # in a page: where events of a type take turns in their members, learning would not pay
    SHAPE_BUCKETS = 64


cdef struct Slot:
    uint32_t literal       # what stands before the value
    uint16_t length
    uint16_t role


cdef struct Shape:
    int count
    int kind
    uint32_t tail          # what stands behind the last value
    uint32_t tail_length
    Slot[<int>MOST_SLOTS] slots


cdef struct Shapes:
    int count
    int learned
    uint8_t[<int>SHAPE_BUCKETS] buckets  # of the first bytes of an event: number of its shape + 1
    Shape[<int>MOST_SHAPES] shapes


@cython.overflowcheck(False)
cdef inline int bucket_of(Scan* scan, Py_ssize_t pos) noexcept nogil:
    """By the name of the first member, which in most events is that of their type; -1 near the end of the page."""
    cdef uint64_t first = 0, second = 0
    if scan.end - pos < 32:
        return -1
    if scan.buf[pos + 2] == c"e":  # {"eventId": …, whose number differs from event to event
        return 0
    memcpy(&first, scan.buf + pos + 2, 8)
    memcpy(&second, scan.buf + pos + 14, 8)
    return <int>(((first ^ (second * 5)) * <uint64_t>0x9d1907e26d1e121dULL) >> 58)


cdef inline Py_ssize_t scan_alike(
    Scan* scan, Py_ssize_t pos, Shape* shape, Row* row, int64_t* event_id, Types* types
) noexcept nogil:
    """The event, if it is of this shape; else -1."""
    cdef Py_ssize_t start = pos, close
    cdef Attributes attributes
    cdef TypeSpan type
    cdef Span span
    cdef Slot* slot
    cdef int i
    memset(row, 0, sizeof(Row))
    memset(&attributes, 0, sizeof(Attributes))
    row.entity = -1
    row.kind = <uint8_t>shape.kind
    for i in range(shape.count):
        slot = &shape.slots[i]
        if scan.end - pos < slot.length or memcmp(scan.buf + pos, scan.buf + slot.literal, slot.length) != 0:
            return -1
        pos += slot.length
        if slot.role == TIMESTAMP:
            pos = scan_timestamp(scan, pos, row)
        elif slot.role == EVENT_ID:
            pos = scan_id(scan, pos, event_id)
        elif REF_DONE <= slot.role <= REF_INITIATED:
            pos = scan_id(scan, pos, &attributes.refs[slot.role])
        elif slot.role == OTHER_NUMBER:
            pos = skip_number(scan, pos)
        else:
            span.escaped = 0
            close = pyswf_string_end(scan.buf, pos, scan.end, &span.escaped)
            if not stands(scan, close, c'"'):
                return -1
            span.start = pos
            span.length = close - pos
            pos = close
            if slot.role == TYPE_NAME:
                type.name = span
            elif slot.role == TYPE_VERSION:
                type.version = span
                pos = take_type(scan, pos, &type, row, types)
            elif slot.role != IGNORED:
                pos = take_text(scan, pos, slot.role, &span, row, &attributes)
        if pos < 0:
            return -1
    if scan.end - pos < shape.tail_length or memcmp(scan.buf + pos, scan.buf + shape.tail, shape.tail_length) != 0:
        return -1
    return finish_row(scan, start, pos + shape.tail_length, row, event_id[0], &attributes, types)


cdef inline bint learn_shape(Scan* scan, Row* row, Shape* shape) noexcept nogil:
    """Take the shape of an event that was scanned just now; False if it has values of other kinds than SWF's."""
    cdef Py_ssize_t pos = row.start, literal = row.start
    cdef Span key, text
    cdef bint more = False, names_type = False
    cdef int depth = 0, role
    shape.count = 0
    shape.kind = row.kind
    if row.kind == UNKNOWN:
        return False
    pos = first_member(scan, pos, &key, &more)
    while True:
        # At the value of a member, or behind an object.
        if pos < 0:
            return False
        if not more:
            if depth == 0:
                break
            depth -= 1
            names_type = False
        elif stands(scan, pos, c"{"):
            if depth == 2:
                return False
            names_type = depth == 1 and role_of(scan.buf + key.start, key.length) == TYPE_OBJECT
            depth += 1
            pos = first_member(scan, pos, &key, &more)
            continue
        else:
            if shape.count == MOST_SLOTS:
                return False
            role = role_in_shape(scan, &key, depth, names_type)
            if role < 0:
                return False
            if not stands(scan, pos, c'"'):
                if role == IGNORED:
                    role = OTHER_NUMBER
                if not is_number(role) or not add_slot(shape, role, literal, pos):
                    return False
                pos = skip_number(scan, pos)
                literal = pos
            elif is_number(role):
                return False
            elif key_is(scan, &key, b"eventType", 9) and depth == 0:
                pos = scan_string(scan, pos, &text)  # the same for all of the shape: part of the literal
            else:
                if not add_slot(shape, role, literal, pos + 1):
                    return False
                pos = scan_string(scan, pos, &text)
                literal = pos - 1
        if pos >= 0:
            pos = next_member(scan, pos, &key, &more)
    if not 0 <= pos - literal <= 0xFFFF:
        return False
    shape.tail = <uint32_t>literal
    shape.tail_length = <uint32_t>(pos - literal)
    return has_whole_types(shape)


cdef inline bint is_number(int role) noexcept nogil:
    return role >= EVENT_ID or REF_DONE <= role <= REF_INITIATED


cdef inline int role_in_shape(Scan* scan, Span* key, int depth, bint names_type) noexcept nogil:
    """The role of a member that is no object; -1 where such a value has none."""
    cdef int role
    if depth == 0:
        if key_is(scan, key, b"eventId", 7):
            return EVENT_ID
        if key_is(scan, key, b"eventTimestamp", 14):
            return TIMESTAMP
        return IGNORED if key_is(scan, key, b"eventType", 9) else -1
    if depth == 1:
        role = role_of(scan.buf + key.start, key.length)
        return -1 if role == TYPE_OBJECT else role
    if names_type and key_is(scan, key, b"name", 4):
        return TYPE_NAME
    if names_type and key_is(scan, key, b"version", 7):
        return TYPE_VERSION
    return IGNORED


cdef inline bint add_slot(Shape* shape, int role, Py_ssize_t literal, Py_ssize_t value) noexcept nogil:
    cdef Slot* slot = &shape.slots[shape.count]
    if value - literal > 0xFFFF:
        return False
    slot.literal = <uint32_t>literal
    slot.length = <uint16_t>(value - literal)
    slot.role = <uint16_t>role
    shape.count += 1
    return True


cdef inline bint has_whole_types(Shape* shape) noexcept nogil:
    """Whether each type's name stands right before its version, and both once."""
    cdef int i, types = 0
    for i in range(shape.count):
        if shape.slots[i].role == TYPE_NAME:
            types += 1
            if i + 1 == shape.count or shape.slots[i + 1].role != TYPE_VERSION:
                return False
        elif shape.slots[i].role == TYPE_VERSION and (i == 0 or shape.slots[i - 1].role != TYPE_NAME):
            return False
    return types <= 1


cdef inline bint agrees_with_scan(
    Scan* scan, Py_ssize_t pos, Py_ssize_t end, Row* row, int64_t event_id, Types* types
) noexcept nogil:
    """Whether the event scanned member by member is the same row."""
    cdef Row scanned
    cdef int64_t scanned_id = 0
    return scan_event(scan, pos, &scanned, &scanned_id, types) == end and scanned_id == event_id \
        and memcmp(&scanned, row, sizeof(Row)) == 0


cdef inline Py_ssize_t scan_next_event(
    Scan* scan, Py_ssize_t pos, Row* row, int64_t* event_id, Types* types, Shapes* shapes
) noexcept nogil:
    """One event: by its likely shape, else member by member."""
    cdef int bucket = bucket_of(scan, pos), number
    cdef Py_ssize_t end
    if bucket >= 0 and shapes.buckets[bucket]:
        end = scan_alike(scan, pos, &shapes.shapes[shapes.buckets[bucket] - 1], row, event_id, types)
        if end >= 0:
            if PYSWF_DEBUG and not agrees_with_scan(scan, pos, end, row, event_id[0], types):
                return expect(scan, pos, b"(a defect of the library) what a scan without shapes reads")
            return end
    end = scan_event(scan, pos, row, event_id, types)
    if end >= 0 and bucket >= 0 and shapes.learned < MOST_LEARNED:
        number = shapes.buckets[bucket]
        if number == 0 and shapes.count < MOST_SHAPES:
            number = shapes.count + 1
        if number and learn_shape(scan, row, &shapes.shapes[number - 1]):
            shapes.buckets[bucket] = <uint8_t>number
            shapes.count = max(shapes.count, number)
        elif number and shapes.buckets[bucket] == number:
            shapes.buckets[bucket] = 0  # it was overwritten by what is no shape
        shapes.learned += 1
    return end
