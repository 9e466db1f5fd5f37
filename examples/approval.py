"""An order that waits for a person: a signal, a time limit, a price that is asked for once.

Large orders wait for the signal "approve"; without one in time they are refused.

pyswf-fast worker approval
pyswf-fast start approval:order '"hammer"' 12 --workflow-id order-1
pyswf-fast signal order-1 approve '"Ada"'
pyswf-fast history order-1
"""

from __future__ import annotations

from typing import Any

from pyswf_fast import WaitTimeout, activity_task, cached, decision_task, workflow

PRICES = {"hammer": 25, "nail": 0.1}
FREE_UP_TO = 100
PATIENCE_SECONDS = 3600


@cached
def price_today(item: str) -> float:
    """Asked for once; every replay sees what the first decision saw."""
    return PRICES[item]


@activity_task(start_to_close_timeout=60, max_attempts=3)
def ship(item: str, amount: int) -> str:
    """Send it off."""
    return f"{amount} × {item} shipped"


@decision_task
def order(item: str, amount: int, patience: int = PATIENCE_SECONDS) -> dict[str, Any]:
    """Price the order, have it approved if it is large, ship it."""
    total = price_today(item) * amount
    approved_by = None
    if total > FREE_UP_TO:
        try:
            approved_by = workflow.signals("approve").get(timeout=patience)
        except WaitTimeout:
            return {"total": total, "state": "refused", "why": f"nobody approved it in {patience} s"}
    return {"total": total, "state": ship(item, amount).result, "approved_by": approved_by}
