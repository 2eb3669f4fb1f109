"""Claims judged by the real gpg in its jail: what is good, and what becomes of every claim that does not hold."""

import base64
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import openpgp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpgp import BORN, DAY, NOW
from openpgp_claims import GOOD, TEXT, altered, asked, by, claimed, made, verdict

from custody.edge.gpg import JailedGpg
from custody.officers.openpgp import Certificate, Claim, DetachedSignature, SignatureVerifier
from custody.officers.packets import packets


@pytest.fixture(scope="module")
def jailed() -> Iterator[JailedGpg]:
    with JailedGpg() as verifier:
        yield verifier


@pytest.mark.parametrize("text", [b"", b"x", TEXT, b"\r\n \n", bytes(range(256)), bytes(1_048_576)])
def test_a_good_signature_is_good(jailed: JailedGpg, text: bytes) -> None:
    assert verdict(jailed, by("Sato", text)) == GOOD


@pytest.mark.parametrize("algo", ["rsa3072", "nistp256", "nistp384", "nistp521", "brainpoolP256r1"])
def test_a_good_signature_of_each_kind_of_key_is_good(jailed: JailedGpg, algo: str) -> None:
    assert verdict(jailed, claimed(made("Kind", algo=algo))) == GOOD


@pytest.mark.parametrize("digest", ["SHA256", "SHA384", "SHA512"])
def test_a_good_signature_by_each_hash_is_good(jailed: JailedGpg, digest: str) -> None:
    signature = openpgp.keyring().sign(openpgp.key("Sato"), TEXT, extra=("--digest-algo", digest))
    assert verdict(jailed, Claim(TEXT, signature, openpgp.certificate("Sato"))) == GOOD


def test_the_page_s_example_is_what_the_page_says(jailed: JailedGpg, project: Path) -> None:
    page = (project / "docs/spec/openpgp.md").read_text("utf-8")
    certificate, signature = (
        base64.b64decode(re.findall(rf"<!-- example:{name} -->\n```text\n(.*?)```", page, re.DOTALL)[0])
        for name in ("certificate", "signature")
    )
    claim = Claim(b"Pay nobody.\n", signature, certificate)
    rows = re.findall(r"^\| at (\d+).* \| `?([A-Za-z-]+)`? \|$", page, re.MULTILINE)
    assert len(rows) == 2
    assert {int(at): verdict(jailed, claim, int(at)) for at, _ in rows} == {int(at): said for at, said in rows}


@pytest.mark.parametrize("text", [TEXT + b"\n", TEXT[:-1], TEXT.replace(b"\n", b"\r\n"), TEXT.upper(), b""])
def test_another_text_is_not_what_was_signed(jailed: JailedGpg, text: bytes) -> None:
    honest = by("Sato")
    assert verdict(jailed, Claim(text, honest.signature, honest.certificate)) == "OPENPGP-INVALID"


def test_somebody_else_s_signature_is_not_hers(jailed: JailedGpg) -> None:
    assert verdict(jailed, Claim(TEXT, by("Tanaka").signature, openpgp.certificate("Sato"))) == "OPENPGP-INVALID"


def test_a_key_that_says_it_is_another_is_not_believed(jailed: JailedGpg) -> None:
    """The hint at the issuer, signed and unsigned, names Sato; the signature is Tanaka's."""
    hers, his = openpgp.key("Sato"), openpgp.key("Tanaka")
    forged = by("Tanaka").signature
    for size in (40, 16):
        forged = forged.replace(bytes.fromhex(his[-size:]), bytes.fromhex(hers[-size:]))
    assert DetachedSignature.parse(forged).issuer == hers
    assert verdict(jailed, Claim(TEXT, forged, openpgp.certificate("Sato"))) == "OPENPGP-INVALID"


def test_when_it_says_it_was_made_is_for_the_caller_to_judge(jailed: JailedGpg) -> None:
    in_2099 = by("Sato", at=4_070_908_800)
    assert verdict(jailed, in_2099) == GOOD
    assert DetachedSignature.parse(in_2099.signature).created == 4_070_908_800


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (BORN - 1, "OPENPGP-CERTIFICATE"),
        (BORN, GOOD),
        (BORN + 30 * DAY - 1, GOOD),
        (BORN + 30 * DAY + 1, "OPENPGP-KEY-EXPIRED"),
        (NOW, "OPENPGP-KEY-EXPIRED"),
        (4_294_967_295, "OPENPGP-KEY-EXPIRED"),
    ],
)
def test_expiry_of_a_key_is_judged_at_the_time_given(jailed: JailedGpg, at: int, expected: str) -> None:
    """The machine's own clock is past the key's life in all of these."""
    assert verdict(jailed, claimed(expiring(), at=BORN + DAY), at) == expected


@cache
def expiring() -> str:
    """A key that lived for 30 days."""
    return made("Month", expire="30d")


def test_a_key_from_the_machine_s_future_is_good_at_its_time(jailed: JailedGpg) -> None:
    year_2050 = 2_524_608_000
    born_late = openpgp.keyring().make("Later <later@example.org>", at=year_2050)
    claim = claimed(born_late, at=year_2050 + DAY, exported=year_2050)
    assert verdict(jailed, claim, year_2050 + DAY) == GOOD
    assert verdict(jailed, claim, NOW) == "OPENPGP-CERTIFICATE"


@pytest.mark.parametrize("at", [-1, 2**32, 2**64])
def test_a_time_that_openpgp_does_not_know_is_no_time(jailed: JailedGpg, at: int) -> None:
    assert verdict(jailed, by("Sato"), at) == "OPENPGP-INVALID"


@pytest.mark.parametrize(
    ("at", "expected"), [(NOW, GOOD), (NOW + 5 * DAY - 1, GOOD), (NOW + 5 * DAY, "OPENPGP-EXPIRED")]
)
def test_expiry_of_a_signature_is_judged_at_the_time_given(jailed: JailedGpg, at: int, expected: str) -> None:
    signature = openpgp.keyring().sign(openpgp.key("Sato"), TEXT, NOW, ("--default-sig-expire", "5d"))
    assert verdict(jailed, Claim(TEXT, signature, openpgp.certificate("Sato")), at) == expected


def test_a_revoked_key_is_refused_whenever_it_signed(jailed: JailedGpg) -> None:
    fingerprint = made("Revoked")
    before = claimed(fingerprint)
    assert verdict(jailed, before) == GOOD
    openpgp.keyring().revoke(fingerprint)
    assert verdict(jailed, claimed_with(before, fingerprint)) == "OPENPGP-KEY-REVOKED"


def claimed_with(claim: Claim, fingerprint: str) -> Claim:
    """The same signature with the certificate as it is now."""
    return Claim(claim.text, claim.signature, openpgp.keyring().certificate(fingerprint))


def test_a_revocation_that_is_not_in_the_certificate_is_not_known(jailed: JailedGpg) -> None:
    """What the page says of it: the roster's certificate is as old as the roster."""
    fingerprint = made("Unknown")
    before = claimed(fingerprint)
    openpgp.keyring().revoke(fingerprint)
    assert verdict(jailed, before) == GOOD


def test_a_subkey_that_the_certificate_binds_signs(jailed: JailedGpg) -> None:
    primary = made("Bound", usage="cert")
    subkey = openpgp.keyring().add_subkey(primary)
    assert verdict(jailed, claimed(primary, subkey)) == GOOD


def test_a_subkey_that_a_thief_adds_later_does_not_count(jailed: JailedGpg) -> None:
    """With the primary key in hands that are not hers, and the certificate in the roster as it was."""
    primary = made("Stolen")
    pinned = openpgp.keyring().certificate(primary)
    theirs = openpgp.keyring().add_subkey(primary)
    signature = openpgp.keyring().sign(theirs, TEXT)
    assert verdict(jailed, Claim(TEXT, signature, openpgp.keyring().certificate(primary))) == GOOD
    assert verdict(jailed, Claim(TEXT, signature, pinned)) == "OPENPGP-INVALID"


def test_what_one_certificate_brought_is_gone_for_the_next(jailed: JailedGpg) -> None:
    other = by("Tanaka")
    assert verdict(jailed, other) == GOOD
    assert verdict(jailed, Claim(TEXT, other.signature, openpgp.certificate("Sato"))) == "OPENPGP-INVALID"


def test_an_expired_subkey_is_refused(jailed: JailedGpg) -> None:
    primary = made("Short", usage="cert")
    subkey = openpgp.keyring().add_subkey(primary, expire="30d")
    claim = claimed(primary, subkey, BORN + DAY, BORN + DAY)
    assert verdict(jailed, claim, BORN + DAY) == GOOD
    assert verdict(jailed, claim, NOW) == "OPENPGP-KEY-EXPIRED"


def test_a_revoked_subkey_is_refused(jailed: JailedGpg) -> None:
    primary = made("Partly")
    before = claimed(primary, openpgp.keyring().add_subkey(primary))
    assert verdict(jailed, before) == GOOD
    openpgp.keyring().edit(primary, "key 1", "revkey", "y", "0", "", "y")
    assert verdict(jailed, claimed_with(before, primary)) == "OPENPGP-KEY-REVOKED"


def test_a_primary_key_that_only_certifies_does_not_sign(jailed: JailedGpg) -> None:
    primary = made("Certifier")
    before = claimed(primary)
    assert verdict(jailed, before) == GOOD
    openpgp.keyring().edit(primary, "change-usage", "S", "Q")
    assert verdict(jailed, claimed_with(before, primary)) == "OPENPGP-INVALID"


def test_a_subkey_that_only_encrypts_does_not_sign(jailed: JailedGpg) -> None:
    primary = made("Encryptor", usage="cert")
    before = claimed(primary, openpgp.keyring().add_subkey(primary, "rsa3072"))
    assert verdict(jailed, before) == GOOD
    openpgp.keyring().edit(primary, "key 1", "change-usage", "S", "E", "Q")
    assert verdict(jailed, claimed_with(before, primary)) == "OPENPGP-INVALID"


@pytest.mark.parametrize("algo", ["dsa2048", "rsa2048", "rsa1024", "secp256k1"])
def test_a_weak_key_does_not_sign(jailed: JailedGpg, algo: str) -> None:
    assert verdict(jailed, claimed(made("Weak", algo=algo))) == "OPENPGP-KEY-WEAK"


def test_a_certificate_whose_own_signature_is_another_s_is_refused(jailed: JailedGpg) -> None:
    """Sato's key under the name and signature of Tanaka."""
    hers, his = openpgp.certificate("Sato"), openpgp.certificate("Tanaka")
    key = hers[: 2 + hers[1]]
    assert verdict(jailed, Claim(TEXT, by("Sato").signature, key + his[len(key) :])) == "OPENPGP-CERTIFICATE"


def test_a_subkey_grafted_from_another_certificate_does_not_sign(jailed: JailedGpg) -> None:
    owner = made("Owner", usage="cert")
    theirs = claimed(owner, openpgp.keyring().add_subkey(owner))
    graft = b"".join(openpgp.packet(tag, body) for tag, body in packets(theirs.certificate)[3:])
    assert verdict(jailed, theirs) == GOOD
    grafted = Claim(TEXT, theirs.signature, openpgp.certificate("Sato") + graft)
    assert verdict(jailed, grafted) == "OPENPGP-INVALID"


SHA1_TOO = "import custody.officers.packets; custody.officers.packets._HASHES = (2, 8, 9, 10)"


def test_gpg_itself_takes_no_certificate_that_rests_on_sha1() -> None:
    """Were the reader in front of it blind to SHA-1."""
    old = openpgp.keyring().make("Old <old@example.org>", extra=("--cert-digest-algo", "SHA1"))
    with JailedGpg(command=altered(SHA1_TOO)) as verifier:
        assert verdict(verifier, by("Sato")) == GOOD
        assert asked(verifier, claimed(old)) == "OPENPGP-CERTIFICATE"


def test_gpg_itself_takes_no_signature_that_rests_on_sha1() -> None:
    """Were the reader in front of it blind to SHA-1."""
    signature = openpgp.keyring().sign(openpgp.key("Sato"), TEXT, extra=("--digest-algo", "SHA1"))
    with JailedGpg(command=altered(SHA1_TOO)) as verifier:
        verifier.start()
        assert asked(verifier, Claim(TEXT, signature, openpgp.certificate("Sato"))) == "OPENPGP-INVALID"


@pytest.mark.parametrize("algo", ["dsa2048", "rsa2048", "secp256k1"])
def test_what_gpg_lists_as_weak_is_refused(algo: str) -> None:
    """Were the reader in front of it blind to weak keys."""
    blind = """
import custody.officers.packets as packets
packets.check_key = lambda *_, **__: None
packets.SIGNATURE_NUMBERS[17] = 2
import custody.officers.openpgp as openpgp
openpgp.check_key = packets.check_key
"""
    with JailedGpg(command=altered(blind)) as verifier:
        assert verdict(verifier, by("Sato")) == GOOD
        assert asked(verifier, claimed(made("Weak", algo=algo))) == "OPENPGP-KEY-WEAK"


@cache
def wrong_claims() -> tuple[Claim, ...]:
    """Claims that do not hold, each for another reason."""
    sato, tanaka = by("Sato"), by("Tanaka")
    return (
        Claim(b"", sato.signature, sato.certificate),
        Claim(TEXT, tanaka.signature, sato.certificate),
        Claim(TEXT, sato.signature, tanaka.certificate),
        Claim(TEXT, sato.signature * 2, sato.certificate),
        Claim(TEXT, sato.signature, sato.certificate + tanaka.certificate),
        Claim(TEXT, b"", sato.certificate),
        Claim(TEXT, sato.signature, b""),
        Claim(TEXT, bytes(1_000_000), sato.certificate),
        Claim(TEXT, sato.signature, bytes(1_000_000)),
        Claim(bytes(10_000_000), sato.signature, sato.certificate),
        Claim(TEXT, sato.certificate, sato.signature),
        claimed(expiring(), at=BORN + DAY),
    )


def failures(verifier: SignatureVerifier) -> list[int]:
    """Which of the wrong claims a verifier lets pass."""
    return [index for index, claim in enumerate(wrong_claims()) if verdict(verifier, claim) == GOOD]


def test_no_wrong_claim_passes(jailed: JailedGpg) -> None:
    assert failures(jailed) == []


def test_a_verifier_that_accepts_everything_would_be_found() -> None:
    class Credulous:
        def verify(self, claim: Claim, at: int) -> None:
            """Believes it."""

    assert failures(Credulous()) == list(range(len(wrong_claims())))


@settings(max_examples=150)
@given(st.data())
def test_a_bent_signature_never_proves_another_thing(jailed: JailedGpg, data: st.DataObject) -> None:
    """Some bytes are not signed; a signature that passes with those bent says what the good one says."""
    honest = by("Sato")
    bent = bend(data, honest.signature)
    if verdict(jailed, Claim(TEXT, bent, honest.certificate)) == GOOD:
        read, good = DetachedSignature.parse(bent), DetachedSignature.parse(honest.signature)
        assert (read.created, read.hash_algorithm, read.key_algorithm) == (NOW, 8, 22)
        assert read.issuer == good.issuer
    assert verdict(jailed, Claim(TEXT + b"x", bent, honest.certificate)) != GOOD


@settings(max_examples=100)
@given(st.data())
def test_a_bent_certificate_never_proves_for_another_key(jailed: JailedGpg, data: st.DataObject) -> None:
    honest = by("Sato")
    bent = bend(data, honest.certificate)
    if verdict(jailed, Claim(TEXT, honest.signature, bent)) == GOOD:
        assert Certificate.parse(bent).fingerprint == openpgp.key("Sato")
    assert verdict(jailed, Claim(TEXT, by("Tanaka").signature, bent)) != GOOD


def bend(data: st.DataObject, octets: bytes) -> bytes:
    """Some bytes replaced, left out or put in."""
    start = data.draw(st.integers(0, len(octets)))
    return octets[:start] + data.draw(st.binary(max_size=4)) + octets[start + data.draw(st.integers(0, 4)) :]


@settings(max_examples=50)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_random_bytes_prove_nothing(jailed: JailedGpg, signature: bytes, certificate: bytes) -> None:
    assert verdict(jailed, Claim(TEXT, signature, certificate)) != GOOD


@settings(max_examples=100)
@given(st.data())
def test_gpg_itself_believes_no_random_bytes_in_good_frames(jailed: JailedGpg, data: st.DataObject) -> None:
    """Past the reader of this process, so that the child's own is met, too."""
    honest = by("Sato")
    numbers = data.draw(st.binary(min_size=64, max_size=64))
    body = packets(honest.signature)[0][1]
    forged = openpgp.packet(2, body[:-68] + b"\x00\xff" + numbers[:32] + b"\x00\xff" + numbers[32:])
    assert asked(jailed, Claim(TEXT, forged, honest.certificate)) in ("OPENPGP-INVALID", "OPENPGP-FORM")
