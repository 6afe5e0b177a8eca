"""The built-in mappings are clean: no error, no warning and no note, and every case beside them plays."""

from __future__ import annotations

from ocpp_crosswalk.check import check
from ocpp_crosswalk.versions import PAIRS


def test_the_built_in_mappings_have_no_findings() -> None:
    report = check(examples=10)
    assert not report.findings, "\n".join(map(str, report.findings))
    assert report.cases > 900
    assert {str(pair) for pair in report.pairs} == set(map(str, PAIRS))
