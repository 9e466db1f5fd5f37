"""One valid event of each of the 54 types, and a history in which all of them occur."""

from __future__ import annotations

from typing import Any

from .wire import START_MS, Event, event

_TYPE = {"name": "resize", "version": "1.0"}
_CHILD_TYPE = {"name": "album", "version": "2.1"}
_LIST = {"name": "default"}
_CHILD = {"runId": "23Uz/child+run=", "workflowId": "album-1"}
_OTHER = {"runId": "24abc/other+run=", "workflowId": "other-1"}
_ACTIVITY = {
    "activityType": _TYPE,
    "control": "c",
    "heartbeatTimeout": "NONE",
    "input": '[["a.png", "ümläut ☃ 🐍"], {}]',
    "scheduleToCloseTimeout": "NONE",
    "scheduleToStartTimeout": "NONE",
    "startToCloseTimeout": "3600",
    "taskList": _LIST,
    "taskPriority": "0",
}
_CONFIGURATION = {
    "childPolicy": "TERMINATE",
    "executionStartToCloseTimeout": "31536000",
    "input": "[[1], {}]",
    "lambdaRole": "arn:aws:iam::123456789012:role/r",
    "tagList": ["a", ""],
    "taskList": _LIST,
    "taskPriority": "-3",
    "taskStartToCloseTimeout": "30",
}

# What each row refers to is the id of an earlier row: 1-based places in this very list.
_ROWS: list[tuple[str, dict[str, Any]]] = [
    (
        "WorkflowExecutionStarted",
        {
            **_CONFIGURATION,
            "continuedExecutionRunId": "21old/run=",
            "parentInitiatedEventId": 5000,  # an id in the parent's history, so it may be any
            "parentWorkflowExecution": _OTHER,
            "workflowType": {"name": "order", "version": "1.0"},
        },
    ),
    (
        "DecisionTaskScheduled",
        {
            "scheduleToStartTimeout": "NONE",
            "startToCloseTimeout": "30",
            "taskList": _LIST,
            "taskPriority": "-3",
        },
    ),
    ("DecisionTaskStarted", {"identity": '{"pid":1,"user":"\\u00e9"}', "scheduledEventId": 2}),
    ("DecisionTaskTimedOut", {"scheduledEventId": 2, "startedEventId": 3, "timeoutType": "START_TO_CLOSE"}),
    (
        "DecisionTaskScheduled",
        {"scheduleToStartTimeout": "10", "startToCloseTimeout": "30", "taskList": {"name": "default.host.1"}},
    ),
    ("DecisionTaskStarted", {"scheduledEventId": 5}),
    (
        "DecisionTaskCompleted",
        {
            "executionContext": 'half way\n{"pyswf":1,"run":"22uyVUDaas"}',
            "scheduledEventId": 5,
            "startedEventId": 6,
            "taskList": {"name": "default.host.1"},
            "taskListScheduleToStartTimeout": "10",
        },
    ),
    *[
        ("ActivityTaskScheduled", {**_ACTIVITY, "activityId": activity_id, "decisionTaskCompletedEventId": 7})
        for activity_id in ("1", "2", "3", "4", "4-2")  # events 8 to 12
    ],
    (
        "ScheduleActivityTaskFailed",
        {
            "activityId": "5",
            "activityType": {"name": "gone", "version": "1.0"},
            "cause": "ACTIVITY_TYPE_DOES_NOT_EXIST",
            "decisionTaskCompletedEventId": 7,
        },
    ),
    *[
        (
            "TimerStarted",
            {
                "control": "t",
                "decisionTaskCompletedEventId": 7,
                "startToFireTimeout": "60",
                "timerId": timer_id,
            },
        )
        for timer_id in ("1", "2")  # events 14 and 15
    ],
    (
        "StartTimerFailed",
        {"cause": "TIMER_ID_ALREADY_IN_USE", "decisionTaskCompletedEventId": 7, "timerId": "1"},
    ),
    *[
        (
            "StartChildWorkflowExecutionInitiated",
            {
                **_CONFIGURATION,
                "control": str(number),
                "decisionTaskCompletedEventId": 7,
                "workflowId": f"album-{number}",
                "workflowType": _CHILD_TYPE,
            },
        )
        for number in (1, 2, 3, 4, 5)  # events 17 to 21
    ],
    (
        "StartChildWorkflowExecutionFailed",
        {
            "cause": "WORKFLOW_TYPE_DOES_NOT_EXIST",
            "control": "6",
            "decisionTaskCompletedEventId": 7,
            "initiatedEventId": 0,
            "workflowId": "album-6",
            "workflowType": _CHILD_TYPE,
        },
    ),
    *[
        (
            "LambdaFunctionScheduled",
            {
                "control": "l",
                "decisionTaskCompletedEventId": 7,
                "id": str(number),
                "input": '{"a":1}',
                "name": "thumb",
                "startToCloseTimeout": "900",
            },
        )
        for number in (1, 2, 3, 4)  # events 23 to 26
    ],
    (
        "ScheduleLambdaFunctionFailed",
        {
            "cause": "OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED",
            "decisionTaskCompletedEventId": 7,
            "id": "5",
            "name": "thumb",
        },
    ),
    *[
        (
            "SignalExternalWorkflowExecutionInitiated",
            {
                "control": str(number),
                "decisionTaskCompletedEventId": 7,
                "input": '"hello"',
                "runId": "",
                "signalName": "go",
                "workflowId": "other-1",
            },
        )
        for number in (1, 2)  # events 28 and 29
    ],
    *[
        (
            "RequestCancelExternalWorkflowExecutionInitiated",
            {"control": str(number), "decisionTaskCompletedEventId": 7, "workflowId": "other-1"},
        )
        for number in (3, 4)  # events 30 and 31
    ],
    (
        "MarkerRecorded",
        {"decisionTaskCompletedEventId": 7, "details": '{"at":"½"}', "markerName": "checkpoint"},
    ),
    (
        "RecordMarkerFailed",
        {"cause": "OPERATION_NOT_PERMITTED", "decisionTaskCompletedEventId": 7, "markerName": "secret"},
    ),
    ("ActivityTaskCancelRequested", {"activityId": "4", "decisionTaskCompletedEventId": 7}),
    (
        "RequestCancelActivityTaskFailed",
        {"activityId": "99", "cause": "ACTIVITY_ID_UNKNOWN", "decisionTaskCompletedEventId": 7},
    ),
    ("TimerCanceled", {"decisionTaskCompletedEventId": 7, "startedEventId": 15, "timerId": "2"}),
    (
        "CancelTimerFailed",
        {"cause": "TIMER_ID_UNKNOWN", "decisionTaskCompletedEventId": 7, "timerId": "99"},
    ),
    ("ActivityTaskStarted", {"identity": "worker-1", "scheduledEventId": 8}),
    ("ActivityTaskCompleted", {"result": '"☃"', "scheduledEventId": 8, "startedEventId": 38}),
    ("ActivityTaskStarted", {"identity": "", "scheduledEventId": 9}),
    (
        "ActivityTaskFailed",
        {
            "details": '{"type":"ValueError"}',
            "reason": "ValueError: no",
            "scheduledEventId": 9,
            "startedEventId": 40,
        },
    ),
    (
        "ActivityTaskTimedOut",
        {"details": "50%", "scheduledEventId": 10, "startedEventId": 0, "timeoutType": "SCHEDULE_TO_START"},
    ),
    (
        "ActivityTaskCanceled",
        {"details": "bye", "latestCancelRequestedEventId": 34, "scheduledEventId": 11, "startedEventId": 0},
    ),
    ("TimerFired", {"startedEventId": 14, "timerId": "1"}),
    *[
        (
            "ChildWorkflowExecutionStarted",
            {"initiatedEventId": 16 + number, "workflowExecution": _CHILD, "workflowType": _CHILD_TYPE},
        )
        for number in (1, 2, 3, 4, 5)  # events 45 to 49
    ],
    *[
        (
            f"ChildWorkflowExecution{outcome}",
            {
                "initiatedEventId": 16 + number,
                "startedEventId": 44 + number,
                "workflowExecution": _CHILD,
                "workflowType": _CHILD_TYPE,
                **fields,
            },
        )
        for number, (outcome, fields) in enumerate(
            [
                ("Completed", {"result": "0"}),
                ("Failed", {"details": "", "reason": "ValueError"}),
                ("TimedOut", {"timeoutType": "START_TO_CLOSE"}),
                ("Canceled", {"details": "x"}),
                ("Terminated", {}),
            ],
            start=1,
        )  # events 50 to 54
    ],
    *[("LambdaFunctionStarted", {"scheduledEventId": 22 + number}) for number in (1, 2, 3)],  # 55 to 57
    ("LambdaFunctionCompleted", {"result": "null", "scheduledEventId": 23, "startedEventId": 55}),
    (
        "LambdaFunctionFailed",
        {"details": "d", "reason": "HandledError", "scheduledEventId": 24, "startedEventId": 56},
    ),
    (
        "LambdaFunctionTimedOut",
        {"scheduledEventId": 25, "startedEventId": 57, "timeoutType": "START_TO_CLOSE"},
    ),
    (
        "StartLambdaFunctionFailed",
        {"cause": "ASSUME_ROLE_FAILED", "message": "No IAM role is attached.", "scheduledEventId": 26},
    ),
    ("ExternalWorkflowExecutionSignaled", {"initiatedEventId": 28, "workflowExecution": _OTHER}),
    (
        "SignalExternalWorkflowExecutionFailed",
        {
            "cause": "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
            "control": "2",
            "decisionTaskCompletedEventId": 7,
            "initiatedEventId": 29,
            "workflowId": "other-1",
        },
    ),
    ("ExternalWorkflowExecutionCancelRequested", {"initiatedEventId": 30, "workflowExecution": _OTHER}),
    (
        "RequestCancelExternalWorkflowExecutionFailed",
        {
            "cause": "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
            "control": "4",
            "decisionTaskCompletedEventId": 7,
            "initiatedEventId": 31,
            "workflowId": "other-1",
        },
    ),
    (
        "WorkflowExecutionSignaled",
        {
            "externalInitiatedEventId": 5000,
            "externalWorkflowExecution": _OTHER,
            "input": '{"to":"Zoë"}',
            "signalName": "go",
        },
    ),
    (
        "WorkflowExecutionCancelRequested",
        {
            "cause": "CHILD_POLICY_APPLIED",
            "externalInitiatedEventId": 5000,
            "externalWorkflowExecution": _OTHER,
        },
    ),
    *[
        (f"{close}Failed", {"cause": "UNHANDLED_DECISION", "decisionTaskCompletedEventId": 7})
        for close in (
            "CompleteWorkflowExecution",
            "FailWorkflowExecution",
            "CancelWorkflowExecution",
            "ContinueAsNewWorkflowExecution",
        )
    ],
    ("WorkflowExecutionCompleted", {"decisionTaskCompletedEventId": 7, "result": '"done"'}),
    ("WorkflowExecutionFailed", {"decisionTaskCompletedEventId": 7, "details": "d", "reason": "r"}),
    ("WorkflowExecutionTimedOut", {"childPolicy": "TERMINATE", "timeoutType": "START_TO_CLOSE"}),
    ("WorkflowExecutionCanceled", {"decisionTaskCompletedEventId": 7, "details": "d"}),
    (
        "WorkflowExecutionContinuedAsNew",
        {
            **_CONFIGURATION,
            "decisionTaskCompletedEventId": 7,
            "newExecutionRunId": "25new/run=",
            "workflowType": {"name": "order", "version": "1.0"},
        },
    ),
    (
        "WorkflowExecutionTerminated",
        {"cause": "OPERATOR_INITIATED", "childPolicy": "ABANDON", "details": "d", "reason": "because"},
    ),
]

EVENT_TYPES: tuple[str, ...] = tuple(dict.fromkeys(name for name, _ in _ROWS))

# The integer members by which one event names another.
REFERENCES = (
    "decisionTaskCompletedEventId",
    "initiatedEventId",
    "latestCancelRequestedEventId",
    "scheduledEventId",
    "startedEventId",
)


def all_types() -> list[Event]:
    """A history in which every type of event occurs; the six that close an execution stand at its end."""
    return [
        event(number, name, START_MS + 17 * number, **fields)
        for number, (name, fields) in enumerate(_ROWS, start=1)
    ]


def sample(event_type: str, event_id: int = 2) -> Event:
    """One event of the type, the references in it pointing at event 1."""
    fields = next(fields for name, fields in _ROWS if name == event_type)
    moved = {name: min(value, 1) if name in REFERENCES else value for name, value in fields.items()}
    return event(event_id, event_type, START_MS + 17 * event_id, **moved)


def started() -> Event:
    """The event that every history begins with."""
    return sample("WorkflowExecutionStarted", 1)
