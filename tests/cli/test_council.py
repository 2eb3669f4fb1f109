"""What several officers decide about their device, through the program: bundles, vetoes, freezing, and its log."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import ceremonies
import councils
import examples
import pytest
from desk import CouncilDesk, Ended, at, inside, program
from house import House
from terminal import at_the_terminal, json_of

from custody.wire.bundle import SignedBundle
from custody.wire.request import WithdrawalRequest

DAY, NOON = councils.DAY, 12 * councils.HOUR
HOUSE: House = councils.HOUSE
FIRST = councils.bundles()
#: The cap of a day, lowered; and raised.
TIGHTER = HOUSE.signed("policy", councils.POLICY.replace(b'"200000"', b'"150000"'), after=FIRST["policy"])
LOOSER = HOUSE.signed("policy", councils.POLICY.replace(b'"200000"', b'"900000"'), after=FIRST["policy"])
LONGER_LIST = HOUSE.signed("list", examples.FLAGGED_LIST + f"{examples.SECOND_PAYEE}\n".encode(), after=FIRST["list"])
EMPTY_LIST = HOUSE.signed("list", b"# nobody\n", after=FIRST["list"])
TOKENS = HOUSE.signed("tokens", examples.TOKENS)


def roster(**counts: int) -> SignedBundle:
    """The next roster."""
    return HOUSE.roster_bundle(sequence=2, previous=FIRST["roster"].bundle.digest, **{"consent": 2} | counts)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> CouncilDesk:
    """A home that is copied, never used."""
    return CouncilDesk(tmp_path_factory.mktemp("council"))


@pytest.fixture
def desk(made: CouncilDesk, tmp_path: Path) -> Iterator[CouncilDesk]:
    """A fresh home; whatever was done to it, its log holds."""
    desk = CouncilDesk(tmp_path, made)
    yield desk
    verified = inside("audit", "verify", "--log", desk.signer, "--json")
    assert (verified.exit, verified.fields["first_bad"]) == (0, None)
    # The public parts; what is sealed is ciphertext, in which three letters stand by chance.
    leaves = [line.split(b" ")[0] for line in (desk.signer / "log/entries").read_bytes().splitlines()]
    assert not [name for name in councils.PASSPHRASES if any(name.encode() in leaf for leaf in leaves)]


def told(ended: Ended) -> tuple[int, str]:
    """How a command failed."""
    return ended.exit, ended.code


def in_force(ended: Ended) -> list[str]:
    """The status of each bundle that was installed."""
    assert ended.exit == 0, ended.stderr
    return [one["status"] for one in ended.fields["installed"]]


def other_secrets(desk: CouncilDesk, **passphrases: str) -> Path:
    """A secrets file of these people, who mistype."""
    officers = [{"name": name, "passphrase": words} for name, words in passphrases.items()]
    other = desk.folder / "other"
    other.mkdir()
    return ceremonies.secrets_file(other, officers=officers, threshold=2)


def descriptor(*lines: str) -> int:
    """The end of a pipe that gives these lines to the program."""
    read_end, write_end = os.pipe()
    os.write(write_end, "".join(f"{line}\n" for line in lines).encode())
    os.close(write_end)
    os.set_inheritable(read_end, True)
    return read_end


def test_a_home_with_a_roster_tells_who_may_do_what_in_it(desk: CouncilDesk) -> None:
    status = desk.status
    assert (status["officers"], status["quorum"], status["frozen"]) == (["Sato", "Abe", "Endo"], 2, False)
    for kind in ("roster", "policy", "list"):
        assert status[kind] == {"digest": FIRST[kind].bundle.digest.hex(), "sequence": 1}
    assert (status["tokens"], status["waiting"]) == (None, {})
    assert status["clock"]["elapsed"] == 0


def test_officers_of_no_roster_found_no_home_with_it(desk: CouncilDesk) -> None:
    given = ("--roster", desk.write("roster", FIRST["roster"]))
    for changes, named in (
        ({"threshold": 1}, "asks for 2 officers"),
        ({"officers": [{"name": name, "passphrase": name} for name in ("Sato", "Mallory")]}, "Mallory"),
    ):
        secrets = ceremonies.secrets_file(desk.folder, **{"threshold": 2} | changes)  # type: ignore[arg-type]
        if "officers" not in changes:
            secrets.write_text(desk.secrets.read_text().replace('"threshold": 2', '"threshold": 1'))
        home = ("--home", desk.folder / "new", "signer", "init", "--rehearsal", "--secrets", secrets, *at(0))
        ended = inside(*home, *given, "--json")
        assert told(ended) == (2, "OFFICERS-ROSTER")
        assert named in ended.stderr
        assert not (desk.folder / "new").exists()


@pytest.mark.parametrize("signed", [TIGHTER, LONGER_LIST, roster(delay_hours=48), roster(policy=1, consent=2)])
def test_a_signed_bundle_is_told_as_what_it_is(desk: CouncilDesk, signed: SignedBundle) -> None:
    """The last one needs fewer signatures than before: it loosens, and the others do not."""
    loosens = b"\npolicy = 1\n" in signed.content
    shown = desk.run("install", desk.write("given", signed), "--show")
    assert shown.fields["installed"][0]["status"] == ("waiting" if loosens else "in force")
    assert ("NEWLY ALLOWED" in shown.stderr) == loosens
    assert "Signed by     Kato, Mori" in shown.stderr
    assert desk.kinds() == []


@pytest.mark.parametrize("signed", [TIGHTER, LONGER_LIST, roster(delay_hours=48)])
def test_what_tightens_is_in_force_at_once(desk: CouncilDesk, signed: SignedBundle) -> None:
    kind, name = signed.bundle.kind, {"digest": signed.bundle.digest.hex(), "sequence": 2}
    assert in_force(desk.install(signed)) == ["in force"]
    assert (desk.status[kind], desk.status["waiting"]) == (name, {})
    assert desk.kinds() == ["installed"]
    assert [one["name"] for one in desk.last()["officers"]] == ["Sato", "Abe"]


@pytest.mark.parametrize("signed", [LOOSER, EMPTY_LIST, TOKENS, roster(delay_hours=1), roster(policy=1)])
def test_what_loosens_waits_until_its_time_has_passed(desk: CouncilDesk, signed: SignedBundle) -> None:
    kind, name = signed.bundle.kind, {"digest": signed.bundle.digest.hex(), "sequence": signed.bundle.sequence}
    before = desk.status[kind]
    assert in_force(desk.install(signed)) == ["waiting"]
    for after in (0, 1, NOON, DAY - 1):
        status = desk.run("status", after=after).fields
        assert (status[kind], status["waiting"]) == (before, {kind: {**name, "seconds_left": DAY - after}})
    matured = desk.run("status", after=DAY).fields
    assert (matured[kind], matured["waiting"]) == (name, {})
    assert desk.kinds(DAY) == ["installed", "in-force"]


@pytest.mark.parametrize("kind", ["policy", "list", "roster"])
def test_a_bundle_that_is_valid_for_longer_loosens(desk: CouncilDesk, kind: str) -> None:
    """The same file until the year 9999: nobody could ever be told that a newer one is held back."""
    before = FIRST[kind]
    for more, status in ((0, "in force"), (1, "waiting"), (250_000_000_000, "waiting")):
        changed = {"sequence": 2, "previous": before.bundle.digest, "not_after": before.bundle.not_after + more}
        signed = HOUSE.sign_bundle(replace(before.bundle, **changed))  # type: ignore[arg-type]
        shown = desk.run("install", desk.write("given", signed), "--show")
        assert shown.fields["installed"][0]["status"] == status
        rules = [change["rule"] for change in shown.fields["installed"][0]["changes"] if change["loosens"]]
        assert rules == (["not-after"] if more else [])
    assert in_force(desk.install(signed)) == ["waiting"]
    assert desk.status[kind]["sequence"] == 1


def test_every_screen_shows_what_waits(desk: CouncilDesk) -> None:
    assert in_force(desk.install(LOOSER)) == ["waiting"]
    asked = desk.ask()
    screens = [
        desk.run("status"),
        desk.run("review", asked),
        desk.run("freeze", "--show"),
        desk.run("veto", "policy", "--show"),
        desk.run("install", desk.write("other", LONGER_LIST), "--show"),
        desk.sign(asked, run=program),
        desk.decide("freeze", run=program),
        desk.decide("thaw", run=program),
    ]
    for screen in screens:
        assert screen.exit == 0, screen.stderr
        assert "WAITING: policy number 2" in screen.stderr
        assert "custody signer veto policy" in screen.stderr


def test_a_screen_shows_nothing_where_nothing_waits(desk: CouncilDesk) -> None:
    for screen in (desk.run("status"), desk.run("review", desk.ask()), desk.run("freeze", "--show")):
        assert "WAITING" not in screen.stderr
        assert "FROZEN" not in screen.stderr


def test_one_officer_stops_what_waits(desk: CouncilDesk) -> None:
    assert in_force(desk.install(LOOSER)) == ["waiting"]
    alone = other_secrets(desk, Endo=councils.PASSPHRASES["Endo"], Abe="not asked for")
    vetoed = desk.decide("veto", "policy", "--officer", "Endo", after=NOON, secrets=alone)
    assert (vetoed.exit, vetoed.fields["action"], vetoed.fields["kind"]) == (0, "veto", "policy")
    assert [one["name"] for one in desk.last(NOON)["officers"]] == ["Endo"]
    after = desk.run("status", after=2 * DAY).fields
    assert (after["policy"]["sequence"], after["waiting"]) == (1, {})
    assert desk.kinds(2 * DAY) == ["installed", "vetoed"]
    assert told(desk.install(LOOSER, after=2 * DAY, confirm="none")) == (5, "BUNDLE-KNOWN")
    assert desk.kinds(2 * DAY) == ["installed", "vetoed"]


@pytest.mark.parametrize("kind", ["policy", "list", "tokens", "roster"])
def test_a_veto_of_nothing_is_told_so(desk: CouncilDesk, kind: str) -> None:
    assert told(desk.run("veto", kind, "--confirm", "0000-0000", "--secrets", desk.secrets)) == (2, "VETO-NOTHING")
    assert desk.kinds() == []


def test_a_frozen_device_signs_nothing_until_it_has_thawed(desk: CouncilDesk) -> None:
    asked = desk.ask()
    alone = other_secrets(desk, Abe=councils.PASSPHRASES["Abe"], Endo="not asked for")
    assert desk.decide("freeze", "--officer", "Abe", secrets=alone).exit == 0
    assert desk.status["frozen"] is True
    assert told(desk.run("review", asked)) == (5, "HOME-FROZEN")
    assert told(desk.sign(asked, confirm="0000-0000")) == (5, "HOME-FROZEN")
    assert told(desk.run("freeze", "--confirm", "0000-0000", "--secrets", desk.secrets)) == (2, "FREEZE-FROZEN")

    assert desk.decide("thaw", after=NOON).exit == 0
    assert told(desk.run("thaw", "--show", after=NOON)) == (2, "THAW-RUNNING")
    for after in (NOON, NOON + DAY - 1):
        status = desk.run("status", after=after)
        assert (status.fields["frozen"], status.fields["waiting"]["thaw"]["seconds_left"]) == (True, DAY + NOON - after)
        assert "FROZEN: nothing is signed; it thaws in" in status.stderr
        assert told(desk.sign(desk.ask(after), after=after, confirm="0000-0000")) == (5, "HOME-FROZEN")
    assert not (desk.folder / "answer.response").exists()
    assert desk.sign(desk.ask(NOON + DAY), after=NOON + DAY).fields["status"] == "signed"
    assert desk.kinds(NOON + DAY) == ["frozen", "thawing", "in-force", "authorised", "answered"]


def test_a_freeze_stops_a_thaw(desk: CouncilDesk) -> None:
    for command in ("freeze", "thaw", "freeze"):
        assert desk.decide(command).exit == 0
    assert desk.run("status", after=2 * DAY).fields["frozen"] is True
    assert told(desk.run("review", desk.ask(2 * DAY), after=2 * DAY)) == (5, "HOME-FROZEN")


def test_what_was_answered_before_a_freeze_is_answered_again(desk: CouncilDesk) -> None:
    """The answer is known to the world already; nothing is signed for it."""
    asked = desk.ask()
    assert desk.sign(asked).fields["status"] == "signed"
    assert desk.decide("freeze").exit == 0
    assert desk.sign(asked, "again.response", confirm="not asked for").fields["status"] == "repeated"


@pytest.mark.parametrize("command", [("install", "given.bundle"), ("veto", "policy"), ("freeze",), ("thaw",)])
def test_6_a_wrong_code_decides_nothing_and_is_logged(desk: CouncilDesk, command: tuple[str, ...]) -> None:
    assert in_force(desk.install(LOOSER)) == ["waiting"]
    desk.write("given", LONGER_LIST)
    if command == ("thaw",):
        assert desk.decide("freeze").exit == 0
    given = [desk.folder / one if "." in one else one for one in command]
    before, logged = desk.status, desk.kinds()
    assert told(desk.decide(*given, confirm="0000-0000")) == (6, "CODE-WRONG")
    assert desk.kinds() == [*logged, "declined"]
    assert desk.last()["reason"] == "wrong code"
    changing = {"log_size", "last_entry"}
    assert {k: v for k, v in desk.status.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }


def test_6_a_code_serves_one_decision(desk: CouncilDesk) -> None:
    """It was made for the log as it stood, and for this decision alone."""
    given = desk.write("given", LONGER_LIST)
    code = desk.code("install", given)
    assert desk.decide("freeze").exit == 0
    assert told(desk.decide("install", given, confirm=code)) == (6, "CODE-WRONG")
    assert told(desk.decide("install", given, confirm=desk.code("thaw"))) == (6, "CODE-WRONG")
    assert desk.status["list"]["sequence"] == 1


def test_6_a_wrong_code_at_a_signing_is_logged(desk: CouncilDesk) -> None:
    assert told(desk.sign(desk.ask(), confirm="0000-0000")) == (6, "CODE-WRONG")
    assert desk.kinds() == ["cancelled"]
    assert desk.last()["officers"] == ["Sato", "Abe"]


@pytest.mark.parametrize("wrong", ["Sato", "Abe"])
@pytest.mark.parametrize("what", ["install", "freeze", "sign"])
def test_5_a_wrong_passphrase_of_either_officer_is_logged(desk: CouncilDesk, what: str, wrong: str) -> None:
    secrets = other_secrets(
        desk, **{name: councils.PASSPHRASES[name] for name in ("Sato", "Abe")} | {wrong: "mistyped"}
    )
    both = ("--officer", "Sato", "--officer", "Abe")
    match what:
        case "install":
            ended = desk.decide("install", desk.write("given", TIGHTER), secrets=secrets)
        case "freeze":
            ended = desk.decide("freeze", *both, secrets=secrets)
        case _:
            ended = desk.sign(desk.ask(), secrets=secrets)
    assert told(ended) == (5, "SEAL-CLOSED")
    assert f"{wrong}:" in ended.stderr
    assert desk.kinds() == ["unlock-failed"]
    assert desk.last() == {"officers": ["Sato", "Abe"], "reason": "SEAL-CLOSED"}
    assert (desk.status["policy"]["sequence"], desk.status["frozen"]) == (1, False)


def _rollback(desk: CouncilDesk) -> SignedBundle:
    assert in_force(desk.install(TIGHTER)) == ["in force"]
    return FIRST["policy"]


def _fork(desk: CouncilDesk) -> SignedBundle:
    assert in_force(desk.install(TIGHTER)) == ["in force"]
    return LOOSER


def _resigned(**changes: object) -> Callable[[CouncilDesk], SignedBundle]:
    bundle = replace(TIGHTER.bundle, **changes)  # type: ignore[arg-type]
    return lambda _: HOUSE.sign_bundle(bundle, at=TIGHTER.bundle.not_before)


def _signed_by(*names: str) -> Callable[[CouncilDesk], SignedBundle]:
    return lambda _: HOUSE.sign_bundle(TIGHTER.bundle, names)


UNREACHABLE = councils.POLICY.replace(b"count = 2", b"count = 9")
REFUSED: list[tuple[str, Callable[[CouncilDesk], SignedBundle]]] = [
    ("BUNDLE-ROLLBACK", _rollback),
    ("BUNDLE-FORK", _fork),
    ("BUNDLE-PREVIOUS-UNKNOWN", _resigned(previous=bytes(32))),
    ("BUNDLE-PREVIOUS-UNKNOWN", _resigned(previous=councils.bundles()["list"].bundle.digest)),
    ("BUNDLE-EXPIRED", _resigned(not_after=ceremonies.NOW)),
    ("BUNDLE-EARLY", _resigned(not_before=ceremonies.NOW + 1)),
    ("BUNDLE-HOUSE", _resigned(house="another-exchange")),
    ("BUNDLE-SIGNERS-MISSING", _signed_by()),
    ("BUNDLE-SIGNERS-MISSING", _signed_by("Mori")),
    ("BUNDLE-SIGNER-TWICE", _signed_by("Mori", "Mori")),
    ("BUNDLE-SIGNER-ROLE", _signed_by("Mori", "Tanaka")),
    ("BUNDLE-SIGNER-UNKNOWN", _signed_by("Mori", "Mallory")),
    ("BUNDLE-SIGNATURE", lambda _: SignedBundle(TIGHTER.content + b"\n", TIGHTER.signatures)),
    ("BUNDLE-BODY", _resigned(body=b"nonsense")),
    ("BUNDLE-UNREACHABLE", _resigned(body=UNREACHABLE)),
]


@pytest.mark.parametrize(("code", "make"), REFUSED, ids=[f"{place}-{code}" for place, (code, _) in enumerate(REFUSED)])
def test_5_a_bundle_that_does_not_hold_is_refused_by_name_and_logged(
    desk: CouncilDesk, code: str, make: Callable[[CouncilDesk], SignedBundle]
) -> None:
    signed = make(desk)
    before, logged = desk.status, desk.kinds()
    assert told(desk.install(signed, confirm="not asked for")) == (5, code)
    assert desk.kinds() == [*logged, "install-refused"]
    assert desk.last() == {
        "digest": signed.bundle.digest.hex(),
        "kind": signed.bundle.kind,
        "reason": code,
        "sequence": signed.bundle.sequence,
    }
    for kind in ("policy", "list", "tokens", "roster", "waiting"):
        assert desk.status[kind] == before[kind]


@pytest.mark.parametrize("content", [b"", b"\xa1", examples.POLICY, TIGHTER.content, TIGHTER.serialize() + b"\x00"])
def test_4_a_file_that_is_no_bundle_is_not_logged(desk: CouncilDesk, content: bytes) -> None:
    (desk.folder / "given.bundle").write_bytes(content)
    ended = desk.run("install", desk.folder / "given.bundle", "--confirm", "0000-0000", "--secrets", desk.secrets)
    assert ended.exit == 4
    assert desk.kinds() == []


def test_5_a_home_without_a_roster_takes_no_bundle(desk: CouncilDesk) -> None:
    other = ceremonies.copy_home(desk.folder / "alone")
    command = ("install", desk.write("given", TIGHTER), "--confirm", "0000-0000", "--secrets", desk.secrets)
    ended = inside("--home", other, "signer", *command, *at(0), "--json")
    assert told(ended) == (5, "ROSTER-NONE")


def test_what_was_tightened_decides(desk: CouncilDesk) -> None:
    """A list with the payee's address: what could be signed before is refused now."""
    asked = desk.ask()
    payee = f"{ceremonies.PAYEE}\n".encode()
    flagging = HOUSE.signed("list", examples.FLAGGED_LIST + payee, after=FIRST["list"])
    assert desk.run("review", asked).fields["decision"] == "ALLOW"
    assert in_force(desk.install(flagging)) == ["in force"]
    refused = desk.run("review", asked)
    assert told(refused) == (3, "REFUSED")
    assert [reason["code"] for reason in refused.fields["reasons"]] == ["DESTINATION-FLAGGED"]


def test_a_rejection_is_kept_by_sign_and_a_review_says_so(desk: CouncilDesk) -> None:
    asked = desk.ask()
    rejected = desk.folder / "rejected.request"
    given = WithdrawalRequest.parse(asked.read_bytes())
    rejected.write_bytes(councils.approved(given, "Ito", "Chiba", rejects=("Goto",)).serialize())
    reviewed = desk.run("review", rejected)
    assert told(reviewed) == (3, "REFUSED")
    assert "A review keeps nothing: custody signer sign" in reviewed.stderr
    assert desk.run("review", asked).exit == 0
    assert told(desk.sign(rejected, confirm="not asked for")) == (3, "REFUSED")
    without = desk.run("review", asked)
    assert [reason["code"] for reason in without.fields["reasons"]] == ["APPROVAL-REJECTED"]


def test_three_bundles_in_one_command(desk: CouncilDesk) -> None:
    """Each is shown, confirmed and opened by itself: two lines of passphrases, three times."""
    sources = [desk.write(name, one) for name, one in (("p", TIGHTER), ("l", LONGER_LIST), ("t", TOKENS))]
    given = descriptor(*(councils.PASSPHRASES[name] for name in ("Sato", "Endo") * 3))
    who = ("--officer", "Sato", "--officer", "Endo", "--passphrase-fd", given)
    command = ("install", *sources, *who, *at(0), "--json")
    with at_the_terminal("--home", desk.signer, "signer", *command) as terminal:
        for kind, number in (("policy", 2), ("list", 2), ("tokens", 1)):
            terminal.wait_for(f"{kind} number {number} of example-exchange")
            code = terminal.wait_for(r"Sato and Endo each read the screen and type:  (\S+)").group(1)
            for name in ("Sato", "Endo"):
                terminal.answer(f"Confirmation code, {name}", code)
        assert terminal.end() == 0, terminal.told
    os.close(given)
    assert [(one["kind"], one["status"]) for one in json_of(terminal)["installed"]] == [
        *(("policy", "in force"), ("list", "in force"), ("tokens", "waiting")),
    ]
    assert desk.kinds() == ["installed"] * 3


def test_a_bundle_refused_after_another_is_told_with_it(desk: CouncilDesk) -> None:
    given = descriptor(*(councils.PASSPHRASES[name] for name in ("Sato", "Abe")))
    sources = (desk.write("p", TIGHTER), desk.write("l", HOUSE.sign_bundle(LONGER_LIST.bundle, ())))
    who = ("--officer", "Sato", "--officer", "Abe", "--passphrase-fd", given)
    with at_the_terminal("--home", desk.signer, "signer", "install", *sources, *who, *at(0), "--json") as terminal:
        code = terminal.wait_for(r"type:  (\S+)").group(1)
        for name in ("Sato", "Abe"):
            terminal.answer(f"Confirmation code, {name}", code)
        assert terminal.end() == 5
    os.close(given)
    fields = json_of(terminal)
    assert fields["error"]["code"] == "BUNDLE-SIGNERS-MISSING"
    assert [(one["kind"], one["status"]) for one in fields["installed"]] == [("policy", "in force")]
    assert desk.kinds() == ["installed", "install-refused"]


def test_4_a_source_that_cannot_be_read_stops_before_the_first_is_installed(desk: CouncilDesk) -> None:
    sources = (desk.write("p", TIGHTER), desk.folder / "missing.bundle")
    ended = desk.run("install", *sources, "--confirm", "0000-0000", "--secrets", desk.secrets)
    assert told(ended) == (4, "FILE-MISSING")
    assert desk.kinds() == []


@pytest.mark.parametrize(
    ("lines", "code", "logged"),
    [
        (("Sato", "Abe"), None, ["authorised", "answered"]),
        (("Abe", "Sato"), "SEAL-CLOSED", ["unlock-failed"]),
        (("Sato", "Sato"), "SEAL-CLOSED", ["unlock-failed"]),
        (("Sato",), "INPUT-ENDED", []),
        ((), "INPUT-ENDED", []),
    ],
)
def test_passphrases_come_through_a_descriptor_one_line_an_officer(
    desk: CouncilDesk, lines: tuple[str, ...], code: str | None, logged: list[str]
) -> None:
    asked = desk.ask()
    confirm = desk.run("review", asked).fields["confirmation"]
    given = descriptor(*(councils.PASSPHRASES[name] for name in lines))
    who = ("--officer", "Sato", "--officer", "Abe", "--passphrase-fd", given, "--confirm", confirm)
    ended = desk.run("sign", asked, "--out", desk.folder / "a.response", *who)
    os.close(given)
    assert (ended.fields.get("status") == "signed") if code is None else (ended.code == code)
    assert desk.kinds() == logged
    assert (desk.folder / "a.response").exists() == (code is None)


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        (("Sato", "Mallory"), "OFFICER-UNKNOWN"),
        (("Sato", "Mori"), "OFFICER-UNKNOWN"),
        (("sato", "Abe"), "OFFICER-UNKNOWN"),
        (("Sato",), "OFFICERS-FEW"),
        (("Sato", "Sato"), "OFFICERS-FEW"),
        (("Sato", "Abe", "Abe"), "OFFICERS-FEW"),
    ],
)
def test_2_who_is_no_officer_or_is_one_twice_does_not_consent(
    desk: CouncilDesk, chosen: tuple[str, ...], code: str
) -> None:
    who = [one for name in chosen for one in ("--officer", name)]
    for command in (("sign", desk.ask(), "--out", desk.folder / "a.response"), ("install", desk.write("p", TIGHTER))):
        ended = desk.run(*command, *who, "--confirm", "0000-0000", "--secrets", desk.secrets)
        assert told(ended) == (2, code)
    assert desk.kinds() == []


def test_an_account_is_registered_by_as_many_officers_as_sign(desk: CouncilDesk) -> None:
    account = ("account", "add", "second", "--type", "p2wpkh", "--chain", "signet")
    assert told(desk.run(*account, "--officer", "Abe", "--secrets", desk.secrets)) == (2, "OFFICERS-FEW")
    mistaken = other_secrets(desk, Abe=councils.PASSPHRASES["Abe"], Endo="mistyped")
    assert told(desk.run(*account, "--secrets", mistaken)) == (5, "SEAL-CLOSED")
    assert desk.run(*account, "--secrets", desk.secrets).exit == 0
    assert desk.kinds() == ["unlock-failed", "account"]


@pytest.mark.parametrize("chosen", [("Endo", "Sato"), ("Sato", "Abe", "Endo")])
def test_the_log_proves_which_officers_consented_to_a_signature(desk: CouncilDesk, chosen: tuple[str, ...]) -> None:
    asked = desk.ask()
    code = desk.run("review", asked).fields["confirmation"]
    who = [one for name in chosen for one in ("--officer", name)]
    given = ("--out", desk.folder / "a.response", "--confirm", code, "--secrets", desk.secrets)
    assert desk.run("sign", asked, *given, *who).fields["status"] == "signed"
    with ceremonies.open_home(desk.signer) as opened:
        index = opened.log.indices("authorised")[-1]
        officers = opened.log.private(index)["officers"]
        assert isinstance(officers, list)
        assert [one["name"] for one in officers] == list(chosen)  # type: ignore[index,call-overload]


@pytest.mark.parametrize("command", ["init", "sign", "freeze"])
def test_2_one_passphrase_of_two_officers_is_refused_wherever_it_is_given(desk: CouncilDesk, command: str) -> None:
    """One person could then be two."""
    secrets = other_secrets(desk, Sato="the same", Abe="the same", Endo="another")
    if command == "init":
        new = ("--home", desk.folder / "new", "signer", "init", "--rehearsal", "--secrets", secrets, "--json")
        ended = inside(*new, "--roster", desk.write("roster", FIRST["roster"]), *at(0))
    elif command == "sign":
        ended = desk.sign(desk.ask(), secrets=secrets)
    else:
        ended = desk.decide("freeze", secrets=secrets)
    assert told(ended) == (2, "OFFICERS-ALIKE")
    assert not (desk.folder / "new").exists()
    assert desk.kinds() == []


def test_6_nobody_answers_and_nothing_is_decided(desk: CouncilDesk) -> None:
    for command in (("install", desk.write("p", TIGHTER)), ("freeze",), ("freeze", "--officer", "Sato")):
        assert told(desk.run(*command, run=program)) == (6, "INPUT-ENDED")
    assert desk.kinds() == []
    assert desk.status["frozen"] is False
