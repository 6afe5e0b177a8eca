"""What a 1.6 station supports beyond its core (facts 2.2, 4; OCPP 1.6 3.1, security whitepaper 1.4).

A station is never sent messages of an extension that it is not known to have. It is known by the setting
`stationSupports`, by messages of the extension that it sends itself, by configuration keys that only the extension has,
and it is known not to have one when it answers NotSupported or NotImplemented.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import ANY, BOOLEAN, STRING
from ..view import View

functions = Registry()

_NAMESPACE = "support"
EXTENSION = {"type": "string", "enum": ["security", "pnc", "costmsg"]}
"""The security whitepaper, Plug & Charge in DataTransfer, cost messages in DataTransfer."""
_UNSUPPORTED = ("NotSupported", "NotImplemented")
_KEYS: Mapping[str, str] = {
    "securityprofile": "security",
    "iso15118pncenabled": "pnc",
    "customdisplaycostandprice": "costmsg",
}
"""Configuration keys that only a station with the extension has; one with a boolean value has to be true."""
_OFF = ("false", "")


def supports(view: View, extension: str) -> bool:
    """Whether the station is known to have ``extension``."""
    learnt = view.read(_NAMESPACE).get(extension)
    return bool(learnt) if learnt is not None else extension in view.settings["stationSupports"]


@functions.hook(
    "stationSupports",
    parameters=(Parameter("extension", EXTENSION),),
    result=BOOLEAN,
    examples=(Example("$stationSupports('security')", False),),
)
def station_supports(view: View, extension: str) -> bool:
    """Whether the station is known to have an extension."""
    return supports(view, extension)


@functions.hook(
    "stationHas",
    parameters=(Parameter("extension", EXTENSION),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$stationHas('security')", True),),
)
def station_has(view: View, extension: str) -> bool:
    """Note that the station has an extension: it used it."""
    if not view.read(_NAMESPACE).get(extension):
        view.change(_NAMESPACE)[extension] = True
    return True


@functions.hook(
    "stationLacks",
    parameters=(Parameter("extension", EXTENSION), Parameter("errorCode", STRING)),
    result=BOOLEAN,
    mutates=True,
    examples=(
        Example("$stationLacks('security', 'NotImplemented')", True),
        Example("$stationLacks('security', 'InternalError')", False),
    ),
)
def station_lacks(view: View, extension: str, code: str) -> bool:
    """Note that the station does not have an extension, if the error code of its answer says so."""
    if code not in _UNSUPPORTED:
        return False
    view.change(_NAMESPACE)[extension] = False
    return True


@functions.hook(
    "learnSupport",
    parameters=(Parameter("configurationKey", ANY),),
    result=BOOLEAN,
    mutates=True,
    examples=(Example("$learnSupport([{'key': 'SecurityProfile', 'readonly': false, 'value': '1'}])", True),),
)
def learn_support(view: View, keys: Any) -> bool:
    """Learn from configuration keys (of GetConfiguration) what the station has; says whether anything was learnt."""
    found = False
    for row in keys if isinstance(keys, list) else [keys]:
        extension = _KEYS.get(str(row.get("key", "")).casefold())
        if extension is not None and str(row.get("value", "")).casefold() not in _OFF:
            found = station_has(view, extension)
    return found
