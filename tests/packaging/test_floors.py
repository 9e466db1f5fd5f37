"""A module imports only from floors below its own, so that the package can be read from the bottom up."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import pyswf_fast

PACKAGE = Path(pyswf_fast.__file__).parent

#: From the ground up; nothing imports from its own floor.
FLOORS = (
    ("exceptions",),
    ("constraints", "signatures", "nondeterminism", "plain", "pace"),
    ("_replay", "jsontext"),
    ("serializers", "storage", "failures", "conversion"),
    ("annotations",),
    ("payload", "retry"),
    ("lambdas",),
    ("decorators", "workflow", "activity", "transport"),
    ("registration", "execution", "build", "rehearsal", "stall", "kept"),
    ("fetching",),
    ("decider", "perform", "polling", "client"),
    ("roster", "replayer"),
    ("lanes", "local"),
    ("deciding", "performing"),
    ("worker",),
    ("distributed",),
    ("cli", "testing"),
)
#: PySwfAws's module names, which only hand on what others define.
HANDED_ON = ("activityworker", "datastores", "decisionworker", "promise", "models")
#: Who may start the embedded service: it stands beside the floors, on exceptions alone but for its page.
MAY_SERVE = {"cli", "local", "testing"}
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def part_of(path: Path) -> str:
    """The name under which a file stands in the table: its module, or its subpackage."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_parts(path: Path) -> Iterator[tuple[str, int]]:
    """The parts of the package that a file imports, with the line; imports for types alone do not count."""
    tree = ast.parse(path.read_bytes())
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "pyswf_fast":
            names = [f"pyswf_fast.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            names = [node.module or ""]
        else:
            continue
        for name in names:
            top, _, rest = name.partition(".")
            if top == "pyswf_fast":
                yield rest.partition(".")[0], node.lineno


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_from_floors_below(path: Path) -> None:
    part = part_of(path)
    if part == "service":
        allowed = {"exceptions", "service"}
        if path.parent.name == "page":  # it shows people what is in payloads
            allowed |= {"payload", "storage"}
    elif part in HANDED_ON:
        allowed = set(FLOOR_OF) - {"cli", "testing"}
    else:
        assert part in FLOOR_OF, f"give {part!r} a floor in {__file__}"
        allowed = {name for name, floor in FLOOR_OF.items() if floor < FLOOR_OF[part]}
        allowed |= {part} if path.parent != PACKAGE else set()
        allowed |= {"service"} if part in MAY_SERVE else set()
    # The names that the package itself exports come from floors of their own; only the top uses them so.
    wrong = [
        f"{path}:{line} imports {name}"
        for name, line in imported_parts(path)
        if name not in allowed and not (part == "cli" and name in pyswf_fast.__all__)
    ]
    assert wrong == []
