"""Python files of the user, which are run because they were named explicitly."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType


def module_of(path: Path) -> ModuleType:
    """The module that the Python file ``path`` makes. Raises ValueError that says why it does not load."""
    spec = importlib.util.spec_from_file_location(f"ocpp_crosswalk_user_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ValueError("this is not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ValueError(f"the file does not load: {type(error).__name__}: {error}") from error
    return module
