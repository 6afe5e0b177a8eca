"""Mapping files: read with positions, checked for their shape, built into the model."""

from .pack import Pack, PairMappings

__all__ = ["Pack", "PairMappings"]
