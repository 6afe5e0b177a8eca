#!/usr/bin/env python
"""Looks for fields that get lost in silence, by taking them away.

A generated call, or the far side's answer to it, goes through a real session twice from the same state: once whole,
once without one of its fields (or, where the field is required, with another value of it). When nothing that leaves,
nothing that is kept, and no report tells the two apart, the field was lost in silence. The type checker proves that
each field is read or declared; this finds the ones that are read and still come to nothing. A report about a part of
an object speaks for the rest of it only where it is left out as a whole: taking it away changes nothing that leaves.

Values that the other version does not tell apart (a table with fewer values on one side) count as well where a required
field has them: they are named `same`, fields that can be taken away are named `lost`.

A call that is refused, or answered here with the reason why, is lost as a whole, which its sender or the log is told.

Not seen: what is kept and never told (the state tells the two apart), and what takes a meeting of values that chance
does not bring about, as of two signed readings of one register, or of a status that repeats the one before.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from ocpp_crosswalk import PAIRS, Crosswalk, EventKind, Pair, Session, Side
from ocpp_crosswalk.check.generate import random_payload
from ocpp_crosswalk.protocol import protocol
from ocpp_crosswalk.schemas import Kind, violation
from ocpp_crosswalk.versions import Version

NOW = 1_790_000_000.0
HARMLESS = {"customData"}
"""Dropped at any depth by whole pairs, and reported once at the top of where it was."""
TELLING = (EventKind.DROPPED_FIELD, EventKind.NOTE, EventKind.REFUSED, EventKind.INVALID_OUTPUT, EventKind.REPAIRED)

EXTENSIONS = {"stationSupports": ["security", "pnc", "costmsg"], "csmsSupports": ["security", "pnc", "costmsg"]}
"""Every other example is tried with all extensions of 1.6."""

ENDING = (EventKind.REFUSED, EventKind.ANSWERED_HERE, EventKind.PEER_ERROR)

Step = tuple[str | int, ...]


class Trial:
    """What a session does with one frame: everything that could tell one frame from another."""

    def __init__(self, crosswalk: Crosswalk, pair: Pair, state: Any, settings: dict[str, Any]) -> None:
        self.session: Session = crosswalk.session(
            "TRIAL", station=pair.station, csms=pair.csms, state=state, settings=settings
        )
        self.seen: list[str] = []
        self.told: list[str] = []
        self.values: set[str] = set()
        """Values that were reported as left out."""
        self.served = True
        """Whether the call was not refused, nor answered here with a reason."""
        self.outs: list[list[Any]] = []

    def take(self, side: Side, frame: list[Any]) -> None:
        """Deliver a frame."""
        for out in self.session.receive(side, json.dumps(frame), now=NOW + 10):
            self.seen.append(f"{out.to} {out.text}")
            self.outs.append([out.to, *json.loads(out.text)])
        for event in self.session.take_events():
            self.served = self.served and not (event.kind in ENDING and event.text)
            if event.kind in TELLING:
                self.values.add(str(event.detail.get("value", "")))
                self.told.append(f"{event.detail.get('field', '')} {event.text}")

    def trace(self) -> list[str]:
        """What can be told from outside, now or later."""
        kept = json.dumps(json.loads(self.session.state)["data"], sort_keys=True)
        return [*self.seen, kept, *sorted(self.told)]


def paths(value: Any, before: Step = ()) -> Iterator[Step]:
    """Where the values are that hold no others, and the elements of arrays that have several."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in HARMLESS:
                yield from paths(inner, (*before, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            if len(value) > 1 and isinstance(inner, (dict, list)):
                yield (*before, index)
            yield from paths(inner, (*before, index))
    else:
        yield before


def changed(payload: Any, path: Step, other: Any) -> Iterator[tuple[str, Any]]:
    """The payload without the value at ``path``, and then with the one that ``other`` has there."""
    for replacement in (None, *_at(other, path)):
        variant = copy.deepcopy(payload)
        inner = variant
        for part in path[:-1]:
            inner = inner[part]
        if replacement is None:
            if isinstance(inner, list) and len(inner) == 1:
                continue
            del inner[path[-1]]
        elif inner[path[-1]] == replacement:
            continue
        else:
            inner[path[-1]] = replacement
        yield ("lost" if replacement is None else "same"), variant


def _at(value: Any, path: Step) -> list[Any]:
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and value:
            value = value[0]
        else:
            return []
    return [] if isinstance(value, (dict, list)) else [value]


def reported(told: list[str]) -> set[str]:
    """The fields that reports name."""
    return {line.partition(" ")[0] for line in told}


def mentioned(told: list[str], path: Step) -> bool:
    """Whether a report names the field, or what it stands in."""
    names = dotted(path).split(".")
    return not reported(told).isdisjoint(".".join(names[: n + 1]) for n in range(len(names)))


def dotted(path: Step) -> str:
    """The path as reports name it."""
    return ".".join(part for part in path if isinstance(part, str))


def partly_reported(whole: Trial, payload: Any, path: Step) -> Iterator[Any]:
    """The payload without each object around the field of which a report names a part or a value; None in its place
    where it cannot be taken away by itself."""
    for length in range(len(path) - 1, 0, -1):
        around = path[:length]
        inner = payload
        for part in around:
            inner = inner[part]
        if not isinstance(inner, dict):
            continue
        values = any(isinstance(value, str) and value in whole.values for value in inner.values())
        if values or any(field.startswith(f"{dotted(around)}.") for field in reported(whole.told)):
            without = copy.deepcopy(payload)
            inner = without
            for part in around[:-1]:
                inner = inner[part]
            del inner[around[-1]]
            yield without if inner else None


class Answers:
    """What made-up peers answer: the same to the same call, so that two trials can be compared."""

    def __init__(self, pair: Pair, seed: float, given: dict[tuple[Side, str, int], Any] | None = None) -> None:
        self._pair = pair
        self._seed = seed
        self.given: dict[tuple[Side, str, int], Any] = given if given is not None else {}

    def to(self, side: Side, action: str, number: int) -> Any:
        """What ``side`` answers to the call of this action that has this number."""
        key = (side, action, number)
        if key not in self.given:
            rng = random.Random(f"{self._seed} {key}")
            self.given[key] = random_payload(rng, self._pair.version(side), action, "response")
        return self.given[key]

    def but(self, side: Side, action: str, answer: Any) -> Answers:
        """The same answers, but for the first one to this action."""
        return Answers(self._pair, self._seed, {**self.given, (side, action, 0): answer})


class Finder:
    """Tries out every action of a pair and counts the losses."""

    def __init__(self, crosswalk: Crosswalk, pair: Pair, examples: int, seed: int) -> None:
        self._crosswalk = crosswalk
        self._pair = pair
        self._examples = examples
        self._rng = random.Random(f"{seed} {pair}")
        self._settings: dict[str, Any] = {}
        self.losses: Counter[str] = Counter()
        self.samples: dict[str, str] = {}
        self.tries = 0

    def run(self) -> None:
        """Every action of both sides."""
        for origin, action in self._crosswalk.mappings(self._pair).mappings:
            if origin == "timer":
                continue
            side = Side(origin)
            for number in range(self._examples):
                self._settings = EXTENSIONS if number % 2 else {}
                self._try(side, action)

    def _state(self) -> bytes:
        """Where a trial begins: a session to which a few things have happened, with nothing under way."""
        while True:
            session = self._warm()
            if session.is_idle:
                return session.state

    def _warm(self) -> Session:
        fresh = Trial(self._crosswalk, self._pair, None, self._settings)
        fresh.session.connect(now=NOW)
        for number in range(6):
            side = self._rng.choice(list(Side))
            version = self._pair.version(side)
            action = self._rng.choice(
                [a for a in protocol(version).sends(side) if not protocol(version).actions[a].send]
            )
            fresh.take(side, [2, f"w{number}", action, random_payload(self._rng, version, action, "request")])
            for _ in range(10):
                calls = [out for out in fresh.outs if out[1] == 2]
                fresh.outs = []
                for to, _, message_id, called, _payload in calls:
                    fresh.take(
                        to, [3, message_id, random_payload(self._rng, self._pair.version(to), called, "response")]
                    )
        return fresh.session

    def _try(self, side: Side, action: str) -> None:
        version = self._pair.version(side)
        if protocol(version).actions[action].send:
            return
        state = self._state()
        payload, other = (random_payload(self._rng, version, action, "request") for _ in range(2))
        answers = Answers(self._pair, self._rng.random())
        whole = self._played(state, side, action, payload, answers)
        if not whole.served:
            return

        answered_so_far = list(answers.given.items())

        def called(variant: Any) -> Trial:
            return self._played(state, side, action, variant, answers)

        self._take_away(whole, payload, other, (version, action, "request"), called, f"{side} {action} request")
        for (to, asked, number), answer in answered_so_far:
            if to is not side.other or number or answer.get("status", "Accepted") != "Accepted":
                continue
            far = self._pair.version(to)
            another = random_payload(self._rng, far, asked, "response")

            def answered(variant: Any, to: Side = to, asked: str = asked) -> Trial:
                return self._played(state, side, action, payload, answers.but(to, asked, variant))

            self._take_away(
                whole, answer, another, (far, asked, "response"), answered, f"{side} {action} answer {asked}"
            )

    def _take_away(
        self,
        whole: Trial,
        payload: Any,
        other: Any,
        schema: tuple[Version, str, Kind],
        play: Callable[[Any], Trial],
        where: str,
    ) -> None:
        """Play the payload without each of its fields, and count those that nothing tells of."""
        for path in paths(payload):
            for how, variant in self._valid(changed(payload, path, other), *schema):
                self.tries += 1
                if whole.trace() != play(variant).trace() or mentioned(whole.told, path):
                    continue
                if any(
                    without is None or violation(*schema, without, formats=True) or play(without).seen == whole.seen
                    for without in partly_reported(whole, payload, path)
                ):
                    continue
                key = f"{how} {self._pair} {where} {dotted(path)}"
                self.losses[key] += 1
                self.samples.setdefault(key, json.dumps(payload, ensure_ascii=False)[:400])

    def _played(self, state: Any, side: Side, action: str, payload: Any, answers: Answers) -> Trial:
        """The call, and answers to everything that it leads to."""
        trial = Trial(self._crosswalk, self._pair, state, self._settings)
        trial.take(side, [2, "t", action, payload])
        asked: Counter[tuple[Side, str]] = Counter()
        for _ in range(20):
            calls = [out for out in trial.outs if out[1] == 2]
            trial.served = trial.served and all(
                out[1] == 3 and out[3].get("status", "Accepted") == "Accepted"
                for out in trial.outs
                if out[1] in (3, 4) and out[2] == "t"
            )
            trial.outs = []
            for to, _, message_id, called, _payload in calls:
                trial.take(to, [3, message_id, answers.to(to, called, asked[to, called])])
                asked[to, called] += 1
        return trial

    def _valid(
        self, variants: Iterator[tuple[str, Any]], version: Version, action: str, kind: Kind
    ) -> Iterator[tuple[str, Any]]:
        """The first of the variants that is valid."""
        for how, one in variants:
            if violation(version, action, kind, one, formats=True) is None:
                yield how, one
                return


def main() -> int:
    """Run the finder; exit code 1 when a field was lost in silence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pair", type=Pair.parse, action="append", help="only this pair (may be repeated)")
    parser.add_argument("--examples", type=int, default=10, help="generated calls per action (default: 10)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--samples", action="store_true", help="show a payload for each loss")
    args = parser.parse_args()
    crosswalk = Crosswalk.load()
    lost = 0
    for pair in args.pair or PAIRS:
        finder = Finder(crosswalk, pair, args.examples, args.seed)
        finder.run()
        for key, count in sorted(finder.losses.items()):
            print(f"{count:5} {key}" + (f"\n      {finder.samples[key]}" if args.samples else ""))
        print(f"{pair}: {finder.tries} fields taken away, {len(finder.losses)} lost in silence", flush=True)
        lost += len(finder.losses)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
