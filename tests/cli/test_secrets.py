"""No secret and no customer's name in any output, in any file of the log, in any argument or environment."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import ceremonies
import psbts
import pytest
from desk import AT, PROGRAM, Desk, Ended, inside

from custody.bitcoin.account import Account
from custody.chains import REGTEST
from custody.vault.sealed import open_sealed, open_with_passphrase
from custody.vault.secrets import OfficerSecret, SeedSecret

NAMES = ("Tanaka", "Hanako", "Smith", "Marunouchi")
SECRETS = (
    ceremonies.PASSPHRASE,
    "mistyped horse battery",
    ceremonies.WORDS,
    "abandon abandon",
    psbts.SEED.hex(),
    "tprv",
    "xprv",
)


def everything(desk: Desk) -> Iterator[Ended]:
    """What is told by commands that end well and that do not, with and without --json."""
    home, office = ("--home", desk.signer), ("--home", desk.coordinator)
    yield desk.pair()
    wrong = ceremonies.secrets_file(desk.folder, officers=[{"name": "Sato", "passphrase": "mistyped horse battery"}])
    yield desk.sign("a.response", secrets=wrong)
    desk.secrets = ceremonies.secrets_file(desk.folder)
    yield desk.sign("a.response", confirm="0000-0000")
    yield desk.sign("a.response")
    yield desk.receive(desk.path("a.response"))
    yield inside(*home, "signer", "account", "list", "--json")
    yield inside(*home, "signer", "status", "--json")
    yield inside(*home, "signer", "answer", 7, "--out", desk.path("b.response"), "--json")
    yield inside(*home, "signer", "freeze", "--confirm", "0000-0000", "--secrets", desk.secrets, *AT, "--json")
    yield inside(*home, "signer", "freeze", "--show", *AT, "--json")
    for content in (b"not json", b"{", b'{"mnemonic": "' + ceremonies.WORDS.encode() + b'"}'):
        desk.path("bad.json").write_bytes(content)
        yield inside(
            "--home", desk.path("x"), "signer", "init", "--rehearsal", "--secrets", desk.path("bad.json"), "--json"
        )
    bad_words = ceremonies.secrets_file(desk.folder, mnemonic="abandon abandon zoo " * 4)
    yield inside("--home", desk.path("x"), "signer", "init", "--rehearsal", "--secrets", bad_words, "--json")
    desk.record.write_text(desk.record.read_text().replace('"LEGL"', '"Tanaka"'))
    yield desk.ask("bent.request")
    yield inside(*office, "coordinator", "show", desk.request, "--out", desk.path("r.txt"), "--json")
    yield inside("audit", "verify", "--log", desk.signer, "--json")


def test_no_secret_and_no_customer_in_any_output(desk: Desk) -> None:
    told = list(everything(desk))
    assert {one.exit for one in told} >= {0, 2, 4, 5, 6}
    for one in told:
        for secret in SECRETS:
            assert secret not in one.stdout + one.stderr, one
        if "PAYS" not in one.stderr:
            assert not [name for name in NAMES if name in one.stderr], one
        assert not [name for name in NAMES if name in one.stdout], one


def test_no_secret_and_no_customer_in_the_files_of_log_and_coordinator(desk: Desk) -> None:
    list(everything(desk))
    files = [*(desk.signer / "log").iterdir(), desk.coordinator / "home.json", desk.signer / "accounts.json"]
    for path in files:
        content = path.read_bytes()
        for secret in (*SECRETS, *NAMES):
            assert secret.encode() not in content, path.name


def test_the_seed_lies_nowhere_in_the_clear(desk: Desk) -> None:
    """The entropy of the test words is sixteen zero bytes, so another home with random words is searched."""
    home = desk.path("other")
    made = inside("--home", home, "signer", "init", "--rehearsal", "--secrets", _without_words(desk), "--json")
    assert made.exit == 0
    opened = _entropy(home)
    assert len(opened) == 32
    for path in home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert opened not in content
            assert opened.hex().encode() not in content


def _without_words(desk: Desk) -> Path:
    path = desk.path("no-words.json")
    path.write_text('{"officers": [{"name": "Sato", "passphrase": "p"}], "threshold": 1}')
    return path


def _entropy(home: Path) -> bytes:
    officer = OfficerSecret.parse(open_with_passphrase((home / "officers/00.sealed").read_bytes(), "p"))
    return SeedSecret.parse(open_sealed((home / "seed.sealed").read_bytes(), officer.seed_key)).entropy


def test_no_process_of_a_signing_carries_a_secret_in_arguments_or_environment(desk: Desk) -> None:
    """Looked at from outside while it runs: the command, and the process that holds the key."""
    read_end, write_end = os.pipe()
    os.write(write_end, ceremonies.PASSPHRASE.encode() + b"\n")
    os.close(write_end)
    command = ["--home", desk.signer, "signer", "sign", desk.request, "--out", desk.path("a.response"), *AT]
    given = [PROGRAM, *map(str, command), "--confirm", desk.code, "--passphrase-fd", str(read_end)]
    seen: set[bytes] = set()
    with subprocess.Popen(given, pass_fds=(read_end,), stderr=subprocess.DEVNULL, start_new_session=True) as child:
        watcher = threading.Thread(target=_watch, args=(child, seen))
        watcher.start()
        assert child.wait(60) == 0
        watcher.join()
    os.close(read_end)
    told = b"\n".join(seen)
    assert b"key_child" in told
    for secret in (ceremonies.PASSPHRASE, "abandon", "Tanaka"):
        assert secret.encode() not in told


def _watch(child: "subprocess.Popen[bytes]", seen: set[bytes]) -> None:
    while child.poll() is None:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if os.getpgid(int(process.name)) == child.pid:
                    seen.add((process / "cmdline").read_bytes())
                    seen.add((process / "environ").read_bytes())
            except OSError:
                continue
        time.sleep(0.002)


@pytest.mark.parametrize("branch", [0, 1])
def test_what_a_coordinator_learns_can_watch_and_not_spend(desk: Desk, branch: int) -> None:
    paired = desk.pair().fields["accounts"][0]
    watching = Account.parse(paired["name"], REGTEST, paired["descriptor"])
    assert watching.address(branch, 5) == psbts.TREASURY.address(branch, 5)
    assert "prv" not in paired["descriptor"]
