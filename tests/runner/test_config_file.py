"""The configuration file: what it says, and what is said when it is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ocpp_crosswalk.protocol import profiles
from ocpp_crosswalk.resources import folder
from ocpp_crosswalk.runner.addresses import parse_address
from ocpp_crosswalk.runner.config import (
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
from ocpp_crosswalk.runner.config_file import load_config
from ocpp_crosswalk.versions import Version

FULL = """\
# yaml-language-server: $schema=config.schema.json
listeners:
  - listen: 0.0.0.0:8180
  - listen: "[::]:8443"
    tls: {certificate: certs/server.pem, key: certs/server.key, client_ca: certs/ca.pem, match_identity: false,
          second_certificate: certs/rsa.pem, second_key: certs/rsa.key}
csms:
  main:
    url: wss://csms.example/ocpp
    version: [ocpp2.1, ocpp2.0.1]
    credentials: {username: proxy, password: "${CSMS_PASSWORD}"}
    tls: {ca: certs/csms.pem, certificate: certs/client.pem, key: certs/client.key}
  old: {url: "ws://10.0.0.1:9000/x", version: ocpp1.6, credentials: {key: 00fF}}
rules:
  - {identity: "LAB-*", refuse: 403}
  - {path: /old/*, offers: ocpp2.0.1, csms: old, assume: ocpp1.6, password: "${KEY}",
     certificate: SN1, settings: {callTimeout: 5}}
  - csms: main
settings: {callTimeout: 20}
profiles: [core, smart-charging]
mappings: [ours, "{theirs}"]
hooks: [hooks.py]
middleware: [ours.py, latency]
store: {url: "sqlite:state/x.sqlite", durability: full, ttl_days: 3}
limits: {frame_bytes: 1000, frames_per_second: 5, burst: 9, connections: 7, ping_seconds: 0}
log: {format: json, level: debug, frames: true}
metrics: 127.0.0.1:9090
workers: 3
watch: false
tap: tap.jsonl
"""
ENVIRONMENT = {"CSMS_PASSWORD": "s3cret", "KEY": "00ff"}


def write(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text)
    return path


def write_full(folder: Path) -> Path:
    """The full configuration, and all that it names."""
    for name in ("certs", "ours", "theirs", "state"):
        (folder / name).mkdir()
    for name in ("server", "rsa", "client"):
        (folder / "certs" / f"{name}.pem").touch()
        (folder / "certs" / f"{name}.key").touch()
    for name in ("certs/ca.pem", "certs/csms.pem", "hooks.py", "ours.py"):
        (folder / name).touch()
    return write(folder, FULL.replace("{theirs}", str(folder / "theirs")))


def test_everything_that_it_can_say(tmp_path: Path) -> None:
    certs = tmp_path / "certs"
    assert load_config(write_full(tmp_path), ENVIRONMENT) == Config(
        listeners=(
            Listener("0.0.0.0", 8180),
            Listener(
                "::",
                8443,
                ServerTls(
                    certs / "server.pem",
                    certs / "server.key",
                    certs / "ca.pem",
                    False,
                    certs / "rsa.pem",
                    certs / "rsa.key",
                ),
            ),
        ),
        targets={
            "main": Target(
                "main",
                "wss://csms.example/ocpp",
                (Version.V21, Version.V201),
                Credentials(Secret("s3cret"), "proxy"),
                ClientTls(certs / "csms.pem", certs / "client.pem", certs / "client.key"),
            ),
            "old": Target(
                "old", "ws://10.0.0.1:9000/x", (Version.V16,), Credentials(Secret("00fF"), None, hexadecimal=True)
            ),
        },
        rules=(
            Rule(identity="LAB-*", refuse=403),
            Rule(
                path="/old/*",
                offers=Version.V201,
                csms="old",
                assume=Version.V16,
                password=Secret("00ff"),
                certificate="SN1",
                settings={"callTimeout": 5},
            ),
            Rule(csms="main"),
        ),
        settings={"callTimeout": 20},
        profiles=("core", "smart-charging"),
        mappings=(tmp_path / "ours", tmp_path / "theirs"),
        hooks=(tmp_path / "hooks.py",),
        middleware=(tmp_path / "ours.py", "latency"),
        store=StoreConfig(f"sqlite:{tmp_path}/state/x.sqlite", "full", 3),
        limits=Limits(1000, 5, 9, 7, 15.0, 30.0, 0),
        log=LogConfig("json", "debug", True),
        metrics=Endpoint("127.0.0.1", 9090),
        workers=3,
        watch=False,
        tap=tmp_path / "tap.jsonl",
    )


def test_nothing_is_required(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, "")) == Config(store=StoreConfig(f"sqlite:{tmp_path}/ocpp-crosswalk.sqlite"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "listners: []\n",
            "config.yaml:1:1: error XW702 at listners: unknown key 'listners'\n    Did you mean 'listeners'?",
        ),
        (
            "csms:\n  a: {url: ws://x, version: ocpp2.1, tsl: {}}\n",
            "config.yaml:2:38: error XW702 at csms.a.tsl: unknown key 'tsl'\n    Did you mean 'tls'?",
        ),
        (
            "limits:\n  burst: many\n",
            'config.yaml:2:10: error XW703 at limits.burst: this value is not of type "integer"\n'
            "    What belongs here: Frames of one peer at once. Default: 2000.",
        ),
        (
            "csms:\n  a:\n    version: ocpp2.1\n",
            "config.yaml:2:3: error XW703 at csms.a: the key 'url' is missing\n    See docs/configuring.md.",
        ),
        (
            "rules:\n  - password: ${NOPE}\n",
            "config.yaml:2:15: error XW701 at rules.0.password: the environment variable 'NOPE' is not set\n"
            "    Set it, or write $${ for a plain ${.",
        ),
        (
            "csms:\n  main: {url: ws://x, version: ocpp2.1}\nrules:\n  - csms: mian\n",
            "config.yaml:4:11: error XW704 at rules.0.csms: there is no CSMS 'mian'\n    Did you mean 'main'?",
        ),
        (
            "csms:\n  a: {url: ws://x, version: ocpp2.1}\n  b: {url: ws://x, version: ocpp2.1}\n",
            "config.yaml:1:1: error XW704 at csms: there are several CSMSs and no rules\n"
            "    Add rules; a rule without conditions fits all stations.",
        ),
        (
            "metrics: localhost:99999\n",
            "config.yaml:1:10: error XW705 at metrics: 'localhost:99999' is no address; write HOST:PORT, "
            "such as 0.0.0.0:8180 or [::]:8180\n    See docs/configuring.md.",
        ),
        (
            "rules:\n  - settings: {calTimeout: 5}\n",
            "config.yaml:2:28: error XW706 at rules.0.settings.calTimeout: there is no setting 'calTimeout'\n"
            "    Did you mean 'callTimeout'?",
        ),
        (
            "settings:\n  callTimeout: 0\n",
            "error XW706 at settings.callTimeout: 0 is less than or equal to the minimum of 0\n"
            "    What belongs here: Seconds after which",
        ),
        (
            "csms:\n  a:\n    url: http://h\n    version: ocpp2.1\n",
            "config.yaml:3:10: error XW705 at csms.a.url: this is no address of a CSMS: it does not begin with ws://",
        ),
        ("csms:\n  a: {url: 'ws://h/#f', version: ocpp2.1}\n", "it has a fragment"),
        ("store: postgres://x\n", 'config.yaml:1:8: error XW703 at store: this value does not match "'),
        ("store: {}\n", "config.yaml:1:1: error XW703 at store: the key 'url' is missing\n"),
        (
            "store: {urll: memory}\n",
            "config.yaml:1:15: error XW702 at store.urll: unknown key 'urll'\n    Did you mean 'url'?",
        ),
        ("store: {url: 7}\n", "config.yaml:1:14: error XW703 at store.url: this value is not of type"),
        (
            "rules:\n  - credentials: {}\n",
            "config.yaml:2:5: error XW703 at rules.0.credentials: the key 'password' is missing\n"
            "    What belongs here: password, or key instead of it.",
        ),
        (
            "rules:\n  - credentials: {key: '00', password: x}\n",
            "config.yaml:2:40: error XW703 at rules.0.credentials.password: the key 'password' may not stand beside",
        ),
        ("csms: {a: {url: ws://x, version: 2.1}}\n", "config.yaml:1:34: error XW703 at csms.a.version: "),
        ("csms: {a: {url: ws://x, version: [ocpp2]}}\n", "config.yaml:1:35: error XW703 at csms.a.version.0: "),
        (
            "listeners: [{listen: ':1'}, {listen: ':1'}]\n",
            "config.yaml:1:39: error XW705 at listeners.1.listen: ':1' is taken by listeners.0.listen already\n"
            "    Give each its own port.",
        ),
        ("listeners: [{listen: ':1'}]\nmetrics: ':1'\n", "error XW705 at metrics: ':1' is taken by listeners.0.listen"),
        ("a: b: c\n", "config.yaml:1:5: error XW101: this is not YAML"),
        ("workers: 1\nworkers: 2\n", "config.yaml:2:1: error XW102: the key 'workers' stands here a second time"),
        ("- 1\n", 'config.yaml:1:1: error XW703: this value is not of type "object"'),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text), {})
    assert said in str(caught.value).replace(f"{tmp_path}/", "")


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("certs/server.pem", "5:24: error XW707 at listeners.1.tls.certificate: there is no file 'certs/server.pem'"),
        ("certs/server.key", "5:47: error XW707 at listeners.1.tls.key: there is no file 'certs/server.key'"),
        ("certs/ca.pem", "5:76: error XW707 at listeners.1.tls.client_ca: there is no file 'certs/ca.pem'"),
        ("certs/rsa.pem", "6:31: error XW707 at listeners.1.tls.second_certificate: there is no file 'certs/rsa.pem'"),
        ("certs/rsa.key", "6:58: error XW707 at listeners.1.tls.second_key: there is no file 'certs/rsa.key'"),
        ("certs/csms.pem", "12:15: error XW707 at csms.main.tls.ca: there is no file 'certs/csms.pem'"),
        ("certs/client.pem", "12:44: error XW707 at csms.main.tls.certificate: there is no file 'certs/client.pem'"),
        ("certs/client.key", "12:67: error XW707 at csms.main.tls.key: there is no file 'certs/client.key'"),
        ("ours", "21:12: error XW707 at mappings.0: there is no folder 'ours'"),
        ("theirs", "21:19: error XW707 at mappings.1: there is no folder '{tmp}/theirs'"),
        ("hooks.py", "22:9: error XW707 at hooks.0: there is no file 'hooks.py'"),
        ("ours.py", "23:14: error XW707 at middleware.0: there is no file 'ours.py'"),
        ("state", "24:15: error XW707 at store.url: there is no folder for 'state/x.sqlite'"),
    ],
)
def test_every_kind_of_path_that_leads_nowhere_is_said_with_its_place(tmp_path: Path, gone: str, said: str) -> None:
    path = write_full(tmp_path)
    (tmp_path / gone).rename(tmp_path / "elsewhere")
    with pytest.raises(ConfigError) as caught:
        load_config(path, ENVIRONMENT)
    assert str(caught.value).startswith(f"{path}:{said.replace('{tmp}', str(tmp_path))}")
    assert str(caught.value).count("XW707") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "tap: logs/tap.jsonl\n",
            "config.yaml:1:6: error XW707 at tap: there is no folder for 'logs/tap.jsonl'\n"
            "    Looked at: logs. Relative paths start from the folder of this file.",
        ),
        ("store: sqlite:none/x\n", "config.yaml:1:8: error XW707 at store: there is no folder for 'none/x'"),
        (
            "hooks: [hoks.py]\n",
            "config.yaml:1:9: error XW707 at hooks.0: there is no file 'hoks.py'\n    Did you mean 'hooks.py'?",
        ),
        ("hooks: [folder]\n", "config.yaml:1:9: error XW707 at hooks.0: 'folder' is no file"),
        ("mappings: [hooks.py]\n", "config.yaml:1:12: error XW707 at mappings.0: 'hooks.py' is no folder"),
        (
            "hooks: [folder]\n",
            "'folder' is no file\n    Looked at: folder. Relative paths start from the folder of this file.",
        ),
        ("tap: folder\n", "config.yaml:1:6: error XW707 at tap: 'folder' is a folder"),
        ("tap: hooks.py/tap.jsonl\n", "error XW707 at tap: there is no folder for 'hooks.py/tap.jsonl'"),
    ],
)
def test_what_is_said_of_paths(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "hooks.py").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text), {})
    assert said in str(caught.value).replace(f"{tmp_path}/", "")


def test_a_key_that_this_user_may_not_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_full(tmp_path)
    monkeypatch.setattr("os.access", lambda path, mode: not str(path).endswith("server.key"))
    with pytest.raises(ConfigError, match=r"5:47: .*: the file 'certs/server.key' may not be read by this user"):
        load_config(path, ENVIRONMENT)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "none.yaml")


def test_all_faults_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, "workers: 0\nwatch: maybe\nfoo: 1\n"))
    assert str(caught.value).count("error XW70") == 3


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    text = "csms:\n  a: {url: ws://x, version: ocpp2.1, credentials: {password: [hunter2]}}\n"
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text))
    assert "hunter2" not in str(caught.value)
    config = load_config(write_full(tmp_path), ENVIRONMENT)
    assert "s3cret" not in repr(config)
    assert "00ff" not in repr(config)


def test_a_doubled_dollar_is_a_plain_one(tmp_path: Path) -> None:
    path = write(tmp_path, "rules: [{password: 'a$${B}$C'}]\n")
    assert load_config(path, {}).rules[0].password == Secret("a${B}$C")


@pytest.mark.parametrize("text", ["8180", "localhost", "host:port", "::1:80", "h:70000"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="is no address"):
        parse_address(text)


def test_addresses() -> None:
    assert parse_address(":80") == ("", 80)
    assert parse_address("[::1]:80") == ("::1", 80)
    assert parse_address("localhost:0") == ("localhost", 0)


def test_the_schema_describes_every_limit_with_its_default() -> None:
    schema = json.loads((folder("schemas") / "config.schema.json").read_text())
    limits = schema["definitions"]["limits"]["properties"]
    assert set(limits) == set(Limits.__dataclass_fields__)
    for name, entry in limits.items():
        default = getattr(Limits(), name)
        assert entry["description"].endswith(f"Default: {default:g}." if default < 1e6 else f"Default: {default}.")


def test_the_schema_knows_the_profiles() -> None:
    schema = json.loads((folder("schemas") / "config.schema.json").read_text())
    assert tuple(schema["properties"]["profiles"]["items"]["enum"]) == profiles()
