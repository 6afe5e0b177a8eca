"""Fill ``schemas/<version>/`` with the official OCPP JSON schemas.

    python tools/import_schemas.py            write them
    python tools/import_schemas.py --check    write nothing; exit 1 and name the files that differ

They come from the PyPI package ``ocpp``, pinned in pyproject.toml, which carries the files that the Open
Charge Alliance publishes (for 1.6 with the security extension). Byte order marks, layout and prose (the
annotations ``description`` and ``comment``) are left behind; nothing else is changed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

PACKAGE = "2.1.0"
SOURCES = {"ocpp1.6": "v16", "ocpp2.0.1": "v201", "ocpp2.1": "v21"}
SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"
_PROSE = ("description", "comment")
_MAPS_OF_SCHEMAS = ("properties", "definitions")
_SCHEMAS = ("items", "additionalItems", "additionalProperties")


def strip(schema: dict[str, Any]) -> dict[str, Any]:
    """``schema`` without its prose. Properties that happen to be named ``description`` stay."""
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _PROSE:
            continue
        if key in _MAPS_OF_SCHEMAS:
            result[key] = {name: strip(part) for name, part in value.items()}
        elif key in _SCHEMAS and isinstance(value, dict):
            result[key] = strip(value)
        else:
            result[key] = value
    return result


def published(version: str) -> dict[str, dict[str, Any]]:
    """The schemas of ``version`` in the package, by file name. Raises SystemExit without the package."""
    spec = importlib.util.find_spec("ocpp")
    if spec is None or spec.origin is None:
        raise SystemExit(f"the package ocpp is not installed; run: pip install ocpp=={PACKAGE}")
    found = importlib.metadata.version("ocpp")
    if found != PACKAGE:
        raise SystemExit(f"ocpp {found} is installed, the schemas are those of {PACKAGE}: pip install ocpp=={PACKAGE}")
    folder = Path(spec.origin).parent / SOURCES[version] / "schemas"
    return {path.name: json.loads(path.read_text("utf-8-sig")) for path in sorted(folder.glob("*.json"))}


def files() -> dict[str, str]:
    """Every file that belongs under ``schemas/``: relative path to text."""
    return {
        f"{version}/{name}": json.dumps(strip(schema), indent=1, ensure_ascii=False) + "\n"
        for version in SOURCES
        for name, schema in published(version).items()
    }


def differences(folder: Path, wanted: dict[str, str]) -> list[str]:
    """What to do to ``folder`` so that it holds ``wanted`` and no other schema: one line for each file."""
    present = {f"{version}/{path.name}" for version in SOURCES for path in (folder / version).glob("*")}
    lines = [f"remove {name}" for name in sorted(present - wanted.keys())]
    for name, text in wanted.items():
        if name not in present:
            lines.append(f"add {name}")
        elif (folder / name).read_bytes() != text.encode():
            lines.append(f"change {name}")
    return lines


def write(folder: Path, wanted: dict[str, str]) -> None:
    """Make ``folder`` hold ``wanted`` and no other schema."""
    for line in differences(folder, wanted):
        verb, name = line.split(" ", 1)
        if verb == "remove":
            (folder / name).unlink()
        else:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(wanted[name].encode())


def main(arguments: list[str] | None = None, folder: Path = SCHEMAS) -> int:
    """Run the command line; the result is the exit status."""
    parser = argparse.ArgumentParser(description="Import the official OCPP schemas from the PyPI package ocpp.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when schemas/ is not up to date")
    options = parser.parse_args(arguments)
    wanted = files()
    lines = differences(folder, wanted)
    if options.check:
        for line in lines:
            print(line)
        if lines:
            print(f"{len(lines)} files differ; run: python tools/import_schemas.py", file=sys.stderr)
        return 1 if lines else 0
    write(folder, wanted)
    print(f"{len(wanted)} schemas in {folder}, {len(lines)} of them changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
