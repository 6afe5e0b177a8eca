"""The files of docs/deployment can be used as they stand."""

from __future__ import annotations

import argparse
import configparser
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from documents import DOCS
from ocpp_crosswalk.runner.arguments import add_arguments, config_from_arguments
from ocpp_crosswalk.runner.config import Config
from ocpp_crosswalk.runner.config_file import load_config
from ocpp_crosswalk.runner.metrics import Metrics
from ocpp_crosswalk.runner.workers import _END_SECONDS

FOLDER = DOCS / "deployment"
ROOT = DOCS.parent
ENVIRONMENT = {"CSMS_URL": "wss://csms.example.com/ocpp", "STORE_URL": "redis://:secret@redis/0"}


def arguments(words: list[str], config: Path) -> Config:
    """The configuration of a command line whose file is ``config``; a flag that does not exist fails."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_arguments(parser)
    where = words.index("--config")
    return config_from_arguments(parser.parse_args([*words[: where + 1], str(config), *words[where + 2 :]]))


def test_the_configuration_is_good() -> None:
    config = load_config(FOLDER / "config.yaml", ENVIRONMENT)
    assert [target.url for target in config.targets.values()] == ["wss://csms.example.com/ocpp"]
    assert config.store.url == "redis://:secret@redis/0"
    assert (config.listeners[0].port, config.metrics and config.metrics.port) == (8180, 9180)


def test_compose(monkeypatch: pytest.MonkeyPatch) -> None:
    services = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    crosswalk = services["crosswalk"]
    for name in ENVIRONMENT:
        monkeypatch.setenv(name, "ws://x" if name == "CSMS_URL" else crosswalk["environment"][name])
    config = arguments(crosswalk["command"], FOLDER / "config.yaml")
    assert config.store.url == f"redis://{services['redis'].get('hostname', 'redis')}:6379/0"
    assert seconds(crosswalk["stop_grace_period"]) > _END_SECONDS
    for service in services.values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert not source.startswith("./") or (FOLDER / source).is_file()
    assert (FOLDER / crosswalk["build"]["context"] / crosswalk["build"]["dockerfile"]).is_file()
    balancer = (FOLDER / "haproxy.cfg").read_text()
    assert f"crosswalk:{config.listeners[0].port} check port {config.metrics and config.metrics.port}" in balancer


def test_kubernetes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts: dict[str, Any] = {
        part["kind"]: part for part in yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text())
    }
    pod = parts["Deployment"]["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    for name, value in parts["Secret"]["stringData"].items():
        monkeypatch.setenv(name, value)
    (tmp_path / "config.yaml").write_text(parts["ConfigMap"]["data"]["config.yaml"])
    config = arguments(container["args"], tmp_path / "config.yaml")
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"ocpp": config.listeners[0].port, "ops": config.metrics and config.metrics.port}
    probes = [container[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")]
    assert [probe["path"] for probe in probes] == ["/healthz", "/readyz", "/healthz"]
    assert pod["spec"]["terminationGracePeriodSeconds"] > _END_SECONDS
    labels = pod["metadata"]["labels"]
    for kind in ("Service", "Deployment", "PodDisruptionBudget"):
        selector = parts[kind]["spec"]["selector"]
        assert selector.get("matchLabels", selector) == labels


def test_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(FOLDER / "ocpp-crosswalk.service")
    for name in ENVIRONMENT:
        monkeypatch.setenv(name, ENVIRONMENT[name])
    for key in ("ExecStartPre", "ExecStart"):
        program, command, *words = shlex.split(unit["Service"][key])
        assert (Path(program).name, command) == ("ocpp-crosswalk", "serve")
        assert arguments(words, FOLDER / "config.yaml").targets
    assert float(unit["Service"]["TimeoutStopSec"]) > _END_SECONDS


def test_the_image_starts_the_program() -> None:
    text = (FOLDER / "Dockerfile").read_text()
    assert 'ENTRYPOINT ["ocpp-crosswalk", "serve"]' in text
    assert re.search(r'CMD \["--config", "/etc/ocpp-crosswalk/config.yaml"\]', text)


def test_the_image_is_built_from_all_that_the_package_is_made_of() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [*wheel["only-include"], wheel["hooks"]["custom"]["path"], project["project"]["readme"], "pyproject.toml"]
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    sent = {line[1:] for line in ignored if line.startswith("!")}
    assert "*" in ignored
    assert all(sent & {path, *map(str, Path(path).parents)} for path in needed)
    assert all((ROOT / path).exists() for path in sent)


def test_every_flag_is_described() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    flags = {option for action in parser._actions for option in action.option_strings}
    text = (DOCS / "running.md").read_text()
    assert set(re.findall(r"^\| `(--[a-z-]+)", text, re.MULTILINE)) == flags


def seconds(text: str) -> float:
    assert text.endswith("s")
    return float(text[:-1])


def test_every_metric_is_described() -> None:
    text = (DOCS / "running.md").read_text()
    described = set(re.findall(r"`(ocpp_crosswalk_\w+?)(?:_total)?`", text))
    assert {metric.name for metric in Metrics().registry.collect()} == described
