"""The JSONata project's own test cases, for what the compiler compiles.

The file is not part of this repository: the variable JSONATA_TEST_SUITE says where it is; else it is looked for
beside the checkout, in `../shared`.
"""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest

from ocpp_crosswalk.expressions import UNDEFINED, Expression, ExpressionError, Scope
from ocpp_crosswalk.expressions.reference import ReferenceExpression

_HERE = Path(__file__).resolve().parents[2]
_FILE = Path(os.environ.get("JSONATA_TEST_SUITE", _HERE.parent / "shared" / "jsonata-test-suite.json"))
pytestmark = pytest.mark.skipif(
    not _FILE.is_file(), reason=f"no JSONata test suite at {_FILE}: set JSONATA_TEST_SUITE to its path"
)
_FAILED = ("failed",)


def _cases() -> list[tuple[str, dict[str, Any], Any]]:
    suite = json.loads(_FILE.read_text("utf-8"))
    cases = []
    for group, members in suite["groups"].items():
        for case in members:
            data = case["data"] if "data" in case else suite["datasets"].get(case.get("dataset"), UNDEFINED)
            cases.append((f"{group}/{case['id']}", case, data))
    return cases


def _result(evaluate: Any, case: dict[str, Any], data: Any) -> Any:
    try:
        value = evaluate(copy.deepcopy(data), Scope(copy.deepcopy(case.get("bindings") or {})))
    except ExpressionError:
        return _FAILED
    return "undefined" if value is UNDEFINED else value


def _is_right(case: dict[str, Any], result: Any) -> bool:
    """Whether the result is the one that the suite asks for."""
    if "result" in case:
        if case.get("unordered") and isinstance(result, list):
            return sorted(map(json.dumps, result)) == sorted(map(json.dumps, case["result"]))
        return bool(result == case["result"])
    return bool(result == "undefined" if case.get("undefinedResult") else result is _FAILED)


def test_compiled_expressions_pass_the_suite(capsys: pytest.CaptureFixture[str]) -> None:
    compiled = 0
    fallbacks: dict[str, int] = {}
    deviating, differing, wrong = [], [], []
    for name, case, data in _cases():
        try:
            expression = Expression(case["expr"], {})
        except ExpressionError:
            continue
        if expression.fallback is not None:
            fallbacks[expression.fallback] = fallbacks.get(expression.fallback, 0) + 1
            continue
        compiled += 1
        result = _result(expression.evaluate, case, data)
        alone = name in LARGE | BEYOND_64_BITS
        expected = result if alone else _result(ReferenceExpression(case["expr"], {}).evaluate, case, data)
        if result is not expected and json.dumps(result) != json.dumps(expected):
            differing.append(f"{name}: {case['expr']}: {result!r} instead of {expected!r}")
        elif not _is_right(case, expected):
            deviating.append(name)
            if name not in JSONATA_PYTHON_DEVIATES:
                wrong.append(f"{name}: {case['expr']}: {expected!r}")
    with capsys.disabled():
        print(f"\nJSONata suite: {compiled} compiled, {sum(fallbacks.values())} left to jsonata-python:")
        print("\n".join(f"  {count:4} {reason}" for reason, count in sorted(fallbacks.items(), key=lambda p: -p[1])))
        print(f"  jsonata-python deviates from the suite in {len(deviating)}: {', '.join(deviating)}")
    assert not differing, "\n".join(differing)
    assert not wrong, "\n".join(wrong)
    assert compiled > 1400


JSONATA_PYTHON_DEVIATES = frozenset(
    {
        "function-contains/case007",
        "function-formatInteger/formatInteger#43",
        "function-formatNumber/case014",
        "function-length/case004",
        "function-sort/case009",
        "function-sort/case010",
        "function-string/case006",
        "function-string/case030",
        "function-tomillis/case009",
        "function-tomillis/parseDateTime#46",
        "regex/case022",
        "regex/case034",
        "tail-recursion/case002",
    }
)
"""Cases in which jsonata-python gives something else than JSONata, and the compiler does as jsonata-python does."""

LARGE = frozenset({"flattening/large#0", "flattening/large#1", "performance/case000"})
"""Cases that take jsonata-python seconds: the compiler's result is compared with the suite's alone."""

BEYOND_64_BITS = frozenset({"tail-recursion/case001", "tail-recursion/case002"})
"""Whole numbers that other programs' JSON cannot hold: numbers like any other here, as in JSONata itself, where
jsonata-python keeps all digits. Compared with the suite alone, too."""
