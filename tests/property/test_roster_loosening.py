"""Whatever a new roster lets anybody do that the old one did not, its comparison says that it loosens."""

from collections.abc import Iterable
from typing import Any

import rosters
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from custody.errors import CustodyError
from custody.officers import compare
from custody.officers.compare import compare_roster
from custody.officers.roster import Roster
from custody.times import rfc3339

#: Moments at which somebody may not be valid any more.
ENDS = (1_780_000_000, 1_790_000_000)
MOMENTS = (ENDS[0] - 1, ENDS[0], ENDS[1])
NAMES = ("Sato", "Abe", "Endo", "Ueda", "Ito", "Chiba", "Mori", "Kato", "Hara", "Baba", "Doi")
HOUSES = ("Example Exchange KK", "Other Trust KK")

rows = st.tuples(
    st.sampled_from(("officer", "operator", "approver", "compliance")),
    st.sampled_from(HOUSES),
    st.sampled_from((None, *ENDS)),
)
counts = st.fixed_dictionaries(
    {"delay_hours": st.integers(1, 3), "consent": st.integers(1, 2)}
    | {kind: st.integers(1, 2) for kind in ("policy", "list", "tokens", "roster")},
    optional={"vasps": st.integers(1, 2)},
)
FOUNDED = {
    **dict.fromkeys(NAMES[:3], ("officer", HOUSES[0], None)),
    "Ueda": ("operator", HOUSES[0], None),
    **dict.fromkeys(NAMES[6:9], ("compliance", HOUSES[0], None)),
}
people = st.dictionaries(st.sampled_from(NAMES), rows, max_size=4).map(lambda drawn: FOUNDED | drawn)
without = st.sets(st.sampled_from(NAMES), max_size=2)


def roster(drawn: dict[str, tuple[str, str, int | None]], numbers: dict[str, int]) -> Roster | None:
    """The roster, where it is one."""
    built: list[str] = []
    for name, (role, organisation, until) in drawn.items():
        extra = f'until = "{rfc3339(until)}"' if until else ""
        built.append(rosters.person_toml(name, role, organisation, rosters.certificate(name), extra))
    text = rosters.roster_toml([], **numbers) + "\n".join(built).encode()
    try:
        return Roster.parse(text)
    except CustodyError:
        return None


def powers(one: Roster) -> set[tuple[Any, ...]]:
    """What somebody can do, and what is enough: each as a fact. More of them is more that is possible."""
    able: set[tuple[Any, ...]] = set()
    for moment in MOMENTS:
        for person in one.people:
            if person.valid(moment):
                able.add((moment, person.name, person.fingerprint, person.role, person.organisation))
    able |= {("signatures enough", kind, count) for kind, least in one.signatures.items() for count in range(least, 11)}
    able |= {("officers enough", count) for count in range(one.consent, 6)}
    able |= {("waited enough", hours) for hours in range(one.activation_delay // 3_600, 721)}
    return able


def guards(one: Roster) -> set[tuple[Any, ...]]:
    """Who can stop the device, and when."""
    return {
        (moment, person.name)
        for moment in MOMENTS
        for person in one.people
        if person.role == "officer" and person.valid(moment)
    }


def opens(old: Roster, new: Roster) -> bool:
    """Whether something is possible under the new one that was not, or somebody can stop it no longer."""
    return bool(powers(new) - powers(old)) or bool(guards(old) - guards(new))


def loosens(changes: Iterable[Any]) -> bool:
    return any(change.loosens for change in changes)


pairs = st.tuples(people, counts, people, counts, without)


@settings(max_examples=400)
@given(pairs)
def test_what_a_new_roster_opens_is_told_as_loosening(drawn: Any) -> None:
    first, numbers, second, others, gone = drawn
    old = roster(first, numbers)
    new = roster({name: row for name, row in second.items() if name not in gone}, others)
    assume(old is not None and new is not None)
    assert old is not None
    assert new is not None
    if opens(old, new):
        assert loosens(compare_roster(old, new))


@settings(max_examples=200)
@given(people, counts, people, counts)
def test_a_roster_that_differs_is_never_without_a_change(first: Any, numbers: Any, second: Any, others: Any) -> None:
    old, new = roster(first, numbers), roster(second, others)
    assume(old is not None and new is not None)
    assert old is not None
    assert new is not None
    assert bool(compare_roster(old, new)) == (old != new and (powers(old), guards(old)) != (powers(new), guards(new)))


def test_a_comparison_that_says_nothing_would_be_found() -> None:
    few, more = roster(FOUNDED, {"consent": 2}), roster(FOUNDED, {"consent": 1})
    assert few is not None
    assert more is not None
    assert opens(few, more)
    assert loosens(compare_roster(few, more))
    assert not opens(more, few)
    assert not loosens(compare.compare_roster(more, few))
