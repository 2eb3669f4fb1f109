"""What a new flagged list makes payable again, and how it is told."""

import examples
import lists
import pytest

from custody.evm.address import checksum_address
from custody.policy.compare.change import Change
from custody.policy.compare.flagged_list import MAX_NAMED, compare_list
from custody.screening.flagged import FlaggedList

# One key hash (that of BIP173's examples) as P2WPKH on two networks and as P2PKH, and its P2SH-P2WPKH.
KEY = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
KEY_REGTEST, KEY_P2PKH = examples.PAYEE, "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"
KEY_NESTED = "3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN"
# BIP173's P2WSH example.
SCRIPT = "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3"


def flagged(*addresses: str) -> FlaggedList:
    return FlaggedList.parse("\n".join(["# flagged", *addresses]).encode())


def loosening(old: FlaggedList | None, new: FlaggedList) -> list[Change]:
    return [change for change in compare_list(old, new) if change.loosens]


def test_nothing_differs_from_itself_whatever_the_comments_order_and_spelling() -> None:
    old = FlaggedList.parse(f"# one\n{KEY}\n{examples.RONIN_THIEF} # Ronin\n".encode())
    new = FlaggedList.parse(f"{examples.RONIN_THIEF.lower()}\n\n{KEY.upper()}\n{KEY}".encode())
    assert compare_list(old, new) == ()


def test_an_address_that_is_gone_loosens_and_one_that_is_new_tightens() -> None:
    first, second = compare_list(flagged(KEY), flagged(examples.RONIN_THIEF))
    assert (first.loosens, first.before, first.after) == (True, f"line 2: {KEY}", "not on the list")
    assert first.example == f"a payment to {KEY}: refused before, allowed now"
    assert (second.loosens, second.before) == (False, "not on the list")
    assert second.example == f"a payment to {examples.RONIN_THIEF}: allowed before, refused now"


def test_without_a_list_before_all_that_is_not_on_it_becomes_payable() -> None:
    assert compare_list(None, flagged(KEY)) == (
        Change(
            loosens=True,
            rule="flagged_list",
            before="no list, nothing is paid",
            after="a list of 1 address",
            example="a payment to any address that is not on the list: refused before, allowed now",
        ),
    )
    assert compare_list(None, flagged(KEY, KEY_NESTED))[0].after == "a list of 2 addresses"


@pytest.mark.parametrize("other", [KEY_REGTEST, KEY_P2PKH, KEY.upper()])
def test_an_address_whose_key_another_entry_covers_does_not_loosen(other: str) -> None:
    assert compare_list(flagged(KEY, other), flagged(other)) == ()
    assert compare_list(flagged(KEY), flagged(other)) == ()


def test_a_key_whose_nested_address_stays_flagged_is_covered_and_not_the_other_way_round() -> None:
    assert loosening(flagged(KEY), flagged(KEY_NESTED)) == []
    assert loosening(flagged(KEY_NESTED), flagged(KEY)) == []


def test_a_script_hash_flags_more_than_the_address_that_takes_its_place() -> None:
    """The P2SH-P2WSH address still catches the P2WSH address, and no more the same script in plain P2SH."""
    nested = "3NVZWnhKt53ukKw4Qm217Zk57FE8VnKjH2"
    assert flagged(nested).find(SCRIPT)
    (change,) = loosening(flagged(SCRIPT), flagged(nested))
    payee = f"another address of the same key or script as {SCRIPT}"
    assert change.example == f"a payment to {payee}: refused before, allowed now"


def test_many_entries_are_named_up_to_a_number_and_counted() -> None:
    addresses = [checksum_address(number.to_bytes(20, "big")) for number in range(1, MAX_NAMED + 4)]
    changes = loosening(flagged(*addresses), flagged())
    assert [change.before for change in changes[:2]] == [f"line 2: {addresses[0]}", f"line 3: {addresses[1]}"]
    assert len(changes) == MAX_NAMED + 1
    assert changes[-1].before == f"3 more entries, from line {MAX_NAMED + 2} on"
    assert len(loosening(flagged(*addresses[:MAX_NAMED]), flagged())) == MAX_NAMED
    (*_, last) = loosening(flagged(*addresses[: MAX_NAMED + 1]), flagged())
    assert last.before == f"1 more entry, from line {MAX_NAMED + 2} on"


def test_an_address_that_stood_twice_is_told_once() -> None:
    assert len(loosening(flagged(KEY, KEY.upper(), KEY), flagged())) == 1


def test_built_lists_are_compared_by_their_entries_too() -> None:
    old, new = (FlaggedList.parse(lists.built(entries)) for entries in ([KEY, SCRIPT], [KEY, examples.RONIN_THIEF]))
    gone, added = compare_list(old, new)
    assert (gone.loosens, gone.before) == (True, f"entry 2: {SCRIPT}")
    assert (added.loosens, added.after) == (False, f"entry 2: {examples.RONIN_THIEF}")
