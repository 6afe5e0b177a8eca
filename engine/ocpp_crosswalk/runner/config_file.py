"""The configuration file: YAML with environment variables, checked against `schemas/config.schema.json`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from ..diagnostics import Diagnostics, MappingError, suggestion
from ..mapping.document import Document, PathInDocument, load_document
from ..mapping.pack import declared_settings
from ..resources import folder
from ..stores import check_store_url
from ..versions import Version
from .addresses import check_csms_url, parse_address
from .config import (
    ClientTls,
    Config,
    ConfigError,
    Credentials,
    Endpoint,
    Limits,
    Listener,
    LogConfig,
    Rule,
    Secret,
    ServerTls,
    StoreConfig,
    Target,
)

_VARIABLE = re.compile(r"\$(\$\{|\{([^}]*)\})")
_GUIDE = "See docs/configuring.md."
_FILE, _FOLDER, _NEW = "file", "folder", "new file"
"""What a path has to lead to; the last is for a file that may be new."""


def load_config(path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration in the YAML file ``path``.

    Raises ConfigError that lists everything wrong, each with file:line:column, a code (XW700 to XW799) and
    what to do.
    """
    try:
        document = load_document(path)
    except MappingError as error:
        raise ConfigError(str(error)) from None
    found = Diagnostics()
    value = _interpolated(document, document.value if document.value is not None else {}, (), environment, found)
    if not found.errors:
        _check_shape(document, value, found)
    if not found.errors:
        _check_references(document, value, found)
        _check_settings(document, value, found)
        _check_paths(document, value, found)
    if found.errors:
        raise ConfigError("\n".join(str(item) for item in found.items))
    return _Reader(path).config(value)


def no_room_for(place: Path, shown: str) -> str:
    """Why no file can be written at ``place``, which is ``shown`` so; empty: it can, as far as can be seen."""
    if not place.parent.is_dir():
        return f"there is no folder for {shown!r}"
    return f"{shown!r} is a folder" if place.is_dir() else ""


# -- environment variables --


def _interpolated(
    document: Document, value: Any, path: PathInDocument, environment: Mapping[str, str], found: Diagnostics
) -> Any:
    """The value with ${NAME} in its strings replaced."""
    if isinstance(value, dict):
        return {k: _interpolated(document, v, (*path, k), environment, found) for k, v in value.items()}
    if isinstance(value, list):
        return [_interpolated(document, v, (*path, i), environment, found) for i, v in enumerate(value)]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        name = match[2]
        if name is None:
            return "${"
        if name not in environment:
            at = document.inside(path, match.start())
            message = f"the environment variable {name!r} is not set"
            found.add("XW701", at, message, "Set it, or write $${ for a plain ${.", _dotted(path))
        return environment.get(name, "")

    return _VARIABLE.sub(replace, value)


# -- the shape --


@cache
def _schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder("schemas") / "config.schema.json").read_text("utf-8"))
    return loaded


@cache
def _validator() -> jsonschema_rs.Draft7Validator:
    """Shows no values in its messages: they may be secrets."""
    return jsonschema_rs.Draft7Validator(_schema(), mask="this value")


def _check_shape(document: Document, value: Any, found: Diagnostics) -> None:
    for failure in _validator().iter_errors(value):
        error: Any = failure
        path: PathInDocument = tuple(error.instance_path)
        kind = type(error.kind).__name__.rpartition("_")[2]
        if kind == "AdditionalProperties":
            known = sorted(_known_keys(error.schema_path))
            for key in error.kind.unexpected:
                remedy = suggestion(key, known) or f"Known keys here: {', '.join(known)}."
                at = (*path, key)
                found.add("XW702", document.position(at), f"unknown key {key!r}", remedy, _dotted(at))
        elif kind == "Required":
            message = f"the key {error.kind.property!r} is missing"
            found.add("XW703", document.position(path), message, _remedy(error), _dotted(path))
        elif kind == "FalseSchema":
            message = f"the key {path[-1]!r} may not stand beside the others here"
            found.add("XW703", document.position(path), message, _GUIDE, _dotted(path))
        else:
            message = str(error.message).split("\n", maxsplit=1)[0][:300]
            found.add("XW703", document.position(path), message, _remedy(error), _dotted(path))


def _known_keys(schema_path: Sequence[Any]) -> list[str]:
    return list(_at(schema_path[:-1]).get("properties", {}))


def _remedy(error: Any) -> str:
    description = _at(error.schema_path[:-1]).get("description", "")
    return f"What belongs here: {description}" if description else _GUIDE


def _at(schema_path: Sequence[Any]) -> dict[str, Any]:
    """The part of the schema at ``schema_path``, references followed."""
    node: Any = _schema()
    for step in schema_path:
        node = _followed(node)
        if step == "$ref":
            continue
        node = node[int(step)] if isinstance(node, list) else node.get(step, {})
    node = _followed(node)
    return node if isinstance(node, dict) else {}


def _followed(node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        node = _schema()["definitions"][node["$ref"].rpartition("/")[2]]
    return node


# -- what hangs together --


def _check_references(document: Document, value: Mapping[str, Any], found: Diagnostics) -> None:
    targets = value.get("csms", {})
    for index, rule in enumerate(value.get("rules", ())):
        path: PathInDocument = ("rules", index)
        name = rule.get("csms")
        if name is not None and name not in targets:
            remedy = suggestion(name, targets) or f"There are: {', '.join(targets) or 'none'}."
            message = f"there is no CSMS {name!r}"
            found.add("XW704", document.position((*path, "csms")), message, remedy, _dotted((*path, "csms")))
        elif name is None and "refuse" not in rule and len(targets) > 1:
            message = "the rule says neither csms nor refuse"
            remedy = f"Name one of the CSMSs: {', '.join(targets)}."
            found.add("XW704", document.position(path), message, remedy, _dotted(path))
    if not value.get("rules") and len(targets) > 1:
        remedy = "Add rules; a rule without conditions fits all stations."
        found.add("XW704", document.position(("csms",)), "there are several CSMSs and no rules", remedy, "csms")
    taken: dict[tuple[str, int], PathInDocument] = {}
    for path, text in _addresses(value):
        try:
            address = parse_address(text)
        except ValueError as error:
            found.add("XW705", document.position(path), str(error), _GUIDE, _dotted(path))
            continue
        if address[1] and address in taken:
            message = f"{text!r} is taken by {_dotted(taken[address])} already"
            found.add("XW705", document.position(path), message, "Give each its own port.", _dotted(path))
        taken[address] = path
    for name, target in targets.items():
        try:
            check_csms_url(target["url"])
        except ValueError as error:
            path = ("csms", name, "url")
            found.add("XW705", document.position(path), str(error), _GUIDE, _dotted(path))


def _check_settings(document: Document, value: Mapping[str, Any], found: Diagnostics) -> None:
    declared = declared_settings(_resolved(document.file, layer) for layer in value.get("mappings", ()))
    places: list[tuple[PathInDocument, Mapping[str, Any]]] = [(("settings",), value.get("settings", {}))]
    places += [(("rules", n, "settings"), rule.get("settings", {})) for n, rule in enumerate(value.get("rules", ()))]
    for place, settings in places:
        for name, given in settings.items():
            path = (*place, name)
            at, setting = document.position(path), declared.get(name)
            if setting is None:
                remedy = suggestion(name, declared) or f"There are: {', '.join(declared)}."
                found.add("XW706", at, f"there is no setting {name!r}", remedy, _dotted(path))
            elif fault := setting.fault(given):
                found.add("XW706", at, fault, f"What belongs here: {setting.description}", _dotted(path))


def _addresses(value: Mapping[str, Any]) -> Iterator[tuple[PathInDocument, str]]:
    for index, listener in enumerate(value.get("listeners", ())):
        yield ("listeners", index, "listen"), listener["listen"]
    if "metrics" in value:
        yield ("metrics",), value["metrics"]


def _check_paths(document: Document, value: Mapping[str, Any], found: Diagnostics) -> None:
    """That what is to be read can be, and that the folder of what is to be written is there."""
    for path, text, kind in _paths(value):
        place = _resolved(document.file, text)
        wanted = place.parent if kind == _NEW else place
        message = no_room_for(place, text) if kind == _NEW else _unreadable(place, text, kind)
        if not message:
            continue
        near = "" if wanted.exists() else suggestion(wanted.name, _names_beside(wanted))
        remedy = near or f"Looked at: {wanted.absolute()}. Relative paths start from the folder of this file."
        found.add("XW707", document.position(path), message, remedy, _dotted(path))


def _unreadable(place: Path, shown: str, kind: str) -> str:
    """Why no file or folder can be read at ``place``, which is ``shown`` so; empty: it can."""
    if not place.exists():
        return f"there is no {kind} {shown!r}"
    if place.is_dir() == (kind == _FILE):
        return f"{shown!r} is no {kind}"
    return "" if os.access(place, os.R_OK) else f"the {kind} {shown!r} may not be read by this user"


def _paths(value: Mapping[str, Any]) -> Iterator[tuple[PathInDocument, str, str]]:
    """Every path that the configuration names: where, and what has to be there."""
    tls: list[tuple[PathInDocument, Mapping[str, Any]]] = [
        *((("listeners", n, "tls"), entry.get("tls", {})) for n, entry in enumerate(value.get("listeners", ()))),
        *((("csms", name, "tls"), entry.get("tls", {})) for name, entry in value.get("csms", {}).items()),
    ]
    for place, entries in tls:
        yield from (((*place, key), text, _FILE) for key, text in entries.items() if isinstance(text, str))
    for key, kind in (("mappings", _FOLDER), ("hooks", _FILE), ("middleware", _FILE)):
        yield from (((key, n), text, kind) for n, text in enumerate(value.get(key, ())) if text != "latency")
    store = value.get("store", "")
    at: PathInDocument = ("store",)
    if not isinstance(store, str):
        store, at = store["url"], ("store", "url")
    if store.startswith("sqlite:"):
        yield at, store.removeprefix("sqlite:"), _NEW
    if "tap" in value:
        yield ("tap",), value["tap"], _NEW


def _resolved(file: str | Path, text: str) -> Path:
    """The path ``text`` in the configuration ``file``."""
    return Path(file).parent / Path(text).expanduser()


def _names_beside(place: Path) -> list[str]:
    try:
        return [entry.name for entry in place.parent.iterdir()]
    except OSError:
        return []


def _dotted(path: PathInDocument) -> str:
    return ".".join(map(str, path))


# -- values --


class _Reader:
    """Makes values of a document that is known to have the right shape."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def config(self, value: Mapping[str, Any]) -> Config:
        default = Config()
        return Config(
            listeners=tuple(map(self._listener, value.get("listeners", ()))) or default.listeners,
            targets={name: self._target(name, entry) for name, entry in value.get("csms", {}).items()},
            rules=tuple(map(self._rule, value.get("rules", ()))),
            settings=value.get("settings", {}),
            profiles=tuple(value["profiles"]) if "profiles" in value else None,
            mappings=tuple(map(self._path, value.get("mappings", ()))),
            hooks=tuple(map(self._path, value.get("hooks", ()))),
            middleware=tuple(e if e == "latency" else self._path(e) for e in value.get("middleware", ())),
            store=self._store(value.get("store", default.store.url)),
            limits=Limits(**value.get("limits", {})),
            log=LogConfig(**value.get("log", {})),
            metrics=Endpoint(*parse_address(value["metrics"])) if "metrics" in value else None,
            workers=value.get("workers", default.workers),
            watch=value.get("watch", default.watch),
            tap=self._path(value["tap"]) if "tap" in value else None,
        )

    def _path(self, text: str) -> Path:
        return _resolved(self._file, text)

    def _listener(self, value: Mapping[str, Any]) -> Listener:
        host, port = parse_address(value["listen"])
        tls = value.get("tls")
        return Listener(host, port, self._server_tls(tls) if tls else None)

    def _server_tls(self, value: Mapping[str, Any]) -> ServerTls:
        authorities = value.get("client_ca")
        return ServerTls(
            self._path(value["certificate"]),
            self._path(value["key"]),
            self._path(authorities) if authorities else None,
            value.get("match_identity", True),
            self._path(value["second_certificate"]) if "second_certificate" in value else None,
            self._path(value["second_key"]) if "second_key" in value else None,
        )

    def _target(self, name: str, value: Mapping[str, Any]) -> Target:
        versions = value["version"] if isinstance(value["version"], list) else [value["version"]]
        tls = {key: self._path(text) for key, text in value.get("tls", {}).items()}
        return Target(
            name,
            value["url"],
            tuple(map(Version, versions)),
            _credentials(value.get("credentials")),
            ClientTls(**tls),
        )

    def _rule(self, value: Mapping[str, Any]) -> Rule:
        return Rule(
            identity=value.get("identity"),
            path=value.get("path"),
            offers=Version(value["offers"]) if "offers" in value else None,
            refuse=value.get("refuse"),
            csms=value.get("csms"),
            assume=Version(value["assume"]) if "assume" in value else None,
            password=Secret(value["password"]) if "password" in value else None,
            certificate=value.get("certificate"),
            credentials=_credentials(value.get("credentials")),
            settings=value.get("settings", {}),
        )

    def _store(self, value: str | Mapping[str, Any]) -> StoreConfig:
        parts = {"url": value} if isinstance(value, str) else dict(value)
        check_store_url(parts["url"])
        if parts["url"].startswith("sqlite:"):
            parts["url"] = f"sqlite:{self._path(parts['url'].removeprefix('sqlite:'))}"
        return StoreConfig(**parts)


def _credentials(value: Mapping[str, Any] | None) -> Credentials | None:
    if not value:
        return None
    return Credentials(Secret(value.get("password") or value["key"]), value.get("username"), "key" in value)
