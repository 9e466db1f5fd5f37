"""How the approval is tested: hours pass in no time, and nothing is shipped.

pytest test_approval.py
"""

from __future__ import annotations

import datetime as dt

from approval import order, ship

from pyswf_fast.testing import SwfTest


def test_a_large_order_is_shipped_once_somebody_approves_it(swf: SwfTest) -> None:
    swf.replace(ship, lambda item, amount: f"{amount} of {item}, not really shipped")
    run = swf.start(order, "hammer", 12)
    swf.after("50m", run.signal, "approve", "Ada")
    assert run.result() == {
        "total": 300,
        "state": "12 of hammer, not really shipped",
        "approved_by": "Ada",
    }


def test_an_order_that_nobody_approves_is_refused_after_an_hour(swf: SwfTest) -> None:
    began = swf.now()
    run = swf.start(order, "hammer", 12)
    assert run.result()["state"] == "refused"
    assert run.activities == []
    assert swf.now() - began == dt.timedelta(hours=1)


def test_shipping_is_tried_three_times(swf: SwfTest) -> None:
    swf.fail(ship, times=2)
    run = swf.start(order, "nail", 10)
    assert run.result()["state"] == "10 × nail shipped"
    assert run.activities == ["ship", "ship", "ship"]
