"""Variables of a 1.6 station's 2.x device model that no configuration key holds: what the link knows by itself.

Availability and problems of the station, its EVSEs and connectors come from what the station reported; what 1.6 lacks
is said to be unavailable; limits are 1.6's own (OCPP 2.0.1 B06 to B08, part 2 appendix 3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..view import View
from .configuration import FEATURES, VALUE_LENGTH
from .registration import problem_place
from .topology import all_connectors, evse_of

PROFILES = "SupportedFeatureProfiles"


@dataclass(frozen=True, slots=True)
class Fact:
    """The value of one read-only variable."""

    component: dict[str, Any]
    variable: str
    value: str
    type: str = "string"

    def is_about(self, component: dict[str, Any], variable: dict[str, Any]) -> bool:
        """Whether this is the variable that a call names."""
        return (
            same_component(self.component, component)
            and not variable.get("instance")
            and (self.variable.casefold() == variable["name"].casefold())
        )


def same_component(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether both name the same component: case does not matter, and an empty instance is none."""
    return identity_of(one) == identity_of(other)


def identity_of(component: dict[str, Any]) -> tuple[str, str, int | None, int | None]:
    """What tells a component from others."""
    evse = component.get("evse", {})
    return (
        component["name"].casefold(),
        (component.get("instance") or "").casefold(),
        evse.get("id"),
        evse.get("connectorId"),
    )


def facts(view: View, connectors: int = 0) -> list[Fact]:
    """Everything that the link knows. ``connectors`` is how many the station is said to have (0: not known)."""
    return [*_constants(view), *_availability(view, connectors), *_problems(view)]


def availability(view: View) -> list[Fact]:
    """Availability and condition only: what a summary is about (B07.FR.09)."""
    return [*_availability(view, 0), *_problems(view)]


def feature_facts(view: View, profiles: str) -> list[Fact]:
    """Which controllers there are, by the value of the key SupportedFeatureProfiles."""
    named = {member.strip().casefold() for member in profiles.split(",")}
    return [
        Fact({"name": component}, "Available", _text(profile.casefold() in named), "boolean")
        for profile, component in view.tables[FEATURES].items()
    ]


def feature_of(view: View, component: dict[str, Any], variable: dict[str, Any]) -> str | None:
    """The feature profile of 1.6 that the variable Available of a controller stands for."""
    if (
        component.keys() & {"evse", "instance"}
        or variable.get("instance")
        or variable["name"].casefold() != "available"
    ):
        return None
    name = component["name"].casefold()
    return next((profile for profile, owner in view.tables[FEATURES].items() if owner.casefold() == name), None)


def _text(value: bool) -> str:
    return "true" if value else "false"


def _constants(view: View) -> Iterator[Fact]:
    yield Fact({"name": "SecurityCtrlr"}, "Identity", view.identity)
    yield Fact({"name": "DeviceDataCtrlr"}, "ConfigurationValueSize", str(VALUE_LENGTH), "integer")
    yield Fact({"name": "MonitoringCtrlr"}, "Available", "false", "boolean")
    yield Fact({"name": "DisplayMessageCtrlr"}, "Available", "false", "boolean")
    boot = view.read("station").get("boot", {})
    yield Fact({"name": "ChargingStation"}, "Available", "true", "boolean")
    for variable, name in (("VendorName", "chargePointVendor"), ("Model", "chargePointModel")):
        if name in boot:
            yield Fact({"name": "ChargingStation"}, variable, boot[name])


def _availability(view: View, connectors: int) -> Iterator[Fact]:
    reported = {int(number): row[1] for number, row in view.read("station").get("reported", {}).items()}
    if 0 in reported:
        yield Fact({"name": "ChargingStation"}, "AvailabilityState", reported[0], "OptionList")
    numbers = sorted(n for n in {*range(1, connectors + 1), *all_connectors(view), *reported} if n > 0)
    places = {number: evse_of(view, number) for number in numbers}
    on_evse = Counter(evse for evse, _ in places.values())
    for evse in sorted(on_evse):
        yield Fact({"name": "EVSE", "evse": {"id": evse}}, "Available", "true", "boolean")
    for number, (evse, connector) in places.items():
        place = {"name": "Connector", "evse": {"id": evse, "connectorId": connector}}
        yield Fact(place, "Available", "true", "boolean")
        if number in reported:
            yield Fact(place, "AvailabilityState", reported[number], "OptionList")
            if on_evse[evse] == 1:
                yield Fact({"name": "EVSE", "evse": {"id": evse}}, "AvailabilityState", reported[number], "OptionList")


def _problems(view: View) -> Iterator[Fact]:
    seen = set()
    for number, problem in view.read("station").get("problems", {}).items():
        place = problem_place(view, int(number), problem["code"])
        if place is not None and identity_of(place[0]) not in seen:
            seen.add(identity_of(place[0]))
            yield Fact(*place, "true", "boolean")
