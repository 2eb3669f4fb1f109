"""OpenPGP as people hand it over: fingerprints in every spelling of gpg, signatures with and without armor."""

import base64

import openpgp
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from custody.errors import CustodyError, EvidenceError, UsageError
from custody.officers.given import MAX_GIVEN, fingerprint, signature

DIGITS = "140F096E463D31D498704C04AFECF6CB8C3780E7"
TEXT = b"Pay nobody.\n"


@pytest.mark.parametrize(
    "spelled", [DIGITS, DIGITS.lower(), "140F 096E 463D 31D4 9870  4C04 AFEC F6CB 8C37 80E7", f" {DIGITS}\n"]
)
def test_a_fingerprint_as_gpg_prints_it(spelled: str) -> None:
    assert fingerprint(spelled) == DIGITS


@pytest.mark.parametrize("spelled", ["", DIGITS[1:], DIGITS + "0", "0x" + DIGITS, DIGITS.replace("0", "O"), "sato"])
def test_anything_else_is_no_fingerprint(spelled: str) -> None:
    with pytest.raises(UsageError, match="FINGERPRINT-FORM"):
        fingerprint(spelled)


def armored() -> bytes:
    """What gpg itself writes."""
    return openpgp.keyring().sign(openpgp.key("Ito"), TEXT, extra=("--armor",))


def binary() -> bytes:
    return openpgp.keyring().gpg("--dearmor", octets=armored())


def test_armor_of_gpg_is_taken_off_as_gpg_takes_it_off() -> None:
    assert signature(armored()) == binary()
    assert signature(binary()) == binary()


CHANGES = {
    "with headers": (b"SIGNATURE-----\n\n", b"SIGNATURE-----\nVersion: GnuPG v2\nComment: made by Ito\n\n"),
    "with CRLF": (b"\n", b"\r\n"),
}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_armor_in_another_dress_is_the_same(name: str) -> None:
    assert signature(armored().replace(*CHANGES[name])) == binary()


def test_armor_may_go_without_its_checksum() -> None:
    lines = [line for line in armored().splitlines() if not line.startswith(b"=")]
    assert signature(b"\n".join(lines)) == binary()


def spoiled() -> dict[str, bytes]:
    whole = armored()
    lines = whole.splitlines(keepends=True)
    checksum = next(line for line in lines if line.startswith(b"="))
    other = base64.b64encode(bytes(octet ^ 1 for octet in base64.b64decode(checksum[1:])))
    return {
        "nothing": b"",
        "text": TEXT,
        "text before": b"Hello\n" + whole,
        "text after": whole + b"Hello\n",
        "twice": whole * 2,
        "binary twice": binary() * 2,
        "without an end": b"".join(lines[:-1]),
        "without the empty line": whole.replace(b"-----\n\n", b"-----\n", 1),
        "another checksum": whole.replace(checksum, b"=" + other + b"\n"),
        "another block": whole.replace(b"SIGNATURE", b"MESSAGE"),
        "a line less": b"".join([*lines[:2], *lines[3:]]),
        "of a message": openpgp.keyring().gpg("--armor", "--sign", "--local-user", openpgp.key("Ito"), octets=TEXT),
        "of a text": openpgp.keyring().sign(openpgp.key("Ito"), TEXT, extra=("--armor", "--textmode")),
        "in clear text": openpgp.keyring().gpg("--clearsign", "--local-user", openpgp.key("Ito"), octets=TEXT),
        "too large": whole.replace(b"\n\n", b"\n" + b"Comment: x\n" * (MAX_GIVEN // 10) + b"\n", 1),
    }


SPOILED = (
    *("nothing", "text", "text before", "text after", "twice", "binary twice", "without an end"),
    *("without the empty line", "another checksum", "another block", "a line less", "of a message", "of a text"),
    *("in clear text", "too large"),
)


def test_every_spoiled_signature_is_tried() -> None:
    assert set(SPOILED) == spoiled().keys()


@pytest.mark.parametrize("name", SPOILED)
def test_what_is_no_signature_is_refused(name: str) -> None:
    with pytest.raises(EvidenceError, match="OPENPGP-FORM"):
        signature(spoiled()[name])


@given(st.binary(max_size=400))
@example(b"-----BEGIN PGP SIGNATURE-----\n\n====\n-----END PGP SIGNATURE-----")
def test_any_bytes_are_a_signature_or_are_refused(octets: bytes) -> None:
    try:
        signature(octets)
    except CustodyError as error:
        assert error.code.startswith("OPENPGP-")
