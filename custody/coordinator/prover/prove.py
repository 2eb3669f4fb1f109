"""What a new policy newly allows, asked of a solver: proved to be nothing, or an example that the device judged.

An example is judged by `custody.policy.evaluate` under both policies before anybody sees it. That there is none is
the solver's word on a formula of the rules, for all numbers in the situations that are asked about; `NOT_COVERED` says
what is not in it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import z3

from custody.amounts import Asset
from custody.chains import BitcoinChain
from custody.coordinator.prover.encode import allowed
from custody.coordinator.prover.payees import Standing, payees
from custody.coordinator.prover.record import HOUSE_LEI, OTHER_LEI
from custody.coordinator.prover.scenario import Scenario, Situation
from custody.coordinator.prover.symbols import EARLIER, Symbols
from custody.errors import CustodyError
from custody.evm.tokens import TokenRegistry
from custody.policy.chain_policy import ChainPolicy
from custody.policy.document import OriginatingVasp, Policy

#: What the formula does not speak of, for people.
NOT_COVERED = (
    "transactions that pay several payees or several assets",
    f"more than {EARLIER} earlier authorisations, and those by the same travel-rule record",
    "what a record must hold beyond being there, complete and from this house (profile, rates)",
    "payments that the payee's VASP has signed",
    "destinations on Bitcoin that look like known ones",
    "other flagged lists, token registries, rosters and VASP keys than those in force",
)

#: What holds of every policy: a name, and what would break it.
_ALWAYS = {
    "what is flagged is never allowed": lambda symbols, _: symbols.flagged,
    "without a record nobody but this house is paid": lambda symbols, own: z3.And(
        z3.Not(symbols.record), z3.BoolVal(not own)
    ),
}


@dataclass(frozen=True, slots=True)
class Proof:
    """What the solver found.

    Attributes:
        situations: how many it was asked about, each for all numbers.
        example: a request that the new policy allows and the old one does not; None where there is none.
        always: what it proved of the new policy by itself.
    """

    situations: int
    example: Scenario | None
    always: tuple[str, ...]


def prove(old: Policy, new: Policy, asked: Sequence[Situation]) -> Proof:
    """Whether the new policy allows anything that the old one does not, in any of these situations.

    Raises:
        CustodyError: PROVER-DIFFERS, where the device's rules do not bear out what the solver found.
        PROVER-UNDECIDED, where it found nothing either way.
    """
    found = (example for one in asked if (example := newly_allowed(old, new, one)))
    return Proof(len(asked), next(found, None), tuple(_proved(new, asked)))


def situations(old: Policy, new: Policy, tokens: TokenRegistry) -> Iterator[Situation]:
    """All that the numbers leave open: chains and assets that the new policy pays, and each kind of payee."""
    houses = _houses(old, new)
    for named in new.chains:
        kinds = payees(old, new, named.chain)
        for asset in _assets(named, tokens):
            for payee in kinds:
                yield Situation(named.chain, asset, payee, houses)
        if isinstance(named.chain, BitcoinChain):
            yield Situation(named.chain, named.chain.coin, None, houses)


def newly_allowed(old: Policy, new: Policy, situation: Situation) -> Scenario | None:
    """A request in this situation that the new policy alone allows, as plain as one can be."""
    symbols, (before, after) = Symbols.fresh(), _standings(situation)
    solver = _solver(symbols, situation)
    solver.add(allowed(new, after, situation, symbols), z3.Not(allowed(old, before, situation, symbols)))
    if not _satisfiable(solver):
        return None
    model = _plain(solver, symbols)
    scenario = symbols.scenario(situation, model)
    if scenario.allowed(old, before) or not scenario.allowed(new, after):
        raise CustodyError(
            "PROVER-DIFFERS",
            "The device's rules judge the solver's example in another way than its formula.",
            "Nothing is proved. Believe the comparison without --prove, and report this with both policies.",
        )
    return scenario


def _proved(policy: Policy, asked: Iterable[Situation]) -> Iterator[str]:
    """What holds of this policy in every situation."""
    cases = [(one, _standings(one)[1]) for one in asked]
    for words, breaks in _ALWAYS.items():
        if not any(_broken(policy, situation, standing, breaks) for situation, standing in cases if situation.payee):
            yield words


def _broken(policy: Policy, situation: Situation, standing: Standing, breaks: Any) -> bool:
    symbols = Symbols.fresh()
    solver = _solver(symbols, situation)
    solver.add(allowed(policy, standing, situation, symbols), breaks(symbols, standing.own))
    return _satisfiable(solver)


def _solver(symbols: Symbols, situation: Situation) -> Any:
    solver = z3.Solver()
    solver.add(*symbols.domain(situation))
    return solver


def _satisfiable(solver: Any) -> bool:
    answer = solver.check()
    if answer == z3.unknown:
        raise CustodyError("PROVER-UNDECIDED", f"The solver found nothing either way: {solver.reason_unknown()}.")
    return bool(answer == z3.sat)


def _plain(solver: Any, symbols: Symbols) -> Any:
    """The one model in which as little as possible happens, so that people see what matters."""
    wishes = [past.same + past.other + past.fee == 0 for past in symbols.earlier]
    wishes += [z3.Not(past.shared) for past in symbols.earlier]
    wishes += [
        symbols.record,
        z3.Not(symbols.network),
        symbols.list_known,
        symbols.list_age == 0,
        symbols.request_age == 0,
    ]
    for wish in wishes:
        solver.push()
        solver.add(wish)
        if solver.check() != z3.sat:
            solver.pop()
            solver.add(z3.Not(wish))
    return _smallest(solver, symbols)


def _smallest(solver: Any, symbols: Symbols) -> Any:
    """The model with the smallest numbers, one after the other."""
    optimize = z3.Optimize()
    optimize.add(*solver.assertions())
    for number in symbols.numbers():
        optimize.minimize(number)
    if optimize.check() != z3.sat:
        raise CustodyError("PROVER-UNDECIDED", "The solver found no smallest example.")
    return optimize.model()


def _standings(situation: Situation) -> tuple[Standing, Standing]:
    payee = situation.payee
    return (payee.old, payee.new) if payee else (Standing(), Standing())


def _houses(old: Policy, new: Policy) -> tuple[OriginatingVasp, ...]:
    """Whom records may name as their originating VASP, as far as both policies tell them apart."""
    vasps = (new.originating_vasp, old.originating_vasp)
    identifiers = (*(vasp.lei or HOUSE_LEI for vasp in vasps), OTHER_LEI)
    return tuple(dict.fromkeys(OriginatingVasp(vasp.name, lei) for lei in identifiers for vasp in vasps))


def _assets(named: ChainPolicy, tokens: TokenRegistry) -> Iterator[Asset]:
    known = {token.asset.asset_id: token.asset for token in tokens.tokens}
    coin = named.chain.coin
    for asset_id, _ in named.caps:
        unknown = replace(coin, asset_id=asset_id, symbol=f"base units of {asset_id.rsplit(':', 1)[1]}", decimals=0)
        yield coin if asset_id == coin.asset_id else known.get(asset_id, unknown)
