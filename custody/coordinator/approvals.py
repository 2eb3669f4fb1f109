"""What people sign about a request, and how it comes into the request (docs/spec/approvals.md)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from custody.errors import EvidenceError, TransactionError, UsageError
from custody.evm.tokens import TokenRegistry
from custody.families import Account
from custody.judgement import payment
from custody.officers.approval import approval_text
from custody.wire.request import Approval, Verdict, WithdrawalRequest


@dataclass(frozen=True, slots=True)
class Statement:
    """What one person is to sign.

    Attributes:
        by: fingerprint of the person's certificate.
        text: the exact bytes.
    """

    by: str
    verdict: Verdict
    text: bytes


def statement(
    request: WithdrawalRequest, account: Account, by: str, *, reject: bool, tokens: TokenRegistry
) -> Statement:
    """What ``by`` signs, from this side's own review of the transaction.

    Raises:
        UsageError: APPROVAL-MAKER-NONE, APPROVAL-MAKER-REJECTS.
        EvidenceError: APPROVAL-CHAIN.
        TransactionError: what the signer, too, would say of the transaction.
    """
    verdict = _verdict(request, by, reject=reject)
    if request.chain_id != account.chain.chain_id:
        raise EvidenceError("APPROVAL-CHAIN", "This request names another network than the paired account's.")
    try:
        review = payment(request, account).review(tokens)
    except TransactionError as error:
        if error.code != "EVM-TOKEN-UNKNOWN" or tokens.tokens:
            raise
        hint = "Give the registry that the signer has: --tokens F"
        raise TransactionError(error.code, error.message, hint) from error
    return Statement(by, verdict, approval_text(request, review, by, verdict))


def _verdict(request: WithdrawalRequest, by: str, *, reject: bool) -> Verdict:
    if not request.maker:
        raise UsageError(
            "APPROVAL-MAKER-NONE",
            "This request names no maker; no signer counts approvals of such a request.",
            "Make it again: custody coordinator request --maker FINGERPRINT",
        )
    if by != request.maker:
        return "reject" if reject else "approve"
    if reject:
        raise UsageError("APPROVAL-MAKER-REJECTS", "The maker of a request makes it, and does not judge it.")
    return "make"


def with_approval(request: WithdrawalRequest, approval: Approval) -> bytes:
    """The request with one approval more, or with a new signature in the place of that person's same verdict.

    Raises:
        InputError: WIRE-LIMIT for more than fit.
    """
    there = {(one.by, one.verdict): one for one in request.approvals}
    there[approval.by, approval.verdict] = approval
    encoded = replace(request, approvals=tuple(there.values())).serialize()
    # What the signer could not read is not written.
    WithdrawalRequest.parse(encoded)
    return encoded


def signed_so_far(request: WithdrawalRequest) -> Iterator[str]:
    """In words, who has signed, and what is missing before approvals count at all."""
    for one in request.approvals:
        yield f"{one.verdict:<8}{one.by}{'  (the maker)' if one.by == request.maker else ''}"
    if (request.maker, "make") not in {(one.by, one.verdict) for one in request.approvals}:
        yield f"Not signed yet by its maker, {request.maker}: without that no signer takes it."
    if any(one.verdict == "reject" for one in request.approvals):
        yield "Somebody has rejected it: a signer that sees this refuses the request for good."
