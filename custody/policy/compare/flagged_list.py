"""What a new flagged list makes payable again (docs/spec/loosening.md)."""

from collections.abc import Iterator
from itertools import islice

from custody.policy.compare.change import Change, in_order, verdict
from custody.screening.address import candidates
from custody.screening.differ import uncovered
from custody.screening.flagged import FlaggedList
from custody.screening.large import Watch, unwatched
from custody.screening.networks import decode_entry

MAX_NAMED = 20

_RULE = "flagged_list"
_ABSENT = "not on the list"


def compare_list(old: FlaggedList | None, new: FlaggedList, watch: Watch = unwatched) -> tuple[Change, ...]:
    """What is not flagged any more, and what newly is; ``old`` is None where no list is in force.

    Both were verified. Memory is bounded, whatever they hold.
    """
    if old is None:
        example = f"a payment to any address that is not on the list: {verdict(loosens=True)}"
        size = f"a list of {new.size:,} address{'' if new.size == 1 else 'es'}"
        return (Change(True, _RULE, "no list, nothing is paid", size, example),)
    return in_order([*_told(old, new, watch, loosens=True), *_told(new, old, watch, loosens=False)])


def _told(there: FlaggedList, other: FlaggedList, watch: Watch, *, loosens: bool) -> Iterator[Change]:
    """The first entries by which one flags what the other does not, and how many more there are."""
    beyond = _beyond(there, other, watch)
    for number, entry, itself in islice(beyond, MAX_NAMED):
        payee = entry if itself else f"another address of the same key or script as {entry}"
        yield _change(f"{there.counted} {number}: {entry}", f"a payment to {payee}", loosens=loosens)
    if following := next(beyond, None):
        more = 1 + sum(1 for _ in beyond)
        entries = f"{more:,} more entr{'y' if more == 1 else 'ies'}, from {there.counted} {following[0]} on"
        yield _change(entries, f"payments to the addresses of {entries}", loosens=loosens)


def _beyond(there: FlaggedList, other: FlaggedList, watch: Watch) -> Iterator[tuple[int, str, bool]]:
    """What one flags and the other does not: number, text, and whether it is the address of the entry itself.

    One key or script can be paid at its candidates; an entry is covered only where each of them is flagged.
    """
    told: set[str] = set()
    for number, entry in uncovered(there, other, watch):
        decoded = decode_entry(entry)
        itself = not other.flags(decoded.program)
        beyond = itself or not all(map(other.flags, candidates(decoded.program)))
        if beyond and decoded.canonical not in told:
            yield number, entry, itself
            if there.repeats:
                told.add(decoded.canonical)


def _change(entry: str, example: str, *, loosens: bool) -> Change:
    before, after = (entry, _ABSENT) if loosens else (_ABSENT, entry)
    return Change(loosens, _RULE, before, after, f"{example}: {verdict(loosens=loosens)}")
