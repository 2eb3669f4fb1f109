"""`custody signer review`, `sign`, `answer` and `status`."""

from typing import Any

import click

from custody import ceremony, screen
from custody.audit.entry import rfc3339
from custody.audit.log import Log
from custody.cli.signer.account import brief
from custody.cli.signer.opening import (
    at_time,
    destination,
    now,
    open_home,
    passphrase_descriptor,
    replace,
    secrets_file,
    unlock,
)
from custody.codec.canonical_json import Json
from custody.edge.terminal import Terminal, say, show
from custody.errors import Cancelled, CustodyError, TransactionError
from custody.installed import Installed
from custody.judgement import Judgement
from custody.wire import request, response


@click.command("review")
@click.argument("source")
@at_time
def review(source: str, at: str | None) -> dict[str, Json]:
    """Judges a request and shows why. Logs nothing, needs no passphrase."""
    message = _read_request(source)
    with open_home(at) as opened:
        judgement, code = ceremony.review(message, opened, now(at))
        rehearsal = opened.header.rehearsal
    show(screen.lines(judgement, rehearsal=rehearsal))
    fields = _judgement_fields(judgement)
    if code is None:
        raise TransactionError("REFUSED", "This request would be refused.", _remedy(judgement), fields)
    say(f"\nTo sign exactly this, the officer types:  {code}")
    return {**fields, "confirmation": code}


@click.command("sign")
@click.argument("source")
@destination
@click.option("--confirm", metavar="CODE", help="Rehearsal homes only: the confirmation code.")
@secrets_file
@passphrase_descriptor
@at_time
@replace
def sign(source: str, out: str, confirm: str | None, at: str | None, force: bool, **unlocking: Any) -> dict[str, Json]:
    """The ceremony: review, consent, signature, answer."""
    from custody.edge.frames import check_dest

    check_dest(out, force=force)
    message = _read_request(source)
    with open_home(at, confirm, unlocking["secrets"]) as opened:
        officers = Terminal(opened.officers[0], opened.header.rehearsal, confirm)
        try:
            outcome = ceremony.sign(message, opened, officers, lambda _: unlock(opened, **unlocking), now(at))
        except Cancelled as error:
            error.details = _cancelled(opened.log, message)
            raise
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
        remedy = _remedy(outcome.judgement)
        raise TransactionError("REFUSED", "The request was refused, logged and answered.", remedy, fields)
    say(f"{outcome.status}: log entry {outcome.entry.index}; the answer is at {out}")
    return fields


def _cancelled(log: Log, message: bytes) -> dict[str, Json]:
    """What a ceremony that a person stopped leaves: an entry after a wrong code, none when nobody answered."""
    digest, last = request.WithdrawalRequest.parse(message).digest, log.entries[log.size - 1]
    logged = last.kind == "cancelled" and last.request == digest
    return {
        "status": "cancelled",
        "request": digest.hex(),
        "entry": {"index": last.index, "leaf": last.leaf_hash.hex()} if logged else None,
        "checkpoint": log.checkpoint,
    }


def _show_answer(outcome: ceremony.Outcome, out: str, *, force: bool) -> None:
    """Writes the answer. It is in the log already: what fails here loses nothing."""
    from custody.edge.frames import write_dest
    from custody.qr.ur import Message

    try:
        write_dest(Message(response.UR_TYPE, outcome.response.serialize()), out, force=force)
    except CustodyError as error:
        safe = f"The answer is safe in the log: custody signer answer {outcome.entry.index} --out DEST"
        error.hint = f"{error.hint} {safe}".strip()
        raise


@click.command("answer")
@click.argument("index", type=click.IntRange(0))
@destination
@replace
def answer(index: int, out: str, force: bool) -> dict[str, Json]:
    """Shows a stored answer again: no key, no charge."""
    from custody.edge.frames import write_dest
    from custody.qr.ur import Message

    with open_home(None) as opened:
        stored = ceremony.respond(opened.log, index)
    write_dest(Message(response.UR_TYPE, stored.serialize()), out, force=force)
    return {"status": str(stored.answer.status), "request": stored.answer.request.hex(), "entry": {"index": index}}


@click.command("status")
def status() -> dict[str, Json]:
    """What this device is, what is installed, and where its log stands."""
    with open_home(None) as opened:
        last = opened.log.entries[opened.log.size - 1]
        fields = _installed_fields(opened.installed)
        fields |= {
            "log_origin": opened.header.origin,
            "log_key": str(opened.log.verifier),
            "log_size": opened.log.size,
            "last_entry": {"kind": last.kind, "time": rfc3339(last.time)},
            "rehearsal": opened.header.rehearsal,
            "officers": list(opened.officers),
            "accounts": [brief(one) for one in opened.installed.accounts],
        }
        say(f"{opened.header.origin}: {opened.log.size} log entries, the last one {last.kind}, {rfc3339(last.time)}")
        for name, digest in (
            ("policy", opened.installed.policy_digest),
            ("flagged list", opened.installed.list_digest),
            ("token registry", opened.installed.tokens_digest),
        ):
            say(f"{name}: {f'SHA-256 {digest.hex()}' if digest else 'none installed'}")
    return fields


def _read_request(source: str) -> bytes:
    from custody.edge.frames import read_source

    return read_source(source, expected_types={request.UR_TYPE}).payload


def _installed_fields(judged_by: Installed | Judgement) -> dict[str, Json]:
    digests = (judged_by.policy_digest, judged_by.list_digest, judged_by.tokens_digest)
    return {
        name: {"sequence": 0, "digest": digest.hex()} if digest else None
        for name, digest in zip(("policy", "list", "tokens"), digests, strict=True)
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
        **_installed_fields(judgement),
    }


def _remedy(judgement: Judgement) -> str:
    return "; ".join(f"{reason.code}: {reason.required}" for reason in judgement.decision.reasons if reason.required)
