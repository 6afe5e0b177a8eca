"""Runs what stands in a document: its files are written, its commands and its Python run, section by section.

A fenced block with a file name is a file. A ``console`` block is one command and what it prints, where ``...`` stands
for anything. A ``python`` block without a name is run, and what it prints stands in the ``output`` block after it.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from pathlib import Path
from unittest.mock import patch

from ocpp_crosswalk.cli import main

DOCS = Path(__file__).parents[1] / "docs"
_FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document: Path) -> list[tuple[str, str, str]]:
    """Every fenced block that has a language: the language, the file name or nothing, and the text."""
    return [(kind, name or "", text) for kind, name, text in _FENCE.findall(document.read_text("utf-8"))]


def run(document: Path, folder: Path) -> int:
    """Run the document in ``folder``, the current one; gives how many commands and programs ran."""
    ran = 0
    printed = ""
    for kind, name, text in blocks(document):
        if name:
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        elif kind == "console":
            command, _, expected = text.partition("\n")
            said = _command(command)
            assert _matches(expected, said), f"{command}\n{said}"
            ran += 1
        elif kind == "python":
            printed = _python(text, document)
            ran += 1
        elif kind == "output":
            assert _matches(text, printed), f"{document.name} does not print what stands there, but\n{printed}"
    return ran


def _command(line: str) -> str:
    """What a command of ours prints; ``echo TEXT |`` before it is its input."""
    words = shlex.split(line.removeprefix("$ "))
    given = ""
    if words[0] == "echo":
        given, words = words[1] + "\n", words[3:]
    program, *arguments = words
    assert program == "ocpp-crosswalk", line
    out = io.StringIO()
    with contextlib.redirect_stdout(out), patch.object(sys, "stdin", io.StringIO(given)):
        main(arguments)
    return out.getvalue()


def _python(text: str, document: Path) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(text, str(document), "exec"), {"__name__": "__main__"})
    return out.getvalue()


def _matches(expected: str, printed: str) -> bool:
    """Whether the output is as shown, where ``...`` stands for anything."""
    parts = [re.escape(part) for part in expected.strip().split("...")]
    return re.fullmatch(r"\s*" + ".*?".join(parts) + r"\s*", printed.strip(), re.DOTALL) is not None
