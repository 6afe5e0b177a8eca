"""The flags of `ocpp-crosswalk serve`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ..stores import check_store_url
from ..versions import Version
from .addresses import check_csms_url, parse_address
from .config import Config, ConfigError, Endpoint, Listener, LogConfig, Rule, StoreConfig, Target
from .config_file import load_config, no_room_for


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `serve` to ``parser``."""
    add = parser.add_argument
    add(
        "--listen",
        metavar="HOST:PORT",
        help="where stations connect, as ws://HOST:PORT/any/prefix/IDENTITY (default: 127.0.0.1:8180)",
    )
    add(
        "--csms",
        metavar="URL",
        help="the CSMS's OCPP-J endpoint, ws:// or wss://; the identity is appended. "
        "Without it, a demonstration CSMS is started",
    )
    add(
        "--csms-version",
        metavar="VERSION",
        help="what the CSMS speaks: ocpp1.6, ocpp2.0.1 or ocpp2.1, or several with commas, the preferred one first "
        "(without --csms: what the demonstration CSMS speaks, default ocpp2.1)",
    )
    add(
        "--assume",
        metavar="VERSION",
        help="the version of stations that offer no subprotocol (default: they are not let in)",
    )
    add(
        "--store",
        metavar="STORE",
        help="where the state of stations is kept: memory, sqlite:PATH, redis://HOST:PORT/DB or rediss://... "
        "(default: sqlite:ocpp-crosswalk.sqlite)",
    )
    add(
        "--mappings",
        metavar="DIR",
        type=_path,
        action="append",
        help="a folder of mappings to lay over the built-in ones; may be given several times",
    )
    add(
        "--hooks",
        metavar="FILE",
        type=_path,
        action="append",
        help="a Python file with functions for mappings; may be given several times",
    )
    add("--config", metavar="FILE", type=_path, help="a YAML file that can say all this and more; flags go over it")
    add(
        "--check-config",
        action="store_true",
        help="check the configuration and its own mappings by type, then exit; `ocpp-crosswalk check` also runs them",
    )
    add("--workers", metavar="N", type=int, help="how many processes share the port (default: 1)")
    add(
        "--validate",
        choices=("enforce", "report", "off"),
        help="what becomes of payloads that break their schema: they go no further, are reported, or nobody looks "
        "(default: enforce; it is the setting `validation`)",
    )
    add("--log", choices=("human", "json"), help="how the log is written to standard error (default: human)")
    add("--log-level", choices=("debug", "info", "warning", "error"), help="from which level on (default: info)")
    add("--log-frames", action="store_true", help="log every frame, with secrets masked")
    add("--metrics", metavar="HOST:PORT", help="serve /metrics, /healthz and /readyz there (default: nowhere)")
    add("--tap", metavar="FILE", type=_path, help="write every frame to FILE as JSON lines; it will hold secrets")


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def config_from_arguments(arguments: argparse.Namespace) -> Config:
    """The configuration that the flags and the file they name describe. Raises ConfigError."""
    config = load_config(arguments.config) if arguments.config else Config()
    try:
        return _with_flags(config, arguments)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _with_flags(config: Config, arguments: argparse.Namespace) -> Config:
    if arguments.listen is not None:
        config = replace(config, listeners=(Listener(*parse_address(arguments.listen)),))
    config = _with_csms(config, arguments)
    if arguments.store is not None:
        check_store_url(arguments.store)
        if arguments.store.startswith("sqlite:"):
            _check_room("--store", arguments.store.removeprefix("sqlite:"))
        config = replace(config, store=StoreConfig(arguments.store))
    if arguments.workers is not None:
        if not 1 <= arguments.workers <= 256:
            raise ConfigError("--workers has to be from 1 to 256")
        config = replace(config, workers=arguments.workers)
    if arguments.metrics is not None:
        config = replace(config, metrics=Endpoint(*parse_address(arguments.metrics)))
    if arguments.validate:
        config = replace(config, settings={**config.settings, "validation": arguments.validate})
    log = LogConfig(
        arguments.log or config.log.format,
        arguments.log_level or config.log.level,
        arguments.log_frames or config.log.frames,
    )
    config = replace(
        config,
        mappings=(*config.mappings, *(arguments.mappings or ())),
        hooks=(*config.hooks, *(arguments.hooks or ())),
        log=log,
        tap=arguments.tap or config.tap,
    )
    if arguments.tap is not None:
        _check_room("--tap", str(arguments.tap))
    if config.metrics and config.metrics.port and _same_address(config.metrics, config.listeners):
        raise ConfigError(f"stations and metrics cannot share {config.metrics.host}:{config.metrics.port}")
    if config.workers > 1 and config.store.url == "memory":
        raise ConfigError(
            "several workers need a store that they can share: a station may come back to another one. "
            "Use sqlite:PATH or redis://"
        )
    return config


def _same_address(metrics: Endpoint, listeners: Iterable[Listener]) -> bool:
    return any((listener.host, listener.port) == (metrics.host, metrics.port) for listener in listeners)


def _check_room(flag: str, text: str) -> None:
    fault = no_room_for(Path(text), text)
    if fault:
        raise ConfigError(f"{flag}: {fault}")


def _with_csms(config: Config, arguments: argparse.Namespace) -> Config:
    named = (arguments.csms_version or "").replace(",", " ").split()
    versions = tuple(dict.fromkeys(Version.parse(name) for name in named))
    if arguments.csms_version is not None and not versions:
        raise ConfigError("--csms-version names no version: ocpp1.6, ocpp2.0.1 or ocpp2.1")
    if arguments.csms is not None:
        try:
            check_csms_url(arguments.csms)
        except ValueError as error:
            raise ConfigError(f"--csms: {error}") from None
        if not versions:
            raise ConfigError("--csms needs --csms-version: ocpp1.6, ocpp2.0.1 or ocpp2.1")
        target = Target("csms", arguments.csms, versions)
        config = replace(config, targets={"csms": target}, rules=())
    elif versions:
        if config.targets:
            raise ConfigError("--csms-version goes with --csms; the file says the versions of its own CSMSs")
        config = replace(config, demo_version=versions[0])
    if arguments.assume is not None:
        if config.rules:
            raise ConfigError("--assume cannot be combined with rules; write assume: into a rule")
        config = replace(config, rules=(Rule(assume=Version.parse(arguments.assume)),))
    return config
