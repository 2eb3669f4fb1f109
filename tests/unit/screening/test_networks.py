"""Addresses of every known network become programs; written by other libraries, or published."""

import json
import re
from pathlib import Path

import pytest
from bip_utils import (
    BchP2PKHAddrEncoder,
    BchP2SHAddrEncoder,
    EthAddrEncoder,
    OneAddrEncoder,
    P2PKHAddrEncoder,
    P2SHAddrEncoder,
    P2TRAddrEncoder,
    P2WPKHAddrEncoder,
    SolAddrEncoder,
    TrxAddrEncoder,
    XmrAddrEncoder,
    XmrIntegratedAddrEncoder,
    XrpAddrEncoder,
)
from bip_utils.base58 import Base58Alphabets, Base58Encoder
from bip_utils.bech32 import BchBech32Encoder, Bech32Encoder
from bip_utils.bech32.bch_bech32 import BchBech32Utils
from bip_utils.coin_conf import CoinsConf
from bip_utils.utils.crypto import Hash160

from custody.errors import InputError
from custody.screening import networks
from custody.screening.address import Kind, Program, decode_address
from custody.screening.networks import MAX_ADDRESS, decode_any, decode_entry, exact_program

# The generator point of secp256k1, and a key on the curve of ed25519: its base point.
KEY = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
ED25519 = bytes.fromhex("5866666666666666666666666666666666666666666666666666666666666666")
HASH = Hash160.QuickDigest(KEY)
NESTED = Hash160.QuickDigest(b"\x00\x14" + HASH)

BASE58 = [
    (CoinsConf.BitcoinMainNet, "Bitcoin", ""),
    (CoinsConf.BitcoinTestNet, "Bitcoin testnet", ""),
    (CoinsConf.BitcoinSvMainNet, "Bitcoin", ""),
    (CoinsConf.LitecoinMainNet, "Litecoin", "_std"),
    (CoinsConf.LitecoinMainNet, "Bitcoin", "_depr"),
    (CoinsConf.DashMainNet, "Dash", ""),
    (CoinsConf.DogecoinMainNet, "Dogecoin", ""),
    (CoinsConf.ZcashMainNet, "Zcash", ""),
    (CoinsConf.BitcoinCashMainNet, "Bitcoin", "_legacy"),
]


@pytest.mark.parametrize(("coin", "network", "form"), BASE58)
def test_one_key_has_one_program_on_every_network_with_hash160(coin: CoinsConf, network: str, form: str) -> None:
    p2pkh = P2PKHAddrEncoder.EncodeKey(KEY, net_ver=coin.ParamByKey(f"p2pkh{form}_net_ver"))
    nested = P2SHAddrEncoder.EncodeKey(KEY, net_ver=coin.ParamByKey(f"p2sh{form}_net_ver"))
    assert decode_any(p2pkh) == (network, Program(Kind.KEY_HASH, HASH), p2pkh)
    assert decode_any(nested) == (network, Program(Kind.SCRIPT_HASH, NESTED), nested)


@pytest.mark.parametrize(
    ("prefix", "network"),
    [
        ("bc", "Bitcoin"),
        ("tb", "Bitcoin testnet"),
        ("bcrt", "Bitcoin regtest"),
        ("ltc", "Litecoin"),
        ("btg", "Bitcoin Gold"),
    ],
)
def test_segwit_of_every_network_is_read_in_small_letters_and_capitals(prefix: str, network: str) -> None:
    p2wpkh = P2WPKHAddrEncoder.EncodeKey(KEY, hrp=prefix, wit_ver=0)
    assert decode_any(p2wpkh.upper()) == decode_any(p2wpkh) == (network, Program(Kind.KEY_HASH, HASH), p2wpkh)
    p2tr = P2TRAddrEncoder.EncodeKey(KEY, hrp=prefix, wit_ver=1)
    assert decode_any(p2tr).program.kind is Kind.TAPROOT_KEY


def test_published_segwit_addresses_that_are_invalid_are_refused(project: Path) -> None:
    published = json.loads((project / "tests/vectors/segwit_addresses.json").read_text("utf-8"))["invalid"]
    assert len(published) > 10
    for vector in published:
        with pytest.raises(InputError):
            decode_any(vector["address"] if isinstance(vector, dict) else vector)


def test_cashaddr_is_read_with_and_without_its_prefix_and_in_capitals() -> None:
    p2pkh = BchP2PKHAddrEncoder.EncodeKey(KEY, hrp="bitcoincash", net_ver=b"\x00")
    p2sh = BchP2SHAddrEncoder.EncodeKey(KEY, hrp="bitcoincash", net_ver=b"\x08")
    for text, program in ((p2pkh, Program(Kind.KEY_HASH, HASH)), (p2sh, Program(Kind.SCRIPT_HASH, NESTED))):
        for spelling in (text, text.upper(), text.partition(":")[2], text.partition(":")[2].upper()):
            assert decode_any(spelling) == ("Bitcoin Cash", program, text)
    ecash = BchBech32Encoder.Encode("ecash", b"\x00", HASH)
    assert decode_any(ecash.partition(":")[2]) == ("eCash", Program(Kind.KEY_HASH, HASH), ecash)
    with pytest.raises(InputError):
        decode_any("bitcoincash:" + ecash.partition(":")[2])


@pytest.mark.parametrize(
    ("version", "size", "kind"),
    [
        (0x10, 20, Kind.KEY_HASH),
        (0x18, 20, Kind.SCRIPT_HASH),
        (0x0B, 32, Kind.SCRIPT_HASH_32),
        (0x1B, 32, Kind.SCRIPT_HASH_32),
        (0x20, 20, None),
        (0x80, 20, None),
        (0x00, 32, None),
        (0x0B, 20, None),
        (0x01, 24, None),
    ],
)
def test_cashaddr_s_version_says_type_and_length(version: int, size: int, kind: Kind | None) -> None:
    text = BchBech32Encoder.Encode("bitcoincash", bytes([version]), bytes(range(size)))
    if kind:
        assert decode_any(text).program == Program(kind, bytes(range(size)))
    else:
        with pytest.raises(InputError, match="ADDRESS-SYNTAX"):
            decode_any(text)


@pytest.mark.parametrize("filling", [0, 1, 2, 3])
def test_bits_that_fill_up_the_last_character_are_zero(filling: int) -> None:
    """A hash of 20 bytes and a version take 168 bits, two less than 34 characters of five."""
    number = int.from_bytes(b"\x00" + HASH, "big") << 2 | filling
    groups = [number >> (5 * place) & 31 for place in reversed(range(34))]
    groups += BchBech32Utils.ComputeChecksum("bitcoincash", groups)
    text = "bitcoincash:" + "".join("qpzry9x8gf2tvdw0s3jn54khce6mua7l"[group] for group in groups)
    if filling:
        with pytest.raises(InputError):
            decode_any(text)
    else:
        assert decode_any(text).program == Program(Kind.KEY_HASH, HASH)


def test_tron_ronin_and_harmony_are_the_evm_address_of_the_same_key() -> None:
    account = EthAddrEncoder.EncodeKey(KEY)
    program = decode_address(account)
    for text, network in (
        (account, "EVM"),
        (account.lower(), "EVM"),
        (TrxAddrEncoder.EncodeKey(KEY), "Tron"),
        (f"ronin:{account[2:]}", "EVM"),
        (OneAddrEncoder.EncodeKey(KEY), "Harmony"),
    ):
        assert decode_any(text)[:2] == (network, program)
    assert decode_any(TrxAddrEncoder.EncodeKey(KEY)).canonical != decode_any(account).canonical
    assert decode_any(f"ronin:{account[2:]}").canonical == decode_any(account).canonical


def x_address(account: bytes, tail: bytes) -> str:
    return str(Base58Encoder.CheckEncode(b"\x05\x44" + account + tail, Base58Alphabets.RIPPLE))


def test_an_account_of_the_xrp_ledger_is_the_key_s_hash_with_and_without_a_tag() -> None:
    for text in (XrpAddrEncoder.EncodeKey(KEY), x_address(HASH, bytes(9)), x_address(HASH, b"\x01\x07" + bytes(7))):
        assert decode_any(text)[:2] == ("XRP ledger", Program(Kind.KEY_HASH, HASH))
    for tail in (b"\x02" + bytes(8), b"\x00\x07" + bytes(7), b"\x01" + bytes(4) + b"\x01" + bytes(3), bytes(8)):
        with pytest.raises(InputError):
            decode_any(x_address(HASH, tail))


def test_published_x_addresses_are_those_of_their_account() -> None:
    """XLS-5's example: one account without a tag and with tag 1."""
    account = decode_any("rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf").program
    assert decode_any("XVLhHMPHU98es4dbozjVtdWzVrDjtV5fdx1mHp98tDMoQXb").program == account
    assert decode_any("XVLhHMPHU98es4dbozjVtdWzVrDjtV8AqEL4xcZj5whKbmc").program == account


def test_a_solana_address_is_its_key() -> None:
    text = SolAddrEncoder.EncodeKey(ED25519)
    assert decode_any(text) == ("Solana", Program(Kind.ED25519_KEY, ED25519), text)


def test_monero_is_its_two_keys_whatever_the_payment_id() -> None:
    plain = XmrAddrEncoder.EncodeKey(ED25519, pub_vkey=ED25519, net_ver=b"\x12")
    integrated = XmrIntegratedAddrEncoder.EncodeKey(ED25519, pub_vkey=ED25519, net_ver=b"\x13", payment_id=bytes(8))
    subaddress = XmrAddrEncoder.EncodeKey(ED25519, pub_vkey=ED25519, net_ver=b"\x2a")
    for text in (plain, integrated, subaddress):
        assert decode_any(text)[:2] == ("Monero", Program(Kind.CRYPTONOTE_KEYS, ED25519 * 2))


@pytest.mark.parametrize("place", [0, 1, 40, 94])
def test_a_mistyped_monero_address_is_refused(place: int) -> None:
    text = XmrAddrEncoder.EncodeKey(ED25519, pub_vkey=ED25519, net_ver=b"\x12")
    with pytest.raises(InputError):
        decode_any(text[:place] + ("z" if text[place] != "z" else "y") + text[place + 1 :])


def test_what_shares_no_program_is_compared_as_text_after_its_checksum() -> None:
    shielded = Bech32Encoder.Encode("zs", bytes(range(43)))
    assert decode_any(shielded.upper()) == decode_any(shielded) == ("Zcash", exact_program(shielded), shielded)
    with pytest.raises(InputError):
        decode_any(shielded[:-1] + ("q" if shielded[-1] != "q" else "p"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bitcoin",
        "T" + "1" * 33,
        "TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzr",
        "rnXyVQzgxZe7TR1EPzTkGj2jxH4LMJYh67",
        "qpf2cphc5dkuclkqur7lhj2yuqq9pk3hmukle77vhr",
        "Qpf2cphc5dkuclkqur7lhj2yuqq9pk3hmukle77vhq",
        "0x098b716B8Aaf21512996dC57EB0615e2383E2f96",
        "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n8",
        "LTC1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9",
        "one1pdrvv2dt24drzcjmjyjuxgdj9fd2zp2jgq8lnz",
        "5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss",
        "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2\x00",
        " 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
        "1" * 32 + "\u0131",
        "1" * (MAX_ADDRESS + 1),
    ],
)
def test_what_is_no_address_of_a_known_network_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="ADDRESS-"):
        decode_any(text)


@pytest.mark.parametrize("tail", ["\0", "\0x", " ", "\n", "\x7f"])
def test_nothing_stands_behind_an_address(tail: str) -> None:
    for address in ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", f"0x{'12' * 20}"):
        assert decode_any(address)
        with pytest.raises(InputError, match="ADDRESS-SYNTAX"):
            decode_any(address + tail)


def test_a_version_that_no_known_network_has_is_refused() -> None:
    with pytest.raises(InputError):
        decode_any(Base58Encoder.CheckEncode(b"\xfe" + HASH))
    with pytest.raises(InputError):
        decode_any(Base58Encoder.CheckEncode(b"\x00" + HASH + b"\x00"))


def test_a_marked_text_is_only_itself() -> None:
    marked = decode_entry("=5be5543ff73456ab")
    assert marked.program == exact_program("5be5543ff73456ab") != decode_entry("=5be5543ff73456aB").program
    for text in ("=", "=a b", "=a\t", "=\u00e9", "=" + "a" * (MAX_ADDRESS + 1), "=1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"):
        with pytest.raises(InputError, match="ADDRESS-EXACT"):
            decode_entry(text)


def test_every_version_of_the_table_is_on_the_page(project: Path) -> None:
    page = (project / "docs/spec/screening.md").read_text("utf-8")

    written = set(
        re.findall(r"\b(?:1[cd])?[0-9a-f]{2}\b", page.partition("## What a list may name")[2].partition("## ")[0])
    )
    assert {version.hex() for version in networks._VERSIONS} <= written
