"""Columns to entities: what became of each activity, timer, child, lambda and request to another execution.

An entity begins with the event that accepted it. It is found by that event (`row.entity`) or by its SWF id: ids that
are small numbers, as most of ours are, in an array, the others in a hash table. Both note the first entity of an id;
`next` leads to the later ones.
"""

from cpython.mem cimport PyMem_RawCalloc


cdef enum EntityKind:
    ACTIVITY
    TIMER
    CHILD
    LAMBDA
    SIGNAL_OUT
    CANCEL_OUT
    ENTITY_KINDS


cdef enum State:
    SCHEDULED
    STARTED
    COMPLETED
    FAILED
    TIMED_OUT
    CANCELED
    TERMINATED
    FAILED_TO_SCHEDULE


cdef tuple STATE_NAMES = ("SCHEDULED", "STARTED", "COMPLETED", "FAILED", "TIMED_OUT", "CANCELED", "TERMINATED",
                          "FAILED_TO_SCHEDULE")


cdef struct Entity:  # 24 bytes
    int32_t scheduled    # event that accepted it
    int32_t started      # event that started it, or 0
    int32_t closed       # event that ended it, or 0
    int32_t next         # next entity of the same id, or -1
    int32_t last         # in the first entity of an id: the last one
    uint8_t kind
    uint8_t state
    uint16_t attempt     # of a child: how manieth of its number


@cython.overflowcheck(False)  # a hash wraps around
cdef uint32_t mixed(uint32_t hash) noexcept nogil:
    hash ^= hash >> 15
    hash *= <uint32_t>0x2C1B3C6D
    hash ^= hash >> 13
    return hash


@cython.overflowcheck(False)
cdef uint32_t hash_of(int kind, const char* key, Py_ssize_t length, int32_t number) noexcept nogil:
    cdef uint32_t hash = <uint32_t>2166136261U ^ <uint32_t>kind
    cdef Py_ssize_t i
    if by_number(kind):
        return mixed(hash ^ (<uint32_t>number * <uint32_t>16777619U))
    for i in range(length):
        hash = (hash ^ <uint8_t>key[i]) * <uint32_t>16777619U
    return mixed(hash)


cdef enum:
    NUMBERED = 65_536  # ids below are found by number


cdef inline int32_t decimal_of(const char* key, Py_ssize_t length) noexcept nogil:
    """The number that an id is, as `str` writes it; 0 for other ids."""
    cdef Py_ssize_t i
    cdef int32_t number = 0
    if not 0 < length < 7 or key[0] == c"0":
        return 0
    for i in range(length):
        if not c"0" <= key[i] <= c"9":
            return 0
        number = number * 10 + (key[i] - c"0")
    return number


cdef inline bint by_number(int kind) noexcept nogil:
    """Whether an entity is known by the number in `control` rather than by an id."""
    return kind == CHILD or kind == SIGNAL_OUT or kind == CANCEL_OUT


cdef inline int begun_by(int event_kind) noexcept nogil:
    """The kind of entity that an event begins, or -1."""
    if event_kind == ACTIVITY_TASK_SCHEDULED:
        return ACTIVITY
    if event_kind == TIMER_STARTED:
        return TIMER
    if event_kind == START_CHILD_WORKFLOW_EXECUTION_INITIATED:
        return CHILD
    if event_kind == LAMBDA_FUNCTION_SCHEDULED:
        return LAMBDA
    if event_kind == SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
        return SIGNAL_OUT
    if event_kind == REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
        return CANCEL_OUT
    return -1


cdef inline int state_after(int event_kind, int entity_kind) noexcept nogil:
    """The state into which an event brings the entity it refers to; -1 where it does not concern that kind."""
    if ACTIVITY_TASK_STARTED <= event_kind <= ACTIVITY_TASK_CANCELED:
        if entity_kind != ACTIVITY:
            return -1
        if event_kind == ACTIVITY_TASK_STARTED:
            return STARTED
        if event_kind == ACTIVITY_TASK_COMPLETED:
            return COMPLETED
        if event_kind == ACTIVITY_TASK_FAILED:
            return FAILED
        if event_kind == ACTIVITY_TASK_TIMED_OUT:
            return TIMED_OUT
        return CANCELED
    if event_kind == TIMER_FIRED or event_kind == TIMER_CANCELED:
        if entity_kind != TIMER:
            return -1
        return COMPLETED if event_kind == TIMER_FIRED else CANCELED
    if START_CHILD_WORKFLOW_EXECUTION_FAILED <= event_kind <= CHILD_WORKFLOW_EXECUTION_TERMINATED:
        if entity_kind != CHILD:
            return -1
        if event_kind == START_CHILD_WORKFLOW_EXECUTION_FAILED:
            return FAILED_TO_SCHEDULE
        if event_kind == CHILD_WORKFLOW_EXECUTION_STARTED:
            return STARTED
        if event_kind == CHILD_WORKFLOW_EXECUTION_COMPLETED:
            return COMPLETED
        if event_kind == CHILD_WORKFLOW_EXECUTION_FAILED:
            return FAILED
        if event_kind == CHILD_WORKFLOW_EXECUTION_TIMED_OUT:
            return TIMED_OUT
        if event_kind == CHILD_WORKFLOW_EXECUTION_CANCELED:
            return CANCELED
        return TERMINATED
    if event_kind == SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED or event_kind == EXTERNAL_WORKFLOW_EXECUTION_SIGNALED:
        if entity_kind != SIGNAL_OUT:
            return -1
        return COMPLETED if event_kind == EXTERNAL_WORKFLOW_EXECUTION_SIGNALED else FAILED
    if event_kind == REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED \
            or event_kind == EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
        if entity_kind != CANCEL_OUT:
            return -1
        return COMPLETED if event_kind == EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED else FAILED
    if event_kind == LAMBDA_FUNCTION_STARTED:
        return STARTED if entity_kind == LAMBDA else -1
    if LAMBDA_FUNCTION_COMPLETED <= event_kind <= LAMBDA_FUNCTION_TIMED_OUT and entity_kind == LAMBDA:
        if event_kind == LAMBDA_FUNCTION_COMPLETED:
            return COMPLETED
        return FAILED if event_kind == LAMBDA_FUNCTION_FAILED else TIMED_OUT
    if event_kind == START_LAMBDA_FUNCTION_FAILED and entity_kind == LAMBDA:
        return FAILED_TO_SCHEDULE
    return -1


@cython.final
cdef class Index:
    cdef Entity* entities
    cdef Py_ssize_t count
    cdef Py_ssize_t capacity
    cdef int32_t* numbered[<int>ENTITY_KINDS]  # by kind and number: the first entity of that id + 1, or 0
    cdef Py_ssize_t sizes[<int>ENTITY_KINDS]
    cdef int32_t* slots           # hash table for all other ids, likewise
    cdef Py_ssize_t mask          # number of slots - 1
    cdef Py_ssize_t used
    cdef int[<int>ENTITY_KINDS] open
    cdef list decisions           # ids of DecisionTaskCompleted events
    cdef list refusals            # ids of …Failed events that stand for a schedule that was never accepted
    cdef list unknown             # ids of events of types that are not known here

    def __cinit__(self):
        self.decisions = []
        self.refusals = []
        self.unknown = []
        self.mask = -1

    def __dealloc__(self):
        cdef int kind
        PyMem_RawFree(self.entities)
        PyMem_RawFree(self.slots)
        for kind in range(<int>ENTITY_KINDS):
            PyMem_RawFree(self.numbered[kind])

    cdef int append(self, History history, Py_ssize_t first) except -1:
        """Take in the rows from `first` on."""
        cdef Py_ssize_t i
        cdef int kind, begun
        cdef Row* row
        for i in range(first, history.count):
            row = &history.rows[i]
            kind = row.kind
            begun = begun_by(kind)
            if begun >= 0:
                self.begin(history, row, <int32_t>(i + 1), begun)
            elif KINDS[kind].refers:
                if kind == DECISION_TASK_COMPLETED:
                    self.decisions.append(i + 1)
                elif 0 < row.ref <= i:
                    self.change(history, row, <int32_t>(i + 1))
                elif kind == START_CHILD_WORKFLOW_EXECUTION_FAILED \
                        or kind == SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED \
                        or kind == REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
                    self.refusals.append(i + 1)
            elif kind == SCHEDULE_ACTIVITY_TASK_FAILED or kind == START_TIMER_FAILED \
                    or kind == SCHEDULE_LAMBDA_FUNCTION_FAILED:
                self.refusals.append(i + 1)
            elif kind == UNKNOWN:
                self.unknown.append(i + 1)
        return 0

    cdef int change(self, History history, Row* row, int32_t event_id) noexcept:
        """An event about an entity. One that refers to another kind of event is kept without effect."""
        cdef int32_t entity_no = history.rows[row.ref - 1].entity
        cdef Entity* entity
        cdef int state
        if entity_no < 0:
            return 0
        entity = &self.entities[entity_no]
        state = state_after(row.kind, entity.kind)
        if state < 0 or entity.closed:
            return 0
        entity.state = <uint8_t>state
        if state == STARTED:
            entity.started = event_id
        else:
            entity.closed = event_id
            self.open[entity.kind] -= 1
        return 0

    cdef int begin(self, History history, Row* row, int32_t event_id, int kind) except -1:
        cdef Entity* entity
        cdef Entity* grown
        if self.count == self.capacity:
            self.capacity = self.capacity + self.capacity // 2 + 16
            grown = <Entity*>PyMem_RawRealloc(self.entities, self.capacity * sizeof(Entity))
            if grown == NULL:
                raise MemoryError
            self.entities = grown
        entity = &self.entities[self.count]
        entity.scheduled = event_id
        entity.started = event_id if kind == TIMER else 0
        entity.closed = 0
        entity.next = -1
        entity.last = <int32_t>self.count
        entity.kind = <uint8_t>kind
        entity.state = STARTED if kind == TIMER else SCHEDULED
        entity.attempt = 1
        row.entity = <int32_t>self.count
        self.open[kind] += 1
        self.enter(history, <int32_t>self.count)
        self.count += 1
        return 0

    cdef int enter(self, History history, int32_t entity_no) except -1:
        """Put an entity under its id, behind those that had it before."""
        cdef Entity* entity = &self.entities[entity_no]
        cdef Row* row = &history.rows[entity.scheduled - 1]
        cdef bytes body = history.bodies[row.page]
        cdef const char* key = PyBytes_AS_STRING(body) + row.key
        cdef int32_t number = row.ref if by_number(entity.kind) else decimal_of(key, row.key_length)
        cdef int32_t* head
        if number == 0 and by_number(entity.kind):
            return 0  # somebody else's: without a number it is not looked for
        head = self.cell(history, entity.kind, key, row.key_length, number)
        if head[0]:
            self.follow(head[0] - 1, entity_no)
            return 0
        head[0] = entity_no + 1
        if not 0 < number < NUMBERED:
            self.used += 1
        return 0

    cdef void follow(self, int32_t head_no, int32_t entity_no) noexcept:
        cdef Entity* head = &self.entities[head_no]
        cdef Entity* before = &self.entities[head.last]
        before.next = entity_no
        self.entities[entity_no].attempt = <uint16_t>(before.attempt + 1)
        head.last = entity_no

    cdef int32_t* cell(
        self, History history, int kind, const char* key, Py_ssize_t length, int32_t number
    ) except NULL:
        """Where the first entity of this id is noted."""
        cdef int32_t* grown
        cdef Py_ssize_t size
        if not 0 < number < NUMBERED:
            if (self.used + 1) * 4 > (self.mask + 1) * 3:
                self.rehash(history)
            return &self.slots[self.slot(history, kind, key, length, number)]
        if number >= self.sizes[kind]:
            size = max(number + 1, self.sizes[kind] * 2, 64)
            grown = <int32_t*>PyMem_RawRealloc(self.numbered[kind], size * sizeof(int32_t))
            if grown == NULL:
                raise MemoryError
            memset(grown + self.sizes[kind], 0, (size - self.sizes[kind]) * sizeof(int32_t))
            self.numbered[kind] = grown
            self.sizes[kind] = size
        return &self.numbered[kind][number]

    cdef Py_ssize_t slot(self, History history, int kind, const char* key, Py_ssize_t length, int32_t number):
        """Where in the hash table the first entity of this id stands, or the free slot where it belongs."""
        cdef Py_ssize_t slot = hash_of(kind, key, length, number) & self.mask
        cdef Entity* entity
        cdef Row* row
        cdef bytes body
        while self.slots[slot]:
            entity = &self.entities[self.slots[slot] - 1]
            if entity.kind == kind:
                row = &history.rows[entity.scheduled - 1]
                if by_number(kind):
                    if row.ref == number:
                        break
                elif row.key_length == length:
                    body = <bytes>history.bodies[row.page]
                    if memcmp(PyBytes_AS_STRING(body) + row.key, key, length) == 0:
                        break
            slot = (slot + 1) & self.mask
        return slot

    cdef int rehash(self, History history) except -1:
        cdef int32_t* old = self.slots
        cdef Py_ssize_t i, old_size = self.mask + 1, size = max(old_size * 2, 64)
        cdef int32_t* slots = <int32_t*>PyMem_RawCalloc(size, sizeof(int32_t))
        cdef Row* row
        cdef bytes body
        cdef const char* key
        if slots == NULL:
            raise MemoryError
        self.slots = slots
        self.mask = size - 1
        for i in range(old_size):
            if old[i]:
                row = &history.rows[self.entities[old[i] - 1].scheduled - 1]
                body = history.bodies[row.page]
                key = PyBytes_AS_STRING(body) + row.key
                slots[self.slot(history, self.entities[old[i] - 1].kind, key, row.key_length, row.ref)] = old[i]
        PyMem_RawFree(old)
        return 0

    cdef int32_t find(
        self, History history, int kind, const char* key, Py_ssize_t length, int32_t number, int32_t after
    ):
        """The first entity of an id (a text, or a number) that was accepted behind event `after`, or -1."""
        cdef int32_t entity_no = -1
        if key != NULL and not by_number(kind):
            number = decimal_of(key, length)
        if 0 < number < NUMBERED:
            if number < self.sizes[kind]:
                entity_no = self.numbered[kind][number] - 1
        elif self.mask >= 0:
            entity_no = self.slots[self.slot(history, kind, key, length, number)] - 1
        while entity_no >= 0 and self.entities[entity_no].scheduled <= after:
            entity_no = self.entities[entity_no].next
        return entity_no

    cdef list views(self, History history, int kind):
        cdef Py_ssize_t i
        cdef type view = VIEWS[kind]
        return [Work.of(view, history, &self.entities[i]) for i in range(self.count) if self.entities[i].kind == kind]
