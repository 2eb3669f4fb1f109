"""Built lists are verified as by building them again, compared as by looking each entry up, and named exactly."""

from random import Random

import lists
from hypothesis import example, given, settings
from hypothesis import strategies as st

from custody.errors import CustodyError, InputError
from custody.policy.compare.change import Change
from custody.policy.compare.flagged_list import compare_list
from custody.screening.address import candidates
from custody.screening.built import BuiltList
from custody.screening.entry import Entry
from custody.screening.flagged import FlaggedList
from custody.screening.large import MAX_LARGE_LIST, MAX_REFERENCE, Reference
from custody.screening.layout import RECORD_SIZE
from custody.screening.networks import decode_entry

# Relatives of each other, long programs that begin alike, and strangers.
POOL = (
    *lists.ONE_OF_EACH,
    *("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"),
    *("bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3", "3NVZWnhKt53ukKw4Qm217Zk57FE8VnKjH2"),
    *("11111111111111111111111111111113", "11111111111111111111111111111114", "=another:text"),
)
chosen = st.lists(st.sampled_from(POOL), max_size=12)


def rebuilt(octets: bytes) -> bool:
    """The definition: what a build of its entries and sources gives."""
    try:
        built = BuiltList.open(octets)
        return lists.built(built.entries(), built.header.sources) == octets
    except InputError:
        return False


def verified(octets: bytes) -> bool:
    try:
        FlaggedList.open(octets).verify()
    except InputError:
        return False
    return True


@given(chosen, st.integers(0, 5_000), st.integers(1, 255))
@settings(max_examples=400)
def test_a_list_with_any_byte_changed_is_verified_as_by_building_it_again(
    addresses: list[str], place: int, change: int
) -> None:
    honest = lists.built(addresses)
    place %= len(honest)
    bent = honest[:place] + bytes([honest[place] ^ change]) + honest[place + 1 :]
    assert verified(bent) == rebuilt(bent)
    assert verified(honest)


@given(chosen, st.randoms(use_true_random=False), st.integers(0, 3))
@settings(max_examples=400)
def test_a_list_with_its_records_moved_is_verified_as_by_building_it_again(
    addresses: list[str], random: Random, moves: int
) -> None:
    honest = lists.built(addresses)
    built = BuiltList.open(honest)
    rows = [*built.rows()]
    for _ in range(moves if rows else 0):
        rows[random.randrange(len(rows))] = random.choice(rows)
    random.shuffle(rows) if moves == 3 else rows.sort()
    end = built.start + len(rows) * RECORD_SIZE
    bent = honest[: built.start] + b"".join(rows) + honest[end:]
    assert verified(bent) == rebuilt(bent)


def expected(one: FlaggedList, other: FlaggedList) -> list[str]:
    """By the definition: entries of one, of an address that was not told, which the other does not cover."""
    index = {candidate for _, text in other.entries for candidate in candidates(decode_entry(text).program)}
    told, found = set(), []
    for number, text in one.entries:
        decoded = decode_entry(text)
        covered = all(not index.isdisjoint(candidates(each)) for each in candidates(decoded.program))
        if not covered and decoded.canonical not in told:
            found.append(f"{one.counted} {number}: {text}")
        told.add(decoded.canonical)
    return found


def named(changes: tuple[Change, ...], *, loosens: bool) -> list[str]:
    return [one.before if loosens else one.after for one in changes if one.loosens is loosens]


@given(chosen, chosen, st.booleans(), st.booleans())
@example([*POOL], [], True, True)
@settings(max_examples=800)
def test_two_lists_are_compared_as_by_looking_each_entry_up(
    before: list[str], after: list[str], plain_before: bool, plain_after: bool
) -> None:
    old, new = (
        FlaggedList.parse("\n".join(["#", *each]).encode() if plain else lists.built(each))
        for each, plain in ((before, plain_before), (after, plain_after))
    )
    changes = compare_list(old, new)
    assert named(changes, loosens=True) == expected(old, new)
    assert named(changes, loosens=False) == expected(new, old)


def test_a_comparison_that_missed_an_entry_would_be_found() -> None:
    old, new = FlaggedList.parse(lists.built(POOL)), FlaggedList.parse(lists.built(POOL[1:]))
    assert expected(old, new) == []  # covered by the same key's other addresses
    assert expected(old, FlaggedList.parse(lists.built([]))) != []


@given(st.integers(1, MAX_LARGE_LIST), st.binary(min_size=32, max_size=32))
def test_a_reference_reads_as_it_was_written(size: int, digest: bytes) -> None:
    reference = Reference(size, digest)
    assert Reference.parse(reference.serialize()) == reference
    assert len(reference.serialize()) <= MAX_REFERENCE


@given(st.binary(max_size=40), st.integers(0, 200), st.integers(0, 20))
@example(b"true", 33, 3)
@example(b"\n", 116, 0)
def test_no_bytes_put_into_a_reference_make_it_another_spelling_of_one(junk: bytes, place: int, cut: int) -> None:
    honest = Reference(267, bytes(range(32))).serialize()
    place %= len(honest) + 1
    bent = honest[:place] + junk + honest[place + cut :]
    try:
        read = Reference.parse(bent)
    except CustodyError:
        return
    assert read.serialize() == bent
    assert type(read.size) is int


def test_entries_keep_their_places_in_the_words_of_a_comparison() -> None:
    old = lists.built([Entry(POOL[0], 0, 9), Entry(POOL[7], 0, 12)])
    (change,) = compare_list(FlaggedList.parse(old), FlaggedList.parse(lists.built([POOL[0]])))
    assert change.before == f"entry 2: {POOL[7]}"
