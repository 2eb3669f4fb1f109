"""Which payees a new policy knows, and which accounts are the house's own: what that makes possible."""

import dataclasses
from collections.abc import Iterable

import examples
import psbts
import pytest

from custody import chains
from custody.policy.clauses import Allowed, OwnAccount
from custody.policy.compare.change import Change
from custody.policy.compare.policy import compare_policy
from custody.policy.document import Policy
from custody.screening.address import decode_on_chain

POLICY = Policy.parse(examples.POLICY)
ADDRESS = examples.EVM_PAYEE
OTHER = examples.EVM_SECOND_PAYEE


def knowing(*named: tuple[str, str], chain: chains.EvmChain = chains.ETHEREUM) -> Policy:
    entries = (Allowed(chain, address, name, decode_on_chain(address, chain)) for address, name in named)
    return dataclasses.replace(POLICY, allowlist=tuple(entries))


def owning(*accounts: OwnAccount) -> Policy:
    return dataclasses.replace(POLICY, own_accounts=accounts)


def account(tier: str = "cold", checksum: str = "qqqqqqqq", name: str = "vault") -> OwnAccount:
    return OwnAccount(name, tier, chains.BITCOIN, checksum=checksum)


def evm_account(tier: str = "cold", address: str = ADDRESS, chain: chains.EvmChain = chains.ETHEREUM) -> OwnAccount:
    return OwnAccount("vault", tier, chain, address=address)


def loosening(changes: Iterable[Change]) -> list[bool]:
    return [change.loosens for change in changes]


def test_a_destination_that_is_known_anew_loosens_and_is_told_in_full() -> None:
    (change,) = compare_policy(knowing(), knowing((ADDRESS, "Other Exchange")))
    assert (change.loosens, change.rule, change.before) == (True, "allowlist", "not on the list")
    assert change.after == f"ethereum: {ADDRESS}, Other Exchange"
    assert change.example == f"the destination {ADDRESS}: not known before, known now"


def test_a_destination_that_is_known_no_more_tightens_and_lets_what_looks_like_it_pass() -> None:
    like, gone = compare_policy(knowing((ADDRESS, "Other Exchange")), knowing())
    assert (like.loosens, gone.loosens) == (True, False)
    assert like.example == f"a payment to an address that looks like {ADDRESS}: refused before, allowed now"
    assert gone.example == f"the destination {ADDRESS}: known before, not known now"


def test_each_of_many_destinations_is_told() -> None:
    many = [("0x" + f"{number:040d}", "one") for number in range(1, 41)]
    assert len(compare_policy(knowing(), knowing(*many))) == 40


def test_another_name_or_another_order_of_destinations_decides_nothing() -> None:
    (change,) = compare_policy(knowing((ADDRESS, "A"), (OTHER, "B")), knowing((OTHER, "B"), (ADDRESS, "C")))
    assert (change.loosens, change.after) == (False, f"ethereum: {ADDRESS}, C")


def test_a_destination_is_known_on_its_network_alone() -> None:
    changes = compare_policy(knowing((ADDRESS, "A")), knowing((ADDRESS, "A"), chain=chains.BNB))
    assert loosening(changes) == [True, True, False]


def test_an_account_that_is_the_houses_own_anew_loosens() -> None:
    (change,) = compare_policy(owning(), owning(account("warm")))
    assert (change.loosens, change.rule) == (True, "own_accounts")
    assert change.after == "bitcoin: the account qqqqqqqq, vault, warm"
    assert change.example == (
        "a payment to the account qqqqqqqq on bitcoin without a record: refused before, allowed now"
    )


def test_an_account_that_is_named_by_its_descriptor_is_told_by_it() -> None:
    treasury = psbts.account()
    own = OwnAccount("vault", "cold", chains.REGTEST, account=treasury)
    (change,) = compare_policy(owning(), owning(own))
    assert change.after == f"regtest: the account {treasury.descriptor}, vault, cold"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (account(checksum="qqqqqqqq"), account(checksum="pppppppp")),
        (evm_account(address=ADDRESS), evm_account(address=OTHER)),
        (evm_account(chain=chains.ETHEREUM), evm_account(chain=chains.BNB)),
        (account(), evm_account()),
    ],
)
def test_another_account_under_the_same_name_loosens(old: OwnAccount, new: OwnAccount) -> None:
    (change,) = compare_policy(owning(old), owning(new))
    assert change.loosens
    assert new.chain.alias in change.example


def test_a_cold_account_that_is_the_houses_no_more_tightens() -> None:
    (change,) = compare_policy(owning(account()), owning())
    assert (change.loosens, change.after) == (False, "not named")
    assert change.example.endswith(" without a record: allowed before, refused now")


def test_a_hot_account_that_is_the_houses_no_more_is_bounded_no_more() -> None:
    bounded, gone = compare_policy(owning(account("hot")), owning())
    assert (bounded.loosens, gone.loosens) == (True, False)
    assert bounded.example == (
        "a payment of more than to_hot_per_day to the account qqqqqqqq, with a record: refused before, allowed now"
    )


def test_an_account_that_is_named_by_its_address_guarded_what_looks_like_it() -> None:
    like, gone = compare_policy(owning(evm_account()), owning())
    assert (like.loosens, gone.loosens) == (True, False)
    assert like.example == f"a payment to an address that looks like {ADDRESS}: refused before, allowed now"


@pytest.mark.parametrize(
    ("old", "new", "loosens"),
    [
        ("hot", "cold", True),
        ("hot", "warm", True),
        ("cold", "hot", False),
        ("cold", "warm", False),
        ("warm", "cold", False),
    ],
)
def test_only_a_hot_account_is_bounded(old: str, new: str, loosens: bool) -> None:
    (change,) = compare_policy(owning(account(old)), owning(account(new)))
    assert change.loosens == loosens


def test_two_accounts_that_swap_their_names_loosen() -> None:
    one, other = account(checksum="qqqqqqqq", name="one"), account("hot", checksum="pppppppp", name="other")
    swapped = (dataclasses.replace(one, name="other"), dataclasses.replace(other, name="one"))
    assert loosening(compare_policy(owning(one, other), owning(*swapped))) == [True, True]


def test_a_first_policy_tells_every_destination_and_account() -> None:
    new = dataclasses.replace(knowing((ADDRESS, "A")), own_accounts=(account(),), chains=())
    assert loosening(compare_policy(None, new)) == [True, True]


def test_a_destination_that_is_written_in_another_way_lets_what_looked_like_it_pass() -> None:
    """One key hash, as P2WPKH and as P2PKH: the payee stays known, the text that guarded itself is gone."""
    legacy, chain = "mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r", chains.REGTEST
    entries = (Allowed(chain, one, "A", decode_on_chain(one, chain)) for one in (examples.PAYEE, legacy))
    old, new = (dataclasses.replace(POLICY, allowlist=(entry,)) for entry in entries)
    (change,) = compare_policy(old, new)
    assert change.loosens
    assert change.example == f"a payment to an address that looks like {examples.PAYEE}: refused before, allowed now"
