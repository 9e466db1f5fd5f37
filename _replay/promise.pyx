"""An outcome, now or later, and who waits for it."""


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

    def __getattr__(self, name):
        raise AttributeError(f"a Promise has no {name!r}; what it promises is its .result, or what `await` gives")

    def __bool__(self):
        raise UsageError(
            f"{self!r} is neither true nor false: ask for its .result (which waits), .is_ready, or compare with None"
        )

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
        try:
            self.outcome = signal_value(self.run, self.event_id, self.queue.type)
            self.state = VALUE
        except SerializationError as error:
            self.outcome = error
            self.state = FAILURE
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
