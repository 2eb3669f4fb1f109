"""Checks a signing response before anything is done with it (docs/spec/response.md)."""

from custody.audit.checkpoint import Checkpoint, LogVerifier
from custody.audit.entry import Entry
from custody.audit.merkle import verify_consistency, verify_inclusion
from custody.coordinator.pairing import check_same_size
from custody.errors import EvidenceError, TransactionError
from custody.families import Account
from custody.judgement import payment
from custody.wire.export import DeviceExport
from custody.wire.request import WithdrawalRequest
from custody.wire.response import SigningResponse, Status

_KINDS = {Status.SIGNED: "answered", Status.REFUSED: "refused"}


def check_response(
    request: WithdrawalRequest, response: SigningResponse, device: DeviceExport, account: Account
) -> Checkpoint:
    """That the response answers this request, stands in the signer's log, and holds valid signatures.

    Returns:
        The checkpoint of the log that holds the answer.

    Raises:
        EvidenceError: CHECKPOINT-…, ANSWER-…, PROOF-…, LOG-FORK, SIGNATURE-….
    """
    verifier = LogVerifier.parse(device.log_key)
    checkpoint = verifier.open(response.checkpoint)
    entry = Entry.parse(response.entry)
    _check_entry(request, response, entry)
    verify_inclusion(response.entry, entry.index, checkpoint.size, response.inclusion, checkpoint.root)
    _check_history(request, response, verifier, checkpoint)
    check_same_size(verifier.open(device.checkpoint), checkpoint)
    if response.answer.status is Status.SIGNED:
        payment(request, account).check_signatures(response.answer.signatures)
    return checkpoint


def finalize(request: WithdrawalRequest, response: SigningResponse, account: Account) -> tuple[str, bytes]:
    """The txid and the raw transaction of a checked response.

    Raises:
        EvidenceError: ANSWER-REQUEST, ANSWER-REHEARSAL, SIGNATURE-….
        TransactionError: ANSWER-REFUSED.
    """
    if request.device.startswith("rehearsal.") and not account.chain.test:
        raise EvidenceError("ANSWER-REHEARSAL", "A rehearsal signer's answer is not for a main network.")
    if response.answer.request != request.digest:
        raise EvidenceError("ANSWER-REQUEST", "This response answers another request.")
    if response.answer.status is not Status.SIGNED:
        raise TransactionError("ANSWER-REFUSED", "The signer refused this request.", "Its officers can say why.")
    return payment(request, account).finalize(response.answer.signatures)


def _check_entry(request: WithdrawalRequest, response: SigningResponse, entry: Entry) -> None:
    if response.answer.request != request.digest or entry.request != request.digest:
        raise EvidenceError("ANSWER-REQUEST", "This response answers another request.")
    if entry.kind != _KINDS[response.answer.status] or entry.answer != response.answer.digest:
        raise EvidenceError("ANSWER-ENTRY", "The signer's log holds another answer than this response.")


def _check_history(
    request: WithdrawalRequest, response: SigningResponse, verifier: LogVerifier, checkpoint: Checkpoint
) -> None:
    """The log has only grown since the request was made."""
    seen = verifier.open(request.checkpoint)
    if seen.size > checkpoint.size:
        raise EvidenceError("LOG-ROLLBACK", f"The log has {checkpoint.size} entries, and had {seen.size} before.")
    verify_consistency(seen.size, checkpoint.size, seen.root, checkpoint.root, response.consistency)
