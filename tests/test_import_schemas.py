"""tools/import_schemas.py: what it writes, and that leaving out the prose changes no verdict."""

from __future__ import annotations

import importlib.util
import random
import shutil
import sys
from pathlib import Path
from types import ModuleType

import jsonschema_rs
import pytest

from ocpp_crosswalk.check.generate import random_payload
from ocpp_crosswalk.versions import Version
from schema_mutations import messages, spoilt

_TOOL = Path(__file__).parent.parent / "tools" / "import_schemas.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("import_schemas", _TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_checkout_is_up_to_date(tool: ModuleType) -> None:
    assert tool.main(["--check"]) == 0


def test_check_names_what_differs(tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "schemas"
    for version in Version:
        shutil.copytree(tool.SCHEMAS / version, folder / version)
    (folder / "ocpp1.6" / "Reset.json").write_text("{}")
    (folder / "ocpp2.1" / "ResetRequest.json").unlink()
    (folder / "ocpp2.1" / "Made up.json").write_text("{}")
    assert tool.main(["--check"], folder) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "remove ocpp2.1/Made up.json",
        "change ocpp1.6/Reset.json",
        "add ocpp2.1/ResetRequest.json",
    ]
    assert tool.main([], folder) == 0
    assert tool.main(["--check"], folder) == 0


def test_prose_goes_and_properties_of_that_name_stay(tool: ModuleType) -> None:
    schema = {
        "description": "prose",
        "comment": "prose",
        "properties": {
            "description": {"type": "string", "description": "prose"},
            "comment": {"type": "string"},
        },
        "items": {"description": "prose", "enum": ["description"]},
        "default": {"description": "a value"},
    }
    assert tool.strip(schema) == {
        "properties": {"description": {"type": "string"}, "comment": {"type": "string"}},
        "items": {"enum": ["description"]},
        "default": {"description": "a value"},
    }


@pytest.mark.parametrize("version", Version)
def test_stripped_and_original_give_the_same_verdicts(tool: ModuleType, version: Version) -> None:
    rng = random.Random(11)
    originals = tool.published(version)
    seen = {True: 0, False: 0}
    for _, action, kind in (message for message in messages() if message[0] is version):
        name = next(name for name in (f"{action}{kind.capitalize()}.json", f"{action}.json") if name in originals)
        original = jsonschema_rs.validator_for(originals[name])
        stripped = jsonschema_rs.validator_for(tool.strip(originals[name]))
        payloads = [random_payload(rng, version, action, kind) for _ in range(5)]
        payloads += [spoilt(rng, payload) for payload in payloads for _ in range(5)]
        for payload in payloads:
            verdict = original.is_valid(payload)
            assert stripped.is_valid(payload) is verdict, (name, payload)
            seen[verdict] += 1
    assert min(seen.values()) > 100
