"""Addresses become programs strictly, the same on every network; checked against published vectors and bip-utils."""

import hashlib
import json
from pathlib import Path

import examples
import pytest
from bip_utils import P2PKHAddrEncoder, P2SHAddrEncoder, P2WPKHAddrEncoder
from Crypto.Hash import RIPEMD160

from custody.chains import BITCOIN, BITCOIN_CHAINS, ETHEREUM, EVM_CHAINS, REGTEST, SIGNET, TESTNET, EvmChain
from custody.errors import InputError
from custody.screening.address import Kind, Program, candidates, canonical_address, decode_address, decode_on_chain

# The public key of BIP173's examples, which is the generator point, and its HASH160.
PUBLIC_KEY = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
KEY_HASH = bytes.fromhex("751e76e8199196d454941c45d1b3a323f1433bd6")
P2WPKH = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
P2TR = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"


@pytest.fixture(scope="module")
def vectors(project: Path) -> dict[str, list[dict[str, str]]]:
    loaded: dict[str, list[dict[str, str]]] = json.loads(
        (project / "tests/vectors/segwit_addresses.json").read_text("utf-8")
    )
    return loaded


def test_one_key_has_one_program_in_every_encoding_and_on_every_network() -> None:
    encodings = {
        P2PKHAddrEncoder.EncodeKey(PUBLIC_KEY, net_ver=b"\x00"),
        P2PKHAddrEncoder.EncodeKey(PUBLIC_KEY, net_ver=b"\x6f"),
        *(P2WPKHAddrEncoder.EncodeKey(PUBLIC_KEY, hrp=chain.hrp, wit_ver=0) for chain in BITCOIN_CHAINS),
    }
    assert len(encodings) == 5
    assert {decode_address(address) for address in encodings} == {Program(Kind.KEY_HASH, KEY_HASH)}


def test_a_key_hash_answers_for_its_nested_segwit_address() -> None:
    nested = P2SHAddrEncoder.EncodeKey(PUBLIC_KEY, net_ver=b"\x05")
    program = decode_address(nested)
    assert program.kind is Kind.SCRIPT_HASH
    assert set(candidates(decode_address(P2WPKH))) == {program, Program(Kind.KEY_HASH, KEY_HASH)}


def test_a_script_hash_and_a_taproot_key_answer_for_themselves_only() -> None:
    for address in (P2SHAddrEncoder.EncodeKey(PUBLIC_KEY, net_ver=b"\x05"), P2TR):
        assert set(candidates(decode_address(address))) == {decode_address(address)}


def test_a_witness_script_answers_for_its_nested_and_its_plain_script_hash() -> None:
    script = b"\x51"
    once = hashlib.sha256(script).digest()
    nested = hashlib.sha256(b"\x00\x20" + once).digest()
    assert set(candidates(Program(Kind.WITNESS_SCRIPT, once))) == {
        Program(Kind.WITNESS_SCRIPT, once),
        Program(Kind.SCRIPT_HASH, _ripemd160(nested)),
        Program(Kind.SCRIPT_HASH, _ripemd160(once)),
    }


def _ripemd160(preimage: bytes) -> bytes:
    return RIPEMD160.new(preimage).digest()


def test_a_script_hash_is_no_key_hash() -> None:
    assert Program(Kind.SCRIPT_HASH, KEY_HASH) not in candidates(Program(Kind.KEY_HASH, KEY_HASH))


def test_published_segwit_addresses_decode_or_are_refused_as_their_script_says(
    vectors: dict[str, list[dict[str, str]]],
) -> None:
    decoded = 0
    for vector in vectors["valid"]:
        script = bytes.fromhex(vector["script"])
        if script[:2] in (b"\x00\x14", b"\x00\x20", b"\x51\x20"):
            assert decode_address(vector["address"]).payload == script[2:]
            decoded += 1
        else:
            with pytest.raises(InputError):
                decode_address(vector["address"])
    assert decoded >= 3
    for vector in vectors["invalid"]:
        with pytest.raises(InputError):
            decode_address(vector["address"] if isinstance(vector, dict) else vector)


@pytest.mark.parametrize(
    "address",
    [
        "",
        " ",
        P2WPKH[:-1],
        P2WPKH + "q",
        P2WPKH + " ",
        "\n" + P2WPKH,
        P2WPKH + "\x00",
        P2WPKH[:4].upper() + P2WPKH[4:],
        P2WPKH.upper().replace("K", "\u212a"),
        P2WPKH.replace("q", "p", 1),
        "bitcoin:" + P2WPKH,
        "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3",
        "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2\x00",
        "TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq",
        "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9",
        "bc1pfeessrawgf",
        "5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss",
        "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8",
        "1" * 100_000,
        "\ud800",
    ],
)
def test_what_is_no_address_of_a_served_chain_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="ADDRESS-SYNTAX"):
        decode_address(address)


def test_capitals_are_the_same_address_and_base58_keeps_its_case() -> None:
    assert decode_address(P2WPKH.upper()) == decode_address(P2WPKH)
    assert canonical_address(P2WPKH.upper()) == P2WPKH
    for base58 in ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "1BVBMSEYSTWETQTFN5AU4M4GFG7XJANVN2"):
        assert canonical_address(base58) == base58


def test_an_address_belongs_to_its_chain() -> None:
    assert decode_on_chain(examples.PAYEE, REGTEST).payload == KEY_HASH
    for chain in (BITCOIN, TESTNET, SIGNET):
        with pytest.raises(InputError, match="ADDRESS-SYNTAX"):
            decode_on_chain(examples.PAYEE, chain)


def test_testnet_and_signet_write_the_same_addresses() -> None:
    address = P2WPKHAddrEncoder.EncodeKey(PUBLIC_KEY, hrp="tb", wit_ver=0)
    assert decode_on_chain(address, TESTNET) == decode_on_chain(address, SIGNET)


# The addresses of EIP-55's test cases, and the Ronin thief's.
EIP55 = [
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x098B716B8Aaf21512996dC57EB0615e2383E2f96",
]


def spellings(address: str) -> list[str]:
    """The checksum's, small letters, capitals after a small x, capitals throughout."""
    return [address, address.lower(), "0x" + address[2:].upper(), address.upper()]


@pytest.mark.parametrize("address", EIP55)
def test_an_evm_address_is_its_20_bytes_in_every_spelling(address: str) -> None:
    program = Program(Kind.EVM, bytes.fromhex(address[2:]))
    for spelling in spellings(address):
        assert decode_address(spelling) == program
        assert canonical_address(spelling) == address
    assert set(candidates(program)) == {program}


@pytest.mark.parametrize("chain", EVM_CHAINS, ids=lambda chain: chain.alias)
@pytest.mark.parametrize("address", EIP55)
def test_on_an_evm_chain_the_spelling_with_the_checksum_is_the_only_one(address: str, chain: EvmChain) -> None:
    assert decode_on_chain(address, chain).payload == bytes.fromhex(address[2:])
    for spelling in set(spellings(address)) - {address}:
        with pytest.raises(InputError, match=r"ADDRESS-(CHECKSUM|SYNTAX)"):
            decode_on_chain(spelling, chain)


@pytest.mark.parametrize("place", range(2, 42))
def test_one_letter_in_the_other_case_is_refused(place: int) -> None:
    address = EIP55[0]
    other = address[:place] + address[place].swapcase() + address[place + 1 :]
    if other == address:
        assert address[place].isdigit()
        return
    with pytest.raises(InputError, match="ADDRESS-CHECKSUM"):
        decode_address(other)
    assert canonical_address(other) == other


@pytest.mark.parametrize(
    "address",
    [
        "0x",
        "0X",
        EIP55[0][2:],
        EIP55[0][:-1],
        EIP55[0] + "0",
        EIP55[0] + " ",
        EIP55[0] + "\n",
        " " + EIP55[0],
        "0X" + EIP55[0][2:],
        "0x0x" + EIP55[0][4:],
        EIP55[0][:-1] + "g",
        EIP55[0].replace("5", "\uff15", 1),
        EIP55[0].replace("5", "\u0665", 1),
        "eip155:1:" + EIP55[0],
        "ronin:" + EIP55[0][2:],
        "one1pdrvv2dt24drzcjmjyjuxgdj9fd2zp2jgq8lny",
        "vitalik.eth",
        "0x" + "0" * 100_000,
        "0x\ud800",
    ],
)
def test_what_is_no_evm_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="ADDRESS-SYNTAX"):
        decode_address(address)
    with pytest.raises(InputError, match="ADDRESS-SYNTAX"):
        decode_on_chain(address, ETHEREUM)
    assert canonical_address(address) == address


def test_an_address_of_one_family_is_none_of_the_other() -> None:
    for chain in BITCOIN_CHAINS:
        with pytest.raises(InputError, match="ADDRESS-SYNTAX"):
            decode_on_chain(EIP55[0], chain)
    for bitcoin in (P2WPKH, P2TR, examples.PAYEE):
        with pytest.raises(InputError, match="ADDRESS-SYNTAX"):
            decode_on_chain(bitcoin, ETHEREUM)


def test_equal_bytes_of_two_families_are_two_programs() -> None:
    same_bytes = decode_address("0x" + KEY_HASH.hex())
    assert same_bytes.payload == decode_address(P2WPKH).payload
    assert not set(candidates(same_bytes)) & set(candidates(decode_address(P2WPKH)))
