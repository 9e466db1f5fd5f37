"""The decider driven batch by batch: what history shows is applied, what is resolved wakes who waits for it."""

from cpython.object cimport PyObject

from hashlib import sha256
from random import Random
from uuid import UUID


class ContinueAsNew(BaseException):
    """Ends a decider's code where it asked to continue as new; no `except Exception` sees it."""


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
    cdef public dict originals        # serial mode: id -> the exception that an activity here raised
    cdef readonly list decisions
    cdef readonly str execution_context
    cdef readonly bint is_closing
    cdef readonly BaseException failure

    # Code
    cdef Branch main
    cdef Branch branch                # the one that runs now
    cdef list branches
    cdef list woken                   # resolved promises whose waiters are to wake, in order
    cdef bint finished                # the decider's function has ended
    cdef bint ended                   # the execution is closed
    cdef bint closed                  # this run was evicted
    cdef bint in_cached
    cdef BaseException broken         # an error that no user code may see

    # Commands
    cdef list accepted                # by entity: the command that it records
    cdef list queue                   # queued commands whose record is not the next decision's
    cdef dict unrecorded              # queued commands without an accepted schedule, by record key
    cdef dict marker_commands         # queued markers, by name
    cdef list unblocked
    cdef list refusals_now            # (command, event id) refused by the decision that is being matched
    cdef int64_t outstanding          # queued commands
    cdef Command closing
    cdef int64_t sequence, order
    cdef int32_t activities, timers, children, signals_out, cancels_out, waits, caches, closes

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
    cdef dict refused                 # record key -> event ids
    cdef Py_ssize_t refusals_read
    cdef Py_ssize_t events_read

    # What the code asks about
    cdef readonly double now_seconds
    cdef dict signal_queues
    cdef Pending next_batch
    cdef readonly bint cancel_requested
    cdef bint cancel_pending
    cdef int shields
    cdef str status_text
    cdef object random_source, uuid_source

    def __init__(self, decider, History history, *, run_id=None, scope=""):
        if isinstance(decider, Bound):
            self.task = (<Bound>decider).task
            self.instance = (<Bound>decider).instance
        else:
            self.task = decider
        self.history = history
        self.given_run_id = run_id
        self.scope = scope
        self.reset()
        try:
            self.advance()
        except BaseException:
            self.close()
            raise

    cdef int reset(self) except -1:
        self.decisions = []
        self.branches = []
        self.woken = []
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
        self.refused = {}
        self.signal_queues = {}
        self.main = self.branch = None
        self.closing = self.next_batch = None
        self.broken = self.failure = None
        self.status_text = self.execution_context = None
        self.random_source = self.uuid_source = None
        self.finished = self.ended = self.closed = self.is_last = self.is_closing = False
        self.cancel_requested = self.cancel_pending = False
        self.sequence = self.order = self.outstanding = 0
        self.activities = self.timers = self.children = self.signals_out = self.cancels_out = 0
        self.waits = self.caches = self.closes = self.shields = 0
        self.position = self.batch_end = self.batch_completed = self.previous_completed = self.batch_held = 0
        self.decision_no = self.refusals_read = self.events_read = 0
        self.batch = 0
        return 0

    def append_page(self, page):
        """Take the next task's events (those known are skipped) and decide it; `decisions` are then that task's."""
        self.history.append_page(page)
        try:
            if self.closed or self.broken is not None or not self.goes_on():
                # The task that was decided last left no decision behind: what its batch was told is told again.
                self.unwind()
                self.reset()
            self.advance()
        except BaseException:
            self.close()
            raise

    cdef bint goes_on(self):
        """Whether history went on from the batch that was last: its decision was completed, and was no pause."""
        cdef list decisions = self.history.index.decisions
        if not self.is_last or self.position >= self.find_target():
            return True
        return self.decision_no < len(decisions) and not self.is_pause(decisions[self.decision_no]) \
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
        # These lead back to this run.
        self.branches = []
        self.main = None
        self.accepted = []
        self.queue = []
        self.unrecorded = {}
        self.marker_commands = {}
        self.woken = []
        self.unblocked = []
        self.signal_queues = {}
        self.closing = self.next_batch = None
        return 0

    # Batches

    cdef int64_t find_target(self) noexcept:
        cdef History history = self.history
        if history.started_event_id and is_open(history):
            return history.started_event_id
        return history.count

    cdef int advance(self) except -1:
        """Replay every batch up to the task in hand."""
        cdef PyObject* outer = pyswf_running
        global pyswf_running
        self.read_new_events()
        self.target = self.find_target()
        if self.target > self.history.count:
            raise HistoryFormatError(
                f"events up to the task's start expected, found {self.history.count}", event_id=self.target
            )
        if self.target and self.history.rows[0].kind != WORKFLOW_EXECUTION_STARTED:
            raise HistoryFormatError("WorkflowExecutionStarted expected as the first event", event_id=1)
        pyswf_running = <PyObject*>self
        try:
            while not self.ended and self.find_batch():
                self.run_batch()
        finally:
            pyswf_running = outer
        self.compose()
        return 0

    cdef int read_new_events(self) except -1:
        """What is looked up in the whole history: markers by name, cached results by number, refusals by key."""
        cdef History history = self.history
        cdef Row* row
        cdef int64_t event_id
        cdef list refusals = history.index.refusals
        (<list>self.accepted).extend([None] * (history.index.count - len(self.accepted)))
        (<list>self.tasks_by_type).extend([None] * (len(history.types) - len(self.tasks_by_type)))
        for event_id in range(self.events_read + 1, history.count + 1):
            row = &history.rows[event_id - 1]
            if row.kind == MARKER_RECORDED:
                name = history.key_text(row)
                self.marker_records.setdefault(name, []).append(event_id)
                if name == "cache":
                    number = cache_number(history.value_text(row))
                    if number:
                        self.cache_records[number] = event_id
        self.events_read = history.count
        for event_id in refusals[self.refusals_read:]:
            self.refused.setdefault(refusal_key(history, event_id), []).append(event_id)
        self.refusals_read = len(refusals)
        return 0

    cdef bint is_pause(self, int64_t completed):
        """Whether a decision's only record is a `pause-` timer: then it decided nothing."""
        cdef Row* row
        if completed >= self.history.count:
            return False
        row = &self.history.rows[completed]
        if row.kind != TIMER_STARTED or row.done != completed or not self.history.key_begins(row, b"pause-", 6):
            return False
        row = &self.history.rows[completed + 1]
        return completed + 1 >= self.history.count or row.done != completed or not is_record(row)

    cdef bint find_batch(self) except -1:
        """The bounds of the next batch; False when there is none."""
        cdef list decisions = self.history.index.decisions
        cdef int64_t completed, started
        self.previous_completed = self.batch_completed
        if self.is_last and self.decision_no < len(decisions):
            # The task decided last is now recorded.
            completed = decisions[self.decision_no]
            if self.history.rows[completed - 1].ref == self.position:
                self.previous_completed = completed
                self.decision_no += 1
        while self.decision_no < len(decisions):
            completed = decisions[self.decision_no]
            if completed > self.target:
                break
            started = self.history.rows[completed - 1].ref
            if not 0 < started < completed or self.history.rows[started - 1].kind != DECISION_TASK_STARTED \
                    or started <= self.position:
                raise HistoryFormatError("a reference to its DecisionTaskStarted expected", event_id=completed)
            self.decision_no += 1
            if not self.is_pause(completed):
                self.batch_end = started
                self.batch_completed = completed
                self.batch_held = self.held_by(completed)
                self.is_last = False
                return True
        if self.position >= self.target:
            return False
        self.batch_end = self.target
        self.batch_completed = self.batch_held = 0
        self.is_last = True
        return True

    cdef int run_batch(self) except -1:
        """Own records, the other events, commands whose arguments came, then who waited."""
        cdef History history = self.history
        cdef int64_t event_id = self.previous_completed, first = self.position + 1
        cdef Row* row
        self.batch += 1
        self.now_seconds = history.rows[self.batch_end - 1].timestamp
        if self.next_batch is not None:
            self.settle(self.next_batch, VALUE, None)
            self.next_batch = None
        if event_id:
            while event_id < self.batch_end:
                row = &history.rows[event_id]
                event_id += 1
                if row.done == self.previous_completed:
                    if is_record(row):
                        match_record(self, event_id)
                elif row.kind != ACTIVITY_TASK_CANCELED:  # which follows the record that cancels a waiting activity
                    break
            check_rest(self, self.previous_completed, self.held_by(self.previous_completed))
            self.answer_refusals()
        for event_id in range(first, self.batch_end + 1):
            row = &history.rows[event_id - 1]
            if row.done == 0 or row.done != self.previous_completed or not is_record(row):
                apply_event(self, event_id)
        self.position = self.batch_end
        if self.ended:
            return 0
        self.issue_unblocked()
        if self.main is None:
            self.start_main()
        self.drain()
        return 0

    cdef int answer_refusals(self) except -1:
        """Only now, since what they make the run ask for belongs to this batch."""
        cdef list refusals = self.refusals_now
        self.refusals_now = []
        for command, event_id in refusals:
            self.refuse(command, event_id)
        return 0

    cdef int64_t held_by(self, int64_t completed) except -1:
        """How many commands a decision says that it held back."""
        cdef Row* row = &self.history.rows[completed - 1]
        if not row.flags & HAS_VALUE:
            return 0
        return library_line(self.history.value_text(row)).get("held", 0)

    # Code

    cdef int start_main(self) except -1:
        cdef Branch main = Branch.__new__(Branch)
        cdef Pending promise = Pending.of(self)
        args, kwargs = self.task.codec.decode_input(self.history.value_text(&self.history.rows[0]))
        main.run = self
        main.function = self.task.function
        main.args = tuple(args) if self.instance is None else (self.instance, *args)
        main.kwargs = dict(kwargs)
        main.promise = promise
        main.is_main = True
        self.main = main
        self.branches.append(main)
        main.start()
        return self.check_broken()

    cdef int drain(self) except -1:
        """Wake who waits, in the order of the events; whoever wakes may resolve more."""
        cdef Py_ssize_t next = 0
        while not self.finished:
            if self.unblocked:
                self.issue_unblocked()
            if next == len(self.woken):
                break
            item = self.woken[next]
            next += 1
            if item is CANCEL_REQUEST:
                self.deliver_cancel()
            else:
                self.wake(item)
        self.woken = []
        return 0

    cdef int wake(self, Promise promise) except -1:
        waiters = promise.waiters
        promise.waiters = None
        if type(waiters) is list:
            for waiter in <list>waiters:
                self.wake_one(promise, waiter)
        elif waiters is not None:
            self.wake_one(promise, waiters)
        return 0

    cdef int wake_one(self, Promise promise, object waiter) except -1:
        cdef Promise settled
        if self.finished:
            return 0
        if type(waiter) is Branch:
            if (<Branch>waiter).waiting_on is promise and not (<Branch>waiter).ended:
                (<Branch>waiter).resume()
                self.check_broken()
        elif isinstance(waiter, Listener):
            settled = (<Listener>waiter).note(promise)
            if settled is not None:
                self.wake(settled)
        return 0

    cdef int check_broken(self) except -1:
        if self.broken is not None:
            raise self.broken
        return 0

    cdef int fatal(self, BaseException error) except -1:
        """An error that is not the user code's to see: the branch stands still for ever, the run ends with it."""
        cdef Branch branch = self.branch
        if branch is None:
            raise error
        self.broken = error
        while True:
            branch.leave()
            if self.closed:
                raise GreenletExit

    cdef int check_awake(self, str what) except -1:
        if self.closed or self.finished:
            raise GreenletExit
        if self.in_cached:
            raise UsageError(f"a @cached function cannot use {what}: it may neither wait nor ask for work")
        if self.branch is None:
            raise UsageError(f"{what} works only inside a decider, while a worker runs it")
        return 0

    cdef int wait(self, Promise promise) except -1:
        """Suspend the running branch until `promise` is resolved."""
        cdef Branch branch = self.branch
        if branch is None and not self.closed:
            raise UsageError("a Promise can be waited for only inside the decider that asked for it")
        if self.closed or self.finished:
            if branch is not None and branch.ended:
                # Evicted code that waits again: it stands still, for good.
                branch.leave()
            raise GreenletExit
        self.check_awake("waiting")
        self.about_to_wait()
        if not promise.wait_again():
            branch.suspend(promise)
        return 0

    cdef int about_to_wait(self) except -1:
        """A cancel request that could not be raised yet is raised where the main function next waits."""
        if self.branch.is_main and self.cancel_pending and self.shields == 0:
            self.cancel_pending = False
            raise WorkflowCanceled
        return 0

    cdef object hand_over(self, Promise promise):
        """To an async branch the promise, to await; to any other its result."""
        if self.branch.is_async:
            return promise
        return promise.result

    cdef int settle(self, Promise promise, Outcome state, object outcome) except -1:
        promise.state = state
        promise.outcome = outcome
        self.order += 1
        promise.order = self.order
        if promise.waiters is not None:
            self.woken.append(promise)
            self.unblock(promise)
        return 0

    cdef int unblock(self, Promise promise) except -1:
        """Commands that waited for this argument need not wait for the wakes: they are issued before them."""
        cdef Command command
        cdef list waiters = promise.waiters if type(promise.waiters) is list else [promise.waiters]
        for waiter in waiters:
            if type(waiter) is Command:
                command = waiter
                command.blockers -= 1
                if command.blockers == 0 and command.stage == BLOCKED:
                    self.unblocked.append(command)
        return 0

    cdef int request_cancel(self) except -1:
        if not self.cancel_requested:
            self.cancel_requested = self.cancel_pending = True
            self.woken.append(CANCEL_REQUEST)
        return 0

    cdef int deliver_cancel(self) except -1:
        cdef Promise promise = self.main.waiting_on
        if self.cancel_pending and self.shields == 0 and promise is not None:
            self.cancel_pending = False
            promise.abandon()
            self.main.thrown = WorkflowCanceled()
            self.main.resume()
            self.check_broken()
        return 0

    cdef int branch_returned(self, Branch branch, object result) except -1:
        if not branch.is_main:
            return self.settle(branch.promise, VALUE, result)
        if self.task.continues_indefinitely:
            return self.finish("ContinueAsNewWorkflowExecution", self.continuation(None, None))
        try:
            members = {"result": self.task.codec.encode_result(result, self.scope)}
        except DataStoreError as error:
            self.broken = error
            return 0
        except Exception as error:
            return self.branch_failed(branch, error)
        return self.finish("CompleteWorkflowExecution", members)

    cdef int branch_failed(self, Branch branch, BaseException exception) except -1:
        if not branch.is_main:
            return self.settle(branch.promise, FAILURE, exception)
        if isinstance(exception, ContinueAsNew):
            return self.finish("ContinueAsNewWorkflowExecution", exception.args[0])
        if isinstance(exception, WorkflowCanceled):
            self.cancel_open_work()
            return self.finish("CancelWorkflowExecution", {})
        self.failure = exception
        reason, details = self.task.codec.encode_failure(exception, self.scope)
        return self.finish("FailWorkflowExecution", {"reason": reason, "details": details})

    cdef int finish(self, str decision_type, dict members) except -1:
        """The decider's function has ended: the other branches end with it, and the execution is to be closed."""
        cdef Branch branch
        self.finished = True
        for branch in self.branches:
            branch.close()
        self.branches = []
        self.closing = self.new_command(CLOSE)
        self.closing.details = (decision_type, members)
        self.enqueue(self.closing)
        return 0

    cdef int close_refused(self, Command command, str cause) except -1:
        """UNHANDLED_DECISION: once more with the news. Any other cause: after a while."""
        cdef Command timer
        if cause == "UNHANDLED_DECISION":
            return self.enqueue(command)
        self.closes += 1
        timer = self.new_timer(min(10.0 * 2 ** (self.closes - 1), 600.0), f"close-{self.closes}")
        timer.serves = command
        return self.enqueue(timer)

    # Commands

    cdef Command new_command(self, int kind):
        cdef Command command = Command.__new__(Command)
        command.run = self
        command.kind = <uint8_t>kind
        command.entity = -1
        command.attempt = 1
        self.sequence += 1
        command.sequence = self.sequence
        return command

    cdef Command new_timer(self, double seconds, str id):
        cdef Command timer = self.new_command(TIMER)
        timer.seconds = seconds
        timer.swf_id = id
        return timer

    cdef int32_t find_accepted(self, Command command):
        """The entity that this command's next record begins, or -1."""
        cdef char[32] buffer
        cdef Py_ssize_t length
        cdef bytes text
        cdef Index index = self.history.index
        cdef int32_t after = <int32_t>self.batch_end
        if command.kind >= <int>ENTITY_KINDS:
            return -1
        if by_number(command.kind):
            return index.find(self.history, command.kind, NULL, 0, command.number, after)
        if command.swf_id is not None:
            text = command.swf_id.encode("utf-8", "surrogatepass")
            return index.find(self.history, command.kind, PyBytes_AS_STRING(text), len(text), 0, after)
        if command.attempt == 1:
            return index.find(self.history, command.kind, buffer, put_decimal(buffer, command.number), 0, after)
        length = put_decimal(buffer, command.number)
        buffer[length] = c"-"
        length += 1 + put_decimal(buffer + length + 1, command.attempt)
        return index.find(self.history, command.kind, buffer, length, 0, after)

    cdef object call(self, Task task, object instance, tuple args, dict kwargs):
        """What a call of a decorated function means inside a decider."""
        cdef Command command
        cdef int32_t entity
        if task.kind == CACHED_FUNCTION:
            return self.call_cached(task, instance, args, kwargs)
        self.check_awake(task.name)
        if task.kind == ACTIVITY_TASK:
            command = self.new_command(ACTIVITY)
            self.activities += 1
            command.number = self.activities
        else:
            command = self.new_command(CHILD)
            self.children += 1
            command.number = self.children
        command.task = task
        command.instance = instance
        entity = self.find_accepted(command)
        if entity >= 0 and self.is_next_record(entity):
            # Recorded by the decision that is being matched: its arguments are not touched.
            self.accepted[entity] = command
            command.stage = QUEUED
            self.outstanding += 1
        elif has_promise(args, 0) or has_promise(kwargs, 0):
            command.arguments = (frozen(args), frozen(kwargs))
            command.blockers = count_pending(args, command, 0) + count_pending(kwargs, command, 0)
            if command.blockers == 0:
                self.issue(command)
        else:
            if entity < 0:
                command.input = self.encode_input(task, args, kwargs)
            self.enqueue(command)
        return command

    cdef inline bint is_next_record(self, int32_t entity) noexcept:
        return self.batch_completed != 0 \
            and self.history.rows[self.history.index.entities[entity].scheduled - 1].done == self.batch_completed

    cdef str encode_input(self, Task task, args, kwargs):
        try:
            return task.codec.encode_input(args, kwargs, self.scope)
        except DataStoreError as error:
            self.fatal(error)

    cdef int issue_unblocked(self) except -1:
        """Issue the commands whose last argument came, in the order in which they were called."""
        cdef list commands
        while self.unblocked:
            commands = self.unblocked
            self.unblocked = []
            commands.sort(key=_sequence)
            for command in commands:
                self.issue(command)
        return 0

    cdef int issue(self, Command command) except -1:
        """The arguments are there: the command can be sent, or failed with one of them."""
        try:
            args, kwargs = resolved(command.arguments)
            if self.find_accepted(command) < 0:
                command.input = self.encode_input(command.task, args, kwargs)
        except (DataStoreError, GreenletExit):
            raise
        except Exception as error:
            command.stage = OVER
            return self.settle(command, FAILURE, error)
        command.arguments = None
        return self.enqueue(command)

    cdef int enqueue(self, Command command) except -1:
        """From now on the command waits to be sent, or in replay for its record."""
        cdef int32_t entity = self.find_accepted(command)
        command.stage = QUEUED
        self.outstanding += 1
        if entity >= 0:
            self.accepted[entity] = command
            if self.is_next_record(entity):
                return 0
        elif command.kind == MARKER:
            self.marker_commands.setdefault(command.details[0], deque()).append(command)
        elif command.kind != CLOSE:
            self.unrecorded[command.record_key()] = command
        command.place = len(self.queue)
        self.queue.append(command)
        return 0

    cdef Command take_unrecorded(self, int kind, Row* row):
        """The command that was new when its record was not there yet."""
        cdef object key = row.ref if by_number(kind) else self.history.key_text(row)
        return self.unrecorded.pop((kind, key), None)

    cdef Command refused_command(self, tuple key, int64_t event_id):
        """The command that a refusal is about: without an accepted schedule, or with one that comes later."""
        cdef Command command = self.unrecorded.pop(key, None)
        cdef bytes text
        cdef int32_t entity
        if command is not None:
            return command
        if by_number(key[0]):
            entity = self.history.index.find(self.history, key[0], NULL, 0, key[1], <int32_t>event_id)
        else:
            text = key[1].encode("utf-8", "surrogatepass")
            entity = self.history.index.find(
                self.history, key[0], PyBytes_AS_STRING(text), len(text), 0, <int32_t>event_id
            )
        return self.accepted[entity] if entity >= 0 else None

    cdef bint is_of_type(self, Task task, int type_no):
        """Whether a task has the name and version of the history's type."""
        cdef tuple type
        if self.tasks_by_type[type_no] is task:
            return True
        type = self.history.types[type_no]
        if task.name != type[0] or task.version != type[1]:
            return False
        self.tasks_by_type[type_no] = task
        return True

    cdef Command concerned(self, Row* row, int64_t event_id):
        """The command that an event is about; None where none is open."""
        cdef int32_t entity = self.history.rows[row.ref - 1].entity if 0 < row.ref < event_id else -1
        cdef Command command
        if entity < 0 or state_after(row.kind, self.history.index.entities[entity].kind) < 0:
            if row.kind == START_CHILD_WORKFLOW_EXECUTION_FAILED and row.ref == 0:
                return None
            raise HistoryFormatError(
                f"a reference to the event that began it expected in {kind_name(row.kind)}, found {row.ref}",
                event_id=event_id,
            )
        command = self.accepted[entity]
        if command is None or command.entity != entity or command.stage != ACCEPTED:
            return None
        return command

    # Failures and further attempts

    cdef int work_failed(self, Command command, str state) except -1:
        """Something accepted ended otherwise than well: another attempt, or the promise fails."""
        cdef str cause = None
        if state == "FAILED_TO_SCHEDULE":
            cause = self.history.attributes(command.event_id).get("cause")
        return self.judge(command, state, cause)

    cdef int refuse(self, Command command, int64_t event_id) except -1:
        """SWF did not accept a command."""
        cdef str cause = self.history.attributes(event_id).get("cause")
        if command.kind == CLOSE:
            return self.close_refused(command, cause)
        if command.kind == TIMER and is_passing_refusal(cause):
            return self.enqueue(command)
        return self.judge(command, "FAILED_TO_SCHEDULE", cause)

    cdef int judge(self, Command command, str state, str cause) except -1:
        cdef bint passing = is_passing_refusal(cause)
        cdef int32_t attempt = command.attempt if passing else command.attempt + 1
        cdef Command timer
        delay = self.delay_before(command, attempt, state, cause)
        if delay is None:
            command.stage = OVER
            return self.settle(command, RECORDED, None)
        if passing:
            command.throttled += 1
        if command.input is None and command.entity >= 0:
            command.input = self.history.value_text(
                &self.history.rows[self.history.index.entities[command.entity].scheduled - 1]
            )
        command.attempt = attempt
        command.swf_id = None
        if delay == 0:
            return self.enqueue(command)
        command.stage = BACKING_OFF
        timer = self.new_timer(delay, back_off_id(command.kind, command.number, attempt))
        timer.serves = command
        return self.enqueue(timer)

    cdef object delay_before(self, Command command, int32_t attempt, str state, str cause):
        """Seconds before the next attempt, or None. Where history shows what was decided, that; else the policy's word."""
        cdef str id = str(command.number) if attempt == 1 else f"{command.number}-{attempt}"
        cdef int64_t waited, retried
        if command.gives_up or command.task is None or self.finished:
            return None
        if not self.is_last:
            waited = self.asked_for(TIMER, 0, back_off_id(command.kind, command.number, attempt))
            retried = self.asked_for(command.kind, command.number, id)
            if waited and (not retried or waited < retried):
                return 1.0  # a timer that has its record: how long it ran is history's
            if retried:
                return 0
            if not self.batch_held:
                return None
        return command.task.policy.delay(
            command.attempt + command.throttled, state, cause, command.throttled
        )

    cdef int64_t asked_for(self, int kind, int32_t number, str id):
        """The first event behind this batch that accepts or refuses such a command, or 0."""
        cdef bytes text = id.encode()
        cdef int32_t entity = self.history.index.find(
            self.history, kind, PyBytes_AS_STRING(text), len(text), number, <int32_t>self.batch_end
        )
        cdef int64_t first = self.history.index.entities[entity].scheduled if entity >= 0 else 0
        for event_id in self.refused.get((kind, number) if by_number(kind) else (kind, id), ()):
            if event_id > self.batch_end and (first == 0 or event_id < first):
                first = event_id
        return first

    cdef int try_again(self, Command command) except -1:
        """A back-off is over."""
        if command.stage == BACKING_OFF and (not self.finished or command.kind == CLOSE):
            return self.enqueue(command)
        return 0

    # Canceling

    cdef int cancel_command(self, Command command) except -1:
        cdef Command request
        command.gives_up = True
        if command.stage == OVER or command.kind >= <int>MARKER or command.details == "cancel requested":
            return 0
        if command.stage == BACKING_OFF:
            return self.stop_back_off(command)
        if command.stage != ACCEPTED and command.attempt == 1 and command.throttled == 0:
            return self.withdraw(command)
        # A further attempt is sent although it is canceled: without a record, a replay would take the failure
        # before it as delivered.
        if command.kind == ACTIVITY or command.kind == TIMER:
            request = self.new_command(CANCEL_ACTIVITY if command.kind == ACTIVITY else CANCEL_TIMER)
            request.swf_id = command.command_id()
            self.enqueue(request)
        elif command.kind == CHILD:
            self.cancel_external(self.workflow_id_of(command), None)
        if command.kind == TIMER:
            command.stage = OVER
            return self.settle(command, FAILURE, Canceled(f"{describe(command)} was canceled"))
        command.details = "cancel requested"
        return 0

    cdef int withdraw(self, Command command) except -1:
        """A command canceled before it left is not sent at all."""
        cdef int32_t entity
        if command.stage == QUEUED:
            self.outstanding -= 1
            self.unrecorded.pop(command.record_key(), None)
            entity = self.find_accepted(command)
            if entity >= 0:
                self.accepted[entity] = None
        command.stage = OVER
        return self.settle(command, FAILURE, Canceled(f"{describe(command)} was canceled before it was sent"))

    cdef int stop_back_off(self, Command command) except -1:
        """Canceled between two attempts: the timer is canceled, also one that has not left yet."""
        cdef Command timer, request
        for timer in [*self.accepted, *self.queue]:
            if timer is not None and timer.serves is command and timer.stage != OVER:
                request = self.new_command(CANCEL_TIMER)
                request.swf_id = timer.command_id()
                self.enqueue(request)
                break
        command.stage = OVER
        return self.settle(command, FAILURE, Canceled(f"{describe(command)} was canceled"))

    cdef int cancel_open_work(self) except -1:
        cdef Command command
        for command in [*self.accepted, *self.queue]:
            if command is not None and command.kind <= CHILD:
                self.cancel_command(command if command.serves is None else command.serves)
        return 0

    # Timers, markers, signals, requests

    cdef Command start_timer(self, object seconds):
        cdef Command timer
        self.check_awake("a timer")
        timer = self.new_timer(checked_seconds(seconds), None)
        self.timers += 1
        timer.number = self.timers
        self.enqueue(timer)
        return timer

    cdef Command start_timeout(self, object seconds):
        self.waits += 1
        timer = self.new_timer(checked_seconds(seconds), f"w{self.waits}")
        self.enqueue(timer)
        return timer

    cdef Command record_marker(self, str name, str details):
        cdef Command command
        cdef list recorded = self.marker_records.get(name, [])
        cdef int64_t event_id = 0
        cdef int count = self.marker_counts.get(name, 0)
        self.marker_counts[name] = count + 1
        command = self.new_command(MARKER)
        command.details = (name, details)
        if count < len(recorded):
            event_id = recorded[count]
            details = self.history.value_text(&self.history.rows[event_id - 1])
        self.settle(command, VALUE, marker_value(name, details))
        self.enqueue(command)
        return command

    cdef Command signal_external(self, dict members):
        cdef Command command
        self.check_awake("signal_external()")
        command = self.new_command(SIGNAL_OUT)
        self.signals_out += 1
        command.number = self.signals_out
        command.details = members
        self.enqueue(command)
        return command

    cdef Command cancel_external(self, str workflow_id, str run_id):
        cdef Command command = self.new_command(CANCEL_OUT)
        self.cancels_out += 1
        command.number = self.cancels_out
        command.details = {"workflowId": workflow_id}
        if run_id is not None:
            command.details["runId"] = run_id
        self.enqueue(command)
        return command

    cdef SignalQueue signal_queue(self, str name):
        cdef SignalQueue queue = self.signal_queues.get(name)
        if queue is None:
            queue = self.signal_queues[name] = SignalQueue.of(self, name)
        return queue

    cdef object signal_value(self, int64_t event_id):
        """What was sent with a signal: its JSON value; text that is none as it is."""
        cdef str text = self.history.value_text(&self.history.rows[event_id - 1])
        try:
            return self.task.codec.decode_value(text)
        except DataStoreError as error:
            self.fatal(error)
        except UsageError:
            return text

    cdef Branch spawn(self, object function, tuple args, dict kwargs):
        cdef Branch branch = Branch.__new__(Branch)
        self.check_awake("spawn()")
        branch.run = self
        branch.function = function
        branch.args = args
        branch.kwargs = kwargs
        branch.promise = Pending.of(self)
        self.branches.append(branch)
        branch.start()
        return branch

    cdef dict continuation(self, str input, dict overrides):
        """Members of the decision to continue as new: what is not given is this run's own, not its type's default."""
        cdef dict started = self.history.attributes(1)
        cdef dict members = {
            key: started[key]
            for key in ("executionStartToCloseTimeout", "taskList", "taskPriority", "taskStartToCloseTimeout",
                        "childPolicy", "tagList", "lambdaRole")
            if key in started
        }
        if input is None:
            input = started.get("input")
        if input is not None:
            members["input"] = input
        members["workflowTypeVersion"] = started["workflowType"]["version"]
        members.update(overrides or {})
        return members

    # Cached functions

    cdef object call_cached(self, Task task, object instance, tuple args, dict kwargs):
        """The n-th such call: as recorded, or run now and recorded."""
        cdef int32_t number
        cdef Command command
        cdef str text = None
        if self.in_cached:
            return task.function(*args, **kwargs) if instance is None else task.function(instance, *args, **kwargs)
        self.check_awake(task.name)
        self.caches += 1
        number = self.caches
        while True:
            event_id = self.cache_records.get(number, 0)
            if event_id:
                if self.batch_completed and self.history.rows[<int64_t>event_id - 1].done <= self.batch_completed:
                    text = self.history.value_text(&self.history.rows[<int64_t>event_id - 1])
                    break
            elif self.is_last and self.outstanding < MOST_DECISIONS - 2:
                text = self.run_cached(task, instance, args, kwargs, number)
                break
            if self.next_batch is None:
                self.next_batch = Pending.of(self)
            self.wait(self.next_batch)
        command = self.new_command(MARKER)
        command.details = ("cache", text)
        self.enqueue(command)
        return self.cached_value(task, number, text)

    cdef str run_cached(self, Task task, object instance, tuple args, dict kwargs, int32_t number):
        cdef dict record = {"n": number, "f": task.name}
        cdef str text
        self.in_cached = True
        try:
            if instance is not None:
                args = (instance, *args)
            result = task.function(*args, **kwargs)
            record["r"] = task.codec.encode_result(result, self.scope)
            text = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
            if len(text) > LONGEST_FIELD:
                # The codec's store takes it; without one it says how much is too much.
                record["r"] = task.codec.encode_result(result, self.scope, limit=CACHED_TEXT)
                text = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
            return text
        except DataStoreError as error:
            self.in_cached = False
            self.fatal(error)
        except Exception as error:
            record.pop("r", None)
            record["x"] = task.codec.encode_failure(error, self.scope, limit=CACHED_TEXT)
            return json.dumps(record, separators=(",", ":"), ensure_ascii=False)
        finally:
            self.in_cached = False

    cdef object cached_value(self, Task task, int32_t number, str text):
        """The first call and every replay of it take the value from the record, so that they are alike."""
        cdef dict record = json.loads(text)
        if record["f"] != task.name:
            self.fatal(self.cached_renamed(task, number, record["f"]))
        if "x" in record:
            raise rebuilt(task.codec.decode_failure(record["x"][0], record["x"][1]), record["x"][0])
        try:
            return task.codec.decode_result(record["r"])
        except DataStoreError as error:
            self.fatal(error)

    # Outcomes

    cdef int read_outcome(self, Command command) except -1:
        """Read a command's result or failure from the event that ended it."""
        cdef History history = self.history
        cdef Row* row = &history.rows[command.event_id - 1]
        cdef Task task = command.task
        cdef bytes text
        if row.kind == ACTIVITY_TASK_COMPLETED or row.kind == CHILD_WORKFLOW_EXECUTION_COMPLETED \
                or row.kind == LAMBDA_FUNCTION_COMPLETED:
            if task.plain_results and row.flags & HAS_VALUE:
                text = history.value_bytes(row)
                if len(text) and text[0] != TIER_PREFIX:
                    try:
                        command.outcome = json_value(text)
                        command.state = VALUE
                        return 0
                    except ValueError:
                        pass  # the codec says what is wrong with it, and with what
            try:
                command.outcome = task.codec.decode_result(history.value_text(row))
            except DataStoreError as error:
                self.fatal(error)
            command.state = VALUE
        elif row.kind == EXTERNAL_WORKFLOW_EXECUTION_SIGNALED \
                or row.kind == EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
            command.outcome = None
            command.state = VALUE
        else:
            command.outcome = failure_of(self, command, history.attributes(command.event_id), row.kind)
            command.state = FAILURE
        return 0

    cdef str workflow_id_of(self, Command command):
        """A child's workflowId: the one given, or one that no other run's child has."""
        cdef str given = command.task.attributes.get("workflowId")
        cdef str prefix
        if given is not None:
            return given
        prefix = sha256(self.run_id.encode()).hexdigest()[:20]
        return f"{prefix}-{command.command_id()}"

    # What code and workers ask for

    @property
    def run_id(self):
        """The run's own id, "" where nothing says it."""
        cdef list decisions = self.history.index.decisions
        if self.given_run_id is None:
            self.given_run_id = self.history.run_id
            if not self.given_run_id and decisions:
                first = self.history.value_text(&self.history.rows[<int64_t>decisions[0] - 1])
                self.given_run_id = library_line(first).get("run", "") if first else ""
        return self.given_run_id

    @property
    def random(self):
        """A random.Random seeded by the run id."""
        if self.random_source is None:
            self.random_source = Random(f"random {self.run_id}")
        return self.random_source

    def uuid4(self):
        """The next of the UUIDs that this run always draws."""
        if self.uuid_source is None:
            self.uuid_source = Random(f"uuid {self.run_id}")
        return UUID(int=self.uuid_source.getrandbits(128), version=4)

    def started_attributes(self):
        """Members of WorkflowExecutionStarted."""
        return self.history.attributes(1)

    def set_status(self, str text):
        """Text that executionContext shows until another is set."""
        self.check_awake("status()")
        self.status_text = text

    def shield(self, int step):
        """Defer (1) a cancel request, or allow it again (-1)."""
        self.shields += step

    @property
    def is_replaying(self):
        """Whether what the code does now was decided by an earlier task."""
        return not self.is_last

    @property
    def history_length(self):
        """How many events the code has seen."""
        return self.batch_end

    @property
    def calls(self):
        """activityId or workflowId of each activity and child among `decisions` -> (task, object or None)."""
        cdef Command command
        return {
            (self.workflow_id_of(command) if command.kind == CHILD else command.command_id()):
                (command.task, command.instance)
            for command in self.queue
            if command.stage == QUEUED and (command.kind == ACTIVITY or command.kind == CHILD)
        }

    cdef int compose(self) except -1:
        """The decisions of the task in hand."""
        self.decisions = []
        self.execution_context = None
        self.is_closing = False
        self.tidy_queue()
        if self.is_last and not self.ended:
            compose_response(self)
        return 0

    cdef int tidy_queue(self) except -1:
        """Drop what left the queue; of what was queued again, the earlier place."""
        cdef list queue = self.queue
        cdef Command command
        cdef Py_ssize_t place
        self.queue = []
        for place in range(len(queue)):
            command = queue[place]
            if command.stage == QUEUED and command.place == place:
                command.place = len(self.queue)
                self.queue.append(command)
        return 0

    # Reports

    cdef object missing(self, int64_t event_id):
        return missing_report(self, event_id)

    cdef object renamed(self, int64_t event_id, Command command):
        return renamed_report(self, event_id, command)

    cdef object extra(self, int64_t completed, int64_t held):
        return extra_report(self, completed, held)

    cdef object cached_renamed(self, Task task, int32_t number, str recorded):
        return cached_report(self, task, number, recorded)


cdef bint is_open(History history) noexcept:
    """Whether the last event leaves the run open."""
    cdef int kind = history.rows[history.count - 1].kind if history.count else 0
    return kind not in (
        WORKFLOW_EXECUTION_COMPLETED, WORKFLOW_EXECUTION_FAILED, WORKFLOW_EXECUTION_CANCELED,
        WORKFLOW_EXECUTION_CONTINUED_AS_NEW, WORKFLOW_EXECUTION_TERMINATED, WORKFLOW_EXECUTION_TIMED_OUT,
    )


def _sequence(Command command):
    return command.sequence
