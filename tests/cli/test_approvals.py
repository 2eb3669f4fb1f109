"""Who makes and who approves a request, signed by real keys of gpg through the real program."""

import hashlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import evm
import openpgp
import psbts
import pytest
import rosters
from desk import Desk, Ended, environment, inside, program
from openpgp import key
from terminal import at_the_terminal

from custody.chains import ETHEREUM
from custody.edge.gpg import JailedGpg
from custody.evm.tokens import TokenRegistry
from custody.judgement import payment
from custody.officers.approval import Approvals, approval_text, check_approvals
from custody.officers.roster import Roster
from custody.wire.export import DeviceExport, ExportedAccount
from custody.wire.request import MAX_APPROVALS, Approval, WithdrawalRequest

REVIEWED = TokenRegistry()
PEOPLE = ("Tanaka", "Ito", "Chiba")


@pytest.fixture(autouse=True)
def own_gpg(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's own keys are those of the tests."""
    monkeypatch.setenv("GNUPGHOME", str(openpgp.keyring().home))


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Iterator[openpgp.Keyring]:
    """A keyring of one's own, which the test may change."""
    own = openpgp.Keyring()
    monkeypatch.setenv("GNUPGHOME", str(own.home))
    yield own
    own.close()


@pytest.fixture
def asked(paired: Desk) -> Desk:
    """A paired desk with a request that Tanaka answers for."""
    make(paired, key("Tanaka"))
    return paired


def make(desk: Desk, maker: str) -> None:
    made = desk.ask("made.request", options=("--maker", maker, "--force"))
    assert made.exit == 0, made.stderr
    desk.request = desk.path("made.request")


def request(desk: Desk) -> WithdrawalRequest:
    return WithdrawalRequest.parse(desk.request.read_bytes())


def run(desk: Desk, command: str, *options: object, by: Any = inside) -> Ended:
    ended: Ended = by("--home", desk.coordinator, "coordinator", command, desk.request, *options, "--json")
    return ended


def approve(desk: Desk, name: str, *options: object, by: Any = inside) -> Ended:
    """One of the people signs with the own key."""
    return run(desk, "approve", "--key", key(name), *options, by=by)


def elsewhere(desk: Desk, name: str, *options: str, more: bytes = b"") -> Path:
    """A signature of the approval text that plain gpg made; ``more`` stands at the end of what it signed."""
    text, signature = desk.path("text"), desk.path("text.sig")
    assert run(desk, "approval-text", "--by", key(name), "-o", text).exit == 0
    text.write_bytes(text.read_bytes() + more)
    gpg("--local-user", key(name), *options, "--output", signature, "--detach-sign", text)
    return signature


def judged(desk: Desk, *people: str) -> Approvals:
    """What a signer with these people's certificates in its roster makes of the request."""
    rows = [
        (name, role, organisation, openpgp.certificate(name) if name in people else certificate)
        for name, role, organisation, certificate in rosters.PEOPLE
    ]
    found = request(desk)
    facts = payment(found, psbts.TREASURY).review(REVIEWED)
    with JailedGpg() as verifier:
        return check_approvals(found, facts, Roster.parse(rosters.roster_toml(rows)), verifier, int(time.time()))


def gpg(*arguments: object) -> None:
    subprocess.run(["gpg", "--batch", "--yes", *map(str, arguments)], check=True, capture_output=True)


def test_maker_and_approvers_sign_with_their_own_gpg_and_the_signer_counts_them(paired: Desk) -> None:
    spelled = " ".join(key("Tanaka")[start : start + 4] for start in range(0, 40, 4)).lower()
    make(paired, spelled)
    before = request(paired)
    assert before.maker == key("Tanaka")
    for name, verdict in (("Tanaka", "make"), ("Ito", "approve"), ("Chiba", "approve")):
        ended = approve(paired, name, by=program)
        assert ended.exit == 0, ended.stderr
        assert (ended.fields["by"], ended.fields["verdict"], ended.fields["checked"]) == (key(name), verdict, True)
    assert [row["by"] for row in ended.fields["signed"]] == [key("Tanaka"), key("Ito"), key("Chiba")]
    after = request(paired)
    assert replace(after, approvals=()) == before
    assert after.digest == before.digest
    found = judged(paired, "Tanaka", "Ito", "Chiba")
    assert found.denials == ()
    assert [person.name for person in found.people] == ["Ito", "Chiba"]


def test_the_text_is_told_before_the_key_signs_it_and_what_is_missing_after(asked: Desk) -> None:
    told = approve(asked, "Ito").stderr
    assert f"signer: {key('Ito')}\n" in told
    assert "pays: 0.00060000 rBTC" in told
    assert f"Not signed yet by its maker, {key('Tanaka')}" in told
    assert "(the maker)" in approve(asked, "Tanaka").stderr


@pytest.mark.parametrize("armor", [(), ("--armor",)])
def test_plain_gpg_signs_the_text_on_any_computer(asked: Desk, armor: tuple[str, ...]) -> None:
    ended = run(asked, "approve", "--signature", elsewhere(asked, "Ito", *armor), "--by", key("Ito"))
    assert (ended.exit, ended.fields["checked"]) == (0, True)
    approve(asked, "Tanaka")
    assert judged(asked, "Tanaka", "Ito").denials == ()


def test_the_text_is_printed_exactly(asked: Desk) -> None:
    facts = payment(request(asked), psbts.TREASURY).review(REVIEWED)
    expected = approval_text(request(asked), facts, key("Ito"), "reject").decode("ascii")
    command = ("coordinator", "approval-text", asked.request, "--by", key("Ito"), "--reject")
    assert program("--home", asked.coordinator, *command).stdout == expected
    fields = run(asked, "approval-text", "--by", key("Ito"), "--reject", "-o", asked.path("text")).fields
    assert (fields["text"], fields["verdict"]) == (expected, "reject")
    assert asked.path("text").read_bytes() == expected.encode()
    assert fields["sha256"] == hashlib.sha256(expected.encode()).hexdigest()


def test_signing_again_replaces_ones_own_signature(asked: Desk) -> None:
    approve(asked, "Tanaka")
    approve(asked, "Ito")
    first = request(asked).approvals
    time.sleep(1)
    assert approve(asked, "Tanaka").exit == 0
    second = request(asked).approvals
    assert [one.by for one in second] == [key("Tanaka"), key("Ito")]
    assert second[1] == first[1]
    assert second[0].signature != first[0].signature


def test_more_approvals_than_a_request_holds_are_refused(asked: Desk) -> None:
    full = tuple(Approval(f"{number:040X}", "approve", b"none") for number in range(MAX_APPROVALS))
    asked.request.write_bytes(replace(request(asked), approvals=full).serialize())
    ended = approve(asked, "Ito")
    assert (ended.exit, ended.code) == (4, "WIRE-LIMIT")
    assert request(asked).approvals == full


def test_a_no_stands_beside_a_yes_and_is_told(asked: Desk) -> None:
    approve(asked, "Tanaka")
    approve(asked, "Ito")
    ended = approve(asked, "Ito", "--reject")
    assert [row["verdict"] for row in ended.fields["signed"]] == ["make", "approve", "reject"]
    assert "Somebody has rejected it" in ended.stderr
    assert judged(asked, "Tanaka", "Ito").rejected


@pytest.mark.parametrize(
    ("options", "exit_code", "code"),
    [
        ((), 2, "SIGNING-OPTIONS"),
        (("--by", "Ito"), 2, "SIGNING-OPTIONS"),
        (("--key", "Ito", "--by", "Ito"), 2, "SIGNING-OPTIONS"),
        (("--signature", "text.sig"), 2, "SIGNING-OPTIONS"),
        (("--key", "Ito", "--signature", "text.sig"), 2, "SIGNING-OPTIONS"),
        (("--key", "nobody"), 2, "FINGERPRINT-FORM"),
        (("--key", "short"), 2, "FINGERPRINT-FORM"),
        (("--signature", "text.sig", "--by", "0xIto"), 2, "FINGERPRINT-FORM"),
        (("--key", "A" * 40), 2, "KEYRING-KEY"),
        (("--key", "Tanaka", "--reject"), 2, "APPROVAL-MAKER-REJECTS"),
        (("--signature", "none.sig", "--by", "Ito"), 4, "FILE-MISSING"),
        (("--signature", "text.sig", "--by", "Chiba"), 7, "OPENPGP-INVALID"),
        (("--signature", "text.sig", "--by", "Ito", "--reject"), 7, "OPENPGP-INVALID"),
        (("--signature", "text", "--by", "Ito"), 7, "OPENPGP-FORM"),
    ],
)
def test_what_is_no_signature_of_this_changes_nothing(
    asked: Desk, options: tuple[str, ...], exit_code: int, code: str
) -> None:
    elsewhere(asked, "Ito")
    before = asked.request.read_bytes()
    files = {name: asked.path(name) for name in ("text", "text.sig", "none.sig")}
    ended = run(asked, "approve", *(key(one) if one in PEOPLE else files.get(one, one) for one in options))
    assert (ended.exit, ended.code) == (exit_code, code)
    assert asked.request.read_bytes() == before


def test_an_editors_line_end_is_another_text(asked: Desk) -> None:
    signature = elsewhere(asked, "Ito", more=b"\n")
    assert run(asked, "approve", "--signature", signature, "--by", key("Ito")).code == "OPENPGP-INVALID"


def test_a_request_without_a_maker_is_not_approved(paired: Desk) -> None:
    assert paired.ask("made.request").exit == 0
    paired.request = paired.path("made.request")
    ended = approve(paired, "Ito")
    assert (ended.exit, ended.code) == (2, "APPROVAL-MAKER-NONE")
    assert "--maker" in ended.stderr


@pytest.mark.parametrize("maker", ["Tanaka", "A" * 39, "A" * 41, "g" * 40])
def test_a_maker_is_named_by_a_fingerprint(paired: Desk, maker: str) -> None:
    ended = paired.ask("made.request", options=("--maker", maker))
    assert (ended.exit, ended.code) == (2, "FINGERPRINT-FORM")
    assert not paired.path("made.request").exists()


def test_a_request_of_another_network_than_the_accounts(asked: Desk) -> None:
    asked.request.write_bytes(replace(request(asked), chain_id="eip155:1").serialize())
    ended = approve(asked, "Ito")
    assert (ended.exit, ended.code) == (7, "APPROVAL-CHAIN")


# Keys of other kinds, and gpg as people have set it up.


def test_a_subkey_signs_in_its_certificates_name(paired: Desk, keyring: openpgp.Keyring) -> None:
    primary = keyring.make("Tanaka", usage="cert")
    first, second = (keyring.add_subkey(primary, at=openpgp.BORN + when) for when in (1, 2))
    make(paired, primary)
    for signing, issuer in ((primary, second), (first, first), (second, second)):
        ended = run(paired, "approve", "--key", signing)
        assert (ended.exit, ended.fields["by"], ended.fields["checked"]) == (0, primary, True)
        (made,) = request(paired).approvals
        assert bytes.fromhex(issuer) in made.signature


def test_the_fingerprint_of_a_subkey_names_nobody(paired: Desk, keyring: openpgp.Keyring) -> None:
    primary = keyring.make("Tanaka", usage="cert")
    subkey = keyring.add_subkey(primary)
    make(paired, key("Tanaka"))
    run(paired, "approval-text", "--by", subkey, "-o", paired.path("text"))
    gpg("--output", paired.path("text.sig"), "--detach-sign", paired.path("text"))
    ended = run(paired, "approve", "--signature", paired.path("text.sig"), "--by", subkey)
    assert (ended.exit, ended.code) == (2, "FINGERPRINT-SUBKEY")
    assert primary in ended.stderr


def test_settings_of_a_persons_gpg_do_not_change_what_is_made(paired: Desk, keyring: openpgp.Keyring) -> None:
    fingerprint = keyring.make("Tanaka", "nistp384")
    (keyring.home / "gpg.conf").write_text("armor\ntextmode\ndigest-algo SHA1\nexpert\n")
    make(paired, fingerprint)
    assert run(paired, "approve", "--key", fingerprint).fields["checked"] is True


def test_a_second_signer_in_a_persons_settings_is_found(paired: Desk, keyring: openpgp.Keyring) -> None:
    fingerprint, other = keyring.make("Tanaka"), keyring.make("Other")
    (keyring.home / "gpg.conf").write_text(f"local-user {other}\n")
    make(paired, fingerprint)
    assert run(paired, "approve", "--key", fingerprint).code == "OPENPGP-FORM"


@pytest.mark.parametrize(("typed", "exit_code"), [("yes", 0), ("no", 6), ("y", 6)])
def test_at_a_terminal_a_key_signs_what_the_person_said_yes_to(asked: Desk, typed: str, exit_code: int) -> None:
    """These keys ask for no PIN, as those do whose agent remembers it."""
    command = ("--home", asked.coordinator, "coordinator", "approve", asked.request, "--key", key("Ito"))
    with at_the_terminal(*command) as terminal:
        terminal.wait_for("verdict: approve")
        assert request(asked).approvals == ()
        terminal.answer("To sign exactly this", typed)
        assert terminal.end() == exit_code
    assert [one.by for one in request(asked).approvals] == ([key("Ito")] if exit_code == 0 else [])


def test_at_a_small_terminal_the_text_is_read_page_by_page(asked: Desk) -> None:
    command = ("--home", asked.coordinator, "coordinator", "approve", asked.request, "--key", key("Ito"))
    with at_the_terminal(*command, rows=8) as terminal:
        terminal.wait_for("-- page 1 of")
        assert "To sign exactly this" not in terminal.told
        assert terminal.interrupt() == 6
    assert request(asked).approvals == ()


def test_a_weak_key_is_told_before_it_signs(paired: Desk, keyring: openpgp.Keyring) -> None:
    fingerprint = keyring.make("Tanaka", "rsa2048")
    make(paired, fingerprint)
    ended = run(paired, "approve", "--key", fingerprint)
    assert (ended.exit, ended.code) == (7, "OPENPGP-KEY-WEAK")


def test_a_key_whose_secret_is_elsewhere_signs_nothing(asked: Desk, keyring: openpgp.Keyring) -> None:
    keyring.gpg("--import", octets=openpgp.certificate("Ito"))
    ended = approve(asked, "Ito")
    assert (ended.exit, ended.code) == (6, "KEYRING-UNSIGNED")
    assert "gpg: signing failed" in ended.stderr


def locked(keyring: openpgp.Keyring, answer: str, also: str = "true") -> str:
    """A key with a passphrase, in the hands of an agent that asks this for it, instead of a window."""
    script = keyring.home / "pinentry"
    script.write_text(
        f"""#!/bin/sh
echo OK ready
while read -r word rest; do
    case "$word" in
    GETPIN) {also}; {answer} ;;
    BYE) echo OK; exit ;;
    *) echo OK ;;
    esac
done
"""
    )
    script.chmod(0o700)
    # Before the agent starts; it must not remember what it was told when the key was made.
    (keyring.home / "gpg-agent.conf").write_text(f"pinentry-program {script}\ndefault-cache-ttl 0\nmax-cache-ttl 0\n")
    return keyring.make("Tanaka", extra=("--passphrase", "words"))


def test_the_persons_own_pinentry_asks_for_the_passphrase(paired: Desk, keyring: openpgp.Keyring) -> None:
    asked_for = keyring.home / "asked"
    own = locked(keyring, "echo D words; echo OK", also=f"touch {asked_for}")
    make(paired, own)
    ended = run(paired, "approve", "--key", own, by=program)
    assert ended.exit == 0, ended.stderr
    assert ended.fields["checked"] is True
    assert asked_for.exists()


def test_a_person_who_gives_no_pin_signs_nothing(paired: Desk, keyring: openpgp.Keyring) -> None:
    own = locked(keyring, "echo ERR 83886179 cancelled")
    make(paired, own)
    before = paired.request.read_bytes()
    ended = run(paired, "approve", "--key", own, by=program)
    assert (ended.exit, ended.code) == (6, "KEYRING-UNSIGNED")
    assert paired.request.read_bytes() == before


def test_a_file_that_is_another_request_by_the_time_of_the_pin(paired: Desk, keyring: openpgp.Keyring) -> None:
    swap = f"cp {paired.path('other.request')} {paired.path('made.request')}"
    own = locked(keyring, "echo D words; echo OK", also=swap)
    make(paired, own)
    assert paired.ask("other.request", options=("--maker", own)).exit == 0
    ended = run(paired, "approve", "--key", own)
    assert (ended.exit, ended.code) == (7, "APPROVAL-CHANGED")
    assert request(paired).approvals == ()


def test_without_gpg_a_signature_is_taken_and_not_checked(asked: Desk, tmp_path: Path) -> None:
    signature = elsewhere(asked, "Ito")
    (tmp_path / "bin").mkdir()
    nothing = environment(PATH=str(tmp_path / "bin"))
    own = approve(asked, "Ito", by=partial(program, env=nothing))
    assert (own.exit, own.code) == (5, "OPENPGP-UNAVAILABLE")
    brought = run(asked, "approve", "--signature", signature, "--by", key("Ito"), by=partial(program, env=nothing))
    assert (brought.exit, brought.fields["checked"]) == (0, False)
    assert "not verified here" in brought.stderr


def test_of_a_stranger_only_the_form_is_checked(asked: Desk, keyring: openpgp.Keyring) -> None:
    assert not keyring.gpg("--list-keys")
    asked.path("text.sig").write_bytes(openpgp.signature("Ito", b"something else"))
    ended = run(asked, "approve", "--signature", asked.path("text.sig"), "--by", key("Ito"))
    assert (ended.exit, ended.fields["checked"]) == (0, False)
    assert [reason.code for reason in judged(asked, "Ito").denials][-1] == "APPROVAL-SIGNATURE"


# Tokens.


@pytest.fixture
def token_request(paired: Desk) -> Desk:
    """A request that pays a token from an account on Ethereum."""
    device = DeviceExport.parse(next(paired.folder.glob("export-*")).read_bytes())
    account = ExportedAccount("ethereum", ETHEREUM.chain_id, evm.TREASURY.descriptor)
    paired.path("more.account").write_bytes(replace(device, accounts=(*device.accounts, account)).serialize())
    assert inside("--home", paired.coordinator, "coordinator", "pair", paired.path("more.account")).exit == 0
    paired.path("tx").write_text(f"0x{evm.TOKEN_PAYMENT.serialize().hex()}")
    files = ("--evm", paired.path("tx"), "--travel-rule", paired.record, "-o", paired.path("evm.request"))
    command = ("coordinator", "request", "--account", "ethereum", *files, "--maker", key("Tanaka"))
    assert inside("--home", paired.coordinator, *command).exit == 0
    paired.request = paired.path("evm.request")
    return paired


def test_a_payment_of_a_token_is_approved_with_the_registry_that_names_it(token_request: Desk) -> None:
    without = run(token_request, "approval-text", "--by", key("Ito"))
    assert (without.exit, without.code) == (3, "EVM-TOKEN-UNKNOWN")
    assert "--tokens" in without.stderr
    registry = token_request.path("tokens.toml")
    registry.write_bytes(evm.REGISTRY)
    assert " USDC (" in run(token_request, "approval-text", "--by", key("Ito"), "--tokens", registry).fields["text"]
    bundled = token_request.path("tokens.bundle")
    bundled.write_bytes(rosters.bundle("tokens", evm.REGISTRY).content)
    assert approve(token_request, "Ito", "--tokens", bundled).exit == 0
