"""What the process that holds the key is told: one encoding for each value, and bounds on every part."""

from dataclasses import replace
from typing import Any

import pytest
import rosters
import wire_examples
from hypothesis import given
from hypothesis import strategies as st

from custody.codec import cbor
from custody.errors import CustodyError, InputError
from custody.governance.actions import Action, Freeze, Install, Thaw, Veto
from custody.governance.clocks import MAX_CREDITS, Credit, Times
from custody.governance.state import KINDS
from custody.installed import Files
from custody.officers.consent import Typed
from custody.policy.past import Past
from custody.vault.orders import MAX_INSTALLED, CouncilOrder, Evidence, SigningOrder
from custody.vault.sealed import MAX_OFFICERS

Order = SigningOrder | Evidence | CouncilOrder

FILES = Files(b"accounts", b"policy", b"list", b"tokens", b"roster")
TIMES = Times(1_767_225_600, 40_000, (Credit(3_600, 598_740), Credit(7_200, 1)))
TYPED = (Typed("Sato", "10AB-XYZ9"), Typed("Abe", "10AB-XYZ9"))
HISTORY = (
    Past("ab" * 32, 7, ("txid:0",), (("address", 10**30, "asset"),), {"asset": 10**30}, ("Hot",), ("",), ("id",)),
)
SIGNING = SigningOrder(b"request", FILES, TIMES, "note", (bytes(32), b"\x01" * 32), HISTORY, TYPED)
EVIDENCE = Evidence(b"entry", b"{}", {"facts": bytes(32), "charges": b"\x01" * 32}, (bytes(32),), "note")
COUNCIL = CouncilOrder(Install(wire_examples.SIGNED_BUNDLE), FILES, TIMES, "note", TYPED)
ACTIONS: tuple[Action, ...] = (Freeze(), Thaw(), *map(Veto, KINDS))
ORDERS: tuple[Order, ...] = (SIGNING, EVIDENCE, COUNCIL)


@pytest.mark.parametrize(
    "order",
    [
        *ORDERS,
        replace(SIGNING, files=Files(b""), consistency=(), history=(), typed=(), times=Times(0, 0)),
        replace(SIGNING, files=Files(b"a", None, b"list", None, b"roster")),
        replace(SIGNING, files=Files(b"a", b"", b"", b"", b"")),
        replace(EVIDENCE, salts={}, inclusion=()),
        *(replace(COUNCIL, action=action) for action in ACTIONS),
        replace(COUNCIL, times=replace(TIMES, credits=tuple(Credit(mark, 1) for mark in range(MAX_CREDITS)))),
    ],
)
def test_every_order_survives_the_pipe(order: Order) -> None:
    assert type(order).parse(order.serialize()) == order


def test_an_absent_file_is_not_an_empty_one() -> None:
    for place in range(1, len(FILES)):
        empty, absent = (FILES._replace(**{FILES._fields[place]: value}) for value in (b"", None))
        read = [SigningOrder.parse(replace(SIGNING, files=one).serialize()).files for one in (empty, absent)]
        assert read == [empty, absent]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", [SigningOrder, Evidence, CouncilOrder])
def test_no_order_is_read_as_one_of_another_kind(order: Order, kind: type[Order]) -> None:
    if kind is not type(order):
        with pytest.raises(InputError, match="WIRE-FIELDS"):
            kind.parse(order.serialize())


@pytest.mark.parametrize(
    ("order", "name", "values"),
    [
        (SIGNING, "request", (None, "text", bytes(MAX_INSTALLED + 1))),
        (SIGNING, "before", (None, b"bytes", "n" * 1_025)),
        (SIGNING, "consistency", (None, [bytes(33)], [bytes(32)] * 65, ["text"], {})),
        (SIGNING, "typed", (None, {}, [1], [["Sato"]], [["Sato", "code", "more"]], [["Sato", b"code"]], [[1, "code"]])),
        (SIGNING, "typed", ([["o" * 129, "code"]], [["Sato", "c" * 33]], [["Sato", "code"]] * (MAX_OFFICERS + 1))),
        (EVIDENCE, "salts", (None, [], {"facts": "text"}, {"facts": 1}, {1: b""})),
        (EVIDENCE, "inclusion", ([bytes(32)] * 65, [bytes(33)], None)),
        (EVIDENCE, "entry", (bytes(4_097), None)),
        (EVIDENCE, "private", (None, "text")),
        (EVIDENCE, "after", ("n" * 1_025, None)),
        (COUNCIL, "action", ("", "sign", "Install", "i" * 17, b"install", None)),
        (COUNCIL, "argument", (b"", b"\xa0", wire_examples.SIGNED_BUNDLE.serialize()[:-1], None, "text")),
        (COUNCIL, "before", (None, b"bytes", "n" * 1_025)),
        (COUNCIL, "typed", (None, [["o" * 129, "code"]], [["Sato", "c" * 33]])),
    ],
)
def test_a_part_out_of_its_form_or_bounds_is_refused(order: Order, name: str, values: tuple[Any, ...]) -> None:
    for value in values:
        refuse(order, {name: value})


def refuse(order: Order, changed: dict[str, Any]) -> None:
    decoded = cbor.decode(order.serialize())
    assert isinstance(decoded, dict)
    with pytest.raises(InputError):
        type(order).parse(cbor.encode({**decoded, **changed}))


@pytest.mark.parametrize("order", ORDERS)
def test_no_order_has_more_or_fewer_parts(order: Order) -> None:
    decoded = cbor.decode(order.serialize())
    assert isinstance(decoded, dict)
    refuse(order, {"extra": 1})
    for name in decoded:
        with pytest.raises(InputError, match="WIRE-FIELDS"):
            type(order).parse(cbor.encode({other: value for other, value in decoded.items() if other != name}))


@pytest.mark.parametrize("order", [SIGNING, COUNCIL])
@pytest.mark.parametrize(
    "times",
    [
        *(None, [], [0], [0, 0], [0, 0, [], 0], {}, "now", [0, 0, None], [0, 0, {}]),
        *([-1, 0, []], [0, -1, []], [True, 0, []], [0, False, []], ["0", 0, []], [0, b"", []]),
        *([2**53, 0, []], [0, 2**53, []], [2**64 - 1, 0, []]),
        *([0, 0, [[0]]], [0, 0, [[0, 0, 0]]], [0, 0, [0, 0]], [0, 0, [[True, 0]]], [0, 0, [[0, True]]]),
        *([0, 0, [[-1, 0]]], [0, 0, [[0, -1]]], [0, 0, [[0, 2**53]]], [0, 0, [[0, 1]] * (MAX_CREDITS + 1)]),
    ],
)
def test_times_that_no_clock_tells_are_refused(order: Order, times: Any) -> None:
    refuse(order, {"times": times})


@pytest.mark.parametrize("order", [SIGNING, COUNCIL])
@pytest.mark.parametrize(
    "changed",
    [{"policy": 1}, {"policy": "text"}, {"accounts": None}, {"roster": bytes(MAX_INSTALLED + 1)}, {"more": b""}],
)
def test_files_out_of_their_form_are_refused(order: Order, changed: dict[str, Any]) -> None:
    decoded = cbor.decode(order.serialize())
    assert isinstance(decoded, dict)
    assert isinstance(decoded["files"], dict)
    refuse(order, {"files": {**decoded["files"], **changed}})
    refuse(order, {"files": {name: value for name, value in decoded["files"].items() if name != "list"}})
    refuse(order, {"files": None})


@pytest.mark.parametrize(
    ("action", "argument"),
    [
        *(("veto", kind) for kind in (b"", b"Policy", b"policy ", b"\xff", b"accounts", b"policy,list")),
        *((action, argument) for action in ("freeze", "thaw") for argument in (b"\x00", b"policy")),
        ("veto", wire_examples.SIGNED_BUNDLE.serialize()),
        ("freeze", wire_examples.SIGNED_BUNDLE.serialize()),
    ],
)
def test_an_action_has_its_own_argument_and_no_other(action: str, argument: bytes) -> None:
    refuse(COUNCIL, {"action": action, "argument": argument})


def test_a_bundle_in_an_order_is_read_whole() -> None:
    unsigned = replace(wire_examples.SIGNED_BUNDLE, content=rosters.bundle("list", b"x").content[:-1])
    refuse(COUNCIL, {"argument": unsigned.serialize()})


@given(st.sampled_from(ORDERS), st.data())
def test_bent_bytes_give_a_value_with_these_very_bytes_or_a_refusal(order: Order, data: st.DataObject) -> None:
    encoded = bytearray(order.serialize())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(encoded) - 1))
        encoded[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
        encoded = encoded or bytearray(b"\x00")
    try:
        read = type(order).parse(bytes(encoded))
    except CustodyError:
        return
    assert read.serialize() == bytes(encoded)


@given(st.sampled_from([SigningOrder, Evidence, CouncilOrder]), st.binary(max_size=60))
def test_any_bytes_are_an_order_or_refused(kind: type[Order], encoded: bytes) -> None:
    with pytest.raises(CustodyError):
        kind.parse(encoded)


def test_a_reader_that_takes_true_for_a_number_would_be_found() -> None:
    """Negative control: CBOR's true equals one in Python, and is no number of seconds."""
    assert Times(True, 0) == Times(1, 0)
    assert replace(SIGNING, times=Times(True, 0)).serialize() != replace(SIGNING, times=Times(1, 0)).serialize()
