"""Deciders and activities as PySwfAws's users wrote them; nothing but the imports names this library.

python pyswfaws_flows.py decider_a      serves one decider
python pyswfaws_flows.py activity_task_a    serves one activity
"""

from __future__ import annotations

import sys

from pyswf_fast.activityworker import DistributedActivityWorker
from pyswf_fast.datastores import SwfDataStore
from pyswf_fast.decisionworker import DistributedDecisionWorker
from pyswf_fast.decorators import activity_task, cached, decision_task
from pyswf_fast.promise import Marker as PMarker
from pyswf_fast.promise import Timer as PTimer
from pyswf_fast.serializers import JsonSerializer

DATA = {
    "input_data_store": SwfDataStore(),
    "input_data_serializer": JsonSerializer(),
    "result_data_store": SwfDataStore(),
    "result_data_serializer": JsonSerializer(),
}


def workflow(task_list):
    """All deciders share one type and differ by their task list."""
    return decision_task(
        swf_domain="example",
        swf_workflow_type="TestWorkflow",
        swf_workflow_version="1.0",
        swf_task_list=task_list,
        **DATA,
    )


@activity_task(
    swf_domain="example",
    swf_task_type="Square",
    swf_task_version="1.0",
    swf_task_list="squares",
    **DATA,
)
def square(number):
    return number * number


@activity_task(
    swf_domain="example",
    swf_task_type="Double",
    swf_task_version="1.0",
    swf_task_list="doubles",
    **DATA,
)
def double(number):
    return number + number


@cached(result_data_serializer=JsonSerializer(), result_data_store=SwfDataStore())
def five():
    return 5


@workflow("adds")
def adds():
    squared = square(5)
    doubled = double(10)
    return squared.result + doubled.result


@workflow("waits")
def waits():
    squared = square(5)
    timer = PTimer.get(seconds=1)
    timer.result
    doubled = double(10)
    return squared.result + doubled.result


@workflow("calls")
def calls():
    squared = square(5)
    child = adds()
    return squared.result + child.result


@workflow("caches")
def caches():
    squared = square(5)
    doubled = double(10)
    once, twice, thrice = five(), five(), five()
    return squared.result + doubled.result + once + twice + thrice


class Methods:
    @workflow("methods")
    def adds(self):
        squared = square(5)
        doubled = double(10)
        return squared.result + doubled.result


@workflow("marks")
def marks():
    squared = square(5)
    marker = PMarker(name="someMarker", details="someDetails")
    doubled = double(10)
    return f"{squared.result}{doubled.result} {marker.result.name} {marker.result.details}"


EXPECTED = {
    "adds": 45,
    "waits": 45,
    "calls": 70,
    "caches": 60,
    "methods": 45,
    "marks": "2520 someMarker someDetails",
}
OBJECT = Methods()
DECIDERS = {
    "adds": (adds,),
    "waits": (waits,),
    "calls": (calls,),
    "caches": (caches,),
    "methods": (OBJECT.adds, OBJECT),
    "marks": (marks,),
}
ACTIVITIES = {"square": square, "double": double}


if __name__ == "__main__":
    name = sys.argv[1]
    if name in DECIDERS:
        DistributedDecisionWorker(*DECIDERS[name]).start()
    else:
        DistributedActivityWorker(ACTIVITIES[name]).start()
