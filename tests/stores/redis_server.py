"""A real redis-server for tests, on a port of its own, that can be killed and started again."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from processes import free_port

MISSING = (
    "redis-server is not installed, and these tests need the real one: install it, or run the tests with tools/test, "
    "which does so"
)

_READY = "Ready to accept connections"


class RedisServer:
    """One redis-server process that keeps its data in ``folder``."""

    def __init__(self, folder: Path) -> None:
        assert shutil.which("redis-server"), MISSING
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._start("--port", str(self.port))

    def start_tls(self, certificate: Path, key: Path, authority: Path) -> None:
        """Like `start`, with TLS only."""
        tls = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", authority]
        options = ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no"]
        self._start(*options, *map(str, tls))

    def _start(self, *options: str) -> None:
        always = ["--bind", "127.0.0.1", "--dir", str(self.folder), "--logfile", "redis.log"]
        always += ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        log = self.folder / "redis.log"
        before = log.read_text().count(_READY) if log.exists() else 0
        self.process = subprocess.Popen(["redis-server", *always, *options], stdout=subprocess.DEVNULL)
        for _ in range(500):
            if log.exists() and log.read_text().count(_READY) > before:
                return
            time.sleep(0.02)
        raise AssertionError(f"redis-server does not come up; see {log}")

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
