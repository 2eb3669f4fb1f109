"""The rules on the travel-rule record: it is there, complete, from this house, and speaks for exactly these outputs.

Consistency, not truth: the sender writes both the transaction and the record.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
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
from custody.travel_rule.constraints import incomplete
from custody.travel_rule.ivms101 import LegalName
from custody.travel_rule.record import CoveredOutput


@dataclass(frozen=True, slots=True)
class RecordPresent:
    """A transaction that pays somebody carries a travel-rule record."""

    name: ClassVar[str] = "travel_rule"

    def reasons(self, case: Case) -> Iterator[Reason]:
        """TRAVEL-RULE-NONE."""
        if case.review.payments and not case.travel_rule:
            observed = f"{len(case.review.payments)} to pay, and no travel-rule record"
            yield Reason("TRAVEL-RULE-NONE", self.name, observed, "a record for every output that is not change")


@dataclass(frozen=True, slots=True)
class RecordComplete:
    """The block can be read, names all four parties, and its IVMS101 data meets the standard's constraints."""

    name: ClassVar[str] = "travel_rule"

    def reasons(self, case: Case) -> Iterator[Reason]:
        """TRAVEL-RULE-SYNTAX and its kin, IVMS-PARTY, IVMS-ACCOUNTS, IVMS-C1 and on."""
        findings = list(case.faults)
        for index, record in enumerate(case.records):
            findings += incomplete(record.ivms101, f"records[{index}].ivms101")
        yield from (self._reason(finding) for finding in findings)

    def _reason(self, finding: Finding) -> Reason:
        return Reason(finding.code, self.name, f"{finding.where}: {finding.observed}", finding.required)


@dataclass(frozen=True, slots=True)
class RecordFromThisHouse:
    """Every record names this house as its originating VASP."""

    name: ClassVar[str] = "originating_vasp"

    vasp: OriginatingVasp

    def reasons(self, case: Case) -> Iterator[Reason]:
        """VASP-NAME, VASP-LEI."""
        for index, record in enumerate(case.records):
            person = record.ivms101.originating_vasp
            legal = person.legal if person else None
            names = [name.name for name in legal.names.of_kind("LEGL") if isinstance(name, LegalName)] if legal else []
            identification = legal.national_identification if legal else None
            lei = identification.identifier if identification and identification.kind == "LEIX" else None
            place = f"records[{index}].ivms101.originatingVASP"
            if self.vasp.name not in names:
                observed = f"{place}: another legal name, or none"
                yield Reason("VASP-NAME", self.name, observed, f"the legal name {self.vasp.name}")
            if self.vasp.lei and lei != self.vasp.lei:
                observed = f"{place}: the legal entity identifier {lei or 'is missing'}"
                yield Reason("VASP-LEI", self.name, observed, f"the legal entity identifier {self.vasp.lei}")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One claim of one record: its place, the claim, and what the beneficiary's account numbers decode to."""

    place: str
    covered: CoveredOutput
    accounts: frozenset[Program]


@dataclass(frozen=True, slots=True)
class RecordBound:
    """Every payment is spoken for exactly once, by index, address, amount and asset, and nothing else is."""

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
            yield from self._count(output, times[output.index])

    def _entries(self, case: Case) -> Iterator[_Entry]:
        for index, record in enumerate(case.records):
            beneficiary = record.ivms101.beneficiary
            programs = map(self._program, beneficiary.account_numbers if beneficiary else ())
            accounts = frozenset(program for program in programs if program)
            for position, covered in enumerate(record.outputs):
                yield _Entry(f"records[{index}].outputs[{position}]", covered, accounts)

    def _count(self, output: Output, times: int) -> Iterator[Reason]:
        if times == 1:
            return
        code = "TRAVEL-RULE-TWICE" if times else "TRAVEL-RULE-UNCOVERED"
        paid = f"output {output.index}, {format_amount(output.amount, output.asset)} to {output.address}"
        yield Reason(code, self.name, f"{paid}: spoken for {times} times", "exactly one record for each payment")

    def _judge(self, entry: _Entry, output: Output | None, case: Case) -> Iterator[Reason]:
        if output is None or output.role is Role.CHANGE:
            code = "TRAVEL-RULE-CHANGE" if output else "TRAVEL-RULE-INDEX"
            what = "is this account's change" if output else "does not exist"
            observed = f"{entry.place}: output {entry.covered.index} {what}"
            yield Reason(code, self.name, observed, "records for outputs that pay somebody, and no others")
            return
        yield from self._differences(entry, output, case)
        if self._program(output.address) not in entry.accounts:
            observed = f"{entry.place}: no account number of the beneficiary is the address paid"
            required = f"an accountNumber of the beneficiary that is {output.address}, or decodes to the same"
            yield Reason("TRAVEL-RULE-ACCOUNT", self.name, observed, required)

    def _differences(self, entry: _Entry, output: Output, case: Case) -> Iterator[Reason]:
        covered = entry.covered
        if canonical_address(covered.address) != output.address:
            observed = f"{entry.place}: the record says {covered.address}, output {output.index} pays {output.address}"
            coin = output.asset == case.review.fee_asset
            required = "the address that the output pays" if coin else "the recipient of the tokens, not their contract"
            yield Reason("TRAVEL-RULE-ADDRESS", self.name, observed, required)
        if covered.amount != output.amount:
            said, paid = format_amount(covered.amount, output.asset), format_amount(output.amount, output.asset)
            observed = f"{entry.place}: the record says {said}, output {output.index} pays {paid}"
            yield Reason("TRAVEL-RULE-AMOUNT", self.name, observed, "the exact amount that the output pays")
        if (covered.asset or case.review.fee_asset.asset_id) != output.asset.asset_id:
            observed = f"{entry.place}: the record speaks of another asset than output {output.index} pays"
            yield Reason("TRAVEL-RULE-ASSET", self.name, observed, f"the asset {output.asset.asset_id}")

    def _program(self, address: str) -> Program | None:
        try:
            return decode_on_chain(canonical_address(address), self.chain)
        except InputError:
            return None
