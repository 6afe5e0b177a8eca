"""The kinds of faults that `plant_faults.py` plants: each a function that makes one random edit of one file.

An edit gives what it did, the line that it touched and the file's new text, or None where the file has no place for
it. Kinds of `BY_TYPES` break what types can see. Kinds of `BY_MEANING` leave a mapping that may be as valid as before
and says something else; what finds those, if types do not, are cases and generated calls.
"""

from __future__ import annotations

from . import meaning, typed
from .source import Edit, Kind, Source

__all__ = ["BY_MEANING", "BY_TYPES", "PAIRS_ONLY", "TABLES_ONLY", "Edit", "Kind", "Source"]


def _named(*kinds: Kind) -> dict[str, Kind]:
    return {kind.__name__.replace("_", "-"): kind for kind in kinds}  # type: ignore[attr-defined]


BY_TYPES = _named(
    typed.rename_read,
    typed.unknown_function,
    typed.argument_too_many,
    typed.misspell_variable,
    typed.misspell_constant,
    typed.break_expression,
    typed.rename_written,
    typed.drop_written,
    typed.illegal_constant,
    typed.wrong_type,
    typed.remove_drop,
    typed.false_drop,
    typed.drop_what_is_read,
    typed.change_action,
    typed.other_action,
    typed.unknown_key,
    typed.repeat_key,
    typed.last_route_conditional,
    typed.refuse_code,
    typed.unknown_name,
    typed.remove_each,
    typed.raw_value,
    typed.remove_default,
    typed.table_target,
    typed.table_row,
    typed.table_key,
    typed.remove_file,
    typed.remove_refusal,
)
BY_MEANING = _named(
    meaning.other_constant,
    meaning.other_text,
    meaning.swap_table_targets,
    meaning.other_number,
    meaning.written_number,
    meaning.remove_when,
    meaning.negate_when,
    meaning.other_operator,
    meaning.swap_branches,
    meaning.exchange_leaves,
    meaning.other_field,
    meaning.other_binding,
    meaning.remove_binding,
    meaning.remove_also,
    meaning.other_side,
    meaning.swap_routes,
    meaning.remove_route,
    meaning.other_refusal,
    meaning.remove_promise,
)
TABLES_ONLY = frozenset({"table-target", "table-row", "table-key", "swap-table-targets"})
PAIRS_ONLY = frozenset({"remove-refusal"})
