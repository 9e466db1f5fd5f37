"""What decider code calls (pyswf_fast.workflow gives it its public names)."""

from collections.abc import Callable


def current_run():
    """The Run whose decider is calling, None outside of deciders."""
    return running()


def start_timer(seconds):
    """A Promise that is resolved, with None, after so many seconds."""
    return new_user_timer(decider_run("Timer.get()"), seconds)


def sleep(seconds):
    """Wait so many seconds; in an `async def` decider: `await sleep(…)`."""
    cdef Run run = decider_run("sleep()")
    return hand_over(run, new_user_timer(run, seconds))


def record_marker(str name not None, details=None):
    """A Promise of a marker; it is ready at once."""
    cdef Run run = decider_run("Marker()")
    if name in (CACHE, PATCH):
        raise UsageError(f"the library's own markers are called {name!r}; choose another name")
    if not 1 <= len(name) <= 256:
        raise UsageError(f"a marker name of 1 to 256 characters expected, found one of {len(name)}")
    if details is not None and not isinstance(details, str):
        details = json.dumps(details)
    if details is not None and len(details) > LONGEST_FIELD:
        raise UsageError(f"marker {name!r}: details of {len(details)} characters; SWF holds {LONGEST_FIELD}")
    return new_marker(run, name, details)


def spawn(function, *args, **kwargs):
    """Run a function at once to its first wait; the Promise of its end. It may itself wait."""
    cdef Run run = decider_run("spawn()")
    if not isinstance(function, Callable):
        raise UsageError(f"spawn() takes a function, found {function!r}")
    return spawn_branch(run, function, args, kwargs).promise


def signals(str name not None, type=None):
    """The queue of the signals of a name, to be read as a type."""
    cdef SignalQueue queue = signal_queue(decider_run("signals()"), name)
    if type is not None:
        queue.type = type
    return queue


def signal_external(str workflow_id not None, str name not None, input=None, run_id=None):
    """Signal another execution; a Promise of the delivery. `input` is text."""
    cdef dict members = {"workflowId": workflow_id, "signalName": name}
    if input is not None:
        members["input"] = input
    if run_id is not None:
        members["runId"] = run_id
    return new_signal(decider_run("signal_external()"), members)


def cancel_external(str workflow_id not None, run_id=None):
    """Ask another execution to cancel; a Promise of the delivery."""
    return new_cancel_request(decider_run("cancel_external()"), workflow_id, run_id)


def patched(str id not None):
    """Whether a change of the code is part of this run."""
    cdef Run run = decider_run("patched()")
    return is_patched(run, checked_patch(id), False)


def deprecate_patch(str id not None):
    """Say that no run without the change is left: the code without it is gone."""
    cdef Run run = decider_run("deprecate_patch()")
    is_patched(run, checked_patch(id), True)


def continue_with(args, kwargs):
    """Say with which arguments the run goes on that begins when a decider that continues indefinitely returns."""
    cdef Run run = decider_run("continue_with()")
    if not run.task.continues_indefinitely:
        raise UsageError(
            f"{run.task.name} does not continue indefinitely, so nothing would take these arguments: use"
            " workflow.continue_as_new(…), or @decision_task(continues_indefinitely=True)"
        )
    run.next_input = next_input(run, args, kwargs)


def continue_as_new(args, kwargs, overrides):
    """End the run here and go on with these arguments; does not return. Raises if SWF refuses for good."""
    cdef Run run = decider_run("continue_as_new()")
    continue_here(run, continuation(run, next_input(run, args, kwargs), overrides))
