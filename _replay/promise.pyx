"""An outcome, now or later, and who waits for it."""

from collections import deque


cdef enum Outcome:
    PENDING
    VALUE
    FAILURE
    RECORDED  # in the history: read when somebody asks


cdef class Promise:
    """The outcome of something that a decider asked for."""

    cdef Run run
    cdef object outcome       # the value, or the exception
    cdef object waiters       # None, one waiter or a list: Branch, Group or Command
    cdef int64_t order        # how manieth to be resolved in its run
    cdef uint8_t state

    def __init__(self, *args, **kwargs):
        raise TypeError("promises are made by calls in a decider")

    @classmethod
    def __class_getitem__(cls, item):
        return cls

    cdef int read(self) except -1:
        """Turn RECORDED into VALUE or FAILURE."""
        raise AssertionError("nothing is recorded for this promise")

    cdef bint is_failure(self):
        """Whether the outcome is a failure; reads nothing."""
        return self.state == FAILURE

    cdef object value(self):
        if self.state == RECORDED:
            self.read()
        if self.state == FAILURE:
            raise self.outcome
        return self.outcome

    @property
    def result(self):
        """The value; waits until it is there, and raises if there will be none."""
        if self.state == PENDING:
            wait_for(self.run, self)
        return self.value()

    @property
    def is_ready(self):
        """Whether the outcome is there; never waits."""
        return self.state != PENDING

    @property
    def exception(self):
        """The exception that `result` raises; None while pending and after success. Never waits."""
        if self.state == RECORDED:
            self.read()
        return self.outcome if self.state == FAILURE else None

    def cancel(self):
        """Ask that the work be canceled; without effect where there is nothing to cancel."""

    def __await__(self):
        cdef Awaiting awaiting = Awaiting.__new__(Awaiting)
        awaiting.promise = self
        return awaiting

    def __repr__(self):
        return f"<{type(self).__name__} {('pending', 'resolved', 'failed', 'resolved')[self.state]}>"

    cdef int abandon(self) except -1:
        """Its wait was ended by a cancel request: give up the timeout, and the place in a queue."""
        return 0

    cdef bint wait_again(self) except -1:
        """A wait begins: take the place that an ended wait gave up. Whether there is nothing left to wait for."""
        return False

    cdef int add_waiter(self, object waiter) except -1:
        if self.waiters is None:
            self.waiters = waiter
        elif type(self.waiters) is list:
            (<list>self.waiters).append(waiter)
        else:
            self.waiters = [self.waiters, waiter]
        return 0

    cdef int drop_waiter(self, object waiter) except -1:
        cdef Py_ssize_t place
        if self.waiters is waiter:
            self.waiters = None
        elif type(self.waiters) is list:
            for place in range(len(<list>self.waiters)):
                if (<list>self.waiters)[place] is waiter:
                    del (<list>self.waiters)[place]
                    break
        return 0


@cython.final
cdef class Awaiting:
    """What `await` drives: it suspends the greenlet and ends with the result at its first step."""

    cdef Promise promise

    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration(self.promise.result)


@cython.final
cdef class Pending(Promise):
    """A promise that the engine resolves by itself: a branch's end, a signal, the next batch."""

    cdef int64_t event_id     # the signal that is its
    cdef SignalQueue queue    # in which it waits for a signal
    cdef as_completed stream  # of which it waits for the next
    cdef bint in_line         # of the queue: its signal is not its for good
    cdef bint abandoned

    @staticmethod
    cdef Pending of(Run run):
        cdef Pending promise = Pending.__new__(Pending)
        promise.run = run
        return promise

    cdef int abandon(self) except -1:
        if self.abandoned:
            return 0
        if self.in_line:
            self.queue.leave(self)
        elif self.stream is None:
            return 0
        elif self.state == PENDING:
            self.stream.getters.remove(self)
        else:  # it came in the same batch: it stays for the next who asks
            self.stream.arrived.appendleft(self.outcome)
            self.state = PENDING
        self.abandoned = True
        return 0

    cdef bint wait_again(self) except -1:
        if self.abandoned:
            self.abandoned = False
            if self.queue is not None:
                self.queue.join(self)
            else:
                self.stream.join(self)
        return self.state != PENDING

    cdef int read(self) except -1:
        if self.in_line:
            self.queue.take(self)
            if self.waiters is not None:
                self.run.woken.append(self)
        self.outcome = signal_value(self.run, self.event_id)
        self.state = VALUE
        return 0


cdef class Listener(Promise):
    """Hears of each of several promises as it is resolved, in their order."""

    cdef Command timer        # its timeout, or None

    cdef Promise note(self, Promise member):
        """A member, or the timer, was resolved: the promise that this resolves, or None."""
        raise AssertionError("a listener says what it does")

    cdef int start_timer(self, object timeout) except -1:
        if timeout is not None:
            self.timer = start_timeout(self.run, timeout)
            self.timer.add_waiter(self)
        return 0

    cdef int abandon(self) except -1:
        return self.stop_timer()

    cdef int stop_timer(self) except -1:
        cdef Command timer = self.timer
        if timer is not None:
            self.timer = None
            timer.waiters = None  # this listener need not hear of it
            cancel_command(self.run, timer)
        return 0


cdef int release(Promise promise) except -1:
    """Forget who waits for it, and those who wait for them: nobody will be told any more."""
    cdef list left = [promise]
    cdef Promise next
    while left:
        next = left.pop()
        waiters = next.waiters
        next.waiters = None
        for waiter in waiters if type(waiters) is list else (waiters,):
            if type(waiter) is Command:
                (<Command>waiter).arguments = None
            if isinstance(waiter, Promise):
                left.append(waiter)
    return 0


cdef int check_own(Run run, Promise promise) except -1:
    if promise.run is not run:
        raise UsageError(f"{promise!r} belongs to another execution")
    return 0


cdef object timed_out(Promise timer):
    """What ends a wait when its timer ends: WaitTimeout, or why SWF did not start the timer."""
    if timer.is_failure():
        return timer.exception
    return WaitTimeout("the wait took longer than its timeout")


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


@cython.final
cdef class SignalDeadline(Listener):
    """A signal waited for, for a limited time."""

    cdef SignalQueue queue
    cdef Pending getter

    @staticmethod
    cdef SignalDeadline of(SignalQueue queue, Pending getter, object timeout):
        cdef SignalDeadline deadline = SignalDeadline.__new__(SignalDeadline)
        deadline.run = queue.run
        deadline.queue = queue
        deadline.getter = getter
        getter.add_waiter(deadline)
        deadline.start_timer(timeout)
        return deadline

    cdef Promise note(self, Promise member):
        if self.state != PENDING:
            return None
        if member is self.timer:
            self.getter.abandon()
            settle(self.run, self, FAILURE, timed_out(member))
        else:
            settle(self.run, self, RECORDED, None)
            self.stop_timer()
        return self

    cdef int abandon(self) except -1:
        self.getter.abandon()
        return self.stop_timer()

    cdef bint wait_again(self) except -1:
        return self.getter.wait_again()

    cdef int read(self) except -1:
        self.outcome = self.getter.value()
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

    def __init__(self, promises, timeout=None):
        cdef Promise member
        cdef Run run = decider_run("as_completed()")
        cdef list members = members_of(run, (promises,), "as_completed()"), resolved = []
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


@cython.final
cdef class SignalQueue:
    """The signals of one name: each is taken once, in the order in which they came, by who asked first.

    The first that nobody took belongs to the first in line, and so on; who leaves the line, timed out or canceled,
    leaves his to the next.
    """

    cdef Run run
    cdef readonly str name
    cdef object arrived       # event ids that nobody took
    cdef list line            # Promises that wait for one

    @staticmethod
    cdef SignalQueue of(Run run, str name):
        cdef SignalQueue queue = SignalQueue.__new__(SignalQueue)
        queue.run = run
        queue.name = name
        queue.arrived = deque()
        queue.line = []
        return queue

    cdef int arrive(self, int64_t event_id) except -1:
        self.arrived.append(event_id)
        self.run.woken.append(self)
        return self.deal()

    cdef int deal(self) except -1:
        """Those in line are ready as far as there are signals, each with its own."""
        cdef Py_ssize_t place
        cdef Pending getter
        for place in range(min(len(self.line), len(self.arrived))):
            getter = self.line[place]
            getter.event_id = self.arrived[place]
            if getter.state == PENDING:
                resolve_unwoken(self.run, getter)
        return 0

    cdef int serve(self) except -1:
        """The first in line takes its signal, and who waits for it wakes."""
        cdef Pending getter
        if self.line and self.arrived:
            getter = self.line[0]
            self.take(getter)
            wake(self.run, getter)
        return 0

    cdef int take(self, Pending getter) except -1:
        cdef Py_ssize_t place = self.line.index(getter)
        del self.line[place]
        del self.arrived[place]
        getter.in_line = False
        return 0

    cdef int leave(self, Pending getter) except -1:
        self.line.remove(getter)
        getter.in_line = False
        getter.state = PENDING
        return self.deal()

    def __len__(self):
        return max(0, len(self.arrived) - len(self.line))

    def get(self, timeout=None):
        """The next signal's value; waits for one, at most `timeout` seconds (then WaitTimeout)."""
        cdef Promise promise = self.next_signal()
        if timeout is not None and promise.state == PENDING:
            promise = SignalDeadline.of(self, promise, timeout)
        return hand_over(self.run, promise)

    def __iter__(self):
        return self

    def __next__(self):
        cdef Promise promise = self.next_signal()
        return promise.result

    def __aiter__(self):
        return self

    async def __anext__(self):
        cdef Promise promise = self.next_signal()
        return promise.result

    cdef Promise next_signal(self):
        cdef Pending promise = Pending.of(self.run)
        if decider_run("signals()") is not self.run:
            raise UsageError(f"the queue of signals {self.name!r} belongs to another execution")
        promise.queue = self
        self.join(promise)
        return promise

    cdef int join(self, Pending getter) except -1:
        """Give it the first signal that is nobody's, or else a place in the line."""
        cdef Py_ssize_t place = len(self.line)
        if len(self.arrived) > place:
            getter.event_id = self.arrived[place]
            del self.arrived[place]
            return settle(self.run, getter, RECORDED, None)
        about_to_wait(self.run)
        getter.in_line = True
        self.line.append(getter)
        return 0

    def __repr__(self):
        return f"<SignalQueue {self.name!r} with {len(self)}>"
