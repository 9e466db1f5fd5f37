"""The demo's workflow: a survey of the Python standard library as it is installed here.

It is written as users write theirs: activities do the work and touch the world, deciders say in which
order. Nothing in this file knows the command line; `pyswf-fast worker pyswf_fast.cli.survey` serves it.

    survey                      greets, waits for the signal "go", sees to it that every package is surveyed
    └── survey_package          one child workflow per package: its files, in batches, through four checks
        ├── list_files
        └── parse, compile_code, tokenize_source, count_definitions      one activity per batch and check
"""

from __future__ import annotations

import ast
import io
import os
import platform
import sys
import sysconfig
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

from pyswf_fast import Timer, activity, activity_task, cached, decision_task, wait_all, wait_any, workflow

__all__ = ["count_activities", "list_packages", "survey", "survey_in_process", "survey_package"]

#: Batches are made so large that a whole survey stays under this many activities.
MOST_ACTIVITIES = 3500
#: Open at once: activities in one package, and packages.
OPEN_ACTIVITIES = 40
OPEN_PACKAGES = 12
#: How long the survey waits for its audience, and how long it takes at least, for everyone to see it.
AUDIENCE_SECONDS = 30
CURTAIN_SECONDS = 2
#: A worker that was given a task and died is noticed after so long.
TASK_SECONDS = 20

NOT_SURVEYED = {"__pycache__", "site-packages", "dist-packages", "test", "tests", "idle_test"}
#: Single-file modules are surveyed together, by their first letter.
LETTERS = ("_", "abc", "def", "ghijkl", "mno", "pqr", "stuvwxyz")

Totals = dict[str, int]


# --- What is there: no workflow yet, plain functions ------------------------------------------------


def root() -> Path:
    """Where the standard library is."""
    return Path(sysconfig.get_path("stdlib"))


def package_of(path: str) -> str:
    """The package that a file belongs to; for a module of its own, the group of its first letter."""
    top, slash, _ = path.partition("/")
    if slash:
        return top
    initial = path[0].lower()
    letters = next((group for group in LETTERS if initial in group), LETTERS[-1])
    return f"modules {letters[0]}–{letters[-1]}" if len(letters) > 1 else f"modules {letters}"


def source_files() -> Iterator[str]:
    """Every source file of the standard library, tests excepted, relative to its root, in order."""
    base = root()
    for folder, subfolders, names in os.walk(base):
        subfolders[:] = sorted(
            name for name in subfolders if name.isidentifier() and name not in NOT_SURVEYED
        )
        for name in sorted(names):
            if name.endswith(".py"):
                yield (Path(folder) / name).relative_to(base).as_posix()


def batches(files: list[str], size: int) -> list[list[str]]:
    """Files in batches of at most a size."""
    return [files[start : start + size] for start in range(0, len(files), size)]


def batch_size(packages: list[tuple[str, int]]) -> int:
    """The smallest size of a batch that keeps the survey under its limit of activities."""
    size = 1
    while count_activities(packages, size) > MOST_ACTIVITIES:
        size += 1
    return size


def count_activities(packages: list[tuple[str, int]], size: int | None = None) -> int:
    """How many activities a survey of these packages takes, retries not counted."""
    size = size or batch_size(packages)
    return 2 + sum(1 + len(CHECKS) * -(-files // size) for _, files in packages)


# --- Activities: they touch the world, run on any worker, may fail and be tried again ---------------


@activity_task(start_to_close_timeout=TASK_SECONDS)
def warm_up() -> int:
    """Fail at the first attempt, so that a retry is to be seen; the second one says which it was."""
    if activity.info.attempt == 1:
        raise ConnectionError("made to fail at the first attempt")
    return activity.info.attempt


@activity_task(start_to_close_timeout=TASK_SECONDS)
def list_packages(limit: int | None) -> list[tuple[str, int]]:
    """The packages and how many files of each are surveyed, at most `limit` files in all."""
    counts = Counter(package_of(path) for path in source_files())
    packages = []
    left = sum(counts.values()) if limit is None else limit
    for name, count in sorted(counts.items()):
        taken = min(count, left)
        left -= taken
        if taken:
            packages.append((name, taken))
    return packages


@activity_task(start_to_close_timeout=TASK_SECONDS)
def list_files(package: str, count: int) -> list[str]:
    """The first files of a package."""
    return [path for path in source_files() if package_of(path) == package][:count]


@activity_task(start_to_close_timeout=TASK_SECONDS)
def parse(files: list[str]) -> Totals:
    """Parse files: how many there are, and how many nodes their trees have."""
    trees = [ast.parse(source) for source in read(files)]
    return {"files": len(files), "nodes": sum(1 for tree in trees for _ in ast.walk(tree))}


@activity_task(start_to_close_timeout=TASK_SECONDS)
def compile_code(files: list[str]) -> Totals:
    """Compile files: how many bytes of bytecode that gives."""
    return {
        "bytecode": sum(bytecode(compile(source, "", "exec", dont_inherit=True)) for source in read(files))
    }


@activity_task(start_to_close_timeout=TASK_SECONDS)
def tokenize_source(files: list[str]) -> Totals:
    """Tokenize files: how many tokens there are."""
    return {
        "tokens": sum(
            1 for source in read(files) for _ in tokenize.tokenize(io.BytesIO(source).readline)
        )
    }  # fmt: skip


@activity_task(start_to_close_timeout=TASK_SECONDS)
def count_definitions(files: list[str]) -> Totals:
    """Count the lines, functions, classes and imports of files."""
    totals = Counter(lines=0, functions=0, classes=0, imports=0)
    for source in read(files):
        totals["lines"] += source.count(b"\n")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                totals["functions"] += 1
            elif isinstance(node, ast.ClassDef):
                totals["classes"] += 1
            elif isinstance(node, ast.Import | ast.ImportFrom):
                totals["imports"] += 1
    return dict(totals)


CHECKS = (parse, compile_code, tokenize_source, count_definitions)


def read(files: list[str]) -> Iterator[bytes]:
    """The contents of files."""
    base = root()
    return ((base / path).read_bytes() for path in files)


def bytecode(code: CodeType) -> int:
    """Bytes of bytecode in a code object and in those within it."""
    return len(code.co_code) + sum(bytecode(part) for part in code.co_consts if isinstance(part, CodeType))


# --- Deciders: they decide, touch nothing, and are replayed -----------------------------------------


@cached
def interpreter() -> str:
    """Which Python is surveyed: asked once, by whichever worker decides first, and kept in the history."""
    return f"{platform.python_implementation()} {platform.python_version()} on {sys.platform}"


@decision_task(task_start_to_close_timeout=TASK_SECONDS)
def survey(limit: int | None = None) -> dict[str, Any]:
    """Survey the standard library, at most `limit` files of it."""
    curtain = Timer.get(CURTAIN_SECONDS)
    attempts = warm_up()
    found = list_packages(limit)
    audience = workflow.signals("go").get(timeout=AUDIENCE_SECONDS)

    packages = [(name, count) for name, count in found.result]
    size = batch_size(packages)
    promises: list[Any] = []
    waiting: list[Any] = []
    for name, count in packages:
        if len(waiting) == OPEN_PACKAGES:
            waiting.remove(wait_any(*waiting))
        promises.append(survey_package(name, count, size))
        waiting.append(promises[-1])
    totals = wait_all(*promises)
    wait_all(curtain)

    return {
        "interpreter": interpreter(),
        "audience": audience,
        "attempts": attempts.result,
        "packages": {name: part for (name, _), part in zip(packages, totals, strict=True)},
    }


@decision_task(task_start_to_close_timeout=TASK_SECONDS)
def survey_package(name: str, count: int, size: int) -> Totals:
    """Survey one package: every batch of its files through every check."""
    jobs = [(check, batch) for batch in batches(list_files(name, count).result, size) for check in CHECKS]
    totals: list[Totals] = []
    for start in range(0, len(jobs), OPEN_ACTIVITIES):
        totals += wait_all(*[check(batch) for check, batch in jobs[start : start + OPEN_ACTIVITIES]])
    return add(totals)


def add(parts: Iterable[Totals]) -> Totals:
    """The sums of totals, name by name."""
    sums: Counter[str] = Counter()
    for part in parts:
        sums.update(part)
    return dict(sums)


DECIDERS = (survey, survey_package)
ACTIVITIES = (warm_up, list_packages, list_files, *CHECKS)


def survey_in_process(limit: int | None = None) -> dict[str, Totals]:
    """The same totals without any workflow: decorated functions are plain ones where nobody decides."""
    found = {}
    for name, count in list_packages.orig(limit):
        files = list_files.orig(name, count)
        found[name] = add(check.orig(files) for check in CHECKS)
    return found
