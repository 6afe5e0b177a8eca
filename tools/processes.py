"""For drivers: the installed program, a Redis and peers as processes of this machine, and what they cost.

Everything listens on 127.0.0.1 and is ended by who started it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("ocpp-crosswalk")
"""The program as pip installed it beside the Python that runs the driver."""
_UP_SECONDS = 30.0
_held: list[socket.socket] = []


def free_port() -> int:
    """A port that is the caller's until this process ends, whoever listens there on its behalf.

    A socket that is bound and does not listen holds it: nobody else is given the port meanwhile, as a listener or for
    a connection of theirs, and a server that sets SO_REUSEADDR, as servers do, may listen there, again and again.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    _held.append(holder)
    return int(holder.getsockname()[1])


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.name))
        except OSError:  # it has ended meanwhile
            continue
    return found


class Child:
    """A process that listens on ``port``; started again it takes the same port."""

    def __init__(self, command: Sequence[str | Path], port: int, log: Path) -> None:
        self.command = [str(word) for word in command]
        self.port = port
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it; what it says goes to ``log``."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def is_up(self) -> bool:
        """Whether it listens. Raises SystemExit with its last words when it has ended by itself."""
        if self.process is None or self.process.poll() is not None:
            said = self.log.read_text(errors="replace")[-2000:]
            raise SystemExit(f"{' '.join(self.command)} ended: {said}")
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def wait_up(self) -> None:
        """Wait until it listens."""
        end = time.monotonic() + _UP_SECONDS
        while not self.is_up():
            if time.monotonic() > end:
                raise SystemExit(f"{' '.join(self.command)} does not listen after {_UP_SECONDS:g} s")
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL: it gets no chance to tidy up."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def end(self) -> int:
        """SIGTERM; gives the exit code."""
        if self.process is None:
            return 0
        self.process.terminate()
        try:
            code = self.process.wait(30)
        finally:
            self.kill()
        return code


def proxy(folder: Path, name: str, csms: str, version: str, store: str, *flags: str | Path) -> Child:
    """`ocpp-crosswalk serve` before the CSMS at the address ``csms``, not started yet."""
    port = free_port()
    command = [PROGRAM, "serve", "--listen", f"127.0.0.1:{port}", "--csms", csms, "--csms-version", version]
    return Child([*command, "--store", store, "--log", "json", *flags], port, folder / f"{name}.log")


def redis(folder: Path) -> Child:
    """A redis-server that writes every change to its file at once, not started yet."""
    if shutil.which("redis-server") is None:
        raise SystemExit("redis-server is not installed: apt-get install redis-server")
    port = free_port()
    always = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), *always]
    return Child(command, port, folder / "redis.log")
