"""simpleflow with its own decider and worker processes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from clients_service import Service, environment_of, kinds, results


def test_simpleflow_runs_its_workflows(
    service: Service, start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    simpleflow = environment_of("simpleflow") / "bin" / "simpleflow"
    service.register_domain("simpleflow")
    common = ("-d", "simpleflow", "-t", "clients", "-N", "1")
    flows = ("simpleflow_flow.Parent", "simpleflow_flow.Child")
    decider = start(simpleflow, "decider.start", *common, *flows)
    worker = start(simpleflow, "worker.start", *common)
    given = json.dumps({"kwargs": {"numbers": [], "path": str(tmp_path / "seen")}})
    said = service.run(
        [simpleflow, "workflow.start", "-d", "simpleflow", "--workflow-id", "w", "-i", given, flows[0]]
    )
    runs = service.wait_for_the_end("simpleflow", "w", decider, worker)
    assert [run["closeStatus"] for run in runs] == ["CONTINUED_AS_NEW", "COMPLETED"]
    assert said.split() == ["w", runs[0]["execution"]["runId"]]

    histories = service.histories("simpleflow")
    (child,) = (name for name in histories if name.startswith("workflow-child-w--"))
    assert list(histories) == ["w 1", "w 2", child]
    (ended,) = results(histories["w 2"], "WorkflowExecutionCompleted")
    assert json.loads(ended["result"]) == [196, "steady"]
    happened = kinds(histories["w 2"])
    assert happened.count("ActivityTaskScheduled") == 5
    assert happened.count("ActivityTaskCompleted") == 4
    assert [one["reason"] for one in results(histories["w 2"], "ActivityTaskFailed")] == [
        "ValueError: the first time it fails"
    ]
    for kind in (
        "TimerFired",
        "MarkerRecorded",
        "WorkflowExecutionSignaled",
        "ChildWorkflowExecutionCompleted",
    ):
        assert kind in happened

    run_id = runs[-1]["execution"]["runId"]
    for command, shown in (("workflow.info", run_id), ("workflow.tasks", "simpleflow_flow.square")):
        assert shown in service.run([simpleflow, command, "simpleflow", "w", run_id])
