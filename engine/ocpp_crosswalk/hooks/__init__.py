"""The functions that mapping expressions may call beside JSONata's own, one module per subject."""

from ..expressions import Registry
from . import (
    abandoned,
    certificates,
    configuration_keys,
    costs,
    device_model,
    jobs,
    metering,
    monitors,
    profile_reports,
    profiles,
    registers,
    registration,
    remote,
    reports,
    reservations,
    resets,
    station_answers,
    station_commands,
    station_profiles,
    station_status,
    station_transactions,
    support,
    tokens,
    topology,
    transactions,
    triggers,
    tunnels,
    values,
)

BUILTIN: Registry = Registry()
"""Every built-in function, by name."""

for _module in (
    values,
    certificates,
    configuration_keys,
    costs,
    device_model,
    topology,
    tokens,
    metering,
    monitors,
    registers,
    registration,
    remote,
    reports,
    reservations,
    resets,
    transactions,
    abandoned,
    station_answers,
    station_commands,
    station_profiles,
    station_status,
    station_transactions,
    tunnels,
    triggers,
    support,
    jobs,
    profile_reports,
    profiles,
):
    for _function in _module.functions.values():
        BUILTIN.add(_function)

__all__ = ["BUILTIN"]
