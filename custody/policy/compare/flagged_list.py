"""What a new flagged list makes payable again (docs/spec/loosening.md)."""

from collections.abc import Iterator

from custody.policy.compare.change import Change, in_order, verdict
from custody.screening.address import Program, candidates
from custody.screening.flagged import FlaggedList
from custody.screening.networks import decode_entry

MAX_NAMED = 20

_RULE = "flagged_list"
_ABSENT = "not on the list"


def compare_list(old: FlaggedList | None, new: FlaggedList) -> tuple[Change, ...]:
    """What is not flagged any more, and what newly is; ``old`` is None where no list is in force."""
    if old is None:
        example = f"a payment to any address that is not on the list: {verdict(loosens=True)}"
        count = len(new.entries)
        size = f"a list of {count:,} address{'' if count == 1 else 'es'}"
        return (Change(True, _RULE, "no list, nothing is paid", size, example),)
    there, then = _Programs(old), _Programs(new)
    return in_order([*_told(there, then, loosens=True), *_told(then, there, loosens=False)])


class _Programs:
    """The entries of a list as programs, and all programs that it flags."""

    def __init__(self, flagged: FlaggedList) -> None:
        self.counted = flagged.counted
        self.entries = [(number, entry, decode_entry(entry)) for number, entry in flagged.entries]
        self._index = {candidate for *_, decoded in self.entries for candidate in candidates(decoded.program)}

    def flags(self, program: Program) -> bool:
        """As `FlaggedList.find`."""
        return not self._index.isdisjoint(candidates(program))

    def beyond(self, other: "_Programs") -> Iterator[tuple[int, str, bool]]:
        """What this flags and the other does not: number, text, and whether it is the address of the entry itself.

        One key or script can be paid at its candidates; an entry is covered only where each of them is flagged.
        """
        told = set()
        for number, entry, decoded in self.entries:
            itself = not other.flags(decoded.program)
            if itself or not all(map(other.flags, candidates(decoded.program))):
                if decoded.canonical not in told:
                    yield number, entry, itself
                told.add(decoded.canonical)


def _told(there: _Programs, other: _Programs, *, loosens: bool) -> Iterator[Change]:
    """The first entries by which one flags what the other does not, and how many more there are."""
    found = list(there.beyond(other))
    for number, entry, itself in found[:MAX_NAMED]:
        payee = entry if itself else f"another address of the same key or script as {entry}"
        yield _change(f"{there.counted} {number}: {entry}", f"a payment to {payee}", loosens=loosens)
    if more := found[MAX_NAMED:]:
        entries = f"{len(more):,} more entr{'y' if len(more) == 1 else 'ies'}, from {there.counted} {more[0][0]} on"
        yield _change(entries, f"payments to the addresses of {entries}", loosens=loosens)


def _change(entry: str, example: str, *, loosens: bool) -> Change:
    before, after = (entry, _ABSENT) if loosens else (_ABSENT, entry)
    return Change(loosens, _RULE, before, after, f"{example}: {verdict(loosens=loosens)}")
