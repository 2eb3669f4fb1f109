"""The history on its way to the key process: one encoding, and nothing else is read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.codec import canonical_json
from custody.errors import CustodyError, InputError
from custody.policy import past
from custody.policy.past import Past, parse_history, serialize_history

TEXT = st.text(st.characters(codec="ascii"), max_size=20)
AMOUNT = st.integers(0, 2**256)
PASTS = st.builds(
    Past,
    request=TEXT,
    elapsed=st.integers(0, 2**53 - 1),
    spends=st.lists(TEXT, max_size=3).map(tuple),
    payments=st.lists(st.tuples(TEXT, AMOUNT, TEXT), max_size=3).map(tuple),
    charges=st.dictionaries(TEXT, AMOUNT, max_size=3),
    owners=st.lists(TEXT, max_size=3).map(tuple),
    records=st.lists(TEXT, max_size=3).map(tuple),
    authorizations=st.lists(TEXT, max_size=3).map(tuple),
)
ONE = Past("ab" * 32, 7, ("txid:0",), (("address", 5, "asset"),), {"asset": 6}, ("Hot",), ("",), ("id",))
ROW = ONE.as_json()


@given(st.lists(PASTS, max_size=4).map(tuple))
def test_a_history_survives_the_pipe(history: tuple[Past, ...]) -> None:
    assert parse_history(serialize_history(history)) == history


@pytest.mark.parametrize(
    "rows",
    [
        {},
        "text",
        [[]],
        [{}],
        [ROW[:-1]],
        [[*ROW, []]],
        [[ROW[0], "7", *ROW[2:]]],
        [[ROW[0], -1.5, *ROW[2:]]],
        [[*ROW[:2], "spends", *ROW[3:]]],
        [[*ROW[:3], [["address", 5, "asset"]], *ROW[4:]]],
        [[*ROW[:3], [["address", "05", "asset"]], *ROW[4:]]],
        [[*ROW[:3], [["address", "5"]], *ROW[4:]]],
        [[*ROW[:4], ["asset"], *ROW[5:]]],
        [[*ROW[:4], {"asset": "+6"}, *ROW[5:]]],
        [[*ROW[:5], [None], *ROW[6:]]],
    ],
)
def test_another_form_is_refused(rows: Any) -> None:
    try:
        text = canonical_json.dumps(rows)
    except CustodyError:
        return
    with pytest.raises(InputError) as caught:
        parse_history(text)
    assert caught.value.code == "HISTORY-FORM"


def test_a_history_beyond_its_bound_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "MAX_HISTORY_BYTES", len(serialize_history([ONE])))
    assert parse_history(serialize_history([ONE])) == (ONE,)
    with pytest.raises(InputError) as caught:
        serialize_history([ONE, ONE])
    assert caught.value.code == "HISTORY-SIZE"
