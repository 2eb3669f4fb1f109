"""The secrets of a home, the officers' proofs of consent, and the seals of the log's private parts."""

from dataclasses import replace
from typing import Any

import cbor2
import pytest
from Crypto.Signature import eddsa
from hypothesis import given
from hypothesis import strategies as st

from custody.errors import EvidenceError, HomeError
from custody.governance.state import MAX_STATE, State
from custody.vault import secrets
from custody.vault.sealed import Header, open_sealed, read_header
from custody.vault.secrets import DeviceSecrets, OfficerSecret, RulesSecret, SeedSecret, check_proof

Secret = DeviceSecrets | SeedSecret | RulesSecret | OfficerSecret

DEVICE = DeviceSecrets.make(bytes(range(128)))
SEED = SeedSecret(bytes(16))
OFFICER = OfficerSecret(bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96)))
OTHER = replace(OFFICER, signing_seed=bytes(32))
RULES = RulesSecret(
    code_secret=bytes(range(96, 128)),
    log_key="origin+key",
    officers={"Sato": OFFICER.public_key, "Abe": OTHER.public_key},
    threshold=2,
    state=State().serialize(),
)
RULES_HEADER = Header("rules", True, "rehearsal.example", bytes(24), officers=("Sato", "Abe"), threshold=2)
ALL: tuple[Secret, ...] = (DEVICE, SEED, RULES, OFFICER)


def test_device_secrets_are_four_parts_of_the_randomness() -> None:
    parts = [DEVICE.log_seed, DEVICE.code_secret, DEVICE.salt_key, DEVICE.private_key]
    assert b"".join(parts) == bytes(range(128))


@pytest.mark.parametrize("secret", [*ALL, SeedSecret(bytes(range(32))), replace(RULES, threshold=1), OTHER])
def test_every_secret_reads_back(secret: Secret) -> None:
    assert type(secret).parse(secret.serialize()) == secret


@pytest.mark.parametrize("changed", [{"version": 0}, {"version": 2}, {"version": True}, {"extra": b""}])
@pytest.mark.parametrize("secret", ALL)
def test_an_opened_secret_of_another_form_is_a_damaged_home(secret: Secret, changed: dict[str, Any]) -> None:
    refuse(secret, changed)


def refuse(secret: Secret, changed: dict[str, Any]) -> None:
    fields = cbor2.loads(secret.serialize())
    with pytest.raises(HomeError, match="HOME-CORRUPT"):
        type(secret).parse(cbor2.dumps(fields | changed, canonical=True))


@pytest.mark.parametrize(
    ("secret", "name"),
    [
        *((DEVICE, name) for name in ("log_seed", "code_secret", "salt_key", "private_key")),
        *((OFFICER, name) for name in ("signing_seed", "seed_key", "rules_key")),
        (RULES, "code_secret"),
    ],
)
@pytest.mark.parametrize("value", [b"", bytes(31), bytes(33), "text", None, 1])
def test_a_key_of_another_length_is_a_damaged_home(secret: Secret, name: str, value: Any) -> None:
    refuse(secret, {name: value})


@pytest.mark.parametrize("entropy", [b"", bytes(15), bytes(20), bytes(24), bytes(33), "text"])
def test_entropy_of_another_length_is_a_damaged_home(entropy: Any) -> None:
    refuse(SEED, {"entropy": entropy})


@pytest.mark.parametrize(
    "changed",
    [
        {"log_key": "k" * 257},
        {"log_key": b"bytes"},
        {"officers": {}},
        {"officers": []},
        {"officers": None},
        {"officers": {"Sato": bytes(31), "Abe": bytes(32)}},
        {"officers": {"Sato": "text", "Abe": bytes(32)}},
        {"officers": {1: bytes(32), 2: bytes(32)}},
        {"officers": {f"officer {number}": bytes(32) for number in range(17)}},
        {"threshold": 0},
        {"threshold": 3},
        {"threshold": True},
        {"threshold": -1},
        {"threshold": "2"},
        {"state": "text"},
        {"state": bytes(MAX_STATE + 1)},
    ],
)
def test_a_record_of_what_is_in_force_out_of_its_bounds_is_a_damaged_home(changed: dict[str, Any]) -> None:
    refuse(RULES, changed)


@pytest.mark.parametrize("secret", [b"", b"\xa0", b"\x00" * 40, DEVICE.serialize()[:-1], DEVICE.serialize() + b"\x00"])
def test_any_other_bytes_are_a_damaged_home(secret: bytes) -> None:
    for kind in map(type, ALL):
        with pytest.raises(HomeError, match="HOME-CORRUPT"):
            kind.parse(secret)


def test_no_secret_is_read_as_one_of_another_kind() -> None:
    for secret in ALL:
        for kind in map(type, ALL):
            if kind is not type(secret):
                with pytest.raises(HomeError, match="HOME-CORRUPT"):
                    kind.parse(secret.serialize())


def test_no_representation_tells_a_secret() -> None:
    told = "".join(map(repr, ALL)) + repr(DEVICE.sealer)
    for hidden in (
        *(DEVICE.log_seed, DEVICE.code_secret, DEVICE.salt_key, DEVICE.private_key),
        *(OFFICER.signing_seed, OFFICER.seed_key, OFFICER.rules_key, RULES.code_secret),
    ):
        assert repr(hidden) not in told
    assert "entropy" not in told


def test_a_private_part_opens_at_its_own_place_only() -> None:
    sealer = DEVICE.sealer
    sealed = sealer.seal(3, b"private")
    assert sealer.open(3, sealed) == b"private"
    for index, changed in ((4, sealed), (3, sealed[:-1]), (3, b""), (3, bytes(len(sealed))), (3, b"\x01" + sealed[1:])):
        with pytest.raises(HomeError, match="LOG-PRIVATE"):
            sealer.open(index, changed)
    with pytest.raises(HomeError, match="LOG-PRIVATE"):
        DeviceSecrets.make(bytes(128)).sealer.open(3, sealed)


def test_sealing_leaves_no_room_for_a_hidden_message() -> None:
    """The nonce and the salt come from what is sealed: the same content gives the same bytes."""
    sealer = DEVICE.sealer
    assert sealer.seal(3, b"private") == sealer.seal(3, b"private")
    assert sealer.seal(3, b"private")[:24] != sealer.seal(4, b"private")[:24] != sealer.seal(3, b"other")[:24]
    assert sealer.salt(b"head") == sealer.salt(b"head") != sealer.salt(b"other")


# What is in force, sealed.


def test_what_is_in_force_opens_under_the_officers_key_only() -> None:
    sealed = RULES.seal(RULES_HEADER, OFFICER.rules_key)
    assert RulesSecret.parse(open_sealed(sealed, OFFICER.rules_key)) == RULES
    assert replace(read_header(sealed), nonce=bytes(24)) == RULES_HEADER
    for key in (OFFICER.seed_key, bytes(32)):
        with pytest.raises(HomeError, match="SEAL-CLOSED"):
            open_sealed(sealed, key)


def test_what_is_in_force_is_sealed_without_randomness_and_never_twice_under_one_nonce() -> None:
    changed = (
        replace(RULES, state=State(frozen=True).serialize()),
        replace(RULES, threshold=1),
        replace(RULES, log_key="origin+other"),
        replace(RULES, code_secret=bytes(32)),
        replace(RULES, officers={"Sato": OFFICER.public_key}, threshold=1),
    )
    seals = [one.seal(RULES_HEADER, OFFICER.rules_key) for one in (RULES, *changed)]
    assert RULES.seal(RULES_HEADER, OFFICER.rules_key) == seals[0]
    assert len({read_header(one).nonce for one in seals}) == len(seals)
    assert read_header(RULES.seal(RULES_HEADER, bytes(32))).nonce != read_header(seals[0]).nonce


# Proofs of consent.

CONSENTED = b"custody/code/1" + bytes(range(104))


def test_a_proof_is_an_ed25519_signature_by_the_officers_key() -> None:
    """Verified by another library, and over what the page says."""
    key = eddsa.import_public_key(OFFICER.public_key)
    eddsa.new(key, "rfc8032").verify(b"custody/consent/1" + CONSENTED, OFFICER.prove(CONSENTED))
    assert len(OFFICER.prove(CONSENTED)) == 64


def test_a_proof_holds_for_its_officer_and_for_what_was_consented_to() -> None:
    proof = OFFICER.prove(CONSENTED)
    check_proof(OFFICER.public_key, CONSENTED, proof)
    assert OFFICER.prove(CONSENTED) == proof
    wrong = [
        (OTHER.public_key, CONSENTED, proof),
        (OFFICER.public_key, CONSENTED[:-1], proof),
        (OFFICER.public_key, CONSENTED + b"\x00", proof),
        (OFFICER.public_key, b"", proof),
        (OFFICER.public_key, CONSENTED, OTHER.prove(CONSENTED)),
        (OFFICER.public_key, CONSENTED, OFFICER.prove(b"")),
    ]
    for public_key, consented, given_proof in wrong:
        with pytest.raises(EvidenceError, match="CONSENT-PROOF"):
            check_proof(public_key, consented, given_proof)


@given(st.binary(max_size=130), st.binary(max_size=40), st.binary(max_size=40))
def test_no_other_bytes_are_a_proof(proof: bytes, public_key: bytes, consented: bytes) -> None:
    for arguments in ((OFFICER.public_key, CONSENTED, proof), (public_key, consented, OFFICER.prove(CONSENTED))):
        with pytest.raises(EvidenceError, match="CONSENT-PROOF"):
            check_proof(*arguments)


@given(st.integers(0, 63), st.integers(1, 255), st.binary(max_size=3))
def test_a_proof_has_one_spelling(place: int, change: int, more: bytes) -> None:
    proof = bytearray(OFFICER.prove(CONSENTED))
    for bent in (bytes(proof[:place]), bytes(proof) + (more or b"\x00")):
        with pytest.raises(EvidenceError, match="CONSENT-PROOF"):
            check_proof(OFFICER.public_key, CONSENTED, bent)
    proof[place] ^= change
    with pytest.raises(EvidenceError, match="CONSENT-PROOF"):
        check_proof(OFFICER.public_key, CONSENTED, bytes(proof))


def test_a_check_that_believes_every_proof_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets.bindings, "crypto_sign_open", lambda *_: b"")
    with pytest.raises(pytest.fail.Exception):
        test_a_proof_holds_for_its_officer_and_for_what_was_consented_to()
