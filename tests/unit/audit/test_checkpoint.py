"""Signed checkpoints: published notes are read, everything that is not in the one form is refused."""

import base64
from collections.abc import Callable

import pytest
from log_examples import KEY, ORIGIN
from nacl.signing import SigningKey

from custody.audit.checkpoint import MAX_NOTE, MAX_SIGNATURES, Checkpoint, LogKey, LogVerifier, decode_note
from custody.errors import EvidenceError, InputError

# A checkpoint of Go's checksum database, and its key: golang.org/x/mod/sumdb, and the example of C2SP tlog-checkpoint
# (at 5ba5ee8), which shows it under another name.
GO_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
GO_NOTE = (
    "go.sum database tree\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "\u2014 sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4U"
    "RYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
# The example of C2SP signed-note (at 5ba5ee8, CC BY 4.0).
C2SP_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n"
    "\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK"
    "7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
CHECKPOINT = Checkpoint(ORIGIN, 7, bytes(range(32)))
NOTE = KEY.sign(CHECKPOINT)
VERIFIER = KEY.verifier


@pytest.mark.parametrize("text", [GO_KEY, C2SP_KEY])
def test_published_keys_read_back_as_they_stand(text: str) -> None:
    assert str(LogVerifier.parse(text)) == text


def test_the_key_id_of_gos_database_is_the_published_one() -> None:
    key = base64.b64decode(GO_KEY.split("+", 2)[2])[1:]
    assert LogVerifier("sum.golang.org", key).key_id.hex() == "033de0ae"


@pytest.mark.parametrize(("key", "note"), [(GO_KEY, GO_NOTE), (C2SP_KEY, C2SP_NOTE)])
def test_published_notes_open(key: str, note: str) -> None:
    assert LogVerifier.parse(key).open_note(note) == note.rpartition("\n\u2014")[0]


def test_a_published_checkpoint_is_read() -> None:
    text = LogVerifier.parse(GO_KEY).open_note(GO_NOTE)
    assert Checkpoint.parse(text).size == 20_852_163
    assert Checkpoint.parse(text).text == text


def test_a_checkpoint_of_another_origin_than_its_key_is_refused() -> None:
    with pytest.raises(EvidenceError, match="CHECKPOINT-ORIGIN"):
        LogVerifier.parse(GO_KEY).open(GO_NOTE)
    with pytest.raises(EvidenceError, match="CHECKPOINT-ORIGIN"):
        KEY.sign(Checkpoint("example.com/other", 7, bytes(32)))


def test_what_is_signed_opens() -> None:
    assert VERIFIER.open(NOTE) == CHECKPOINT
    assert LogVerifier.parse(str(VERIFIER)) == VERIFIER


def test_the_signature_is_rfc_8032_over_the_text() -> None:
    signed = SigningKey(KEY.seed).sign(f"{ORIGIN}\n7\n{base64.b64encode(bytes(range(32))).decode()}\n".encode())
    assert KEY.signature(CHECKPOINT) == signed.signature


def line(name: str, key_id: bytes, signature: bytes) -> str:
    return f"\u2014 {name} {base64.b64encode(key_id + signature).decode()}\n"


WITNESS = line("witness.example.com/w1", b"abcd", bytes(72))


@pytest.mark.parametrize(
    "more",
    [
        WITNESS,
        WITNESS * (MAX_SIGNATURES - 1),
        line(ORIGIN, b"\0\0\0\0", bytes(64)),  # our name, another key
        line("example.com/other", VERIFIER.key_id, bytes(64)),  # our key id, another name
        line("witness.example.com/ml-dsa", b"abcd", bytes(2_420)),
    ],
)
def test_signatures_of_others_are_passed_over(more: str) -> None:
    text, _, ours = NOTE.rpartition("\n\n")
    assert VERIFIER.open(NOTE + more) == CHECKPOINT
    assert VERIFIER.open(f"{text}\n\n{more}{ours}") == CHECKPOINT


def resigned(text: str) -> str:
    """A note with any text, correctly signed by our key."""
    signature = SigningKey(KEY.seed).sign(text.encode()).signature
    return text + "\n" + line(ORIGIN, VERIFIER.key_id, signature)


ROOT = base64.b64encode(bytes(range(32))).decode()
FORMS: list[tuple[str, Callable[[], str]]] = [
    ("no final newline", lambda: NOTE[:-1]),
    ("a newline more", lambda: NOTE + "\n"),
    ("no blank line", lambda: NOTE.replace("\n\n", "\n")),
    ("empty", lambda: ""),
    ("no signature", lambda: NOTE.split("\u2014")[0]),
    ("a hyphen for the dash", lambda: NOTE.replace("\u2014", "-")),
    ("two spaces", lambda: NOTE.replace("\u2014 ", "\u2014  ")),
    ("carriage return", lambda: NOTE.replace("\n", "\r\n")),
    ("tab", lambda: resigned(f"{ORIGIN}\n7\n{ROOT}\n\t\n")),
    ("signature without padding", lambda: NOTE.replace("=\n", "\n")),
    ("too many signatures", lambda: NOTE + WITNESS * MAX_SIGNATURES),
    ("too long", lambda: NOTE + line("w", b"abcd", bytes(MAX_NOTE))),
    ("leading zero", lambda: resigned(f"{ORIGIN}\n07\n{ROOT}\n")),
    ("plus", lambda: resigned(f"{ORIGIN}\n+7\n{ROOT}\n")),
    ("negative", lambda: resigned(f"{ORIGIN}\n-7\n{ROOT}\n")),
    ("hexadecimal", lambda: resigned(f"{ORIGIN}\n0x7\n{ROOT}\n")),
    ("Arabic-Indic digit", lambda: resigned(f"{ORIGIN}\n\u0667\n{ROOT}\n")),
    ("beyond 2**53", lambda: resigned(f"{ORIGIN}\n{2**53}\n{ROOT}\n")),
    ("no size", lambda: resigned(f"{ORIGIN}\n{ROOT}\n")),
    ("extension line", lambda: resigned(f"{ORIGIN}\n7\n{ROOT}\nmore\n")),
    ("short root", lambda: resigned(f"{ORIGIN}\n7\n{base64.b64encode(bytes(31)).decode()}\n")),
    ("long root", lambda: resigned(f"{ORIGIN}\n7\n{base64.b64encode(bytes(33)).decode()}\n")),
    ("trailing bits in the root", lambda: resigned(f"{ORIGIN}\n7\n{ROOT[:-2]}9=\n")),
    ("URL-safe root", lambda: resigned(f"{ORIGIN}\n7\n{'_' * 42}8=\n")),
    ("control character in a name", lambda: NOTE + WITNESS.replace("w1", "w\x01")),
    ("lone surrogate in a name", lambda: NOTE + WITNESS.replace("w1", "w\ud800")),
    ("lone surrogate", lambda: NOTE.replace("7", "\ud800")),
]


@pytest.mark.parametrize("note", [form for _, form in FORMS], ids=[name for name, _ in FORMS])
def test_another_form_is_refused(note: Callable[[], str]) -> None:
    with pytest.raises(EvidenceError, match="CHECKPOINT-SYNTAX"):
        VERIFIER.open(note())


@pytest.mark.parametrize(
    "note",
    [
        NOTE.replace("\n7\n", "\n8\n"),
        NOTE.replace(ROOT, base64.b64encode(bytes(32)).decode()),
        LogKey(ORIGIN, bytes(32)).sign(CHECKPOINT),
        NOTE + line(ORIGIN, VERIFIER.key_id, KEY.signature(CHECKPOINT)),  # the same one twice
        NOTE + line(ORIGIN, VERIFIER.key_id, bytes(64)),
        NOTE.split("\u2014")[0] + line(ORIGIN, VERIFIER.key_id, KEY.signature(CHECKPOINT)[:63]),
        NOTE.split("\u2014")[0] + line(ORIGIN, VERIFIER.key_id, KEY.signature(CHECKPOINT) + b"\0"),
        NOTE.split("\u2014")[0] + WITNESS,
        # A byte that was signed before the text, and now hides in the signature.
        NOTE.split("\u2014")[0]
        + line(ORIGIN, VERIFIER.key_id, SigningKey(KEY.seed).sign(b"\0" + CHECKPOINT.text.encode()).signature + b"\0"),
        C2SP_NOTE,
    ],
)
def test_a_note_that_this_key_did_not_sign_once_is_refused(note: str) -> None:
    with pytest.raises(EvidenceError, match="CHECKPOINT-SIGNATURE"):
        VERIFIER.open(note)


def test_every_changed_character_is_refused() -> None:
    for position in range(len(NOTE)):
        changed = NOTE[:position] + ("A" if NOTE[position] != "A" else "B") + NOTE[position + 1 :]
        with pytest.raises(EvidenceError):
            VERIFIER.open(changed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ORIGIN,
        GO_KEY + "\n",
        " " + GO_KEY,
        GO_KEY.replace("033de0ae", "033DE0AE"),
        GO_KEY.replace("033de0ae", "033de0af"),
        GO_KEY.replace("sum.golang.org", "sum.golang.org "),
        GO_KEY.replace("sum.golang.org", ""),
        GO_KEY.replace("+Ac4", "+Bc4"),  # signature type 5
        GO_KEY[:-4],
        GO_KEY + "AAAA",
        "x" * 129 + GO_KEY[14:],
        "x" * 300,
        "sum.g\u00f6lang.org" + GO_KEY[14:],
    ],
)
def test_a_key_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="LOG-KEY"):
        LogVerifier.parse(text)


@pytest.mark.parametrize(
    ("origin", "seed"), [("", bytes(32)), ("a b", bytes(32)), ("a+b", bytes(32)), ("a", bytes(31))]
)
def test_an_unfit_log_key_is_refused(origin: str, seed: bytes) -> None:
    with pytest.raises(InputError, match="LOG-KEY"):
        LogKey(origin, seed)


def test_a_log_key_does_not_show_its_seed() -> None:
    assert KEY.seed.hex() not in repr(KEY)
    assert repr(KEY.seed) not in repr(KEY)


@pytest.mark.parametrize("note", [b"\xff", b"x" * (MAX_NOTE + 1)])
def test_a_checkpoint_file_that_is_no_text_is_refused(note: bytes) -> None:
    with pytest.raises(EvidenceError, match="CHECKPOINT-SYNTAX"):
        decode_note(note)
