"""What a test can do with `swf`: the workers of production, activities replaced, time skipped."""

from __future__ import annotations

import datetime as dt
import logging
import os
import threading
from unittest.mock import Mock

import pytest
import shop

from pyswf_fast import (
    Client,
    RemoteError,
    UsageError,
    WaitTimeout,
    Worker,
    WorkflowFailed,
    WorkflowTimedOut,
    WorkflowWasCanceled,
    activity,
)
from pyswf_fast.testing import Call, InjectedFailure, NothingLeft, SwfTest


def test_a_workflow_runs_with_a_function_in_the_place_of_an_activity(swf: SwfTest) -> None:
    charged = []
    swf.replace(shop.charge, lambda order: charged.append(order) or "ok")
    swf.fail(shop.ship, times=2)
    run = swf.start(shop.process, 42)
    swf.after("3h", run.signal, "approved", True)
    began = swf.now()
    assert run.result() == "42 shipped"
    assert charged == [42]
    assert swf.now() - began == dt.timedelta(hours=3)
    assert run.activities == ["charge", "ship", "ship", "ship"]
    assert [call.status for call in run.calls(shop.ship)] == ["FAILED", "FAILED", "COMPLETED"]
    assert run.calls("charge") == [Call("charge", (42,), status="COMPLETED", result="ok")]
    assert run.status == "COMPLETED"
    assert run.events[-1] == "WorkflowExecutionCompleted"


def test_an_activity_may_be_replaced_by_name_and_restored(swf: SwfTest) -> None:
    swf.replace("ship", lambda order: "by name")
    assert swf.run(shop.shipping, 1) == "by name"
    swf.restore("ship")
    assert swf.run(shop.shipping, 1) == "1 shipped"


def test_async_activities_and_async_stand_ins(swf: SwfTest) -> None:
    assert swf.run(shop.packing, 2) == ["0 packed", "1 packed"]

    async def fake(order: int) -> str:
        return "fake"

    swf.replace(shop.pack, fake)
    assert swf.run(shop.packing, 1) == ["fake"]


def test_an_assertion_in_a_stand_in_fails_the_test_even_if_the_decider_catches_it(swf: SwfTest) -> None:
    def fake(parts: int) -> str:
        assert parts == 4, "asked for another number"
        return ""

    swf.replace(shop.beating, fake)
    run = swf.start(shop.beats, 3)
    with pytest.raises(AssertionError, match="another number"):
        run.result()


def test_what_an_activity_raises_reaches_the_decider_as_in_production(swf: SwfTest) -> None:
    swf.fail(shop.ship, ValueError("no ship"))
    run = swf.start(shop.shipping, 1)
    with pytest.raises(WorkflowFailed) as failed:
        run.result()
    assert isinstance(failed.value.__cause__, RemoteError)
    assert len(run.activities) == 3
    assert InjectedFailure.__name__ not in str(failed.value)


def test_retries_with_backoff_of_hours_take_no_time(swf: SwfTest) -> None:
    swf.fail(shop.patient, times=3)
    began = swf.now()
    run = swf.start(shop.patience)
    assert run.result() == "1 at last"
    assert swf.now() - began == dt.timedelta(hours=7)
    assert run.timers == [3600, 7200, 14400]


def test_children_of_another_type_are_served_too(swf: SwfTest) -> None:
    run = swf.start(shop.parcels, 3)
    assert run.result() == ["0 shipped", "1 shipped", "2 shipped"]
    assert [child.result() for child in run.children] == run.result()
    assert run.children[0].activities == ["ship"]


def test_signals_between_executions(swf: SwfTest) -> None:
    swf.replace(shop.charge, lambda order: "ok")
    run = swf.start(shop.process, 1, workflow_id="order-1")
    swf.run(shop.telling, "order-1")
    assert run.result() == "1 shipped"


def test_a_signal_by_the_name_of_the_workflow(swf: SwfTest) -> None:
    swf.replace(shop.charge, lambda order: "ok")
    run = swf.start(shop.process, 1, workflow_id="order-1")
    swf.signal("order-1", "approved", False)
    assert run.result() == "refused"


def test_cancel_requests(swf: SwfTest) -> None:
    swf.replace(shop.charge, lambda order: "ok")
    run = swf.start(shop.process, 1)
    swf.after(10, run.cancel)
    with pytest.raises(WorkflowWasCanceled):
        run.result()


def test_a_heartbeat_that_comes_in_time_and_one_that_does_not(swf: SwfTest) -> None:
    def slow(parts: int) -> str:
        for _ in range(parts):
            swf.advance(20)
            activity.heartbeat()
        swf.advance(31)
        activity.heartbeat()
        return "too late"

    swf.replace(shop.beating, slow)
    began = swf.now()
    assert swf.run(shop.beats, 2) == "HEARTBEAT"
    assert swf.now() - began == dt.timedelta(seconds=70)


def test_an_activity_learns_by_its_heartbeat_that_it_was_canceled(swf: SwfTest) -> None:
    def slow(parts: int) -> str:
        while True:
            swf.advance(6)
            activity.heartbeat()

    swf.replace(shop.beating, slow)
    began = swf.now()
    assert swf.run(shop.canceling) == "canceled"
    assert swf.now() - began == dt.timedelta(seconds=12)


def test_an_activity_that_hangs_is_ended_by_its_timeout(swf: SwfTest) -> None:
    swf.hang(shop.ship, times=1)
    began = swf.now()
    run = swf.start(shop.shipping, 1)
    assert run.result() == "1 shipped"
    assert [call.reason for call in run.calls()] == ["START_TO_CLOSE", None]
    assert swf.now() - began == dt.timedelta(seconds=60)


def test_activities_that_take_time_overlap(swf: SwfTest) -> None:
    swf.delay(shop.pack, "1h")
    began = swf.now()
    assert swf.run(shop.packing, 3) == ["0 packed", "1 packed", "2 packed"]
    assert swf.now() - began == dt.timedelta(hours=1)


def test_a_late_result_is_one_that_nobody_waits_for(swf: SwfTest) -> None:
    swf.delay(shop.ship, 61, times=1)
    shop.LOG.clear()
    run = swf.start(shop.shipping, 1)
    assert run.result() == "1 shipped"
    swf.advance(60)
    assert shop.LOG == ["ship 1", "ship 1"]
    assert [call.status for call in run.calls()] == ["TIMED_OUT", "COMPLETED"]


def test_an_activity_may_wait_for_another_execution(swf: SwfTest) -> None:
    def by_workflow(order: int) -> str:
        return "packed and " + swf.start(shop.packing, 1).result()[0]

    swf.replace(shop.ship, by_workflow)
    swf.delay(shop.pack, "10s")
    assert swf.run(shop.shipping, 1) == "packed and 0 packed"


def test_continued_runs_are_followed(swf: SwfTest) -> None:
    began = swf.now()
    run = swf.start(shop.counting, 2)
    assert run.result() == "done"
    assert run.status == "CONTINUED_AS_NEW"
    assert swf.now() - began == dt.timedelta(days=3)


def test_a_workflow_times_out(swf: SwfTest) -> None:
    with pytest.raises(WorkflowTimedOut):
        swf.run(shop.short)


def test_cached_functions_run_once(swf: SwfTest) -> None:
    shop.LOG.clear()
    with SwfTest() as other:
        assert other.run(shop.invoice, 2) == 3
    assert swf.run(shop.invoice, 4) == 6
    assert shop.LOG.count("rate") == 2


def test_a_wait_for_what_never_comes_fails_at_once_and_names_it(swf: SwfTest) -> None:
    swf.replace(shop.charge, lambda order: "ok")
    run = swf.start(shop.process, 1, workflow_id="order-1")
    began = swf.now()
    with pytest.raises(NothingLeft) as refusal:
        run.result()
    assert swf.now() == began
    text = str(refusal.value)
    assert "workflow 'order-1' (process) is open" in text
    assert "waits for a signal 'approved'" in text
    assert "shop.py" in text


def test_an_activity_that_hangs_without_a_timeout_is_named(swf: SwfTest) -> None:
    swf.hang("elsewhere")
    with pytest.raises(
        NothingLeft, match=r"activity elsewhere \(id 1\) has been started and is not answered"
    ):
        swf.run(shop.lost)


def test_with_workers_of_its_own_a_test_finds_lists_that_nobody_polls(swf: SwfTest) -> None:
    swf.serve(Worker("test", [shop.lost, shop.shipping], [shop.ship]))
    assert swf.run(shop.shipping, 7) == "7 shipped"
    with pytest.raises(
        NothingLeft, match=r"activity elsewhere \(id 1\) waits in the list 'nobody', which no worker polls"
    ):
        swf.run(shop.lost)


def test_hooks_of_workers_are_called(swf: SwfTest) -> None:
    told = []

    class Ours(Worker):
        def handle_exception(self, exception: BaseException, context: object) -> bool:
            told.append(exception)
            return False

    swf.serve(Ours("test", [shop.shipping], [shop.ship]))
    swf.fail(shop.ship, times=1)
    assert swf.run(shop.shipping, 1) == "1 shipped"
    assert [type(one) for one in told] == [InjectedFailure]


def test_concurrency_of_workers_holds(swf: SwfTest) -> None:
    swf.serve(Worker("test", [shop.packing], [shop.pack], activity_concurrency=2))
    swf.delay(shop.pack, "1h")
    began = swf.now()
    swf.run(shop.packing, 4)
    assert swf.now() - began == dt.timedelta(hours=2)


def test_a_client_of_the_code_under_test_is_served_too(swf: SwfTest) -> None:
    swf.run(shop.shipping, 0)
    with Client("test", transport=swf.transport) as client:
        assert client.start(shop.shipping, 9).result(timeout=5) == "9 shipped"


def test_timeouts_of_waits_are_virtual_and_exact(swf: SwfTest) -> None:
    swf.delay(shop.ship, 30)
    run = swf.start(shop.shipping, 1)
    began = swf.now()
    with pytest.raises(WaitTimeout):
        run.result(timeout=12)
    assert swf.now() - began == dt.timedelta(seconds=12)
    assert run.result(timeout=18) == "1 shipped"


def test_settle_takes_no_time(swf: SwfTest) -> None:
    swf.replace(shop.charge, lambda order: "ok")
    run = swf.start(shop.process, 1)
    assert run.activities == []
    began = swf.now()
    swf.settle()
    assert run.activities == ["charge"]
    assert swf.now() == began


def test_methods_are_served_with_their_objects_and_replaced_without(swf: SwfTest) -> None:
    assert swf.run(shop.Branch("Ada").sending, 1) == "1 sent by Ada"
    swf.fail(shop.Branch.send, times=1)
    assert swf.run(shop.Branch("Bob").sending, 2) == "2 sent by Bob"
    stand_in = Mock(return_value="mocked")
    swf.replace(shop.Branch.send, stand_in)
    assert swf.run(shop.Branch("Bob").sending, 3) == "mocked"
    stand_in.assert_called_once_with(3)


def test_an_activity_that_somebody_completes_later(swf: SwfTest) -> None:
    tokens = []
    swf.replace(shop.asked, lambda: tokens.append(activity.complete_later()))
    run = swf.start(shop.asking)
    with pytest.raises(NothingLeft, match=r"complete_later\(\) and nobody completed it"):
        run.result()
    swf.after("1h", swf.client.complete_activity, tokens[0], "answered")
    assert run.result() == "answered"


def test_domains_and_lists_are_those_that_the_decorators_name(swf: SwfTest) -> None:
    run = swf.start(shop.abroad, 1, workflow_id="far")
    assert run.result() == "1 shipped"
    assert swf.client_of("abroad").execution("far").status == "COMPLETED"
    assert run.history().activities[0].task_list == {"name": "harbor"}


def test_what_goes_on_for_ever_can_be_watched_for_a_while(swf: SwfTest) -> None:
    began = swf.now()
    run = swf.start(shop.counting, 1_000)
    swf.advance("30d")
    assert swf.now() - began == dt.timedelta(days=30)
    assert run.status == "CONTINUED_AS_NEW"
    assert swf.client.count(status="OPEN") == 1


def test_only_the_thread_of_the_test_may_wait(swf: SwfTest) -> None:
    raised = []

    def elsewhere() -> None:
        try:
            swf.settle()
        except UsageError as error:
            raised.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert "in its own thread" in str(raised[0])


def test_a_lambda_function_that_takes_too_long(swf: SwfTest) -> None:
    swf.replace_lambda("make-thumbnail", lambda event, context: swf.advance("16m"))
    with pytest.raises(WorkflowFailed, match="TIMED_OUT"):
        swf.run(shop.thumbnail, "photo")


def test_lambda_functions_are_functions_of_the_test(swf: SwfTest) -> None:
    swf.replace_lambda("make-thumbnail", lambda event, context: f"{event['key']} made")
    assert swf.run(shop.thumbnail, "photo") == "photo made"


def test_a_lambda_function_that_is_not_there_fails(swf: SwfTest) -> None:
    with pytest.raises(WorkflowFailed, match="ResourceNotFoundException"):
        swf.run(shop.thumbnail, "photo")


def test_limits_are_the_services() -> None:
    from pyswf_fast.service import Limits

    with SwfTest(limits=Limits(open_activities=2)) as swf:
        run = swf.start(shop.ships, 5)
        assert run.result() == [f"{number} shipped" for number in range(5)]
        assert "ScheduleActivityTaskFailed" in run.events


def test_decisions_can_be_refused(swf: SwfTest) -> None:
    swf.deny("ScheduleActivityTask")
    with pytest.raises(WorkflowFailed, match="OPERATION_NOT_PERMITTED"):
        swf.run(shop.shipping, 1)
    swf.allow()
    assert swf.run(shop.shipping, 1) == "1 shipped"


def test_a_decider_that_changes_its_mind_fails_its_test(swf: SwfTest) -> None:
    shop.COUNTER[0] = 0
    with pytest.raises(Exception, match="nondeterminism"):
        swf.run(shop.unstable)


def test_everything_comes_in_the_same_order_each_time() -> None:
    def once() -> list[bytes]:
        with SwfTest() as swf:
            swf.delay(shop.ship, 5, times=3)
            swf.fail(shop.ship, times=2)
            swf.faults.throttle("RespondActivityTaskCompleted", nth=[2, 5])
            swf.faults.drop("PollForDecisionTask", nth=3)
            run = swf.start(shop.parcels, 5)
            run.result()
            runs = swf.service.machine.domains["test"].runs.values()
            return [event for one in runs for event in one.events]

    first = once()
    assert len(first) > 100
    assert once() == first


def test_nothing_is_left_behind() -> None:
    before = dict(os.environ), logging.getLogger("pyswf_fast.worker").handlers[:], shop.ship.function
    with SwfTest() as one, SwfTest("other") as other:
        one.replace(shop.ship, lambda order: "one")
        assert one.run(shop.shipping, 1) == "one"
        assert other.run(shop.shipping, 1) == "1 shipped"
    after = dict(os.environ), logging.getLogger("pyswf_fast.worker").handlers[:], shop.ship.function
    assert after == before


def test_what_is_no_activity_cannot_be_replaced(swf: SwfTest) -> None:
    with pytest.raises(UsageError, match="is no activity"):
        swf.replace(shop.shipping, lambda order: "")
    with pytest.raises(UsageError, match="not by 'ok'"):
        swf.replace(shop.ship, "ok")  # type: ignore[arg-type]
