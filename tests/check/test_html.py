"""The HTML crosswalk, looked at with a real browser where there is one (.ci/run installs Debian's chromium)."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ocpp_crosswalk.check import check
from ocpp_crosswalk.check.html import as_html
from ocpp_crosswalk.protocol import protocol
from ocpp_crosswalk.versions import PAIRS, Side

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("html") / "crosswalk.html"
    path.write_text(as_html(check(examples=0)), "utf-8")
    return path


def shown(page: Path, place: str = "", size: str = "1200,900") -> str:
    """The document as the browser has it after its scripts ran."""
    assert CHROMIUM is not None
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={size}"]
    command += ["--virtual-time-budget=3000", "--dump-dom", f"{page.as_uri()}#{place}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def test_the_page_needs_nothing_else(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not re.findall(r"""(?:src|href)\s*=\s*["']""", text)
    assert "@import" not in text and "url(" not in text.split("<script", 1)[0]


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine; .ci/run installs it")
def test_the_matrix_has_every_action_of_every_pair(page: Path) -> None:
    document = shown(page)
    cells = sum(len(protocol(pair.version(side)).sends(side)) for pair in PAIRS for side in Side)
    assert len(re.findall(r'<td[^>]*><span class="tag ', document)) == cells


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine; .ci/run installs it")
def test_an_action_shows_fields_losses_and_source(page: Path) -> None:
    document = shown(page, "ocpp1.6--ocpp2.0.1/station:StartTransaction", "400,800")
    opened = document.split('id="station:StartTransaction"', 1)[1].split('id="station:StatusNotification"', 1)[0]
    assert "transactionInfo.transactionId" in opened
    assert "OCPP 1.6 has no charging priority." in opened
    assert "from-station/StartTransaction.yaml" in opened
    assert "OCPP 2.0.1 E01" in opened
