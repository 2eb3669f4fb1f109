"""Bundles that the compliance desk makes and signs with real keys, and every way in which it does not."""

import subprocess
import time
from pathlib import Path

import examples
import openpgp
import pytest
import rosters
from desk import inside, program
from office import FILES, Office
from openpgp import key
from terminal import at_the_terminal

from custody.edge.gpg import JailedGpg
from custody.governance.clocks import Times
from custody.governance.install import Proposal, Standing, propose
from custody.governance.state import State
from custody.officers.roster import Roster
from custody.wire.bundle import MAX_SIGNATURES, Bundle, SignedBundle


@pytest.fixture(autouse=True)
def own_gpg(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's own keys are those of the tests."""
    monkeypatch.setenv("GNUPGHOME", str(openpgp.keyring().home))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def proposed(office: Office, name: str, state: State | None = None) -> Proposal:
    """What a signer with this roster makes of a bundle today."""
    body = office.path("roster").read_bytes()
    standing = Standing(state or State(), {"roster": body}, Roster.parse(body).officers, Times(int(time.time()), 0))
    with JailedGpg() as verifier:
        return propose(office.signed(name), standing, verifier)


def test_two_officers_sign_and_a_signer_takes_it(office: Office) -> None:
    files = ("--previous", "none", "--roster", office.path("roster"))
    first = office.sign("policy", "policy", *files, "--key", key("Mori"), "-o", "policy.bundle", by=program)
    assert first.exit == 0, first.stderr
    assert (first.fields["missing"], first.fields["bundle"]["signatures"]) == (1, 1)
    second = office.sign("policy", "policy.bundle", "--key", key("Kato"), "--roster", office.path("roster"), by=program)
    assert (second.exit, second.fields["missing"]) == (0, 0)
    assert [row["name"] for row in second.fields["signers"]] == ["Mori", "Kato"]
    assert second.fields["digest"] == first.fields["digest"] == office.signed("policy.bundle").bundle.digest.hex()
    assert office.signed("policy.bundle").bundle.body == examples.POLICY
    assert proposed(office, "policy.bundle").signers == ("Kato", "Mori")


@pytest.mark.parametrize("armor", [(), ("--armor",)])
def test_plain_gpg_signs_the_content_on_any_computer(office: Office, armor: tuple[str, ...]) -> None:
    assert office.first("list").exit == 0
    alone = office.sign("list", "list.bundle", "--content", "list.content")
    assert (alone.exit, alone.fields["missing"]) == (0, None)
    assert office.path("list.content").read_bytes() == office.signed("list.bundle").content
    gpg = ["gpg", "--batch", "--local-user", key("Kato"), *armor, "--output", office.path("s.sig"), "--detach-sign"]
    subprocess.run([*gpg, office.path("list.content")], check=True, capture_output=True)
    assert office.sign("list", "list.bundle", "--signature", "s.sig", "--by", key("Kato")).exit == 0
    assert proposed(office, "list.bundle").signers == ("Kato", "Mori")


def test_the_exact_content_is_a_bundle_too(office: Office) -> None:
    """Made on one computer without -o, signed on a second, put together on a third."""
    options = ("--previous", "none", "--house", rosters.HOUSE, "--content", "c.content")
    assert office.sign("tokens", "tokens", *options).exit == 0
    content = office.path("c.content").read_bytes()
    in_place = office.sign("tokens", "c.content", "--key", key("Mori"))
    assert (in_place.exit, in_place.code) == (2, "SIGNING-OPTIONS")
    assert office.sign("tokens", "c.content", "--key", key("Mori"), "-o", "t.bundle").exit == 0
    assert (office.path("c.content").read_bytes(), office.signed("t.bundle").content) == (content, content)


def test_a_bundle_follows_the_last_one(office: Office) -> None:
    both = ("--roster", office.path("roster"))
    office.first("policy")
    office.sign("policy", "policy.bundle", "--key", key("Kato"))
    office.path("policy").write_bytes(b"repeat_days = 9\n" + examples.POLICY)
    next_one = ("--previous", "policy.bundle", *both, "--key", key("Mori"), "-o", "second.bundle")
    assert office.sign("policy", "policy", *next_one).exit == 0
    assert office.sign("policy", "second.bundle", *both, "--key", key("Hara")).fields["missing"] == 0
    bundle, before = office.signed("second.bundle").bundle, office.signed("policy.bundle").bundle
    assert (bundle.sequence, bundle.previous, bundle.house) == (2, before.digest, rosters.HOUSE)
    state = proposed(office, "policy.bundle").state
    assert proposed(office, "second.bundle", state).signers == ("Hara", "Mori")


def test_the_header_says_what_was_asked_for(office: Office) -> None:
    times = ("--not-before", "2026-12-01T00:00:00Z", "--days", 31)
    ended = office.sign("list", "list", "--previous", "none", "--house", "a-b", *times, "--unsigned", "-o", "l.bundle")
    assert ended.fields["bundle"] == {
        "house": "a-b",
        "sequence": 1,
        "not_before": "2026-12-01T00:00:00Z",
        "not_after": "2027-01-01T00:00:00Z",
        "previous": None,
        "signatures": 0,
    }
    assert office.signed("l.bundle").signatures == ()


def test_a_bundle_is_valid_for_ninety_days_from_now(office: Office) -> None:
    before = int(time.time())
    office.first("policy", "--unsigned")
    made = office.signed("policy.bundle").bundle
    assert before <= made.not_before <= time.time()
    assert made.not_after - made.not_before == 90 * 86_400


def test_a_longer_validity_is_a_difference_of_two_bundles(office: Office) -> None:
    content = rosters.bundle("list", b"# none\n").content
    longer = content.replace(b"not-after: 2026-04-01", b"not-after: 2026-04-02")
    assert longer != content
    office.path("old").write_bytes(content)
    office.path("new").write_bytes(longer)
    for old, new, loosens in (("old", "new", True), ("new", "old", False), ("old", "old", False)):
        told = inside("compliance", "diff", office.path(old), office.path(new), "--json").fields
        assert told["loosens"] == loosens
        assert [change["rule"] for change in told["changes"]] == (["not-after"] if loosens else [])


@pytest.mark.parametrize(("typed", "exit_code"), [("yes", 0), ("no", 6)])
def test_at_a_terminal_a_key_signs_what_the_person_said_yes_to(office: Office, typed: str, exit_code: int) -> None:
    files = ("--previous", "none", "--roster", office.path("roster"), "-o", office.path("p.bundle"))
    with at_the_terminal(
        "compliance", "policy", "sign", office.path("policy"), *files, "--key", key("Mori")
    ) as terminal:
        terminal.wait_for("Only what is named here can be signed")
        terminal.answer("To sign exactly this", typed)
        assert terminal.end() == exit_code
    assert office.path("p.bundle").exists() == (exit_code == 0)


def test_the_fingerprint_of_a_person_is_told_beside_the_table_for_the_roster() -> None:
    """So that it can be compared with the paper at the moment when it is pinned."""
    ended = inside(
        "compliance", "roster", "person", "Ito", "--role", "approver", "--organisation", "X", "--key", key("Ito")
    )
    assert (ended.exit, ended.stdout.count("[[person]]")) == (0, 1)
    groups = [key("Ito")[start : start + 4] for start in range(0, 40, 4)]
    assert ended.stderr == f"Fingerprint of Ito: {' '.join(groups)}\n"


def test_a_roster_is_for_its_own_house(office: Office) -> None:
    files = ("--previous", "none", "--unsigned", "-o", "r.bundle")
    assert office.sign("roster", "roster", *files).fields["bundle"]["house"] == rosters.HOUSE
    other = office.sign("roster", "roster", "--house", "other", *files, "--force")
    assert (other.exit, other.code) == (2, "BUNDLE-OPTIONS")


def test_signing_again_replaces_ones_own_signature(office: Office) -> None:
    office.first("policy")
    office.sign("policy", "policy.bundle", "--key", key("Kato"))
    mine, others = office.signed("policy.bundle").signatures
    time.sleep(1)
    assert office.sign("policy", "policy.bundle", "--key", key("Mori")).fields["bundle"]["signatures"] == 2
    again = office.signed("policy.bundle").signatures
    assert again[0] == others
    assert again[1] != mine


def test_who_does_not_count_by_the_roster_does_not_spoil_the_bundle(office: Office) -> None:
    office.first("policy")
    before = office.path("policy.bundle").read_bytes()
    roster = ("--roster", office.path("roster"))
    approver = office.sign("policy", "policy.bundle", *roster, "--key", key("Ito"))
    stranger = office.sign("policy", "policy.bundle", *roster, "--key", key("Nobody"))
    assert [(one.exit, one.code) for one in (approver, stranger)] == [(7, "SIGNER-NOT-COUNTED")] * 2
    assert "approver" in approver.stderr
    assert office.path("policy.bundle").read_bytes() == before


def test_of_each_signature_is_told_why_it_does_not_count(office: Office) -> None:
    office.first("policy")
    content = office.signed("policy.bundle").content
    late = openpgp.signature("Hara", content, at=int(time.time()) + 10_000)
    bad = (
        openpgp.signature("Kato", content + b" "),
        openpgp.signature("Ito", content),
        openpgp.signature("Nobody", content),
        openpgp.signature("Mori", content),
        late,
        b"none",
    )
    whole = SignedBundle(content, (*office.signed("policy.bundle").signatures, *bad))
    office.path("policy.bundle").write_bytes(whole.serialize())
    roster = ("--roster", office.path("roster"))
    ended = office.sign("policy", "policy.bundle", *roster, "--unsigned")
    assert [(row["name"], row["counts"]) for row in ended.fields["signers"]] == [
        ("Mori", True),
        ("Kato", False),
        ("Ito", False),
        (None, False),
        ("Mori", False),
        ("Hara", False),
        (None, False),
    ]
    assert ended.fields["missing"] == 1
    for why in ("is not good", "approver", "not on the roster", "has signed twice", "dated after today"):
        assert why in ended.stderr


def test_more_signatures_than_a_bundle_holds_are_refused(office: Office) -> None:
    content = rosters.bundle("policy", examples.POLICY).content
    full = SignedBundle(content, (b"none",) * MAX_SIGNATURES).serialize()
    office.path("full.bundle").write_bytes(full)
    ended = office.sign("policy", "full.bundle", "--key", key("Mori"))
    assert (ended.exit, ended.code) == (4, "WIRE-LIMIT")
    assert office.path("full.bundle").read_bytes() == full


MAKING = ("--unsigned", "-o", "new.bundle")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), "SIGNING-OPTIONS"),
        (("-o", "new.bundle"), "SIGNING-OPTIONS"),
        (("--unsigned", "--key", "Mori", "-o", "new.bundle"), "SIGNING-OPTIONS"),
        (("--key", "Mori", "--signature", "policy", "-o", "new.bundle", "--previous", "none"), "SIGNING-OPTIONS"),
        (("--key", "Mori", "--previous", "none"), "SIGNING-OPTIONS"),
        (MAKING, "BUNDLE-OPTIONS"),
        ((*MAKING, "--previous", "none"), "BUNDLE-OPTIONS"),
        ((*MAKING, "--previous", "none", "--house", "Not A House"), "BUNDLE-OPTIONS"),
        ((*MAKING, "--previous", "none", "--house", "h\nsequence: 9"), "BUNDLE-OPTIONS"),
        ((*MAKING, "--previous", "none", "--house", "h", "--sequence", "2"), "BUNDLE-OPTIONS"),
        ((*MAKING, "--previous", "last.bundle", "--sequence", "1"), "BUNDLE-OPTIONS"),
        ((*MAKING, "--previous", "last.bundle", "--house", "other"), "BUNDLE-OPTIONS"),
        ((*MAKING, "--previous", "list.bundle"), "BUNDLE-OPTIONS"),
        ((*MAKING, "--previous", "policy.toml"), "BUNDLE-OPTIONS"),
        ((*MAKING, "--previous", "last.bundle", "--not-before", "tomorrow"), "TIME-SYNTAX"),
        ((*MAKING, "--previous", "last.bundle", "--days", "0"), "USAGE"),
        (("--unsigned", "--previous", "none", "--house", "h", "-o", "last.bundle"), "DEST-EXISTS"),
    ],
)
def test_options_that_do_not_fit_make_nothing(office: Office, options: tuple[str, ...], code: str) -> None:
    office.path("last.bundle").write_bytes(SignedBundle(rosters.bundle("policy", examples.POLICY).content).serialize())
    office.path("list.bundle").write_bytes(SignedBundle(rosters.bundle("list", b"# none\n").content).serialize())
    office.path("policy.toml").write_bytes(examples.POLICY)
    ended = office.sign("policy", "policy", *(key(one) if one == "Mori" else one for one in options))
    assert (ended.exit, ended.code) == (2, code), ended.stderr
    assert not office.path("new.bundle").exists()


@pytest.mark.parametrize(
    "option",
    [
        ("--house", "other"),
        ("--previous", "none"),
        ("--sequence", 2),
        ("--days", 9),
        ("--not-before", "2027-01-01T00:00:00Z"),
    ],
)
def test_a_made_header_is_not_changed(office: Office, option: tuple[object, ...]) -> None:
    office.first("policy")
    before = office.path("policy.bundle").read_bytes()
    ended = office.sign("policy", "policy.bundle", "--key", key("Kato"), *option)
    assert (ended.exit, ended.code) == (2, "BUNDLE-OPTIONS")
    assert office.path("policy.bundle").read_bytes() == before


@pytest.mark.parametrize("kind", [*FILES, "roster"])
def test_what_no_signer_could_read_is_not_signed(office: Office, kind: str) -> None:
    office.path("new").write_bytes(b"nonsense")
    ended = office.sign(kind, "new", "--previous", "none", "--house", "h", "--key", key("Mori"), "-o", "new.bundle")
    assert ended.exit == 4
    assert not office.path("new.bundle").exists()


def test_a_bundle_of_another_kind_is_not_taken_for_this(office: Office) -> None:
    office.first("policy")
    for command in (("list", "sign", "policy.bundle", "--key", key("Kato")), ("list", "check", "policy.bundle")):
        ended = office.run(*command)
        assert (ended.exit, ended.code) == (4, "BUNDLE-TYPE")


def test_a_bundle_crosses_the_gap_as_frames(office: Office) -> None:
    office.first("policy")
    shown = inside("coordinator", "show", office.path("policy.bundle"), "--out", office.path("f.txt"), "--json")
    assert (shown.exit, shown.fields["type"]) == (0, "x-custody-bundle")
    assert inside("qr", "decode", office.path("f.txt"), "-o", office.path("again"), "--json").exit == 0
    assert office.path("again").read_bytes() == office.path("policy.bundle").read_bytes()
    assert Bundle.parse(office.signed("policy.bundle").content).body == examples.POLICY


def test_a_fault_that_is_not_in_one_place_is_a_sentence(office: Office) -> None:
    office.path("policy").write_bytes(b"version = 1\nwhen = 2026-02-30\n")
    ended = office.run("policy", "check", office.path("policy"))
    assert (ended.exit, ended.code) == (4, "POLICY-SYNTAX")
    assert "Invalid date" in ended.stderr
    assert ".." not in ended.stderr
    office.path("list").write_bytes(b"\xff\n")
    ended = office.run("list", "check", office.path("list"))
    assert "line 1: no address with a comment. (LIST-SYNTAX)" in ended.stderr


def test_what_is_no_ordinary_file_is_told_so(office: Office) -> None:
    office.path("pipe.toml").symlink_to("/dev/null")
    for name, words in (("pipe.toml", "is no ordinary file"), (".", "is no ordinary file"), ("none.toml", "no file")):
        ended = office.run("policy", "check", office.path(name))
        assert (ended.exit, ended.code) == (4, "FILE-MISSING")
        assert words in ended.stderr
        assert ended.fields["error"]["hint"]


def test_a_choice_that_is_missing_is_told_in_one_line() -> None:
    ended = inside("signer", "veto", "--json")
    assert (ended.exit, ended.code) == (2, "USAGE")
    assert "Choose from: policy, list" in ended.stderr


def test_no_file_rearranges_the_terminal_by_its_name_or_its_content(office: Office) -> None:
    office.path("a\u202eb\x9b2J.txt").write_bytes("\u202ehello\x9b2J\n".encode())
    commands = [
        ("policy", "check", office.path("\u202e\x9b2J")),
        ("list", "build", "--plain", office.path("a\u202eb\x9b2J.txt"), "-o", "o.list"),
    ]
    for command in commands:
        ended = office.run(*command)
        assert ended.exit == 4
        assert "<U+202E>" in ended.stderr
        assert not {"\u202e", "\x9b"} & set(ended.stderr)
