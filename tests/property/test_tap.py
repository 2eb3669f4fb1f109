"""Whatever is changed of a signed authorisation, it holds no more; whatever another library signs, it reads alike."""

import copy
import json
import warnings
from decimal import Decimal
from typing import Any

import examples
import pytest
import vasps
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws as peer

from custody.amounts import Asset, format_amount, parse_decimal
from custody.chains import ETHEREUM
from custody.codec.schema import read
from custody.errors import CustodyError, InputError
from custody.travel_rule import jws as module
from custody.travel_rule.jws import JWS
from custody.travel_rule.record import CODES
from custody.travel_rule.tap import Authorization, Paid, check_authorization

KIDS = (vasps.ED25519, vasps.SECP256K1)
HONEST = {kid: json.dumps(vasps.authorization(kid=kid), separators=(",", ":")).encode() for kid in KIDS}


def holds(text: bytes, of: Paid | None = None) -> bool:
    """Whether the program takes the JWS in these bytes for the payment."""
    try:
        signed = read(JWS, json.loads(text), CODES)
    except (CustodyError, ValueError, RecursionError):
        return False
    found = check_authorization(signed, vasps.KEYS, vasps.OTHER, of or vasps.paid(), vasps.NOW)
    return isinstance(found, Authorization)


def peer_verifies(value: Any) -> bool:
    """Whether another library takes the signature under one of the two keys."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return any(_peer_verifies(value, kid) for kid in KIDS)


def _peer_verifies(value: Any, kid: str) -> bool:
    try:
        peer.deserialize_json(value, vasps.private_key(kid), algorithms=["EdDSA", "ES256K"])
    except Exception:  # whatever it raises, it has not verified
        return False
    return True


@pytest.mark.parametrize("kid", KIDS)
def test_the_honest_bytes_hold(kid: str) -> None:
    assert holds(HONEST[kid])
    assert peer_verifies(json.loads(HONEST[kid]))


@settings(max_examples=1_500)
@given(st.sampled_from(KIDS), st.integers(0), st.integers(0, 255))
def test_no_byte_can_be_changed(kid: str, place: int, byte: int) -> None:
    honest = HONEST[kid]
    place %= len(honest)
    bent = honest[:place] + bytes([byte]) + honest[place + 1 :]
    assert holds(bent) == (bent == honest or _same_json(bent, honest))


def _same_json(bent: bytes, honest: bytes) -> bool:
    """JSON outside the signed texts has no signature: a space for a space, say, changes no value."""
    try:
        return bool(json.loads(bent) == json.loads(honest))
    except ValueError:
        return False


@settings(max_examples=300)
@given(st.sampled_from(KIDS), st.sampled_from(("payload", "protected", "signature")), st.integers(0), st.data())
def test_no_character_of_the_signed_texts_can_be_changed_taken_out_or_put_in(
    kid: str, name: str, place: int, data: st.DataObject
) -> None:
    value = json.loads(HONEST[kid])
    holder = value if name == "payload" else value["signatures"][0]
    text: str = holder[name]
    place %= len(text)
    other = data.draw(st.sampled_from("ABCXYZabcxyz0189-_").filter(lambda one: one != text[place]))
    for bent in (
        text[:place] + other + text[place + 1 :],
        text[:place] + text[place + 1 :],
        text[:place] + other + text[place:],
    ):
        holder[name] = bent
        # A run of one letter, with one more of it, can be the same text.
        assert holds(json.dumps(value).encode()) == (bent == text)


@settings(max_examples=300)
@given(
    st.sampled_from(KIDS),
    st.sampled_from(("settlementAddress", "settlementAsset", "amount", "expiry")),
    st.text(max_size=80) | st.integers() | st.none() | st.booleans(),
)
def test_no_field_can_say_anything_else(kid: str, name: str, value: Any) -> None:
    """Signed by the honest key: only one text of each field is the payment, up to zeros and spelling."""
    honest = vasps.message(vasps.paid())["body"][name]
    made = vasps.message(vasps.paid(), kid=kid)
    made["body"][name] = value
    assert not holds(json.dumps(vasps.sign(made, kid)).encode()) or (name == "expiry") or value == honest


@settings(max_examples=200)
@given(st.sampled_from(KIDS), st.integers(0, 10**30), st.integers(0, 36), st.integers(0, 10**30))
def test_an_amount_is_the_one_paid_and_no_other(kid: str, amount: int, decimals: int, other: int) -> None:
    asset = Asset(f"eip155:1/erc20:{examples.EVM_PAYEE}", "TST", decimals)
    of = vasps.paid(examples.EVM_PAYEE, amount, ETHEREUM, asset)
    signed = json.dumps(vasps.authorization(of, kid=kid)).encode()
    assert holds(signed, of)
    assert holds(signed, vasps.paid(examples.EVM_PAYEE, other, ETHEREUM, asset)) == (other == amount)


@given(st.integers(0, 2**256 - 1), st.integers(0, 36))
def test_a_decimal_number_reads_back_exactly(units: int, decimals: int) -> None:
    asset = Asset("x", "X", decimals)
    text = format_amount(units, asset).split()[0].replace(",", "")
    assert parse_decimal(text, decimals) == units


@given(st.text(alphabet="0123456789.+-eE_, \u0661x", max_size=12), st.integers(0, 18))
def test_a_decimal_number_has_one_reading_or_none(text: str, decimals: int) -> None:
    try:
        units = parse_decimal(text, decimals)
    except InputError:
        return
    assert Decimal(units).scaleb(-decimals) == Decimal(text)
    assert not set(text) - set("0123456789.")
    assert text[:1] == "0" or not text.startswith("0")


@settings(max_examples=200)
@given(st.sampled_from(KIDS), st.dictionaries(st.text(max_size=8), st.integers(0, 9), max_size=4))
def test_the_other_library_agrees_on_every_signature(kid: str, payload: dict[str, int]) -> None:
    made = vasps.sign(payload, kid)
    bent = copy.deepcopy(made)
    bent["payload"] = vasps.b64(json.dumps({**payload, "x": "y"}).encode())
    for value in (made, bent):
        signed = read(JWS, value, CODES)
        key = next(key for key in vasps.KEYS.vasps[0].keys if key.kid == kid)
        assert module.verifies(signed, key.algorithm, key.public_key) == peer_verifies(value)


def test_a_verifier_that_looks_at_nothing_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custody.travel_rule.tap.verifies", lambda *_: True)
    changed = json.loads(HONEST[vasps.ED25519])
    changed["signatures"][0]["signature"] = "A" * 86
    assert holds(json.dumps(changed).encode())
