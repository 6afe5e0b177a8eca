"""The front door: load mappings once, make a session for each station."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .diagnostics import Diagnostic, MappingError, Position, suggestion
from .expressions import Registry
from .hooks import BUILTIN
from .mapping import Pack, PairMappings
from .mapping.override import Override, overridden, restricted
from .protocol import profiles as known_profiles
from .resources import folder
from .session import Session
from .userfile import module_of
from .versions import Pair, Version


class Crosswalk:
    """A loaded set of mappings. It is immutable and may be shared by any number of sessions."""

    def __init__(
        self,
        pack: Pack,
        settings: Mapping[str, Any] | None = None,
        *,
        profiles: Collection[str] | None = None,
        overrides: Sequence[Override] = (),
    ) -> None:
        self.pack = pack
        self._profiles = profiles
        self._overrides = overrides
        self._mappings: dict[Pair, PairMappings] = {}
        self._defaults = {name: setting.default for name, setting in pack.settings.items()}
        self.settings = self.with_settings(settings or {})

    @classmethod
    def load(
        cls,
        mappings: Iterable[Path | str] = (),
        *,
        hooks: Iterable[Path | str] = (),
        settings: Mapping[str, Any] | None = None,
        profiles: Collection[str] | None = None,
        overrides: Sequence[Override] = (),
        builtin: bool = True,
    ) -> Crosswalk:
        """Load the built-in mappings (unless ``builtin`` is false), with ``mappings`` laid over them in order.

        ``hooks`` are Python files, each with a `Registry` named ``functions``; ``settings`` override defaults for
        all stations. ``profiles`` are the feature profiles to load beside the core (default: all; their names are
        in `schemas/protocol.yaml`): actions of others are refused with NotSupported. ``overrides`` map single
        actions by functions. Raises MappingError, which says what is wrong and where, and ValueError for a faulty
        setting or profile.
        """
        for name in profiles or ():
            if name not in known_profiles():
                remedy = suggestion(name, known_profiles()) or f"There are: {', '.join(known_profiles())}."
                raise ValueError(f"there is no profile {name!r}. {remedy}")
        layers = [folder("mappings")] if builtin else []
        layers += [Path(path) for path in mappings]
        registry: Registry = BUILTIN
        for path in hooks:
            registry = registry.merged(_registry_of(Path(path)))
        return cls(Pack(layers, registry), settings, profiles=profiles, overrides=overrides)

    @property
    def pairs(self) -> Sequence[Pair]:
        """The pairs that there are mappings for."""
        return self.pack.available

    def with_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings, with ``settings`` over what holds for all stations. Raises ValueError for an unknown name
        or a value of the wrong type."""
        result = dict(getattr(self, "settings", self._defaults))
        for name, value in settings.items():
            declared = self.pack.settings.get(name)
            if declared is None:
                raise ValueError(f"there is no setting {name!r}. {suggestion(name, self.pack.settings)}".strip())
            fault = declared.fault(value)
            if fault:
                raise ValueError(f"setting {name!r}: {fault}. It is: {declared.description}")
            result[name] = value
        return result

    def mappings(self, pair: Pair) -> PairMappings:
        """The mappings of ``pair``. Raises MappingError when they are faulty."""
        found = self._mappings.get(pair)
        if found is None:
            found = overridden(self.pack.pair(pair), self._overrides)
            if self._profiles is not None:
                found = restricted(found, self._profiles)
            self._mappings[pair] = found
        return found

    def session(
        self,
        identity: str,
        *,
        station: Version | str,
        csms: Version | str,
        state: bytes | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Session:
        """A session for one station, fresh or from a saved ``state``.

        ``settings`` hold for this station only. Raises ValueError for an unknown version, a faulty setting, or a state
        that is none.
        """
        pair = Pair(Version.parse(station), Version.parse(csms))
        if pair.station == pair.csms:
            raise ValueError(f"both sides speak {pair.station}: their frames need no translation")
        return Session(
            identity, self.mappings(pair), self.with_settings(settings or {}), state, self.pack.resources.table_values
        )


def _registry_of(path: Path) -> Registry:
    """The functions of a user's file of hooks."""
    try:
        registry = getattr(module_of(path), "functions", None)
    except ValueError as error:
        raise MappingError([Diagnostic("XW120", Position(str(path)), str(error))]) from error
    if not isinstance(registry, Registry):
        remedy = "Define `functions = Registry()` and register the hooks in it."
        raise MappingError([Diagnostic("XW120", Position(str(path)), "the file has no `functions` registry", remedy)])
    return registry
