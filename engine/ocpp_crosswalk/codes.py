"""The numbers of findings, and what they mean: `codes.yaml`, which `check --explain` prints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

CODES: Mapping[str, str] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
"""The meaning of each finding, by its number. A number is never given to another finding."""
