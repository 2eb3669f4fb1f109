"""The rules on the travel-rule record: there, complete, from this house, and about exactly these outputs."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import examples
import pytest
from bip_utils import Base58Encoder, SegwitBech32Encoder

from custody import chains
from custody.policy.decision import Reason
from custody.policy.document import Policy
from custody.policy.evaluate import Case, evaluate
from custody.policy.rules.records import RecordBound
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
    (reason,) = reasons(FIRST, SECOND, change)
    assert (reason.code, reason.fact) == ("TRAVEL-RULE-CHANGE", "records[2].outputs[0].index")
    assert reason.observed == "records[2].outputs[0]: output 2 is this account's change"


def test_a_record_for_an_output_that_does_not_exist_is_denied() -> None:
    (reason,) = reasons(FIRST, SECOND, examples.record((3, examples.PAYEE, 1)))
    assert (reason.code, reason.fact) == ("TRAVEL-RULE-INDEX", "records[2].outputs[0].index")
    assert reason.observed == "records[2].outputs[0]: output 3 does not exist"


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
        ([], ["PROFILE-ACCOUNT", "TRAVEL-RULE-ACCOUNT"]),
    ],
)
def test_an_account_number_of_the_beneficiary_is_what_the_output_pays(numbers: list[str], found: list[str]) -> None:
    assert codes(paid_to(*numbers), SECOND) == found


def test_of_two_texts_that_are_no_addresses_neither_is_the_other() -> None:
    review = examples.review(("nonsense", 100_000))
    block = examples.block(paid_to("customer 7"))
    found = [reason.code for reason in RecordBound(chains.REGTEST).reasons(Case(review, block, POLICY, LIST))]
    assert found == ["TRAVEL-RULE-ADDRESS", "TRAVEL-RULE-ACCOUNT"]


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


@pytest.mark.parametrize(
    ("vasp", "told"),
    [
        (examples.legal_person(examples.HOUSE, examples.OTHER_LEI), examples.OTHER_LEI),
        (examples.natural_person(examples.HOUSE), "is missing"),
    ],
)
def test_people_are_told_which_identifier_the_record_has(vasp: dict[str, Any], told: str) -> None:
    block = examples.block(with_vasp(FIRST, vasp), SECOND)
    (reason,) = (one for one in evaluate(Case(REVIEW, block, POLICY, LIST)).reasons if one.code == "VASP-LEI")
    assert reason.observed.endswith(f"originatingVASP: the legal entity identifier {told}")
    assert reason.required == f"the legal entity identifier {examples.HOUSE_LEI}"


def test_a_house_without_an_lei_is_known_by_its_name() -> None:
    text = examples.POLICY.replace(f'lei = "{examples.HOUSE_LEI}"'.encode(), b"")
    vasp = examples.legal_person(examples.HOUSE, examples.OTHER_LEI)
    for record in (FIRST, with_vasp(FIRST, vasp)):
        assert evaluate(Case(REVIEW, examples.block(record, SECOND), Policy.parse(text), LIST)).reasons == ()


def test_a_trading_name_is_not_the_legal_name() -> None:
    vasp = examples.legal_person(examples.OTHER_VASP, examples.HOUSE_LEI)
    trading = {"legalPersonName": examples.HOUSE, "legalPersonNameIdentifierType": "TRAD"}
    vasp["legalPerson"]["name"]["nameIdentifier"].append(trading)
    assert codes(with_vasp(FIRST, vasp), SECOND) == ["VASP-NAME"]


def test_an_identifier_of_another_type_is_not_the_lei() -> None:
    vasp = examples.legal_person(examples.HOUSE, examples.HOUSE_LEI)
    vasp["legalPerson"]["nationalIdentification"] |= {
        "nationalIdentifierType": "MISC",
        "registrationAuthority": "RA000412",
    }
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
    assert reason.fact.startswith("records[1].ivms101.originator.originatorPerson[0]")


@pytest.mark.parametrize("block", [b"{", b"{}", b"\xff", b"[]", b'{"records":[],"version":1}', b"null"])
def test_a_broken_block_is_a_reason_and_no_exception(block: bytes) -> None:
    found = evaluate(Case(REVIEW, block, POLICY, LIST))
    assert {reason.code.rsplit("-", 1)[0] for reason in found.reasons} == {"TRAVEL-RULE"}


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


EVM_POLICY = Policy.parse(examples.EVM_POLICY)
EVM_LIST = FlaggedList.parse(examples.EVM_FLAGGED_LIST)
COIN = examples.record((0, examples.EVM_PAYEE, 10**18))
TOKEN = examples.record((0, examples.EVM_PAYEE, 2_500_000_000), asset=examples.USDC)
TOKEN_REVIEW = examples.evm_review(amount=2_500_000_000, asset=examples.USDC)
CONTRACT = examples.USDC.asset_id.rsplit(":", 1)[1]


def evm_codes(*records: dict[str, Any], review: Review) -> list[str]:
    block = examples.block(*records) if records else b""
    return [reason.code for reason in evaluate(Case(review, block, EVM_POLICY, EVM_LIST)).reasons]


def coin_codes(*records: dict[str, Any]) -> list[str]:
    return evm_codes(*records, review=examples.evm_review())


def token_codes(*records: dict[str, Any]) -> list[str]:
    return evm_codes(*records, review=TOKEN_REVIEW)


def test_an_honest_record_of_an_evm_payment_passes() -> None:
    assert coin_codes(COIN) == []
    assert token_codes(TOKEN) == []
    assert coin_codes(bent(COIN, asset="eip155:1/slip44:60")) == []


@pytest.mark.parametrize("chain", [chains.ETHEREUM, chains.ANVIL], ids=lambda one: one.alias)
def test_a_record_binds_on_each_network_that_the_policy_names(chain: chains.EvmChain) -> None:
    assert evm_codes(COIN, review=examples.evm_review(chain=chain)) == []


def test_an_evm_payment_nobody_or_two_speak_for_is_denied() -> None:
    assert token_codes() == ["TRAVEL-RULE-NONE"]
    assert token_codes(TOKEN, TOKEN) == ["TRAVEL-RULE-TWICE"]
    assert token_codes(bent(TOKEN, index=1)) == ["TRAVEL-RULE-INDEX", "TRAVEL-RULE-UNCOVERED"]


def test_a_record_that_names_the_contract_instead_of_the_recipient_is_denied() -> None:
    named = examples.record((0, CONTRACT, 2_500_000_000), asset=examples.USDC)
    assert token_codes(named) == ["TRAVEL-RULE-ACCOUNT", "TRAVEL-RULE-ADDRESS"]
    found = evaluate(Case(TOKEN_REVIEW, examples.block(bent(TOKEN, address=CONTRACT)), EVM_POLICY, EVM_LIST))
    (reason,) = found.reasons
    assert (reason.code, reason.required) == (
        "TRAVEL-RULE-ADDRESS",
        "the recipient of the tokens, not their contract",
    )


@pytest.mark.parametrize(
    "asset",
    [
        chains.ETHEREUM.coin.asset_id,
        examples.USDT.asset_id,
        examples.USDC.asset_id.lower(),
        examples.USDC.asset_id.replace("eip155:1/", "eip155:56/"),
        examples.USDC.asset_id.replace("erc20", "erc721"),
        CONTRACT,
        "USDC",
    ],
)
def test_a_record_of_another_asset_than_the_token_is_denied(asset: str) -> None:
    assert token_codes(bent(TOKEN, asset=asset)) == ["TRAVEL-RULE-ASSET"]


def test_a_record_of_a_token_payment_names_the_token_and_one_of_the_coin_does_not() -> None:
    assert token_codes(examples.record((0, examples.EVM_PAYEE, 2_500_000_000))) == ["TRAVEL-RULE-ASSET"]
    assert coin_codes(bent(COIN, asset=examples.USDC.asset_id)) == ["TRAVEL-RULE-ASSET"]


@pytest.mark.parametrize("amount", ["2499999999", "2500000001", "2500", "0"])
def test_another_amount_of_tokens_is_denied(amount: str) -> None:
    assert token_codes(bent(TOKEN, amount=amount)) == ["TRAVEL-RULE-AMOUNT"]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        (examples.EVM_PAYEE.lower(), []),
        ("0x" + examples.EVM_PAYEE[2:].upper(), []),
        (examples.EVM_PAYEE.upper(), []),
        (examples.EVM_PAYEE.replace("A", "a", 1), ["TRAVEL-RULE-ADDRESS"]),
        (examples.EVM_PAYEE[2:], ["TRAVEL-RULE-ADDRESS"]),
        (examples.EVM_PAYEE[:-1], ["TRAVEL-RULE-ADDRESS"]),
        (examples.EVM_PAYEE[:-1] + "e", ["TRAVEL-RULE-ADDRESS"]),
        (examples.EVM_SECOND_PAYEE, ["TRAVEL-RULE-ADDRESS"]),
        (examples.PAYEE, ["TRAVEL-RULE-ADDRESS"]),
    ],
)
def test_an_evm_address_is_bound_by_its_bytes_and_a_wrong_capital_is_no_address(address: str, found: list[str]) -> None:
    assert token_codes(bent(TOKEN, address=address)) == found


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        ([examples.EVM_PAYEE], []),
        (["customer 7", examples.EVM_PAYEE.lower()], []),
        ([examples.EVM_PAYEE.upper()], []),
        ([examples.EVM_PAYEE.replace("A", "a", 1)], ["TRAVEL-RULE-ACCOUNT"]),
        ([CONTRACT], ["TRAVEL-RULE-ACCOUNT"]),
        ([examples.EVM_SECOND_PAYEE], ["TRAVEL-RULE-ACCOUNT"]),
        ([SegwitBech32Encoder.Encode("bc", 0, bytes.fromhex(examples.EVM_PAYEE[2:]))], ["TRAVEL-RULE-ACCOUNT"]),
        (["eip155:1:" + examples.EVM_PAYEE], ["TRAVEL-RULE-ACCOUNT"]),
        ([], ["PROFILE-ACCOUNT", "TRAVEL-RULE-ACCOUNT"]),
    ],
)
def test_an_account_number_of_the_beneficiary_is_the_recipient(numbers: list[str], found: list[str]) -> None:
    assert token_codes(TOKEN | {"ivms101": examples.ivms101(*numbers)}) == found


def test_the_token_output_on_the_page_is_the_one_of_these_tests(project: Path) -> None:
    page = (project / "docs/spec/travel-rule.md").read_text("utf-8")
    (written,) = re.findall(r"<!-- example:token-output -->\n```json\n(.*?)```", page, re.DOTALL)
    assert token_codes(TOKEN | {"outputs": [json.loads(written)]}) == []


def test_the_facts_are_hashed_once_however_many_payments_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand payments, hashed for each of them, took a device ten seconds."""
    case = Case(REVIEW, examples.block(FIRST), POLICY, LIST)
    monkeypatch.setattr(Review, "digest", property(lambda _: pytest.fail("hashed again")))
    (uncovered,) = RecordBound(chains.REGTEST).reasons(case)
    assert uncovered.evidence == case.transaction
