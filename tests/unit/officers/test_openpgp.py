"""What is read as a signature or certificate, and that nothing else is: with keys of the system's gpg."""

import base64
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import openpgp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpgp import BORN, NOW, packet

from custody.errors import CustodyError, EvidenceError
from custody.officers.openpgp import (
    MAX_TEXT,
    Certificate,
    Claim,
    DetachedSignature,
    read_claim,
)
from custody.officers.packets import packets

TEXT = b"custody-approval/1\n"


def sato() -> tuple[bytes, bytes]:
    """A certificate and a good signature."""
    return openpgp.certificate("Sato"), openpgp.signature("Sato", TEXT)


def subpacket(kind: int, content: bytes) -> bytes:
    return bytes([len(content) + 1, kind]) + content


CREATED = subpacket(2, struct.pack(">I", NOW))


def written(
    hashed: bytes = CREATED, unhashed: bytes = b"", *, version: int = 4, kind: int = 0, algorithm: int = 22,
    digest: int = 8, numbers: bytes = b"\x00\x01\x01" * 2,
) -> bytes:  # fmt: skip
    """A signature packet's body with everything as it should be, but for what a test says."""
    areas = b"".join(struct.pack(">H", len(area)) + area for area in (hashed, unhashed))
    return bytes([version, kind, algorithm, digest]) + areas + b"\xab\xcd" + numbers


def refusal(read: type[DetachedSignature | Certificate], octets: bytes) -> str:
    with pytest.raises(EvidenceError) as refused:
        read.parse(octets)
    assert refused.value.hint
    return refused.value.code


def test_a_signature_of_gpg_is_read() -> None:
    signed = DetachedSignature.parse(sato()[1])
    assert signed == DetachedSignature(NOW, 8, 22, openpgp.key("Sato"))


def test_a_certificate_of_gpg_is_read() -> None:
    fingerprint = openpgp.key("Sato")
    assert Certificate.parse(sato()[0]) == Certificate(fingerprint, BORN, (fingerprint,))


def test_the_page_s_example_reads_as_the_page_says(project: Path) -> None:
    page = (project / "docs/spec/openpgp.md").read_text("utf-8")
    certificate, signature = (
        base64.b64decode(re.findall(rf"<!-- example:{name} -->\n```text\n(.*?)```", page, re.DOTALL)[0])
        for name in ("certificate", "signature")
    )
    read = Certificate.parse(certificate)
    signed = DetachedSignature.parse(signature)
    assert f"| fingerprint | `{read.fingerprint}` |" in page
    assert f"| key made | {read.created}," in page
    assert f"| signed | {signed.created}," in page
    assert f"with EdDSA ({signed.key_algorithm}) and SHA-256 ({signed.hash_algorithm}) |" in page


def test_a_text_beyond_its_limit_is_refused() -> None:
    certificate, signature = sato()
    read_claim(Claim(bytes(MAX_TEXT), signature, certificate))
    with pytest.raises(EvidenceError, match="OPENPGP-FORM"):
        read_claim(Claim(bytes(MAX_TEXT + 1), signature, certificate))


# The builder below writes what is read, so that a refusal is due to the one thing that a test changes.
def test_a_signature_written_by_hand_is_read() -> None:
    assert DetachedSignature.parse(packet(2, written())) == DetachedSignature(NOW, 8, 22, None)


def test_a_signature_that_names_its_key_by_its_id_only_is_read() -> None:
    signed = DetachedSignature.parse(packet(2, written(unhashed=subpacket(16, b"\x01" * 8))))
    assert signed.issuer == "01" * 8


def test_what_is_signed_outweighs_what_is_not() -> None:
    hashed, unhashed = subpacket(33, b"\x04" + b"\x02" * 20), subpacket(33, b"\x04" + b"\x01" * 20)
    assert DetachedSignature.parse(packet(2, written(CREATED + hashed, unhashed))).issuer == "02" * 20


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(written(version=3), id="version 3"),
        pytest.param(b"\x03\x05\x00" + bytes(12) + b"\x16\x08" + bytes(10), id="version 3 in its own layout"),
        pytest.param(written(version=6), id="version 6"),
        pytest.param(written(kind=1), id="text mode"),
        pytest.param(written(kind=0x10), id="a certification"),
        pytest.param(written(kind=0x50), id="a third-party confirmation"),
        pytest.param(written(digest=2), id="SHA-1"),
        pytest.param(written(digest=1), id="MD5"),
        pytest.param(written(digest=11), id="SHA-224"),
        pytest.param(written(b""), id="no creation time"),
        pytest.param(written(b"", CREATED), id="a creation time that is not signed"),
        pytest.param(written(CREATED * 2), id="two creation times"),
        pytest.param(written(CREATED, CREATED), id="a second creation time that is not signed"),
        pytest.param(written(subpacket(2, bytes(5))), id="a creation time of five bytes"),
        pytest.param(written(CREATED + subpacket(39, b"\x00" + bytes(40))), id="an embedded key"),
        pytest.param(written(CREATED, subpacket(39, bytes(40))), id="an embedded key that is not signed"),
        pytest.param(written(CREATED + subpacket(32, written())), id="an embedded signature"),
        pytest.param(written(CREATED + subpacket(0x80 | 100, b"x")), id="an unknown critical subpacket"),
        pytest.param(written(CREATED, subpacket(20, b"note")), id="a note that is not signed"),
        pytest.param(written(CREATED + b"\x00"), id="a subpacket without a type"),
        pytest.param(written(CREATED + b"\x05\x10"), id="a subpacket that is too long"),
        pytest.param(written(CREATED + subpacket(33, b"\x06" + bytes(32))), id="an issuer of version 6"),
        pytest.param(written(CREATED + subpacket(16, bytes(7))), id="a key ID of seven bytes"),
        pytest.param(written(numbers=b"\x00\x01\x01"), id="one number instead of two"),
        pytest.param(written(numbers=b"\x00\x01\x01" * 3), id="three numbers"),
        pytest.param(written(numbers=b"\x00\x01\x01\xff\xff\x01"), id="a number longer than the packet"),
        pytest.param(written()[:-1], id="cut off"),
        pytest.param(written()[:5], id="cut off early"),
        pytest.param(b"", id="empty"),
    ],
)
def test_what_is_no_such_signature_is_refused(body: bytes) -> None:
    assert refusal(DetachedSignature, packet(2, body)) == "OPENPGP-FORM"


@pytest.mark.parametrize("algorithm", [2, 3, 16, 17, 18, 20, 25, 27, 99])
def test_a_signature_of_a_key_that_is_not_served_is_refused(algorithm: int) -> None:
    assert refusal(DetachedSignature, packet(2, written(algorithm=algorithm))) == "OPENPGP-KEY-WEAK"


def around(signature: bytes) -> dict[str, bytes]:
    """A good signature in other wrappings."""
    ((_, body),) = packets(signature)
    return {
        "nothing": b"",
        "two signatures": signature * 2,
        "a byte behind": signature + b"\x00",
        "a marker before": packet(10, b"PGP") + signature,
        "a user ID behind": signature + packet(13, b"Sato"),
        "compressed": packet(8, b"\x01" + zlib.compress(signature)[2:-4]),
        "partial lengths": bytes([0xC2, 0xE0 | 4]) + body[:16] + bytes([len(body) - 16]) + body[16:],
        "unknown length": bytes([0x80 | 2 << 2 | 3]) + body,
        "another tag": packet(4, body),
        "base64": base64.b64encode(signature),
        "cut off": signature[:-1],
        "very large": packet(
            2, written(CREATED + subpacket(20, bytes(180)), numbers=b"\x00\x01\x01" * 2) + bytes(4_096)
        ),
    }


@pytest.mark.parametrize("wrapping", around(packet(2, written())))
def test_a_signature_in_another_wrapping_is_refused(wrapping: str) -> None:
    assert refusal(DetachedSignature, around(sato()[1])[wrapping]) == "OPENPGP-FORM"


@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_signature_is_read_in_each_old_format_of_known_length(size: int) -> None:
    ((_, body),) = packets(sato()[1])
    head = bytes([0x80 | 2 << 2 | {1: 0, 2: 1, 4: 2}[size]]) + len(body).to_bytes(size, "big")
    assert DetachedSignature.parse(head + body).created == NOW


@pytest.mark.parametrize(
    "how",
    [
        ("--armor", "--detach-sign"),
        ("--clear-sign",),
        ("--sign",),
        ("--textmode", "--detach-sign"),
        ("--digest-algo", "SHA1", "--detach-sign"),
        ("--digest-algo", "SHA224", "--detach-sign"),
        ("--include-key-block", "--detach-sign"),
        ("--sig-notation", "a@example.org=1", "--sig-notation", "b@example.org=2", "--detach-sign"),
    ],
)
def test_what_gpg_makes_on_another_way_is_refused(how: tuple[str, ...]) -> None:
    made = openpgp.keyring().gpg("--local-user", openpgp.key("Sato"), *how, octets=TEXT)
    assert refusal(DetachedSignature, made) == "OPENPGP-FORM"


@pytest.mark.parametrize("algorithm", ["dsa2048", "rsa2048", "rsa1024", "secp256k1"])
def test_a_certificate_with_a_weak_key_is_refused(algorithm: str) -> None:
    keyring = openpgp.keyring()
    weak = keyring.certificate(keyring.make(f"Weak <{algorithm}@example.org>", algorithm))
    assert refusal(Certificate, weak) == "OPENPGP-KEY-WEAK"


@pytest.mark.parametrize("algorithm", ["rsa3072", "nistp256", "nistp384", "nistp521", "brainpoolP256r1"])
def test_a_certificate_with_a_strong_key_is_read(algorithm: str) -> None:
    keyring = openpgp.keyring()
    made = keyring.make(f"Strong <{algorithm}@example.org>", algorithm)
    assert Certificate.parse(keyring.certificate(made)).fingerprint == made


@pytest.mark.parametrize("algorithm", ["rsa2048", "elg2048"])
def test_a_weak_subkey_spoils_the_certificate(algorithm: str) -> None:
    keyring = openpgp.keyring()
    made = keyring.make(f"Strong with weak <{algorithm}@example.org>")
    keyring.add_subkey(made, algorithm, usage="encr")
    assert refusal(Certificate, keyring.certificate(made)) == "OPENPGP-KEY-WEAK"


def test_a_certificate_with_subkeys_is_read() -> None:
    keyring = openpgp.keyring()
    made = keyring.make("Suzuki <suzuki@example.org>", usage="cert")
    kinds = (("ed25519", "sign"), ("cv25519", "encr"), ("rsa3072", "sign"))
    subkeys = [keyring.add_subkey(made, algo, usage=usage) for algo, usage in kinds]
    assert Certificate.parse(keyring.certificate(made)).keys == (made, *subkeys)


def test_a_certificate_that_rests_on_sha1_is_refused() -> None:
    keyring = openpgp.keyring()
    made = keyring.make("Old <old@example.org>", extra=("--cert-digest-algo", "SHA1"))
    assert refusal(Certificate, keyring.certificate(made)) == "OPENPGP-CERTIFICATE"


def test_a_subkey_s_own_signature_by_sha1_is_found_within_the_binding() -> None:
    keyring = openpgp.keyring()
    made = keyring.make("Nested <nested@example.org>")
    keyring.add_subkey(made)
    certificate = bytearray(keyring.certificate(made))
    # A key's signature (type 0x19) of the primary key, by EdDSA and SHA-256.
    inner = certificate.rindex(b"\x04\x19\x16\x08")
    assert Certificate.parse(bytes(certificate)).fingerprint == made
    certificate[inner + 3] = 2
    assert refusal(Certificate, bytes(certificate)) == "OPENPGP-CERTIFICATE"


class Parts:
    """Sato's certificate and its packets."""

    def __init__(self) -> None:
        self.good, self.other = openpgp.certificate("Sato"), openpgp.certificate("Tanaka")
        self.key, self.name, self.own = (packet(tag, body) for tag, body in packets(self.good))
        self.body = packets(self.good)[0][1]

    def named(self, name: bytes) -> bytes:
        """With another user ID."""
        return self.key + packet(13, name) + self.own

    def keyed(self, body: bytes) -> bytes:
        """With another primary key."""
        return packet(6, body) + self.name + self.own


def test_a_certificate_put_together_by_hand_is_read() -> None:
    parts = Parts()
    assert Certificate.parse(parts.named("佐藤 <sato@example.org>".encode())) == Certificate.parse(parts.good)
    assert len(Certificate.parse(parts.good + packet(14, parts.body) + parts.own).keys) == 2


SPOILED: dict[str, Callable[[Parts], bytes]] = {
    "nothing": lambda _: b"",
    "two certificates": lambda parts: parts.good + parts.other,
    "a byte behind": lambda parts: parts.good + b"\x00",
    "no user ID": lambda parts: parts.key,
    "a user ID that is not signed": lambda parts: parts.key + parts.name,
    "one user ID signed, one not": lambda parts: parts.key + parts.name + parts.name + parts.own,
    "a signature of version 3": lambda parts: parts.good + packet(2, written(version=3)),
    "a signature by SHA-1": lambda parts: parts.good + packet(2, written(digest=2, kind=0x20)),
    "a picture": lambda parts: parts.good + packet(17, b"\x10" + bytes(15)) + parts.own,
    "a secret key": lambda parts: packet(5, parts.body) + parts.name + parts.own,
    "a secret subkey": lambda parts: parts.good + packet(7, parts.body) + parts.own,
    "trust": lambda parts: parts.good + packet(12, b"\x03\x03"),
    "a marker": lambda parts: packet(10, b"PGP") + parts.good,
    "a subkey that is not bound": lambda parts: parts.good + packet(14, parts.body),
    "a subkey before the user ID": lambda parts: (
        parts.key + packet(14, parts.body) + parts.own + parts.name + parts.own
    ),
    "a second primary key": lambda parts: parts.good + parts.key + parts.own,
    "an unknown packet": lambda parts: parts.good + packet(60, b""),
    "compressed": lambda parts: packet(8, b"\x01" + zlib.compress(parts.good)[2:-4]),
    "a key of version 3": lambda parts: parts.keyed(b"\x03" + parts.body[1:]),
    "a key of version 6": lambda parts: parts.keyed(b"\x06" + parts.body[1:]),
    "a key with something behind": lambda parts: parts.keyed(parts.body + b"\x00"),
    "a key cut off": lambda parts: parts.keyed(parts.body[:-1]),
    "a user ID that is too long": lambda parts: parts.named(b"x" * 257),
    "a user ID that is no UTF-8": lambda parts: parts.named(b"Sato \xff"),
    "a user ID of two lines": lambda parts: parts.named(b"Sato\n[GNUPG:] GOODSIG"),
    "a user ID of two lines in Unicode": lambda parts: parts.named("Sato\u0085[GNUPG:] GOODSIG".encode()),
    "a user ID that turns around": lambda parts: parts.named("Sato \u202e".encode()),
    "very large": lambda parts: parts.good + parts.own * 600,
    "many packets": lambda parts: parts.key + parts.name + packet(2, written()) * 300,
    "base64": lambda parts: base64.b64encode(parts.good),
    "unknown length": lambda parts: bytes([0x80 | 6 << 2 | 3]) + parts.body,
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_spoiled_certificate_is_refused(how: str) -> None:
    assert refusal(Certificate, SPOILED[how](Parts())) == "OPENPGP-CERTIFICATE"


def rsa(modulus: int, exponent: int) -> bytes:
    numbers = (
        struct.pack(">H", n.bit_length()) + n.to_bytes((n.bit_length() + 7) // 8, "big") for n in (modulus, exponent)
    )
    return b"\x04" + bytes(4) + b"\x01" + b"".join(numbers)


STRONG = 2**3071 + 1


def test_a_strong_rsa_key_written_by_hand_is_read() -> None:
    Certificate.parse(Parts().keyed(rsa(STRONG, 65_537)))


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(rsa(2**3070 + 1, 65_537), id="one bit short"),
        pytest.param(rsa(STRONG, 1), id="an exponent that makes every number a signature"),
        pytest.param(rsa(STRONG, 65_536), id="an even exponent"),
        pytest.param(
            b"\x04" + bytes(4) + b"\x12\x08" + bytes.fromhex("2a8648ce3d030107") + b"\x00\x01\x01\x00", id="ECDH"
        ),
        pytest.param(b"\x04" + bytes(4) + b"\x16\x03" + bytes.fromhex("2b6571") + b"\x00\x01\x01", id="Ed448"),
        pytest.param(b"\x04" + bytes(4) + b"\x1b" + bytes(32), id="an algorithm of a later version"),
    ],
)
def test_a_primary_key_that_is_not_served_is_refused(key: bytes) -> None:
    assert refusal(Certificate, Parts().keyed(key)) == "OPENPGP-KEY-WEAK"


def test_a_modulus_padded_to_look_strong_is_measured() -> None:
    short = 2**2047 + 1
    padded = struct.pack(">H", 3_072) + short.to_bytes(384, "big") + b"\x00\x11\x01\x00\x01"
    assert refusal(Certificate, Parts().keyed(b"\x04" + bytes(4) + b"\x01" + padded)) == "OPENPGP-KEY-WEAK"


def test_the_secret_key_is_no_certificate() -> None:
    secret = openpgp.keyring().gpg("--export-secret-keys", openpgp.key("Sato"))
    assert refusal(Certificate, secret) == "OPENPGP-CERTIFICATE"


def test_an_armored_certificate_is_refused() -> None:
    armored = openpgp.keyring().gpg("--armor", "--export", openpgp.key("Sato"))
    assert refusal(Certificate, armored) == "OPENPGP-CERTIFICATE"


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_with_a_code(octets: bytes) -> None:
    for read in (DetachedSignature, Certificate):
        try:
            read.parse(octets)
        except CustodyError as error:
            assert error.code.startswith("OPENPGP-")


@given(st.data())
def test_bent_bytes_are_read_or_refused_with_a_code(data: st.DataObject) -> None:
    for read, good in zip((Certificate, DetachedSignature), sato(), strict=True):
        start = data.draw(st.integers(0, len(good)))
        bent = good[:start] + data.draw(st.binary(max_size=8)) + good[start + data.draw(st.integers(0, 8)) :]
        try:
            read.parse(bent)
        except CustodyError as error:
            assert error.code.startswith("OPENPGP-")
