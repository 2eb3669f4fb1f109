"""The rules on where coins go: destinations that are known, payees who are new, addresses that only look right.

How long ago somebody was paid is told by the seconds that the device has run, never by a date.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from custody.amounts import format_amount
from custody.chains import Chain
from custody.policy.case import Case, Past
from custody.policy.chain_policy import Bounds, ChainPolicy
from custody.policy.clauses import Allowed, NewDestinations, OwnAccount
from custody.policy.decision import Reason
from custody.policy.document import Policy
from custody.policy.rules.counterparty import counterparty_signed
from custody.policy.rules.history import DAY, SEEN_DAYS, recent, references, together
from custody.policy.rules.payees import Payee, payees, program_of, rests_on
from custody.policy.rules.payments import Rule
from custody.review import Output, Review, Role, totals
from custody.screening.address import Program
from custody.screening.lookalike import ENDS, lookalike

HOUR = 3_600

_HOT = "hot"


def destination_rules(policy: Policy, named: ChainPolicy) -> tuple[Rule, ...]:
    """The rules of this module for a chain that the policy names."""
    new = policy.new_destinations
    first = (FirstPayment(named.chain, new, named.first_payments),) if new else ()
    return (
        *first,
        KnownDestination(named.chain, policy.allowlist, named.known_above),
        NotLookAlike(named.chain, policy.allowlist, policy.own_accounts),
        ToHot(policy.own_accounts, named.to_hot_caps),
        Actions(named.actions),
    )


@dataclass(frozen=True, slots=True)
class KnownDestination:
    """Where payments to one payee come to more than the bound of their asset within a day, the house knows him.

    Programs are compared: another address of the same program has the same owner. Their `candidates` are not taken:
    those serve to find who is flagged, where too many do no harm.
    """

    name: ClassVar[str] = "known_above"

    chain: Chain
    allowlist: tuple[Allowed, ...]
    bounds: Bounds

    def reasons(self, case: Case) -> Iterator[Reason]:
        """DESTINATION-UNKNOWN."""
        bounds = dict(self.bounds)
        judged = [output for output in _foreign(case.review) if output.asset.asset_id in bounds]
        for payee in payees(recent(case, DAY), self.chain, judged):
            bound, total = bounds[payee.asset.asset_id], together(case, payee.amount, payee.earlier)
            if total > bound and not _listed(payee.program, self.allowlist, self.chain):
                yield from self._told(case, payee, total, bound)

    def _told(self, case: Case, payee: Payee, total: int, bound: int) -> Iterator[Reason]:
        come_to = f"{format_amount(total, payee.asset)} to it within a day"
        required = f"above {format_amount(bound, payee.asset)}: allowlisted, an own account, or signed by its VASP"
        for output in payee.outputs:
            if not counterparty_signed(case, output):
                yield Reason(
                    code="DESTINATION-UNKNOWN",
                    rule=self.name,
                    observed=f"output {output.index} pays {output.address}, which is not known; {come_to}",
                    required=required,
                    fact=f"outputs[{output.index}].address",
                    evidence=rests_on(case, payee.earlier),
                    concern="unknown_destination",
                )


@dataclass(frozen=True, slots=True)
class FirstPayment:
    """A payee is new until a payment to him is old enough; until then all that goes to him together is small.

    What this transaction can only replace was never his, so it makes nobody less new.
    """

    name: ClassVar[str] = "new_destinations"

    chain: Chain
    clause: NewDestinations
    bounds: Bounds

    def reasons(self, case: Case) -> Iterator[Reason]:
        """DESTINATION-NEW."""
        bounds = dict(self.bounds)
        remembered = recent(case, self.clause.forget_days * DAY)
        for payee in payees(remembered, self.chain, _foreign(case.review)):
            bound, total = bounds.get(payee.asset.asset_id, 0), together(case, payee.amount, payee.earlier)
            if total > bound and not self._seasoned(case, payee):
                yield self._told(case, payee, total, bound)

    def _seasoned(self, case: Case, payee: Payee) -> bool:
        spends = references(case)
        cool_down = self.clause.cool_down_hours * HOUR
        return any(
            case.elapsed - one.past.elapsed >= cool_down and spends.isdisjoint(one.past.spends) for one in payee.made
        )

    def _told(self, case: Case, payee: Payee, total: int, bound: int) -> Reason:
        output, small = payee.outputs[0], format_amount(bound, payee.asset)
        waiting = f"until {self.clause.cool_down_hours} hours after the first payment"
        return Reason(
            code="DESTINATION-NEW",
            rule=self.name,
            observed=f"output {output.index} pays {output.address}, which is new; {_sum(payee, total)}",
            required=f"at most {small} together {waiting}",
            fact=f"{payee.fact}.address",
            evidence=rests_on(case, payee.earlier),
            concern="new_destination",
        )


@dataclass(frozen=True, slots=True)
class NotLookAlike:
    """No destination begins and ends like one that is known without being it; people compare the ends alone.

    Known are what the policy names, whom the history paid, on whatever network, and whom else the transaction pays: it
    is the text that deceives. An earlier payment excuses nobody: whoever saw the other address coming could have had
    himself paid first.
    """

    name: ClassVar[str] = "look_alike"

    chain: Chain
    allowlist: tuple[Allowed, ...]
    own_accounts: tuple[OwnAccount, ...]

    def reasons(self, case: Case) -> Iterator[Reason]:
        """DESTINATION-LOOK-ALIKE."""
        judged = [output for output in _foreign(case.review) if not self._allowed(output)]
        known = self._known(case) if judged else {}
        for output in judged:
            near = known.get(_ending(output.address), {})
            other = lookalike(output.address, near)
            if other:
                observed = f"output {output.index} pays {output.address}, which looks like {other} and is another"
                yield Reason(
                    code="DESTINATION-LOOK-ALIKE",
                    rule=self.name,
                    observed=observed,
                    required="the address that is known; or, if both are true, this one in the allowlist",
                    fact=f"outputs[{output.index}].address",
                    evidence=near[other],
                )

    def _allowed(self, output: Output) -> bool:
        return _listed(program_of(output.address, self.chain), self.allowlist, self.chain)

    def _known(self, case: Case) -> dict[str, dict[str, str]]:
        """Known addresses with what says so, by how they end: what ends otherwise need not be compared."""
        found: dict[str, dict[str, str]] = {}
        for address, evidence in self._sources(case):
            found.setdefault(_ending(address), {}).setdefault(address, evidence)
        return found

    def _sources(self, case: Case) -> Iterator[tuple[str, str]]:
        policy = rests_on(case)
        yield from ((one.address, policy) for one in self.allowlist)
        yield from ((own.address, policy) for own in self.own_accounts if own.address)
        for past in recent(case, SEEN_DAYS * DAY):
            yield from ((address, f"request {past.request}") for address, _, _ in past.payments)
        yield from ((output.address, case.transaction) for output in case.review.payments)


@dataclass(frozen=True, slots=True)
class ToHot:
    """What goes to own accounts of tier hot within a day stays within the bound of its asset; without one, nothing.

    An owner whom the policy names no longer counts as hot: nobody can say any more what he was.
    """

    name: ClassVar[str] = "to_hot_per_day"

    own_accounts: tuple[OwnAccount, ...]
    bounds: Bounds

    def reasons(self, case: Case) -> Iterator[Reason]:
        """OWN-HOT-NONE, OWN-HOT-EXCEEDED."""
        bounds, outputs = dict(self.bounds), [output for output in case.review.payments if self._hot(output.owner)]
        for asset_id, amount in totals(outputs).items():
            first = next(output for output in outputs if output.asset.asset_id == asset_id)
            earlier = [(past, sent) for past in recent(case, DAY) if (sent := self._sent(past, asset_id))]
            total, bound = together(case, amount, earlier), bounds.get(asset_id)
            if bound is None or total > bound:
                yield self._told(case, first, total, bound, earlier)

    def _hot(self, owner: str) -> bool:
        tiers = {own.name: own.tier for own in self.own_accounts}
        return bool(owner) and tiers.get(owner, _HOT) == _HOT

    def _sent(self, past: Past, asset_id: str) -> int:
        rows = zip(past.payments, past.owners, strict=False)
        return sum(amount for (_, amount, asset), owner in rows if asset == asset_id and self._hot(owner))

    def _told(
        self, case: Case, output: Output, total: int, bound: int | None, earlier: list[tuple[Past, int]]
    ) -> Reason:
        sent = format_amount(total, output.asset)
        most = f"at most {format_amount(bound, output.asset)}" if bound is not None else "a bound in the policy"
        return Reason(
            code="OWN-HOT-EXCEEDED" if bound is not None else "OWN-HOT-NONE",
            rule=self.name,
            observed=f"{sent} to own accounts that are hot within a day, output {output.index} to {output.owner}",
            required=f"{most} for what goes to hot accounts within a day",
            fact=f"outputs[{output.index}].amount",
            evidence=rests_on(case, earlier),
        )


def actions_of(review: Review) -> frozenset[str]:
    """What a transaction does, of `ACTIONS`. One that pays only its own account's change pays nobody.

    On EVM networks somebody is always paid, if only the sender: that is a payment like any other.
    """
    paid = {output.asset.asset_id for output in review.payments}
    coin = review.fee_asset.asset_id
    found = {"payment" if asset_id == coin else "token-payment" for asset_id in paid}
    return frozenset(found or {"self-transfer"})


@dataclass(frozen=True, slots=True)
class Actions:
    """The transaction does what the policy lists, and nothing else."""

    name: ClassVar[str] = "actions"

    allowed: tuple[str, ...]

    def reasons(self, case: Case) -> Iterator[Reason]:
        """ACTION-NOT-ALLOWED."""
        for action in sorted(actions_of(case.review) - set(self.allowed)):
            required = f"one of: {', '.join(self.allowed)}" if self.allowed else "nothing: the policy lists no action"
            yield Reason(
                code="ACTION-NOT-ALLOWED",
                rule=self.name,
                observed=f"the transaction is a {action}",
                required=required,
                fact="actions",
                evidence=rests_on(case),
            )


def _listed(program: Program | str, allowlist: Iterable[Allowed], chain: Chain) -> bool:
    return any(one.program == program and one.chain.chain_id == chain.chain_id for one in allowlist)


def _ending(address: str) -> str:
    return address[-ENDS:].lower()


def _foreign(review: Review) -> list[Output]:
    return [output for output in review.payments if output.role is not Role.OWN]


def _sum(payee: Payee, total: int) -> str:
    return f"{format_amount(total, payee.asset)} to it together"
