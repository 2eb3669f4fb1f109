"""What a new roster makes newly possible: more people, fewer signatures, a shorter wait, a veto less."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import pytest
import rosters

from custody.officers.compare import compare_roster
from custody.officers.roster import Person, Role, Roster
from custody.policy.compare.change import Change

ROSTER = Roster.parse(rosters.roster_toml())
NAMES = {person.name: person for person in ROSTER.people}
UNTIL = 1_800_000_000
LATER = UNTIL + 86_400


def changed(**values: Any) -> Roster:
    return dataclasses.replace(ROSTER, **values)


def with_person(called: str, /, **values: Any) -> Roster:
    """The roster with another value of one person."""
    people = [dataclasses.replace(one, **values) if one.name == called else one for one in ROSTER.people]
    return changed(people=tuple(people))


def without(*names: str) -> Roster:
    return changed(people=tuple(one for one in ROSTER.people if one.name not in names))


def only(changes: tuple[Change, ...]) -> Change:
    (change,) = changes
    return change


def test_nothing_differs_from_itself() -> None:
    assert compare_roster(ROSTER, Roster.parse(rosters.roster_toml())) == ()


def test_the_order_of_the_people_changes_nothing() -> None:
    assert compare_roster(ROSTER, Roster.parse(rosters.roster_toml(rosters.PEOPLE[::-1]))) == ()


def test_without_a_roster_before_everybody_is_new() -> None:
    changes = compare_roster(None, ROSTER)
    assert len(changes) == len(ROSTER.people)
    assert all(change.loosens for change in changes)


@pytest.mark.parametrize("role", Role)
def test_a_new_person_of_any_role_loosens(role: Role) -> None:
    person = Person("Yamada", role, "Example Exchange KK")
    change = only(compare_roster(ROSTER, changed(people=(*ROSTER.people, person))))
    assert change.loosens
    assert (change.before, change.after) == ("not on the roster", f"Yamada, {role} of Example Exchange KK")
    assert change.example.startswith("Yamada may ")
    assert change.example.endswith(": no before, yes now")


@pytest.mark.parametrize(
    "values",
    [
        {"role": Role.COMPLIANCE},
        {"organisation": "Example Trust KK"},
        {"certificate": b"another", "fingerprint": "AB" * 20},
        {"certificate": b"the same key with another subkey"},
        {"until": UNTIL, "organisation": "Example Trust KK"},
        {"name": "ito"},
    ],
)
def test_a_person_who_is_not_the_same_loosens(values: dict[str, Any]) -> None:
    changes = compare_roster(ROSTER, with_person("Ito", **values))
    assert changes[0].loosens
    assert changes[0].before != changes[0].after


@pytest.mark.parametrize("name", ["Tanaka", "Ito", "Mori", "Noda"])
def test_who_goes_or_ends_earlier_tightens(name: str) -> None:
    gone = only(compare_roster(ROSTER, without(name)))
    ends = only(compare_roster(ROSTER, with_person(name, until=UNTIL)))
    sooner = only(compare_roster(with_person(name, until=LATER), with_person(name, until=UNTIL)))
    assert [change.loosens for change in (gone, ends, sooner)] == [False] * 3
    assert gone.example.endswith("yes before, no now")
    assert sooner.example.endswith("yes until 2027-01-16T08:00:00Z before, yes until 2027-01-15T08:00:00Z now")


def test_an_officer_who_goes_or_ends_earlier_loosens_it_is_a_veto_less() -> None:
    gone, ends = without("Sato"), with_person("Sato", until=UNTIL)
    for new in (gone, ends):
        change = only(compare_roster(ROSTER, new))
        assert change.loosens
        assert change.example.startswith("Sato may consent and veto on the device: yes before")


@pytest.mark.parametrize("later", [LATER, None])
def test_a_later_end_loosens(later: int | None) -> None:
    for name in ("Sato", "Ito", "Noda"):
        assert only(compare_roster(with_person(name, until=UNTIL), with_person(name, until=later))).loosens


@pytest.mark.parametrize(
    ("values", "rule", "example"),
    [
        ({"policy": 1}, "signatures.policy", "1 signature(s) of compliance under a bundle of type policy"),
        ({"list": 1}, "signatures.list", "1 signature(s) of compliance under a bundle of type list"),
        ({"tokens": 1}, "signatures.tokens", "1 signature(s) of compliance under a bundle of type tokens"),
        ({"roster": 1}, "signatures.roster", "1 signature(s) of compliance under a bundle of type roster"),
        ({"consent": 1}, "consent.officers", "1 officer(s) who consent on the device"),
        (
            {"delay_hours": 1},
            "activation_delay_hours",
            "what loosens, in force 1 hour(s) after the officers agreed to it",
        ),
    ],
)
def test_lower_numbers_loosen_and_higher_ones_tighten(values: dict[str, int], rule: str, example: str) -> None:
    lower = Roster.parse(rosters.roster_toml(**values))
    down, up = only(compare_roster(ROSTER, lower)), only(compare_roster(lower, ROSTER))
    assert (down.loosens, down.rule, up.loosens, up.rule) == (True, rule, False, rule)
    assert (down.before, down.after) == (up.after, up.before)
    assert down.example.startswith(example)
    assert up.example.startswith(example)


def test_another_house_loosens() -> None:
    assert only(compare_roster(ROSTER, changed(house="another"))).loosens


def test_what_is_newly_allowed_comes_first() -> None:
    new = dataclasses.replace(without("Ito", "Sato"), consent=3)
    changes = compare_roster(ROSTER, new)
    assert [change.loosens for change in changes] == [True, False, False]
    assert "Sato" in changes[0].before


@dataclass(frozen=True, slots=True)
class LaterRoster(Roster):
    """A roster of a later version."""

    quorum: int = 1


def test_a_field_that_the_comparison_does_not_know_loosens() -> None:
    values = [getattr(ROSTER, field.name) for field in dataclasses.fields(Roster)]
    change = only(compare_roster(LaterRoster(*values), LaterRoster(*values, quorum=2)))
    assert (change.loosens, change.rule) == (True, "quorum")
