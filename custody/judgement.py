"""From request to decision: what the ceremony shows and the process that holds the key repeats for itself.

Everything that a decision rests on is here as values: the request, what the home has installed, what the log shows,
and the time. The same values give the same judgement, byte for byte.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from custody.audit.checkpoint import Checkpoint, LogVerifier
from custody.audit.entry import LAST_SECOND, rfc3339
from custody.audit.merkle import verify_consistency
from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.errors import CustodyError, EvidenceError, TransactionError, TransactionErrors
from custody.families import Account, Unsigned, is_payer, unsigned
from custody.installed import Installed
from custody.policy.decision import Decision, Reason
from custody.policy.evaluate import Case, evaluate
from custody.review import Review, leaving
from custody.wire.request import MAX_LIFETIME, WithdrawalRequest

#: How far a request's clock may run ahead of the device's, in seconds.
MAX_CLOCK_LEAD = 600

_RULE = "request"


@dataclass(frozen=True, slots=True)
class LogView:
    """What the log shows at the moment of judging.

    Attributes:
        verifier: the log's public key.
        checkpoint: where the log stands now.
        consistency: RFC 6962 hashes from the checkpoint that the request carries to that one; empty where the
            request has seen more than the log holds.
        authorised: for references of spends, the transaction that each was authorised for before, where it was.
    """

    verifier: LogVerifier
    checkpoint: Checkpoint
    consistency: tuple[bytes, ...]
    authorised: Callable[[frozenset[str]], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A request with everything that was found out about it.

    Attributes:
        account: the paying account, where the request names a registered one.
        review: the facts, absent where the transaction was refused before they could be proved.
        decision: what the rules say.
    """

    request: WithdrawalRequest
    account: Account | None
    review: Review | None
    decision: Decision
    policy_digest: bytes | None
    list_digest: bytes | None
    tokens_digest: bytes | None

    @property
    def facts_digest(self) -> bytes:
        """SHA-256 of the reviewed facts; of nothing where there are none."""
        return self.review.digest if self.review else hashlib.sha256(b"").digest()

    @property
    def decision_digest(self) -> bytes:
        """SHA-256 of the decision, and of the policy, list and tokens that it was made by."""
        judged: dict[str, Json] = {"decision": self.decision.as_json(), **self._rules}
        return hashlib.sha256(canonical_json.dumps(judged)).digest()

    @property
    def _rules(self) -> dict[str, Json]:
        """What it was decided by: digests in hex, null where nothing is installed."""
        digests = {"policy": self.policy_digest, "list": self.list_digest, "tokens": self.tokens_digest}
        return {name: digest.hex() if digest else None for name, digest in digests.items()}

    @property
    def charges(self) -> dict[str, int]:
        """What leaves the account, by CAIP-19 asset: payments, and the fee."""
        return leaving(self.review) if self.review else {}

    def as_private(self) -> dict[str, Json]:
        """What the log keeps of a judgement, sealed (docs/spec/log.md)."""
        return {
            "account": self.request.account,
            "decision": self.decision.as_json(),
            "decision_digest": self.decision_digest.hex(),
            "facts": self.review.as_json() if self.review else None,
            "facts_digest": self.facts_digest.hex(),
            "purpose": self.request.purpose,
            "travel_rule": self.request.travel_rule.hex(),
            **self._rules,
        }

    def authorisation(self, officers: Sequence[str]) -> dict[str, Json]:
        """The private part of the `authorised` entry: the judgement, who confirmed it, and what it uses up."""
        return {
            **self.as_private(),
            "approvals": [],
            "charges": {asset: str(amount) for asset, amount in self.charges.items()},
            "officers": list(officers),
            "spends": [spend.reference for spend in self.review.spends] if self.review else [],
            "transaction_id": self.review.transaction_id if self.review else None,
        }


def judge(request: WithdrawalRequest, installed: Installed, log: LogView, now: int) -> Judgement:
    """Review the transaction and evaluate the policy. A no is a DENY with its reasons, never an exception."""
    account = installed.account(request.account)
    reasons = [*_request_reasons(request, installed, now), *_account_reasons(request, account, installed)]
    reasons += _log_reasons(request, installed, log)
    facts, refusals = _review(request, account, installed)
    reasons += refusals
    if facts:
        reasons += evaluate(Case(facts, request.travel_rule, installed.policy, installed.flagged)).reasons
        reasons += _reuse_reasons(facts, log)
    return Judgement(
        request=request,
        account=account,
        review=facts,
        decision=Decision.allow_unless(reasons),
        policy_digest=installed.policy_digest,
        list_digest=installed.list_digest,
        tokens_digest=installed.tokens_digest,
    )


def payment(request: WithdrawalRequest, account: Account) -> Unsigned:
    """The unsigned transaction of a request. Raises TransactionError REQUEST-KIND."""
    return unsigned(request.kind, request.transaction, account, request.checksum)


def _review(
    request: WithdrawalRequest, account: Account | None, installed: Installed
) -> tuple[Review | None, list[Reason]]:
    """The facts, or why there are none. A request that fails otherwise is reviewed too: people want to see it."""
    if account is None or not is_payer(account, request.checksum) or account.chain.chain_id != request.chain_id:
        return None, []
    try:
        return payment(request, account).review(installed.tokens), []
    except TransactionErrors as several:
        return None, [Reason.from_error(error, "transaction") for error in several.errors]
    except TransactionError as error:
        return None, [Reason.from_error(error, "transaction")]


def _request_reasons(request: WithdrawalRequest, installed: Installed, now: int) -> Iterator[Reason]:
    if request.device != installed.origin:
        yield Reason("REQUEST-DEVICE", _RULE, f"made for {request.device!r}", f"a request for {installed.origin!r}")
    if now >= request.expires:
        expired = f"expired at {_time(request.expires)}; it is {_time(now)}"
        yield Reason("REQUEST-EXPIRED", _RULE, expired, "a new request, and a clock that is right")
    if request.created > now + MAX_CLOCK_LEAD:
        early = f"made at {_time(request.created)}; it is {_time(now)}"
        yield Reason("REQUEST-EARLY", _RULE, early, "clocks that agree")
    if not 0 < request.expires - request.created <= MAX_LIFETIME:
        yield Reason("REQUEST-LIFETIME", _RULE, "an expiry out of bounds", f"at most {MAX_LIFETIME // 3600} hours")
    if request.maker or request.approvals:
        yield Reason("APPROVALS-UNSUPPORTED", _RULE, "a maker or approvals", "neither, until a roster is installed")
    if max(request.policy_sequence, request.list_sequence) > installed.sequence:
        yield Reason("REQUEST-SEQUENCE", _RULE, "made under a newer policy or list", "install what is newer first")


def _time(seconds: int) -> str:
    return rfc3339(seconds) if seconds <= LAST_SECOND else f"second {seconds}"


def _account_reasons(request: WithdrawalRequest, account: Account | None, installed: Installed) -> Iterator[Reason]:
    if account is None or not is_payer(account, request.checksum):
        yield Reason("REQUEST-ACCOUNT", _RULE, f"account {request.account!r}", "an account registered on this device")
        return
    if account.chain.chain_id != request.chain_id:
        yield Reason("REQUEST-CHAIN", _RULE, f"network {request.chain_id!r}", f"network {account.chain.chain_id}")
    if installed.rehearsal and not account.chain.test:
        yield Reason("REHEARSAL-CHAIN", _RULE, f"a rehearsal home and {account.chain.alias}", "a test network")


def _log_reasons(request: WithdrawalRequest, installed: Installed, log: LogView) -> Iterator[Reason]:
    """Invariant 9: a log shorter than the request has seen, or different at that size, is refused."""
    try:
        seen = log.verifier.open(request.checkpoint)
        if seen.origin != installed.origin:
            raise EvidenceError("REQUEST-CHECKPOINT", "The checkpoint is another log's.")
    except CustodyError:
        yield Reason(
            "REQUEST-CHECKPOINT", _RULE, "a checkpoint that this log did not sign", "pair the coordinator again"
        )
        return
    if seen.size > log.checkpoint.size:
        yield Reason("LOG-ROLLBACK", _RULE, f"a log of {log.checkpoint.size} entries", f"at least {seen.size} entries")
        return
    try:
        verify_consistency(seen.size, log.checkpoint.size, seen.root, log.checkpoint.root, log.consistency)
    except CustodyError:
        yield Reason("LOG-FORK", _RULE, f"another history at size {seen.size}", "the history that was seen before")


def _reuse_reasons(facts: Review, log: LogView) -> Iterator[Reason]:
    """A nonce that was authorised before pays nothing else: two answers for one nonce are a choice for a thief."""
    if facts.kind != "evm-transaction":
        return
    for reference, earlier in log.authorised(frozenset(spend.reference for spend in facts.spends)).items():
        if earlier != facts.transaction_id:
            observed = f"{reference} was authorised before, for {earlier}"
            yield Reason("NONCE-REUSED", _RULE, observed, "the next nonce of this address")
