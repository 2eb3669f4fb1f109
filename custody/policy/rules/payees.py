"""Whom a transaction pays, however the address is written, and what they got before."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from custody.amounts import Asset
from custody.bitcoin.script import encode_address
from custody.chains import CHAINS, BitcoinChain, Chain
from custody.errors import InputError
from custody.policy.case import Case, Past
from custody.review import Output, Review
from custody.screening.address import Kind, Program, decode_on_chain

#: How many requests one reason names as its evidence.
MAX_EVIDENCE = 5


class Made(NamedTuple):
    """An earlier payment, and who was paid by whom; None or empty where no record told."""

    past: Past
    amount: int
    record: str | None


@dataclass(slots=True)
class Payee:
    """One who is paid in one asset.

    Attributes:
        program: what the address stands for; the text itself where it is no address, which no rule lets pass.
        outputs: of the transaction, those that pay him.
        made: earlier payments to him, newest first.
    """

    program: Program | str
    asset: Asset
    outputs: list[Output] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)

    @property
    def amount(self) -> int:
        """What the transaction pays him in all, base units."""
        return sum(output.amount for output in self.outputs)

    @property
    def fact(self) -> str:
        """The path of what is judged: the first output that pays him."""
        return f"outputs[{self.outputs[0].index}]"

    @property
    def earlier(self) -> list[tuple[Past, int]]:
        """Authorisations that paid him, newest first, with how much each."""
        grouped = groupby(self.made, key=lambda one: id(one.past))
        return [(of[0].past, sum(one.amount for one in of)) for of in (list(several) for _, several in grouped)]


def payees(pasts: Iterable[Past], chain: Chain | None, outputs: Iterable[Output]) -> tuple[Payee, ...]:
    """Those whom ``outputs`` pay, with what they got by ``pasts``.

    The history is not decoded: each payee is looked for in every way in which his address can be written.
    """
    found: dict[tuple[Program | str, str], Payee] = {}
    for output in outputs:
        program = program_of(output.address, chain)
        payee = found.setdefault((program, output.asset.asset_id), Payee(program, output.asset))
        payee.outputs.append(output)
    _remember(pasts if found else (), _spelled(found.values(), chain))
    return tuple(found.values())


def all_payees(pasts: Iterable[Past], review: Review) -> tuple[Payee, ...]:
    """All whom a transaction pays; on a network that is not served, which another rule refuses, by their texts."""
    served = next((chain for chain in CHAINS if chain.chain_id == review.chain_id), None)
    return payees(pasts, served, review.payments)


def earlier_payments(case: Case) -> list[tuple[Output, int, str]]:
    """Payments of the case whose payee was paid in the same asset before: output, amount then, request then (hex).

    Whatever the amounts: a second payment that was only said to be lost may be of one unit more.
    """
    found = all_payees(case.history, case.review)
    told = [(output, one.amount, one.past.request) for payee in found for output in payee.outputs for one in payee.made]
    return sorted(told, key=lambda one: one[0].index)


def _remember(pasts: Iterable[Past], spelled: dict[tuple[str, str], Payee]) -> None:
    addresses = {address for address, _ in spelled}
    for past in pasts:
        for place, (address, amount, asset_id) in enumerate(past.payments):
            if address not in addresses and address.lower() not in addresses:
                continue
            if payee := spelled.get((address, asset_id)) or spelled.get((address.lower(), asset_id)):
                payee.made.append(Made(past, amount, past.records[place] if place < len(past.records) else None))


def _spelled(found: Iterable[Payee], chain: Chain | None) -> dict[tuple[str, str], Payee]:
    """The payees by each text that pays them, and asset."""
    return {
        (text, payee.asset.asset_id): payee
        for payee in found
        for output in payee.outputs
        for text in _spellings(output.address, payee.program, chain)
    }


def program_of(address: str, chain: Chain | None) -> Program | str:
    """The program of an address on its chain; the text itself where it is none."""
    try:
        return decode_on_chain(address, chain) if chain else address
    except InputError:
        return address


def _spellings(address: str, program: Program | str, chain: Chain | None) -> Iterator[str]:
    """Every text of the same program on the chain; of those that know no capitals, the one in small letters."""
    yield address
    if isinstance(program, str):
        return
    if program.kind is Kind.EVM:
        yield address.lower()
    if program.kind is Kind.KEY_HASH and isinstance(chain, BitcoinChain):
        yield encode_address(b"\x00\x14" + program.payload, chain)
        yield encode_address(b"\x76\xa9\x14" + program.payload + b"\x88\xac", chain)


def rests_on(case: Case, earlier: Iterable[tuple[Past, int]] = ()) -> str:
    """The evidence of a reason: the policy in force, and the requests that were counted."""
    requests = [past.request for past, _ in earlier]
    told = [case.basis("policy"), *(f"request {request}" for request in requests[:MAX_EVIDENCE])]
    return ", ".join([*told, *([f"and {len(requests) - MAX_EVIDENCE} more"] if len(requests) > MAX_EVIDENCE else [])])
