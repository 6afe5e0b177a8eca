"""tools/bench: its parts still fit the program that they measure. No figure is judged here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[1] / "tools" / "bench"
_LINKS = """
import shlex, sys, uvloop, links
code = f"import sys; sys.path.insert(0, {sys.path[0]!r}); import passthrough as p; p.run({{port}}, *sys.argv[1:])"
command = shlex.join([sys.executable, "-c", code, "{csms}/CP", "ocpp1.6", "ocpp2.0.1"])
other = links.Proxy("another", "other", command=command)
for proxy in (links.BARE, links.Proxy("two workers", "enforce", "sqlite", workers=2), other):
    result = uvloop.run(links.measure(proxy, 3, links.charging, 0.3))
    assert result.rate > 0 and result.processor > 0 and not result.errors, (proxy, result)
"""


def run(program: str) -> str:
    """What a program prints that imports from the bench; it has to end well."""
    begun = f"import sys; sys.path[:0] = {[str(BENCH), str(BENCH.parent)]}\nif __name__ == '__main__':\n"
    body = "".join(f"    {line}\n" for line in program.strip().splitlines())
    done = subprocess.run([sys.executable, "-c", begun + body], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_session_is_measured_for_every_conversation() -> None:
    text = run("import sessions; sessions.report(batches=1)")
    rows = re.findall(r"^(\w.*?)  +(enforce|off) +((?:[\d.]+ +)+)\d+$", text, re.MULTILINE)
    assert len(rows) == 12
    saves = {name: float(figures.split()[-1]) for name, _, figures in rows}
    assert saves["Heartbeat"] == 0
    assert saves["MeterValues in a transaction, 3 values"] == 2


def test_links_are_measured_through_the_pass_through_the_proxy_and_what_is_put_beside_it() -> None:
    run(_LINKS)


def test_one_action_is_measured_compiled_interpreted_and_by_hand() -> None:
    text = run("""
import mappings
from ocpp_crosswalk import Crosswalk, Pair
pair = Pair.parse("ocpp1.6--ocpp2.0.1")
crosswalk, reference = Crosswalk.load(), Crosswalk.load()
for action, (payload, by_hand) in mappings.BY_HAND.items():
    mapping = crosswalk.mappings(pair).mappings["station", action]
    mappings.row(crosswalk, reference, mapping, [payload], by_hand, True)
""")
    rows = [list(map(float, re.findall(r"\d+\.\d", line))) for line in text.splitlines()]
    assert [len(row) for row in rows] == [4, 4, 4]
    assert all(compiled < interpreted for compiled, interpreted, _, _ in rows)
