"""Answers of a 1.6 CSMS to what a 2.x transaction made possible."""

from __future__ import annotations

from ocpp_crosswalk import Crosswalk, Pair, Version
from ocpp_crosswalk.hooks.station_answers import charging_begun, token_checked
from ocpp_crosswalk.view import View

REFUSED, ACCEPTED = {"status": "Invalid"}, {"status": "Accepted"}


def test_a_start_is_answered_after_its_token_was_refused_elsewhere() -> None:
    """A repeat takes up the plan of the first attempt, while another event had the token asked about."""
    state = {"charging": {"open": {"T": {"id": "T", "tag": "ANNA", "known": True}}}}
    view = View(
        identity="CP",
        pair=Pair(Version.V201, Version.V16),
        settings=Crosswalk.load().with_settings({}),
        data=state,
        fresh_id=lambda: "id",
    )
    assert not token_checked(view, "T", "ANNA", REFUSED)
    assert charging_begun(view, "T", 7, ACCEPTED)
    row = state["charging"]["open"]["T"]
    assert (row["number"], row["info"]) == (7, {"tag": "ANNA", "info": REFUSED})
