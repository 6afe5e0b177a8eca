"""What a command or a session loads before it does anything: that is the time until it does."""

from __future__ import annotations

import json
import subprocess
import sys

from ocpp_crosswalk.cli import COMMANDS

_LISTED = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
_VERSION = """
from ocpp_crosswalk.cli import main
try:
    main(["--version"])
except SystemExit:
    pass
"""
_SESSION = """
from ocpp_crosswalk import Crosswalk
Crosswalk.load().session("CP-1", station="ocpp1.6", csms="ocpp2.1").connect(now=0)
"""
_SERVING = """
import asyncio
from ocpp_crosswalk.runner import Config, Listener, Target, serving
from ocpp_crosswalk.runner.config import StoreConfig
from ocpp_crosswalk.versions import Version

async def main():
    csms = {"csms": Target("csms", "ws://127.0.0.1:9", (Version.V201,))}
    async with serving(Config((Listener("127.0.0.1", 0),), csms, store=StoreConfig("memory"))) as service:
        loaded = service.proxy.crosswalk.pack._pairs
        assert {str(pair) for pair in loaded} == {"ocpp1.6--ocpp2.0.1", "ocpp2.1--ocpp2.0.1"}, loaded

asyncio.run(main())
"""
_FOR_SERVING = {"asyncio", "websockets", "uvloop", "ssl"}
_FOR_SOME = {"hypothesis", "rich", "redis", "prometheus_client"}
"""What only a command, a kind of store, or a flag needs."""


def loaded_by(program: str) -> set[str]:
    """The modules that a program has loaded when it is done, by their first names."""
    command = [sys.executable, "-c", f"{program}\n{_LISTED}"]
    return set(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]))


def test_the_version_is_told_without_the_engine() -> None:
    loaded = loaded_by(_VERSION)
    assert "ocpp_crosswalk" in loaded
    assert not loaded & {"jsonata", "jsonschema_rs", "orjson", "yaml", *_FOR_SERVING, *_FOR_SOME}


def test_the_public_names_are_there_before_they_are_loaded() -> None:
    """For `dir`, for `import *`, and each by itself; another name is an error."""
    program = """
import ocpp_crosswalk
assert set(ocpp_crosswalk.__all__) <= set(dir(ocpp_crosswalk))
assert not hasattr(ocpp_crosswalk, "Crosswalks")
from ocpp_crosswalk import *
from ocpp_crosswalk.crosswalk import Crosswalk as home
assert Crosswalk is home and Crosswalk is ocpp_crosswalk.Crosswalk
assert PAIRS[0].station is Version.V16
"""
    assert "ocpp_crosswalk" in loaded_by(program)


def test_a_session_needs_nothing_of_the_proxy() -> None:
    loaded = loaded_by(_SESSION)
    assert loaded >= {"jsonata", "jsonschema_rs", "orjson", "yaml"}
    assert not loaded & {*_FOR_SERVING, *_FOR_SOME}


def test_serving_loads_what_it_is_asked_for() -> None:
    """Neither the libraries of other commands and stores, nor mappings for what no CSMS of it speaks."""
    loaded = loaded_by(_SERVING)
    assert loaded >= _FOR_SERVING
    assert not loaded & _FOR_SOME


def test_no_command_needs_hypothesis() -> None:
    assert "hypothesis" not in loaded_by("\n".join(f"import ocpp_crosswalk.cli.{command}" for command in COMMANDS))
