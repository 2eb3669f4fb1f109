"""What gpg's answers are taken for: one good signature by the right key, and nothing short of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.errors import EvidenceError
from custody.officers.gpg_status import Status, check_import, check_keys, check_verification
from custody.officers.openpgp import Certificate, DetachedSignature

PRIMARY, SUBKEY, STRANGER = "A" * 40, "B" * 40, "C" * 40
CERTIFICATE = Certificate(PRIMARY, 1_735_689_600, (PRIMARY, SUBKEY))
SIGNATURE = DetachedSignature(1_767_225_600, 8, 22, PRIMARY)
IMPORTED = f"[GNUPG:] IMPORT_OK 1 {PRIMARY}\n"
COUNTS = "[GNUPG:] IMPORT_RES 1 0 1 0 0 0 0 0 0 0 0 0 0 0 0\n"
NEW = "[GNUPG:] NEWSIG\n"
GOOD = "[GNUPG:] GOODSIG AAAAAAAAAAAAAAAA Sato\n"
VALID = f"[GNUPG:] VALIDSIG {PRIMARY} 2026-01-01 1767225600 0 4 0 22 8 00 {PRIMARY}\n"
PUB = f"pub:-:255:22:AAAAAAAA:1735689600:::-:::scSC:::::ed25519::\nfpr:::::::::{PRIMARY}:\ngrp:::::::::{STRANGER}\n"
SUB = f"sub:-:255:22:BBBBBBBBBBBBBBBB:1735689600::::::s:::::ed25519::\nfpr:::::::::{SUBKEY}:\n"


def importing(text: str, code: int = 0) -> str | None:
    try:
        check_import(Status.parse(code, text), CERTIFICATE)
    except EvidenceError as error:
        return error.code
    return None


def verifying(text: str, code: int = 0) -> str:
    try:
        return check_verification(Status.parse(code, text), SIGNATURE, CERTIFICATE)
    except EvidenceError as error:
        return error.code


def listing(text: str, signer: str = PRIMARY) -> str | None:
    try:
        check_keys(text, signer, CERTIFICATE)
    except EvidenceError as error:
        return error.code
    return None


def test_a_key_that_is_imported_is_taken() -> None:
    assert importing("[GNUPG:] KEY_CONSIDERED x 0\n" + IMPORTED + COUNTS) is None


def test_an_agent_that_cannot_be_reached_does_not_spoil_an_import() -> None:
    assert importing(IMPORTED + COUNTS, code=2) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        IMPORTED,
        COUNTS,
        IMPORTED.replace(PRIMARY, STRANGER) + COUNTS,
        IMPORTED + IMPORTED.replace(PRIMARY, STRANGER) + COUNTS.replace("1 0 1", "2 0 2"),
        IMPORTED + IMPORTED + COUNTS,
        IMPORTED.replace("OK 1", "OK 0") + COUNTS,
        IMPORTED.replace("OK 1", "OK 17") + COUNTS,
        IMPORTED + COUNTS.replace("1 0 1", "2 1 1"),
        "[GNUPG:] IMPORT_RES 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
        IMPORTED + COUNTS + "gpg: something else\n",
        (IMPORTED + COUNTS).removesuffix("\n"),
    ],
)
def test_any_other_import_is_refused(text: str) -> None:
    assert importing(text) == "OPENPGP-CERTIFICATE"


@pytest.mark.parametrize("signer", [PRIMARY, SUBKEY])
def test_one_good_signature_names_its_key(signer: str) -> None:
    assert (
        verifying(NEW + "[GNUPG:] SIG_ID x\n" + GOOD + VALID.replace(f"VALIDSIG {PRIMARY}", f"VALIDSIG {signer}"))
        == signer
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        NEW,
        NEW + GOOD,
        NEW + VALID,
        GOOD + VALID,
        VALID + GOOD + NEW,
        NEW + GOOD + VALID + NEW,
        (NEW + GOOD + VALID) * 2,
        NEW + GOOD + GOOD + VALID,
        NEW + GOOD + VALID + VALID,
        NEW + GOOD + VALID + "[GNUPG:] BADSIG AAAAAAAAAAAAAAAA Sato\n",
        NEW + "[GNUPG:] BADSIG AAAAAAAAAAAAAAAA Sato\n",
        NEW + "[GNUPG:] ERRSIG AAAAAAAAAAAAAAAA 22 8 00 1767225600 9 x\n[GNUPG:] NO_PUBKEY x\n",
        NEW + GOOD + VALID + "[GNUPG:] ERRSIG AAAAAAAAAAAAAAAA 22 8 00 1767225600 9 x\n",
        NEW + GOOD + VALID.replace(f"00 {PRIMARY}", f"00 {STRANGER}"),
        NEW + GOOD + VALID.replace(f"VALIDSIG {PRIMARY}", f"VALIDSIG {STRANGER}"),
        NEW + GOOD + VALID.replace("1767225600", "1767225601"),
        NEW + GOOD + VALID.replace("1767225600", "today"),
        NEW + GOOD + VALID.replace("22 8 00", "22 8 01"),
        NEW + GOOD + VALID.replace("22 8 00", "22 2 00"),
        NEW + GOOD + VALID.replace("22 8 00", "1 8 00"),
        NEW + GOOD + VALID.replace(" 4 0 ", " 3 0 "),
        NEW + GOOD + VALID.replace(f"00 {PRIMARY}", "00"),
        NEW + GOOD + VALID.removesuffix("\n") + " more\n",
        NEW + GOOD + VALID + "gpg: a line of another kind\n",
        NEW + GOOD + VALID + "\n",
        (NEW + GOOD + VALID).replace("[GNUPG:] ", ""),
    ],
)
def test_anything_but_one_good_signature_is_invalid(text: str) -> None:
    assert verifying(text) == "OPENPGP-INVALID"


def test_a_good_word_from_a_gpg_that_failed_counts_for_nothing() -> None:
    assert verifying(NEW + GOOD + VALID, code=2) == "OPENPGP-INVALID"


@pytest.mark.parametrize("end", ["\u0085", "\x0b", "\x0c", "\x1c", "\u2028", "\r"])
def test_a_user_id_cannot_end_a_line(end: str) -> None:
    """Other readers of these lines, such as `str.splitlines`, would find three good words here."""
    bad = "[GNUPG:] BADSIG AAAAAAAAAAAAAAAA Sato"
    assert verifying(f"{NEW}{bad}{end}{GOOD.strip()}{end}{VALID}") == "OPENPGP-INVALID"


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("EXPSIG", "OPENPGP-EXPIRED"),
        ("EXPKEYSIG", "OPENPGP-KEY-EXPIRED"),
        ("REVKEYSIG", "OPENPGP-KEY-REVOKED"),
    ],
)
def test_what_is_no_more_in_force_is_told_apart(word: str, code: str) -> None:
    assert verifying(NEW + GOOD.replace("GOODSIG", word) + VALID) == code
    assert verifying(NEW + GOOD + VALID + GOOD.replace("GOODSIG", word)) == code


@pytest.mark.parametrize(("text", "signer"), [(PUB, PRIMARY), (PUB + SUB, SUBKEY), (PUB + SUB, PRIMARY)])
def test_a_strong_key_in_force_is_taken(text: str, signer: str) -> None:
    assert listing("tru:t:0:0:0:0:0:0\n" + text, signer) is None


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("4096:1:", None),
        ("3072:1:", None),
        ("3071:1:", "OPENPGP-KEY-WEAK"),
        ("1024:1:", "OPENPGP-KEY-WEAK"),
        (":1:", "OPENPGP-KEY-WEAK"),
        ("3072:17:", "OPENPGP-KEY-WEAK"),
        ("3072:20:", "OPENPGP-KEY-WEAK"),
        ("256:19:nistp256", None),
        ("256:19:brainpoolP256r1", None),
        ("256:19:secp256k1", "OPENPGP-KEY-WEAK"),
        ("256:19:ed25519", "OPENPGP-KEY-WEAK"),
        ("255:22:ed25519", None),
        ("255:22:nistp256", "OPENPGP-KEY-WEAK"),
        ("441:22:ed448", "OPENPGP-KEY-WEAK"),
        ("255:22:", "OPENPGP-KEY-WEAK"),
        ("256:99:ed25519", "OPENPGP-KEY-WEAK"),
    ],
)
def test_strength_is_judged_by_algorithm_length_and_curve(key: str, code: str | None) -> None:
    length, algorithm, curve = key.split(":")
    assert listing(PUB.replace(":255:22:", f":{length}:{algorithm}:").replace("ed25519", curve)) == code


@pytest.mark.parametrize(
    ("text", "signer", "code"),
    [
        (PUB.replace("pub:-", "pub:e"), PRIMARY, "OPENPGP-KEY-EXPIRED"),
        (PUB.replace("pub:-", "pub:r"), PRIMARY, "OPENPGP-KEY-REVOKED"),
        (PUB.replace("pub:-", "pub:i"), PRIMARY, "OPENPGP-INVALID"),
        (PUB.replace("pub:-", "pub:d"), PRIMARY, "OPENPGP-INVALID"),
        (PUB.replace("pub:-", "pub:"), PRIMARY, "OPENPGP-INVALID"),
        (PUB.replace("scSC", "cC"), PRIMARY, "OPENPGP-INVALID"),
        (PUB.replace("scSC", "cSC"), PRIMARY, "OPENPGP-INVALID"),
        (PUB + SUB.replace("sub:-", "sub:e"), SUBKEY, "OPENPGP-KEY-EXPIRED"),
        (PUB + SUB.replace("sub:-", "sub:r"), SUBKEY, "OPENPGP-KEY-REVOKED"),
        (PUB.replace("pub:-", "pub:r") + SUB, SUBKEY, "OPENPGP-KEY-REVOKED"),
        (PUB.replace("pub:-", "pub:e") + SUB, SUBKEY, "OPENPGP-KEY-EXPIRED"),
        (PUB + SUB.replace(":s:", ":e:"), SUBKEY, "OPENPGP-INVALID"),
        (PUB, SUBKEY, "OPENPGP-INVALID"),
        ("", PRIMARY, "OPENPGP-INVALID"),
        ("fpr\npub\nfpr:\nsub:\n", PRIMARY, "OPENPGP-INVALID"),
        (SUB, SUBKEY, "OPENPGP-INVALID"),
        (PUB.replace(PRIMARY, STRANGER) + SUB, SUBKEY, "OPENPGP-INVALID"),
        (PUB + PUB.replace(PRIMARY, STRANGER), PRIMARY, "OPENPGP-INVALID"),
        (PUB + PUB, PRIMARY, "OPENPGP-INVALID"),
    ],
)
def test_a_key_that_may_not_sign_or_is_not_in_force_is_refused(text: str, signer: str, code: str) -> None:
    assert listing(text, signer) == code


def test_a_name_cannot_add_a_key_to_the_listing() -> None:
    uid = f"uid:-::::1735689600::X::Sato\u0085{SUB.replace(chr(10), chr(0x85))}::::::::::0:\n"
    assert listing(PUB + uid, SUBKEY) == "OPENPGP-INVALID"


WORDS = st.sampled_from(
    ["[GNUPG:] ", "NEWSIG", "GOODSIG", "VALIDSIG", "pub", "sub", "fpr", "-", "4", "00", "\n", ":", PRIMARY, SUBKEY]
)


@given(st.lists(st.one_of(WORDS, st.text(max_size=5)), max_size=60), st.sampled_from(("", " ", ":")))
def test_whatever_gpg_says_is_taken_or_refused_with_a_code(words: list[str], between: str) -> None:
    said = between.join(words)
    assert importing(said) == "OPENPGP-CERTIFICATE"
    assert verifying(said) == "OPENPGP-INVALID"
    assert (listing(said) or "OPENPGP-").startswith("OPENPGP-")
