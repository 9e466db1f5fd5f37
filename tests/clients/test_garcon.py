"""garcon with its own decider and workers."""

from __future__ import annotations

import json

from clients_service import PROGRAMS, Service, environment_of, kinds, results


def test_garcon_runs_its_flow(service: Service) -> None:
    said = service.run([environment_of("garcon") / "bin" / "python", PROGRAMS / "garcon_flow.py", "garcon"])
    assert said.splitlines()[-1] == "COMPLETED [5, 5]"
    history = service.histories("garcon")["w 1"]
    happened = kinds(history)
    assert happened.count("ActivityTaskCompleted") == 3
    assert [one["reason"] for one in results(history, "ActivityTaskFailed")] == ["the card was declined"]
    given = [json.loads(one["input"]) for one in results(history, "ActivityTaskScheduled")]
    assert [one.get("item", one.get("total")) for one in given] == ["coffee", "cookie", 5, 5]
    types = service.call("ListActivityTypes", domain="garcon", registrationStatus="REGISTERED")["typeInfos"]
    assert [one["activityType"]["name"] for one in types] == ["coffee_order", "coffee_pay"]
