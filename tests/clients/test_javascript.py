"""AWS's SDK for JavaScript on Node.js."""

from __future__ import annotations

import shutil

from clients_service import PROGRAMS, Service, environment_of, kinds, results


def test_the_javascript_sdk_runs_a_workflow(service: Service) -> None:
    node = shutil.which("node")
    assert node is not None, "Node.js is not there"
    service.environment |= {"MODULES": str(environment_of("javascript")), "NODE_NO_WARNINGS": "1"}
    said = service.run([node, PROGRAMS / "flow.mjs", "javascript"])
    history = service.histories("javascript")["w 1"]
    assert said.splitlines() == [
        "true UnknownResourceFault Unknown domain: none",
        "ValidationException Invalid token",
        "COMPLETED true",
        f"{len(history)} 1",
    ]
    assert [one["result"] for one in results(history, "WorkflowExecutionCompleted")] == ["[2,4,6]"]
    assert [one["details"] for one in results(history, "MarkerRecorded")] == ["é 😀"]
    assert kinds(history).count("ActivityTaskCompleted") == 3
