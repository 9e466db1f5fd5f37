"""Deciders as data: a tiny language that Hypothesis writes, and that two interpreters run.

A program is a list of steps. `model.py` runs it with Python generators, `public.py` through what users
call. Both keep one list of Promises (any branch may use any of them) and one log of what was seen; the log is
the result, so nothing that a program sees can differ unnoticed.

    ("call", activity, argument)        P.append(activity(argument, what the log is now))
    ("graph", name, i)                  P.append(activity or child(P[i]))   a Promise, not of a marker
    ("nest", activity, [i, …])          P.append(activity([P[i], {"all": [P[i], …]}]))
    ("map", activity, [item, …], limit) P.extend(activity.map(items, limit=limit))
    ("child", name, argument)           P.append(child(argument))
    ("lambda", name, argument)          P.append(lambda_task(name, argument))
    ("timer", seconds)                  P.append(Timer.get(seconds))
    ("marker", name, details)           P.append(Marker(name, details))
    ("signal_out", to, name, value)     P.append(workflow.signal_external(…))
    ("cancel_out", to)                  P.append(workflow.cancel_external(…))
    ("spawn", block)                    P.append(spawn(block))
    ("cancel", i)                       P[i].cancel()
    ("cached", value)                   log(cached function of value)
    ("cached_error", message)           a cached function that raises ValueError
    ("patched", change, block, block)   the first block if workflow.patched(change), else the second
    ("deprecate", change)               workflow.deprecate_patch(change)

    ("wait", i)                         log(P[i].result)
    ("wait_all", [i, …], timeout)       log(wait_all(…))
    ("wait_any", [i, …], timeout)       log(index of wait_any(…))
    ("as_completed", [i, …], timeout, most, block)      log(index) and the block, for at most so many of them
    ("sleep", seconds)                  sleep(seconds)
    ("signal", name, timeout)           log(workflow.signals(name).get(timeout))
    ("next_signal", name)               log(next(workflow.signals(name)))

    ("ready", i, block, block)          the first block if P[i].is_ready, else the second
    ("exception", i)                    log(P[i].exception)
    ("asked",)                          log(workflow.cancel_requested)
    ("now",), ("info",), ("draw",)      log(the time, the run, a UUID and a random number)
    ("try", block)                      except Exception: log it
    ("guard", block)                    except WorkflowCanceled: log it
    ("shield", block)                   with workflow.shield()
    ("status", text)                    workflow.status(text)
    ("raise", message)                  raise Boom(message)
    ("return", value)                   return from the function (or branch)
    ("continue", value)                 workflow.continue_as_new(value)
    ("forever",)                        as the first step: the decider continues indefinitely
    ("continue_with", value)            workflow.continue_with(value)

An index counts modulo the number of Promises; a step that needs one does nothing while there is none.
Branches stand in the list before what it starts, and cannot be used before `spawn` has returned.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from .wire import WORKFLOW_ID

Step = tuple[Any, ...]
Block = list[Step]

_ALL = ("FAILED_TO_SCHEDULE", "FAILED", "TIMED_OUT")
#: name → how often it is tried, and after what. The first has the defaults of the decorator.
ACTIVITIES: dict[str, dict[str, Any]] = {
    "steady": {"max_attempts": 5, "retry_states": _ALL},
    "once": {"max_attempts": 1, "retry_states": _ALL},
    "late": {"max_attempts": 3, "retry_states": ("TIMED_OUT",)},
    "never": {"max_attempts": 5, "retry_states": ()},
    "patient": {
        "retry": {"max_attempts": 4, "initial": 2, "factor": 3, "maximum": 10, "total": 30, "jitter": 0.5}
    },
    "choosy": {"retry": {"initial": 0, "retry_on": ("FAILED", "HEARTBEAT"), "give_up_on": ("TIMED_OUT",)}},
}
#: What another deploy of the same code says of them.
CHANGED: dict[str, dict[str, Any]] = dict(
    zip(ACTIVITIES, [*list(ACTIVITIES.values())[1:], ACTIVITIES["steady"]], strict=True)
)
CHILDREN: dict[str, dict[str, Any]] = {
    "child": {"max_attempts": 1, "retry_states": ()},
    "stubborn": {"max_attempts": 3, "retry_states": (*_ALL, "TERMINATED")},
}
LAMBDAS: dict[str, dict[str, Any]] = {"shrink": {"max_attempts": 2, "retry_states": _ALL}}
DECIDER = "decider"
#: Whom a program signals: an execution that may or may not be there, and itself.
EXECUTIONS = {"other": "other-1", "self": WORKFLOW_ID}

#: What results, arguments and signals are made of: falsy ones first, for they are what gets lost.
VALUES = (None, 0, "", [], {}, False, "x", "ümläut ☃ 🐍", 1.5, [None], {"k": ""}, 2**53)

_indices = st.integers(0, 7)
_values = st.sampled_from(VALUES)
_names = st.sampled_from(sorted(ACTIVITIES))
_children = st.sampled_from(sorted(CHILDREN))
_seconds = st.sampled_from([0, 1, 30])
_timeouts = st.sampled_from([None, None, 5])
_several = st.lists(_indices, min_size=1, max_size=3)
_calls = st.tuples(st.just("call"), _names, _values)
_signals = st.sampled_from(["s", "t"])
_changes = st.sampled_from(["a", "b"])
_to = st.sampled_from(sorted(EXECUTIONS))

#: Steps without blocks; those that stand here more than once are drawn more often.
_STEPS = [
    *[st.tuples(st.just("wait"), _indices)] * 3,
    *[st.tuples(st.just("wait_all"), _several, _timeouts)] * 2,
    *[st.tuples(st.just("wait_any"), _several, _timeouts)] * 2,
    *[_calls] * 3,
    *[st.tuples(st.just("timer"), _seconds)] * 2,
    *[st.tuples(st.just("signal"), _signals, _timeouts)] * 2,
    st.tuples(st.just("next_signal"), _signals),
    st.tuples(st.just("child"), _children, _values),
    st.tuples(st.just("lambda"), st.sampled_from(sorted(LAMBDAS)), _values),
    st.tuples(st.just("graph"), _names | _children, _indices),
    st.tuples(st.just("nest"), _names, _several),
    st.tuples(
        st.just("map"), _names, st.lists(_values, min_size=1, max_size=5), st.sampled_from([None, 1, 2])
    ),
    st.tuples(st.just("sleep"), _seconds),
    st.tuples(st.just("cached"), _values),
    st.tuples(st.just("cached_error"), st.just("no")),
    st.tuples(st.just("marker"), st.sampled_from(["m", "n"]), st.sampled_from(["", "x", "☃"])),
    st.tuples(st.just("signal_out"), _to, _signals, _values),
    st.tuples(st.just("cancel_out"), _to),
    st.tuples(st.just("cancel"), _indices),
    st.tuples(st.just("deprecate"), _changes),
    st.tuples(st.just("exception"), _indices),
    st.tuples(st.just("status"), st.sampled_from(["", "half way", "a\nb"])),
    st.sampled_from([("asked",), ("now",), ("info",), ("draw",)]),
    st.sampled_from([("raise", "boom"), ("return", None), ("return", [0]), ("continue", 1)]),
    st.tuples(st.just("continue_with"), _values),
]


def blocks(depth: int) -> st.SearchStrategy[Block]:
    """Some steps, with blocks in them as deep as told."""
    steps = list(_STEPS)
    if depth:
        inner = blocks(depth - 1)
        steps += [
            *[st.tuples(st.just("try"), inner)] * 3,
            *[st.tuples(st.just("spawn"), inner)] * 2,
            st.tuples(st.just("as_completed"), _several, _timeouts, st.sampled_from([9, 1]), inner),
            st.tuples(st.just("guard"), inner),
            st.tuples(st.just("shield"), inner),
            st.tuples(st.just("ready"), _indices, inner, inner),
            st.tuples(st.just("patched"), _changes, inner, inner),
        ]
    return st.lists(st.one_of(steps), min_size=1, max_size=5)


@st.composite
def programs(draw: st.DrawFn) -> Block:
    """Any program; most begin with work and end by waiting for it, so that they live for some decisions."""
    forever: Block = draw(st.sampled_from([[], [], [], [("forever",)]]))
    begin: Block = draw(st.lists(_calls, min_size=1, max_size=3))
    middle = draw(blocks(2))
    if draw(st.booleans()):
        middle = [("try", [step]) for step in middle]
    end: Block = [("try", [("wait", index)]) for index in range(draw(st.sampled_from([8, 4, 0])))]
    return [*forever, *begin, *middle, *end]


@st.composite
def changes(draw: st.DrawFn) -> tuple[Block, Block]:
    """A program and what became of it: some steps more, less, renamed or in other places; or another end."""
    program: Block = draw(programs())
    if draw(st.integers(0, 3)) == 0:
        keep = draw(st.integers(0, 8))
        return program, [*program[:keep], *draw(programs())]
    changed = program
    for _ in range(draw(st.integers(1, 3))):
        changed = draw(_edited(changed))
    return program, changed


@st.composite
def _edited(draw: st.DrawFn, block: Block) -> Block:
    """One change, here or in a block of one of the steps."""
    place = draw(st.integers(0, max(0, len(block) - 1)))
    before, here, after = block[:place], block[place : place + 1], block[place + 1 :]
    match draw(st.sampled_from(["insert", "delete", "swap", "change"])):
        case "insert":
            return [*before, draw(st.one_of(_STEPS)), *here, *after]
        case "delete":
            return [*before, *after]
        case "swap":
            return [*before, *after[:1], *here, *after[1:]]
    return [*before, *[draw(_changed(step)) for step in here], *after]


@st.composite
def _changed(draw: st.DrawFn, step: Step) -> Step:
    """The same step with one other argument, or with a block in which something has changed."""
    name, *args = step
    if not args:
        return step
    place = draw(st.integers(0, len(args) - 1))
    argument = args[place]
    if isinstance(argument, list) and argument and isinstance(argument[0], tuple):
        args[place] = draw(_edited(argument))
    else:
        args[place] = draw(_other(argument))
    return (name, *args)


def _other(argument: Any) -> st.SearchStrategy[Any]:
    """What may stand in the place of an argument: a name for a name, a number for a number, …"""
    for names in (ACTIVITIES, CHILDREN, EXECUTIONS, ("s", "t"), ("m", "n"), ("a", "b")):
        if isinstance(argument, str) and argument in names:
            return st.sampled_from(sorted(names))
    if isinstance(argument, list):
        return st.just(list(reversed(argument)))
    return _seconds if type(argument) is int else st.just(argument)
