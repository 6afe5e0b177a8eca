"""The public surface: what is documented is there, is listed in `__all__`, and says what it is."""

from __future__ import annotations

import inspect
import re
from types import ModuleType

import pytest

import ocpp_crosswalk
from documents import DOCS, blocks
from ocpp_crosswalk import runner, stores

PUBLIC = [ocpp_crosswalk, runner, stores]


def _defined_elsewhere(value: object) -> bool:
    return isinstance(value, ModuleType) or getattr(value, "__module__", "").split(".")[0] not in ("ocpp_crosswalk", "")


@pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
def test_all_lists_exactly_what_a_module_offers(module: ModuleType) -> None:
    offered = {name for name, value in vars(module).items() if name[0] != "_" and not _defined_elsewhere(value)}
    listed = set(module.__all__)
    assert list(module.__all__) == sorted(
        module.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name)
    )
    assert listed >= offered
    assert all(hasattr(module, name) for name in listed)


@pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
def test_every_public_class_and_function_says_what_it_is(module: ModuleType) -> None:
    for name in module.__all__:
        value = getattr(module, name)
        if not inspect.isclass(value) and not inspect.isfunction(value):
            continue
        assert inspect.getdoc(value), name
        for member, inner in vars(value).items() if inspect.isclass(value) else ():
            if inspect.isfunction(inner) and member[0] != "_":
                assert inspect.getdoc(inner), f"{name}.{member}"


def test_the_guide_to_embedding_uses_public_names_only() -> None:
    guide = DOCS / "embedding.md"
    sources = [text for kind, _, text in blocks(guide) if kind == "python"]
    sources += [path.read_text("utf-8") for path in (DOCS / "examples").glob("*.py")]
    imports = [found for text in sources for found in re.findall(r"^from (ocpp_crosswalk[\w.]*) import \(?([^)]+?)\)?$",
               text, re.MULTILINE)]  # fmt: skip
    assert len(imports) > 8
    public = {module.__name__: set(module.__all__) for module in PUBLIC}
    public["ocpp_crosswalk.stores.conformance"] = {"StoreConformance"}
    for module, names in imports:
        used = {name for name in re.split(r"[\s,]+", names) if name}
        assert used <= public[module], (module, used - public[module])
