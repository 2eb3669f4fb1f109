"""A real home, driven by hand on a terminal: new words, a withdrawal, a restore; and what no real home takes."""

import json
import re
from pathlib import Path
from typing import Any

import ceremonies
import examples
import psbts
import pytest
import regtest
from bip_utils import Bip39SeedGenerator
from desk import AT, inside, program
from terminal import Terminal, at_the_terminal, json_of

from custody.bitcoin.account import Account
from custody.edge import founding, home
from custody.edge.founding import Founders
from custody.vault import sealed

PASSPHRASE = "twelve or more characters"
DICE = "1 6 2 5 3 4 " * 10


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
    (folder / "policy.toml").write_bytes(examples.POLICY)
    (folder / "flagged.txt").write_bytes(examples.FLAGGED_LIST)
    rules = ("--policy", folder / "policy.toml", "--list", folder / "flagged.txt")
    with at_the_terminal("--home", folder / "home", "signer", "init", *rules, "--json") as terminal:
        terminal.answer("Name of the officer", "Sato")
        terminal.answer("Passphrase of Sato", PASSPHRASE)
        terminal.answer("Repeat", PASSPHRASE)
        terminal.answer("Roll a die", DICE)
        words = write_down(terminal)
        assert terminal.end() == 0
    assert PASSPHRASE not in terminal.told
    # The screen is cleared of the words.
    assert "\x1b[2J" in terminal.told.rpartition("Word ")[2]
    return words, json_of(terminal)


def add_account(folder: Path) -> str:
    """The descriptor of a regtest account, registered by hand."""
    add = ("account", "add", "treasury", "--type", "p2wpkh", "--chain", "regtest")
    with at_the_terminal("--home", folder / "home", "signer", *add, "--json") as terminal:
        terminal.answer("Passphrase of Sato", PASSPHRASE)
        assert terminal.end() == 0
    return str(json_of(terminal)["descriptor"])


def ask(folder: Path, account: Account) -> psbts.Coin:
    """A request for a payment of the account, made by a paired coordinator; the coin that it spends."""
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
    return coin


def sign(folder: Path) -> None:
    """The ceremony by hand."""
    command = ("signer", "sign", folder / "w.request", "--out", folder / "answer.response")
    with at_the_terminal("--home", folder / "home", *command) as terminal:
        code = terminal.wait_for(r"Sato types:  ([0-9A-Z]{4}-[0-9A-Z]{4})").group(1)
        terminal.answer("Confirmation code", code.lower())
        terminal.answer("Passphrase of Sato", PASSPHRASE)
        assert terminal.end() == 0
    assert "REHEARSAL" not in terminal.told
    assert PASSPHRASE not in terminal.told


def restore(folder: Path, words: list[str]) -> dict[str, Any]:
    """Another home from the same words."""
    with at_the_terminal("--home", folder / "restored", "signer", "init", "--restore", "--json") as terminal:
        terminal.answer("Name of the officer", "Suzuki")
        terminal.answer("24 words", " ".join(words).upper())
        terminal.answer("Passphrase of Suzuki", PASSPHRASE)
        terminal.answer("Repeat", PASSPHRASE)
        assert terminal.end() == 0
    assert words[5] not in terminal.told.lower().split()
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
    """A real home that took no time to make: its seal is light, and is not opened here."""
    monkeypatch.setattr(sealed, "STRONG", sealed.LIGHT)
    new = founding.found(
        Founders("Sato", PASSPHRASE),
        bytes(16),
        rehearsal=False,
        policy=None,
        flagged=None,
        random=ceremonies.numbered(),
    )
    home.make(tmp_path / "home", new, ceremonies.NOW)
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
    ],
)
def test_a_real_home_takes_no_secret_code_or_time_from_arguments(
    real: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    ceremonies.secrets_file(tmp_path)
    (tmp_path / "w.request").write_bytes(ceremonies.request().serialize())
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


@pytest.mark.parametrize(
    ("typed", "exit_code", "code"),
    [
        (("Sato", "short", "short"), 5, "PASSPHRASE-SHORT"),
        (("Sa\to",), 2, "OFFICER-NAME"),
        (("Sato", PASSPHRASE, PASSPHRASE, "123456"), 2, "ENTROPY-WEAK"),
    ],
)
def test_what_is_unfit_is_refused_before_words_are_written_down(
    tmp_path: Path, typed: tuple[str, ...], exit_code: int, code: str
) -> None:
    questions = ("Name of the officer", "Passphrase of", "Repeat", "Roll a die")
    with at_the_terminal("--home", tmp_path / "home", "signer", "init", "--json") as terminal:
        for question, line in zip(questions, typed, strict=False):
            terminal.answer(question, line)
        assert terminal.end() == exit_code
    assert json_of(terminal)["error"]["code"] == code
    assert "not shown again" not in terminal.told
    assert not (tmp_path / "home").exists()


def test_new_words_are_shown_on_a_terminal_only(tmp_path: Path) -> None:
    lines = f"Sato\n{PASSPHRASE}\n{PASSPHRASE}\n{DICE}\n"
    ended = program("--home", tmp_path / "home", "signer", "init", "--json", input=lines)
    assert (ended.exit, ended.code) == (2, "INIT-TERMINAL")
    assert not (tmp_path / "home").exists()


def test_ctrl_c_while_words_are_asked_back_leaves_no_home(tmp_path: Path) -> None:
    with at_the_terminal("--home", tmp_path / "home", "signer", "init") as terminal:
        terminal.answer("Name of the officer", "Sato")
        terminal.answer("Passphrase of Sato", PASSPHRASE)
        terminal.answer("Repeat", PASSPHRASE)
        terminal.answer("Roll a die", DICE)
        terminal.wait_for(r"Word \d+")
        assert terminal.interrupt() == 6
    assert list(tmp_path.iterdir()) == []
