"""What happens on an ordinary day at an ordinary desk: closed pipes, strange folders, files as other programs write."""

import base64
import errno
import json
import os
import subprocess
from pathlib import Path

import ceremonies
import pytest
from desk import AT, PROGRAM, Desk, environment, inside, program

from custody.wire.request import WithdrawalRequest

TOO_LONG = "x" * 300


def test_a_wrong_code_ends_as_a_cancelled_signing(desk: Desk) -> None:
    told = desk.sign(confirm="0000-0000").fields
    assert told["status"] == "cancelled"
    assert told["request"] == WithdrawalRequest.parse(desk.request.read_bytes()).digest.hex()
    with ceremonies.open_home(desk.signer) as opened:
        last = opened.log.entries[opened.log.size - 1]
        assert told["entry"] == {"index": last.index, "leaf": last.leaf_hash.hex()}
        assert told["checkpoint"] == opened.log.checkpoint


def test_an_unanswered_question_ends_as_a_cancelled_signing_without_an_entry(desk: Desk) -> None:
    files = (desk.request, "--out", desk.path("a.response"))
    told = program("--home", desk.signer, "signer", "sign", *files, *AT, "--json").fields
    assert (told["status"], told["entry"]) == ("cancelled", None)


def test_people_read_the_log_key_and_the_clock_on_the_signers_own_screen(desk: Desk) -> None:
    """The coordinator shows the key at pairing, to be compared; and a date is compared with a clock on the wall."""
    ended = inside("--home", desk.signer, "signer", "status", *AT)
    told = json.loads(inside("--home", desk.signer, "signer", "status", *AT, "--json").stdout)
    assert f"log key: {told['log_key']}" in ended.stderr
    assert f"clock: {AT[1]}" in ended.stderr


@pytest.mark.parametrize("redirection", ["0<&-", "0</dev/null"])
def test_a_closed_standard_input_is_the_end_of_input(desk: Desk, redirection: str) -> None:
    command = f'"$0" --home "$1" signer sign "$2" --out "$3" --at {AT[1]} --json {redirection}'
    places = [str(desk.signer), str(desk.request), str(desk.path("a.response"))]
    ended = subprocess.run(["sh", "-c", command, PROGRAM, *places], capture_output=True, text=True, check=False)
    assert (ended.returncode, json.loads(ended.stdout)["error"]["code"]) == (6, "INPUT-ENDED")


@pytest.mark.parametrize("redirection", ["| true", "> /dev/full"])
def test_a_script_that_does_not_listen_gets_no_success_and_no_traceback(desk: Desk, redirection: str) -> None:
    command = f'set -o pipefail; "$0" --home "$1" signer status --json {redirection}'
    given = ["bash", "-c", command, PROGRAM, str(desk.signer)]
    ended = subprocess.run(given, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Standard output takes nothing" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Exception" not in ended.stderr


def test_the_default_homes_are_made_on_a_fresh_machine(desk: Desk) -> None:
    assert desk.pair().exit == 0
    fresh = {name: value for name, value in environment(HOME=str(desk.path("nobody"))).items() if "XDG" not in name}
    exported = next(desk.folder.glob("export-*"))
    paired = program("coordinator", "pair", exported, "--json", env=fresh)
    assert paired.exit == 0, paired.stderr
    assert (desk.path("nobody") / ".local/share/custody/coordinator/home.json").is_file()


def test_base64_comes_in_lines_too(paired: Desk) -> None:
    paired.psbt.write_bytes(base64.encodebytes(paired.psbt.read_bytes()))
    asked = paired.ask("lines.request")
    assert asked.exit == 0, asked.stderr
    assert asked.fields["expires"].endswith("Z")


def test_audit_verifies_the_home_that_is_meant(desk: Desk) -> None:
    named = inside("audit", "verify", "--log", desk.signer, "--json")
    for other in (("--home", desk.signer, "audit", "verify"), ("audit", "verify", "--log", desk.signer / "log")):
        assert inside(*other, "--json").fields == named.fields
    assert named.fields["size"] == 4


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (("signer", "status", "--home", TOO_LONG), 5, "HOME-WRITE"),
        (("coordinator", "pair", "export.account", "--home", TOO_LONG), 5, "HOME-WRITE"),
        (("signer", "review", TOO_LONG), 4, "FILE-UNREADABLE"),
        (("signer", "review", f"images:{TOO_LONG}"), 4, "FILE-UNREADABLE"),
        (("signer", "review", f"{TOO_LONG}.request"), 4, "FILE-UNREADABLE"),
        (("signer", "account", "export", "--out", TOO_LONG), 4, "DEST-UNWRITABLE"),
        (("signer", "account", "export", "--out", f"{TOO_LONG}.gif"), 4, "DEST-UNWRITABLE"),
        (("audit", "verify", "--log", TOO_LONG), 4, "FILE-UNREADABLE"),
        (("demo", "--out", TOO_LONG), 4, "DEST-UNWRITABLE"),
    ],
)
def test_a_place_that_the_system_refuses_is_no_internal_fault(
    paired: Desk, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], exit_code: int, code: str
) -> None:
    next(paired.folder.glob("export-*")).rename(paired.path("export.account"))
    monkeypatch.chdir(paired.folder)
    home = () if "--home" in arguments else ("--home", paired.signer)
    ended = inside(*arguments, *home, "--json")
    assert (ended.exit, ended.code) == (exit_code, code)


def test_another_users_home_is_closed_and_named_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    exists = Path.exists

    def closed(path: Path, **options: bool) -> bool:
        if desk.signer in (path, *path.parents):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return exists(path, **options)

    monkeypatch.setattr(Path, "exists", closed)
    ended = inside("--home", desk.signer, "signer", "status", "--json")
    assert (ended.exit, ended.code) == (5, "HOME-WRITE")
    assert "Permission denied" in ended.stderr


def test_the_demonstration_is_played_where_one_stands(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    assert program("demo", "--out", ".", "--json", cwd=tmp_path).code == "DEMO-FOLDER"
    (tmp_path / "mine.txt").unlink()
    assert program("demo", "--out", ".", "--json", cwd=tmp_path).exit == 0
    for case in ("erc20-allowed", "btc-allowed"):
        raw = (tmp_path / case / "signed.hex").read_text()
        assert raw.startswith("0x02f8" if case == "erc20-allowed" else "0200000000")


def test_no_answer_at_this_entry_names_entries_that_hold_some(desk: Desk) -> None:
    asked = ("--home", desk.signer, "signer", "answer", "0", "--out", desk.path("b.response"), "--json")
    assert inside(*asked).fields["error"]["hint"] == "The log holds no answer yet."
    entry = desk.sign().fields["entry"]["index"]
    assert inside(*asked).fields["error"]["hint"] == f"The newest answers are entries {entry}."


@pytest.mark.parametrize("content", [b"", b"\n", b"0x", b"0x0", b"not hex"])
def test_a_file_without_an_evm_transaction_becomes_no_request(paired: Desk, content: bytes) -> None:
    paired.path("tx").write_bytes(content)
    files = ("--evm", paired.path("tx"), "--travel-rule", paired.record, "-o", paired.path("evm.request"))
    asked = inside("--home", paired.coordinator, "coordinator", "request", "--account", "treasury", *files, "--json")
    assert (asked.exit, asked.code) == (4, "EVM-TEXT")
    assert not paired.path("evm.request").exists()
