"""Actions on the command line, with errors that say which there are."""

from __future__ import annotations

from ..diagnostics import suggestion
from ..protocol import protocol
from ..versions import Pair, Side


def senders(pair: Pair, action: str, side: Side | None) -> list[Side]:
    """The sides of ``pair`` that may send ``action``, of ``side`` alone if one is given."""
    return [one for one in Side if side in (None, one) and action in protocol(pair.version(one)).sends(one)]


def not_sent(pair: Pair, action: str, side: Side | None) -> str:
    """That nobody, or not ``side``, sends ``action``; with the action that is meant, where one is near."""
    known = {name for one in Side if side in (None, one) for name in protocol(pair.version(one)).sends(one)}
    who = f"the {side} of {pair} does not send" if side else f"nobody in {pair} sends"
    if others := senders(pair, action, None):
        return f"{who} {action}: the {others[0]} does"
    return f"{who} {action!r}. {suggestion(action, known) or 'Actions are ' + ', '.join(sorted(known)) + '.'}"
