"""The proxy as a program: sockets, stores, configuration, logs and metrics around sessions."""

from __future__ import annotations

from .config import Config, ConfigError
from .run import check, run
from .service import serving

__all__ = ["Config", "ConfigError", "check", "run", "serving"]
