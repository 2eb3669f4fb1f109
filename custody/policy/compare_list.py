"""What a new flagged list makes payable again (docs/spec/loosening.md)."""

from collections.abc import Iterator

from custody.policy.change import Change, in_order, verdict
from custody.screening.address import Program, candidates, canonical_address, decode_address
from custody.screening.flagged import FlaggedList

MAX_NAMED = 20

_RULE = "flagged_list"
_ABSENT = "not on the list"


def compare_list(old: FlaggedList | None, new: FlaggedList) -> tuple[Change, ...]:
    """What is not flagged any more, and what newly is; ``old`` is None where no list is in force."""
    if old is None:
        example = f"a payment to any address that is not on the list: {verdict(loosens=True)}"
        size = f"a list of {len(new.entries):,} address{'' if len(new.entries) == 1 else 'es'}"
        return (Change(True, _RULE, "no list, nothing is paid", size, example),)
    there, then = _Programs(old), _Programs(new)
    return in_order([*_told(there, then, loosens=True), *_told(then, there, loosens=False)])


class _Programs:
    """The entries of a list as programs, and all programs that it flags."""

    def __init__(self, flagged: FlaggedList) -> None:
        self.entries = [(line, entry, decode_address(entry)) for line, entry in flagged.entries]
        self._index = {candidate for _, _, program in self.entries for candidate in candidates(program)}

    def flags(self, program: Program) -> bool:
        """As `FlaggedList.find`."""
        return not self._index.isdisjoint(candidates(program))

    def beyond(self, other: "_Programs") -> Iterator[tuple[int, str, bool]]:
        """What this flags and the other does not: line, text, and whether it is the address of the entry itself.

        One key or script can be paid at its candidates; an entry is covered only where each of them is flagged.
        """
        told = set()
        for line, entry, program in self.entries:
            itself = not other.flags(program)
            if itself or not all(map(other.flags, candidates(program))):
                written = canonical_address(entry)
                if written not in told:
                    yield line, entry, itself
                told.add(written)


def _told(there: _Programs, other: _Programs, *, loosens: bool) -> Iterator[Change]:
    """The first entries by which one flags what the other does not, and how many more there are."""
    found = list(there.beyond(other))
    for line, entry, itself in found[:MAX_NAMED]:
        payee = entry if itself else f"another address of the same key or script as {entry}"
        yield _change(f"line {line}: {entry}", f"a payment to {payee}", loosens=loosens)
    if more := found[MAX_NAMED:]:
        entries = f"{len(more):,} more entr{'y' if len(more) == 1 else 'ies'}, from line {more[0][0]} on"
        yield _change(entries, f"payments to the addresses of {entries}", loosens=loosens)


def _change(entry: str, example: str, *, loosens: bool) -> Change:
    before, after = (entry, _ABSENT) if loosens else (_ABSENT, entry)
    return Change(loosens, _RULE, before, after, f"{example}: {verdict(loosens=loosens)}")
