"""The second signer: low R by the standard grind, strict verification, and only the version it was written for."""

import hashlib
import json
from pathlib import Path

import coincurve
import pytest

from custody.bitcoin import second_signer
from custody.errors import CustodyError

SECRET = bytes.fromhex("619c335025c7f4012e556c2a58b2506e30b8511b53ade95ea316fd8c3286feb9")
PUBLIC = bytes.fromhex("025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee6357")
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def digest(number: int) -> bytes:
    return hashlib.sha256(number.to_bytes(4, "big")).digest()


def test_the_published_signature_of_bip143(project: Path) -> None:
    vector = json.loads((project / "tests/vectors/bip143.json").read_text())
    assert vector["private_key"] == SECRET.hex()
    made = second_signer.sign_low_r(SECRET, bytes.fromhex(vector["sighash"]))
    assert made.hex() + "01" == vector["signature"]  # this one is low-R at the first try


def test_r_is_low_and_the_signature_holds() -> None:
    ground = 0
    for number in range(40):
        der = second_signer.sign_low_r(SECRET, digest(number))
        assert len(der) <= 70
        assert int.from_bytes(der[4 : 4 + der[3]], "big") < 1 << 255
        assert second_signer.verify(PUBLIC, digest(number), der)
        plain = coincurve.PrivateKey(SECRET).sign(digest(number), hasher=None)
        ground += plain != der
    assert 5 < ground < 35  # about half need the grind


def test_the_search_for_a_low_r_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_signer, "_serialize", lambda *_: bytes.fromhex("3046022100"))
    with pytest.raises(CustodyError, match="SIGN-LIBRARY"):
        second_signer.sign_low_r(SECRET, digest(1))


def test_a_changed_byte_anywhere_is_refused() -> None:
    der = second_signer.sign_low_r(SECRET, digest(1))
    for position in range(len(der)):
        for bit in (1, 0x80):
            changed = bytearray(der)
            changed[position] ^= bit
            assert not second_signer.verify(PUBLIC, digest(1), bytes(changed))


def test_another_digest_or_key_is_refused() -> None:
    der = second_signer.sign_low_r(SECRET, digest(1))
    assert not second_signer.verify(PUBLIC, digest(2), der)
    assert not second_signer.verify(b"\x03" + PUBLIC[1:], digest(1), der)
    assert not second_signer.verify(b"", digest(1), der)
    with pytest.raises(CustodyError, match="SIGN-LIBRARY"):
        second_signer.verify(PUBLIC, digest(1)[:-1], der)
    assert not second_signer.verify(b"\x02" + b"\xff" * 32, digest(1), der)


def encoded(r: bytes, s: bytes) -> bytes:
    body = b"".join(b"\x02" + bytes([len(part)]) + part for part in (r, s))
    return b"\x30" + bytes([len(body)]) + body


def test_high_s_and_loose_der_are_refused() -> None:
    der = second_signer.sign_low_r(SECRET, digest(3))
    r, s = der[4 : 4 + der[3]], der[6 + der[3] :]
    assert encoded(r, s) == der
    high = (ORDER - int.from_bytes(s, "big")).to_bytes(33, "big")
    assert not second_signer.verify(PUBLIC, digest(3), encoded(r, high))
    assert not second_signer.verify(PUBLIC, digest(3), encoded(b"\x00" + r, s))
    assert not second_signer.verify(PUBLIC, digest(3), der + b"\x00")
    assert not second_signer.verify(PUBLIC, digest(3), b"")


def test_another_version_of_the_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coincurve, "__version__", "20.0.0")
    with pytest.raises(CustodyError, match="SIGN-LIBRARY"):
        second_signer.sign_low_r(SECRET, digest(1))


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32, b"", bytes(31), bytes(33)])
def test_an_impossible_secret_is_refused_without_telling_it(secret: bytes) -> None:
    with pytest.raises(CustodyError) as caught:
        second_signer.sign_low_r(secret, digest(1))
    assert caught.value.code == "SIGN-LIBRARY"
    assert secret.hex() not in str(caught.value) or not secret
