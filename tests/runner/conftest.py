from __future__ import annotations

from stores.conftest import redis_server

__all__ = ["redis_server"]
