"""The rules on chain, destination, amount and fee: one small frozen class each, all asked, in no order that matters."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

from custody.amounts import format_amount
from custody.chains import Chain
from custody.errors import InputError
from custody.policy.case import Case
from custody.policy.chain_policy import ChainPolicy
from custody.policy.decision import Reason
from custody.review import totals
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
        yield Reason("POLICY-CHAIN", self.name, observed, "a policy with a section for this chain")


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
                yield Reason(error.code, self.name, observed, f"an address of {self.chain.alias}, of a known kind")


@dataclass(frozen=True, slots=True)
class NotFlagged:
    """No payment goes to a flagged destination, in any of its encodings; without a list nobody can say so."""

    name: ClassVar[str] = "flagged_list"

    def reasons(self, case: Case) -> Iterator[Reason]:
        """LIST-NONE, DESTINATION-FLAGGED, ADDRESS-SYNTAX, ADDRESS-CHECKSUM, LIST-FORM."""
        if case.flagged is None:
            yield Reason("LIST-NONE", self.name, "no flagged-address list is installed", "an installed list")
            return
        for output in case.review.payments:
            place = f"outputs[{output.index}].address"
            try:
                match = case.flagged.find(output.address)
            except InputError as error:
                observed = f"output {output.index} pays an address that cannot be screened: {error.message}"
                yield Reason(error.code, self.name, observed, "an address of a served chain, of a known kind", place)
                continue
            if match:
                observed = f"output {output.index} pays {output.address}: {match.how} as {match.place} of the list"
                known = "; ".join(filter(None, (match.source, match.label, match.date)))
                yield Reason(
                    code="DESTINATION-FLAGGED",
                    rule=self.name,
                    observed=observed + (f" ({known})" if known else ""),
                    required="a destination that is not on the list",
                    fact=place,
                    evidence=f"list {case.evidence['list']}, {match.place}" if "list" in case.evidence else "",
                )


@dataclass(frozen=True, slots=True)
class CapPerTransaction:
    """The payments of one transaction stay within the cap of their asset; an asset without a cap is not paid."""

    name: ClassVar[str] = "cap_per_transaction"

    caps: tuple[tuple[str, int], ...]

    def reasons(self, case: Case) -> Iterator[Reason]:
        """CAP-NONE, CAP-EXCEEDED."""
        caps = dict(self.caps)
        assets = {output.asset.asset_id: output.asset for output in case.review.payments}
        for asset_id, total in totals(case.review.payments).items():
            cap = caps.get(asset_id)
            if cap is None:
                observed = f"a payment in {asset_id}, which has no cap"
                yield Reason("CAP-NONE", self.name, observed, "a policy that sets a cap for this asset")
            elif total > cap:
                observed = f"payments of {format_amount(total, assets[asset_id])} together"
                required = f"at most {format_amount(cap, assets[asset_id])} in one transaction"
                yield Reason("CAP-EXCEEDED", self.name, observed, required)


@dataclass(frozen=True, slots=True)
class FeeCaps:
    """The fee stays within its three caps: absolute, by size, and as a share of what is paid in the same coin."""

    name: ClassVar[str] = "fee_caps"

    chain: ChainPolicy

    def reasons(self, case: Case) -> Iterator[Reason]:
        """FEE-ABSOLUTE, FEE-RATE, FEE-PERCENT."""
        review = case.review
        fee = format_amount(review.fee, review.fee_asset)
        if review.fee > self.chain.fee_cap:
            required = f"at most {format_amount(self.chain.fee_cap, review.fee_asset)}"
            yield Reason("FEE-ABSOLUTE", self.name, f"a fee of {fee}", required)
        unit = self.chain.chain.feerate_unit
        if review.feerate > self.chain.feerate_cap * unit.base_units * 1000:
            observed = f"a feerate of {unit.format(review.feerate)}"
            yield Reason("FEE-RATE", self.name, observed, f"at most {self.chain.feerate_cap:,} {unit.name}")
        # A payment in a token has no percentage: the fee is in another asset, and no price is known here.
        paid = totals(review.payments).get(review.fee_asset.asset_id)
        if paid is not None and review.fee * 100 > paid * self.chain.fee_percent_cap:
            observed = f"a fee of {fee} for payments of {format_amount(paid, review.fee_asset)}"
            required = f"a fee of at most {self.chain.fee_percent_cap} % of the payments"
            yield Reason("FEE-PERCENT", self.name, observed, required)
