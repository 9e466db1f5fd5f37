"""The decider driven batch by batch: what history shows is applied, what is resolved wakes who waits for it."""

from cpython.object cimport PyObject

from random import Random
from uuid import UUID


cdef object CANCEL_REQUEST = object()  # among what wakes: a cancel request


@cython.final
cdef class Run:
    """One execution's decider, suspended where it waits, up to the decision task in hand.

    The owner calls `close()` when it is done with it: suspended code holds on to itself.
    """

    cdef readonly History history
    cdef readonly Task task
    cdef readonly object instance
    cdef readonly str scope
    cdef str given_run_id
    cdef str domain                   # None: not known, and not checked
    cdef dict stamp                   # what the first decision's executionContext tells of its code
    cdef Run rehearsed                # the run whose decisions this one makes again, else None
    cdef Trace trace                  # of a run that explains a mismatch
    cdef tuple found                  # the mismatch: its kind and event id
    cdef bint strict                  # compare with the record all that is asked for
    cdef dict drafts                  # of a strict run: sequence of a call, or END -> its arguments, serialized
    cdef public dict originals        # serial mode: id -> the exception that an activity here raised
    cdef readonly list decisions
    cdef readonly str execution_context
    cdef readonly bint is_closing
    cdef readonly BaseException failure
    cdef bint run_cached              # whether new calls of cached functions are made, or left waiting
    cdef object on_error              # called with the run as it stands, and the error that ends it
    cdef readonly list not_run        # names of cached functions that would have run in the task in hand

    # Code
    cdef Branch main
    cdef Branch branch                # the one that runs now
    cdef list branches
    cdef list woken                   # in order: resolved promises whose waiters are to wake, queues with a signal
    cdef list interrupted             # promises of which some waiters had woken when code asked to continue as new
    cdef bint finished                # the decider's function has ended, or asked to continue as new: nothing wakes
    cdef bint ended                   # the execution is closed
    cdef bint closed                  # this run was evicted
    cdef bint in_cached
    cdef BaseException broken         # an error that no user code may see

    # Commands
    cdef list accepted                # by entity: the command that it records
    cdef list queue                   # queued commands whose record is not the next decision's
    cdef dict unrecorded              # queued commands without an accepted schedule, by record key
    cdef dict marker_commands         # queued markers, by name; of changes by their id
    cdef list unblocked
    cdef list refusals_now            # (command, event id) refused by the decision that is being matched
    cdef int64_t outstanding          # queued commands
    cdef int cached_count             # cached functions that ran in this batch
    cdef int64_t cached_bytes
    cdef dict cached_texts            # number -> what a cached function that ran in this batch came to
    cdef Command closing
    cdef object next_input            # of the run that continues this one; None: its own
    cdef int64_t sequence, order
    cdef int ahead_window             # batches of which payloads are fetched together
    cdef int64_t ahead_given          # payloads that the last fetch was told of, and how many
    cdef int64_t ahead_read           # were asked for since
    cdef int32_t activities, timers, children, lambdas, signals_out, cancels_out, waits, caches, closes

    # History, read as far as event `position`
    cdef int64_t target
    cdef int64_t position
    cdef int64_t batch_end
    cdef int64_t batch_completed      # DecisionTaskCompleted of this batch's decision, 0 in the last batch
    cdef int64_t previous_completed   # of the batch before
    cdef int64_t batch_held
    cdef Py_ssize_t decision_no
    cdef readonly int batch
    cdef bint is_last
    cdef list tasks_by_type           # type_no -> a task known to be of that type
    cdef dict cache_records           # n -> event id
    cdef dict marker_records          # name -> event ids
    cdef dict marker_counts
    cdef dict patches                 # id of a change -> whether the code was told that it is part of the run
    cdef dict patch_records           # id of a change -> event id
    cdef dict patch_refusals          # DecisionTaskCompleted -> how many markers of changes were refused
    cdef dict refused                 # record key -> event ids
    cdef Py_ssize_t refusals_read
    cdef Py_ssize_t events_read
    cdef Py_ssize_t unheld_read       # of the decisions
    cdef int64_t last_unheld          # the last of these that held nothing back

    # What the code asks about
    cdef readonly double now_seconds
    cdef dict signal_queues
    cdef Pending next_batch
    cdef readonly bint cancel_requested
    cdef bint cancel_pending
    cdef int shields
    cdef str status_text
    cdef object random_source, uuid_source

    def __cinit__(self):
        self.history = History()

    def __init__(self, decider, History history not None, *, run_id=None, scope="", domain=None, stamp=None,
                 run_cached=True, on_error=None, strict=False):
        if isinstance(decider, Bound):
            self.task = (<Bound>decider).task
            self.instance = (<Bound>decider).instance
        else:
            self.task = decider
        self.history = history
        self.given_run_id = run_id
        self.scope = scope
        self.domain = domain
        self.stamp = stamp or {}
        self.run_cached = run_cached
        self.on_error = on_error
        self.strict = strict
        self.begin()

    def rehearse(self):
        """A run that comes from the beginning of the history to the same task; its decisions should be the same.

        Cached functions do not run again in it: it is told what they came to.
        """
        cdef Run run = self.copied()
        run.rehearsed = self
        run.begin()
        return run

    cdef Run copied(self):
        """A run of the same decider over the same history that has not begun."""
        cdef Run run = Run.__new__(Run)
        run.task = self.task
        run.instance = self.instance
        run.history = self.history
        run.given_run_id = self.given_run_id
        run.scope = self.scope
        run.domain = self.domain
        run.stamp = self.stamp
        run.originals = self.originals
        run.run_cached = self.run_cached
        run.strict = self.strict
        return run

    cdef int begin(self) except -1:
        self.reset()
        return self.advance_or_close()

    cdef int advance_or_close(self) except -1:
        try:
            self.advance()
        except NondeterminismError as error:
            told = explained(self, error) if self.rehearsed is None else error
            if self.on_error is not None:
                self.on_error(self, told)
            self.close()
            raise told from error.__cause__
        except BaseException as error:
            if self.on_error is not None and isinstance(error, Exception):
                self.on_error(self, error)
            self.close()
            raise
        return 0

    cdef int reset(self) except -1:
        self.decisions = []
        self.not_run = []
        self.branches = []
        self.woken = []
        self.interrupted = []
        self.accepted = []
        self.queue = []
        self.unrecorded = {}
        self.marker_commands = {}
        self.unblocked = []
        self.refusals_now = []
        self.tasks_by_type = []
        self.cache_records = {}
        self.marker_records = {}
        self.marker_counts = {}
        self.cached_texts = {}
        self.patches = {}
        self.patch_records = {}
        self.patch_refusals = {}
        self.drafts = {}
        self.refused = {}
        self.signal_queues = {}
        self.main = self.branch = None
        self.closing = self.next_batch = None
        self.broken = self.failure = None
        self.status_text = self.execution_context = self.next_input = None
        self.random_source = self.uuid_source = None
        self.finished = self.ended = self.closed = self.is_last = self.is_closing = False
        self.cancel_requested = self.cancel_pending = False
        self.sequence = self.order = self.outstanding = 0
        self.activities = self.timers = self.children = self.lambdas = self.signals_out = self.cancels_out = 0
        self.waits = self.caches = self.closes = self.shields = 0
        self.position = self.batch_end = self.batch_completed = self.previous_completed = self.batch_held = 0
        self.decision_no = self.refusals_read = self.events_read = self.unheld_read = self.last_unheld = 0
        self.batch = 0
        self.ahead_window = 0
        self.ahead_given = self.ahead_read = 0
        return 0

    def append_page(self, page):
        """Take the next task's events (those known are skipped) and decide it; `decisions` are then that task's."""
        self.history.append_page(page)
        try:
            if self.closed or self.broken is not None or self.not_run or not self.goes_on():
                # The task that was decided last left no decision behind, or another one: its batch is told again.
                self.unwind()
                self.reset()
        except BaseException:
            self.close()
            raise
        self.advance_or_close()

    cdef bint goes_on(self):
        """Whether history went on from the batch that was last: its decision was completed, and was no pause."""
        cdef list decisions = self.history.index.decisions
        if not self.is_last or self.position >= find_target(self):
            return True
        return self.decision_no < len(decisions) and not is_pause(self, decisions[self.decision_no]) \
            and self.history.rows[<int64_t>decisions[self.decision_no] - 1].ref == self.position

    def close(self):
        """Evict: unwind the suspended code, which can decide nothing any more."""
        self.unwind()
        self.closed = True

    cdef int unwind(self) except -1:
        cdef PyObject* outer = pyswf_running
        cdef Branch branch
        global pyswf_running
        pyswf_running = <PyObject*>self
        self.closed = True
        try:
            for branch in self.branches:
                branch.close()
        finally:
            pyswf_running = outer
        self.let_go()
        return 0

    cdef int let_go(self) except -1:
        """Break the cycles that run through promises, which the collector does not see."""
        cdef Command command
        cdef SignalQueue queue
        for command in self.accepted:
            if command is not None and command.waiters is not None:
                release(command)
        for command in self.queue:
            release(command)
        for queue in self.signal_queues.values():
            while queue.line:
                release(queue.line.pop())
        for promise in (self.next_batch, self.closing, *self.interrupted):
            if promise is not None:
                release(promise)
        self.branches = []
        self.main = None
        self.accepted = []
        self.queue = []
        self.unrecorded = {}
        self.marker_commands = {}
        self.woken = []
        self.interrupted = []
        self.unblocked = []
        self.signal_queues = {}
        self.closing = self.next_batch = None
        return 0

    # Batches

    cdef int advance(self) except -1:
        """Replay every batch up to the task in hand."""
        cdef PyObject* outer = pyswf_running
        global pyswf_running
        read_new_events(self)
        self.target = find_target(self)
        if self.target > self.history.count:
            raise HistoryFormatError(
                f"events up to the task's start expected, found {self.history.count}", event_id=self.target
            )
        if self.target and self.history.rows[0].kind != WORKFLOW_EXECUTION_STARTED:
            raise HistoryFormatError("WorkflowExecutionStarted expected as the first event", event_id=1)
        pyswf_running = <PyObject*>self
        try:
            while not self.ended and find_batch(self):
                self.run_batch()
        finally:
            pyswf_running = outer
        self.compose()
        return 0

    cdef int run_batch(self) except -1:
        """Own records, the other events, commands whose arguments came, then who waited."""
        cdef History history = self.history
        cdef int64_t event_id = self.previous_completed, first = self.position + 1
        cdef Row* row
        self.batch += 1
        self.cached_count = self.cached_bytes = 0
        if self.cached_texts:
            self.cached_texts = {}
        self.now_seconds = history.rows[self.batch_end - 1].timestamp
        if self.next_batch is not None:
            settle(self, self.next_batch, VALUE, None)
            self.next_batch = None
            self.not_run = []
        if event_id:
            while event_id < self.batch_end:
                row = &history.rows[event_id]
                event_id += 1
                if row.done == self.previous_completed and is_record(row):
                    match_record(self, event_id)
            check_rest(self, self.previous_completed, held_by(self, self.previous_completed))
            if self.trace is not None and self.batch > self.trace.last_batch:
                self.ended = True  # it fits now: what comes later is nothing to be run for a report
                return 0
            self.answer_refusals()
        for event_id in range(first, self.batch_end + 1):
            row = &history.rows[event_id - 1]
            if row.done == 0 or row.done != self.previous_completed or not is_record(row):
                apply_event(self, event_id)
        self.position = self.batch_end
        if self.ended:
            return 0
        issue_unblocked(self)
        if self.main is None:
            start_main(self)
        drain(self)
        if PYSWF_DEBUG:
            check_woken(self)
        return 0

    cdef int answer_refusals(self) except -1:
        """Only now, since what they make the run ask for belongs to this batch."""
        cdef list refusals = self.refusals_now
        self.refusals_now = []
        for command, event_id in refusals:
            judge_refusal(self, command, event_id)
        return 0

    # What code and workers ask for

    @property
    def run_id(self):
        """The run's own id, "" where nothing says it."""
        if self.given_run_id is None:
            self.given_run_id = self.history.run_id or recorded_run_id(self.history)
        return self.given_run_id

    @property
    def random(self):
        """A random.Random seeded by the run id."""
        self.check_not_cached()
        if self.random_source is None:
            self.random_source = Random(f"random {self.run_id}")
        return self.random_source

    def uuid4(self):
        """The next of the UUIDs that this run always draws."""
        self.check_not_cached()
        if self.uuid_source is None:
            self.uuid_source = Random(f"uuid {self.run_id}")
        return UUID(int=self.uuid_source.getrandbits(128), version=4)

    cdef int check_not_cached(self) except -1:
        if self.in_cached:
            raise UsageError(
                "a @cached function cannot use workflow.random or uuid4(), which replays draw again; use Python's own"
            )
        return 0

    def started_attributes(self):
        """Members of WorkflowExecutionStarted."""
        return self.history.attributes(1)

    def set_status(self, str text):
        """Text that executionContext shows until another is set."""
        check_awake(self, "status()")
        self.status_text = text

    def shield(self, int step):
        """Defer (1) a cancel request, or allow it again (-1)."""
        self.shields += step
        if self.shields == 0 and self.cancel_pending:
            self.woken.append(CANCEL_REQUEST)

    @property
    def is_replaying(self):
        """Whether what the code does now was decided by an earlier task, or is decided a second time."""
        return not self.is_last or self.rehearsed is not None

    @property
    def history_length(self):
        """How many events the code has seen."""
        return self.batch_end

    @property
    def calls(self):
        """("decider", workflowId) or ("activity", activityId) of what `decisions` call -> (task, object or None)."""
        cdef Command command
        return {
            (("decider", workflow_id_of(self, command)) if command.kind == CHILD
             else ("activity", command.command_id())): (command.task, command.instance)
            for command in self.queue
            if command.stage == QUEUED and (command.kind == ACTIVITY or command.kind == CHILD)
        }

    @property
    def standing(self):
        """(number, function, what it waits for, frame) of each suspended branch; the decider's own is number 0."""
        return standing(self)

    cdef int compose(self) except -1:
        """The decisions of the task in hand."""
        self.decisions = []
        self.execution_context = None
        self.is_closing = False
        tidy_queue(self)
        if self.is_last and not self.ended:
            compose_response(self)
        return 0


def _sequence(Command command):
    return command.sequence
