"""Run by CI in an environment that has nothing but the wheel: a workflow, and the embedded service."""

from __future__ import annotations

import importlib.resources

import pyswf_fast
from pyswf_fast import LocalDecisionWorker, _replay, activity_task, decision_task
from pyswf_fast.service import EmbeddedSwf
from pyswf_fast.service.page import STATIC


@activity_task
def add(a: int, b: int) -> int:
    return a + b


@decision_task
def total(n: int) -> int:
    sums = [add(k, k) for k in range(n)]
    return sum(each.result for each in sums)


assert _replay.BUILD == "release", _replay.BUILD
assert importlib.resources.files(pyswf_fast).joinpath("py.typed").is_file()
assert {"index.html", "app.js", "base.css"} <= {file.name for file in STATIC.iterdir()}
assert LocalDecisionWorker(total).start(5) == 20

service = EmbeddedSwf()
service.call("RegisterDomain", {"name": "smoke", "workflowExecutionRetentionPeriodInDays": "1"})
assert b"smoke" in service.call("ListDomains", {"registrationStatus": "REGISTERED"})
service.close()
print("the installed package works")
