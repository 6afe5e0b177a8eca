"""What a 1.6 station supports beyond its core (facts 2.2, 4; OCPP 1.6 3.1, security whitepaper 1.4).

A station is never sent messages of an extension that it is not known to have. It is known by the setting
`stationSupports`, by messages of the extension that it sends itself, and by configuration keys that only the extension
has: where one of these matters and nothing is known, the mappings ask the station for them first (every 1.6 station
has GetConfiguration). It is known not to have an extension when it answers NotSupported, NotImplemented or
UnknownVendorId, until it boots with other firmware.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..expressions import Example, Parameter, Registry
from ..expressions.functions import ANY, BOOLEAN, STRING, array_of
from ..view import View
from .values import as_list

functions = Registry()

_NAMESPACE = "support"
EXTENSION = {"type": "string", "enum": ["security", "pnc", "costmsg"]}
"""The security whitepaper, Plug & Charge in DataTransfer, cost messages in DataTransfer."""
_UNSUPPORTED = ("NotSupported", "NotImplemented", "UnknownVendorId")
_KEYS: Mapping[str, str] = {
    "securityprofile": "security",
    "iso15118pncenabled": "pnc",
    "customdisplaycostandprice": "costmsg",
}
"""Configuration keys that only a station with the extension has."""
_SWITCHES = ("pnc", "costmsg")
"""Extensions whose key has to be true."""
_OFF = ("false", "0", "")


def supports(view: View, extension: str) -> bool:
    """Whether the station is known to have ``extension``."""
    learnt = view.read(_NAMESPACE).get(extension)
    return bool(learnt) if learnt is not None else extension in view.settings["stationSupports"]


def forget_support(view: View) -> None:
    """Nothing is known any more of what the station supports."""
    if view.read(_NAMESPACE):
        view.change(_NAMESPACE).clear()


@functions.hook(
    "supportUnknown",
    parameters=(Parameter("extension", EXTENSION),),
    result=BOOLEAN,
    examples=(Example("$supportUnknown('security')", True),),
)
def support_unknown(view: View, extension: str) -> bool:
    """Whether nothing says if the station has an extension, so that its configuration has to be asked."""
    return extension not in view.read(_NAMESPACE) and not supports(view, extension)


@functions.hook(
    "stationSupports",
    parameters=(Parameter("extension", EXTENSION), Parameter("probe", ANY, optional=True)),
    result=BOOLEAN,
    examples=(
        Example("$stationSupports('security')", False),
        Example("$stationSupports('security', {'configurationKey': [{'key': 'SecurityProfile', 'value': '0'}]})", True),
    ),
)
def station_supports(view: View, extension: str, probe: Any = None) -> bool:
    """Whether the station is known to have an extension, also by the answer to GetConfiguration that it just gave."""
    return supports(view, extension) or _told(probe).get(extension, False)


def _told(probe: Any) -> dict[str, bool]:
    """What an answer to GetConfiguration says of extensions."""
    rows = probe if isinstance(probe, dict) else {}
    unknown = (_KEYS.get(str(key).casefold()) for key in rows.get("unknownKey", ()))
    told = {extension: False for extension in unknown if extension}
    for row in rows.get("configurationKey", ()):
        if extension := _KEYS.get(str(row.get("key", "")).casefold()):
            off = str(row.get("value", "")).strip().casefold() in _OFF
            told[extension] = not (off and extension in _SWITCHES)
    return told


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
    parameters=(Parameter("extension", EXTENSION), Parameter("code", STRING)),
    result=BOOLEAN,
    mutates=True,
    examples=(
        Example("$stationLacks('security', 'NotImplemented')", True),
        Example("$stationLacks('security', 'InternalError')", False),
    ),
)
def station_lacks(view: View, extension: str, code: str) -> bool:
    """Note that the station does not have an extension, if the error code, or the status of the data transfer, that it
    answered says so."""
    if code not in _UNSUPPORTED:
        return False
    view.change(_NAMESPACE)[extension] = False
    return True


@functions.hook(
    "learnSupport",
    parameters=(Parameter("replies", array_of(ANY), optional=True),),
    result=BOOLEAN,
    mutates=True,
    examples=(
        Example("$learnSupport([{'configurationKey': [{'key': 'SecurityProfile', 'value': '1'}]}])", True),
        Example("$learnSupport([{'unknownKey': ['SecurityProfile']}])", True),
        Example("$learnSupport([{'configurationKey': [{'key': 'ISO15118PnCEnabled', 'value': 'false'}]}])", True),
        Example("$learnSupport([])", False),
    ),
)
def learn_support(view: View, replies: Any) -> bool:
    """Learn from answers to GetConfiguration what the station has: a key that it tells, or says that it does not
    know. What its messages showed, counts more. Says whether anything was learnt."""
    learnt: dict[str, bool] = {}
    for reply in as_list(replies):
        learnt |= _told(reply)
    known = view.read(_NAMESPACE)
    news = {name: has for name, has in learnt.items() if known.get(name) is not True and known.get(name) != has}
    if news:
        view.change(_NAMESPACE).update(news)
    return bool(news)
