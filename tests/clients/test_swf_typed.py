"""swf-typed with a decider and a worker."""

from __future__ import annotations

from clients_service import PROGRAMS, Service, environment_of, kinds, results


def test_swf_typed_runs_an_order(service: Service) -> None:
    said = service.run(
        [environment_of("swf_typed") / "bin" / "python", PROGRAMS / "swf_typed_flow.py", "typed"]
    )
    histories = service.histories("typed")
    assert set(histories) == {"w 1", "w 2", "part 1"}
    (ended,) = results(histories["w 2"], "WorkflowExecutionCompleted")
    assert ended["result"] == "done, the part is done"
    happened = kinds(histories["w 2"])
    for kind in (
        "ActivityTaskFailed",
        "ActivityTaskCompleted",
        "TimerFired",
        "TimerCanceled",
        "MarkerRecorded",
        "ChildWorkflowExecutionCompleted",
        "WorkflowExecutionSignaled",
    ):
        assert happened.count(kind) == 1, kind
    assert kinds(histories["part 1"])[-1] == "WorkflowExecutionCompleted"
    lengths = {name: len(history) for name, history in histories.items()}
    assert sorted(said.splitlines()[:3]) == [
        f"part completed {lengths['part 1']}",
        f"w completed {lengths['w 2']}",
        f"w continued_as_new {lengths['w 1']}",
    ]
    assert "Unknown execution" in said.splitlines()[3]
