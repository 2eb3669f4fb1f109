"""The numbers of a request as symbols of the solver, what holds of every request, and a model of them read back."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import z3

from custody.coordinator.prover.scenario import Earlier, Scenario, Situation
from custody.policy.chain_policy import ROLES
from custody.policy.clauses import MAX_HOURS
from custody.policy.document import MAX_REQUEST_HOURS

#: Earlier authorisations that a request is looked at with.
EARLIER = 2
#: People of one role who approved, at most.
MAX_APPROVED = 20
#: Beyond any amount that a policy or a transaction can write.
MAX_AMOUNT = 2**256

HOUR, DAY = 3_600, 86_400
WEEK_MINUTES = 10_080


@dataclass(frozen=True, slots=True)
class EarlierSymbols:
    """The numbers of one earlier authorisation, as `Earlier`."""

    age: Any
    same: Any
    other: Any
    fee: Any
    shared: Any


@dataclass(frozen=True, slots=True)
class Symbols:
    """The numbers of a request, as `Scenario`."""

    amount: Any
    fee: Any
    feerate: Any
    minute: Any
    request_age: Any
    list_known: Any
    list_age: Any
    flagged: Any
    record: Any
    network: Any
    house: Any
    people: dict[str, Any]
    organisations: dict[str, Any]
    earlier: tuple[EarlierSymbols, ...]

    @classmethod
    def fresh(cls) -> "Symbols":
        """Free symbols."""
        bools, roles = {"list_known", "flagged", "record", "network"}, ("people", "organisations")
        plain = [field.name for field in fields(cls) if field.name not in {*roles, "earlier"}]
        named: dict[str, Any] = {name: z3.Bool(name) if name in bools else z3.Int(name) for name in plain}
        by_role = {kind: {role: z3.Int(f"{kind}_{role}") for role in ROLES} for kind in roles}
        return cls(**named, **by_role, earlier=tuple(_earlier(number) for number in range(EARLIER)))

    def domain(self, situation: Situation) -> list[Any]:
        """What holds of the numbers of every request."""
        natural = [self.fee, self.feerate, self.request_age, self.list_age, self.house]
        bounds = [self.amount >= (1 if situation.payee else 0), self.amount < (MAX_AMOUNT if situation.payee else 1)]
        bounds += [number >= 0 for number in natural]
        bounds += [self.fee < MAX_AMOUNT, self.feerate < MAX_AMOUNT, self.minute >= 0, self.minute < WEEK_MINUTES]
        bounds += [self.request_age <= 2 * MAX_REQUEST_HOURS * HOUR, self.list_age <= 2 * MAX_HOURS * HOUR]
        bounds += [self.house < len(situation.houses)]
        bounds += [] if situation.payee else [z3.Not(self.record), z3.Not(self.flagged)]
        for role in ROLES:
            people, organisations = self.people[role], self.organisations[role]
            bounds += [people >= 0, people <= MAX_APPROVED, organisations <= people]
            bounds += [organisations >= z3.If(people > 0, 1, 0)]
        return [*bounds, *(one for past in self.earlier for one in _domain(past, situation))]

    def numbers(self) -> Iterator[Any]:
        """All that are no yes or no, those first that people look at."""
        yield from (self.fee, self.amount, self.feerate, self.house, self.minute, self.request_age, self.list_age)
        yield from (*self.people.values(), *self.organisations.values())
        yield from (number for past in self.earlier for number in (past.other, past.fee, past.same, past.age))

    def scenario(self, situation: Situation, model: Any) -> Scenario:
        """The request that a model of the solver is."""
        earlier = tuple(
            Earlier(**{field.name: _value(model, getattr(one, field.name)) for field in fields(one)})
            for one in self.earlier
        )
        by_role: dict[str, Any] = {
            kind: {role: _value(model, symbol) for role, symbol in getattr(self, kind).items()}
            for kind in ("people", "organisations")
        }
        plain = [field.name for field in fields(self) if field.name not in {*by_role, "earlier"}]
        values = {name: _value(model, getattr(self, name)) for name in plain}
        return Scenario(situation, **values, **by_role, earlier=earlier)


def _earlier(number: int) -> EarlierSymbols:
    numbers = {name: z3.Int(f"{name}_{number}") for name in ("age", "same", "other", "fee")}
    return EarlierSymbols(**{name: numbers[name] for name in numbers}, shared=z3.Bool(f"shared_{number}"))


def _domain(past: EarlierSymbols, situation: Situation) -> Iterator[Any]:
    for number in (past.age, past.same, past.other, past.fee):
        yield number >= 0
        yield number < MAX_AMOUNT
    yield past.age <= 400 * DAY
    if situation.payee is None:
        yield past.same == 0


def _value(model: Any, symbol: Any) -> Any:
    value = model.eval(symbol, model_completion=True)
    return z3.is_true(value) if z3.is_bool(value) else value.as_long()
