"""The functions that mapping expressions may call beside JSONata's own, one module per subject."""

from ..expressions import Registry
from . import (
    certificates,
    configuration_keys,
    device_model,
    jobs,
    metering,
    profiles,
    registers,
    registration,
    remote,
    reports,
    station_answers,
    station_commands,
    station_profiles,
    station_status,
    station_transactions,
    support,
    tokens,
    topology,
    transactions,
    tunnels,
    values,
)

BUILTIN: Registry = Registry()
"""Every built-in function, by name."""

for _module in (
    values,
    certificates,
    configuration_keys,
    device_model,
    topology,
    tokens,
    metering,
    registers,
    registration,
    remote,
    reports,
    transactions,
    station_answers,
    station_commands,
    station_profiles,
    station_status,
    station_transactions,
    tunnels,
    support,
    jobs,
    profiles,
):
    for _function in _module.functions.values():
        BUILTIN.add(_function)

__all__ = ["BUILTIN"]
