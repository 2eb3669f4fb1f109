"""Sealed secrets: what is changed does not open, and what asks for too much is refused before the work."""

from dataclasses import replace
from typing import Any

import cbor2
import pytest
from nacl import bindings, pwhash
from nacl.exceptions import RuntimeError as NaclRuntimeError

from custody.codec import canonical_json
from custody.errors import HomeError
from custody.vault import sealed
from custody.vault.sealed import Argon2id, Header, open_sealed, open_with_passphrase, passphrase_checked, read_header

KDF = Argon2id(*sealed.LIGHT, bytes(range(16)))
SEED_HEADER = Header("seed", True, "rehearsal.example", bytes(range(24)), KDF, ("Sato",))
DEVICE_HEADER = replace(SEED_HEADER, purpose="device", kdf=None, officers=())
KEY = bytes(range(32))
SECRET = b"the secret that is sealed"
BY_DEVICE = sealed.seal(SECRET, DEVICE_HEADER, KEY)
BY_PASSPHRASE = sealed.seal(SECRET, SEED_HEADER, KDF.key("pass word"))


def refusal(content: bytes, key: bytes = KEY) -> str:
    with pytest.raises(HomeError) as refused:
        open_sealed(content, key)
    return refused.value.code


def with_header(**changed: Any) -> bytes:
    """The sealed seed with a changed header; to be refused before a key is derived."""
    parts = cbor2.loads(BY_PASSPHRASE)
    header = canonical_json.loads(parts["header"], limit=4_096)
    assert isinstance(header, dict)
    parts["header"] = canonical_json.dumps(header | changed)
    return bytes(cbor2.dumps(parts, canonical=True))


def test_what_was_sealed_opens() -> None:
    assert open_sealed(BY_DEVICE, KEY) == SECRET
    assert open_with_passphrase(BY_PASSPHRASE, "pass word") == SECRET
    assert read_header(BY_PASSPHRASE) == SEED_HEADER


def test_the_seal_is_the_one_of_the_page() -> None:
    """XChaCha20-Poly1305 under Argon2id, the header as associated data: opened by the primitives alone."""
    parts = cbor2.loads(BY_PASSPHRASE)
    key = pwhash.argon2id.kdf(32, b"pass word", bytes(range(16)), opslimit=1, memlimit=8 * 1024**2)
    plain = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
        parts["ciphertext"], parts["header"], bytes(range(24)), key
    )
    assert plain == SECRET


@pytest.mark.parametrize("passphrase", ["", "pass Word", "pass word ", "pass\u00a0word2"])
def test_another_passphrase_does_not_open_it(passphrase: str) -> None:
    with pytest.raises(HomeError, match="SEAL-CLOSED"):
        open_with_passphrase(BY_PASSPHRASE, passphrase)


def test_a_passphrase_is_the_same_in_every_unicode_spelling() -> None:
    assert KDF.key("\u304c\u00e9\ufb01") == KDF.key("\u304b\u3099e\u0301fi")
    assert KDF.key("e") != KDF.key("\u00e9")


def test_salt_passes_and_memory_each_change_the_key() -> None:
    keys = {KDF.key("p"), replace(KDF, salt=bytes(16)).key("p"), replace(KDF, ops=2).key("p")}
    keys |= {replace(KDF, memory=9 * 1024**2).key("p"), KDF.key("q")}
    assert len(keys) == 5


def test_every_changed_byte_closes_the_seal() -> None:
    codes = set()
    for place in range(len(BY_DEVICE)):
        for bit in (1, 0x20, 0x80):
            changed = bytearray(BY_DEVICE)
            changed[place] ^= bit
            codes.add(refusal(bytes(changed)))
    assert codes == {"SEAL-CLOSED", "HOME-CORRUPT"}


def test_every_cut_closes_the_seal() -> None:
    assert {refusal(BY_DEVICE[:size]) for size in range(len(BY_DEVICE))} == {"HOME-CORRUPT"}
    assert refusal(BY_DEVICE + b"\x00") == "HOME-CORRUPT"
    assert refusal(BY_DEVICE, bytes(32)) == "SEAL-CLOSED"


@pytest.mark.parametrize(
    "changed",
    [
        {"rehearsal": False},
        {"origin": "rehearsal.other"},
        {"purpose": "device"},
        {"officers": ["Sato", "Evil"], "threshold": 2},
        {"officers": [], "threshold": 0},
        {"nonce": "00" * 24},
    ],
)
def test_a_well_formed_lie_in_the_header_closes_the_seal(changed: dict[str, Any]) -> None:
    lied = with_header(**changed)
    assert read_header(lied) != SEED_HEADER
    with pytest.raises(HomeError, match="SEAL-CLOSED"):
        open_with_passphrase(lied, "pass word")


@pytest.mark.parametrize(
    "changed",
    [
        {"version": 2},
        {"threshold": 2},
        {"cipher": "aes"},
        {"extra": 1},
        {"rehearsal": 1},
        {"officers": [1]},
        {"nonce": "00"},
        {"nonce": "zz"},
        {"nonce": "00 " * 24},
        {"kdf": {}},
        {"kdf": 1},
        {"kdf": {"name": "scrypt", "ops": 1, "memory": KDF.memory, "salt": "00" * 16}},
        {"kdf": {"name": "argon2id", "ops": 1, "memory": KDF.memory, "salt": "00" * 15}},
        {"kdf": {"name": "argon2id", "ops": 1, "memory": KDF.memory, "salt": "xx"}},
        {"kdf": {"name": "argon2id", "ops": "1", "memory": KDF.memory, "salt": "00" * 16}},
    ],
)
def test_a_header_of_another_form_is_a_damaged_home(changed: dict[str, Any]) -> None:
    with pytest.raises(HomeError, match="HOME-CORRUPT"):
        read_header(with_header(**changed))


@pytest.mark.parametrize(
    ("ops", "memory"),
    [
        (0, KDF.memory),
        (-1, KDF.memory),
        (sealed.MAX_OPS + 1, KDF.memory),
        (2**40, KDF.memory),
        (1, sealed.LIGHT[1] - 1),
        (1, 0),
        (1, sealed.MAX_MEMORY + 1),
        (1, 2**50),
    ],
)
def test_a_header_that_asks_for_too_much_or_too_little_work_is_refused_before_it(
    ops: int, memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pwhash.argon2id, "kdf", lambda *_, **__: pytest.fail("the key was derived"))
    lied = with_header(kdf={"name": "argon2id", "ops": ops, "memory": memory, "salt": "00" * 16})
    with pytest.raises(HomeError, match="HOME-CORRUPT"):
        open_with_passphrase(lied, "pass word")


def test_a_seal_of_the_device_does_not_open_by_any_passphrase() -> None:
    with pytest.raises(HomeError, match="HOME-CORRUPT"):
        open_with_passphrase(BY_DEVICE, "pass word")


@pytest.mark.parametrize("size", range(16))
def test_a_ciphertext_shorter_than_its_tag_is_a_damaged_home(size: int) -> None:
    assert refusal(cbor2.dumps(cbor2.loads(BY_DEVICE) | {"ciphertext": bytes(size)}, canonical=True)) == "HOME-CORRUPT"


def test_a_sealed_file_beyond_its_limit_is_refused() -> None:
    assert refusal(bytes(sealed.MAX_BYTES + 1)) == "HOME-CORRUPT"


def test_a_machine_with_too_little_memory_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object, **__: object) -> bytes:
        raise NaclRuntimeError

    monkeypatch.setattr(pwhash.argon2id, "kdf", no_memory)
    with pytest.raises(HomeError, match="SEAL-MEMORY"):
        open_with_passphrase(BY_PASSPHRASE, "pass word")


def test_nothing_secret_is_told_by_a_representation() -> None:
    assert bytes(range(16)).hex() not in repr(KDF)
    assert "salt" not in repr(KDF)


@pytest.mark.parametrize(
    ("length", "rehearsal", "code"),
    [
        (0, True, "PASSPHRASE-SHORT"),
        (1, True, None),
        (11, False, "PASSPHRASE-SHORT"),
        (12, False, None),
        (sealed.MAX_PASSPHRASE, False, None),
        (sealed.MAX_PASSPHRASE + 1, False, "PASSPHRASE-LONG"),
        (sealed.MAX_PASSPHRASE + 1, True, "PASSPHRASE-LONG"),
    ],
)
def test_the_length_of_a_passphrase_is_bounded(length: int, rehearsal: bool, code: str | None) -> None:
    passphrase = "p" * length
    if code is None:
        assert passphrase_checked(passphrase, rehearsal=rehearsal) == passphrase
        return
    with pytest.raises(HomeError) as refused:
        passphrase_checked(passphrase, rehearsal=rehearsal)
    assert refused.value.code == code
