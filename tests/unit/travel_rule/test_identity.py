"""Who pays whom, as a digest: the same people give the same, whatever output they are named for."""

import json
from typing import Any

import examples
import vasps

from custody.travel_rule.record import canonical_block, spoken_for

ONE = examples.record((0, examples.PAYEE, 5))
OTHER = examples.record((1, examples.SECOND_PAYEE, 70))


def block(*records: Any) -> bytes:
    return canonical_block(json.dumps(list(records)).encode())


def renamed(record: Any) -> Any:
    return json.loads(json.dumps(record).replace("Tanaka", "Yamada"))


def test_the_same_people_are_the_same_whatever_is_paid() -> None:
    again = {**ONE, "outputs": [{"index": 3, "address": examples.PAYEE, "amount": "99"}]}
    assert spoken_for(block(ONE))[0] == spoken_for(block(again))[3]


def test_other_people_are_others() -> None:
    assert spoken_for(block(ONE))[0] != spoken_for(block(renamed(ONE)))[0]
    counterparty = {**ONE, "counterparty": {**ONE["counterparty"], "name": "Another Exchange"}}
    assert spoken_for(block(ONE))[0] != spoken_for(block(counterparty))[0]


def test_each_output_has_its_record() -> None:
    people = spoken_for(block(ONE, renamed(OTHER)))
    assert set(people) == {0, 1}
    assert people[0] != people[1]


def test_what_cannot_be_read_speaks_for_nothing() -> None:
    assert spoken_for(b"") == spoken_for(b"{}") == spoken_for(b"\xff") == spoken_for(block({"outputs": 1})) == {}


def test_another_notice_makes_another_record() -> None:
    notice = {**ONE, "notice": {**ONE["notice"], "reference": "notice-0002"}}
    assert spoken_for(block(ONE))[0] != spoken_for(block(notice))[0]


def test_a_signature_of_the_vasp_does_not() -> None:
    signed = {**ONE, "authorization": vasps.authorization()}
    assert spoken_for(block(ONE))[0] == spoken_for(block(signed))[0]
