"""Each exit code with real causes, each cause by its name."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import ceremonies
import examples
import pytest
from desk import AT, PROGRAM, Desk, Ended, environment, inside, program

from custody import cli
from custody.cli.signer import opening
from custody.wire.request import MAX_PURPOSE


def on(desk: Desk, *arguments: object, run: Callable[..., Ended] = inside) -> Ended:
    """A signer's command."""
    return run("--home", desk.signer, "signer", *arguments, "--json")


def test_0_done_signed_and_repeated(desk: Desk) -> None:
    assert on(desk, "review", desk.request, *AT).exit == 0
    signed = desk.sign("one.response", run=program)
    assert (signed.exit, signed.fields["status"]) == (0, "signed")
    again = desk.sign("two.response", confirm="not asked for", run=program)
    assert (again.exit, again.fields["status"]) == (0, "repeated")
    assert desk.path("one.response").read_bytes() == desk.path("two.response").read_bytes()


def test_1_a_fault_of_the_program_is_told_without_its_text(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object) -> None:
        raise ValueError("Tanaka's passphrase")

    monkeypatch.setattr(opening, "moment", fault)
    ended = on(desk, "status")
    assert (ended.exit, ended.code) == (1, "INTERNAL")
    assert "Tanaka" not in ended.stdout + ended.stderr
    assert "ValueError at test_exit_codes.py" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("signer",), "USAGE"),
        (("signer", "sign", "w.request"), "USAGE"),
        (("signer", "review", "w.unknown"), "SOURCE-FORM"),
        (("signer", "review", "w.request", "--at", "yesterday"), "TIME-SYNTAX"),
        (("signer", "review", "w.request", "--at", "2026-01-01T00:00:00+00:00"), "TIME-SYNTAX"),
        (("signer", "answer", "0", "--out", "a.response"), "NOT-AN-ANSWER"),
        (("signer", "answer", "99", "--out", "a.response"), "NOT-AN-ANSWER"),
        (("signer", "answer", "-1", "--out", "a.response"), "USAGE"),
        (("signer", "account", "show", "nobody"), "ACCOUNT-UNKNOWN"),
        (("signer", "account", "export", "--out", "a.unknown"), "DEST-FORM"),
        (("signer", "account", "export", "nobody", "--format", "descriptor", "--out", "d.txt"), "ACCOUNT-UNKNOWN"),
        (("signer", "account", "add", "x", "--type", "p2wpkh", "--chain", "regtest", "--index", "2147483648"), "USAGE"),
        (("coordinator", "show", "w.unknown", "--out", "screen"), "SHOW-TYPE"),
        (("audit", "verify", "more"), "USAGE"),
    ],
)
def test_2_called_in_a_way_that_is_not_offered(desk: Desk, arguments: tuple[str, ...], code: str) -> None:
    given = [desk.path(one) if "." in one and " " not in one and not one[0].isdigit() else one for one in arguments]
    ended = inside("--home", desk.signer, *given, "--json")
    assert (ended.exit, ended.code) == (2, code)


@pytest.mark.parametrize("out", ["answer.response", "answer.txt", "answer.gif", "frames"])
def test_2_an_existing_destination_stops_before_anything_is_signed(desk: Desk, out: str) -> None:
    desk.path(out).mkdir() if out == "frames" else desk.path(out).write_text("kept")
    ended = desk.sign(out, run=program if out == "frames" else inside)
    assert (ended.exit, ended.code) == (2, "DEST-EXISTS")
    assert ceremonies.kinds(desk.signer)[4:] == []
    assert on(desk, "sign", desk.request, "--out", desk.path(out), "--force", "--confirm", desk.code,
              "--secrets", desk.secrets, *AT).exit == 0  # fmt: skip


def test_3_no_is_logged_and_answered(desk: Desk) -> None:
    desk.request.write_bytes(ceremonies.request(travel_rule=b"").serialize())
    reviewed = on(desk, "review", desk.request, *AT)
    assert (reviewed.exit, reviewed.code, reviewed.fields["decision"]) == (3, "REFUSED", "DENY")
    assert "confirmation" not in reviewed.fields
    assert ceremonies.kinds(desk.signer)[4:] == []
    ended = desk.sign(confirm="not asked for", run=program)
    assert (ended.exit, ended.code) == (3, "REFUSED")
    assert ended.fields["status"] == "refused"
    assert [reason["code"] for reason in ended.fields["reasons"]] == ["TRAVEL-RULE-NONE"]
    assert ceremonies.kinds(desk.signer)[4:] == ["refused"]
    assert desk.path("answer.response").exists()


def test_a_review_tells_what_would_make_a_request_pass(desk: Desk) -> None:
    desk.request.write_bytes(ceremonies.request(travel_rule=b"").serialize())
    reviewed = on(desk, "review", desk.request, *AT)
    (remedy,) = reviewed.fields["remedies"]
    assert (remedy["who"], remedy["codes"]) == ("maker", ["TRAVEL-RULE-NONE"])
    told = " ".join(reviewed.stderr.split())
    assert f"What would make it pass: The maker of the request - {remedy['what']} (TRAVEL-RULE-NONE)" in told
    honest = ceremonies.request().serialize()
    desk.request.write_bytes(honest)
    allowed = on(desk, "review", desk.request, *AT)
    assert (allowed.exit, allowed.fields["remedies"]) == (0, [])
    assert "What would make it pass" not in allowed.stderr


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "FILE-MISSING"),
        (b"", "CBOR-TRUNCATED"),
        (b"\xa1", "CBOR-TRUNCATED"),
        (b"\xff" * 100, "CBOR-TYPE"),
        (b"\xa1gversion\x02", "WIRE-VERSION"),
        (ceremonies.request().serialize()[:-1], "CBOR-TRUNCATED"),
        (ceremonies.request().serialize() + b"\x00", "CBOR-TRAILING"),
    ],
)
def test_4_bad_input_before_a_digest_exists_logs_nothing(desk: Desk, content: bytes | None, code: str) -> None:
    desk.request.unlink() if content is None else desk.request.write_bytes(content)
    for command in (("review", desk.request, *AT), ("sign", desk.request, "--out", desk.path("a.response"), *AT)):
        ended = on(desk, *command)
        assert ended.exit == 4
        assert ended.code == code
    assert ceremonies.kinds(desk.signer)[4:] == []


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("frames.txt", "FILE-MISSING"),
        ("text:none", "FILE-MISSING"),
        ("file:none.request", "FILE-MISSING"),
        ("frames.gif", "SOURCE-MISSING"),
        ("frames", "SOURCE-MISSING"),
        ("images:none", "SOURCE-MISSING"),
    ],
)
def test_4_a_missing_or_empty_source(desk: Desk, source: str, code: str) -> None:
    desk.path("frames").mkdir()
    ended = on(desk, "review", source if ":" in source else desk.path(source), *AT)
    assert (ended.exit, ended.code) == (4, code)


def test_4_a_scan_that_lacks_frames_says_so(desk: Desk) -> None:
    assert inside("coordinator", "show", desk.request, "--out", desk.path("frames.txt"), "--json").exit == 0
    lines = desk.path("frames.txt").read_text().splitlines()
    desk.path("few.txt").write_text("\n".join(lines[:2]))
    ended = on(desk, "review", desk.path("few.txt"), *AT)
    assert (ended.exit, ended.code) == (4, "SCAN-INCOMPLETE")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("--policy", None, "FILE-MISSING"),
        ("--policy", b"nonsense", "POLICY-SYNTAX"),
        ("--policy", examples.POLICY + b"unknown = 1\n", "POLICY-KEY"),
        ("--list", b"not an address\n", "LIST-SYNTAX"),
        ("--secrets", None, "FILE-MISSING"),
        ("--secrets", b"{", "JSON-SYNTAX"),
    ],
)
def test_4_a_file_that_cannot_be_read_makes_no_home(desk: Desk, name: str, content: bytes | None, code: str) -> None:
    file = desk.path("given")
    if content is not None:
        file.write_bytes(content)
    secrets = () if name == "--secrets" else ("--secrets", desk.secrets)
    ended = inside("--home", desk.path("new"), "signer", "init", "--rehearsal", *secrets, name, file, "--json")
    assert (ended.exit, ended.code) == (4, code)
    assert not desk.path("new").exists()


def test_4_names_that_no_file_can_have(desk: Desk) -> None:
    long = desk.path("n" * 300)
    record = ("--travel-rule", desk.record, "-o", desk.path("r.request"))
    assert desk.pair().exit == 0
    asked = ("--home", desk.coordinator, "coordinator", "request", "--account", "treasury", "--psbt", long, *record)
    assert inside(*asked, "--json").code == "FILE-UNREADABLE"
    nowhere = desk.ask("no/such/folder.request")
    assert (nowhere.exit, nowhere.code) == (4, "DEST-UNWRITABLE")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"officers": [{"name": "Sato", "passphrase": "wrong"}]}, "SEAL-CLOSED"),
        ({"officers": [{"name": "Sato", "passphrase": "p" * 1_025}]}, "SEAL-CLOSED"),
    ],
)
def test_5_a_wrong_passphrase_is_logged_by_whoever_asks(desk: Desk, changes: dict[str, object], code: str) -> None:
    desk.secrets = ceremonies.secrets_file(desk.folder, **changes)
    ended = desk.sign(run=program)
    assert (ended.exit, ended.code) == (5, code)
    other = on(desk, "account", "add", "other", "--type", "p2wpkh", "--chain", "signet", "--secrets", desk.secrets)
    assert (other.exit, other.code) == (5, code)
    assert ceremonies.kinds(desk.signer)[4:] == ["unlock-failed", "unlock-failed"]
    assert not desk.path("answer.response").exists()


@pytest.mark.parametrize(
    ("secrets", "code", "exit_code"),
    [
        ({"officers": []}, "OFFICERS-COUNT", 2),
        ({"threshold": 2}, "OFFICERS-COUNT", 2),
        ({"threshold": 0}, "OFFICERS-COUNT", 2),
        ({"officers": [{"name": str(n), "passphrase": f"p{n}"} for n in range(17)]}, "OFFICERS-COUNT", 2),
        ({"officers": [{"name": "A", "passphrase": "p"}] * 2}, "SECRETS-FORM", 2),
        ({"officers": [{"name": name, "passphrase": "p"} for name in "AB"], "threshold": 2}, "OFFICERS-ALIKE", 2),
        ({"officers": [{"name": "A\u202e", "passphrase": "p"}]}, "OFFICER-NAME", 2),
        ({"officers": [{"name": "", "passphrase": "p"}]}, "OFFICER-NAME", 2),
        ({"mnemonic": "abandon " * 12}, "MNEMONIC-INVALID", 2),
        ({"mnemonic": 1}, "SECRETS-FORM", 2),
        ({"extra": 1}, "SECRETS-FORM", 2),
        ({"officers": [{"name": "A", "passphrase": ""}]}, "PASSPHRASE-SHORT", 5),
        ({"officers": [{"name": "A", "passphrase": "p" * 1_025}]}, "PASSPHRASE-LONG", 5),
    ],
)
def test_secrets_unfit_for_a_home_make_none(desk: Desk, secrets: dict[str, object], code: str, exit_code: int) -> None:
    file = ceremonies.secrets_file(desk.folder, **secrets)
    ended = inside("--home", desk.path("new"), "signer", "init", "--rehearsal", "--secrets", file, "--json")
    assert (ended.exit, ended.code) == (exit_code, code)
    assert not desk.path("new").exists()
    assert "abandon" not in ended.stdout + ended.stderr


def test_2_a_restore_without_words_makes_no_new_seed(desk: Desk) -> None:
    file = desk.path("secrets.json")
    file.write_text(file.read_text().replace('"mnemonic"', '"unused"').replace(f'"unused": "{ceremonies.WORDS}", ', ""))
    command = ("--home", desk.path("new"), "signer", "init", "--rehearsal", "--restore", "--secrets", file, "--json")
    ended = inside(*command)
    assert (ended.exit, ended.code) == (2, "SECRETS-FORM")
    assert not desk.path("new").exists()


def test_5_about_the_home(desk: Desk) -> None:
    nowhere = inside("--home", desk.path("nowhere"), "signer", "status", "--json")
    assert (nowhere.exit, nowhere.code) == (5, "HOME-ABSENT")
    assert not desk.path("nowhere").exists()
    over = inside("--home", desk.signer, "signer", "init", "--rehearsal", "--secrets", desk.secrets, "--json")
    assert (over.exit, over.code) == (5, "HOME-EXISTS")
    too_long = inside("--home", desk.path("n" * 300), "signer", "status", "--json")
    assert (too_long.exit, too_long.code) == (5, "HOME-WRITE")
    in_a_file = inside(
        "--home", desk.secrets / "home", "signer", "init", "--rehearsal", "--secrets", desk.secrets, "--json"
    )
    assert (in_a_file.exit, in_a_file.code) == (5, "HOME-WRITE")


def test_5_a_home_has_one_role(paired: Desk) -> None:
    signers = [("status",), ("review", paired.request), ("account", "list")]
    for command in signers:
        ended = inside("--home", paired.coordinator, "signer", *command, "--json")
        assert (ended.exit, ended.code) == (5, "HOME-ROLE")
    made = inside("--home", paired.coordinator, "signer", "init", "--rehearsal", "--secrets", paired.secrets, "--json")
    assert (made.exit, made.code) == (5, "HOME-EXISTS")
    paired.coordinator = paired.signer
    before = (paired.signer / "home.json").read_bytes()
    for ended in (paired.pair(), paired.ask("x.request"), paired.receive(paired.request)):
        assert ended.exit in (4, 5)
        assert ended.code in ("HOME-ROLE", "SOURCE-TYPE")
    assert (paired.signer / "home.json").read_bytes() == before


def test_6_a_wrong_code_is_logged(desk: Desk) -> None:
    ended = desk.sign(confirm="0000-0000", run=program)
    assert (ended.exit, ended.code) == (6, "CODE-WRONG")
    assert ceremonies.kinds(desk.signer)[4:] == ["cancelled"]
    assert not desk.path("answer.response").exists()


def test_6_a_code_of_undecodable_bytes_is_a_wrong_code(desk: Desk) -> None:
    command = [PROGRAM, "--home", str(desk.signer), "signer", "sign", str(desk.request), *AT, "--json", "--out"]
    bytes_given = [b"--confirm", b"\xff\xfe", b"--secrets", os.fsencode(desk.secrets)]
    given = [*map(os.fsencode, [*command, desk.path("a.response")]), *bytes_given]
    ended = subprocess.run(given, capture_output=True, text=True, check=False)
    assert ended.returncode == 6
    assert ceremonies.kinds(desk.signer)[4:] == ["cancelled"]


@pytest.mark.parametrize("given", [(), ("--confirm", "CODE")])
def test_6_end_of_input(desk: Desk, given: tuple[str, ...]) -> None:
    options = [desk.code if one == "CODE" else one for one in given]
    ended = on(desk, "sign", desk.request, "--out", desk.path("a.response"), *options, *AT, run=program)
    assert (ended.exit, ended.code) == (6, "INPUT-ENDED")
    assert ceremonies.kinds(desk.signer)[4:] == []
    assert not desk.path("a.response").exists()


def test_6_ctrl_c_leaves_a_home_that_opens(desk: Desk) -> None:
    command = [PROGRAM, "--home", str(desk.signer), "signer", "sign", str(desk.request), *AT, "--json"]
    asked = subprocess.Popen(
        [*command, "--out", str(desk.path("a.response"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert asked.stderr is not None
    until = time.monotonic() + 30
    shown = ""
    while "types:" not in shown and time.monotonic() < until:
        shown += asked.stderr.read(1)
    asked.send_signal(signal.SIGINT)
    out, err = asked.communicate(timeout=30)
    ended = Ended(asked.returncode, out, shown + err)
    assert ended.exit == 6
    assert ended.code in ("CANCELLED", "INPUT-ENDED")
    assert ceremonies.kinds(desk.signer)[4:] == []


def test_7_evidence_does_not_hold(paired: Desk) -> None:
    assert paired.sign().exit == 0
    answer = paired.path("answer.response")
    answer.write_bytes(answer.read_bytes().replace(b'"index":5', b'"index":4'))
    ended = paired.receive(answer, run=program)
    assert (ended.exit, ended.code) == (7, "PROOF-INCLUSION")
    entries = paired.signer / "log/entries"
    entries.write_bytes(entries.read_bytes().replace(b'"kind":"answered"', b'"kind":"refused."'))
    verified = program("audit", "verify", "--log", paired.signer, "--json")
    assert (verified.exit, verified.code) == (7, "LOG-ENTRY")
    assert verified.fields["first_bad"]["index"] == 5


def test_a_passphrase_comes_through_a_descriptor(desk: Desk) -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, ceremonies.PASSPHRASE.encode() + b"\n")
    os.close(write_end)
    command = ("sign", desk.request, "--out", desk.path("a.response"), "--confirm", desk.code, *AT)
    given = ("--home", desk.signer, "signer", *command, "--passphrase-fd", read_end, "--json")
    ended = program(*given, pass_fds=(read_end,))
    os.close(read_end)
    assert (ended.exit, ended.fields["status"]) == (0, "signed")


@pytest.mark.parametrize(
    ("content", "descriptor", "code"),
    [
        (b"", None, "INPUT-ENDED"),
        (b"\xff\n", None, "INPUT-TEXT"),
        (b"wrong\n", None, "SEAL-CLOSED"),
        (b"p" * 10_000, None, "WIRE-LIMIT"),
        (b"", 99, "PASSPHRASE-FD"),
        (b"", -1, "USAGE"),
        (b"", 2**40, "USAGE"),
    ],
)
def test_a_descriptor_that_gives_no_passphrase(desk: Desk, content: bytes, descriptor: int | None, code: str) -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, content)
    os.close(write_end)
    place = read_end if descriptor is None else descriptor
    command = ("sign", desk.request, "--out", desk.path("a.response"), "--confirm", desk.code, *AT)
    ended = on(desk, *command, "--passphrase-fd", place)
    os.close(read_end)
    assert ended.exit != 0
    assert ended.code == code
    assert "authorised" not in ceremonies.kinds(desk.signer)


def test_one_of_two_signings_at_once_is_told_to_wait(desk: Desk) -> None:
    """The first holds the home while it waits for the officer's code."""
    command = [PROGRAM, "--home", str(desk.signer), "signer", "sign", str(desk.request), *AT]
    code = desk.code
    secrets = ["--secrets", str(desk.secrets), "--out", str(desk.path("first.response"))]
    with subprocess.Popen(
        [*command, *secrets], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as first:
        assert first.stderr is not None
        assert first.stdin is not None
        shown = ""
        while "types:" not in shown:
            shown += first.stderr.read(1)
        second = program(
            "--home", desk.signer, "signer", "sign", desk.request, "--out", desk.path("b.response"), "--json"
        )
        assert (second.exit, second.code) == (5, "HOME-BUSY")
        assert not desk.path("b.response").exists()
        first.stdin.write(code + "\n")
        first.stdin.close()
        assert first.wait(30) == 0
    assert ceremonies.kinds(desk.signer)[4:] == ["authorised", "answered"]


@pytest.mark.parametrize("language", ["C", "C.UTF-8", "POSIX"])
def test_any_locale_will_do(desk: Desk, language: str) -> None:
    desk.request.write_bytes(ceremonies.request(purpose="\u6c34\u706b\u00fc" * 20).serialize())
    ended = program(
        "--home", desk.signer, "signer", "review", desk.request, *AT, "--json", env=environment(LC_ALL=language)
    )
    assert ended.exit == 0


@pytest.mark.parametrize(
    ("options", "exit_code", "code"),
    [
        (("--purpose", "p" * (MAX_PURPOSE + 1)), 2, "PURPOSE-LENGTH"),
        (("--expires-in", "25h"), 2, "LIFETIME"),
        (("--expires-in", "0m"), 2, "LIFETIME"),
        (("--expires-in", "24"), 2, "LIFETIME"),
        (("--account", "nobody"), 2, "ACCOUNT-UNKNOWN"),
        (("--psbt", "record.json"), 4, "PSBT-TEXT"),
        (("--psbt", "missing"), 4, "FILE-MISSING"),
        (("--travel-rule", "missing"), 4, "FILE-MISSING"),
        (("--travel-rule", "unsigned.psbt"), 4, "JSON-SYNTAX"),
        (("--purpose", "\udcff"), 4, "CBOR-TEXT"),
    ],
)
def test_a_request_that_cannot_be_made(
    paired: Desk, monkeypatch: pytest.MonkeyPatch, options: tuple[str, str], exit_code: int, code: str
) -> None:
    monkeypatch.chdir(paired.folder)
    ended = paired.ask("new.request", options=options)
    assert (ended.exit, ended.code) == (exit_code, code)
    assert not paired.path("new.request").exists()


def test_a_psbt_comes_as_bytes_or_as_base64(paired: Desk) -> None:
    import base64

    made = paired.ask("one.request").fields
    paired.psbt.write_text("\n" + base64.b64encode(paired.psbt.read_bytes()).decode() + "\n")
    again = paired.ask("two.request").fields
    assert made["bytes"] == again["bytes"]


def test_a_transaction_that_no_signer_could_read_becomes_no_request(paired: Desk) -> None:
    paired.psbt.write_bytes(b"psbt\xff" + bytes(1_000_000))
    ended = paired.ask("new.request")
    assert (ended.exit, ended.code) == (4, "WIRE-LIMIT")
    assert not paired.path("new.request").exists()


def test_a_hopeless_transaction_is_warned_of(paired: Desk) -> None:
    paired.psbt.write_bytes(paired.psbt.read_bytes()[:-1])
    ended = paired.ask("new.request")
    assert ended.exit == 0
    assert "the signer will refuse" in ended.stderr


def test_the_program_is_the_one_tested(project: Path) -> None:
    assert Path(PROGRAM).exists()
    imported = subprocess.run(
        [sys.executable, "-c", "import custody; print(custody.__file__)"], capture_output=True, text=True, check=True
    )
    assert Path(imported.stdout.strip()).parent == project / "custody" == Path(cli.__file__).parent.parent
