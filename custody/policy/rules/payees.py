"""Whom a transaction pays, however the address is written, and what they got before."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from custody.amounts import Asset
from custody.bitcoin.script import encode_address
from custody.chains import BitcoinChain, Chain
from custody.errors import InputError
from custody.policy.case import Case, Past
from custody.policy.rules.history import recent
from custody.review import Output
from custody.screening.address import Kind, Program, decode_on_chain

#: How many requests one reason names as its evidence.
MAX_EVIDENCE = 5


@dataclass(slots=True)
class Payee:
    """One who is paid in one asset.

    Attributes:
        program: what the address stands for; the text itself where it is no address, which no rule lets pass.
        outputs: of the transaction, those that pay him.
        earlier: authorisations within the asked time that paid him, newest first, with how much each.
    """

    program: Program | str
    asset: Asset
    outputs: list[Output] = field(default_factory=list)
    earlier: list[tuple[Past, int]] = field(default_factory=list)

    @property
    def amount(self) -> int:
        """What the transaction pays him in all, base units."""
        return sum(output.amount for output in self.outputs)

    @property
    def fact(self) -> str:
        """The path of what is judged: the first output that pays him."""
        return f"outputs[{self.outputs[0].index}]"


def payees(case: Case, chain: Chain, seconds: int, outputs: Iterable[Output]) -> tuple[Payee, ...]:
    """Those whom ``outputs`` pay, with what they got less than ``seconds`` of elapsed time ago.

    The history is not decoded: each payee is looked for in every way in which his address can be written.
    """
    found: dict[tuple[Program | str, str], Payee] = {}
    for output in outputs:
        program = program_of(output.address, chain)
        payee = found.setdefault((program, output.asset.asset_id), Payee(program, output.asset))
        payee.outputs.append(output)
    spelled = {
        (text, payee.asset.asset_id): payee
        for payee in found.values()
        for output in payee.outputs
        for text in _spellings(output.address, payee.program, chain)
    }
    for past in recent(case, seconds) if found else ():
        _remember(past, spelled)
    return tuple(found.values())


def _remember(past: Past, spelled: dict[tuple[str, str], Payee]) -> None:
    for address, amount, asset_id in past.payments:
        payee = spelled.get((address, asset_id)) or spelled.get((address.lower(), asset_id))
        if payee is None:
            continue
        if payee.earlier and payee.earlier[-1][0] is past:
            amount += payee.earlier.pop()[1]
        payee.earlier.append((past, amount))


def program_of(address: str, chain: Chain) -> Program | str:
    """The program of an address on its chain; the text itself where it is none."""
    try:
        return decode_on_chain(address, chain)
    except InputError:
        return address


def _spellings(address: str, program: Program | str, chain: Chain) -> Iterator[str]:
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
