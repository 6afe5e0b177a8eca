"""The conformance checker: a type checker for mappings, and a proof by generated messages."""

from .checker import Report, check

__all__ = ["Report", "check"]
