"""The static part of the checker: what can be said about mappings without running them."""

from __future__ import annotations

from collections.abc import Iterable

from ..diagnostics import Diagnostic, Diagnostics, MappingError, Severity
from ..mapping import Pack
from ..mapping.compile import expressions_of
from ..mapping.pack import PairMappings
from ..protocol import protocol
from ..versions import Pair, Side
from .gathered import Everywhere, Tables
from .mappings import Shared, check_mapping


def check_pack(pack: Pack, pairs: Iterable[Pair]) -> list[Diagnostic]:
    """Every finding about the mappings of ``pairs``; of a pair that cannot be loaded, why it cannot."""
    diagnostics = Diagnostics()
    tables, everywhere = Tables(pack.resources.tables), Everywhere()
    shared = Shared(pack.resources.functions, pack.settings, tables, everywhere, diagnostics)
    chosen = list(pairs)
    fallbacks: dict[str, str | None] = {}
    loaded = 0
    for pair in chosen:
        try:
            mappings = pack.pair(pair)
        except MappingError as error:
            for item in error.diagnostics:
                diagnostics.add(item.code, item.at, item.message, item.remedy, item.path, item.severity)
            continue
        loaded += 1
        for mapping in mappings.mappings.values():
            check_mapping(mapping, shared, mappings.drops)
        _complete(mappings, diagnostics)
        _interpreted(mappings, fallbacks, diagnostics)
    diagnostics.items.extend(everywhere.findings())
    if loaded == len(pack.available):
        _unused_entries(pack, tables, diagnostics)
    return diagnostics.items


def _complete(mappings: PairMappings, diagnostics: Diagnostics) -> None:
    """Every action that either side may send has a mapping or a refusal."""
    pair = mappings.pair
    for side in Side:
        for action in protocol(pair.version(side)).sends(side):
            if mappings.find(side, action) is None:
                diagnostics.add(
                    "XW240",
                    mappings.at,
                    f"nothing says what becomes of {action} from the {side} of {pair}",
                    f"Write from-{side}/{action}.yaml, or refuse it with a reason in pair.yaml.",
                    f"from-{side}.{action}",
                )


def _interpreted(mappings: PairMappings, fallbacks: dict[str, str | None], diagnostics: Diagnostics) -> None:
    """Note what the compiler leaves to jsonata-python; ``fallbacks`` says why, for the expressions seen so far."""
    for expression in expressions_of(mappings.mappings):
        if expression.source not in fallbacks:
            fallbacks[expression.source] = expression.fallback
        if (unknown := fallbacks[expression.source]) is not None:
            shown = " ".join(expression.source.split())
            diagnostics.add(
                "XW233",
                expression.at,
                f"jsonata-python evaluates `{shown}`: the compiler does not know {unknown}",
                "It means the same and takes some hundred times as long. Say it another way if such messages are many.",
                severity=Severity.NOTE,
            )


def _unused_entries(pack: Pack, tables: Tables, diagnostics: Diagnostics) -> None:
    for name, table in pack.resources.tables.items():
        use = tables.uses.get(name)
        if use is None:
            diagnostics.add("XW225", table.at, f"the table {name!r} is never used", "Remove it.", "", Severity.WARNING)
            continue
        if use.everything:
            continue
        for value in sorted((set(table.values) | set(table.drops)) - use.looked_up):
            diagnostics.add(
                "XW226",
                table.at,
                f"the value {value!r} of the table {name!r} never arrives",
                "Remove the entry, or correct its spelling.",
                f"values.{value}",
                Severity.WARNING,
            )
