"""The rules on the travel-rule record: there, complete, from this house, and about exactly these outputs."""

import copy
from typing import Any

import examples
import pytest
from bip_utils import Base58Encoder, SegwitBech32Encoder

from custody.policy.decision import Reason
from custody.policy.document import Policy
from custody.policy.evaluate import Case, evaluate
from custody.review import Review
from custody.screening.flagged import FlaggedList

POLICY = Policy.parse(examples.POLICY)
LIST = FlaggedList.parse(examples.FLAGGED_LIST)
REVIEW = examples.review((examples.PAYEE, 100_000), (examples.SECOND_PAYEE, 70_000))
CHANGE_INDEX = 2
FIRST = examples.record((0, examples.PAYEE, 100_000))
SECOND = examples.record((1, examples.SECOND_PAYEE, 70_000))
BOTH = examples.record((0, examples.PAYEE, 100_000), (1, examples.SECOND_PAYEE, 70_000))


def reasons(*records: dict[str, Any], review: Review = REVIEW) -> tuple[Reason, ...]:
    block = examples.block(*records) if records else b""
    return evaluate(Case(review, block, POLICY, LIST)).reasons


def codes(*records: dict[str, Any], review: Review = REVIEW) -> list[str]:
    return [reason.code for reason in reasons(*records, review=review)]


def bent(record: dict[str, Any], position: int = 0, **changes: Any) -> dict[str, Any]:
    """The record with one of its claims changed."""
    record = copy.deepcopy(record)
    record["outputs"][position] |= changes
    return record


def paid_to(*account_numbers: str) -> dict[str, Any]:
    """The first record with other account numbers of the beneficiary."""
    return FIRST | {"ivms101": examples.ivms101(*account_numbers)}


def with_vasp(record: dict[str, Any], vasp: Any) -> dict[str, Any]:
    record = copy.deepcopy(record)
    record["ivms101"]["originatingVASP"] = vasp
    return record


def test_one_record_for_each_payment_passes() -> None:
    assert codes(FIRST, SECOND) == []


def test_the_order_of_records_says_nothing() -> None:
    assert codes(SECOND, FIRST) == []


def test_one_record_for_several_payments_to_one_customer_passes() -> None:
    assert codes(BOTH) == []


def test_no_record_is_denied() -> None:
    assert codes() == ["TRAVEL-RULE-NONE"]


def test_a_move_that_pays_nobody_needs_no_record() -> None:
    assert codes(review=examples.review()) == []


def test_a_record_for_a_move_that_pays_nobody_is_denied() -> None:
    assert codes(FIRST, review=examples.review()) == ["TRAVEL-RULE-CHANGE"]


@pytest.mark.parametrize(("records", "index"), [([FIRST], 1), ([SECOND], 0)])
def test_a_payment_nobody_speaks_for_is_denied(records: list[dict[str, Any]], index: int) -> None:
    (reason,) = reasons(*records)
    assert reason.code == "TRAVEL-RULE-UNCOVERED"
    assert f"output {index}," in reason.observed


@pytest.mark.parametrize("records", [[FIRST, FIRST, SECOND], [BOTH, SECOND], [BOTH, FIRST]])
def test_a_payment_spoken_for_twice_is_denied(records: list[dict[str, Any]]) -> None:
    assert codes(*records) == ["TRAVEL-RULE-TWICE"]


def test_a_record_for_change_is_denied() -> None:
    change = examples.record((CHANGE_INDEX, examples.CHANGE, 5_000_000))
    assert codes(FIRST, SECOND, change) == ["TRAVEL-RULE-CHANGE"]


def test_a_record_for_an_output_that_does_not_exist_is_denied() -> None:
    assert codes(FIRST, SECOND, examples.record((3, examples.PAYEE, 1))) == ["TRAVEL-RULE-INDEX"]


def test_two_records_that_swap_their_outputs_are_denied() -> None:
    assert codes(bent(FIRST, index=1), bent(SECOND, index=0)) == [
        *["TRAVEL-RULE-ACCOUNT"] * 2,
        *["TRAVEL-RULE-ADDRESS"] * 2,
        *["TRAVEL-RULE-AMOUNT"] * 2,
    ]


@pytest.mark.parametrize("amount", ["99999", "100001", "0", "1000000"])
def test_another_amount_is_denied(amount: str) -> None:
    assert codes(bent(FIRST, amount=amount), SECOND) == ["TRAVEL-RULE-AMOUNT"]


@pytest.mark.parametrize(
    "address",
    [
        examples.SECOND_PAYEE,
        examples.PAYEE[:-1],
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        "mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r",
    ],
)
def test_another_address_is_denied_even_of_the_same_key(address: str) -> None:
    assert codes(bent(FIRST, address=address), SECOND) == ["TRAVEL-RULE-ADDRESS"]


def test_the_address_in_capitals_is_the_same_address() -> None:
    assert codes(bent(FIRST, address=examples.PAYEE.upper()), SECOND) == []


def test_the_asset_may_be_named_and_must_be_the_one_paid() -> None:
    coin = REVIEW.outputs[0].asset.asset_id
    assert codes(bent(FIRST, asset=coin), SECOND) == []
    assert codes(bent(FIRST, asset=coin + "0"), SECOND) == ["TRAVEL-RULE-ASSET"]


KEY_HASH = bytes.fromhex("751e76e8199196d454941c45d1b3a323f1433bd6")


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        ([examples.PAYEE], []),
        (["customer 7", examples.PAYEE], []),
        ([examples.PAYEE.upper()], []),
        ([Base58Encoder.CheckEncode(b"\x6f" + KEY_HASH)], []),
        ([Base58Encoder.CheckEncode(b"\x00" + KEY_HASH)], ["TRAVEL-RULE-ACCOUNT"]),
        ([SegwitBech32Encoder.Encode("bc", 0, KEY_HASH)], ["TRAVEL-RULE-ACCOUNT"]),
        ([Base58Encoder.CheckEncode(b"\xc4" + KEY_HASH)], ["TRAVEL-RULE-ACCOUNT"]),
        ([examples.SECOND_PAYEE], ["TRAVEL-RULE-ACCOUNT"]),
        (["customer 7"], ["TRAVEL-RULE-ACCOUNT"]),
        ([examples.PAYEE + ":7"], ["TRAVEL-RULE-ACCOUNT"]),
        ([], ["TRAVEL-RULE-ACCOUNT"]),
    ],
)
def test_an_account_number_of_the_beneficiary_is_what_the_output_pays(numbers: list[str], found: list[str]) -> None:
    assert codes(paid_to(*numbers), SECOND) == found


def test_every_output_of_a_record_needs_its_account_number() -> None:
    record = copy.deepcopy(BOTH)
    record["ivms101"] = examples.ivms101(examples.PAYEE)
    (reason,) = reasons(record)
    assert reason.code == "TRAVEL-RULE-ACCOUNT"
    assert reason.observed.startswith("records[0].outputs[1]")


def test_the_account_number_of_another_record_does_not_help() -> None:
    assert codes(FIRST, SECOND | {"ivms101": FIRST["ivms101"]}) == ["TRAVEL-RULE-ACCOUNT"]


@pytest.mark.parametrize(
    ("vasp", "found"),
    [
        (examples.legal_person(examples.HOUSE, examples.HOUSE_LEI), []),
        (examples.legal_person("Example Exchange Kk", examples.HOUSE_LEI), ["VASP-NAME"]),
        (examples.legal_person(examples.HOUSE, examples.OTHER_LEI), ["VASP-LEI"]),
        (examples.legal_person(examples.OTHER_VASP, examples.OTHER_LEI), ["VASP-LEI", "VASP-NAME"]),
        (examples.natural_person(examples.HOUSE), ["VASP-LEI", "VASP-NAME"]),
    ],
)
def test_the_originating_vasp_is_this_house(vasp: dict[str, Any], found: list[str]) -> None:
    assert codes(with_vasp(FIRST, vasp), SECOND) == found


def test_a_trading_name_is_not_the_legal_name() -> None:
    vasp = examples.legal_person(examples.OTHER_VASP, examples.HOUSE_LEI)
    trading = {"legalPersonName": examples.HOUSE, "legalPersonNameIdentifierType": "TRAD"}
    vasp["legalPerson"]["name"]["nameIdentifier"].append(trading)
    assert codes(with_vasp(FIRST, vasp), SECOND) == ["VASP-NAME"]


def test_an_identifier_of_another_type_is_not_the_lei() -> None:
    vasp = examples.legal_person(examples.HOUSE, examples.HOUSE_LEI)
    vasp["legalPerson"]["nationalIdentification"]["nationalIdentifierType"] = "MISC"
    assert codes(with_vasp(FIRST, vasp), SECOND) == ["VASP-LEI"]


@pytest.mark.parametrize("party", ["originator", "beneficiary", "originatingVASP", "beneficiaryVASP"])
def test_a_record_without_one_of_its_parties_is_denied(party: str) -> None:
    record = copy.deepcopy(FIRST)
    del record["ivms101"][party]
    assert "IVMS-PARTY" in codes(record, SECOND)


def test_constraints_are_judged_in_every_record() -> None:
    record = copy.deepcopy(SECOND)
    record["ivms101"]["originator"]["originatorPerson"][0]["naturalPerson"]["countryOfResidence"] = "ZZ"
    (reason,) = reasons(FIRST, record)
    assert reason.code == "IVMS-C3"
    assert reason.observed.startswith("records[1].ivms101.originator person 1")


@pytest.mark.parametrize("block", [b"{", b"{}", b"\xff", b"[]", b'{"records":[],"version":1}', b"null"])
def test_a_broken_block_is_a_reason_and_no_exception(block: bytes) -> None:
    decision = evaluate(Case(REVIEW, block, POLICY, LIST))
    assert {reason.code.rsplit("-", 1)[0] for reason in decision.reasons} == {"TRAVEL-RULE"}


def test_no_reason_names_a_customer() -> None:
    record = copy.deepcopy(bent(FIRST, amount="1", address="elsewhere"))
    person = record["ivms101"]["originator"]["originatorPerson"][0]["naturalPerson"]
    person["countryOfResidence"] = "Tanaka"
    person["name"]["nameIdentifier"][0]["naturalPersonNameIdentifierType"] = "ALIA"
    found = repr(reasons(record))
    assert "IVMS-C6" in found
    for word in ("Tanaka", "Hanako", "Smith", "Marunouchi"):
        assert word not in found
    assert "Tanaka" not in repr(Case(REVIEW, examples.block(record), POLICY, LIST))
