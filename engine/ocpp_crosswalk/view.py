"""What a hook sees of its session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from .versions import Pair


class View:
    """The session as hooks see it: time, settings, fresh ids, and the state that they keep.

    Hooks keep their state in namespaces, one for each hook module, JSON objects all the way down.
    """

    __slots__ = (
        "_data",
        "_encoded",
        "_fresh_id",
        "_untold",
        "dirty",
        "drop",
        "epoch",
        "held_until",
        "identity",
        "note",
        "now",
        "pair",
        "settings",
        "tables",
        "waiting",
    )

    def __init__(
        self,
        *,
        identity: str,
        pair: Pair,
        settings: Mapping[str, Any],
        data: dict[str, Any],
        fresh_id: Callable[[], str],
        note: Callable[[str], None] = lambda _text: None,
        drop: Callable[[str, dict[str, str]], None] = lambda _reason, _detail: None,
        waiting: Callable[[], list[dict[str, Any]]] = list,
        untold: Callable[[View], list[dict[str, Any]]] = lambda _view: [],
        tables: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    ) -> None:
        self.identity = identity
        self.pair = pair
        self.settings = settings
        self.now = 0.0
        """The time, in seconds since the epoch, UTC."""
        self.epoch = ""
        """Names the current connection: another one has another epoch."""
        self.held_until: float = data.get("hold", {}).get("until", 0.0)
        """Until when the link keeps back what it would send to the CSMS by itself; 0 when it does not."""
        self._data = data
        self._encoded: dict[str, bytes] = {}
        self._fresh_id = fresh_id
        self.dirty = False
        """Whether something was changed that has to be saved before frames leave."""
        self.waiting = waiting
        """The payloads of the calls to the CSMS that wait for their turn or their answer."""
        self._untold = untold
        self.note = note
        """Report something that an operator should know, as an event of kind `note`."""
        self.drop = drop
        """Report something that is left out, as an event of kind `dropped-field`: the reason, and what it is."""
        self.tables = tables
        """The values of the tables of `mappings/tables/`, by the table's name."""

    @property
    def connected_at(self) -> float:
        """When the current connection began, in seconds since the epoch, UTC."""
        return int(self.epoch, 36) / 1000 if self.epoch else self.now

    def read(self, namespace: str) -> Mapping[str, Any]:
        """What is kept under ``namespace``; not to be changed."""
        kept: Mapping[str, Any] = self._data.get(namespace, {})
        return kept

    def change(self, namespace: str) -> dict[str, Any]:
        """What is kept under ``namespace``, to be changed at once; the state is saved before frames leave."""
        self.dirty = True
        self._encoded.pop(namespace, None)
        kept: dict[str, Any] = self._data.setdefault(namespace, {})
        return kept

    def as_json(self) -> orjson.Fragment:
        """All that is kept, as JSON. A namespace that did not change since the last time is not encoded again."""
        for namespace, kept in self._data.items():
            if namespace not in self._encoded:
                self._encoded[namespace] = orjson.dumps({namespace: kept})[1:-1]
        return orjson.Fragment(b"{%b}" % b",".join(self._encoded.values()))

    def untold(self) -> list[dict[str, Any]]:
        """All that the CSMS has still to be told: the payloads that wait for their turn or their answer, those of calls
        that will be made again because they were not taken, and those of the station's calls of which nothing was made
        yet."""
        return self._untold(self)

    def fresh_id(self) -> str:
        """An id of at most 36 characters that this station's link has never given before."""
        return self._fresh_id()

    @property
    def timers(self) -> list[dict[str, Any]]:
        """The timers that are set."""
        timers: list[dict[str, Any]] = self.read("timers").get("set", [])
        return timers

    def set_timer(self, name: str, at: float, payload: dict[str, Any], key: str = "") -> None:
        """Have the mapping `timers/<name>` run at ``at`` over ``payload``; a timer of the same name and key is
        moved."""
        self.cancel_timer(name, key)
        timers = self.change("timers").setdefault("set", [])
        timers.append({"name": name, "at": at, "key": key, "payload": payload})

    def cancel_timer(self, name: str, key: str = "") -> None:
        """Remove the timer of this name and key, if it is set."""
        kept = [timer for timer in self.timers if (timer["name"], timer["key"]) != (name, key)]
        if len(kept) < len(self.timers):
            self.change("timers")["set"] = kept

    def hold(self, until: float) -> None:
        """Have the link keep back, until this time, what it would send to the CSMS by itself; 0: no longer. What the
        station sends, and what the CSMS asks for, goes on."""
        if until:
            self.change("hold")["until"] = until
        elif self.held_until:
            self.change("hold").clear()
        self.held_until = until
