"""One request in numbers, and the case that a device would judge: what the solver finds is never believed as it is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from custody.amounts import Asset
from custody.chains import BitcoinChain, Chain
from custody.coordinator.prover.payees import Payee, Standing, stranger
from custody.coordinator.prover.record import complete_block
from custody.policy.case import Case, Past
from custody.policy.decision import Requirement
from custody.policy.document import OriginatingVasp, Policy
from custody.policy.evaluate import Evaluation, evaluate
from custody.review import Output, Review, Role, Spend
from custody.screening.flagged import FlaggedList

#: 2026-11-30, a Monday, 00:00 UTC.
MONDAY = 1_795_996_800
#: How long the device has run: longer than anything looks back.
ELAPSED = 1_000_000_000

_SPENT = "the coin that this transaction spends"
#: Whom earlier authorisations paid, where not the payee himself.
_SOMEBODY = 1_000


@dataclass(frozen=True, slots=True)
class Situation:
    """What holds whatever the numbers: the chain, who is paid and in what; ``payee`` is None where nobody is."""

    chain: Chain
    asset: Asset
    payee: Payee | None
    houses: tuple[OriginatingVasp, ...]


@dataclass(frozen=True, slots=True)
class Earlier:
    """One earlier authorisation, ``age`` seconds ago.

    ``same`` went to the payee and ``other`` to somebody else, in the asset of the situation; ``fee`` in the coin.
    ``shared``: it was to spend the coin that this transaction spends.
    """

    age: int
    same: int
    other: int
    fee: int
    shared: bool


@dataclass(frozen=True, slots=True)
class Scenario:
    """A situation with its numbers.

    Attributes:
        minute: of the week, from Monday 00:00 UTC, at which the request is judged.
        request_age, list_age: seconds; ``list_known``: whether the list says when it was made.
        network: whether a network interface of the device is up.
        house: which of the situation's the record names as its originating VASP.
        people, organisations: by role, who approved.
    """

    situation: Situation
    amount: int
    fee: int
    feerate: int
    minute: int
    request_age: int
    list_known: bool
    list_age: int
    flagged: bool
    record: bool
    network: bool
    house: int
    people: Mapping[str, int]
    organisations: Mapping[str, int]
    earlier: tuple[Earlier, ...] = field(default=())

    def case(self, policy: Policy, standing: Standing) -> Case:
        """What a device with this policy judges."""
        latest = MONDAY + self.minute * 60
        outputs, payee = tuple(self._outputs(standing)), self.situation.payee
        block = b""
        if self.record and payee:
            block = complete_block(outputs[0], self.situation.houses[self.house])
        flagged = payee.address if payee and self.flagged else "# nobody"
        return Case(
            review=self._review(outputs),
            travel_rule=block,
            policy=policy,
            flagged=FlaggedList.parse(flagged.encode()),
            history=tuple(self._past(number, one) for number, one in enumerate(self.earlier)),
            interfaces=("eth0",) if self.network else (),
            elapsed=ELAPSED,
            latest=latest,
            created=latest - self.request_age,
            list_made=latest - self.list_age if self.list_known else None,
        )

    def evaluated(self, policy: Policy, standing: Standing) -> Evaluation:
        """What the device's own rules say."""
        return evaluate(self.case(policy, standing))

    def allowed(self, policy: Policy, standing: Standing) -> bool:
        """Whether the device would sign: no reason against it, and everybody who is asked has approved."""
        found = self.evaluated(policy, standing)
        return not found.reasons and all(map(self.meets, found.requirements))

    def meets(self, asked: Requirement) -> bool:
        """Whether those who approved are enough for one requirement."""
        people, organisations = self.people.get(asked.role, 0), self.organisations.get(asked.role, 0)
        return people >= asked.count and organisations >= asked.organisations

    def _review(self, outputs: tuple[Output, ...]) -> Review:
        chain = self.situation.chain
        return Review(
            chain_id=chain.chain_id,
            account="example",
            kind="psbt" if isinstance(chain, BitcoinChain) else "evm-transaction",
            transaction_id="00" * 32,
            spends=(Spend(_SPENT, 0),),
            outputs=outputs,
            fee=self.fee,
            fee_asset=chain.coin,
            feerate=self.feerate,
            size=1,
        )

    def _outputs(self, standing: Standing) -> Iterator[Output]:
        situation, own = self.situation, standing.own
        if situation.payee:
            role, owner = (Role.OWN, own.name) if own else (Role.PAYMENT, "")
            yield Output(0, situation.payee.address, self.amount, situation.asset, role, owner)

    def _past(self, number: int, one: Earlier) -> Past:
        situation = self.situation
        asset, payee = situation.asset.asset_id, situation.payee
        owner = payee.old.own.name if payee and payee.old.own else ""
        paid = [(payee.address, one.same, asset, owner)] if payee and one.same else []
        paid += [(stranger(situation.chain, _SOMEBODY), one.other, asset, "")] if one.other else []
        charges = {asset: one.same + one.other}
        charges[situation.chain.coin.asset_id] = charges.get(situation.chain.coin.asset_id, 0) + one.fee
        return Past(
            request=f"{number:064x}",
            elapsed=ELAPSED - one.age,
            spends=(_SPENT,) if one.shared else (f"another coin, {number}",),
            payments=tuple((address, amount, named) for address, amount, named, _ in paid),
            charges=charges,
            owners=tuple(named for _, _, _, named in paid),
        )
