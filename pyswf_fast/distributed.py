"""PySwfAws's workers: one function each, the same constructors and hooks."""

from __future__ import annotations

import logging
from typing import Any

from pyswf_fast.roster import Roster, bind, read
from pyswf_fast.worker import Worker

__all__ = ["DistributedActivityWorker", "DistributedDecisionWorker"]


class DistributedDecisionWorker(Worker):
    """Decides every task of one list with one function.

    Parameters:
        decision_function: Decorated with ``@decision_task``.
        decision_object: Its object, if it is a method; it may be bound already.
        swf_domain: SWF domain; None takes the decorator's, then ``PYSWF_DOMAIN``.
        swf_task_list: The list; None takes the decorator's, then ``PYSWF_TASK_LIST``.
        workflow_type: Name of the type to register, if it is not the decorator's.
        workflow_version: Its version.
        aws_access_key_id: Access key; None leaves credentials to boto3.
        aws_secret_access_key: Secret access key.
    """

    logger = logging.getLogger("pyswf_fast.decisionworker")

    def __init__(
        self,
        decision_function: Any,
        decision_object: Any = None,
        swf_domain: str | None = None,
        swf_task_list: str | None = None,
        workflow_type: str | None = None,
        workflow_version: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
    ) -> None:
        served = read(
            "decider",
            [bind(decision_function, decision_object)],
            given_list=swf_task_list,
            given_name=workflow_type,
            given_version=workflow_version,
        )
        keys = {"aws_access_key_id": aws_access_key_id, "aws_secret_access_key": aws_secret_access_key}
        self._prepare(swf_domain, Roster(served, takes_all=True), Roster([]), keys=keys)

    def start(self) -> None:
        """Serve until a signal, ``stop()`` or a hook says stop."""
        self.run()


class DistributedActivityWorker(Worker):
    """Runs the activities of one function, one at a time.

    Parameters:
        activity_function: Decorated with ``@activity_task``.
        activity_object: Its object, if it is a method; it may be bound already.
        swf_domain: SWF domain; None takes the decorator's, then ``PYSWF_DOMAIN``.
        swf_task_list: The list; None takes the decorator's, then ``PYSWF_TASK_LIST``.
        activity_type: Name of the type to register, if it is not the decorator's.
        activity_version: Its version.
        aws_access_key_id: Access key; None leaves credentials to boto3.
        aws_secret_access_key: Secret access key.
    """

    logger = logging.getLogger("pyswf_fast.activityworker")

    def __init__(
        self,
        activity_function: Any,
        activity_object: Any = None,
        swf_domain: str | None = None,
        swf_task_list: str | None = None,
        activity_type: str | None = None,
        activity_version: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
    ) -> None:
        served = read(
            "activity",
            [bind(activity_function, activity_object)],
            given_list=swf_task_list,
            given_name=activity_type,
            given_version=activity_version,
        )
        keys = {"aws_access_key_id": aws_access_key_id, "aws_secret_access_key": aws_secret_access_key}
        self._prepare(swf_domain, Roster([]), Roster(served), keys=keys)

    def start(self) -> None:
        """Serve until a signal, ``stop()`` or a hook says stop."""
        self.run()
