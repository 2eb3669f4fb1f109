"""Rosters under arbitrary people and bytes: each person once, a house that survives a loss, or a refusal."""

from typing import Any

import rosters
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.errors import CustodyError
from custody.officers.roster import Role, Roster

COMMON = settings(max_examples=200, deadline=None)
FEW = settings(max_examples=60, deadline=None)
HONEST = rosters.roster_toml()
# Of signs that look like no other; those that do have tests of their own (tests/unit/officers/test_roster.py).
WORDS = st.from_regex(r"[a-hA-H2-9]{1,12}( [a-hA-H2-9]{1,12}){0,2}", fullmatch=True)
KINDS = ("policy", "list", "tokens", "roster")
QUORUMS = st.fixed_dictionaries({kind: st.integers(1, 4) for kind in KINDS} | {"consent": st.integers(1, 4)})


def read(toml: bytes) -> Roster | None:
    """The roster; None where the reader refuses in its own words."""
    try:
        return Roster.parse(toml)
    except CustodyError as error:
        assert error.code.startswith("ROSTER-")
        return None


@FEW
@given(st.lists(st.sampled_from(list(Role)), max_size=16), QUORUMS)
def test_a_roster_is_read_exactly_when_its_house_survives_the_loss_of_one(roles: list[Role], asked: Any) -> None:
    people = [rosters.person(f"Person {number}", role) for number, role in enumerate(roles)]
    roster = read(rosters.roster_toml(people, **asked))
    enough = (
        roles.count(Role.COMPLIANCE) > max(asked[kind] for kind in KINDS)
        and roles.count(Role.OFFICER) > asked["consent"]
        and roles.count(Role.OPERATOR) > 0
    )
    assert (roster is not None) == enough


@FEW
@given(st.lists(st.tuples(WORDS, st.sampled_from(list(Role)), WORDS), max_size=6))
def test_what_was_written_is_read_and_everybody_stands_once(drawn: list[tuple[str, Role, str]]) -> None:
    rows = [(name, role.value, organisation, rosters.certificate(name)) for name, role, organisation in drawn]
    people = (*rosters.PEOPLE, *rows)
    roster = read(rosters.roster_toml(people))
    names = {row[0].casefold().replace(" ", "") for row in people}
    organisations = {row[2] for row in people}
    unique = len(names) == len(people) and len({one.casefold().replace(" ", "") for one in organisations}) == len(
        organisations
    )
    assert (roster is not None) == unique
    if roster:
        assert [(one.name, one.role, one.organisation, one.certificate) for one in roster.people] == list(people)
        assert all(roster.person(rosters.fingerprint(row[0])) for row in people if row[3])


@COMMON
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_roster_or_refused(toml: bytes) -> None:
    read(toml)


@COMMON
@given(st.integers(0, len(HONEST)), st.integers(0, 6), st.binary(max_size=6))
def test_bent_bytes_are_a_roster_or_refused(start: int, length: int, put: bytes) -> None:
    read(HONEST[:start] + put + HONEST[start + length :])
