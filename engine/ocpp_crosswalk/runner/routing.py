"""Which CSMS a station goes to, and with what: the first rule that fits decides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .config import Credentials, Rule, Secret, Target
from .handshake import basic_authorization, is_authentic
from .transport import Handshake, Refused

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="OCPP", charset="UTF-8"'}


@dataclass(frozen=True, slots=True)
class Route:
    """Where a station goes, and what holds for it.

    ``offers`` are the versions that it is taken to speak, ``authorization`` is the header for the CSMS (usually
    both as in the handshake), ``settings`` are over those of all stations. ``certificate`` is the common name that
    the station's certificate has to have, where the listener wants one that matches; None: its identity.
    """

    target: Target
    offers: tuple[str, ...]
    authorization: str | None = field(default=None, repr=False)
    settings: Mapping[str, Any] = field(default_factory=dict)
    certificate: str | None = None


Routing = Callable[[Handshake], Route | Awaitable[Route]]
"""Decides where a station goes: a `Router`, or a function of one's own, sync or async. Raises Refused."""


class Router:
    """Routes by rules, of which the first that fits decides. Without any rule all stations go to the first
    target.
    """

    def __init__(self, targets: Iterable[Target], rules: Sequence[Rule] = ()) -> None:
        self._targets = {target.name: target for target in targets}
        self._rules = tuple(rules) or (Rule(),)

    def __call__(self, handshake: Handshake) -> Route:
        """Where this station goes. Raises Refused when it may not connect at all."""
        rule = next((rule for rule in self._rules if _fits(rule, handshake)), None)
        if rule is None:
            raise Refused(404, f"no rule is for the station {handshake.identity!r}")
        if rule.refuse is not None:
            raise Refused(rule.refuse, "the configuration refuses this station")
        _check_password(handshake, rule.password)
        name = rule.csms or next(iter(self._targets))
        target = self._targets[name]
        offers = handshake.offers or ((str(rule.assume),) if rule.assume else ())
        credentials = rule.credentials or target.credentials
        return Route(target, offers, _authorization(handshake, credentials), rule.settings, rule.certificate)


def _fits(rule: Rule, handshake: Handshake) -> bool:
    if rule.identity is not None and not fnmatchcase(handshake.identity, rule.identity):
        return False
    if rule.path is not None and not fnmatchcase(handshake.path or "/", rule.path):
        return False
    return rule.offers is None or rule.offers in handshake.offers or _assumed(rule, handshake)


def _assumed(rule: Rule, handshake: Handshake) -> bool:
    return not handshake.offers and rule.assume is not None and rule.assume == rule.offers


def check_certificate(handshake: Handshake, route: Route) -> None:
    """OCPP 2.0.1 part 2, A00.FR.405: the certificate of a station has to be its own. Raises Refused."""
    if not handshake.match_certificate:
        return
    if handshake.names is None or (route.certificate or handshake.identity) not in handshake.names:
        raise Refused(403, "the client certificate is not made out to this station")


def _check_password(handshake: Handshake, password: Secret | None) -> None:
    if password is None or is_authentic(handshake.authorization, handshake.identity, password.value):
        return
    raise Refused(401, "wrong or missing password", _CHALLENGE)


def _authorization(handshake: Handshake, credentials: Credentials | None) -> str | None:
    """The Authorization header for the CSMS: replaced, or the station's own."""
    if credentials is None:
        return handshake.authorization
    password = credentials.password.value
    secret = bytes.fromhex(password) if credentials.hexadecimal else password
    return basic_authorization(credentials.username or handshake.identity, secret)
