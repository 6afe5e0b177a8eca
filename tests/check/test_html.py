"""The HTML crosswalk, looked at with a real browser where there is one (.ci/run installs Debian's chromium)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import CHROMIUM, Browser

from ocpp_crosswalk.check import check
from ocpp_crosswalk.check.html import as_html
from ocpp_crosswalk.protocol import protocol
from ocpp_crosswalk.versions import PAIRS, Side

PHONE = 390
START = "ocpp1.6--ocpp2.0.1/station:StartTransaction"
seen = pytest.mark.usefixtures("chromium")


@pytest.fixture(scope="module")
def chromium() -> None:
    assert CHROMIUM is not None, "chromium is not installed, and this page is looked at with it: tools/test installs it"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("html") / "crosswalk.html"
    path.write_text(as_html(check(examples=0)), "utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


def look(browser: Browser, page: Path, place: str = "", width: int = 1280) -> None:
    """Open a place of the page."""
    browser.size(width)
    browser.open(f"{page.as_uri()}#{place}")
    browser.until("document.getElementById('main').childElementCount > 0")


def test_the_page_needs_nothing_else_and_is_small(page: Path) -> None:
    text = page.read_text("utf-8")
    outside = re.sub(r'<script id="data".*?</script>', "", text, flags=re.DOTALL)
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#)""", outside)
    assert "@import" not in outside and "url(" not in outside and "fetch(" not in outside
    assert len(text.encode()) < 4_000_000


def test_every_field_of_a_forwarded_call_is_accounted_for(page: Path) -> None:
    data = json.loads(re.findall(r'<script id="data"[^>]*>(.*?)</script>', page.read_text("utf-8"), re.DOTALL)[0])
    rows = [
        (pair["pair"], action["action"], row[0], row[1])
        for pair in data["pairs"]
        for side in pair["sides"]
        for action in side["actions"]
        for route in action["routes"]
        for which in route["fields"].values()
        for row in which
    ]
    assert len(rows) > 5000
    assert {state for *_, state in rows} == {"carried", "changed", "kept", "asked", "lost"}


@seen
def test_the_matrix_has_every_action_of_every_pair(browser: Browser, page: Path) -> None:
    look(browser, page)
    cells = sum(len(protocol(pair.version(side)).sends(side)) for pair in PAIRS for side in Side)
    assert browser.run("document.querySelectorAll('.matrix .cell').length") == cells
    assert browser.run("[...document.querySelectorAll('.matrix .cell')].every(cell => cell.matches('[href]'))")


@seen
def test_a_deep_link_opens_an_action_with_fields_losses_and_source(browser: Browser, page: Path) -> None:
    look(browser, page, START)
    assert browser.run("[...document.querySelectorAll('details.action[open]')].map(one => one.id)") == [
        "station:StartTransaction"
    ]
    opened = browser.run("document.querySelector('details.action[open]').textContent")
    assert "transactionInfo.transactionId" in opened
    assert "OCPP 1.6 has no charging priority." in opened
    assert "from-station/StartTransaction.yaml" in opened
    assert "OCPP 2.0.1 E01" in opened
    top = browser.run("document.querySelector('details.action[open]').getBoundingClientRect().top")
    assert 0 <= top < 400


@seen
def test_a_field_says_where_it_goes(browser: Browser, page: Path) -> None:
    look(browser, page, START)
    rows = browser.run(
        "Object.fromEntries([...document.querySelectorAll('.map .row[data-state]')]"
        ".map(row => [row.firstChild.textContent, [row.dataset.state, row.lastChild.textContent]]))"
    )
    state, text = rows["meterStart"]
    assert state == "changed"
    assert "meterValue.sampledValue.value" in text
    assert rows["idTokenInfo.chargingPriority"] == ["lost", "lost: OCPP 1.6 has no charging priority."]


@seen
def test_the_search_finds_actions_fields_and_reasons(browser: Browser, page: Path) -> None:
    look(browser, page)

    def found(word: str) -> list[str]:
        browser.run(f"search.value = {word!r}; search.dispatchEvent(new Event('input'))")
        names: list[str] = browser.run("[...document.querySelectorAll('.hit-line b')].map(one => one.textContent)")
        return names

    assert set(found("stoptrans")[:6]) <= {"StopTransaction", "RequestStopTransaction", "RemoteStopTransaction"}
    assert browser.run("document.querySelectorAll('.hit-line mark').length") > 0
    assert "StartTransaction" in found("meterStart")
    assert found("has no charging priority")
    assert found("no such word anywhere") == []
    assert browser.run("document.querySelectorAll('.matrix').length") == 0


@seen
def test_kinds_filter_and_the_way_back_is_the_browsers(browser: Browser, page: Path) -> None:
    look(browser, page, "ocpp1.6--ocpp2.0.1")
    every = browser.run("document.querySelectorAll('details.action').length")
    browser.run(
        "[...document.querySelectorAll('#kinds .chip')].find(one => one.textContent.startsWith('refused')).click()"
    )
    tags = "[...document.querySelectorAll('details.action .tag')].map(one => one.textContent)"
    assert set(browser.run(tags)) == {"refused"}
    assert browser.run("document.querySelectorAll('details.action').length") < every
    browser.run("location.hash = ''")
    browser.until("document.querySelector('.matrix') !== null")


@seen
@pytest.mark.parametrize("place", ["", "ocpp2.1--ocpp1.6", START, "ocpp1.6--ocpp2.1/csms:SetChargingProfile"])
def test_nothing_is_wider_than_a_phone(browser: Browser, page: Path, place: str) -> None:
    look(browser, page, place, PHONE)
    assert browser.run("document.documentElement.scrollWidth") <= PHONE
    browser.run("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    browser.until("!document.querySelector('details.action') || document.querySelector('.body') !== null")
    assert browser.run("document.documentElement.scrollWidth") <= PHONE


@seen
def test_the_page_never_complains(browser: Browser, page: Path) -> None:
    for pair in PAIRS:
        look(browser, page, str(pair))
        browser.run("document.querySelectorAll('details.action').forEach(one => { one.open = true; })")
        browser.until(
            "document.querySelectorAll('.body').length === document.querySelectorAll('details.action').length"
        )
    assert browser.errors == []
