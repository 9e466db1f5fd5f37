"""Why this service and moto differ where they do; a difference that is not said here fails the test.

Each entry is where (a pattern of fnmatch for `step: path in the answer`) and the reason, which names what
says that this service is right: the model, the guide, recordings, measured or a choice (see `docs/moto.md`).
"""

from __future__ import annotations

LACKING = "moto lacks the operation"
SHAPE = "the model: a request that breaks a constraint is refused before anything else; moto takes it"

EXPLAINED: list[tuple[str, str]] = [
    # What moto does not have.
    ("count open executions: *", LACKING),
    ("count closed executions: *", LACKING),
    ("delete a type of workflow: *", LACKING),
    ("delete a type of activity: *", LACKING),
    ("request a cancel: *", LACKING),
    ("cancel with a made-up token: *", LACKING),
    ("continue as new: answer: *", "moto lacks the decision"),
    (
        "continue as new: history: events",
        "moto lacks the decision, and its refusal leaves DecisionTaskCompleted behind",
    ),
    ("StartChildWorkflowExecution: answer: *", "moto lacks the decision"),
    ("SignalExternalWorkflowExecution: answer: *", "moto lacks the decision"),
    # Pages.
    ("* one * page: *", "the model: `maximumPageSize` cuts the answer; moto ignores it"),
    ("history three events a page: *", "the model: `maximumPageSize` cuts the answer; moto ignores it"),
    # Histories and tasks.
    ("*: poll: previousStartedEventId", "the guide: it is 0 where no decision task was completed before"),
    ("poll an empty list *: taskToken", "the guide and measured: an empty poll answers an empty token"),
    ("*.parentInitiatedEventId", "recordings: it is 0 in an execution that has no parent"),
    (
        "*.decisionTaskScheduledEventAttributes.scheduleToStartTimeout",
        "recordings: NONE is said where no override of the task list limits it",
    ),
    (
        "*.workflowExecutionStartedEventAttributes.tagList",
        "the model: the event shows the tags of the execution",
    ),
    (
        "*.activityTaskScheduledEventAttributes.*Timeout",
        "the model and recordings: the event shows the timeouts that hold, defaults of the type resolved",
    ),
    ("*.cancelTimerFailedEventAttributes.timerId", "the model: the member is required"),
    (
        "*.scheduleActivityTaskFailedEventAttributes.cause",
        "a choice: of several missing defaults, the first in the model's list of causes is named",
    ),
    (
        "poll for the second: startedEventId",
        "recordings: while a decision task waits, news schedules no second one; moto schedules one each time",
    ),
    (
        "second decision: poll: startedEventId",
        "the same: moto's history has more decision tasks",
    ),
    ("second decision: poll: events", "the same: moto's history has more decision tasks"),
    (
        "history after the second decision: events",
        "the same; and the model has TimerCanceled, not moto's TimerCancelled without attributes",
    ),
    ("history backwards: events", "the same, backwards"),
    ("last poll: *", "the same: moto's history has more decision tasks, and lacks signals without an input"),
    (
        "describe a closed execution: openCounts.openDecisionTasks",
        "the model: it is 0 or 1; moto counts the superfluous ones",
    ),
    (
        "describe a closed execution: latestExecutionContext",
        "recordings: the latest context that was given stays; moto forgets it at the next answer",
    ),
    # Signals.
    ("signal without input: fault", "the model: the input of a signal is optional; moto crashes"),
    ("signal before the end: fault", "the same: moto crashes without an input"),
    (
        "signal one that is not there: *",
        "measured: an unknown execution is UnknownResourceFault; moto crashes first",
    ),
    (
        "signal a closed execution: *",
        "measured: an execution that is closed takes no signals; moto crashes first",
    ),
    # What faults say.
    (
        "start a type without defaults: message",
        "a choice: the fault names the default that the type lacks, moto the member that was not given",
    ),
    (
        "a member of the wrong type: message",
        "measured: the words of AWS's servers; moto says itself that its are none",
    ),
    # Requests that SWF refuses.
    ("a name with a colon: *", "the model: names hold no `:` `/` `|` nor control characters; moto takes it"),
    ("a name that is too long: *", SHAPE),
    ("a retention of 91 days: *", "the guide: at most 90 days; moto takes it"),
    ("a missing member: *", "measured: ValidationException; moto crashes"),
    ("a page of 1001: *", SHAPE),
    ("a status that is none: *", SHAPE),
    ("a timeout that is no number: *", "the model: a duration is an integer or NONE; moto takes it"),
    ("six tags: *", SHAPE),
    ("a child policy that is none: *", SHAPE),
]
