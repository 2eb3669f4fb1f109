"""Signed messages: the standards' own vectors, another library's signatures, and what is refused of a form."""

import base64
import copy
import json
from pathlib import Path
from typing import Any

import pytest
import vasps

from custody.codec.schema import SchemaError, read
from custody.travel_rule.jws import ES256K, JWS, Jws, base64url, read_header, unbase64url, verifies
from custody.travel_rule.record import CODES
from custody.travel_rule.vasp_keys import VaspKey

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def vector(name: str) -> Any:
    return json.loads((VECTORS / name).read_text("utf-8"))


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def key_of(jwk: dict[str, str]) -> tuple[str, bytes]:
    """Algorithm and raw key of a JWK, read here."""
    if jwk["kty"] == "OKP":
        return "EdDSA", unpadded(jwk["x"])
    y = unpadded(jwk["y"])
    return "ES256K", bytes([2 + y[-1] % 2]) + unpadded(jwk["x"])


def taken(value: Any) -> Jws:
    found: Jws = read(JWS, value, CODES)
    return found


def codes(value: Any) -> set[str]:
    """Under what a form is refused, or the header of one that has the form."""
    with pytest.raises(SchemaError) as caught:
        read_header(taken(value))
    return {finding.code for finding in caught.value.findings}


def signed(**member: Any) -> dict[str, Any]:
    """An honest message with changes of its one signature."""
    made = copy.deepcopy(vasps.authorization())
    made["signatures"][0] |= member
    made["signatures"][0] = {name: value for name, value in made["signatures"][0].items() if value is not None}
    return made


def header(**changes: Any) -> dict[str, Any]:
    """A message whose protected header is another."""
    fields = {"alg": "EdDSA", "typ": "application/didcomm-signed+json"} | changes
    return signed(
        protected=vasps.b64(json.dumps({name: value for name, value in fields.items() if value is not None}).encode())
    )


def test_rfc_8037_a_4_verifies() -> None:
    example = vector("rfc8037.json")
    _, key = key_of(example["key"])
    assert verifies(Jws(example["payload"], example["protected"], example["signature"]), "EdDSA", key)
    other = Jws(example["payload"][:-1], example["protected"], example["signature"])
    assert verifies(other, "EdDSA", key) is False


def test_rfc_8037_a_3_is_the_thumbprint() -> None:
    example = vector("rfc8037.json")
    assert base64url(VaspKey("did:x:y#1", "EdDSA", key_of(example["key"])[1], 0).thumbprint) == example["thumbprint"]


def test_didcomm_s_examples_verify_by_ed25519_and_by_secp256k1_and_not_by_p_256() -> None:
    example = vector("didcomm_signed.json")
    keys = {key["kid"]: key for key in example["keys"]}
    found = []
    for message in example["messages"]:
        one = taken(message)
        jwk = keys[message["signatures"][0]["header"]["kid"]]
        if jwk["crv"] == "P-256":
            assert codes(message) == {"TAP-ALG"}
            continue
        found.append((read_header(one).algorithm, verifies(one, *key_of(jwk))))
    assert found == [("EdDSA", True), ("ES256K", True)]


def test_tap_s_own_signed_transfer_verifies_and_its_compact_form_is_no_json_serialization() -> None:
    example = vector("tap.json")["signed_transfer"]
    protected, payload, signature = example["compact"].split(".")
    one = taken({"payload": payload, "protected": protected, "signature": signature})
    assert read_header(one).kid.endswith("#key-1")
    assert verifies(one, *key_of(example["key"]))
    with pytest.raises(SchemaError):
        taken(example["compact"])


@pytest.mark.parametrize("kid", [vasps.ED25519, vasps.SECP256K1])
def test_another_library_s_signature_verifies_under_its_key_and_no_other(kid: str) -> None:
    one = taken(vasps.authorization(kid=kid))
    keys = [key for vasp in vasps.KEYS.vasps for key in vasp.keys]
    assert [key.kid for key in keys if verifies(one, key.algorithm, key.public_key)] == [kid]


@pytest.mark.parametrize("kid", [vasps.ED25519, vasps.SECP256K1])
def test_the_thumbprint_is_the_other_library_s(kid: str) -> None:
    key = next(one for one in vasps.KEYS.vasps[0].keys if one.kid == kid)
    assert base64url(key.thumbprint) == vasps.private_key(kid).thumbprint()


def test_both_values_of_s_verify_because_es256k_asks_for_none() -> None:
    key = vasps.KEYS.vasps[0].keys[1]
    one = taken(vasps.authorization(kid=vasps.SECP256K1))
    octets = unpadded(one.signature)
    other = octets[:32] + (ORDER - int.from_bytes(octets[32:], "big")).to_bytes(32, "big")
    for signature in (octets, other):
        assert verifies(Jws(one.payload, one.protected, vasps.b64(signature)), ES256K, key.public_key)


@pytest.mark.parametrize("half", [bytes(32), ORDER.to_bytes(32, "big"), b"\xff" * 32])
def test_numbers_outside_the_group_are_no_signature(half: bytes) -> None:
    key = vasps.KEYS.vasps[0].keys[1]
    one = taken(vasps.authorization(kid=vasps.SECP256K1))
    octets = unpadded(one.signature)
    for bent in (half + octets[32:], octets[:32] + half, half + half):
        assert verifies(Jws(one.payload, one.protected, vasps.b64(bent)), ES256K, key.public_key) is False


@pytest.mark.parametrize("length", [0, 63, 65, 70])
def test_a_signature_of_another_length_does_not_verify(length: int) -> None:
    one = taken(vasps.authorization())
    for key in vasps.KEYS.vasps[0].keys:
        bent = Jws(one.payload, one.protected, vasps.b64(bytes(length)) or "A")
        assert verifies(bent, key.algorithm, key.public_key) is False


@pytest.mark.parametrize("signature", ["AB", "A+", ""])
def test_a_signature_in_another_spelling_does_not_verify(signature: str) -> None:
    one = taken(vasps.authorization())
    for key in vasps.KEYS.vasps[0].keys:
        assert verifies(Jws(one.payload, one.protected, signature), key.algorithm, key.public_key) is False


def test_the_flattened_form_is_the_same_message() -> None:
    general = vasps.authorization()
    flattened = {"payload": general["payload"], **general["signatures"][0]}
    assert taken(flattened) == taken(general)


def test_the_key_may_be_named_in_the_protected_header_in_the_other_or_in_both() -> None:
    protected = {"alg": "EdDSA", "kid": vasps.ED25519}
    message = vasps.message(vasps.paid())
    for beside in ({}, {"kid": vasps.ED25519}):
        assert read_header(taken(vasps.sign(message, protected=protected, header=beside))).kid == vasps.ED25519


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({}, "TRAVEL-RULE-MISSING"),
        ("eyJ.eyJ.sig", "TRAVEL-RULE-TYPE"),
        (None, "TRAVEL-RULE-TYPE"),
        ({**vasps.authorization(), "signatures": []}, "TRAVEL-RULE-COUNT"),
        ({**vasps.authorization(), "signatures": vasps.authorization()["signatures"] * 2}, "TRAVEL-RULE-COUNT"),
        ({**vasps.authorization(), "jwk": {}}, "TRAVEL-RULE-KEY"),
        ({**vasps.authorization(), "payload": "a=="}, "TRAVEL-RULE-TEXT"),
        ({**vasps.authorization(), "payload": "a+b/"}, "TRAVEL-RULE-TEXT"),
        ({**vasps.authorization(), "payload": "A" * 8_193}, "TRAVEL-RULE-TEXT"),
        ({**vasps.authorization(), "payload": {}}, "TRAVEL-RULE-TYPE"),
        (signed(signature="A" * 87), "TRAVEL-RULE-TEXT"),
        (signed(protected="A" * 1_025), "TRAVEL-RULE-TEXT"),
        (signed(header={}), "TRAVEL-RULE-MISSING"),
        (signed(header={"kid": vasps.ED25519, "jwk": {}}), "TRAVEL-RULE-KEY"),
        (signed(header={"kid": vasps.ED25519, "alg": "none"}), "TRAVEL-RULE-KEY"),
        (signed(header={"kid": "key-1"}), "TRAVEL-RULE-TEXT"),
        (signed(header={"kid": f"{vasps.OTHER_DID}#{'k' * 512}"}), "TRAVEL-RULE-TEXT"),
        (signed(header=None), "TAP-KID"),
    ],
)
def test_another_form_is_refused(value: Any, code: str) -> None:
    assert codes(value) == {code}


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS256", "ES256", "PS256", "Ed448", "eddsa", 1, None])
def test_another_algorithm_is_refused(algorithm: Any) -> None:
    bent = signed(protected=vasps.b64(json.dumps({"alg": algorithm}).encode()))
    assert codes(bent) == {"TAP-ALG"}


@pytest.mark.parametrize(
    "extra",
    [
        {"crit": ["exp"]},
        {"b64": False},
        {"jwk": vasps.private_key(vasps.ED25519).as_dict(private=False)},
        {"jku": "https://other.example/keys"},
        {"x5c": ["MIIB"]},
        {"x5u": "https://other.example/x"},
        {"typ": "JWT"},
        {"kid": 7},
        {"kid": "key-1"},
    ],
)
def test_a_header_that_says_more_is_refused(extra: dict[str, Any]) -> None:
    assert codes(header(**extra)) == {"TAP-HEADER"}


def test_a_header_with_a_key_twice_is_refused() -> None:
    bent = signed(protected=vasps.b64(b'{"alg":"none","alg":"EdDSA"}'))
    assert codes(bent) == {"TAP-HEADER"}


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b"{", b'"EdDSA"', b'{"alg":"EdDSA"} x', b"\xff"])
def test_a_header_that_is_no_object_is_refused(text: bytes) -> None:
    assert codes(signed(protected=vasps.b64(text) or "A")) == {"TAP-HEADER"}


def test_two_names_of_two_keys_are_refused() -> None:
    assert codes(header(kid=vasps.SECP256K1)) == {"TAP-KID"}


@pytest.mark.parametrize("text", ["", "A", "AB", "AA==", "+A", "/w", "_x", "AAAAA", "Ag\n"])
def test_base64url_has_one_spelling(text: str) -> None:
    assert unbase64url("AAA") == b"\x00\x00"
    with pytest.raises(ValueError, match=r"base64|spelling|padding|characters"):
        unbase64url(text)


def test_a_header_that_cannot_be_decoded_is_told_as_one_fault_at_its_place() -> None:
    with pytest.raises(SchemaError) as caught:
        read_header(taken(signed(protected="A")))
    assert [(finding.code, finding.where) for finding in caught.value.findings] == [("TAP-HEADER", "protected")]


def test_a_message_names_no_customer_where_it_is_printed() -> None:
    one = taken(vasps.authorization())
    assert one.payload not in repr(one)


@pytest.mark.parametrize("octets", [b"\x00", b"\x00" * 2, b"\xff\xfe", bytes(range(64))])
def test_base64url_reads_back(octets: bytes) -> None:
    assert unbase64url(base64url(octets)) == octets
    assert base64url(octets) == vasps.b64(octets)
