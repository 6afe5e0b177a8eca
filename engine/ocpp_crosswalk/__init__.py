"""Translate OCPP 1.6, 2.0.1 and 2.1 into each other.

`Crosswalk.load()` reads the mappings, `Crosswalk.session(...)` makes a `Session` for one station: frames in, frames
out, no I/O. See docs/embedding.md.
"""

import typing
from importlib import import_module

if typing.TYPE_CHECKING:
    from .crosswalk import Crosswalk
    from .diagnostics import Diagnostic, MappingError
    from .events import Event, EventKind
    from .expressions import UNDEFINED, Parameter, Registry
    from .frames import Call, CallError, CallResult, Send
    from .mapping.override import Override
    from .session import Out, Session
    from .versions import PAIRS, Pair, Side, Version
    from .view import View
else:
    _HOMES = {
        "crosswalk": ("Crosswalk",),
        "diagnostics": ("Diagnostic", "MappingError"),
        "events": ("Event", "EventKind"),
        "expressions": ("UNDEFINED", "Parameter", "Registry"),
        "frames": ("Call", "CallError", "CallResult", "Send"),
        "mapping.override": ("Override",),
        "session": ("Out", "Session"),
        "versions": ("PAIRS", "Pair", "Side", "Version"),
        "view": ("View",),
    }

    def __getattr__(name):
        """A public name, imported when it is first asked for: `ocpp-crosswalk --version` and `--help` need none."""
        for home, names in _HOMES.items():
            if name in names:
                value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *__all__})


__all__ = [
    "PAIRS",
    "UNDEFINED",
    "Call",
    "CallError",
    "CallResult",
    "Crosswalk",
    "Diagnostic",
    "Event",
    "EventKind",
    "MappingError",
    "Out",
    "Override",
    "Pair",
    "Parameter",
    "Registry",
    "Send",
    "Session",
    "Side",
    "Version",
    "View",
]
