"""The flags of `serve`."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from ocpp_crosswalk.runner.arguments import add_arguments, config_from_arguments
from ocpp_crosswalk.runner.config import Config, ConfigError, Endpoint, Listener, LogConfig, Rule, StoreConfig, Target
from ocpp_crosswalk.versions import Version


def parse(*flags: str) -> Config:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return config_from_arguments(parser.parse_args(flags))


def test_without_any_flag_a_demonstration_is_served() -> None:
    assert parse() == Config()
    assert parse("--csms-version", "ocpp2.0.1").demo_version is Version.V201


def test_the_usual_flags() -> None:
    config = parse(
        *("--listen", "0.0.0.0:9000", "--csms", "wss://x/y", "--csms-version", "ocpp2.1,ocpp2.0.1"),
        *("--store", "redis://h/1", "--mappings", "a", "--mappings", "b", "--hooks", "h.py", "--workers", "4"),
        *("--log", "json", "--log-level", "debug", "--metrics", ":9090", "--tap", "t"),
    )
    assert config == Config(
        listeners=(Listener("0.0.0.0", 9000),),
        targets={"csms": Target("csms", "wss://x/y", (Version.V21, Version.V201))},
        store=StoreConfig("redis://h/1"),
        mappings=(Path("a"), Path("b")),
        hooks=(Path("h.py"),),
        workers=4,
        log=LogConfig("json", "debug", False),
        metrics=Endpoint("", 9090),
        tap=Path("t"),
    )


def test_flags_go_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("workers: 2\nlog: {level: error}\ncsms: {a: {url: ws://a, version: ocpp2.1}}\nmappings: [m]\n")
    (tmp_path / "m").mkdir()
    config = parse("--config", str(path), "--workers", "3", "--mappings", "n", "--log-frames")
    assert (config.workers, config.log) == (3, LogConfig("human", "error", True))
    assert config.mappings == (tmp_path / "m", Path("n"))
    assert list(config.targets) == ["a"]
    assert list(parse("--config", str(path), "--csms", "ws://b", "--csms-version", "ocpp1.6").targets) == ["csms"]


def test_an_assumed_version() -> None:
    assert parse("--assume", "ocpp1.6").rules == (Rule(assume=Version.V16),)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--listen", "here"], "'here' is no address"),
        (["--csms", "ws://x"], "--csms needs --csms-version"),
        (
            ["--csms", "http://x", "--csms-version", "ocpp2.1"],
            "--csms: this is no address of a CSMS: it does not begin with",
        ),
        (["--csms", "", "--csms-version", "ocpp2.1"], "--csms: this is no address of a CSMS"),
        (["--csms", "ws://host:99999/x", "--csms-version", "ocpp2.1"], "its port is no number from 1 to 65535"),
        (["--csms-version", ""], "--csms-version names no version"),
        (["--listen", ""], "'' is no address"),
        (["--metrics", ""], "'' is no address"),
        (["--store", ""], "'' names no store"),
        (["--assume", ""], "unknown OCPP version ''"),
        (["--csms-version", "2.1"], "unknown OCPP version '2.1'; known are ocpp1.6, ocpp2.0.1, ocpp2.1"),
        (["--store", "mysql://"], "names no store"),
        (["--workers", "0"], "from 1 to 256"),
        (["--workers", "2", "--store", "memory"], "need a store that they can share"),
        (["--config", "/none.yaml"], "cannot be read"),
        (["--store", "sqlite:/nodir/x"], "--store: there is no folder for '/nodir/x'"),
        (["--tap", "/nodir/x"], "--tap: there is no folder for '/nodir/x'"),
        (["--tap", "/"], "--tap: '/' is a folder"),
        (["--listen", "h:1", "--metrics", "h:1"], "stations and metrics cannot share h:1"),
        (["--listen", f"{'a' * 64}:1"], "is no address"),
    ],
)
def test_wrong_flags_are_explained(flags: list[str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(*flags)
    assert said in str(caught.value)


@pytest.mark.parametrize("flag", ["--mappings", "--hooks", "--config", "--tap"])
def test_an_empty_path_is_none(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(flag, "")
    assert f"argument {flag}: the path is empty" in capsys.readouterr().err
