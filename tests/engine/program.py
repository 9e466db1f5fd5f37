"""Deciders as data: a tiny language that Hypothesis writes, and that two interpreters run.

A program is a list of steps. `model.py` runs it with Python generators, `public.py` through what users
call. Both keep one list of Promises (any branch may use any of them) and one log of what was seen; the log is
the result, so nothing that a program sees can differ unnoticed.

    ("call", activity, argument)        P.append(activity(argument, what the log is now))
    ("graph", activity, i)              P.append(activity(P[i]))            a Promise, not of a marker
    ("child", argument)                 P.append(child(argument))
    ("timer", seconds)                  P.append(Timer.get(seconds))
    ("marker", name, details)           P.append(Marker(name, details))
    ("spawn", block)                    P.append(spawn(block))
    ("wait", i)                         log(P[i].result)
    ("wait_all", [i, …], timeout)       log(wait_all(…))
    ("wait_any", [i, …], timeout)       log(index of wait_any(…))
    ("sleep", seconds)                  sleep(seconds)
    ("signal", name, timeout)           log(workflow.signals(name).get(timeout))
    ("cached", value)                   log(cached function of value)
    ("cancel", i)                       P[i].cancel()
    ("ready", i, block, block)          the first block if P[i].is_ready, else the second
    ("try", block)                      except Exception: log it
    ("guard", block)                    except WorkflowCanceled: log it
    ("asked",)                          log(workflow.cancel_requested)
    ("now",)                            log(workflow.now())
    ("raise", message)                  raise Boom(message)
    ("return",)                         return from the function (or branch)

An index counts modulo the number of Promises; a step that needs one does nothing while there is none.
Branches stand in the list before what it starts, and cannot be used before `spawn` has returned.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Step = tuple[Any, ...]
Block = list[Step]

#: name → how often it is tried, and after what. The first has the defaults of the decorator.
ACTIVITIES: dict[str, dict[str, Any]] = {
    "steady": {"max_attempts": 5, "retry_states": ("FAILED_TO_SCHEDULE", "FAILED", "TIMED_OUT")},
    "once": {"max_attempts": 1, "retry_states": ("FAILED_TO_SCHEDULE", "FAILED", "TIMED_OUT")},
    "late": {"max_attempts": 3, "retry_states": ("TIMED_OUT",)},
    "never": {"max_attempts": 5, "retry_states": ()},
}
CHILD = "child"
DECIDER = "decider"

#: What results, arguments and signals are made of: falsy ones first, for they are what gets lost.
VALUES = (None, 0, "", [], {}, False, "x", "ümläut ☃ 🐍", 1.5, [None], {"k": ""}, 2**53)

_indices = st.integers(0, 7)
_values = st.sampled_from(VALUES)
_names = st.sampled_from(sorted(ACTIVITIES))
_seconds = st.sampled_from([0, 1, 30])
_timeouts = st.sampled_from([None, None, 5])
_several = st.lists(_indices, min_size=1, max_size=3)
_calls = st.tuples(st.just("call"), _names, _values)

#: Steps without blocks; those that stand here more than once are drawn more often.
_STEPS = [
    *[st.tuples(st.just("wait"), _indices)] * 3,
    *[st.tuples(st.just("wait_all"), _several, _timeouts)] * 2,
    *[st.tuples(st.just("wait_any"), _several, _timeouts)] * 2,
    *[_calls] * 3,
    *[st.tuples(st.just("timer"), _seconds)] * 2,
    st.tuples(st.just("child"), _values),
    st.tuples(st.just("graph"), _names, _indices),
    st.tuples(st.just("sleep"), _seconds),
    st.tuples(st.just("cached"), _values),
    st.tuples(st.just("marker"), st.sampled_from(["m", "n"]), st.sampled_from(["", "x", "☃"])),
    st.tuples(st.just("cancel"), _indices),
    st.tuples(st.just("asked")),
    st.tuples(st.just("now")),
    st.sampled_from([("raise", "boom"), ("return",)]),
]
#: Only the main function waits for signals: who of two gets one would be a race.
_SIGNAL = st.tuples(st.just("signal"), st.sampled_from(["s", "t"]), _timeouts)


def _blocks(depth: int, signals: bool) -> st.SearchStrategy[Block]:
    steps = [*_STEPS, _SIGNAL, _SIGNAL] if signals else list(_STEPS)
    if depth:
        inner = _blocks(depth - 1, signals)
        steps += [
            *[st.tuples(st.just("try"), inner)] * 3,
            *[st.tuples(st.just("spawn"), _blocks(depth - 1, False))] * 2,
            st.tuples(st.just("guard"), inner),
            st.tuples(st.just("ready"), _indices, inner, inner),
        ]
    return st.lists(st.one_of(steps), min_size=1, max_size=5)


@st.composite
def programs(draw: st.DrawFn) -> Block:
    """Any program; most begin with work and end by waiting for it, so that they live for some decisions."""
    begin: Block = draw(st.lists(_calls, min_size=1, max_size=3))
    middle = draw(_blocks(2, True))
    end: Block = [("try", [("wait", index)]) for index in range(draw(st.sampled_from([8, 4, 0])))]
    return [*begin, *middle, *end]
