"""The rules on chain, destination, amount and fee: one small frozen class each, all asked, in no order that matters."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

from custody.amounts import format_amount
from custody.chains import Chain
from custody.errors import InputError
from custody.policy.case import Case
from custody.policy.chain_policy import Bounds, ChainPolicy
from custody.policy.decision import Reason
from custody.review import Output, totals
from custody.screening.address import decode_on_chain


class Rule(Protocol):
    """A rule has a name and yields its reasons against a case; one that cannot judge yields a reason too."""

    name: ClassVar[str]

    def reasons(self, case: Case) -> Iterator[Reason]:
        """Every reason against signing; none when the rule passes."""


@dataclass(frozen=True, slots=True)
class UnnamedChain:
    """Nothing is signed on a chain that the policy does not name."""

    name: ClassVar[str] = "chains"

    def reasons(self, case: Case) -> Iterator[Reason]:
        """POLICY-CHAIN."""
        observed = f"a transaction on {case.review.chain_id}, which the policy does not name"
        required = "a policy with a section for this chain"
        yield Reason("POLICY-CHAIN", self.name, observed, required, "chain", case.basis("policy"))


@dataclass(frozen=True, slots=True)
class AddressOnChain:
    """Every payment goes to an address of the transaction's own chain, of a known kind."""

    name: ClassVar[str] = "chains"

    chain: Chain

    def reasons(self, case: Case) -> Iterator[Reason]:
        """ADDRESS-SYNTAX, ADDRESS-KIND, ADDRESS-CHECKSUM."""
        for output in case.review.payments:
            try:
                decode_on_chain(output.address, self.chain)
            except InputError as error:
                observed = f"output {output.index} pays an address that does not belong to {self.chain.alias}"
                required = f"an address of {self.chain.alias}, of a known kind"
                yield Reason(error.code, self.name, observed, required, _address(output), case.transaction)


@dataclass(frozen=True, slots=True)
class NotFlagged:
    """No payment goes to a flagged destination, in any of its encodings; without a list nobody can say so."""

    name: ClassVar[str] = "flagged_list"

    def reasons(self, case: Case) -> Iterator[Reason]:
        """LIST-NONE, DESTINATION-FLAGGED, ADDRESS-SYNTAX, ADDRESS-CHECKSUM, LIST-FORM."""
        if case.flagged is None:
            observed = "no flagged-address list is installed"
            yield Reason("LIST-NONE", self.name, observed, "an installed list", "list", case.basis("list"))
            return
        for output in case.review.payments:
            try:
                match = case.flagged.find(output.address)
            except InputError as error:
                observed = f"output {output.index} pays an address that cannot be screened: {error.message}"
                required = "an address of a served chain, of a known kind"
                yield Reason(error.code, self.name, observed, required, _address(output), case.transaction)
                continue
            if match:
                observed = f"output {output.index} pays {output.address}: {match.how} as {match.place} of the list"
                known = "; ".join(filter(None, (match.source, match.label, match.date)))
                yield Reason(
                    code="DESTINATION-FLAGGED",
                    rule=self.name,
                    observed=observed + (f" ({known})" if known else ""),
                    required="a destination that is not on the list",
                    fact=_address(output),
                    evidence=f"{case.basis('list')}, {match.place}",
                )


@dataclass(frozen=True, slots=True)
class CapPerTransaction:
    """The payments of one transaction stay within the cap of their asset; an asset without a cap is not paid."""

    name: ClassVar[str] = "cap_per_transaction"

    caps: Bounds

    def reasons(self, case: Case) -> Iterator[Reason]:
        """CAP-NONE, CAP-EXCEEDED."""
        caps = dict(self.caps)
        assets = {output.asset.asset_id: output.asset for output in case.review.payments}
        for asset_id, total in totals(case.review.payments).items():
            cap, fact = caps.get(asset_id), f"payments[{asset_id}]"
            if cap is None:
                observed, required = (
                    f"a payment in {asset_id}, which has no cap",
                    "a policy that sets a cap for this asset",
                )
                yield Reason("CAP-NONE", self.name, observed, required, fact, case.basis("policy"))
            elif total > cap:
                observed = f"payments of {format_amount(total, assets[asset_id])} together"
                required = f"at most {format_amount(cap, assets[asset_id])} in one transaction"
                yield Reason("CAP-EXCEEDED", self.name, observed, required, fact, case.transaction)


@dataclass(frozen=True, slots=True)
class FeeCaps:
    """The fee stays within its three caps: absolute, by size, and as a share of what is paid in the same coin."""

    name: ClassVar[str] = "fee_caps"

    chain: ChainPolicy

    def reasons(self, case: Case) -> Iterator[Reason]:
        """FEE-ABSOLUTE, FEE-RATE, FEE-PERCENT."""
        yield from self._absolute(case)
        yield from self._rate(case)
        yield from self._percent(case)

    def _absolute(self, case: Case) -> Iterator[Reason]:
        fee, cap = case.review.fee, self.chain.fee_cap
        if fee > cap:
            observed, required = (format_amount(one, case.review.fee_asset) for one in (fee, cap))
            yield self._reason("FEE-ABSOLUTE", f"a fee of {observed}", f"at most {required}", "fee", case)

    def _rate(self, case: Case) -> Iterator[Reason]:
        unit, cap = self.chain.chain.feerate_unit, self.chain.feerate_cap
        if case.review.feerate > cap * unit.base_units * 1000:
            observed = f"a feerate of {unit.format(case.review.feerate)}"
            yield self._reason("FEE-RATE", observed, f"at most {cap:,} {unit.name}", "feerate", case)

    def _percent(self, case: Case) -> Iterator[Reason]:
        """A payment in a token has no percentage: the fee is in another asset, and no price is known here."""
        fee, coin, cap = case.review.fee, case.review.fee_asset, self.chain.fee_percent_cap
        paid = totals(case.review.payments).get(coin.asset_id)
        if paid is not None and fee * 100 > paid * cap:
            observed = f"a fee of {format_amount(fee, coin)} for payments of {format_amount(paid, coin)}"
            yield self._reason("FEE-PERCENT", observed, f"a fee of at most {cap} % of the payments", "fee", case)

    def _reason(self, code: str, observed: str, required: str, fact: str, case: Case) -> Reason:
        return Reason(code, self.name, observed, required, fact, case.transaction)


def _address(output: Output) -> str:
    return f"outputs[{output.index}].address"
