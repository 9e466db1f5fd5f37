"""`pyswf-fast storage`: what is referred to is found, what nobody needs is deleted, and nothing else ever."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from pyswf_fast import (
    DataStoreError,
    FileDataStore,
    S3DataStore,
    ServiceFault,
    activity_task,
    cached,
    decision_task,
    workflow,
)
from pyswf_fast.cli import sweep
from pyswf_fast.cli.app import cli
from pyswf_fast.cli.session import Session
from pyswf_fast.storage.sealed import SealedStore, StoredObject
from pyswf_fast.testing import SwfTest

DAY = 86_400


def text(seed: int, length: int = 60_000) -> str:
    """Text that compression does not bring into a field of SWF."""
    return random.Random(seed).randbytes(length // 2).hex()


class Flows:
    """Deciders and an activity that share a store."""

    def __init__(self, store: Any) -> None:
        both = {"input_data_store": store, "result_data_store": store}

        @activity_task(**both)
        def make(seed: int) -> str:
            return text(seed)

        @cached(result_data_store=store)
        def looked_up(seed: int) -> str:
            return text(seed)

        @decision_task(**both)
        def child(given: str) -> int:
            workflow.sleep(20 * DAY)
            return len(given)

        @decision_task(**both)
        def parent(seed: int) -> int:
            made = make(seed).result
            made += looked_up(seed + 1)
            child.options(child_policy="ABANDON", workflow_id=f"child-{seed}")(made)
            workflow.sleep(60)
            return len(made)

        @decision_task(**both)
        def relay(given: str, runs: int) -> int:
            workflow.sleep(6 * DAY)
            if runs:
                workflow.continue_as_new(given, runs - 1)
            return len(given)

        @decision_task(**both)
        def listener() -> int:
            word = workflow.signals("word").get()
            workflow.sleep(22 * DAY)
            return len(word)

        self.make, self.child, self.parent, self.relay, self.listener = make, child, parent, relay, listener


class Bench:
    """A service on a clock of its own, a store, and the command line."""

    def __init__(self, store: SealedStore, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = store
        self.named = named
        self.flows = Flows(store)
        self.swf = SwfTest()
        self.swf.transport.call(
            "RegisterDomain",
            {"name": self.swf.client.domain, "workflowExecutionRetentionPeriodInDays": "7"},
        )
        self.monkeypatch = monkeypatch
        monkeypatch.setattr(Session, "client", self.swf.client)

    def run(self, *words: str) -> Result:
        found = CliRunner().invoke(cli, ["storage", *words, "--store", self.named])
        if found.exception and not isinstance(found.exception, SystemExit):
            raise found.exception
        return found

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json").stdout)

    def stored(self) -> set[str]:
        return {each.key for each in self.store.list()}

    def age(self, days: float) -> None:
        """Let all that is stored be older."""
        if isinstance(self.store, FileDataStore):
            for path in self.store.path.rglob("*"):
                if path.is_file():
                    os.utime(path, (time.time() - days * DAY,) * 2)
            return
        listed = S3DataStore.list

        def older(store: S3DataStore, prefix: str = "") -> Iterator[StoredObject]:
            for each in listed(store, prefix):
                yield StoredObject(each.key, each.size, each.modified - sweep.dt.timedelta(days=days))

        self.monkeypatch.setattr(S3DataStore, "list", older)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


@pytest.fixture(params=["file", "s3"])
def bench(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    store: SealedStore
    if request.param == "file":
        store, named = FileDataStore(tmp_path / "store"), str(tmp_path / "store")
    else:
        endpoint = request.getfixturevalue("s3_endpoint")
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        bucket = f"b-{tmp_path.name.lower().replace('_', '-')[-40:]}"
        boto3.client("s3").create_bucket(Bucket=bucket)
        store, named = S3DataStore(bucket, "pay/loads"), f"s3://{bucket}/pay/loads"
    made = Bench(store, named, monkeypatch)
    with made.swf:
        yield made


def test_ls_lists_what_an_execution_refers_to_and_get_prints_it(bench: Bench, tmp_path: Path) -> None:
    run = bench.swf.start(bench.flows.parent, 1, workflow_id="p")
    assert run.result() == 120_000
    found = bench.json("ls", "p")["references"]
    assert {each["key"] for each in found} <= bench.stored()
    assert len(found) == 3  # a result, a cached value, the child's input
    assert all(each["bytes"] > 1000 and each["events"] for each in found)
    shown = bench.run("ls", "p")
    assert shown.exit_code == 0
    assert bench.store.place in shown.stdout.replace("\n", "")
    [result] = [
        event.attributes["result"] for event in run.history() if event.event_type == "ActivityTaskCompleted"
    ]
    assert json.loads(bench.run("get", result).stdout) == text(1)
    assert json.loads(bench.run("get", result[2:]).stdout) == text(1)
    bench.run("get", result, "-o", str(tmp_path / "out"))
    assert json.loads((tmp_path / "out").read_text()) == text(1)
    key = found[0]["key"]
    body = bench.store.read(key, None)
    bench.store.delete([key])
    missing = bench.run("ls", "p")
    assert missing.exit_code == 1
    assert "MISSING" in missing.stdout
    bench.store.write(key, body, True)  # what a test leaves is replayed


def test_get_refuses_what_lies_elsewhere(bench: Bench) -> None:
    with pytest.raises(DataStoreError, match="no reference of"):
        bench.run("get", "s3://another/place/" + "0" * 64 + "#.1.t")


def test_gc_deletes_what_only_forgotten_runs_have_stored(bench: Bench) -> None:
    swf = bench.swf
    done = swf.start(bench.flows.parent, 1, workflow_id="p")
    done.result()
    bench.age(3)
    assert bench.run("gc", "--delete").stdout == ""  # p is retained, its child is open
    swf.advance("8d")
    stored = bench.stored()
    assert len(stored) == 3
    dead = {json.loads(line)["key"] for line in bench.run("gc", "--json").stdout.splitlines()}
    assert len(dead) == 2
    assert bench.stored() == stored  # a dry run
    found = bench.json("stat")
    assert (found["alive"]["objects"], found["dead"]["objects"]) == (1, 2)
    assert found["largest"][0]["known"] is False
    assert bench.run("gc", "--delete").exit_code == 0
    assert bench.stored() == stored - dead
    swf.advance("13d")
    assert swf.client.execution("child-1").result() == 120_000  # what it needs of its parent's is there
    swf.advance("8d")
    refused = CliRunner().invoke(cli, ["storage", "gc", "--delete", "--store", bench.named])
    assert "--all-gone" in str(refused.exception)
    assert bench.stored() == stored - dead
    bench.run("gc", "--delete", "--all-gone")
    assert bench.stored() == set()


def test_gc_spares_what_runs_and_signals_handed_on(bench: Bench) -> None:
    swf = bench.swf
    swf.start(bench.flows.relay, text(5), 3, workflow_id="r")
    listener = swf.start(bench.flows.listener, workflow_id="l")
    sender = bench.flows.listener.codec
    field = sender.encode_value(text(6), "test/sender/gone-run", "signal")
    swf.transport.call(
        "SignalWorkflowExecution",
        {"domain": swf.client.domain, "workflowId": "l", "signalName": "word", "input": field},
    )
    swf.advance("20d")  # SWF has forgotten the first two runs of the relay by now
    bench.age(3)
    before = bench.stored()
    bench.run("gc", "--delete")
    for name in ("r", "l"):
        assert "MISSING" not in bench.run("ls", name).stdout
    assert any("gone-run" in key for key in bench.stored())
    assert 0 < len(bench.stored()) < len(before)
    swf.advance("5d")
    assert swf.client.execution("r").result() == listener.result() == 60_000


def test_gc_spares_what_is_young_and_what_is_not_its_domains(bench: Bench) -> None:
    bench.swf.start(bench.flows.relay, "x", 0, workflow_id="r")  # the domain is there
    domain = bench.swf.client.domain
    for key in (f"{domain}/w/r1/{'0' * 64}", f"other/w/r1/{'1' * 64}", f"dictionaries/{'2' * 8}"):
        bench.store.write(key, b"x", False)
    bench.run("gc", "--delete")
    assert len(bench.stored()) == 3
    bench.age(1.9)
    bench.run("gc", "--delete")
    assert len(bench.stored()) == 3
    assert bench.run("gc", "--delete", "--days", "1").exit_code == 2
    bench.age(0.2) if isinstance(bench.store, S3DataStore) else bench.age(2.1)
    bench.run("gc", "--delete")
    assert {key.split("/")[0] for key in bench.stored()} == {"other", "dictionaries"}


@pytest.mark.parametrize(
    "operation",
    [
        "ListOpenWorkflowExecutions",
        "ListClosedWorkflowExecutions",
        "GetWorkflowExecutionHistory",
        "DescribeWorkflowExecution",
    ],
)
def test_gc_deletes_nothing_where_swf_does_not_answer(bench: Bench, operation: str) -> None:
    bench.swf.start(bench.flows.relay, text(1), 0, workflow_id="r")
    bench.store.write(f"{bench.swf.client.domain}/w/r1/{'0' * 64}", b"x", False)
    bench.age(3)
    before = bench.stored()
    call = bench.swf.client.transport.call

    def broken(asked: str, params: Any) -> bytes:
        if asked == operation:
            raise ServiceFault("InternalFailure", "not now")
        return call(asked, params)

    bench.monkeypatch.setattr(bench.swf.client.transport, "call", broken)
    found = CliRunner().invoke(cli, ["storage", "gc", "--delete", "--store", bench.named])
    assert isinstance(found.exception, ServiceFault)
    assert bench.stored() == before


def test_gc_keeps_what_belongs_to_a_run_that_the_lists_do_not_show(bench: Bench) -> None:
    run = bench.swf.start(bench.flows.relay, "x", 0, workflow_id="r")
    key = f"{bench.swf.client.domain}/r/{run.run_id}/{'0' * 64}"
    bench.store.write(key, b"x", False)
    bench.age(3)
    hidden: Callable[..., Any] = lambda *_: iter(())  # noqa: E731
    bench.monkeypatch.setattr(sweep, "executions", hidden)
    bench.run("gc", "--delete", "--all-gone")
    assert key in bench.stored()


def test_gc_spares_what_a_run_needs_that_shows_only_while_it_sweeps(bench: Bench) -> None:
    run = bench.swf.start(bench.flows.relay, text(1), 0, workflow_id="r")
    [key] = bench.stored()
    assert "/start-" in key  # the run is not named by it
    bench.age(3)
    looks: list[int] = []

    def late(*asked: Any) -> Iterator[Any]:
        looks.append(1)
        return executions(*asked) if len(looks) > 1 else iter(())

    executions = sweep.executions
    bench.monkeypatch.setattr(sweep, "executions", late)
    bench.run("gc", "--delete", "--all-gone")
    assert bench.stored() == {key}
    bench.swf.advance("7d")
    assert run.result() == 60_000


def test_train_keeps_a_dictionary_and_shows_the_gain(bench: Bench) -> None:
    store = bench.store

    @activity_task(result_data_store=store)
    def record(number: int) -> dict[str, Any]:
        return {
            "customer": {"name": f"Customer {number}", "country": "Utopia", "segments": ["a", "b"]},
            "n": number,
        }

    @decision_task
    def many() -> int:
        return len([promise.result for promise in record.map(range(300))])

    assert bench.swf.run(many) == 300
    shown = bench.json("train", "--size", "2000", "--limit", "5")
    lengths = shown["characters"]
    assert lengths["with dictionary"] < lengths["zstd"] <= lengths["plain"]
    assert shown["kept"] is True
    assert store.dictionary(shown["id"]).id == shown["id"]
    again = bench.run("train", "--size", "2000", "--dry-run")
    assert "not kept" in again.stdout
    assert "with dictionary" in again.stdout


def test_a_store_is_named_by_its_place_or_its_object(bench: Bench) -> None:
    found = CliRunner().invoke(cli, ["storage", "stat", "--store", "json:dumps"])
    assert "no S3DataStore" in str(found.exception)
    assert CliRunner().invoke(cli, ["storage", "stat"]).exit_code != 0
