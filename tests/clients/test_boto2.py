"""boto 2, which sends the target as SWF's first clients did."""

from __future__ import annotations

from clients_service import PROGRAMS, Service, environment_of, kinds, results


def test_boto_2_runs_a_workflow(service: Service) -> None:
    python = environment_of("boto2") / "bin" / "python"
    said = service.run([python, PROGRAMS / "boto2_flow.py", service.url, "old"])
    assert said.splitlines() == [
        "refused: ActivityType=[name=double, version=1]",
        "refused: Unknown domain: none",
        "COMPLETED ['old']",
    ]
    history = service.histories("old")["w 1"]
    assert [one["result"] for one in results(history, "WorkflowExecutionCompleted")] == ["42"]
    for kind in ("TimerFired", "MarkerRecorded", "ActivityTaskCompleted", "WorkflowExecutionSignaled"):
        assert kinds(history).count(kind) == 1
