"""`custody signer review`, `sign` and `answer`."""

from functools import partial
from pathlib import Path

import click

from custody import ceremony, screen
from custody.audit.log import Log
from custody.cli import for_people
from custody.cli.signer.opening import (
    at_time,
    confirm_code,
    consenting,
    destination,
    open_home,
    passphrase_descriptor,
    replace,
    screen_heading,
    secrets_file,
    terminal,
    unlock,
)
from custody.cli.signer.status import files_fields
from custody.codec.canonical_json import Json
from custody.edge.terminal import say, show, show_pages
from custody.errors import Cancelled, CustodyError, TransactionError
from custody.judgement import Judgement
from custody.policy.explain import remedies_json
from custody.wire import request, response


@click.command("review")
@click.argument("source")
@at_time
def review(source: str, at: str | None) -> dict[str, Json]:
    """Judges a request and shows why. Logs nothing, needs no passphrase."""
    message = _read_request(source)
    with open_home(at) as opened:
        judgement, code = ceremony.review(message, opened)
        above, needed, state = screen_heading(opened), opened.quorum, opened.state
    show_pages(screen.lines(judgement, above), paged=for_people())
    fields = _judgement_fields(judgement)
    if not judgement.decision.allowed:
        hint = f"{_required(judgement)}{_keep(judgement)}"
        raise TransactionError("REFUSED", "This request would be refused.", hint, fields)
    if code is None:
        ceremony.check_thawed(state)
    say(f"\nTo sign exactly this, {'the officer types' if needed == 1 else f'{needed} officers type'}:  {code}")
    return {**fields, "confirmation": code}


@click.command("sign")
@click.argument("source")
@destination
@confirm_code
@consenting
@secrets_file
@passphrase_descriptor
@at_time
@replace
def sign(
    source: str,
    out: str,
    confirm: str | None,
    chosen: tuple[str, ...],
    secrets: Path | None,
    passphrase_fd: int | None,
    at: str | None,
    force: bool,
) -> dict[str, Json]:
    """The ceremony: review, consent, signature, answer."""
    from custody.edge.frames import check_dest

    check_dest(out, force=force)
    message = _read_request(source)
    with open_home(at, confirm, secrets) as opened:
        officers = terminal(opened, secrets, chosen, confirm)
        opening = partial(unlock, opened, secrets=secrets, passphrase_fd=passphrase_fd)
        try:
            outcome = ceremony.sign(message, opened, officers, opening)
        except Cancelled as error:
            error.details = _cancelled(opened.log, message)
            raise
        checkpoint, above = opened.log.checkpoint, screen_heading(opened)
    _show_answer(outcome, out, force=force)
    return _told(outcome, checkpoint, above, out)


def _told(outcome: ceremony.Outcome, checkpoint: str, above: tuple[str, ...], out: str) -> dict[str, Json]:
    """What the ceremony came to. Raises TransactionError REFUSED."""
    fields: dict[str, Json] = {
        "status": outcome.status,
        "request": outcome.response.answer.request.hex(),
        "entry": {"index": outcome.entry.index, "leaf": outcome.entry.leaf_hash.hex()},
        "checkpoint": checkpoint,
    }
    if outcome.status == "refused" and outcome.judgement:
        show(screen.lines(outcome.judgement, above))
        fields = _judgement_fields(outcome.judgement) | fields
        required = _required(outcome.judgement)
        raise TransactionError("REFUSED", "The request was refused, logged and answered.", required, fields)
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
@at_time
def answer(index: int, out: str, force: bool, at: str | None) -> dict[str, Json]:
    """Shows a stored answer again: no key, no charge."""
    from custody.edge.frames import write_dest
    from custody.qr.ur import Message

    with open_home(at) as opened:
        stored = ceremony.respond(opened.log, index)
    write_dest(Message(response.UR_TYPE, stored.serialize()), out, force=force)
    return {"status": str(stored.answer.status), "request": stored.answer.request.hex(), "entry": {"index": index}}


def _read_request(source: str) -> bytes:
    from custody.edge.frames import read_source

    return read_source(source, expected_types={request.UR_TYPE}).payload


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
        "concerns": [concern.as_json() for concern in judgement.decision.concerns],
        "requirements": [one.as_json() for one in judgement.decision.requirements],
        "remedies": remedies_json(judgement.decision),
        "approvers": list(judgement.approvers),
        **files_fields(judgement.held),
    }


def _keep(judgement: Judgement) -> str:
    """A rejection that only a review has seen is gone when the request comes without it."""
    rejected = any(reason.code == "APPROVAL-REJECTED" for reason in judgement.decision.reasons)
    return ". A review keeps nothing: custody signer sign refuses it and remembers the rejection" if rejected else ""


def _required(judgement: Judgement) -> str:
    return "; ".join(f"{reason.code}: {reason.required}" for reason in judgement.decision.reasons if reason.required)
