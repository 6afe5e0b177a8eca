"""What docs/architecture.md says of the modules: which there are, what each may import, what none may name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ocpp_crosswalk.protocol import protocol
from ocpp_crosswalk.versions import Version

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "engine" / "ocpp_crosswalk"
DOCUMENT = (ROOT / "docs" / "architecture.md").read_text("utf-8")

LAYERS = (
    {
        "versions",
        "times",
        "resources",
        "userfile",
        "diagnostics",
        "codes",
        "events",
        "protocol",
        "schemas",
        "frames",
        "validation",
    },
    {"expressions", "repairs", "repeats", "outbox", "view"},
    {"mapping", "hooks"},
    {"interpreter", "describe"},
    {"ids", "journal", "intake", "peer"},
    {"session"},
    {"crosswalk"},
    {"pending"},
    {"stores", "conversation"},
    {"check", "demo", "scaffold"},
    {"runner"},
    {"cli"},
)
"""From the bottom to the top: a module imports its own layer and what is below."""

WORLD = {"asyncio", "time", "random", "secrets", "socket", "ssl", "threading", "uuid"}
"""What a session must not know of: I/O, clocks, chance."""
OUTSIDE = {"runner", "stores", "cli", "demo", "check", "conversation", "scaffold", "pending"}
"""Who may."""
LOCKED = {"expressions/parse.py": {"threading"}, "expressions/quote.py": {"threading"}}
"""Exceptions: jsonata-python's parser is no good in two threads at once, nor is that of Python 3.11."""


def modules() -> Iterator[tuple[str, Path, ast.Module]]:
    """The part of the package that each file belongs to, the file, and its tree."""
    for path in sorted(PACKAGE.rglob("*.py")):
        first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if first != "__init__":
            yield first, path, ast.parse(path.read_text("utf-8"))


def imports(path: Path, tree: ast.Module) -> Iterator[str]:
    """What a file imports: parts of our own package as `.name`, others by their first name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module).split(".")[0]
        elif isinstance(node, ast.ImportFrom):
            parents = path.relative_to(PACKAGE).parts[: -node.level]
            parts = [*parents, *(node.module or "").split(".")]
            first = next((part for part in parts if part), "")
            yield from ([f".{first}"] if first else [f".{alias.name}" for alias in node.names])


def test_dependencies_point_one_way() -> None:
    level = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    wrong = []
    for part, path, tree in modules():
        assert part in level, f"{part} stands in no layer"
        for name in imports(path, tree):
            if name.startswith(".") and (target := name[1:]) in level and level[target] > level[part]:
                wrong.append(f"{path.relative_to(PACKAGE)} imports {target}, which is above it")
    assert not wrong


def test_what_is_below_the_runner_knows_no_clock_no_chance_and_no_sockets() -> None:
    wrong = []
    for part, path, tree in modules():
        file = path.relative_to(PACKAGE).as_posix()
        if part not in OUTSIDE and (found := set(imports(path, tree)) & WORLD - LOCKED.get(file, set())):
            wrong.append(f"{file} imports {', '.join(sorted(found))}")
    assert not wrong


def test_no_action_is_named_outside_hooks() -> None:
    actions = {action for version in Version for action in protocol(version).actions} - {"Reset"}
    wrong = []
    for part, path, tree in modules():
        if part in ("hooks", "demo"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and node.value in actions:
                wrong.append(f"{path.relative_to(PACKAGE)}:{node.lineno} names {node.value}")
    assert not wrong, "\n".join(wrong)


def test_the_document_lists_the_modules() -> None:
    listed = re.findall(r"^\| ((?:`[\w./]+`(?:, )?)+) \|", DOCUMENT, re.MULTILINE)
    named = {name.strip("/").removesuffix(".py") for row in listed for name in re.findall(r"`([\w./]+)`", row)}
    assert named == {part for part, _, _ in modules()}


def test_nobody_imports_the_folder() -> None:
    for path in (*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "tools").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not any(name.split(".")[0] == "engine" for name in names), f"{path} imports the folder `engine`"
