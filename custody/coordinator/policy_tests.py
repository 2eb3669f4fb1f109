"""Example requests judged by the device's own rules, and how the answers differ from what was expected."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from custody.amounts import Asset
from custody.chains import Chain, EvmChain
from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.coordinator.policy_cases import Earlier, Payment, PolicyCase
from custody.errors import InputError
from custody.evm.tokens import TokenRegistry
from custody.officers.approval import Approvals
from custody.officers.roster import Person
from custody.officers.roster import Role as PersonRole
from custody.policy.amounts_in_words import contract_of
from custody.policy.case import Case, Past
from custody.policy.chain_policy import asset_id
from custody.policy.decision import Decision, Requirement
from custody.policy.document import Policy
from custody.policy.evaluate import evaluate
from custody.review import Output, Review, Role, Spend, leaving
from custody.screening.address import canonical_address
from custody.screening.flagged import FlaggedList
from custody.times import rfc3339
from custody.travel_rule.record import MAX_BLOCK_BYTES, canonical_block, spoken_for
from custody.travel_rule.tap import used_ids
from custody.travel_rule.vasp_keys import VaspKeys

TEMPLATE = "record.json"
# A count of seconds that a device has run, long after anything that a case can look back to.
_ELAPSED = 1_000_000_000
_NOBODY = b"# none\n"


@dataclass(frozen=True, slots=True)
class Rules:
    """What cases are judged by, as exact bytes; ``flagged`` None is a list that holds nobody."""

    policy: bytes
    flagged: bytes | None = None
    tokens: TokenRegistry = field(default_factory=TokenRegistry)
    vasps: VaspKeys | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that came out otherwise than expected."""

    what: str
    expected: str
    observed: str


@dataclass(frozen=True, slots=True)
class Tested:
    """A case with what came out."""

    case: PolicyCase
    decision: Decision
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether it came out as expected."""
        return not self.differences


class PolicyTests:
    """Judges cases by one set of rules. ``read`` gives the bytes of a file of the cases' folder."""

    def __init__(self, rules: Rules, read: Callable[[str], bytes]) -> None:
        self._rules, self._read = rules, read
        self._policy = Policy.parse(rules.policy)
        self._flagged = FlaggedList.parse(rules.flagged or _NOBODY)
        exact = {"policy": rules.policy, "list": rules.flagged or _NOBODY}
        self._evidence = {kind: hashlib.sha256(content).hexdigest() for kind, content in exact.items()}

    def test(self, case: PolicyCase) -> Tested:
        """The decision on a case, and how it differs from the expected one.

        Raises:
            InputError: POLICY-TEST-CONTRACT, POLICY-TEST-RECORD, or a code of the reader of a file that it names.
        """
        decision = self._decision(case)
        return Tested(case, decision, tuple(_differences(case, decision)))

    def _decision(self, case: PolicyCase) -> Decision:
        evaluation = evaluate(self._case(case))
        people = tuple(Person(one.name, PersonRole(one.role), one.organisation) for one in case.approved)
        missing = Approvals((), people).missing(evaluation.requirements)
        return Decision.of(evaluation.reasons, evaluation.requirements, missing, evaluation.concerns)

    def _case(self, case: PolicyCase) -> Case:
        review, created = self._review(case), case.at - case.made_minutes_before * 60
        return Case(
            review=review,
            travel_rule=self._block(case.record, review, created),
            policy=self._policy,
            flagged=self._flagged,
            history=tuple(self._past(case, number, one) for number, one in enumerate(_newest_first(case.history))),
            interfaces=case.interfaces,
            elapsed=_ELAPSED,
            latest=case.at,
            created=created,
            list_made=case.at - case.list_age_hours * 3_600,
            evidence=self._evidence,
            vasps=self._rules.vasps,
        )

    def _review(self, case: PolicyCase) -> Review:
        return self._facts(case.chain, case.outputs, case.fee, case.size, case.spends or ("this",))

    def _facts(self, chain: Chain, payments: Iterable[Payment], fee: int, size: int, spends: tuple[str, ...]) -> Review:
        return Review(
            chain_id=chain.chain_id,
            account="example",
            kind="evm-transaction" if isinstance(chain, EvmChain) else "psbt",
            transaction_id="00" * 32,
            spends=tuple(Spend(name, 0) for name in spends),
            outputs=tuple(self._output(chain, index, one) for index, one in enumerate(payments)),
            fee=fee,
            fee_asset=chain.coin,
            feerate=-(-fee * 1_000 // size),
            size=size,
        )

    def _output(self, chain: Chain, index: int, payment: Payment) -> Output:
        owner = payment.owner or ""
        own = any(one.name == owner and one.chain == chain for one in self._policy.own_accounts)
        return Output(
            index=index,
            address=canonical_address(payment.address),
            amount=payment.amount,
            asset=self._asset(chain, payment.contract),
            role=Role.OWN if own else Role.PAYMENT,
            owner=owner if own else "",
        )

    def _asset(self, chain: Chain, contract: bytes | None) -> Asset:
        if contract is None:
            return chain.coin
        if not isinstance(chain, EvmChain):
            raise InputError("POLICY-TEST-CONTRACT", f"There are no tokens on {chain.alias}.")
        named = asset_id(chain, contract)
        unknown = Asset(named, f"base units of {contract_of(named)}", 0)
        return self._rules.tokens.find(chain.chain_id, contract) or unknown

    def _past(self, case: PolicyCase, number: int, earlier: Earlier) -> Past:
        spends = earlier.spends or (f"earlier {number}",)
        facts = self._facts(case.chain, earlier.outputs, earlier.fee, 1, spends)
        block = self._block(earlier.record, facts, case.at - earlier.hours_ago * 3_600)
        said = spoken_for(block)
        return Past(
            request=f"{number:064x}",
            elapsed=_ELAPSED - earlier.hours_ago * 3_600,
            spends=spends,
            payments=tuple((one.address, one.amount, one.asset.asset_id) for one in facts.payments),
            charges=leaving(facts),
            owners=tuple(one.owner for one in facts.payments),
            records=tuple(said.get(one.index, "") for one in facts.payments),
            authorizations=tuple(sorted(used_ids(block))),
        )

    def _block(self, record: str, review: Review, at: int) -> bytes:
        others = [output for output in review.payments if output.role is not Role.OWN]
        if record == "none" or (record == "honest" and not others):
            return b""
        if record != "honest":
            return canonical_block(self._read(record))
        template = canonical_json.loads_relaxed(self._read(TEMPLATE), limit=MAX_BLOCK_BYTES)
        try:
            return canonical_block(json.dumps(_filled(template, others, at)).encode())
        except (KeyError, IndexError, TypeError, AttributeError):
            message = f"The template {TEMPLATE} is no record with a first person who receives."
            raise InputError("POLICY-TEST-RECORD", message, "ivms101.beneficiary.beneficiaryPerson[0].") from None


def _filled(template: Any, payments: Iterable[Output], at: int) -> Mapping[str, Any]:
    """The template as an honest record of these payments."""
    outputs = [
        {"index": one.index, "address": one.address, "amount": str(one.amount), "asset": one.asset.asset_id}
        for one in payments
    ]
    person = template["ivms101"]["beneficiary"]["beneficiaryPerson"][0]
    person["accountNumber"] = [*dict.fromkeys(one["address"] for one in outputs)]
    notice = {"notice": {**template["notice"], "time": rfc3339(at)}} if "notice" in template else {}
    return {**template, **notice, "outputs": outputs}


def _newest_first(history: Iterable[Earlier]) -> list[Earlier]:
    return sorted(history, key=lambda one: one.hours_ago)


def _differences(case: PolicyCase, decision: Decision) -> Iterator[Difference]:
    expected = case.expect
    codes = {reason.code for reason in decision.reasons}
    concerns = {concern.concern for concern in decision.concerns}
    compared = {
        "outcome": (expected.outcome, str(decision.outcome)),
        "codes": (_listed(expected.codes), _listed(codes)),
        "concerns": (_listed(expected.concerns), _listed(concerns)),
    }
    if expected.requirements is not None:
        asked, given = (_listed(map(_told, rows)) for rows in (expected.requirements, decision.requirements))
        compared["requirements"] = asked, given
    for what, (hoped, seen) in compared.items():
        if hoped != seen:
            yield Difference(what, hoped, seen)


def _told(requirement: Requirement) -> str:
    return f"{requirement.count} {requirement.role} of {requirement.organisations}"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(set(words))) or "none"


def as_json(file: str, tested: Tested) -> dict[str, Json]:
    """What came out of a case, for scripts."""
    return {
        "file": file,
        "title": tested.case.title,
        "passed": tested.passed,
        "outcome": str(tested.decision.outcome),
        "codes": [*sorted({reason.code for reason in tested.decision.reasons})],
        "concerns": [*sorted({concern.concern for concern in tested.decision.concerns})],
        "requirements": [one.as_json() for one in tested.decision.requirements],
        "differences": [asdict(one) for one in tested.differences],
    }
