"""What the runner is told to do, as plain frozen values. `config_file` makes them from YAML, `arguments`
from flags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..versions import Version


class ConfigError(Exception):
    """A configuration that cannot be used; the text says what is wrong, where, and what to do."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A string that does not show itself in logs or error messages."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "***"


@dataclass(frozen=True, slots=True)
class ServerTls:
    """TLS toward stations. With ``client_ca`` a station must show a certificate signed by it; with
    ``match_identity`` that certificate must have the station's identity (or what its rule says) as its common
    name. The second certificate is for stations that know only ECDSA, or only RSA.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None
    match_identity: bool = True
    second_certificate: Path | None = None
    second_key: Path | None = None


@dataclass(frozen=True, slots=True)
class ClientTls:
    """TLS toward a CSMS. ``ca`` replaces the system's list of authorities; certificate and key are the
    proxy's own.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """An address where stations connect. Port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 8180
    tls: ServerTls | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """HTTP Basic credentials. Without a user name the station's identity is taken. ``hexadecimal``: the password
    is the key of a 1.6 station, and presented as the bytes that it stands for.
    """

    password: Secret
    username: str | None = None
    hexadecimal: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """A CSMS: where it is, the versions that it speaks (the preferred one first), and how it is to be met.

    Without ``credentials`` the station's own Authorization header is passed on.
    """

    name: str
    url: str
    versions: tuple[Version, ...]
    credentials: Credentials | None = None
    tls: ClientTls = ClientTls()


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes of the stations that fit. Conditions that are None fit everything; patterns are shell
    globs.

    ``refuse`` is an HTTP status to answer with. Otherwise the station goes to ``csms`` (the name of a
    target). ``assume`` is the version of a station that offers none, ``password`` what a station has to
    present here, ``certificate`` the common name of its certificate where that is not its identity.
    """

    identity: str | None = None
    path: str | None = None
    offers: Version | None = None
    refuse: int | None = None
    csms: str | None = None
    assume: Version | None = None
    password: Secret | None = None
    certificate: str | None = None
    credentials: Credentials | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """Which store, and how durable. ``ttl_days`` is for Redis: how long the state of a dead station is
    kept.
    """

    url: str = "sqlite:ocpp-crosswalk.sqlite"
    durability: str = "normal"
    ttl_days: float = 180.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a peer may ask of the proxy, and how long it may take. 0 means no limit; times are in seconds."""

    frame_bytes: int = 4 * 2**20
    frames_per_second: float = 200.0
    burst: int = 2000
    connections: int = 0
    open_seconds: float = 15.0
    send_seconds: float = 30.0
    ping_seconds: float = 30.0
    pong_seconds: float = 30.0
    middleware_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class LogConfig:
    """How the log is written: ``human`` or ``json``, from which level on, and whether frames are in it."""

    format: str = "human"
    level: str = "info"
    frames: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host and a port."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that `serve` needs. Without ``targets`` a demonstration CSMS of ``demo_version`` is
    started. ``middleware`` are Python files, or ``latency``, which is built in.
    """

    listeners: tuple[Listener, ...] = (Listener(),)
    targets: Mapping[str, Target] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    profiles: tuple[str, ...] | None = None
    mappings: tuple[Path, ...] = ()
    hooks: tuple[Path, ...] = ()
    middleware: tuple[Path | str, ...] = ()
    builtin: bool = True
    store: StoreConfig = StoreConfig()
    limits: Limits = Limits()
    log: LogConfig = LogConfig()
    metrics: Endpoint | None = None
    workers: int = 1
    watch: bool = True
    tap: Path | None = None
    demo_version: Version = Version.V21
