"""Own accounts: what the policy names and the device derives is own, and nothing else is, whatever a request says."""

from collections.abc import Iterable
from dataclasses import replace

import evm
import examples
import psbts
import pytest

from custody import chains
from custody.bitcoin.account import CHANGE, RECEIVE, Account, descriptor_from_seed
from custody.bitcoin.script import encode_address
from custody.chains import BITCOIN, ETHEREUM, REGTEST, SEPOLIA, SIGNET, Chain
from custody.codec.schema import SchemaError
from custody.families import Account as AnyAccount
from custody.policy import own
from custody.policy.clauses import OwnAccount
from custody.policy.document import Policy
from custody.policy.own import MAX_OWN_ADDRESSES, with_owners
from custody.review import Output, Review, Role

POLICY = Policy.parse(examples.POLICY)
HOT = Account.parse("hot", REGTEST, descriptor_from_seed(psbts.SEED, REGTEST, 1))
NAMED = OwnAccount("Hot 1", "hot", REGTEST, checksum=HOT.checksum)
EVM_NAMED = OwnAccount("Hot 2", "hot", ETHEREUM, address=examples.EVM_PAYEE)


def recognised(
    review: Review, *named: OwnAccount, accounts: Iterable[AnyAccount] = (psbts.TREASURY, HOT)
) -> list[tuple[Role, str]]:
    told = with_owners(review, replace(POLICY, own_accounts=named), accounts)
    return [(output.role, output.owner) for output in told.outputs]


def paying(address: str) -> Review:
    return examples.review((address, 1_000), change=0)


OWN, OTHERS = [(Role.OWN, "Hot 1")], [(Role.PAYMENT, "")]


@pytest.mark.parametrize(("index", "role"), [(0, OWN), (MAX_OWN_ADDRESSES - 1, OWN), (MAX_OWN_ADDRESSES, OTHERS)])
def test_a_named_and_registered_account_owns_its_first_receiving_addresses(
    index: int, role: list[tuple[Role, str]]
) -> None:
    assert recognised(paying(HOT.address(RECEIVE, index)), NAMED) == role


def test_everything_else_about_the_facts_stays() -> None:
    review = examples.review((HOT.address(RECEIVE, 0), 1_000), (examples.PAYEE, 2_000))
    told = with_owners(review, replace(POLICY, own_accounts=(NAMED,)), (HOT,))
    assert [(one.role, one.owner) for one in told.outputs] == [*OWN, *OTHERS, (Role.CHANGE, "")]
    plain = tuple(replace(one, owner="", role=was.role) for one, was in zip(told.outputs, review.outputs, strict=True))
    assert replace(told, outputs=plain) == review
    assert told.payments == told.outputs[:2]
    assert told.digest != review.digest


def test_registered_alone_or_named_alone_is_nobody_s() -> None:
    review = paying(HOT.address(RECEIVE, 0))
    assert recognised(review) == OTHERS
    assert recognised(review, NAMED, accounts=(psbts.TREASURY,)) == OTHERS
    assert with_owners(review, None, (HOT,)) == review


def test_an_address_of_the_change_branch_is_not_handed_out_so_it_is_not_own() -> None:
    assert recognised(paying(HOT.address(CHANGE, 0)), NAMED) == OTHERS


def test_the_same_key_under_another_script_is_not_own() -> None:
    key_hash = HOT.script_pubkey(RECEIVE, 0)[2:]
    legacy = encode_address(b"\x76\xa9\x14" + key_hash + b"\x88\xac", REGTEST)
    assert recognised(paying(legacy), NAMED) == OTHERS


def test_a_strangers_descriptor_is_not_own_whatever_he_calls_it() -> None:
    stranger = replace(psbts.EVIL, name="hot")
    assert recognised(paying(stranger.address(RECEIVE, 0)), NAMED, accounts=(psbts.TREASURY, HOT)) == OTHERS


@pytest.mark.parametrize("chain", [SIGNET, chains.TESTNET, BITCOIN])
def test_the_checksum_does_not_say_which_network_so_the_network_is_compared(chain: Chain) -> None:
    """Testnet, signet and regtest share descriptor and checksum, and the first two share addresses too."""
    review = paying(HOT.address(RECEIVE, 0))
    elsewhere = replace(HOT, chain=chain)
    assert elsewhere.checksum == HOT.checksum
    assert recognised(review, NAMED, accounts=(elsewhere,)) == OTHERS
    assert recognised(review, replace(NAMED, chain=chain)) == OTHERS
    assert recognised(replace(review, chain_id=chain.chain_id), NAMED) == OTHERS


def test_of_two_registered_accounts_with_one_checksum_neither_is_meant() -> None:
    forged = replace(psbts.EVIL, descriptor=psbts.EVIL.descriptor[:-8] + HOT.checksum)
    for account in (forged, HOT):
        assert recognised(paying(account.address(RECEIVE, 0)), NAMED, accounts=(HOT, forged)) == OTHERS


def test_the_paying_account_s_own_receiving_address_is_own_where_it_is_named_and_its_change_stays_change() -> None:
    named = OwnAccount("Treasury", "cold", REGTEST, checksum=psbts.TREASURY.checksum)
    review = paying(psbts.TREASURY.address(RECEIVE, 3))
    assert recognised(review, named) == [(Role.OWN, "Treasury")]
    both = replace(review, outputs=(review.outputs[0], replace(review.outputs[0], index=1, role=Role.CHANGE)))
    assert recognised(both, named) == [(Role.OWN, "Treasury"), (Role.CHANGE, "")]


@pytest.mark.parametrize("order", [1, -1])
def test_where_several_entries_name_one_address_the_one_nearest_to_the_world_counts(order: int) -> None:
    entries = (replace(NAMED, name="A", tier="cold"), NAMED, replace(NAMED, name="Z", tier="warm"))
    assert recognised(paying(HOT.address(RECEIVE, 0)), *entries[::order]) == OWN


@pytest.mark.parametrize("asset", [None, examples.USDC])
def test_an_evm_account_is_own_for_coins_and_for_tokens_that_it_receives(asset: object) -> None:
    review = examples.evm_review(asset=asset)  # type: ignore[arg-type]
    assert recognised(review, EVM_NAMED) == [(Role.OWN, "Hot 2")]
    assert recognised(examples.evm_review(examples.EVM_SECOND_PAYEE), EVM_NAMED) == OTHERS


def test_the_same_evm_address_on_another_network_is_not_own() -> None:
    assert recognised(examples.evm_review(chain=SEPOLIA), EVM_NAMED) == OTHERS
    assert recognised(examples.evm_review(), replace(EVM_NAMED, chain=SEPOLIA)) == OTHERS


def test_a_registered_evm_account_that_the_policy_does_not_name_is_nobody_s() -> None:
    assert recognised(examples.evm_review(evm.SENDER), EVM_NAMED, accounts=(evm.TREASURY,)) == OTHERS


def test_nothing_is_derived_where_nothing_could_be_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "_receiving", lambda account: pytest.fail(f"{account.name} was derived"))
    recognised(paying(examples.PAYEE), EVM_NAMED)
    recognised(examples.review(), NAMED)
    with pytest.raises(pytest.fail.Exception):
        recognised(paying(examples.PAYEE), NAMED)


def test_a_device_that_believed_the_name_of_an_account_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: derivation that takes any account for the named one."""
    monkeypatch.setattr(own, "_addresses", lambda *_: (psbts.EVIL.address(RECEIVE, 0),))
    with pytest.raises(AssertionError):
        test_a_strangers_descriptor_is_not_own_whatever_he_calls_it()


def test_an_output_is_told_by_its_address_alone() -> None:
    """Index, amount and asset of an output have no part in whose it is."""
    one = Output(0, HOT.address(RECEIVE, 0), 1, REGTEST.coin, Role.PAYMENT)
    review = replace(examples.review(), outputs=(one, replace(one, index=1, amount=10**8)))
    assert recognised(review, NAMED) == OWN * 2


# A hot wallet has keys of its own: the signer knows it by the descriptor in the policy.

ELSEWHERE = Account.parse("elsewhere", REGTEST, descriptor_from_seed(b"\x07" * 64, REGTEST, 0))
BY_DESCRIPTOR = OwnAccount("Hot 1", "hot", REGTEST, account=ELSEWHERE)


def test_an_account_named_by_its_descriptor_is_own_wherever_its_keys_are() -> None:
    for index, role in ((0, OWN), (MAX_OWN_ADDRESSES - 1, OWN), (MAX_OWN_ADDRESSES, OTHERS)):
        assert recognised(paying(ELSEWHERE.address(RECEIVE, index)), BY_DESCRIPTOR, accounts=()) == role
    assert recognised(paying(ELSEWHERE.address(CHANGE, 0)), BY_DESCRIPTOR) == OTHERS
    assert recognised(paying(HOT.address(RECEIVE, 0)), BY_DESCRIPTOR) == OTHERS


def test_its_network_counts() -> None:
    signet = replace(BY_DESCRIPTOR, chain=SIGNET, account=replace(ELSEWHERE, chain=SIGNET))
    assert recognised(paying(ELSEWHERE.address(RECEIVE, 0)), signet) == OTHERS


def test_a_policy_file_names_it() -> None:
    row = f'[[own_accounts]]\nname = "Hot 1"\ntier = "hot"\nchain = "regtest"\ndescriptor = "{ELSEWHERE.descriptor}"\n'
    (own_account,) = Policy.parse(examples.POLICY + row.encode()).own_accounts
    assert own_account == replace(BY_DESCRIPTOR, account=replace(ELSEWHERE, name="own"))


@pytest.mark.parametrize(
    ("chain", "descriptor"),
    [
        ("bitcoin", ELSEWHERE.descriptor),
        ("ethereum", ELSEWHERE.descriptor),
        ("regtest", ELSEWHERE.descriptor[:-1] + "q"),
        ("regtest", ELSEWHERE.descriptor.replace("wpkh", "pkh")),
        ("regtest", "wpkh(x)"),
    ],
)
def test_a_descriptor_of_another_network_or_form_is_refused(chain: str, descriptor: str) -> None:
    row = f'[[own_accounts]]\nname = "Hot 1"\ntier = "hot"\nchain = "{chain}"\ndescriptor = "{descriptor}"\n'
    with pytest.raises(SchemaError):
        Policy.parse(examples.POLICY + row.encode())
