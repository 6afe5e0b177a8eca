"""Sends hostile frames from both sides, and judges everything that comes out.

    python tools/hostile.py --frames 1000000 --processes 2        # against sessions, in this machine's processes
    python tools/hostile.py --frames 0 --wire 40000               # through the running proxy, over sockets

Valid frames, spoilt ones, torn text, random bytes, wrong types, huge and deep JSON, repeated frames, ids used twice,
answers to nothing, floods; connections that end, time that passes, state that goes through JSON. What must never
happen: an exception; a frame to a side that breaks its schema; a call answered twice, or (in sessions) not at all; a
message id used twice in a row; memory or state that grows. Exit code 1 when any of it did.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from hostile_frames import Sender
from hostile_judge import Judge
from hostile_wire import attack
from ocpp_crosswalk import Crosswalk, Out, Pair
from ocpp_crosswalk.events import EventKind
from ocpp_crosswalk.versions import Side
from processes import resident

_START = 1_767_225_600.0
_MOST_LOOKS = 20_000
"""How often a session may want to be asked again before it counts as one that never comes to rest."""
_WARM = 0.3
"""The share of the frames after which memory is to stay as it is."""


@dataclass
class Findings:
    """What a run saw."""

    figures: Counter[str] = field(default_factory=Counter)
    wrongs: list[str] = field(default_factory=list)
    remarks: set[str] = field(default_factory=set)
    """Where a mapping made something that was not valid, and an error was sent instead."""
    largest_state: int = 0
    grown: int = 0
    """Bytes of memory that a process holds more at the end than when it was warm."""

    def add(self, other: Findings) -> None:
        """Take in what another process saw."""
        self.figures += other.figures
        self.wrongs += other.wrongs
        self.remarks |= other.remarks
        self.largest_state = max(self.largest_state, other.largest_state)
        self.grown = max(self.grown, other.grown)


class Victim:
    """A session between two hostile sides."""

    def __init__(self, crosswalk: Crosswalk, pair: Pair, seed: str, findings: Findings) -> None:
        self._crosswalk = crosswalk
        self._pair = pair
        self._random = random.Random(seed)
        self._findings = findings
        self._now = _START
        self._senders = {side: Sender(self._random, pair.version(side), side) for side in Side}
        self._session = crosswalk.session("CP-1", station=pair.station, csms=pair.csms)
        self._connect()

    def step(self) -> int:
        """One thing happens; gives how many frames it was."""
        chance = self._random.random()
        if chance < 0.002:
            self._rest()
            self._connect()
        elif chance < 0.01:
            self._move()
        elif chance < 0.03:
            self._now += self._random.choice((0.1, 5, 29, 31, 400))
            self._look()
        side = self._random.choice(list(Side))
        frames = self._senders[side].frames()
        for frame in frames:
            self._now += self._random.random() * 0.01
            self._judges[side].sent(frame)
            self._take(self._session.receive(side, frame, now=self._now))
        return len(frames)

    def _connect(self) -> None:
        self._judges = {side: Judge(self._pair.version(side), side, self._findings.wrongs) for side in Side}
        for sender in self._senders.values():
            sender.forget()
        self._take(self._session.connect(now=self._now))

    def _move(self) -> None:
        """The session goes on in another process."""
        state = self._session.state
        self._findings.largest_state = max(self._findings.largest_state, len(state))
        version = self._pair.version
        self._session = self._crosswalk.session(
            "CP-1", station=version(Side.STATION), csms=version(Side.CSMS), state=state
        )

    def _look(self) -> None:
        due = self._session.due
        if due is not None and due <= self._now:
            self._take(self._session.expire(now=self._now))

    def _rest(self) -> None:
        """Neither side says anything more: all calls have to be answered in the end."""
        for _ in range(_MOST_LOOKS):
            due = self._session.due
            if due is None:
                break
            self._now = max(self._now + 0.01, due)
            self._look()
        else:
            self._findings.wrongs.append(f"{self._pair}: a session never comes to rest")
        for side, judge in self._judges.items():
            for message_id in judge.unanswered():
                self._findings.wrongs.append(f"{self._pair}: a call {message_id} of the {side} was never answered")

    def _take(self, outs: Sequence[Out]) -> None:
        for out in outs:
            call = self._judges[out.to].got(out.text)
            self._findings.figures["frames sent to a side"] += 1
            if call is not None:
                self._senders[out.to].open.append(call)
        for event in self._session.take_events():
            self._findings.figures[f"event {event.kind}"] += 1
            if event.kind is EventKind.INVALID_OUTPUT:
                self._findings.remarks.add(f"{self._pair}: {event.action}: {event.text}"[:300])
        self._session.saved()


def besiege(frames: int, seed: int) -> Findings:
    """One process's share: sessions of all pairs, in turn."""
    crosswalk = Crosswalk.load()
    findings = Findings()
    victims = [Victim(crosswalk, pair, f"{seed}/{pair}", findings) for pair in crosswalk.pairs]
    done, warm = 0, 0
    while done < frames and len(findings.wrongs) < 100:
        victim = victims[done % len(victims)]
        try:
            done += victim.step()
        except Exception:
            findings.wrongs.append(f"an exception: {traceback.format_exc()}")
            victims.remove(victim)
            if not victims:
                break
        if not warm and done >= frames * _WARM:
            warm = resident(os.getpid())
    findings.figures["hostile frames, to sessions"] = done
    findings.grown = resident(os.getpid()) - warm
    return findings


def main(arguments: list[str] | None = None) -> int:
    """Run as a command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=20_000, help="how many are sent to sessions")
    parser.add_argument("--wire", type=int, default=0, help="how many are sent through the running proxy")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--connections", type=int, default=12, help="how many links the proxy has at once")
    parser.add_argument("--growth", type=float, default=100.0, help="MiB by which the memory of a process may grow")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    findings = Findings()
    began = time.monotonic()
    if options.frames:
        with ProcessPoolExecutor(options.processes, multiprocessing.get_context("spawn")) as pool:
            share = options.frames // options.processes
            seeds = range(options.seed * 1000, options.seed * 1000 + options.processes)
            for found in pool.map(besiege, [share] * options.processes, seeds):
                findings.add(found)
    if options.wire:
        with tempfile.TemporaryDirectory() as folder:
            figures, wrongs, grown = uvloop.run(attack(Path(folder), options.wire, options.connections, options.seed))
        findings.add(Findings(figures, wrongs, grown=grown))
    if findings.grown > options.growth * 2**20:
        findings.wrongs.append(f"memory grew by {findings.grown / 2**20:.1f} MiB")
    for name, value in sorted(findings.figures.items()):
        print(f"{name:45} {value:9}")
    print(f"{'largest state of a session, KiB':45} {findings.largest_state / 1024:9.1f}")
    print(f"{'memory grown while warm, MiB':45} {findings.grown / 2**20:9.1f}")
    print(f"{'seconds':45} {time.monotonic() - began:9.1f}")
    print(f"{'wrong':45} {len(findings.wrongs):9}")
    for text in sorted(findings.remarks)[:20]:
        print(f"not valid, and refused: {text}")
    for text in findings.wrongs[:20]:
        print(f"wrong: {text}")
    return int(bool(findings.wrongs))


if __name__ == "__main__":
    sys.exit(main())
