"""Translate OCPP 1.6, 2.0.1 and 2.1 into each other.

`Crosswalk.load()` reads the mappings, `Crosswalk.session(...)` makes a `Session` for one station: frames in, frames
out, no I/O. See docs/embedding.md.
"""

from .crosswalk import Crosswalk
from .diagnostics import Diagnostic, MappingError
from .events import Event, EventKind
from .expressions import UNDEFINED, Parameter, Registry
from .frames import Call, CallError, CallResult, Send
from .mapping.override import Override
from .session import Out, Session
from .versions import PAIRS, Pair, Side, Version
from .view import View

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
