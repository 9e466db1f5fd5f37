"""Several promises waited for as one, or one after the other as they are resolved."""

from collections import deque


cdef enum GroupMode:
    ALL
    ANY


@cython.final
cdef class Group(Listener):
    """Several promises waited for as one: all of them, or any."""

    cdef list members
    cdef GroupMode mode
    cdef Py_ssize_t missing

    @staticmethod
    cdef Group of(Run run, list members, GroupMode mode, object timeout):
        cdef Group group = Group.__new__(Group)
        cdef Promise member, first = None
        group.run = run
        group.members = members
        group.mode = mode
        for member in members:
            if member.state == PENDING:
                group.missing += 1
            elif mode == ANY or member.is_failure():
                if first is None or member.order < first.order:
                    first = member
        if first is not None or group.missing == 0:
            group.conclude(first)
        else:
            about_to_wait(run)
            for member in members:
                if member.state == PENDING:
                    member.add_waiter(group)
            group.start_timer(timeout)
        return group

    cdef Promise note(self, Promise member):
        if self.state != PENDING:
            return None
        if member is self.timer:
            settle(self.run, self, FAILURE, timed_out(member))
            return self.leave_others()
        self.missing -= 1
        if self.mode == ALL and self.missing and not member.is_failure():
            return None
        self.conclude(member)
        self.stop_timer()
        return self.leave_others()

    cdef Group leave_others(self):
        """Those still pending need not tell it: a loop around wait_any() would leave a waiter in each, every time."""
        cdef Promise member
        if self.missing:
            for member in self.members:
                if member.state == PENDING:
                    member.drop_waiter(self)
        return self

    cdef int conclude(self, Promise member) except -1:
        if self.mode == ANY:
            settle(self.run, self, VALUE, member)
        elif member is not None and member.is_failure():
            settle(self.run, self, FAILURE, member.exception)
        else:
            settle(self.run, self, RECORDED, None)
        return 0

    cdef int read(self) except -1:
        cdef Promise member
        self.outcome = [member.value() for member in self.members]
        self.state = VALUE
        return 0


cdef list members_of(Run run, tuple promises, str what):
    cdef list members
    if len(promises) == 1 and not isinstance(promises[0], Promise):
        promises = tuple(promises[0])
    members = list(promises)
    for member in members:
        if not isinstance(member, Promise):
            raise UsageError(f"{what} waits for Promises, found {member!r}")
        check_own(run, member)
    return members


def wait_all(*promises, timeout=None):
    """Wait for all; their results in argument order, or the first failure as soon as it happens."""
    cdef Run run = decider_run("wait_all()")
    return hand_over(run, Group.of(run, members_of(run, promises, "wait_all()"), ALL, timeout))


def wait_any(*promises, timeout=None):
    """Wait for the first; that Promise, whether it succeeded or failed."""
    cdef Run run = decider_run("wait_any()")
    cdef list members = members_of(run, promises, "wait_any()")
    if not members:
        raise UsageError("wait_any() waits for at least one Promise")
    return hand_over(run, Group.of(run, members, ANY, timeout))


@cython.final
cdef class as_completed(Listener):
    """Iterate over promises in the order in which they are resolved; `timeout` seconds for all of them."""

    cdef Py_ssize_t missing
    cdef object arrived
    cdef object getters       # who wait for the next

    def __init__(self, *promises, timeout=None):
        cdef Promise member
        cdef Run run = decider_run("as_completed()")
        cdef list members = members_of(run, promises, "as_completed()"), resolved = []
        self.run = run
        self.getters = deque()
        for member in members:
            if member.state == PENDING:
                member.add_waiter(self)
                self.missing += 1
            else:
                resolved.append(member)
        resolved.sort(key=_order)
        self.arrived = deque(resolved)
        if self.missing:
            self.start_timer(timeout)

    cdef Promise note(self, Promise member):
        cdef Pending getter = self.getters.popleft() if self.getters else None
        if member is self.timer:
            if self.state == PENDING:
                settle(self.run, self, FAILURE, timed_out(member))
            if getter is not None:
                settle(self.run, getter, FAILURE, self.outcome)
            return getter
        self.arrived.append(member)
        self.missing -= 1
        if not self.missing:
            self.stop_timer()
        if getter is not None:
            settle(self.run, getter, VALUE, self.arrived.popleft())
        return getter

    cdef Promise next_promise(self):
        cdef Pending getter = Pending.of(self.run)
        check_own(decider_run("as_completed()"), self)
        getter.stream = self
        self.join(getter)
        return getter

    cdef int join(self, Pending getter) except -1:
        """Give it the first that nobody took, or else a place in the queue."""
        if self.arrived:
            return settle(self.run, getter, VALUE, self.arrived.popleft())
        if self.state == FAILURE:
            return settle(self.run, getter, FAILURE, self.outcome)
        about_to_wait(self.run)
        self.getters.append(getter)
        return 0

    def __iter__(self):
        return self

    def __next__(self):
        if not self.arrived and not self.missing:
            raise StopIteration
        return self.next_promise().result

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.arrived and not self.missing:
            raise StopAsyncIteration
        return self.next_promise().result


def _order(Promise promise):
    return promise.order
