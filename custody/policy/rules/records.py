"""The rules on the travel-rule record: it is there, complete, from this house, and speaks for exactly these outputs.

Consistency, not truth: the sender writes both the transaction and the record.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import ClassVar

from custody.amounts import format_amount
from custody.chains import Chain
from custody.codec.schema import Finding
from custody.errors import InputError
from custody.policy.case import Case
from custody.policy.decision import Reason
from custody.policy.document import OriginatingVasp
from custody.review import Output, Role
from custody.screening.address import Program, canonical_address, decode_on_chain
from custody.times import rfc3339
from custody.travel_rule.completeness import Terms, incomplete_record
from custody.travel_rule.ivms101 import LegalName
from custody.travel_rule.profile import Profile
from custody.travel_rule.rates import ReferenceRate, in_money
from custody.travel_rule.record import CoveredOutput, TravelRuleRecord


@dataclass(frozen=True, slots=True)
class RecordPresent:
    """A transaction that pays somebody else carries a travel-rule record."""

    name: ClassVar[str] = "travel_rule"

    def reasons(self, case: Case) -> Iterator[Reason]:
        """TRAVEL-RULE-NONE."""
        paid = [output for output in case.review.payments if output.role is not Role.OWN]
        if paid and not case.travel_rule:
            observed = f"{len(paid)} to pay, and no travel-rule record"
            required = "a record for every output that is neither change nor an account of this house"
            yield Reason("TRAVEL-RULE-NONE", self.name, observed, required, "records", case.transaction)


@dataclass(frozen=True, slots=True)
class RecordComplete:
    """The block can be read, and each record says what the standard and the policy's jurisdiction ask."""

    name: ClassVar[str] = "travel_rule"

    profile: Profile
    rates: tuple[ReferenceRate, ...] = ()

    def reasons(self, case: Case) -> Iterator[Reason]:
        """TRAVEL-RULE-SYNTAX and its kin, IVMS-…, LEI-CHK, PROFILE-…, VASP-COUNTERPARTY."""
        block = f"record {hashlib.sha256(case.travel_rule).hexdigest()}"
        yield from (_told(self.name, finding, block) for finding in case.faults)
        today = date.fromisoformat(rfc3339(case.latest)[:10])
        terms = Terms(self.profile, today, case.created or None)
        for index, (record, evidence) in enumerate(zip(case.records, _evidence(case), strict=True)):
            for finding in incomplete_record(record, f"records[{index}]", terms, partial(self._worth, case, record)):
                yield _told(self.name, finding, evidence)

    def _worth(self, case: Case, record: TravelRuleRecord, currency: str) -> int | None:
        """What the record's payments are worth, all together; None where an output or a rate is missing."""
        outputs = {output.index: output for output in case.review.payments}
        covered = [outputs.get(index) for index in {entry.index for entry in record.outputs}]
        paid = [(output.amount, output.asset) for output in covered if output]
        if len(paid) < len(covered):
            return None
        return in_money(paid, self.rates, currency, case.latest)


def _told(rule: str, finding: Finding, evidence: str) -> Reason:
    observed = f"{finding.where}: {finding.observed}"
    return Reason(finding.code, rule, observed, finding.required, finding.where, evidence)


def _evidence(case: Case) -> tuple[str, ...]:
    return tuple(f"record {digest}" for digest in case.digests)


@dataclass(frozen=True, slots=True)
class RecordFromThisHouse:
    """Every record names this house as its originating VASP."""

    name: ClassVar[str] = "originating_vasp"

    vasp: OriginatingVasp

    def reasons(self, case: Case) -> Iterator[Reason]:
        """VASP-NAME, VASP-LEI."""
        for index, (record, evidence) in enumerate(zip(case.records, _evidence(case), strict=True)):
            person = record.ivms101.originating_vasp
            legal = person.legal if person else None
            names = [name.name for name in legal.names.of_kind("LEGL") if isinstance(name, LegalName)] if legal else []
            identification = legal.national_identification if legal else None
            lei = identification.identifier if identification and identification.kind == "LEIX" else None
            place = f"records[{index}].ivms101.originatingVASP"
            if self.vasp.name not in names:
                observed, required = f"{place}: another legal name, or none", f"the legal name {self.vasp.name}"
                yield Reason("VASP-NAME", self.name, observed, required, place, evidence)
            if self.vasp.lei and lei != self.vasp.lei:
                observed = f"{place}: the legal entity identifier {lei or 'is missing'}"
                required = f"the legal entity identifier {self.vasp.lei}"
                yield Reason("VASP-LEI", self.name, observed, required, place, evidence)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One claim of one record: its place, the claim, and what the beneficiary's account numbers decode to."""

    place: str
    covered: CoveredOutput
    accounts: frozenset[Program]
    evidence: str


@dataclass(frozen=True, slots=True)
class RecordBound:
    """Every payment is spoken for exactly once, by index, address, amount and asset; a move to an account of this
    house may be spoken for, and nothing else is.
    """

    name: ClassVar[str] = "travel_rule"

    chain: Chain

    def reasons(self, case: Case) -> Iterator[Reason]:
        """TRAVEL-RULE-UNCOVERED, -TWICE, -INDEX, -CHANGE, -ADDRESS, -AMOUNT, -ASSET, -ACCOUNT."""
        if not case.records:
            return
        outputs = {output.index: output for output in case.review.outputs}
        times: Counter[int] = Counter()
        for entry in self._entries(case):
            times[entry.covered.index] += 1
            yield from self._judge(entry, outputs.get(entry.covered.index), case)
        for output in case.review.payments:
            yield from self._count(output, times[output.index], case.transaction)

    def _entries(self, case: Case) -> Iterator[_Entry]:
        for index, (record, evidence) in enumerate(zip(case.records, _evidence(case), strict=True)):
            beneficiary = record.ivms101.beneficiary
            programs = map(self._program, beneficiary.account_numbers if beneficiary else ())
            accounts = frozenset(program for program in programs if program)
            for position, covered in enumerate(record.outputs):
                yield _Entry(f"records[{index}].outputs[{position}]", covered, accounts, evidence)

    def _count(self, output: Output, times: int, evidence: str) -> Iterator[Reason]:
        if times == 1 or (times == 0 and output.role is Role.OWN):
            return
        code = "TRAVEL-RULE-TWICE" if times else "TRAVEL-RULE-UNCOVERED"
        paid = f"output {output.index}, {format_amount(output.amount, output.asset)} to {output.address}"
        observed, fact = f"{paid}: spoken for {times} times", f"outputs[{output.index}]"
        yield Reason(code, self.name, observed, "exactly one record for each payment", fact, evidence)

    def _judge(self, entry: _Entry, output: Output | None, case: Case) -> Iterator[Reason]:
        if output is None or output.role is Role.CHANGE:
            code = "TRAVEL-RULE-CHANGE" if output else "TRAVEL-RULE-INDEX"
            what = "is this account's change" if output else "does not exist"
            observed = f"{entry.place}: output {entry.covered.index} {what}"
            required = "records for outputs that pay somebody, and no others"
            yield Reason(code, self.name, observed, required, f"{entry.place}.index", entry.evidence)
            return
        yield from self._differences(entry, output, case)
        if self._program(output.address) not in entry.accounts:
            observed = f"{entry.place}: no account number of the beneficiary is the address paid"
            required = f"an accountNumber of the beneficiary that is {output.address}, or decodes to the same"
            yield Reason("TRAVEL-RULE-ACCOUNT", self.name, observed, required, entry.place, entry.evidence)

    def _differences(self, entry: _Entry, output: Output, case: Case) -> Iterator[Reason]:
        covered = entry.covered
        if canonical_address(covered.address) != output.address:
            observed = f"{entry.place}: the record says {covered.address}, output {output.index} pays {output.address}"
            coin = output.asset == case.review.fee_asset
            required = "the address that the output pays" if coin else "the recipient of the tokens, not their contract"
            fact = f"{entry.place}.address"
            yield Reason("TRAVEL-RULE-ADDRESS", self.name, observed, required, fact, entry.evidence)
        if covered.amount != output.amount:
            said, paid = format_amount(covered.amount, output.asset), format_amount(output.amount, output.asset)
            observed = f"{entry.place}: the record says {said}, output {output.index} pays {paid}"
            required, fact = "the exact amount that the output pays", f"{entry.place}.amount"
            yield Reason("TRAVEL-RULE-AMOUNT", self.name, observed, required, fact, entry.evidence)
        if (covered.asset or case.review.fee_asset.asset_id) != output.asset.asset_id:
            observed = f"{entry.place}: the record speaks of another asset than output {output.index} pays"
            required, fact = f"the asset {output.asset.asset_id}", f"{entry.place}.asset"
            yield Reason("TRAVEL-RULE-ASSET", self.name, observed, required, fact, entry.evidence)

    def _program(self, address: str) -> Program | None:
        try:
            return decode_on_chain(canonical_address(address), self.chain)
        except InputError:
            return None
