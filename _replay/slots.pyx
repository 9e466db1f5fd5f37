"""Slots of a map: how many of its calls may be open at a time."""


@cython.final
cdef class Slots:
    """Given in call order; who has none yet is issued when another call ends."""

    cdef Run run
    cdef object waiting       # commands without a slot
    cdef Py_ssize_t free

    @staticmethod
    cdef Slots of(Run run, Py_ssize_t limit):
        cdef Slots slots = Slots.__new__(Slots)
        slots.run = run
        slots.waiting = deque()
        slots.free = limit
        return slots

    cdef bint take(self, Command command) except -1:
        """Give it a slot, or else a place in the queue."""
        if self.free == 0:
            self.waiting.append(command)
            return False
        self.free -= 1
        command.add_waiter(self)
        return True

    cdef int give_back(self) except -1:
        """A call has ended: its slot goes to the next that is still wanted."""
        cdef Command next
        while self.waiting:
            next = self.waiting.popleft()
            if next.stage == BLOCKED:
                next.add_waiter(self)
                next.blockers -= 1
                if next.blockers == 0:
                    self.run.unblocked.append(next)
                return 0
        self.free += 1
        return 0


cdef list map_calls(Task task, object instance, object iterable, object limit):
    """A call for each item. All get their numbers now, whenever they leave."""
    cdef Run run = running()
    cdef list items = list(iterable), commands
    cdef Slots slots = None
    if limit is not None and (type(limit) is not int or limit < 1):
        raise UsageError(f"map() takes a limit of at least 1, or None for no limit; found {limit!r}")
    if task.is_method and instance is None:
        raise UsageError(f"map() of the method {task.name} needs its object: bind it, as in its_object.method.map(…)")
    if run is None or task.kind == CACHED_FUNCTION:
        call = task if instance is None else Bound(task, instance)
        return [call(item) for item in items]
    check_awake(run, task.name)
    if limit is not None:
        slots = Slots.of(run, limit)
    commands = [new_call(run, task, instance) for _ in items]
    for command, item in zip(commands, items):
        # All before the first is issued: one that cannot be serialized lets none of them go.
        take_arguments(run, command, find_accepted(run, command), (item,), {})
    for command in commands:
        if slots is not None and not slots.take(command):
            (<Command>command).blockers += 1
        if (<Command>command).blockers == 0:
            issue_command(run, command)
    return commands
