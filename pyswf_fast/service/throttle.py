"""SWF's throttles: a bucket of tokens for each operation and decision, refilled as time goes by.

Sizes and refill rates are those of "Amazon SWF throttling quotas" in SWF's developer guide
(https://docs.aws.amazon.com/amazonswf/latest/developerguide/swf-dg-limits.html, as of 2026). They hold for
an account in a region; those of `_OF_A_WORKFLOW` hold for one workflow id besides. SWF publishes none for
ContinueAsNewWorkflowExecution and ScheduleLambdaFunction, though it has causes for them: they get those of
the decisions that they are most like. The 2,000 tasks a second of a task list are more than
ScheduleActivityTask's bucket lets through, so they need no bucket.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from pyswf_fast.exceptions import ConfigurationError, ServiceFault
from pyswf_fast.service.effects import ACTIVITY
from pyswf_fast.service.tokens import unseal

__all__ = ["Throttle"]

# Tokens that a bucket holds, and that it gains in a second.
_OPERATIONS = {
    "CountClosedWorkflowExecutions": (2000, 6),
    "CountOpenWorkflowExecutions": (2000, 6),
    "CountPendingActivityTasks": (200, 6),
    "CountPendingDecisionTasks": (200, 6),
    "DeleteActivityType": (200, 6),
    "DeleteWorkflowType": (200, 6),
    "DeprecateActivityType": (200, 6),
    "DeprecateDomain": (100, 6),
    "DeprecateWorkflowType": (200, 6),
    "DescribeActivityType": (2000, 6),
    "DescribeDomain": (200, 6),
    "DescribeWorkflowExecution": (2000, 6),
    "DescribeWorkflowType": (2000, 6),
    "GetWorkflowExecutionHistory": (2000, 60),
    "ListActivityTypes": (200, 6),
    "ListClosedWorkflowExecutions": (200, 6),
    "ListDomains": (100, 6),
    "ListOpenWorkflowExecutions": (200, 48),
    "ListTagsForResource": (50, 30),
    "ListWorkflowTypes": (200, 6),
    "PollForActivityTask": (2000, 200),
    "PollForDecisionTask": (2000, 200),
    "RecordActivityTaskHeartbeat": (2000, 160),
    "RegisterActivityType": (200, 60),
    "RegisterDomain": (100, 6),
    "RegisterWorkflowType": (200, 60),
    "RequestCancelWorkflowExecution": (2000, 30),
    "RespondActivityTaskCanceled": (2000, 200),
    "RespondActivityTaskCompleted": (2000, 200),
    "RespondActivityTaskFailed": (2000, 200),
    "RespondDecisionTaskCompleted": (2000, 200),
    "SignalWorkflowExecution": (2000, 30),
    "StartWorkflowExecution": (2000, 200),
    "TagResource": (50, 30),
    "TerminateWorkflowExecution": (2000, 60),
    "UndeprecateActivityType": (200, 6),
    "UndeprecateDomain": (100, 6),
    "UndeprecateWorkflowType": (200, 6),
    "UntagResource": (50, 30),
}
_OF_A_WORKFLOW = {
    "GetWorkflowExecutionHistory": (400, 200),
    "RecordActivityTaskHeartbeat": (1000, 1000),
    "RequestCancelWorkflowExecution": (200, 200),
    "SignalWorkflowExecution": (1000, 1000),
}
_DECISIONS = {
    "ContinueAsNewWorkflowExecution": (500, 12),
    "RequestCancelExternalWorkflowExecution": (1200, 120),
    "ScheduleActivityTask": (1000, 200),
    "ScheduleLambdaFunction": (1000, 200),
    "SignalExternalWorkflowExecution": (1200, 120),
    "StartChildWorkflowExecution": (500, 12),
    "StartTimer": (2000, 200),
}
_CAUSES = {
    "ContinueAsNewWorkflowExecution": "CONTINUE_AS_NEW_WORKFLOW_EXECUTION_RATE_EXCEEDED",
    "RequestCancelExternalWorkflowExecution": "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
    "ScheduleActivityTask": "ACTIVITY_CREATION_RATE_EXCEEDED",
    "ScheduleLambdaFunction": "LAMBDA_FUNCTION_CREATION_RATE_EXCEEDED",
    "SignalExternalWorkflowExecution": "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
    "StartChildWorkflowExecution": "CHILD_CREATION_RATE_EXCEEDED",
    "StartTimer": "TIMER_CREATION_RATE_EXCEEDED",
}
_MOST_BUCKETS = 10_000

_Key = tuple[str, ...]


class Throttle:
    """Buckets of tokens; who finds one empty is refused.

    Parameters:
        scale: By what SWF's own sizes and rates are multiplied; a bucket holds at least one token.

    Raises:
        ConfigurationError: A scale that is not above 0.
    """

    def __init__(self, scale: float = 1.0) -> None:
        if not (isfinite(scale) and scale > 0):
            raise ConfigurationError(f"throttle is {scale}; it is a number above 0, 1 for SWF's own quotas")
        self.scale = scale
        self._levels: dict[_Key, tuple[float, int]] = {}  # tokens left, and when that was so

    def check(self, now_ms: int, region: str, operation: str, params: dict[str, Any]) -> None:
        """Take a token for an operation; raises ThrottlingException where there is none."""
        taken = self._take(now_ms, (region, operation), _OPERATIONS[operation])
        if taken and operation in _OF_A_WORKFLOW:
            key = (region, operation, params.get("domain", ""), _workflow(params))
            taken = self._take(now_ms, key, _OF_A_WORKFLOW[operation])
        if not taken:
            raise ServiceFault("ThrottlingException", "Rate exceeded")

    def cause(self, now_ms: int, region: str, decision: str) -> str | None:
        """Take a token for a decision; the cause for which it fails where there is none."""
        quota = _DECISIONS.get(decision)
        if quota is None or self._take(now_ms, (region, decision), quota):
            return None
        return _CAUSES[decision]

    def _take(self, now_ms: int, key: _Key, quota: tuple[int, int]) -> bool:
        size, per_second = max(1.0, quota[0] * self.scale), quota[1] * self.scale
        level, since_ms = self._levels.pop(key, (size, now_ms))
        level = min(size, level + max(0, now_ms - since_ms) / 1000 * per_second)
        taken = level >= 1
        self._levels[key] = (level - taken, now_ms)
        if len(self._levels) > _MOST_BUCKETS:  # that of the workflow which nobody has asked for longest
            del self._levels[next(iter(self._levels))]
        return taken


def _workflow(params: dict[str, Any]) -> str:
    if "taskToken" in params:
        return "".join(unseal(params["taskToken"], ACTIVITY)[:1])  # the run; whoever made it up gets a fault
    execution: dict[str, str] = params.get("execution", params)
    return execution["workflowId"]
