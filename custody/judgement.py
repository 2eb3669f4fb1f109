"""From request to decision: what the ceremony shows and the process that holds the key repeats for itself.

Everything that a decision rests on is here as values: the request, what the home has installed, what the log shows,
and the time. The same values give the same judgement, byte for byte.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from custody.amounts import format_amount
from custody.audit.checkpoint import Checkpoint, LogVerifier
from custody.audit.merkle import verify_consistency
from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.errors import CustodyError, EvidenceError, TransactionError, TransactionErrors
from custody.families import Account, Unsigned, is_payer, unsigned
from custody.governance.clocks import Times
from custody.governance.state import KINDS, Held
from custody.installed import Installed
from custody.officers.approval import Approvals, check_approvals, rejection
from custody.officers.consent import Proof
from custody.officers.openpgp import SignatureVerifier
from custody.policy.case import Case, Past
from custody.policy.decision import Decision, Reason
from custody.policy.evaluate import Evaluation, evaluate
from custody.policy.own import with_owners
from custody.policy.rules.counterparty import signature
from custody.policy.rules.payees import earlier_payments
from custody.review import Review, leaving
from custody.times import readable, rfc3339
from custody.travel_rule.record import spoken_for
from custody.travel_rule.tap import used_ids
from custody.wire.request import MAX_LIFETIME, WithdrawalRequest

#: How far a request's clock may run ahead of the device's, in seconds.
MAX_CLOCK_LEAD = 600
#: How many earlier payments to the same payees officers are shown.
MAX_PAID_BEFORE = 10

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
        history: what was authorised as far back as the policy asks (`rules.history.horizon`), newest first.
        rejected: whether an approver has rejected this very request before.
    """

    verifier: LogVerifier
    checkpoint: Checkpoint
    consistency: tuple[bytes, ...]
    authorised: Callable[[frozenset[str]], Mapping[str, str]]
    history: tuple[Past, ...] = ()
    rejected: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """A request with everything that was found out about it.

    Attributes:
        account: the paying account, where the request names a registered one.
        review: the facts, absent where the transaction was refused before they could be proved.
        decision: what the rules say.
        held: by kind, the files that it was decided by.
        maker: name of the person who made the request, where the roster knows the maker's certificate.
        approvers: names of those whose approval counted.
        owners: by name, the tier of each own account that is paid.
        signed: by the index of an output, whose authorisation of it holds, in words.
        paid_before: sentences on what went to the same payees lately, by the log; for the officers, decides nothing.
    """

    request: WithdrawalRequest
    account: Account | None
    review: Review | None
    decision: Decision
    held: Mapping[str, Held]
    maker: str | None = None
    approvers: tuple[str, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict)
    signed: Mapping[int, str] = field(default_factory=dict)
    paid_before: tuple[str, ...] = ()

    @property
    def facts_digest(self) -> bytes:
        """SHA-256 of the reviewed facts; of nothing where there are none."""
        return self.review.digest if self.review else hashlib.sha256(b"").digest()

    @property
    def decision_digest(self) -> bytes:
        """SHA-256 of the decision, of the files that it was made by, and of the approvals that it rests on."""
        approvals = self.request.approvals_digest.hex()
        judged: dict[str, Json] = {"approvals": approvals, "decision": self.decision.as_json(), **self._rules}
        return hashlib.sha256(canonical_json.dumps(judged)).digest()

    @property
    def _rules(self) -> dict[str, Json]:
        """What it was decided by: digests in hex, null where nothing is installed."""
        return {kind: self.held[kind].digest.hex() if kind in self.held else None for kind in KINDS}

    @property
    def charges(self) -> dict[str, int]:
        """What leaves the account, by CAIP-19 asset: payments, and the fee."""
        return leaving(self.review) if self.review else {}

    @property
    def _records(self) -> list[Json]:
        """For each payment, the digest of who is paid by whom."""
        people = spoken_for(self.request.travel_rule)
        return [people.get(output.index, "") for output in self.review.payments] if self.review else []

    def as_private(self) -> dict[str, Json]:
        """What the log keeps of a judgement, sealed (docs/spec/log.md)."""
        return {
            "account": self.request.account,
            "approvals": [[one.by, one.verdict, one.signature.hex()] for one in self.request.approvals],
            "decision": self.decision.as_json(),
            "decision_digest": self.decision_digest.hex(),
            "facts": self.review.as_json() if self.review else None,
            "facts_digest": self.facts_digest.hex(),
            "maker": self.request.maker,
            "purpose": self.request.purpose,
            "travel_rule": self.request.travel_rule.hex(),
            **self._rules,
        }

    def authorisation(self, consents: Sequence[Proof], elapsed: int) -> dict[str, Json]:
        """The private part of the `authorised` entry: the judgement, who confirmed it, and what it uses up."""
        return {
            **self.as_private(),
            "authorizations": [*sorted(used_ids(self.request.travel_rule))],
            "charges": {asset: str(amount) for asset, amount in self.charges.items()},
            "elapsed": elapsed,
            "officers": [proof.as_json() for proof in consents],
            "records": self._records,
            "spends": [spend.reference for spend in self.review.spends] if self.review else [],
            "transaction_id": self.review.transaction_id if self.review else None,
        }


def judge(
    request: WithdrawalRequest,
    installed: Installed,
    log: LogView,
    times: Times,
    verifier: SignatureVerifier,
    interfaces: tuple[str, ...] | None = None,
) -> Judgement:
    """Review the transaction and evaluate the policy. A no is a DENY with its reasons, never an exception.

    Args:
        interfaces: network interfaces of this device that are up; None where that cannot be told.

    Raises:
        HomeError: where approvals cannot be verified on this machine at all.
    """
    account = installed.account(request.account)
    told = [*_request_reasons(request, installed, times.latest), *_account_reasons(request, account, installed)]
    told += _log_reasons(request, installed, log)
    facts, refusals = _review(request, account, installed)
    if facts:
        facts = with_owners(facts, installed.policy, installed.accounts)
    case = _case(request, facts, installed, log, times, interfaces) if facts else None
    decided = evaluate(case) if case else Evaluation((), ())
    approvals = _approvals(request, facts, installed, times.latest, verifier)
    told += [*refusals, *approvals.denials, *(_reuse_reasons(facts, log) if facts else ())]
    lacking = approvals.missing(decided.requirements)
    denials, missing = ([one.resting_on(_evidence(request)) for one in reasons] for reasons in (told, lacking))
    return Judgement(
        request=request,
        account=account,
        review=facts,
        decision=Decision.of([*decided.reasons, *denials], decided.requirements, missing, decided.concerns),
        held=installed.held,
        maker=_maker(request, installed),
        approvers=tuple(person.name for person in approvals.people),
        owners=_tiers(facts, installed) if facts else {},
        signed=dict(_signed(case)) if case else {},
        paid_before=tuple(_paid_before(case)) if case else (),
    )


def _tiers(facts: Review, installed: Installed) -> dict[str, str]:
    paid = {output.owner for output in facts.outputs}
    return {own.name: own.tier for own in installed.policy.own_accounts if own.name in paid} if installed.policy else {}


def _signed(case: Case) -> Iterator[tuple[int, str]]:
    for output in case.review.payments:
        if held := signature(case, output):
            transfer = f"transfer {held.message.thread}, until {rfc3339(held.until)}"
            yield output.index, f"{held.vasp}, key {held.kid}, {transfer}"


def _evidence(request: WithdrawalRequest) -> str:
    return f"request {request.digest.hex()}"


def _paid_before(case: Case) -> Iterator[str]:
    earlier = list(earlier_payments(case))
    for output, amount, request in earlier[:MAX_PAID_BEFORE]:
        yield f"{format_amount(amount, output.asset)} to the payee of output {output.index}, by request {request}"
    if more := earlier[MAX_PAID_BEFORE:]:
        paid = ", ".join(str(index) for index in sorted({output.index for output, _, _ in more})[:MAX_PAID_BEFORE])
        yield f"{len(more):,} more times, which the log has, to the payees of outputs {paid}"


def _maker(request: WithdrawalRequest, installed: Installed) -> str | None:
    person = installed.roster.person(request.maker) if installed.roster else None
    return person.name if person else None


def _case(
    request: WithdrawalRequest,
    facts: Review,
    installed: Installed,
    log: LogView,
    times: Times,
    interfaces: tuple[str, ...] | None,
) -> Case:
    header = installed.contents["list"].header if "list" in installed.contents else None
    return Case(
        review=facts,
        travel_rule=request.travel_rule,
        policy=installed.policy,
        flagged=installed.flagged,
        history=log.history,
        interfaces=interfaces,
        elapsed=times.elapsed,
        latest=times.latest,
        created=request.created,
        list_made=header.not_before if header else None,
        vasps=installed.vasps,
        evidence={
            "request": request.digest.hex(),
            **{kind: held.digest.hex() for kind, held in installed.held.items()},
        },
    )


def _approvals(
    request: WithdrawalRequest,
    facts: Review | None,
    installed: Installed,
    latest: int,
    verifier: SignatureVerifier,
) -> Approvals:
    """What the maker and the approvers signed; nothing is looked at where there are no facts to have signed."""
    if installed.roster is None:
        if not request.maker and not request.approvals:
            return Approvals((), ())
        required = "neither, on a device that knows no roster"
        reason = Reason("ROSTER-NONE", _RULE, "a maker or approvals", required, "approvals", "no roster")
        return Approvals((reason,), ())
    if facts is None:
        return Approvals((), ())
    return check_approvals(request, facts, installed.roster, verifier, latest)


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
        return None, [Reason.from_error(error, "transaction", "transaction") for error in several.errors]
    except TransactionError as error:
        return None, [Reason.from_error(error, "transaction", "transaction")]


def _request_reasons(request: WithdrawalRequest, installed: Installed, now: int) -> Iterator[Reason]:
    if request.device != installed.origin:
        observed, required = f"made for {request.device!r}", f"a request for {installed.origin!r}"
        yield Reason("REQUEST-DEVICE", _RULE, observed, required, "request.device")
    if now >= request.expires:
        expired = f"expired at {readable(request.expires)}; it is {readable(now)}"
        required = "a new request, and a clock that is right"
        yield Reason("REQUEST-EXPIRED", _RULE, expired, required, "request.expires")
    if request.created > now + MAX_CLOCK_LEAD:
        early = f"made at {readable(request.created)}; it is {readable(now)}"
        yield Reason("REQUEST-EARLY", _RULE, early, "clocks that agree", "request.created")
    if not 0 < request.expires - request.created <= MAX_LIFETIME:
        required = f"at most {MAX_LIFETIME // 3600} hours"
        yield Reason("REQUEST-LIFETIME", _RULE, "an expiry out of bounds", required, "request.expires")
    for kind, content in installed.contents.items():
        if content.expired(now):
            observed = f"{kind} number {content.sequence} has expired; it is {readable(now)}"
            required, evidence = (
                f"a newer {kind}, installed by the officers",
                f"{kind} {installed.held[kind].digest.hex()}",
            )
            yield Reason("RULES-EXPIRED", _RULE, observed, required, f"{kind}.not_after", evidence)
    newer = request.policy_sequence > installed.sequence("policy") or (
        request.list_sequence > installed.sequence("list")
    )
    if newer:
        observed, required = "made under a newer policy or list", "install what is newer first"
        yield Reason("REQUEST-SEQUENCE", _RULE, observed, required, "request.policy_sequence")


def _account_reasons(request: WithdrawalRequest, account: Account | None, installed: Installed) -> Iterator[Reason]:
    if account is None or not is_payer(account, request.checksum):
        observed, required = f"account {request.account!r}", "an account registered on this device"
        yield Reason("REQUEST-ACCOUNT", _RULE, observed, required, "request.account")
        return
    if account.chain.chain_id != request.chain_id:
        observed, required = f"network {request.chain_id!r}", f"network {account.chain.chain_id}"
        yield Reason("REQUEST-CHAIN", _RULE, observed, required, "request.chain")
    if installed.rehearsal and not account.chain.test:
        observed = f"a rehearsal home and {account.chain.alias}"
        yield Reason("REHEARSAL-CHAIN", _RULE, observed, "a test network", "request.chain")


def _log_reasons(request: WithdrawalRequest, installed: Installed, log: LogView) -> Iterator[Reason]:
    """Invariant 9: a log shorter than the request has seen, or different at that size, is refused."""
    if log.rejected:
        yield rejection("An approver")
    try:
        seen = log.verifier.open(request.checkpoint)
        if seen.origin != installed.origin:
            raise EvidenceError("REQUEST-CHECKPOINT", "The checkpoint is another log's.")
    except CustodyError:
        observed, required = "a checkpoint that this log did not sign", "pair the coordinator again"
        yield Reason("REQUEST-CHECKPOINT", _RULE, observed, required, "request.checkpoint")
        return
    if seen.size > log.checkpoint.size:
        observed, required = f"a log of {log.checkpoint.size} entries", f"at least {seen.size} entries"
        yield Reason("LOG-ROLLBACK", _RULE, observed, required, "request.checkpoint")
        return
    try:
        verify_consistency(seen.size, log.checkpoint.size, seen.root, log.checkpoint.root, log.consistency)
    except CustodyError:
        observed, required = f"another history at size {seen.size}", "the history that was seen before"
        yield Reason("LOG-FORK", _RULE, observed, required, "request.checkpoint")


def _reuse_reasons(facts: Review, log: LogView) -> Iterator[Reason]:
    """A nonce that was authorised before pays nothing else: two answers for one nonce are a choice for a thief."""
    if facts.kind != "evm-transaction":
        return
    for reference, earlier in log.authorised(frozenset(spend.reference for spend in facts.spends)).items():
        if earlier != facts.transaction_id:
            observed = f"{reference} was authorised before, for {earlier}"
            evidence = f"transaction {facts.digest.hex()}"
            yield Reason("NONCE-REUSED", _RULE, observed, "the next nonce of this address", "spends", evidence)
