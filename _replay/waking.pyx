"""Who runs when: the decider started, suspended, woken in the order of the events, ended."""


cdef int start_main(Run run) except -1:
    cdef Branch main = Branch.__new__(Branch)
    cdef Pending promise = Pending.of(run)
    args, kwargs = run.task.codec.decode_input(run.history.value_text(&run.history.rows[0]))
    main.run = run
    main.function = run.task.function
    main.args = tuple(args) if run.instance is None else (run.instance, *args)
    main.kwargs = dict(kwargs)
    main.promise = promise
    main.is_main = True
    run.main = main
    run.branches.append(main)
    main.start()
    return check_broken(run)


cdef Branch spawn_branch(Run run, object function, tuple args, dict kwargs):
    cdef Branch branch = Branch.__new__(Branch)
    check_awake(run, "spawn()")
    branch.run = run
    branch.function = function
    branch.args = args
    branch.kwargs = kwargs
    branch.promise = Pending.of(run)
    run.branches.append(branch)
    branch.start()
    if run.finished:  # it asked to continue as new: nothing runs on, also not who called it
        run.branch.suspend(run.closing)
    return branch


cdef int drain(Run run) except -1:
    """Wake who waits, in the order of the events; whoever wakes may resolve more."""
    cdef Py_ssize_t next = 0
    while not run.finished:
        if run.unblocked:
            issue_unblocked(run)
        if next == len(run.woken):
            break
        item = run.woken[next]
        next += 1
        if item is CANCEL_REQUEST:
            deliver_cancel(run)
        elif type(item) is SignalQueue:
            (<SignalQueue>item).serve()
        else:
            wake(run, item)
    if run.finished:  # who is left wakes if the end is refused
        run.woken = [*run.interrupted, *run.woken[next:]]
        run.interrupted = []
    else:
        run.woken = []
    return 0


cdef int wake(Run run, Promise promise) except -1:
    waiters = promise.waiters
    if promise.state == PENDING:
        return 0  # it was given back meanwhile
    promise.waiters = None
    if type(waiters) is list:
        for place, waiter in enumerate(<list>waiters):
            if run.finished:
                promise.waiters = waiters[place:]
                run.interrupted.append(promise)
                break
            wake_one(run, promise, waiter)
    elif waiters is not None:
        wake_one(run, promise, waiters)
    return 0


cdef int wake_one(Run run, Promise promise, object waiter) except -1:
    cdef Promise settled
    if run.finished:
        return 0
    if type(waiter) is Branch:
        if (<Branch>waiter).waiting_on is promise and not (<Branch>waiter).ended:
            (<Branch>waiter).resume()
            check_broken(run)
    elif isinstance(waiter, Listener):
        settled = (<Listener>waiter).note(promise)
        if settled is not None:
            wake(run, settled)
    return 0


cdef int check_woken(Run run) except -1:
    """In debug builds: nobody waits for what is there, unless nothing wakes any more."""
    cdef Branch branch
    cdef Promise promise
    for branch in run.branches:
        promise = branch.waiting_on
        assert run.finished or branch.ended or promise is None or promise.state == PENDING, \
            f"{name_of(branch.function)} still waits for {waited_for(run, promise)}, which is there"
    return 0


cdef int check_broken(Run run) except -1:
    if run.broken is not None:
        raise run.broken
    return 0


cdef int break_off(Run run, BaseException error) except -1:
    """An error that is not the user code's to see: the branch stands still for ever, the run ends with it."""
    cdef Branch branch = run.branch
    if branch is None or not branch.runs():
        raise error
    run.broken = error
    branch.leave()
    branch.stand_still()


cdef int check_awake(Run run, str what) except -1:
    """Whether code may ask for something now."""
    if run.in_cached:
        raise UsageError(f"a @cached function cannot use {what}: it may neither wait nor ask for work")
    if run.branch is None or not run.branch.runs():
        raise UsageError(f"{what} works only inside a decider, in its own greenlet, while a worker runs it")
    if run.branch.ended:
        if run.branch is run.main and not run.finished and not run.closed:
            raise UsageError(f"{what} comes too late: the decider has ended, its result or failure is being written")
        run.branch.stand_still()
    return 0


cdef int wait_for(Run run, Promise promise) except -1:
    """Suspend the running branch until `promise` is resolved."""
    if run is None or running() is not run:
        raise UsageError("a Promise can be waited for only inside the decider that asked for it")
    check_awake(run, "waiting")
    about_to_wait(run)
    if not promise.wait_again():
        run.branch.suspend(promise)
    return 0


cdef int about_to_wait(Run run) except -1:
    """A cancel request that could not be raised yet is raised where the main function next waits."""
    if run.branch.is_main and run.cancel_pending and run.shields == 0:
        run.cancel_pending = False
        raise WorkflowCanceled
    return 0


cdef object hand_over(Run run, Promise promise):
    """To an async branch the promise, to await; to any other its result."""
    if run.branch.is_async:
        return promise
    return promise.result


cdef int settle(Run run, Promise promise, Outcome state, object outcome) except -1:
    promise.state = state
    promise.outcome = outcome
    run.order += 1
    promise.order = run.order
    if promise.waiters is not None:
        run.woken.append(promise)
        unblock(run, promise)
    return 0


cdef int resolve_unwoken(Run run, Promise promise) except -1:
    """Its outcome is in the history; who waits for it wakes at its turn."""
    promise.state = RECORDED
    run.order += 1
    promise.order = run.order
    return unblock(run, promise) if promise.waiters is not None else 0


cdef int unblock(Run run, Promise promise) except -1:
    """Commands that waited for this argument, or slot, need not wait for the wakes: they are issued before them."""
    cdef Command command
    cdef list waiters = promise.waiters if type(promise.waiters) is list else [promise.waiters]
    for waiter in waiters:
        if type(waiter) is Command:
            command = waiter
            command.blockers -= 1
            if command.blockers == 0 and command.stage == BLOCKED:
                run.unblocked.append(command)
        elif type(waiter) is Slots:
            (<Slots>waiter).give_back()
    return 0


cdef int request_cancel(Run run) except -1:
    if not run.cancel_requested:
        run.cancel_requested = run.cancel_pending = True
        run.woken.append(CANCEL_REQUEST)
    return 0


cdef int deliver_cancel(Run run) except -1:
    cdef Promise promise = run.main.waiting_on
    if run.cancel_pending and run.shields == 0 and promise is not None:
        run.cancel_pending = False
        promise.abandon()
        run.main.thrown = WorkflowCanceled()
        run.main.resume()
        check_broken(run)
    return 0


cdef int branch_returned(Run run, Branch branch, object result) except -1:
    if not branch.is_main:
        return settle(run, branch.promise, VALUE, result)
    if isinstance(result, Promise):
        return branch_failed(run, branch, UsageError(
            f"{run.task.name} returned a Promise, which nobody can wait for any more: return its .result, or await it"
        ))
    if run.task.continues_indefinitely:
        return finish_run(run, "ContinueAsNewWorkflowExecution", continuation(run, run.next_input, None))
    try:
        members = {"result": run.task.codec.encode_result(result, run.scope, later=True)}
        if run.strict:
            run.drafts[END] = run.task.codec.draft_result(result)
    except DataStoreError as error:
        run.broken = error
        return 0
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a serializer of the user's may raise anything
        return branch_failed(run, branch, error)
    return finish_run(run, "CompleteWorkflowExecution", members)


cdef int branch_failed(Run run, Branch branch, BaseException exception) except -1:
    if not branch.is_main:
        return settle(run, branch.promise, FAILURE, exception)
    if isinstance(exception, WorkflowCanceled):
        cancel_open_work(run)
        return finish_run(run, "CancelWorkflowExecution", {})
    if isinstance(exception, ConversionError):
        run.broken = exception  # the code does not fit the data: the run waits for code that does
        return 0
    run.failure = exception
    reason, details = run.task.codec.encode_failure(exception, run.scope)
    return finish_run(run, "FailWorkflowExecution", {"reason": reason, "details": details})


cdef int finish_run(Run run, str decision_type, dict members) except -1:
    """The decider's function has ended: the other branches end with it, and the execution is to be closed."""
    cdef Branch branch
    run.finished = True
    for branch in run.branches:
        branch.close()
    run.branches = []
    return ask_to_close(run, decision_type, members)


cdef int ask_to_close(Run run, str decision_type, dict members) except -1:
    run.closing = new_command(run, CLOSE)
    run.closing.details = (decision_type, members)
    return enqueue(run, run.closing)


cdef int continue_here(Run run, dict members) except -1:
    """Stand still where code asks to continue as new, and everything else with it.

    Nothing is unwound, since SWF may refuse and the call then raises. Until then nothing wakes and nothing is tried
    again, as if the function had ended; what history brings meanwhile waits in its order.
    """
    cdef Command closing
    run.finished = True
    ask_to_close(run, "ContinueAsNewWorkflowExecution", members)
    closing = run.closing
    run.branch.suspend(closing)
    closing.value()
    return 0


cdef int refuse_to_continue(Run run, Command command, str cause) except -1:
    """The call raises, before anything else wakes; then the run goes on."""
    run.closing = None
    run.finished = False
    command.stage = OVER
    settle(run, command, FAILURE, ContinueAsNewException(
        run.task.name, run.task.version, run.history.workflow_id, cause, "FAILED_TO_SCHEDULE"
    ))
    run.woken.insert(0, run.woken.pop())
    return 0
