"""From request to decision: what the ceremony shows and the process that holds the key repeats for itself.

Everything that a decision rests on is here as values: the request, what the home has installed, what the log shows,
and the time. The same values give the same judgement, byte for byte.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from custody.audit.checkpoint import Checkpoint, LogVerifier
from custody.audit.merkle import verify_consistency
from custody.bitcoin.account import Account
from custody.bitcoin.review import review
from custody.chains import chain
from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.errors import CustodyError, EvidenceError, InputError, TransactionError
from custody.policy.decision import Decision, Reason
from custody.policy.document import Policy
from custody.policy.evaluate import Case, evaluate
from custody.review import Review, totals
from custody.screening.flagged import FlaggedList
from custody.wire.request import MAX_LIFETIME, WithdrawalRequest

#: How far a request's clock may run ahead of the device's, in seconds.
MAX_CLOCK_LEAD = 600
MAX_ACCOUNTS_BYTES = 262_144

_RULE = "request"


@dataclass(frozen=True, slots=True)
class Installed:
    """What a home has installed, each with the SHA-256 of its exact bytes.

    Attributes:
        origin: origin of this device's log. rehearsal: keys for practice, on test networks only.
        sequence: of policy and list; those pinned when the home was made are number 0.
    """

    origin: str
    rehearsal: bool
    accounts: tuple[Account, ...]
    policy: Policy | None
    policy_digest: bytes | None
    flagged: FlaggedList | None
    list_digest: bytes | None
    sequence: int = 0

    @classmethod
    def parse(
        cls, origin: str, *, rehearsal: bool, accounts: bytes, policy: bytes | None, flagged: bytes | None
    ) -> "Installed":
        """What these files hold.

        Raises:
            InputError: a code of the policy, list or account reader.
        """
        return cls(
            origin=origin,
            rehearsal=rehearsal,
            accounts=parse_accounts(accounts),
            policy=None if policy is None else Policy.parse(policy),
            policy_digest=None if policy is None else hashlib.sha256(policy).digest(),
            flagged=None if flagged is None else FlaggedList.parse(flagged),
            list_digest=None if flagged is None else hashlib.sha256(flagged).digest(),
        )

    def account(self, name: str) -> Account | None:
        """The registered account of this name."""
        return next((account for account in self.accounts if account.name == name), None)


def serialize_accounts(accounts: tuple[Account, ...]) -> bytes:
    """The file of registered accounts: canonical JSON."""
    rows: list[Json] = [
        {"chain": one.chain.chain_id, "descriptor": one.descriptor, "name": one.name, "type": "p2wpkh"}
        for one in accounts
    ]
    return canonical_json.dumps({"accounts": rows, "version": 1})


def parse_accounts(text: bytes) -> tuple[Account, ...]:
    """The registered accounts in a file that `serialize_accounts` wrote.

    Raises:
        InputError: ACCOUNTS-FORM, or a code of the JSON or descriptor reader.
    """
    match canonical_json.loads(text, limit=MAX_ACCOUNTS_BYTES):
        case {"accounts": list(rows), "version": 1}:
            accounts = tuple(_account(row) for row in rows)
            if serialize_accounts(accounts) == text and len({one.name for one in accounts}) == len(accounts):
                return accounts
    raise InputError("ACCOUNTS-FORM", "The file of registered accounts is not in its form.")


def _account(row: Json) -> Account:
    match row:
        case {"chain": str(chain_id), "descriptor": str(descriptor), "name": str(name)}:
            return Account.parse(name, chain(chain_id), descriptor)
    raise InputError("ACCOUNTS-FORM", "The file of registered accounts is not in its form.")


@dataclass(frozen=True, slots=True)
class LogView:
    """What the log shows at the moment of judging.

    Attributes:
        verifier: the log's public key.
        checkpoint: where the log stands now.
        consistency: RFC 6962 hashes from the checkpoint that the request carries to that one; empty where the
            request has seen more than the log holds.
    """

    verifier: LogVerifier
    checkpoint: Checkpoint
    consistency: tuple[bytes, ...]


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

    @property
    def facts_digest(self) -> bytes:
        """SHA-256 of the reviewed facts; of nothing where there are none."""
        return self.review.digest if self.review else hashlib.sha256(b"").digest()

    @property
    def decision_digest(self) -> bytes:
        """SHA-256 of the decision, and of the policy and list that it was made by."""
        judged: dict[str, Json] = {
            "decision": self.decision.as_json(),
            "list": self.list_digest.hex() if self.list_digest else None,
            "policy": self.policy_digest.hex() if self.policy_digest else None,
        }
        return hashlib.sha256(canonical_json.dumps(judged)).digest()

    @property
    def charges(self) -> dict[str, int]:
        """What leaves the account, by CAIP-19 asset: payments, and the fee."""
        if self.review is None:
            return {}
        sums = totals(self.review.payments)
        coin = self.review.fee_asset.asset_id
        return sums | {coin: sums.get(coin, 0) + self.review.fee}

    def as_private(self) -> dict[str, Json]:
        """What the log keeps of a judgement, sealed (docs/spec/log.md)."""
        return {
            "account": self.request.account,
            "decision": self.decision.as_json(),
            "decision_digest": self.decision_digest.hex(),
            "facts": self.review.as_json() if self.review else None,
            "facts_digest": self.facts_digest.hex(),
            "list": self.list_digest.hex() if self.list_digest else None,
            "policy": self.policy_digest.hex() if self.policy_digest else None,
            "purpose": self.request.purpose,
            "travel_rule": self.request.travel_rule.hex(),
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
    facts: Review | None = None
    try:
        if account and not reasons:
            facts = review(request.transaction, account)
            reasons += evaluate(Case(facts, request.travel_rule, installed.policy, installed.flagged)).reasons
    except TransactionError as error:
        reasons.append(Reason.from_error(error, "transaction"))
    decision = Decision.allow_unless(reasons)
    return Judgement(request, account, facts, decision, installed.policy_digest, installed.list_digest)


def _request_reasons(request: WithdrawalRequest, installed: Installed, now: int) -> Iterator[Reason]:
    if request.device != installed.origin:
        yield Reason("REQUEST-DEVICE", _RULE, f"made for {request.device!r}", f"a request for {installed.origin!r}")
    if now >= request.expires:
        yield Reason("REQUEST-EXPIRED", _RULE, f"expired {now - request.expires} s ago", "a request still in time")
    if request.created > now + MAX_CLOCK_LEAD:
        yield Reason("REQUEST-EARLY", _RULE, f"made {request.created - now} s in the future", "clocks that agree")
    if not 0 < request.expires - request.created <= MAX_LIFETIME:
        yield Reason("REQUEST-LIFETIME", _RULE, "an expiry out of bounds", f"at most {MAX_LIFETIME // 3600} hours")
    if request.maker or request.approvals:
        yield Reason("APPROVALS-UNSUPPORTED", _RULE, "a maker or approvals", "neither, until a roster is installed")
    if max(request.policy_sequence, request.list_sequence) > installed.sequence:
        yield Reason("REQUEST-SEQUENCE", _RULE, "made under a newer policy or list", "install what is newer first")


def _account_reasons(request: WithdrawalRequest, account: Account | None, installed: Installed) -> Iterator[Reason]:
    if account is None or account.checksum != request.checksum:
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
