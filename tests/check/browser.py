"""A headless Chromium, driven over its DevTools protocol: as much of it as the tests of the HTML crosswalk need."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from websockets.sync.client import connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_PATIENCE = 30.0
"""Seconds that the browser gets to start, or to do one thing."""


class Browser:
    """One page in a browser of its own. ``errors`` are the page's exceptions and errors on its console."""

    def __init__(self, profile: Path) -> None:
        assert CHROMIUM is not None
        command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"]
        self._process = subprocess.Popen(
            [*command, "--remote-debugging-port=0", "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.errors: list[str] = []
        self._count = 0
        self._open = ExitStack()
        try:
            pages = self._pages(profile / "DevToolsActivePort")
            url = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
            self._link = self._open.enter_context(connect(url, max_size=None))
        except BaseException:
            self.close()
            raise
        for domain in ("Page", "Runtime", "Log"):
            self.do(f"{domain}.enable")

    def _pages(self, port_file: Path) -> list[dict[str, Any]]:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            if port_file.is_file() and (lines := port_file.read_text().splitlines()):
                with urlopen(f"http://127.0.0.1:{lines[0]}/json/list", timeout=_PATIENCE) as answer:
                    pages: list[dict[str, Any]] = json.load(answer)
                if any(page["type"] == "page" for page in pages):
                    return pages
            time.sleep(0.05)
        raise TimeoutError("Chromium did not start")

    def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and wait for its result."""
        self._count += 1
        self._link.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._link.recv(timeout=_PATIENCE))
            self._note(message)
            if message.get("id") == self._count:
                if "error" in message:
                    raise RuntimeError(message["error"]["message"])
                result: dict[str, Any] = message["result"]
                return result

    def _note(self, message: dict[str, Any]) -> None:
        what = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                self.errors.append(what["exceptionDetails"]["text"])
            case "Runtime.consoleAPICalled" if what["type"] in ("error", "warning", "assert"):
                self.errors.append(str([argument.get("value") for argument in what["args"]]))
            case "Log.entryAdded" if what["entry"]["level"] in ("error", "warning"):
                self.errors.append(what["entry"]["text"])

    def size(self, width: int, height: int = 900, *, dark: bool = False) -> None:
        """Look at the page in a window of this size, as a phone does below 700 pixels."""
        self.do(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 700,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.do("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, url: str) -> None:
        """Load a page and wait until it is there."""
        self.do("Page.navigate", url="about:blank")
        self.do("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression in the page."""
        result = self.do("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"]["description"])
        return result["result"].get("value")

    def until(self, script: str) -> None:
        """Wait until a JavaScript expression is true."""
        until = time.monotonic() + _PATIENCE
        while not self.run(script):
            if time.monotonic() > until:
                raise TimeoutError(f"never: {script}")
            time.sleep(0.02)

    def screenshot(self, file: Path) -> None:
        """Write what the window shows."""
        file.write_bytes(base64.b64decode(self.do("Page.captureScreenshot")["data"]))

    def close(self) -> None:
        """End the browser."""
        self._open.close()
        self._process.terminate()
        try:
            self._process.wait(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
