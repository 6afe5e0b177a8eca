"""The functions that mapping expressions may call beside JSONata's own, one module per subject."""

from ..expressions import Registry
from . import certificates, metering, registration, remote, tokens, topology, transactions, values

BUILTIN: Registry = Registry()
"""Every built-in function, by name."""

for _module in (values, certificates, topology, tokens, metering, registration, remote, transactions):
    for _function in _module.functions.values():
        BUILTIN.add(_function)

__all__ = ["BUILTIN"]
