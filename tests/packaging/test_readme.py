"""What the README tells newcomers to type works as it is written there."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert len(found) == 1, f"{len(found)} blocks of {language} in README.md"
    return str(found[0])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A newcomer's environment: no AWS account, and `pyswf-fast` on the path, from the build under test."""
    script = tmp_path / "bin" / "pyswf-fast"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pyswf_fast.cli "$@"\n')
    script.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYSWF_"))}
    return {**kept, "PATH": f"{script.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}


def test_the_quickstart_runs_as_written(tmp_path: Path, environment: dict[str, str]) -> None:
    """Only the port is another one, since this machine may have a service at that one."""
    script = block("sh")
    assert len(script.splitlines()) <= 20
    found = subprocess.run(
        ["sh", "-c", script.replace("8765", str(free_port()))],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    lines = found.stdout.splitlines()
    assert "10" in lines, (found.stdout, found.stderr)
    assert any("WorkflowExecutionCompleted" in line for line in lines), (found.stdout, found.stderr)
    assert found.returncode == 0, found.stderr


def test_the_serial_example_runs_as_written(tmp_path: Path, environment: dict[str, str]) -> None:
    sums = re.search(r"<<'END'\n(.*?)^END$", block("sh"), re.MULTILINE | re.DOTALL)
    assert sums is not None
    (tmp_path / "sums.py").write_text(sums[1])
    (tmp_path / "serial.py").write_text(block("python"))
    subprocess.run([sys.executable, "serial.py"], cwd=tmp_path, env=environment, check=True, timeout=60)


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda p: p.name
)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda p: p.name)
def test_python_in_the_docs_compiles_and_imports_what_is_there(page: Path) -> None:
    for code in re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        compile(code, page.name, "exec")
        imports = re.findall(r"^from pyswf_fast[\w.]* import [^\n(]+$", code, re.MULTILINE)
        exec("\n".join(imports), {})
