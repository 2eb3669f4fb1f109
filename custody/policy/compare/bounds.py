"""The bounds on amounts that a policy sets by asset: how each is told, and which of two allows more."""

from dataclasses import dataclass

from custody.policy.chain_policy import ChainPolicy


@dataclass(frozen=True, slots=True)
class Bound:
    """How a bound is told.

    Attributes:
        rule: its key in the file.
        open: whether everything passes where it names no amount for an asset; otherwise nothing does.
        held: what it says with an amount; without: what holds without one; beyond: a transaction that it holds back.
        concern: what it raises, where more people may answer for that.
    """

    rule: str
    open: bool
    held: str
    without: str
    beyond: str
    concern: str = ""

    def allows_more(self, before: int | None, after: int | None) -> bool:
        """Whether something passes by ``after`` that is held back by ``before``."""
        if before is None or after is None:
            return (after is None) if self.open else (before is None)
        return after > before


def _period(rule: str, span: str) -> Bound:
    return Bound(
        rule,
        open=True,
        held=f"at most {{amount}} within {span}",
        without=f"no bound for {span}",
        beyond=f"payments and fees of {{amount}} together within {span}",
    )


PERIODS = {
    "day_caps": _period("cap_per_day", "a day"),
    "week_caps": _period("cap_per_week", "7 days"),
    "month_caps": _period("cap_per_30_days", "30 days"),
}
_BY_PAYEE = {
    "first_payments": Bound(
        "first_payment",
        open=False,
        held="at most {amount} to a payee who is new",
        without="nothing to a payee who is new",
        beyond="{amount} to a payee who is new",
        concern="new_destination",
    ),
    "known_above": Bound(
        "known_above",
        open=True,
        held="more than {amount} to known destinations alone",
        without="to destinations that are not known too",
        beyond="{amount} to a destination that is not known",
        concern="unknown_destination",
    ),
    "signed_above": Bound(
        "signed_above",
        open=True,
        held="more than {amount} with the signature of the payee's VASP alone",
        without="without the signature of the payee's VASP too",
        beyond="{amount} without the signature of the payee's VASP",
    ),
    "to_hot_caps": Bound(
        "to_hot_per_day",
        open=False,
        held="at most {amount} to own hot accounts within a day",
        without="nothing to own hot accounts",
        beyond="{amount} to an own hot account",
    ),
}
BOUNDS = PERIODS | _BY_PAYEE
# What bounds amounts whoever is paid: a payment by all of them, and within a period by its own and those longer.
CAPS = {"caps": "cap_per_transaction", **{name: bound.rule for name, bound in PERIODS.items()}}


def caps(chain: ChainPolicy, asset_id: str, begin: str = "caps") -> dict[str, int]:
    """The caps of an asset, from the shortest span on that ``begin`` names."""
    names = list(CAPS)
    named = ((name, dict(getattr(chain, name)).get(asset_id)) for name in names[names.index(begin) :])
    return {name: cap for name, cap in named if cap is not None}
