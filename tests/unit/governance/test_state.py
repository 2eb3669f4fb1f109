"""What is in force: read strictly, changed only by its own functions, matured by the clock that cannot be set."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.errors import CustodyError, InputError
from custody.governance.clocks import Credit, Times
from custody.governance.moments import Delay
from custody.governance.state import KINDS, MAX_STATE, Held, State

FIRST, SECOND, THIRD = (Held(bytes([number]) * 32, number) for number in (1, 2, 3))
FOUNDED = State.founded({"policy": FIRST, "list": FIRST})
DAY = 86_400


def times(elapsed: int, *credited: Credit) -> Times:
    return Times(0, elapsed, credited)


def test_what_is_taken_at_once_is_in_force_and_seen() -> None:
    state = FOUNDED.taken("policy", SECOND, None)
    assert (state.held["policy"], state.seen["policy"], dict(state.waiting)) == (SECOND, SECOND, {})
    assert state.held["list"] == FIRST


def test_what_waits_is_seen_but_not_in_force() -> None:
    state = FOUNDED.taken("policy", SECOND, Delay(10, DAY))
    assert (state.held["policy"], state.seen["policy"]) == (FIRST, SECOND)


@pytest.mark.parametrize(("elapsed", "sequence"), [(0, 1), (9 + DAY, 1), (10 + DAY, 2), (10 + 2 * DAY, 2)])
def test_a_delay_is_over_to_the_second(elapsed: int, sequence: int) -> None:
    state = FOUNDED.taken("policy", SECOND, Delay(10, DAY)).matured(times(elapsed))
    assert state.held["policy"].sequence == sequence


def test_time_switched_off_counts_where_it_was_credited() -> None:
    waiting = FOUNDED.taken("policy", SECOND, Delay(10, DAY))
    assert waiting.matured(times(20, Credit(10, DAY))).held["policy"] == SECOND
    assert waiting.matured(times(20, Credit(9, DAY))).held["policy"] == FIRST


def test_a_veto_throws_out_what_waits_and_keeps_its_sequence_used() -> None:
    state = FOUNDED.taken("policy", SECOND, Delay(0, DAY)).vetoed("policy")
    assert (state.matured(times(10 * DAY)).held["policy"], state.seen["policy"]) == (FIRST, SECOND)


def test_what_comes_later_takes_the_place_of_what_waits() -> None:
    waiting = FOUNDED.taken("policy", SECOND, Delay(0, DAY))
    assert waiting.taken("policy", THIRD, None).matured(times(DAY)).held["policy"] == THIRD
    assert waiting.taken("policy", THIRD, Delay(DAY, DAY)).matured(times(DAY)).held["policy"] == FIRST


def test_a_thaw_ends_a_freeze_after_its_delay_and_a_second_freeze_ends_the_thaw() -> None:
    thawing = FOUNDED.stopped().thawing(Delay(0, DAY))
    assert thawing.matured(times(DAY - 1)).frozen
    assert not thawing.matured(times(DAY)).frozen
    assert thawing.stopped().matured(times(10 * DAY)).frozen


def test_maturing_twice_is_maturing_once() -> None:
    state = FOUNDED.taken("policy", SECOND, Delay(0, DAY)).stopped().thawing(Delay(0, DAY)).matured(times(DAY))
    assert state.matured(times(DAY)) == state


held = st.builds(Held, st.binary(min_size=32, max_size=32), st.integers(0, 2**53 - 1))
delays = st.builds(Delay, st.integers(0, 2**40), st.integers(0, 2**40))
moves = st.one_of(
    st.tuples(st.just("taken"), st.sampled_from(KINDS), held, st.none() | delays),
    st.tuples(st.just("vetoed"), st.sampled_from(KINDS)),
    st.tuples(st.just("stopped")),
    st.tuples(st.just("thawing"), delays),
    st.tuples(st.just("matured"), st.builds(times, st.integers(0, 2**41))),
)
states = st.lists(moves, max_size=12).map(lambda made: moved(State(), made))


def moved(state: State, made: list[tuple[Any, ...]]) -> State:
    for name, *given_ in made:
        state = getattr(state, name)(*given_)
    return state


@given(states)
def test_a_state_reads_back_as_it_was_written(state: State) -> None:
    assert State.parse(state.serialize()) == state
    assert len(state.serialize()) < MAX_STATE


@given(states, st.data())
def test_a_bent_state_is_refused_or_another(state: State, data: st.DataObject) -> None:
    text = bytearray(state.serialize())
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert State.parse(bytes(text)).serialize() == bytes(text)
    except CustodyError:
        return


@given(st.binary(max_size=200))
def test_any_bytes_give_a_state_or_an_error(text: bytes) -> None:
    with pytest.raises(CustodyError):
        State.parse(text)


@pytest.mark.parametrize(
    "changed",
    [
        {"frozen": 1},
        {"extra": None},
        {"held": []},
        {"held": {"other": FIRST.as_json()}},
        {"held": {"policy": FIRST.as_json() | {"sequence": -1}}},
        {"held": {"policy": FIRST.as_json() | {"sequence": True}}},
        {"held": {"policy": FIRST.as_json() | {"digest": "00"}}},
        {"held": {"policy": FIRST.as_json() | {"digest": "zz" * 32}}},
        {"held": {"policy": FIRST.as_json() | {"due": 1}}},
        {"waiting": {"policy": FIRST.as_json()}},
        {"thaw": 5},
        {"thaw": {"mark": -1, "seconds": 1}},
    ],
)
def test_a_state_of_another_form_is_refused(changed: dict[str, Any]) -> None:
    fields = FOUNDED.as_json() | changed
    with pytest.raises(InputError):
        State.parse(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode())


def test_the_example_of_the_page_is_a_state(project: Path) -> None:
    page = (project / "docs/spec/governance.md").read_text("utf-8")
    match = re.search(r"<!-- example:state -->\n```json\n(.*?)\n```", page, re.DOTALL)
    assert match
    state = State.parse(match[1].encode())
    assert (state.held["policy"].sequence, state.waiting["policy"].file.sequence) == (3, 4)
    assert state.matured(times(40_000 + DAY)).held["policy"].sequence == 4
    assert state.matured(times(40_000 + DAY - 1)).held["policy"].sequence == 3
