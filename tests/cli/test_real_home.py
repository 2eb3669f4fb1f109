"""A real home, driven by hand on a terminal: new words, a withdrawal, a restore; and what no real home takes."""

import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import ceremonies
import examples
import psbts
import pytest
import regtest
from bip_utils import Bip39MnemonicGenerator, Bip39SeedGenerator
from desk import AT, inside, program
from house import OFFICERS, House, reviewed, valid_at
from terminal import Terminal, at_the_terminal, json_of

from custody.bitcoin.account import Account
from custody.edge import founding, interfaces, making
from custody.edge.founding import Founders
from custody.edge.home import opened
from custody.vault import sealed
from custody.wire.bundle import SignedBundle
from custody.wire.request import WithdrawalRequest

HOUSE = House()
DICE = "1 6 2 5 3 4 " * 10
APPROVALS = b"""
[[approvals]]
role = "approver"
count = 2
organisations = 2
"""


def passphrase(officer: str) -> str:
    """Each officer's own."""
    return f"{officer}: twelve or more characters"


def write(folder: Path, name: str, signed: SignedBundle) -> Path:
    """A bundle's file."""
    path = folder / f"{name}.bundle"
    path.write_bytes(signed.serialize())
    return path


def roster(folder: Path, **counts: int) -> tuple[object, ...]:
    """The option that gives `init` a roster of today; three officers, two of whom consent, unless told otherwise."""
    now = int(time.time())
    return "--roster", write(folder, "roster", HOUSE.roster_bundle(**valid_at(now), **counts))


def signed_rules(folder: Path) -> tuple[object, ...]:
    """The options that give `init` a policy that asks for two approvals, and a list, both signed by compliance."""
    valid = valid_at(int(time.time()))
    policy = HOUSE.signed("policy", examples.POLICY + APPROVALS, **valid)
    flagged = HOUSE.signed("list", examples.FLAGGED_LIST, **valid)
    return "--policy", write(folder, "policy", policy), "--list", write(folder, "flagged", flagged)


def words_of(bundle: Path) -> str:
    """The words of a bundle that its people write on paper, by another maker of words."""
    digest = hashlib.sha256(SignedBundle.parse(bundle.read_bytes()).content).digest()
    return str(Bip39MnemonicGenerator().FromEntropy(digest))


def type_roster(terminal: Terminal, folder: Path) -> None:
    """The words of the roster, the first four letters of each being enough."""
    terminal.answer("24 words of the roster", " ".join(word[:4] for word in words_of(folder / "roster.bundle").split()))


def enrol(terminal: Terminal, *officers: str) -> None:
    """Each officer's passphrase, twice."""
    for officer in officers:
        terminal.answer(f"Passphrase of {officer}", passphrase(officer))
        terminal.answer("Repeat", passphrase(officer))


def consent(terminal: Terminal, *officers: str) -> None:
    """Who consents."""
    for place, officer in enumerate(officers, 1):
        terminal.answer(f"Name of officer {place} of {len(officers)}", officer)


def nothing_secret(terminal: Terminal) -> bool:
    """Whether no passphrase stands on the screen."""
    return not any(passphrase(officer) in terminal.told for officer in OFFICERS)


def write_down(terminal: Terminal) -> list[str]:
    """The words from the screen, three of them given back, after one mistake."""
    begun = terminal.wait_for("not shown again").end()
    asked = terminal.wait_for(r"Word (\d+)")
    shown = {int(number): word for number, word in re.findall(r"(\d+) ([a-z]+) ", terminal.told[begun : asked.start()])}
    assert sorted(shown) == list(range(1, 25))
    assert terminal.core_limit() == "0"
    terminal.type("wrong")
    terminal.wait_for("not the word")
    for _ in range(3):
        terminal.type(shown[int(terminal.wait_for(r"Word (\d+)").group(1))])
    return [shown[number] for number in range(1, 25)]


def make(folder: Path) -> tuple[list[str], dict[str, Any]]:
    """A real home made by hand: its words, and what scripts are told."""
    rules = (*roster(folder, consent=2), *signed_rules(folder))
    with at_the_terminal("--home", folder / "home", "signer", "init", *rules, "--json") as terminal:
        type_roster(terminal, folder)
        for kind in ("policy", "list"):
            terminal.wait_for(rf"{kind} number 1 of example-exchange")
            digest = terminal.wait_for(r"SHA-256 +([0-9a-f]{64})").group(1)
            terminal.wait_for("Signed by +Kato, Mori")
            terminal.answer("It is in force from the first day.*last four characters of its SHA-256", digest[-4:])
        # What is pinned does not wait: nothing is held yet.
        assert "comes into force" not in terminal.told
        enrol(terminal, *OFFICERS)
        terminal.answer("Roll a die", DICE)
        words = write_down(terminal)
        assert terminal.end() == 0
    assert nothing_secret(terminal)
    # The screen is cleared of the words.
    assert "\x1b[2J" in terminal.told.rpartition("Word ")[2]
    return words, json_of(terminal)


def add_account(folder: Path) -> str:
    """The descriptor of a regtest account, registered by hand."""
    add = ("account", "add", "treasury", "--type", "p2wpkh", "--chain", "regtest")
    with at_the_terminal("--home", folder / "home", "signer", *add, "--json") as terminal:
        consent(terminal, "Sato", "Abe")
        terminal.answer("Passphrase of Sato", passphrase("Sato"))
        terminal.answer("Passphrase of Abe", passphrase("Abe"))
        assert terminal.end() == 0
    return str(json_of(terminal)["descriptor"])


def ask(folder: Path, account: Account) -> psbts.Coin:
    """A request for a payment of the account, made by a paired coordinator and approved; the coin that it spends."""
    coin = psbts.Coin(account, 0, 0, 100_000)
    paid = [psbts.Payment(psbts.PAYEE, ceremonies.PAID), psbts.change(account, 0, 39_000)]
    (folder / "unsigned.psbt").write_bytes(psbts.serialize(psbts.build([coin], paid)))
    (folder / "record.json").write_text(json.dumps(examples.record((0, ceremonies.PAYEE, ceremonies.PAID))))
    export = ("signer", "account", "export", "--out", folder / "pair.account")
    assert inside("--home", folder / "home", *export).exit == 0
    office = ("--home", folder / "office", "coordinator")
    assert inside(*office, "pair", folder / "pair.account").exit == 0
    files = ("--psbt", folder / "unsigned.psbt", "--travel-rule", folder / "record.json", "-o", folder / "w.request")
    assert inside(*office, "request", "--account", "treasury", *files).exit == 0
    path = folder / "w.request"
    unapproved = inside("--home", folder / "home", "signer", "review", path, "--json")
    assert unapproved.code == "REFUSED"
    assert {reason["code"] for reason in unapproved.fields["reasons"]} == {"APPROVALS-MISSING", "MAKER-NONE"}
    request = WithdrawalRequest.parse(path.read_bytes())
    path.write_bytes(HOUSE.approved(request, reviewed(request, account)).serialize())
    return coin


def sign(folder: Path) -> None:
    """The ceremony by hand."""
    command = ("signer", "sign", folder / "w.request", "--out", folder / "answer.response")
    with at_the_terminal("--home", folder / "home", *command) as terminal:
        terminal.wait_for("Approved by +Ito, Chiba")
        consent(terminal, "Endo", "Sato")
        code = terminal.wait_for(r"Endo and Sato each read the screen and type:  ([0-9A-Z]{4}-[0-9A-Z]{4})").group(1)
        terminal.answer("Confirmation code, Endo", code.lower())
        terminal.answer("Confirmation code, Sato", code)
        terminal.answer("Passphrase of Endo", passphrase("Endo"))
        terminal.answer("Passphrase of Sato", passphrase("Sato"))
        assert terminal.end() == 0
    assert "REHEARSAL" not in terminal.told
    assert nothing_secret(terminal)


def networks_logged(home: Path) -> list[Any]:
    """The network interfaces that its log tells of."""
    with opened(home) as found:
        return [found.log.private(index)["interfaces"] for index in found.log.indices("network")]


def restore(folder: Path, words: list[str]) -> dict[str, Any]:
    """Another home from the same words, of two officers, one of whom is enough."""
    rules = roster(folder, consent=1, officers=2)
    with at_the_terminal("--home", folder / "restored", "signer", "init", "--restore", *rules, "--json") as terminal:
        type_roster(terminal, folder)
        terminal.answer("24 words, in one line", " ".join(words).upper())
        enrol(terminal, *OFFICERS[:2])
        assert terminal.end() == 0
    assert words[5] not in terminal.told.rpartition("24 words, in one line")[2].lower().split()
    return json_of(terminal)


def test_a_real_home_from_its_first_word_to_a_restore(tmp_path: Path) -> None:
    """One test for all of it: each key derivation takes a gibibyte and some seconds."""
    words, made = make(tmp_path)
    assert made["rehearsal"] is False
    assert not made["log_origin"].startswith("rehearsal.")
    account = psbts.account(bytes(Bip39SeedGenerator(" ".join(words)).Generate()))
    assert add_account(tmp_path) == account.descriptor
    assert made["master_fingerprint"] == account.fingerprint.hex()

    coin = ask(tmp_path, account)
    sign(tmp_path)
    raised = interfaces.seen()
    assert networks_logged(tmp_path / "home") == ([[*raised]] if raised else [])
    office, asked = ("--home", tmp_path / "office", "coordinator"), ("--request", tmp_path / "w.request")
    answer, stored = tmp_path / "answer.response", tmp_path / "w.response"
    assert inside(*office, "receive", answer, *asked, "-o", stored).exit == 0
    done = inside(*office, "finalize", *asked, "--response", stored, "--json")
    assert regtest.verify(bytes.fromhex(done.fields["raw"]), [(coin.script, coin.amount)])

    restored = restore(tmp_path, words)
    assert restored["master_fingerprint"] == made["master_fingerprint"]
    assert restored["log_key"] != made["log_key"]


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A real home that took no time to make: its seals are light, and are not opened here."""
    monkeypatch.setattr(sealed, "STRONG", sealed.LIGHT)
    new = founding.found(
        Founders({officer: passphrase(officer) for officer in OFFICERS}, 2),
        bytes(16),
        rehearsal=False,
        files={"roster": HOUSE.roster_bundle(consent=2).content},
        random=ceremonies.numbered(),
    )
    making.make(tmp_path / "home", new)
    return tmp_path / "home"


@pytest.mark.parametrize(
    "options",
    [
        ("signer", "review", "w.request", *AT),
        ("signer", "sign", "w.request", "--out", "a.response", *AT),
        ("signer", "sign", "w.request", "--out", "a.response", "--confirm", "0000-0000"),
        ("signer", "sign", "w.request", "--out", "a.response", "--secrets", "secrets.json"),
        ("signer", "account", "add", "x", "--type", "p2wpkh", "--chain", "regtest", "--secrets", "secrets.json"),
        ("signer", "account", "add", "x", "--type", "p2wpkh", "--chain", "regtest", *AT),
        ("signer", "status", *AT),
        *(
            ("signer", *action, *given)
            for action in (("install", "roster.bundle"), ("veto", "policy"), ("freeze",), ("thaw",))
            for given in (AT, ("--confirm", "0000-0000"), ("--secrets", "secrets.json"))
        ),
    ],
)
def test_a_real_home_takes_no_secret_code_or_time_from_arguments(
    real: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    ceremonies.secrets_file(tmp_path)
    (tmp_path / "w.request").write_bytes(ceremonies.request().serialize())
    write(tmp_path, "roster", HOUSE.roster_bundle())
    # Opened, this home would log that a write was torn; with a given time that would be a false time.
    entries = (real / "log/entries").read_bytes() + b"torn"
    (real / "log/entries").write_bytes(entries)
    ended = inside("--home", real, *options, "--json")
    assert (ended.exit, ended.code) == (5, "REHEARSAL-ONLY")
    assert (real / "log/entries").read_bytes() == entries


@pytest.mark.parametrize("option", ["--secrets", "--at"])
def test_no_real_home_is_made_from_a_file_of_secrets_or_at_a_given_time(tmp_path: Path, option: str) -> None:
    given = ceremonies.secrets_file(tmp_path) if option == "--secrets" else AT[1]
    ended = inside("--home", tmp_path / "home", "signer", "init", option, given, "--json")
    assert (ended.exit, ended.code) == (5, "REHEARSAL-ONLY")
    assert not (tmp_path / "home").exists()


QUESTIONS = ("24 words of the roster", *("Passphrase of", "Repeat") * 2, "Roll a die")


@pytest.mark.parametrize(
    ("typed", "exit_code", "code"),
    [
        (("aban " * 23 + "abou",), 6, "ROSTER-WORDS"),
        (("",), 6, "ROSTER-WORDS"),
        (("ROSTER zoo",), 6, "ROSTER-WORDS"),
        (("ROSTER", "short", "short", "short", "short"), 5, "PASSPHRASE-SHORT"),
        (("ROSTER", *(passphrase("Sato"),) * 4), 2, "OFFICERS-ALIKE"),
        (("ROSTER", *(passphrase("Sato"),) * 2, *(passphrase("Abe"),) * 2, "123456"), 2, "ENTROPY-WEAK"),
    ],
)
def test_what_is_unfit_is_refused_before_words_are_written_down(
    tmp_path: Path, typed: tuple[str, ...], exit_code: int, code: str
) -> None:
    rules = roster(tmp_path, officers=2, consent=1)
    with at_the_terminal("--home", tmp_path / "home", "signer", "init", *rules, "--json") as terminal:
        for question, line in zip(QUESTIONS, typed, strict=False):
            terminal.answer(question, line.replace("ROSTER", words_of(tmp_path / "roster.bundle")) or " ")
        assert terminal.end() == exit_code
    assert json_of(terminal)["error"]["code"] == code
    assert "not shown again" not in terminal.told
    assert not (tmp_path / "home").exists()


def test_an_officers_name_that_could_not_be_logged_is_refused_where_no_roster_names_the_officers(
    tmp_path: Path,
) -> None:
    with at_the_terminal("--home", tmp_path / "home", "signer", "init", "--rehearsal", "--json") as terminal:
        terminal.answer("Name of the officer", "Sa\to")
        assert terminal.end() == 2
    assert json_of(terminal)["error"]["code"] == "OFFICER-NAME"
    assert not (tmp_path / "home").exists()


def test_the_words_of_another_roster_pin_no_roster(tmp_path: Path) -> None:
    """The same people, and a consent that one officer gives alone: somebody has exchanged the file."""
    paper = write(tmp_path, "paper", HOUSE.roster_bundle(consent=2, **valid_at(int(time.time()))))
    rules = roster(tmp_path, consent=1)
    with at_the_terminal("--home", tmp_path / "home", "signer", "init", *rules, "--json") as terminal:
        terminal.answer("24 words of the roster", words_of(paper))
        assert terminal.end() == 6
    assert json_of(terminal)["error"]["code"] == "ROSTER-WORDS"
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("form", ["roster.gif", "images:frames", "text:roster.txt"])
def test_the_first_roster_comes_as_frames_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """The device has no other way in: its words are those of the same bytes."""
    monkeypatch.chdir(tmp_path)
    roster(tmp_path, consent=2)
    out = form.partition(":")[2] or form
    encode = ("qr", "encode", "roster.bundle", "--type", "x-custody-bundle", "--out", out)
    assert inside(*encode).exit == 0
    with at_the_terminal("--home", tmp_path / "home", "signer", "init", "--roster", form) as terminal:
        terminal.answer("24 words of the roster", words_of(tmp_path / "roster.bundle"))
        terminal.wait_for("Passphrase of")
        terminal.type("\x03")
        assert terminal.end() == 6


def test_a_camera_is_asked_for_when_its_frames_are_there(tmp_path: Path) -> None:
    missing = f"camera:{tmp_path}/video7"
    with at_the_terminal("--home", tmp_path / "home", "signer", "init", "--roster", missing, "--json") as terminal:
        terminal.answer("frames of the roster are before the camera", "yes")
        assert terminal.end() == 4
    assert json_of(terminal)["error"]["code"] == "CAMERA-MISSING"
    assert not (tmp_path / "home").exists()


def test_the_first_roster_is_read_on_the_device_before_its_words_are_typed(tmp_path: Path) -> None:
    """The computers on which its people took its words may have shown them other people."""
    rules = roster(tmp_path, consent=2, delay_hours=1, policy=1)
    with at_the_terminal("--home", tmp_path / "home", "signer", "init", *rules) as terminal:
        terminal.wait_for("24 words of the roster")
        told = " ".join(terminal.told.split())
        assert terminal.interrupt() == 6
    assert "Bundle roster number 1 of example-exchange Valid 20" in told
    assert "what loosens waits 1 h." in told
    assert "who must sign a bundle: policy 1, list 2" in told
    assert "consent on the device: 2 of 3." in told
    for name, role, organisation, certificate in HOUSE.people():
        key = HOUSE.fingerprint(name) if certificate else ""
        groups = " ".join(key[start : start + 4] for start in range(0, 40, 4)) if key else "no certificate"
        assert f"{name}, {organisation}: {groups}" in told.partition(f" {role}: ")[2]


@pytest.mark.parametrize("last", ["zzzz", " "])
def test_a_policy_that_nobody_read_is_not_pinned(tmp_path: Path, last: str) -> None:
    rules = (*roster(tmp_path), *signed_rules(tmp_path))
    with at_the_terminal("--home", tmp_path / "home", "signer", "init", *rules, "--json") as terminal:
        type_roster(terminal, tmp_path)
        terminal.answer("last four characters of its SHA-256", last)
        assert terminal.end() == 6
    assert json_of(terminal)["error"]["code"] == "RULES-UNCONFIRMED"
    assert not (tmp_path / "home").exists()


def test_a_real_home_begins_with_a_roster(tmp_path: Path) -> None:
    without = inside("--home", tmp_path / "home", "signer", "init", "--json")
    assert (without.exit, without.code) == (2, "ROSTER-NEEDED")
    rules = inside("--home", tmp_path / "home", "signer", "init", *signed_rules(tmp_path), "--json")
    assert (rules.exit, rules.code) == (2, "ROSTER-NEEDED")
    assert not (tmp_path / "home").exists()


def _changed(signed: SignedBundle, **changes: Any) -> SignedBundle:
    """A bundle whose content was changed after it was signed."""
    return SignedBundle(replace(signed.bundle, **changes).content, signed.signatures)


UNSIGNED = {
    "policy": examples.POLICY,
    "list": examples.FLAGGED_LIST,
    "tokens": examples.TOKENS,
    "roster": HOUSE.roster(),
}


@pytest.mark.parametrize("kind", UNSIGNED)
@pytest.mark.parametrize("header", [False, True])
def test_a_real_home_takes_nothing_unsigned(tmp_path: Path, kind: str, header: bool) -> None:
    """Neither the bare file, nor the content of a bundle without its signatures around it."""
    bundle = HOUSE.signed(kind, UNSIGNED[kind], **valid_at(int(time.time())))  # type: ignore[arg-type]
    (tmp_path / "given").write_bytes(bundle.content if header else UNSIGNED[kind])
    options = dict([roster(tmp_path)]) | {f"--{kind}": tmp_path / "given"}
    given = [one for option in options.items() for one in option]
    ended = inside("--home", tmp_path / "home", "signer", "init", *given, "--json")
    assert (ended.exit, ended.code) == (2, "RULES-UNSIGNED")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"house": "another-exchange"}, "BUNDLE-HOUSE"),
        ({"not_before": 1, "not_after": 2}, "BUNDLE-EXPIRED"),
        ({"not_before": 253_000_000_000, "not_after": 253_000_000_001}, "BUNDLE-EARLY"),
    ],
)
def test_a_roster_that_is_not_this_houses_of_today_founds_nothing(
    tmp_path: Path, changes: dict[str, Any], code: str
) -> None:
    honest = HOUSE.roster_bundle(**valid_at(int(time.time())))
    given = write(tmp_path, "roster", _changed(honest, **changes))
    ended = inside("--home", tmp_path / "home", "signer", "init", "--roster", given, "--json")
    assert (ended.exit, ended.code) == (5, code)
    assert not (tmp_path / "home").exists()


BAD: dict[str, Callable[[SignedBundle], SignedBundle]] = {
    "BUNDLE-SIGNERS-MISSING": lambda signed: SignedBundle(signed.content, signed.signatures[:1]),
    "BUNDLE-SIGNER-TWICE": lambda signed: SignedBundle(signed.content, signed.signatures[:1] * 2),
    "BUNDLE-SIGNER-ROLE": lambda signed: HOUSE.sign_bundle(signed.bundle, ("Mori", "Tanaka")),
    "BUNDLE-SIGNER-UNKNOWN": lambda signed: HOUSE.sign_bundle(signed.bundle, ("Mori", "Mallory")),
    "BUNDLE-SIGNATURE": lambda signed: _changed(signed, body=signed.bundle.body + b"# changed\n"),
    "BUNDLE-HOUSE": lambda signed: HOUSE.sign_bundle(replace(signed.bundle, house="another-exchange")),
    "BUNDLE-EXPIRED": lambda signed: HOUSE.sign_bundle(replace(signed.bundle, not_after=signed.bundle.not_before + 1)),
    "BUNDLE-EARLY": lambda signed: HOUSE.sign_bundle(
        replace(signed.bundle, not_before=signed.bundle.not_after - 1), at=signed.bundle.not_before
    ),
}


@pytest.mark.parametrize("code", BAD)
def test_a_bundle_that_does_not_hold_is_not_pinned(tmp_path: Path, code: str) -> None:
    signed = HOUSE.signed("policy", examples.POLICY, **valid_at(int(time.time())))
    given = ("--policy", write(tmp_path, "policy", BAD[code](signed)))
    ended = inside("--home", tmp_path / "home", "signer", "init", *roster(tmp_path), *given, "--json")
    assert (ended.exit, ended.code) == (5, code)
    assert not (tmp_path / "home").exists()


def test_new_words_are_shown_on_a_terminal_only(tmp_path: Path) -> None:
    rules = roster(tmp_path, officers=2, consent=1)
    officers = [passphrase(officer) for officer in OFFICERS[:2] for _ in range(2)]
    lines = "\n".join([words_of(tmp_path / "roster.bundle"), *officers, DICE, ""])
    ended = program("--home", tmp_path / "home", "signer", "init", *rules, "--json", input=lines)
    assert (ended.exit, ended.code) == (2, "INIT-TERMINAL")
    assert not (tmp_path / "home").exists()


def test_ctrl_c_while_words_are_asked_back_leaves_no_home(tmp_path: Path) -> None:
    rules = roster(tmp_path, officers=2, consent=1)
    with at_the_terminal("--home", tmp_path / "home", "signer", "init", *rules) as terminal:
        type_roster(terminal, tmp_path)
        enrol(terminal, *OFFICERS[:2])
        terminal.answer("Roll a die", DICE)
        terminal.wait_for(r"Word \d+")
        assert terminal.interrupt() == 6
    assert [path.name for path in tmp_path.iterdir()] == ["roster.bundle"]
