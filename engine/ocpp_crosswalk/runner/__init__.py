"""The proxy: sockets, stores, configuration, logs and metrics around sessions. See docs/embedding.md.

`Proxy` is the proxy to host in one's own program; `serving` makes one from a configuration, and `run` is what
`ocpp-crosswalk serve` does.
"""

from __future__ import annotations

from .config import ClientTls, Config, ConfigError, Credentials, Limits, Listener, Rule, Secret, ServerTls, Target
from .config_file import load_config
from .latency import Latency
from .memory import MemoryAdapter
from .middleware import DROP, Middleware, Passing, Point
from .observe import LinkInfo, Observer
from .proxy import Proxy
from .routing import Route, Router, Routing
from .run import check, run
from .service import Service, serving
from .transport import Admission, Admit, Closed, Connection, Dial, Handle, Handshake, Refused, TransportAdapter
from .websocket import WebSocketAdapter

__all__ = [
    "DROP",
    "Admission",
    "Admit",
    "ClientTls",
    "Closed",
    "Config",
    "ConfigError",
    "Connection",
    "Credentials",
    "Dial",
    "Handle",
    "Handshake",
    "Latency",
    "Limits",
    "LinkInfo",
    "Listener",
    "MemoryAdapter",
    "Middleware",
    "Observer",
    "Passing",
    "Point",
    "Proxy",
    "Refused",
    "Route",
    "Router",
    "Routing",
    "Rule",
    "Secret",
    "ServerTls",
    "Service",
    "Target",
    "TransportAdapter",
    "WebSocketAdapter",
    "check",
    "load_config",
    "run",
    "serving",
]
