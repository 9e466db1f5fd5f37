"""Signals: durable queues by name."""


@cython.final
cdef class SignalQueue:
    """The signals of one name: each is taken once, in the order in which they came, by who asked first.

    The first that nobody took belongs to the first in line, and so on; who leaves the line, timed out or canceled,
    leaves his to the next.
    """

    cdef Run run
    cdef readonly str name
    cdef object type          # what its signals are read as; None: what JSON has
    cdef object arrived       # event ids that nobody took
    cdef list line            # Promises that wait for one

    @classmethod
    def __class_getitem__(cls, item):
        return cls

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
