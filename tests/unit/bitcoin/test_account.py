"""A registered account: one spelling of its descriptor, and the published keys and addresses of BIP84."""

import json
from pathlib import Path

import pytest
from psbts import SEED

from custody.bitcoin.account import Account, descriptor_from_seed
from custody.chains import BITCOIN, BITCOIN_CHAINS, REGTEST, SIGNET, TESTNET, Chain
from custody.errors import InputError, UsageError
from custody.keys.derivation import HARDENED
from custody.keys.descriptor import with_checksum

DESCRIPTOR = descriptor_from_seed(SEED, BITCOIN, 0)
BODY = DESCRIPTOR[:-9]


def refusal(descriptor: str, chain: Chain = BITCOIN, name: str = "treasury") -> str:
    with pytest.raises(InputError) as caught:
        Account.parse(name, chain, descriptor)
    return caught.value.code


def test_the_published_addresses_of_bip84(project: Path) -> None:
    vectors = json.loads((project / "tests/vectors/bip84.json").read_text())
    account = Account.parse("treasury", BITCOIN, DESCRIPTOR)
    for vector in vectors["addresses"]:
        assert account.address(vector["branch"], vector["index"]) == vector["address"]
        assert account.public_key(vector["branch"], vector["index"]).hex() == vector["pubkey"]
        assert account.script_pubkey(vector["branch"], vector["index"])[:2] == b"\x00\x14"


def test_a_descriptor_tells_everything() -> None:
    account = Account.parse("cold-1", TESTNET, descriptor_from_seed(SEED, TESTNET, 7))
    assert account.fingerprint.hex() == "73c5da0a"  # as every wallet prints it for these words
    assert account.index == 7
    assert account.path == (84 + HARDENED, 1 + HARDENED, 7 + HARDENED)
    assert account.descriptor.endswith("#" + account.checksum)
    assert Account.parse("cold-1", TESTNET, account.descriptor) == account


def test_the_known_account_key_of_the_test_words() -> None:
    # Made by an independent wallet (bdk) for the shared vectors.
    xpub = (
        "tpubDC8msFGeGuwnKG9Upg7DM2b4DaRqg3CUZa5g8v2SRQ6K4NSkxUgd7HsL2"
        "XVWbVm39yBA4LAxysQAm397zwQSQoQgewGiYZqrA9DsP4zbQ1M"
    )
    assert Account.parse("treasury", REGTEST, descriptor_from_seed(SEED, REGTEST, 0)).xpub == xpub


@pytest.mark.parametrize("chain", BITCOIN_CHAINS, ids=lambda chain: chain.alias)
def test_each_chain_has_its_own_prefix(chain: Chain) -> None:
    account = Account.parse("treasury", chain, descriptor_from_seed(SEED, chain, 0))
    assert account.address(0, 0).startswith(chain.hrp + "1q")


def test_a_descriptor_of_another_network_is_refused() -> None:
    assert refusal(DESCRIPTOR, TESTNET) == "ACCOUNT-CHAIN"
    assert refusal(descriptor_from_seed(SEED, SIGNET, 0), BITCOIN) == "ACCOUNT-CHAIN"
    tpub = Account.parse("t", TESTNET, descriptor_from_seed(SEED, TESTNET, 0)).xpub
    xpub = Account.parse("t", BITCOIN, DESCRIPTOR).xpub
    assert refusal(with_checksum(BODY.replace(xpub, tpub))) == "ACCOUNT-XPUB"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("84h", "84'"),
        ("84h", "84H"),
        ("84h", "49h"),
        ("84h", "084h"),
        ("/0h/0h", "/0h/00h"),
        ("/0h/0h", "/2h/0h"),
        ("/0h/0h", "/0h/2147483648h"),
        ("/0h/0h", "/0h/0"),
        ("<0;1>", "<1;0>"),
        ("<0;1>", "0"),
        ("<0;1>", "<0;2>"),
        ("/*", "/*h"),
        ("wpkh(", "pkh("),
        ("wpkh(", "sh(wpkh("),
        ("73c5da0a", "73C5DA0A"),
        ("73c5da0a", "73c5da0"),
        ("[73c5da0a/84h/0h/0h]", ""),
    ],
)
def test_another_spelling_is_refused(old: str, new: str) -> None:
    assert refusal(with_checksum(BODY.replace(old, new, 1))) == "ACCOUNT-DESCRIPTOR"


def test_an_account_index_that_is_not_the_keys_is_refused() -> None:
    assert refusal(with_checksum(BODY.replace("/0h]", "/1h]"))) == "ACCOUNT-XPUB"


def test_a_damaged_key_is_refused() -> None:
    xpub = Account.parse("t", BITCOIN, DESCRIPTOR).xpub
    damaged = xpub[:-1] + ("2" if xpub[-1] != "2" else "3")
    assert refusal(with_checksum(BODY.replace(xpub, damaged))) == "ACCOUNT-XPUB"


@pytest.mark.parametrize("tail", ["", "#", "#qqqqqqqq", "#" + DESCRIPTOR[-8:] + "q", "#" + DESCRIPTOR[-8:].upper()])
def test_a_checksum_that_does_not_hold_is_refused(tail: str) -> None:
    assert refusal(BODY + tail) == "ACCOUNT-CHECKSUM"


@pytest.mark.parametrize("text", ["", " " + DESCRIPTOR, DESCRIPTOR + "\n", DESCRIPTOR + "#", "\u00fc", "w" * 100_000])
def test_other_text_is_refused(text: str) -> None:
    assert refusal(text) in ("ACCOUNT-DESCRIPTOR", "ACCOUNT-CHECKSUM")


@pytest.mark.parametrize("name", ["", "-a", "A", "a b", "a" * 33, "a\n", "\u00e4", "a_b", "../a"])
def test_a_name_outside_the_syntax_is_refused(name: str) -> None:
    assert refusal(DESCRIPTOR, name=name) == "ACCOUNT-NAME"


@pytest.mark.parametrize("index", [-1, HARDENED, 2**40])
def test_an_account_index_out_of_range_is_refused(index: int) -> None:
    with pytest.raises(UsageError, match="ACCOUNT-INDEX"):
        descriptor_from_seed(SEED, BITCOIN, index)
