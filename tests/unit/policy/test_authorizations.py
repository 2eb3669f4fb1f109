"""What counterparties' authorisations are worth: each is judged once, against the one output that its record names."""

from dataclasses import replace
from typing import Any

import examples
import vasps

from custody.codec.schema import Finding
from custody.policy.authorizations import Judged, judge_all, used_by
from custody.policy.past import Past
from custody.review import Review
from custody.travel_rule.record import parse_block
from custody.travel_rule.tap import Authorization
from custody.travel_rule.vasp_keys import VaspKeys

AMOUNT = 60_000
REVIEW = examples.review((examples.PAYEE, AMOUNT), (examples.SECOND_PAYEE, AMOUNT))
KEY = f"{vasps.OTHER_DID} 0c1f9a4e-7a0b-4f07-9a5e-3d2f0a4b6c8d"
PLAIN = examples.record((0, examples.PAYEE, AMOUNT))
SIGNED = PLAIN | {"authorization": vasps.authorization()}
UNREADABLE = PLAIN | {"authorization": vasps.sign(b"{}")}
USED = "an authorisation of another payment"
SEVERAL = Finding("TAP-OUTPUTS", "outputs", "2 outputs, and one authorisation", "a record of its own for each payment")


def judged(
    *records: dict[str, Any], review: Review = REVIEW, keys: VaspKeys | None = vasps.KEYS, used: tuple[str, ...] = ()
) -> tuple[Judged, ...]:
    return judge_all(review, parse_block(examples.block(*records)), keys, frozenset(used), vasps.NOW)


def codes(*records: dict[str, Any], **others: Any) -> list[str]:
    (found,) = judged(*records, **others)
    assert isinstance(found, tuple)
    return [finding.code for finding in found]


def test_one_that_holds_is_told_as_it_is() -> None:
    (found,) = judged(SIGNED)
    assert isinstance(found, Authorization)
    assert found.message.key == KEY


def test_a_record_without_one_has_none() -> None:
    assert judged(PLAIN) == (None,)


def test_of_several_records_each_is_told_in_its_place() -> None:
    first, second, third = judged(PLAIN, SIGNED, UNREADABLE)
    assert first is None
    assert isinstance(second, Authorization)
    assert isinstance(third, tuple)


def test_a_wallet_that_no_vasp_keeps_has_nobody_to_sign() -> None:
    unhosted = SIGNED | {"counterparty": {"unhosted": {"owner": "originator", "risk": "low"}}}
    assert judged(unhosted) == (
        (Finding("TAP-VASP", "counterparty", "an unhosted wallet", "a VASP whose key signed for this address"),),
    )


def test_a_device_that_knows_no_keys_says_so() -> None:
    assert judged(SIGNED, keys=None) == (
        (Finding("TAP-KEYS-NONE", "authorization", "no VASP keys are installed", "an installed file of them"),),
    )


def test_one_that_speaks_for_two_outputs_speaks_for_neither() -> None:
    both = examples.record((0, examples.PAYEE, AMOUNT), (1, examples.SECOND_PAYEE, AMOUNT))
    assert judged(both | {"authorization": vasps.authorization()}) == ((SEVERAL,),)


def test_of_an_output_that_is_not_there_another_rule_tells() -> None:
    assert judged(SIGNED, review=replace(REVIEW, outputs=REVIEW.outputs[1:])) == ((),)


def test_one_that_serves_two_records_serves_neither() -> None:
    found = judged(SIGNED, SIGNED)
    repeated = Finding(
        "TAP-REPEATED", "authorization.id", "a message that another record has too", "one for each payment"
    )
    assert found == ((repeated,), (repeated,))


def test_two_that_cannot_be_read_are_not_said_to_be_the_same() -> None:
    assert [{one.code for one in found} for found in judged(UNREADABLE, UNREADABLE) if isinstance(found, tuple)] == [
        {"TAP-MESSAGE"},
        {"TAP-MESSAGE"},
    ]


def test_one_that_another_payment_rested_on_serves_no_more() -> None:
    assert judged(SIGNED, used=(KEY,)) == (
        (
            Finding(
                "TAP-USED",
                "authorization.id",
                "a message that another payment rested on",
                "a new authorisation, or a retry that spends what the first would have spent",
            ),
        ),
    )
    (found,) = judged(SIGNED, used=(USED,))
    assert isinstance(found, Authorization)


def test_what_is_wrong_with_it_stands_before_how_it_was_used() -> None:
    wrong = PLAIN | {"authorization": vasps.authorization(amount="7")}
    assert codes(wrong, used=(KEY,)) == ["TAP-AMOUNT", "TAP-USED"]


def past(spends: tuple[str, ...], *keys: str) -> Past:
    return Past("ab" * 32, 0, spends, (), {}, authorizations=keys)


def test_earlier_payments_have_used_what_they_rested_on_unless_this_one_replaces_them() -> None:
    spent = REVIEW.spends[0].reference
    history = (past(("other:0",), "first", "second"), past(("other:0", spent), "third"))
    assert used_by(history, REVIEW) == {"first", "second"}
