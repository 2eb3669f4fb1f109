"""The file of VASP keys: what is read of it, what is refused, and the example of its page."""

import re
from pathlib import Path
from typing import Any

import pytest
import vasps
from joserfc import jwk
from vasps import file_toml, key_toml, vasp_toml

from custody.codec.schema import SchemaError
from custody.coordinator import rules_in_words
from custody.errors import InputError
from custody.evm.tokens import TokenRegistry
from custody.travel_rule.record import Counterparty
from custody.travel_rule.vasp_keys import MAX_KEYS, MAX_VASP_KEYS_BYTES, MAX_VASPS, VaspKey, VaspKeys

TEXT = vasps.TOML.decode()


def codes(toml: str | bytes) -> set[str]:
    with pytest.raises(InputError) as caught:
        VaspKeys.parse(toml if isinstance(toml, bytes) else toml.encode())
    error = caught.value
    return {one.code for one in error.findings} if isinstance(error, SchemaError) else {error.code}


def changed(old: str, new: str) -> str:
    assert old in TEXT, old
    return TEXT.replace(old, new, 1)


def test_the_example_of_the_page_is_this_file_and_these_words(project: Path) -> None:
    page = (project / "docs/spec/vasps.md").read_text("utf-8")
    (written,) = re.findall(r"<!-- example:vasps -->\n```toml\n(.*?)```", page, re.DOTALL)
    assert VaspKeys.parse(written.encode()) == vasps.KEYS
    (told,) = re.findall(r"<!-- example:words -->\n```text\n(.*?)```", page, re.DOTALL)
    assert told.splitlines() == list(rules_in_words.words(vasps.KEYS, TokenRegistry()))


def test_each_value_is_read() -> None:
    other, third = vasps.KEYS.vasps
    assert (vasps.KEYS.did, other.name, other.lei, other.jurisdiction, other.did) == (
        vasps.HOUSE_DID,
        vasps.OTHER.name,
        vasps.OTHER.lei,
        "GB",
        vasps.OTHER_DID,
    )
    assert (third.name, third.lei) == (vasps.THIRD_VASP, None)
    assert [(key.kid, key.algorithm, len(key.public_key), key.not_after) for key in other.keys] == [
        (vasps.ED25519, "EdDSA", 32, 1_806_451_200),
        (vasps.SECP256K1, "ES256K", 33, 1_806_451_200),
    ]


def test_a_vasp_is_found_by_exactly_its_name_and_a_key_by_its_vasp() -> None:
    other = vasps.KEYS.vasp(vasps.OTHER.name)
    assert other is vasps.KEYS.vasps[0]
    assert vasps.KEYS.vasp(vasps.OTHER.name.lower()) is None
    assert other is not None
    assert other.key(vasps.ED25519) is other.keys[0]
    assert other.key(vasps.THIRD_KEY) is None


def test_a_file_without_vasps_is_read() -> None:
    assert VaspKeys.parse(file_toml()).vasps == ()


def test_a_key_is_read_from_base64url_from_hex_and_uncompressed() -> None:
    public = jwk.ECKey.as_dict(vasps.private_key(vasps.SECP256K1), private=False)
    x, y = (vasps.base64.urlsafe_b64decode(str(public[name]) + "=") for name in ("x", "y"))
    compressed = bytes([2 + y[-1] % 2]) + x
    hexadecimal = vasps.public_text(vasps.SECP256K1)
    for written in (vasps.b64(compressed), (b"\x04" + x + y).hex(), vasps.b64(b"\x04" + x + y)):
        assert VaspKeys.parse(changed(hexadecimal, written).encode()) == vasps.KEYS
    ed25519 = vasps.public_text(vasps.ED25519)
    raw = vasps.base64.urlsafe_b64decode(ed25519 + "=")
    assert VaspKeys.parse(changed(ed25519, raw.hex()).encode()) == vasps.KEYS


@pytest.mark.parametrize("kid", [vasps.ED25519, vasps.SECP256K1])
def test_a_key_is_read_from_the_jwk_that_its_owner_publishes_and_never_from_a_private_one(kid: str) -> None:
    private = vasps.private_key(kid)
    (expected,) = (key for key in vasps.KEYS.vasps[0].keys if key.kid == kid)
    assert VaspKey.from_jwk(kid, private.as_dict(private=False), expected.not_after) == expected
    with pytest.raises(InputError, match="private key") as caught:
        VaspKey.from_jwk(kid, private.as_dict(private=True), expected.not_after)
    assert caught.value.code == "VASPS-JWK"


@pytest.mark.parametrize(
    "changes",
    [
        {"kty": "EC"},
        {"crv": "X25519"},
        {"crv": "ed25519"},
        {"x": ""},
        {"x": "AAAA"},
        {"x": 7},
        {"kty": "EC", "crv": "P-256", "y": "AAAA"},
        {"kty": "EC", "crv": "secp256k1"},
        {"kty": "EC", "crv": "secp256k1", "y": "AAAA"},
    ],
)
def test_a_jwk_of_another_curve_or_of_no_point_is_refused(changes: dict[str, object]) -> None:
    public = vasps.private_key(vasps.ED25519).as_dict(private=False)
    with pytest.raises(InputError, match="public key as a JWK") as caught:
        VaspKey.from_jwk(vasps.ED25519, public | changes, 0)
    assert caught.value.code == "VASPS-JWK"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("version = 1", "version = 2", "VASPS-NUMBER"),
        ("version = 1", "version = true", "VASPS-NUMBER"),
        ("version = 1", "", "VASPS-MISSING"),
        ("version = 1", "version = 1\nnote = 1", "VASPS-KEY"),
        (f'did = "{vasps.HOUSE_DID}"', "", "VASPS-MISSING"),
        (vasps.HOUSE_DID, "https://exchange.example", "VASPS-TEXT"),
        (vasps.HOUSE_DID, "did:web:exchange.example#key-1", "VASPS-TEXT"),
        (vasps.HOUSE_DID, f"did:web:{'e' * 256}", "VASPS-TEXT"),
        (f'name = "{vasps.OTHER.name}"', 'name = " "', "VASPS-TEXT"),
        (f'name = "{vasps.OTHER.name}"', 'name = "\u041ether"', "VASPS-TEXT"),
        (f'name = "{vasps.OTHER.name}"', "name = 1", "VASPS-TYPE"),
        (str(vasps.OTHER.lei), "529900", "VASPS-TEXT"),
        ('"GB"', '"gb"', "VASPS-TEXT"),
        ('"EdDSA"', '"none"', "VASPS-WORD"),
        ('"EdDSA"', '"ES256"', "VASPS-WORD"),
        ('"EdDSA"', '"ES256K"', "VASPS-TEXT"),
        ('"ES256K"', '"EdDSA"', "VASPS-TEXT"),
        ('"2027-03-31T00:00:00Z"', '"2027-03-31"', "VASPS-TEXT"),
        ('"2027-03-31T00:00:00Z"', "2027-03-31T00:00:00Z", "VASPS-TEXT"),
        ("not_after", "until", "VASPS-KEY"),
        ("[[vasp.keys]]", "[[vasp.key]]", "VASPS-KEY"),
        (f'kid = "{vasps.ED25519}"', 'kid = "key-1"', "VASPS-TEXT"),
        (f'kid = "{vasps.ED25519}"', f'kid = "{vasps.THIRD_DID}#key-9"', "VASPS-CONFLICT"),
        (vasps.public_text(vasps.ED25519), "A" * 42, "VASPS-TEXT"),
        (vasps.public_text(vasps.ED25519), vasps.public_text(vasps.ED25519) + "=", "VASPS-TEXT"),
        (vasps.public_text(vasps.SECP256K1), "02" + "ff" * 32, "VASPS-TEXT"),
        (vasps.public_text(vasps.SECP256K1), vasps.public_text(vasps.SECP256K1).upper(), "VASPS-TEXT"),
        ("version = 1", "version = ", "VASPS-SYNTAX"),
    ],
)
def test_what_the_schema_does_not_know_is_refused(old: str, new: str, code: str) -> None:
    found = codes(changed(old, new))
    assert code in found
    assert found <= {code, "VASPS-MISSING", "VASPS-CONFLICT"}


@pytest.mark.parametrize(
    "point",
    [
        bytes(32),
        b"\x01" + bytes(31),
        b"\xec" + b"\xff" * 30 + b"\x7f",
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        b"\x02" + bytes(31),
        b"\xff" * 32,
    ],
)
def test_an_ed25519_key_of_small_order_or_off_the_curve_is_refused(point: bytes) -> None:
    """Under such a key one signature holds for many messages (RFC 8032 and its errata on small order)."""
    assert codes(changed(vasps.public_text(vasps.ED25519), vasps.b64(point))) == {"VASPS-TEXT"}


@pytest.mark.parametrize(
    "second",
    [
        vasp_toml(vasps.OTHER, "did:web:x.example", key_toml("did:web:x.example#key-1")),
        vasp_toml(Counterparty("OTHER exchange, Ltd.", "GB"), "did:web:x.example", key_toml("did:web:x.example#key-1")),
        vasp_toml(Counterparty("Another", "GB"), vasps.OTHER_DID, key_toml(f"{vasps.OTHER_DID}#key-9")),
        vasp_toml(Counterparty("Another", "GB"), vasps.HOUSE_DID, key_toml(f"{vasps.HOUSE_DID}#key-1")),
        vasp_toml(
            Counterparty("Another", "GB", vasps.OTHER.lei), "did:web:x.example", key_toml("did:web:x.example#key-1")
        ),
    ],
    ids=["name", "a name that people take for it", "did", "the house's did", "lei"],
)
def test_what_stands_twice_is_refused(second: str) -> None:
    first = vasp_toml(vasps.OTHER, vasps.OTHER_DID, key_toml(vasps.ED25519))
    assert codes(file_toml(first, second)) == {"VASPS-CONFLICT"}


def test_a_key_that_two_vasps_share_is_refused() -> None:
    shared = key_toml(vasps.ED25519).replace(vasps.ED25519, f"{vasps.THIRD_DID}#key-1")
    first = vasp_toml(vasps.OTHER, vasps.OTHER_DID, key_toml(vasps.ED25519))
    assert codes(file_toml(first, vasp_toml(vasps.THIRD, vasps.THIRD_DID, shared))) == {"VASPS-CONFLICT"}


def test_a_kid_that_stands_twice_is_refused() -> None:
    again = key_toml(vasps.SECP256K1).replace(vasps.SECP256K1, vasps.ED25519)
    assert codes(file_toml(vasp_toml(vasps.OTHER, vasps.OTHER_DID, key_toml(vasps.ED25519), again))) == {
        "VASPS-CONFLICT"
    }


def test_no_vasp_without_a_key_and_none_with_too_many() -> None:
    assert codes(file_toml(vasp_toml(vasps.OTHER, vasps.OTHER_DID))) == {"VASPS-MISSING"}
    many = [key_toml(f"{vasps.OTHER_DID}#k{number}") for number in range(MAX_KEYS + 1)]
    assert codes(file_toml(vasp_toml(vasps.OTHER, vasps.OTHER_DID, *many))) == {"VASPS-COUNT"}


def test_a_list_of_no_keys_is_refused_and_a_list_of_no_vasps_is_read() -> None:
    without = vasp_toml(vasps.OTHER, vasps.OTHER_DID, "keys = []\n")
    assert codes(file_toml(without)) == {"VASPS-COUNT"}
    assert VaspKeys.parse(file_toml("vasp = []\n")).vasps == ()


def test_the_name_of_a_vasp_ends_at_its_length() -> None:
    longest = vasp_toml(Counterparty("x" * 100, "GB"), vasps.OTHER_DID, key_toml(vasps.ED25519))
    assert VaspKeys.parse(file_toml(longest)).vasps[0].name == "x" * 100
    longer = vasp_toml(Counterparty("x" * 101, "GB"), vasps.OTHER_DID, key_toml(vasps.ED25519))
    assert codes(file_toml(longer)) == {"VASPS-TEXT"}


def numbered(count: int) -> bytes:
    rows: list[Any] = [
        vasp_toml(Counterparty(f"V{number}", "GB"), f"did:web:v{number}", key_toml(f"did:web:v{number}#key-1"))
        for number in range(count)
    ]
    return file_toml(*rows)


def test_the_most_vasps_are_read_and_one_more_is_refused() -> None:
    assert len(VaspKeys.parse(numbered(MAX_VASPS)).vasps) == MAX_VASPS
    assert codes(numbered(MAX_VASPS + 1)) == {"VASPS-COUNT"}


def test_a_file_that_is_too_large_is_refused() -> None:
    assert codes(b"#" * 1_000 + b"\n" + b"\n" * MAX_VASP_KEYS_BYTES) == {"VASPS-SIZE"}
