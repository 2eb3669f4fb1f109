"""`custody signer`: the offline machine."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from custody import ceremony, screen
from custody.audit.entry import rfc3339
from custody.chains import chain
from custody.cli import home_folder
from custody.codec.canonical_json import Json
from custody.edge import founding, home
from custody.edge.clock import parse_time, unix_time
from custody.edge.disk import write_atomic
from custody.edge.entropy import kernel_random
from custody.edge.founding import Founders
from custody.edge.home import MAX_FILE, SignerHome
from custody.edge.inputs import read_input
from custody.edge.key_process import KeyProcess
from custody.edge.terminal import Terminal, ask, ask_secret, read_line, say, show
from custody.errors import CustodyError, HomeError, TransactionError, UsageError
from custody.families import TYPES, Account, account_type, first_addresses, parse_account
from custody.judgement import Judgement
from custody.vault import entropy, mnemonic
from custody.wire import export, request, response

FIRST_ADDRESSES = 5

_at = click.option("--at", metavar="TIME", help="Rehearsal homes only: the time, as 2026-11-23T09:30:00Z.")
_passphrase_fd = click.option("--passphrase-fd", type=int, metavar="N", help="Read the passphrase from descriptor N.")
_secrets = click.option("--secrets", type=click.Path(path_type=Path), help="Rehearsal homes only: words and officers.")
_force = click.option("--force", is_flag=True, help="Replace what is at the destination.")


@click.group()
def signer() -> None:
    """The offline machine: keys, review, signing, log."""


@signer.command("init")
@click.option("--rehearsal", is_flag=True, help="Keys for practice; test networks only. Cannot be changed later.")
@click.option("--restore", is_flag=True, help="From the words of an existing seed.")
@click.option("--words", type=click.Choice(["12", "24"]), default="24", help="Words of a new seed.")
@click.option("--officer", help="Name of the officer who holds the passphrase.")
@click.option("--policy", type=click.Path(path_type=Path), help="Policy to pin (TOML). Without one, all is denied.")
@click.option("--list", "flagged", type=click.Path(path_type=Path), help="Flagged addresses to pin, one a line.")
@click.option("--tokens", type=click.Path(path_type=Path), help="Token registry to pin (TOML), for EVM accounts.")
@_secrets
@_passphrase_fd
@_at
def init(
    rehearsal: bool,
    words: str,
    policy: Path | None,
    flagged: Path | None,
    tokens: Path | None,
    at: str | None,
    **options: Any,
) -> dict[str, Json]:
    """Makes the keys of this device: a seed, a log key, and the rules pinned from the first day."""
    if not rehearsal and (options["secrets"] or at):
        raise _rehearsal_only()
    folder = home_folder("signer")
    home.check_free(folder)
    rules = [read_input(path, MAX_FILE) if path else None for path in (policy, flagged, tokens)]
    founders = _founders(**options)
    seed_entropy = _seed_entropy(founders, mnemonic.WORDS[int(words)], rehearsal=rehearsal)
    new = founding.found(
        founders,
        seed_entropy,
        rehearsal=rehearsal,
        policy=rules[0],
        flagged=rules[1],
        tokens=rules[2],
        random=kernel_random,
    )
    home.make(folder, new, _now(at))
    log_key = str(new.secrets.log_key(new.header.origin).verifier)
    say(f"Home made at {folder}.")
    say(f"Write down the log key; auditors check the log with it:\n  {log_key}")
    if policy is None:
        say("No policy is pinned: every request will be denied (POLICY-NONE).")
    return {
        "master_fingerprint": new.master_fingerprint,
        "log_origin": new.header.origin,
        "log_key": log_key,
        "rehearsal": rehearsal,
    }


def _founders(*, restore: bool, officer: str | None, secrets: Path | None, passphrase_fd: int | None) -> Founders:
    if secrets:
        return Founders.parse(read_input(secrets, founding.MAX_SECRETS))
    name = founding.check_officer(officer or ask("Name of the officer"))
    words_typed = ask_secret("The 12 or 24 words, in one line") if restore else None
    if words_typed:
        mnemonic.entropy_of(words_typed)
    passphrase = _passphrase(passphrase_fd, f"Passphrase of {name}", twice=True)
    return Founders(name, passphrase, words_typed)


def _seed_entropy(founders: Founders, size: int, *, rehearsal: bool) -> bytes:
    if founders.words is not None:
        return mnemonic.entropy_of(founders.words)
    if rehearsal:
        return kernel_random(size)
    typed = ask(f"Roll a die {entropy.MIN_ROLLS} times or more, or hit {entropy.MIN_CHARACTERS} keys at random")
    mixed = entropy.mix(kernel_random(64), typed, size)
    _show_words(mnemonic.from_entropy(mixed))
    return mixed


def _show_words(words: str) -> None:
    """The only time the words are shown; three of them are asked back."""
    if not sys.stderr.isatty():
        raise UsageError("INIT-TERMINAL", "New words are shown on a terminal only.", "Run init at the device itself.")
    numbered = list(enumerate(words.split(), 1))
    say("\nWrite these words on paper. They are not shown again, and whoever has them has the coins.\n")
    for row in range(0, len(numbered), 4):
        say("   ".join(f"{number:>2} {word:<9}" for number, word in numbered[row : row + 4]))
    say()
    for choice in kernel_random(3):
        number, word = numbered[choice % len(numbered)]
        while ask(f"Word {number}").strip().lower() != word:
            say("That is not the word on this screen.")
    click.clear()


@signer.group("account")
def account() -> None:
    """Registered accounts."""


@account.command("add")
@click.argument("name")
@click.option("--type", "script_type", type=click.Choice(TYPES), required=True)
@click.option(
    "--chain", "chain_name", required=True, metavar="CHAIN", help="bitcoin, testnet, signet, regtest or CAIP-2."
)
@click.option("--index", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@_secrets
@_passphrase_fd
@_at
def add(name: str, script_type: str, chain_name: str, index: int, at: str | None, **unlocking: Any) -> dict[str, Json]:
    """Registers an account by the descriptor derived from the seed."""
    network = chain(chain_name)
    with _open_home(at) as opened, _unlock(opened, **unlocking) as key:
        descriptor = key.descriptor(network.chain_id, index)
        registered = parse_account(name, network, descriptor)
        if account_type(registered) != script_type:
            raise UsageError("ACCOUNT-TYPE", f"An account on {network.alias} is of type {account_type(registered)}.")
        opened.add_account(registered, _now(at))
    return _shown(registered)


@account.command("list")
def list_accounts() -> dict[str, Json]:
    """The registered accounts."""
    with _open_home(None) as opened:
        for one in opened.installed.accounts:
            say(f"{one.name:<20} {one.chain.alias:<8} {one.descriptor}")
        return {"accounts": [_brief(one) for one in opened.installed.accounts]}


@account.command("show")
@click.argument("name")
def show_account(name: str) -> dict[str, Json]:
    """One account and its first addresses."""
    with _open_home(None) as opened:
        return _shown(_registered(opened, name))


@account.command("export")
@click.argument("name", required=False)
@click.option("--format", "form", type=click.Choice(["custody", "descriptor"]), default="custody", show_default=True)
@click.option("--out", required=True, metavar="DEST", help="screen, F.gif, F.txt, file:F or a folder.")
@_force
def export_account(name: str | None, form: str, out: str, force: bool) -> dict[str, Json]:
    """What the coordinator needs: accounts, log key and checkpoint; or one descriptor as text."""
    from custody.edge.frames import write_dest
    from custody.qr.ur import Message

    with _open_home(None) as opened:
        chosen = (_registered(opened, name),) if name else opened.installed.accounts
        if form == "descriptor":
            return _export_descriptor(chosen, out, force=force)
        frames = write_dest(Message(export.UR_TYPE, _device_export(opened, chosen).serialize()), out, force=force)
        return {"accounts": [_brief(one) for one in chosen], "frames": frames}


def _export_descriptor(chosen: tuple[Account, ...], out: str, *, force: bool) -> dict[str, Json]:
    if len(chosen) != 1:
        raise UsageError("EXPORT-ACCOUNT", "Name the account whose descriptor to export.")
    if out == "screen":
        say(chosen[0].descriptor)
    else:
        path = Path(out.removeprefix("file:"))
        if path.exists() and not force:
            raise UsageError("DEST-EXISTS", f"{path.name} exists already.", "Choose another name, or --force.")
        write_atomic(path, chosen[0].descriptor.encode() + b"\n", mode=0o644)
    return _brief(chosen[0])


def _device_export(opened: SignerHome, chosen: tuple[Account, ...]) -> export.DeviceExport:
    return export.DeviceExport(
        origin=opened.header.origin,
        log_key=str(opened.log.verifier),
        checkpoint=opened.log.checkpoint,
        policy_sequence=opened.installed.sequence,
        list_sequence=opened.installed.sequence,
        accounts=tuple(export.ExportedAccount(one.name, one.chain.chain_id, one.descriptor) for one in chosen),
    )


@signer.command("review")
@click.argument("source")
@_at
def review(source: str, at: str | None) -> dict[str, Json]:
    """Judges a request and shows why. Logs nothing, needs no passphrase."""
    message = _read_request(source)
    with _open_home(at) as opened:
        judgement, code = ceremony.review(message, opened, _now(at))
        rehearsal = opened.header.rehearsal
    show(screen.lines(judgement, rehearsal=rehearsal))
    fields = _judgement_fields(judgement)
    if code is None:
        raise TransactionError("REFUSED", "This request would be refused.", _remedy(judgement), fields)
    say(f"\nTo sign exactly this, the officer types:  {code}")
    return {**fields, "confirmation": code}


@signer.command("sign")
@click.argument("source")
@click.option("--out", required=True, metavar="DEST", help="screen, F.gif, F.txt, file:F or a folder.")
@click.option("--confirm", metavar="CODE", help="Rehearsal homes only: the confirmation code.")
@_secrets
@_passphrase_fd
@_at
@_force
def sign(source: str, out: str, confirm: str | None, at: str | None, force: bool, **unlocking: Any) -> dict[str, Json]:
    """The ceremony: review, decision, confirmation, signature, log, answer."""
    from custody.edge.frames import check_dest

    check_dest(out, force=force)
    message = _read_request(source)
    with _open_home(at) as opened:
        if confirm and not opened.header.rehearsal:
            raise _rehearsal_only()
        officers = Terminal(opened.officers[0], opened.header.rehearsal, confirm)
        outcome = ceremony.sign(message, opened, officers, lambda _: _unlock(opened, **unlocking), _now(at))
        checkpoint = opened.log.checkpoint
        rehearsal = opened.header.rehearsal
    _show_answer(outcome, out, force=force)
    fields: dict[str, Json] = {
        "status": outcome.status,
        "request": outcome.response.answer.request.hex(),
        "entry": {"index": outcome.entry.index, "leaf": outcome.entry.leaf_hash.hex()},
        "checkpoint": checkpoint,
    }
    if outcome.status == "refused" and outcome.judgement:
        show(screen.lines(outcome.judgement, rehearsal=rehearsal))
        fields = _judgement_fields(outcome.judgement) | fields
        raise TransactionError("REFUSED", "The request was refused, logged and answered.", "", fields)
    say(f"{outcome.status}: log entry {outcome.entry.index}; the answer is at {out}")
    return fields


def _show_answer(outcome: ceremony.Outcome, out: str, *, force: bool) -> None:
    """Writes the answer. It is in the log already: what fails here loses nothing."""
    from custody.edge.frames import write_dest
    from custody.qr.ur import Message

    try:
        write_dest(Message(response.UR_TYPE, outcome.response.serialize()), out, force=force)
    except CustodyError as error:
        error.hint = f"The answer is safe in the log: custody signer answer {outcome.entry.index} --out DEST"
        raise


@signer.command("answer")
@click.argument("index", type=click.IntRange(0))
@click.option("--out", required=True, metavar="DEST", help="screen, F.gif, F.txt, file:F or a folder.")
@_force
def answer(index: int, out: str, force: bool) -> dict[str, Json]:
    """Shows a stored answer again: no key, no charge."""
    from custody.edge.frames import write_dest
    from custody.qr.ur import Message

    with _open_home(None) as opened:
        stored = ceremony.respond(opened.log, index)
    write_dest(Message(response.UR_TYPE, stored.serialize()), out, force=force)
    return {"status": str(stored.answer.status), "request": stored.answer.request.hex(), "entry": {"index": index}}


@signer.command("status")
def status() -> dict[str, Json]:
    """What this device is, what is installed, and where its log stands."""
    with _open_home(None) as opened:
        last = opened.log.entries[opened.log.size - 1]
        fields = _installed_fields(opened.installed.policy_digest, opened.installed.list_digest)
        fields |= {
            "log_origin": opened.header.origin,
            "log_key": str(opened.log.verifier),
            "log_size": opened.log.size,
            "last_entry": {"kind": last.kind, "time": rfc3339(last.time)},
            "rehearsal": opened.header.rehearsal,
            "officers": list(opened.officers),
            "accounts": [_brief(one) for one in opened.installed.accounts],
        }
        say(f"{opened.header.origin}: {opened.log.size} log entries, the last one {last.kind}, {rfc3339(last.time)}")
        say(f"policy: {_pinned(opened.installed.policy_digest)}; flagged list: {_pinned(opened.installed.list_digest)}")
    return fields


def _pinned(digest: bytes | None) -> str:
    return f"SHA-256 {digest.hex()}" if digest else "none installed"


def _read_request(source: str) -> bytes:
    from custody.edge.frames import read_source

    return read_source(source, expected_types={request.UR_TYPE}).payload


@contextmanager
def _open_home(at: str | None) -> Iterator[SignerHome]:
    with home.opened(home_folder("signer"), _now(at)) as opened:
        if at and not opened.header.rehearsal:
            raise _rehearsal_only()
        yield opened


def _unlock(opened: SignerHome, *, secrets: Path | None, passphrase_fd: int | None) -> KeyProcess:
    if secrets and not opened.header.rehearsal:
        raise _rehearsal_only()
    if secrets:
        passphrase = Founders.parse(read_input(secrets, founding.MAX_SECRETS)).passphrase
    else:
        passphrase = _passphrase(passphrase_fd, f"Passphrase of {opened.officers[0]}")
    return KeyProcess(opened.sealed_seed, passphrase)


def _passphrase(descriptor: int | None, question: str, *, twice: bool = False) -> str:
    if descriptor is None:
        return ask_secret(question, twice=twice)
    try:
        stream = os.fdopen(descriptor, "rb", closefd=False)
    except OSError as error:
        raise UsageError("PASSPHRASE-FD", f"Descriptor {descriptor} cannot be read.") from error
    return read_line(stream)


def _now(at: str | None) -> int:
    return parse_time(at) if at else unix_time()


def _rehearsal_only() -> HomeError:
    return HomeError("REHEARSAL-ONLY", "--secrets, --confirm and --at are for rehearsal homes.")


def _registered(opened: SignerHome, name: str) -> Account:
    found = opened.installed.account(name)
    if found is None:
        raise UsageError("ACCOUNT-UNKNOWN", f"No account {name!r} is registered.", "See: custody signer account list")
    return found


def _brief(one: Account) -> dict[str, Json]:
    return {"name": one.name, "chain": one.chain.chain_id, "type": account_type(one), "descriptor": one.descriptor}


def _shown(one: Account) -> dict[str, Json]:
    addresses = first_addresses(one, FIRST_ADDRESSES)
    say(f"{one.name} on {one.chain.alias}\n  {one.descriptor}")
    for index, address in enumerate(addresses):
        say(f"  address {index}: {screen.grouped(address)}")
    return {**_brief(one), "addresses": list(addresses)}


def _installed_fields(policy: bytes | None, flagged: bytes | None) -> dict[str, Json]:
    return {
        "policy": {"sequence": 0, "digest": policy.hex()} if policy else None,
        "list": {"sequence": 0, "digest": flagged.hex()} if flagged else None,
    }


def _judgement_fields(judgement: Judgement) -> dict[str, Json]:
    facts = judgement.review
    return {
        "request": judgement.request.digest.hex(),
        "chain": judgement.request.chain_id,
        "account": judgement.request.account,
        "kind": judgement.request.kind,
        "outputs": screen.outputs(judgement),
        "fee": str(facts.fee) if facts else None,
        "decision": str(judgement.decision.outcome),
        "reasons": [reason.as_json() for reason in judgement.decision.reasons],
        **_installed_fields(judgement.policy_digest, judgement.list_digest),
    }


def _remedy(judgement: Judgement) -> str:
    return "; ".join(f"{reason.code}: {reason.required}" for reason in judgement.decision.reasons if reason.required)
