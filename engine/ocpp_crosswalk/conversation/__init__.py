"""Conversations as tests: what arrives, and what has to leave because of it.

The format is that of `*.cases.yaml` beside the mappings and of transcripts: see `schemas/cases.schema.json`. In a
payload that is awaited, ``"*"`` stands for anything that is there, and ``"<name>"`` for a value that is the same
wherever the name stands, also in what is sent.
"""

from .files import Case, Cases, Step, load_cases, load_file
from .patterns import Differences, differences, filled
from .player import play, play_on
from .stage import Left, SessionStage, Stage

__all__ = [
    "Case",
    "Cases",
    "Differences",
    "Left",
    "SessionStage",
    "Stage",
    "Step",
    "differences",
    "filled",
    "load_cases",
    "load_file",
    "play",
    "play_on",
]
