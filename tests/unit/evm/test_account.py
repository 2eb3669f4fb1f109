"""A registered account: one spelling of its descriptor, and addresses that another library derives too."""

import bip_utils
import pytest
from evm import PRACTICE, SENDER, TREASURY, account
from psbts import EVIL_SEED, SEED

from custody.chains import ANVIL, BNB, ETHEREUM, EVM_CHAINS, EvmChain
from custody.errors import HomeError, InputError, UsageError
from custody.evm.account import ADDRESSES, EvmAccount, descriptor_from_seed
from custody.keys.account import describe_key
from custody.keys.derivation import HARDENED, TPUB
from custody.keys.descriptor import with_checksum

DESCRIPTOR = descriptor_from_seed(SEED, 0, rehearsal=False)
BODY = DESCRIPTOR[:-9]


def refusal(descriptor: str, chain: EvmChain = ETHEREUM, name: str = "treasury") -> str:
    with pytest.raises(InputError) as caught:
        EvmAccount.parse(name, chain, descriptor)
    return caught.value.code


@pytest.mark.parametrize("seed", [SEED, EVIL_SEED])
def test_addresses_are_those_of_bip44_by_another_library(seed: bytes) -> None:
    coin = bip_utils.Bip44.FromSeed(seed, bip_utils.Bip44Coins.ETHEREUM)
    branch = coin.Purpose().Coin().Account(0).Change(bip_utils.Bip44Changes.CHAIN_EXT)
    theirs = [branch.AddressIndex(index).PublicKey().ToAddress() for index in (0, 1, 19)]
    assert [account(seed).address(index) for index in (0, 1, 19)] == theirs


def test_the_address_that_every_wallet_shows_for_the_test_words() -> None:
    assert SENDER == "0x9858EfFD232B4033E47d90003D41EC34EcaEda94"


def test_a_descriptor_tells_everything() -> None:
    practice = EvmAccount.parse("cold-1", ANVIL, descriptor_from_seed(SEED, 7, rehearsal=True))
    assert practice.fingerprint.hex() == "73c5da0a"
    assert (practice.index, practice.coin_type) == (7, 1)
    assert practice.path == (44 + HARDENED, 1 + HARDENED, 7 + HARDENED)
    assert practice.descriptor.endswith("#" + practice.checksum)
    assert EvmAccount.parse("cold-1", ANVIL, practice.descriptor) == practice
    assert practice.public_key(0)[0] in (2, 3)


def test_keys_of_a_rehearsal_are_other_keys_and_stay_on_test_networks() -> None:
    assert PRACTICE.address(0) != TREASURY.address(0)
    for chain in EVM_CHAINS:
        if chain.test:
            assert EvmAccount.parse("p", chain, PRACTICE.descriptor).address(0) == PRACTICE.address(0)
        else:
            assert refusal(PRACTICE.descriptor, chain) == "ACCOUNT-CHAIN"


def test_the_same_keys_stand_on_every_network() -> None:
    assert account(chain=BNB).address(3) == TREASURY.address(3)
    assert account(chain=BNB) != TREASURY


def test_an_address_is_found_to_the_letter() -> None:
    assert [TREASURY.find(TREASURY.address(index)) for index in range(ADDRESSES)] == list(range(ADDRESSES))
    for foreign in (TREASURY.address(ADDRESSES), SENDER.lower(), SENDER[2:], "", PRACTICE.address(0)):
        assert TREASURY.find(foreign) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *[("44h", "44'"), ("44h", "49h"), ("44h", "044h"), ("/60h", "/61h"), ("/60h", "/0h"), ("/60h", "/060h")],
        *[("/0h]", "/00h]"), ("/0h]", "/2147483648h]"), ("/0h]", "/0]"), ("/0/*", "/1/*"), ("/0/*", "/<0;1>/*")],
        *[("/0/*", "/*"), ("/0/*", "/0/*h"), ("evm(", "wpkh("), ("evm(", "EVM("), ("73c5da0a", "73C5DA0A")],
        ("[73c5da0a/44h/60h/0h]", ""),
    ],
)
def test_another_spelling_is_refused(old: str, new: str) -> None:
    assert refusal(with_checksum(BODY.replace(old, new, 1))) == "ACCOUNT-DESCRIPTOR"


@pytest.mark.parametrize("tail", ["", "#", "#qqqqqqqq", DESCRIPTOR[-9:] + "q", DESCRIPTOR[-9:].upper()])
def test_a_checksum_that_does_not_hold_is_refused(tail: str) -> None:
    assert refusal(BODY + tail) == "ACCOUNT-CHECKSUM"


def test_a_key_of_another_place_or_network_is_refused() -> None:
    assert refusal(with_checksum(BODY.replace("/0h]", "/1h]"))) == "ACCOUNT-XPUB"
    tpub = describe_key(SEED, TPUB, 44, 60, 0)
    assert refusal(with_checksum(f"evm({tpub}/0/*)")) == "ACCOUNT-XPUB"
    damaged = TREASURY.xpub[:-1] + ("2" if TREASURY.xpub[-1] != "2" else "3")
    assert refusal(with_checksum(BODY.replace(TREASURY.xpub, damaged))) == "ACCOUNT-XPUB"


@pytest.mark.parametrize("text", ["", " " + DESCRIPTOR, DESCRIPTOR + "\n", "\u00fc", "e" * 100_000])
def test_other_text_is_refused(text: str) -> None:
    assert refusal(text) in ("ACCOUNT-DESCRIPTOR", "ACCOUNT-CHECKSUM")


def test_faulty_names_seeds_and_indexes_are_refused() -> None:
    assert refusal(DESCRIPTOR, name="A") == "ACCOUNT-NAME"
    with pytest.raises(UsageError, match="ACCOUNT-INDEX"):
        descriptor_from_seed(SEED, HARDENED, rehearsal=False)
    with pytest.raises(HomeError, match="SEED-SIZE"):
        descriptor_from_seed(SEED[:-1], 0, rehearsal=False)
