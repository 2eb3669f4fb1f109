"""The flagged list: read strictly, and every encoding of a flagged key is caught, on published sanctions data."""

import re
from pathlib import Path

import examples
import pytest
from bip_utils import Base58Encoder, P2WPKHAddrEncoder, SegwitBech32Encoder
from bip_utils.utils.crypto import Hash160
from eth_utils.address import to_checksum_address

from custody.chains import BITCOIN_CHAINS
from custody.errors import InputError
from custody.evm.address import checksum_address
from custody.screening.address import Kind, Program, decode_address
from custody.screening.entry import How
from custody.screening.flagged import MAX_LIST_BYTES, FlaggedList
from custody.screening.networks import decode_any

P2PKH = "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"
P2WPKH = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
NESTED = "3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN"
TRON = "TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq"


@pytest.mark.parametrize("flagged", [P2PKH, P2WPKH, NESTED])
@pytest.mark.parametrize("asked", [P2PKH, P2WPKH, NESTED])
def test_every_encoding_of_one_key_flags_every_other_that_can_be_known(flagged: str, asked: str) -> None:
    match = FlaggedList.parse(flagged.encode()).find(asked)
    assert match is not None
    assert (match.entry, match.line) == (flagged, 1)
    assert match.how is (How.SAME_ADDRESS if flagged == asked else How.SAME_OWNER)


def test_a_test_network_address_of_a_flagged_key_is_flagged() -> None:
    match = FlaggedList.parse(P2PKH.encode()).find(examples.PAYEE)
    assert match is not None
    assert match.how is How.SAME_OWNER


def test_another_key_is_not_flagged() -> None:
    flagged = FlaggedList.parse(f"{P2PKH}\n{NESTED}\n".encode())
    for address in (examples.SECOND_PAYEE, examples.CHANGE, "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"):
        assert flagged.find(address) is None


def test_a_script_that_hashes_to_a_flagged_key_hash_is_not_flagged() -> None:
    same_bytes = Base58Encoder.CheckEncode(b"\x05" + decode_address(P2PKH).payload)
    assert FlaggedList.parse(P2PKH.encode()).find(same_bytes) is None


def test_comments_empty_lines_and_both_line_ends_are_read() -> None:
    text = f"# flagged\r\n\r\n{P2PKH}\r\n#\tsince Monday\n\n{NESTED}".encode()
    flagged = FlaggedList.parse(text)
    assert flagged.entries == ((3, P2PKH), (6, NESTED))
    assert flagged == FlaggedList.parse(text)


def test_a_comment_may_follow_an_address() -> None:
    text = f"\ufeff{P2PKH}  # Lazarus, see case 12\r\n\t{NESTED} \n   # nobody\n{P2WPKH}#\n".encode()
    assert FlaggedList.parse(text).entries == ((1, P2PKH), (2, NESTED), (4, P2WPKH))


def test_the_same_address_wins_over_an_earlier_one_of_its_key_and_capitals_are_the_same() -> None:
    flagged = FlaggedList.parse(f"{P2PKH}\n{P2WPKH.upper()}\n{P2WPKH}\n".encode())
    match = flagged.find(P2WPKH)
    assert match is not None
    assert (match.entry, match.line, match.how) == (P2WPKH.upper(), 2, How.SAME_ADDRESS)
    sibling = flagged.find(NESTED)
    assert sibling is not None
    assert (sibling.line, sibling.how) == (1, How.SAME_OWNER)


def test_of_several_entries_of_one_key_the_first_is_named() -> None:
    for number in range(20):
        legacy, nested, segwit = sorted(siblings(Program(Kind.KEY_HASH, bytes([number]) * 20)))
        match = FlaggedList.parse(f"{nested}\n{legacy}\n".encode()).find(segwit)
        assert match is not None
        assert (match.entry, match.line) == (nested, 1)


def test_a_list_that_flags_nothing_says_so() -> None:
    assert FlaggedList.parse(b"# none\n").find(P2PKH) is None
    for empty in (b"", b"\n", b"\r\n\r\n"):
        with pytest.raises(InputError, match="LIST-EMPTY"):
            FlaggedList.parse(empty)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (TRON[:-1] + "r", "LIST-SYNTAX"),
        ("0x098b716B8Aaf21512996dC57EB0615e2383E2f96", "LIST-SYNTAX"),
        ("0x098B716B8Aaf21512996dC57EB0615e2383E2f9", "LIST-SYNTAX"),
        ("098B716B8Aaf21512996dC57EB0615e2383E2f96", "LIST-SYNTAX"),
        ("ronin:098B716B8Aaf21512996dC57EB0615e2383E2f9", "LIST-SYNTAX"),
        ("ronin:098b716B8Aaf21512996dC57EB0615e2383E2f96", "LIST-SYNTAX"),
        (f"={P2PKH}", "LIST-SYNTAX"),
        ("=", "LIST-SYNTAX"),
        ("=no address", "LIST-SYNTAX"),
        (f"{P2PKH},{NESTED}", "LIST-SYNTAX"),
        (f"{P2PKH}\r\r", "LIST-SYNTAX"),
        (f"# old\r{P2PKH}", "LIST-SYNTAX"),
        (f"{P2PKH} # old\r{NESTED}", "LIST-SYNTAX"),
        (f"{P2PKH} {NESTED} # two", "LIST-SYNTAX"),
        (f"{P2PKH}\u00a0# no-break space", "LIST-SYNTAX"),
        (f"# old\u2028{P2PKH}", "LIST-SYNTAX"),
        (f"# old\x0b{P2PKH}", "LIST-SYNTAX"),
        (f"# old\x85{P2PKH}", "LIST-SYNTAX"),
        (P2PKH[:-1], "LIST-SYNTAX"),
        ("\ufeff" + P2PKH, "LIST-SYNTAX"),
        ("name,address", "LIST-SYNTAX"),
    ],
)
def test_a_bad_line_is_refused_by_its_number(line: str, code: str) -> None:
    with pytest.raises(InputError, match=f"{code}: Line 3 ") as caught:
        FlaggedList.parse(f"# list\n{NESTED}\n{line}\n{P2PKH}\n".encode())
    assert line not in str(caught.value)


def test_other_encodings_and_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="LIST-SYNTAX"):
        FlaggedList.parse(P2PKH.encode("utf-16"))
    with pytest.raises(InputError, match="LIST-SIZE"):
        FlaggedList.parse(b"#" * (MAX_LIST_BYTES + 1))


def test_an_address_that_cannot_be_decoded_cannot_be_cleared() -> None:
    with pytest.raises(InputError, match="ADDRESS-SYNTAX"):
        FlaggedList.parse(P2PKH.encode()).find(TRON)


@pytest.fixture(scope="module")
def sanctioned(shared: Path) -> list[str]:
    return (shared / "vectors/ofac/sanctioned_addresses_XBT.txt").read_text("ascii").split()


def test_the_sanctions_list_is_read_whole_and_its_one_tron_address_is_an_evm_program(sanctioned: list[str]) -> None:
    flagged = FlaggedList.parse("\n".join(sanctioned).encode())
    match = flagged.find(checksum_address(decode_any(TRON).program.payload))
    assert match is not None
    assert (match.entry, match.line, match.how) == (TRON, sanctioned.index(TRON) + 1, How.SAME_OWNER)


def siblings(program: Program) -> set[str]:
    """The addresses of a key hash, encoded by another library from BIP141 and base58check."""
    return {
        Base58Encoder.CheckEncode(b"\x00" + program.payload),
        Base58Encoder.CheckEncode(b"\x05" + Hash160.QuickDigest(b"\x00\x14" + program.payload)),
        SegwitBech32Encoder.Encode("bc", 0, program.payload),
    }


def test_all_536_unlisted_siblings_of_sanctioned_keys_are_caught(sanctioned: list[str]) -> None:
    listed = [address for address in sanctioned if address != TRON]
    flagged = FlaggedList.parse("\n".join(sanctioned).encode())
    programs = {decode_address(address) for address in listed}
    keys = {program for program in programs if program.kind is Kind.KEY_HASH}
    unlisted = set().union(*map(siblings, keys)) - set(listed)
    assert (len(sanctioned), len(listed), len(keys), len(unlisted)) == (435, 434, 268, 536)
    assert all((match := flagged.find(address)) and match.how is How.SAME_OWNER for address in unlisted)
    assert all((match := flagged.find(address)) and match.how is How.SAME_ADDRESS for address in listed)


def test_keys_one_bit_away_from_sanctioned_ones_are_not_flagged(sanctioned: list[str]) -> None:
    listed = [address for address in sanctioned if address != TRON]
    flagged = FlaggedList.parse("\n".join(listed).encode())
    for address in listed:
        program = decode_address(address)
        if program.kind is Kind.KEY_HASH:
            near = program.payload[:-1] + bytes([program.payload[-1] ^ 1])
            assert flagged.find(SegwitBech32Encoder.Encode("bc", 0, near)) is None


def test_a_test_network_key_is_the_same_on_each() -> None:
    public_key = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
    flagged = FlaggedList.parse(P2PKH.encode())
    for chain in BITCOIN_CHAINS:
        assert flagged.find(P2WPKHAddrEncoder.EncodeKey(public_key, hrp=chain.hrp, wit_ver=0))


def test_the_example_on_the_page_is_a_list(project: Path) -> None:
    page = (project / "docs/spec/screening.md").read_text("utf-8")
    (written,) = re.findall(r"<!-- example:list -->\n```text\n(.*?)```", page, re.DOTALL)
    flagged = FlaggedList.parse(written.encode())
    assert len(flagged.entries) == 3
    assert flagged.find(RONIN_THIEF)


# Sanctioned on 14 April 2022 as the Lazarus Group's, after the theft from the Ronin bridge.
RONIN_THIEF = "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"


def in_other_cases(address: str) -> list[str]:
    """The checksum's spelling by another library, small letters, capitals."""
    digits = address[2:]
    return [to_checksum_address(address), "0x" + digits.lower(), "0x" + digits.upper(), address.upper()]


@pytest.mark.parametrize("listed", in_other_cases(RONIN_THIEF))
@pytest.mark.parametrize("asked", in_other_cases(RONIN_THIEF))
def test_an_evm_address_is_flagged_in_any_case(listed: str, asked: str) -> None:
    match = FlaggedList.parse(f"{P2PKH}\n{listed}\n".encode()).find(asked)
    assert match is not None
    assert (match.entry, match.line, match.how) == (listed, 2, How.SAME_ADDRESS)


def test_a_mistyped_evm_address_cannot_be_cleared() -> None:
    with pytest.raises(InputError, match="ADDRESS-CHECKSUM"):
        FlaggedList.parse(P2PKH.encode()).find(RONIN_THIEF.replace("B", "b"))


def test_neither_family_flags_the_same_bytes_of_the_other() -> None:
    key_hash = decode_address(P2PKH).payload
    script_hash = decode_address(NESTED).payload
    bitcoin = FlaggedList.parse(f"{P2PKH}\n{P2WPKH}\n{NESTED}\n".encode())
    assert bitcoin.find("0x" + key_hash.hex()) is None
    assert bitcoin.find("0x" + script_hash.hex()) is None
    ethereum = FlaggedList.parse(f"0x{key_hash.hex()}\n0x{script_hash.hex()}\n".encode())
    for address in (P2PKH, P2WPKH, NESTED, *siblings(Program(Kind.KEY_HASH, key_hash))):
        assert ethereum.find(address) is None


@pytest.fixture(scope="module")
def sanctioned_on_ethereum(shared: Path) -> list[str]:
    return (shared / "vectors/ofac/sanctioned_addresses_ETH.txt").read_text("ascii").split()


def test_the_ethereum_sanctions_list_is_read_and_each_address_caught_in_any_case(
    sanctioned_on_ethereum: list[str],
) -> None:
    flagged = FlaggedList.parse("\n".join(sanctioned_on_ethereum).encode())
    small = [address for address in sanctioned_on_ethereum if address == address.lower()]
    assert (len(sanctioned_on_ethereum), len(set(map(str.lower, sanctioned_on_ethereum))), len(small)) == (152, 152, 37)
    assert RONIN_THIEF in sanctioned_on_ethereum
    for line, address in enumerate(sanctioned_on_ethereum, 1):
        for spelling in in_other_cases(address):
            match = flagged.find(spelling)
            assert match is not None
            assert (match.entry, match.line, match.how) == (address, line, How.SAME_ADDRESS)


def test_evm_addresses_one_bit_away_from_sanctioned_ones_are_not_flagged(sanctioned_on_ethereum: list[str]) -> None:
    flagged = FlaggedList.parse("\n".join(sanctioned_on_ethereum).encode())
    for address in sanctioned_on_ethereum:
        assert flagged.find(f"0x{int(address, 16) ^ 1:040x}") is None


@pytest.mark.parametrize(
    "ticker", [*["ARB", "BSC", "ETC", "USDC", "USDT", "TRX", "BCH", "BSV", "BTG", "DASH", "LTC", "XRP", "XVG", "ZEC"]]
)
def test_the_sanctions_lists_of_other_networks_and_tokens_are_read_whole(shared: Path, ticker: str) -> None:
    listed = (shared / f"vectors/ofac/sanctioned_addresses_{ticker}.txt").read_bytes()
    flagged = FlaggedList.parse(listed)
    assert len(flagged.entries) == len(listed.split()) > 0
