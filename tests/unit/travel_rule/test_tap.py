"""A counterparty's authorisation: it holds for exactly one payment, and each thing that is bent has its own code."""

import copy
import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

import examples
import pytest
import vasps
from vasps import NOW, authorization, message, paid, sign

from custody.amounts import Asset
from custody.chains import BITCOIN, BNB, ETHEREUM, REGTEST, SIGNET, TESTNET, Chain
from custody.codec.schema import SchemaError, read
from custody.screening.address import decode_on_chain
from custody.times import LAST_SECOND
from custody.travel_rule import tap
from custody.travel_rule.jws import JWS, Jws
from custody.travel_rule.record import CODES, Counterparty
from custody.travel_rule.tap import Authorization, Paid, check_authorization, read_message, used_ids
from custody.travel_rule.vasp_keys import VaspKeys

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
# The same key hash as that of `examples.PAYEE`, in the older form.
P2PKH = "mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r"
SEVEN = paid(amount=7)
SECOND = "1c7f0c1e-96a5-4b0b-8c0f-4a8f4ecf2f11"


def jws(value: Any) -> Jws:
    found: Jws = read(JWS, value, CODES)
    return found


def check(
    value: Any, of: Paid | None = None, *, keys: VaspKeys = vasps.KEYS, counterparty: Counterparty = vasps.OTHER,
    latest: int = NOW,
) -> Any:  # fmt: skip
    return check_authorization(jws(value), keys, counterparty, of or paid(), latest)


def codes(value: Any, of: Paid | None = None, **others: Any) -> set[str]:
    """Why it does not hold."""
    found = check(value, of, **others)
    assert not isinstance(found, Authorization)
    assert found
    return {finding.code for finding in found}


def holds(value: Any, of: Paid | None = None, **others: Any) -> Authorization:
    found = check(value, of, **others)
    assert isinstance(found, Authorization), found
    return found


# What holds.


@pytest.mark.parametrize("kid", [vasps.ED25519, vasps.SECP256K1])
def test_an_honest_authorisation_holds_and_says_what_it_rests_on(kid: str) -> None:
    found = holds(authorization(kid=kid))
    assert (found.vasp, found.kid, found.until) == (vasps.OTHER.name, kid, NOW + 86_400)
    assert (found.message.sender, found.message.thread) == (vasps.OTHER_DID, "599f7220-6149-4c45-adbb-86d96c8e0608")
    assert found.message.key == f"{vasps.OTHER_DID} 0c1f9a4e-7a0b-4f07-9a5e-3d2f0a4b6c8d"


def test_the_example_of_the_page_is_what_the_program_takes(project: Path) -> None:
    page = (project / "docs/spec/tap.md").read_text("utf-8")
    plain, signed = (
        json.loads(re.findall(rf"<!-- example:{name} -->\n```json\n(.*?)```", page, re.DOTALL)[0])
        for name in ("message", "jws")
    )
    assert plain == message(paid())
    assert signed == sign(json.dumps(plain, separators=(",", ":")).encode())
    holds(signed)


@pytest.mark.parametrize("chain", [BITCOIN, TESTNET, SIGNET, REGTEST, ETHEREUM, BNB])
def test_it_holds_on_each_family_of_chains(chain: Chain) -> None:
    addresses = {BITCOIN: "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", REGTEST: examples.PAYEE}
    address = examples.EVM_PAYEE if chain in (ETHEREUM, BNB) else addresses.get(chain)
    of = paid(address or "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", 12_345, chain)
    holds(authorization(of), of)


@pytest.mark.parametrize("spelled", [str.lower, str])
def test_a_token_is_the_same_with_and_without_the_capitals_of_its_contract(spelled: Any) -> None:
    of = paid(examples.EVM_PAYEE, 1_500_000, ETHEREUM, examples.USDC)
    holds(authorization(of, settlementAsset=spelled(of.asset.asset_id)), of)


def test_an_address_in_another_spelling_is_the_same_address() -> None:
    of = paid(examples.EVM_PAYEE, 10**18, ETHEREUM)
    holds(authorization(of, settlementAddress=f"eip155:1:{examples.EVM_PAYEE.lower()}"), of)
    holds(authorization(settlementAddress=f"{REGTEST.chain_id}:{examples.PAYEE.upper()}"))


@pytest.mark.parametrize("amount", ["0.0006", "0.00060", "0.00060000"])
def test_zeros_behind_the_last_decimal_say_nothing(amount: str) -> None:
    holds(authorization(amount=amount))


@pytest.mark.parametrize(
    ("expiry", "until"),
    [(vasps.iso(NOW + 60), NOW + 60), (vasps.iso(NOW + 60).replace("Z", ".999Z"), NOW + 60), (NOW + 1, NOW + 1)],
)
def test_times_as_senders_write_them(expiry: Any, until: int) -> None:
    made = message(paid())
    made["body"]["expiry"] = expiry
    made["created_time"] = vasps.iso(NOW - 60)
    assert holds(sign(made)).until == until


def test_an_authorisation_holds_for_at_most_so_many_seconds_ahead() -> None:
    holds(authorization(expiry=NOW + tap.MAX_AHEAD_SECONDS))


@pytest.mark.parametrize("second", [0, LAST_SECOND])
def test_the_first_and_the_last_second_are_times(second: int) -> None:
    holds(authorization(envelope={"created_time": second}))
    assert codes(authorization(envelope={"created_time": LAST_SECOND + 1})) == {"TAP-TIME"}


def test_the_message_s_own_end_counts_where_it_is_earlier() -> None:
    assert holds(authorization(envelope={"expires_time": NOW + 5})).until == NOW + 5
    assert holds(authorization(envelope={"expires_time": NOW + 90_000})).until == NOW + 86_400
    assert codes(authorization(envelope={"expires_time": NOW})) == {"TAP-EXPIRED"}


def test_fields_that_didcomm_knows_may_be_there() -> None:
    holds(
        authorization(envelope={"typ": "application/didcomm-plain+json", "pthid": "a-parent", "@context": tap.CONTEXT})
    )
    holds(authorization(envelope={"to": ["did:web:auditor.example", vasps.HOUSE_DID]}))


def test_a_record_that_names_no_lei_names_the_same_vasp() -> None:
    holds(authorization(), counterparty=Counterparty(vasps.OTHER.name, "GB"))


# Every field bent, under its own code. The sender has signed all of these: only what they say is wrong.


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"settlementAddress": f"{REGTEST.chain_id}:{examples.SECOND_PAYEE}"}, "TAP-ADDRESS"),
        ({"settlementAddress": f"{REGTEST.chain_id}:{P2PKH}"}, "TAP-ADDRESS"),
        ({"settlementAddress": examples.PAYEE}, "TAP-ADDRESS"),
        ({"settlementAddress": "payto://iban/DE75512108001245126199"}, "TAP-ADDRESS"),
        ({"settlementAddress": None}, "TAP-ADDRESS"),
        ({"settlementAddress": f"{REGTEST.chain_id}:{examples.PAYEE[:-1]}q"}, "TAP-ADDRESS"),
        ({"settlementAddress": f"{SIGNET.chain_id}:{examples.PAYEE}"}, "TAP-CHAIN"),
        ({"settlementAsset": f"{REGTEST.chain_id}/slip44:0"}, "TAP-ASSET"),
        ({"settlementAsset": BITCOIN.coin.asset_id}, "TAP-ASSET"),
        ({"settlementAsset": None}, "TAP-ASSET"),
        ({"amount": "0.00060001"}, "TAP-AMOUNT"),
        ({"amount": "0.0005"}, "TAP-AMOUNT"),
        ({"amount": "60000"}, "TAP-AMOUNT"),
        ({"amount": None}, "TAP-AMOUNT"),
        *(({"amount": text}, "TAP-AMOUNT") for text in (
            "6e-4", "1e3", "01", "00.0006", "+0.0006", "-0.0006", ".0006", "0.", "0,0006", " 0.0006", "0.0006 ", "0x1",
            "0.000600000", "0.00060000000000000000000000000000000000000001", "Infinity", "1_0",
        )),
        ({"expiry": NOW}, "TAP-EXPIRED"),
        ({"expiry": NOW - 86_400}, "TAP-EXPIRED"),
        ({"expiry": NOW + tap.MAX_AHEAD_SECONDS + 1}, "TAP-EXPIRY"),
        ({"expiry": None}, "TAP-EXPIRY"),
        ({"expiry": "tomorrow"}, "TAP-TIME"),
        ({"expiry": "2026-01-02T00:00:00+09:00"}, "TAP-TIME"),
        ({"@type": "https://tap.rsvp/schema/1.0#Settle"}, "TAP-TYPE"),
        ({"@context": "https://tap.rsvp/schema/2.0"}, "TAP-TYPE"),
        ({"connection": {"id": "x"}}, "TAP-MESSAGE"),
        ({"settlementAddress": 1}, "TAP-MESSAGE"),
        ({"amount": 1}, "TAP-MESSAGE"),
    ],
)  # fmt: skip
def test_a_bent_field_of_the_body_is_told_under_its_code(body: dict[str, Any], code: str) -> None:
    assert codes(authorization(**body)) == {code}


@pytest.mark.parametrize(
    ("envelope", "code"),
    [
        ({"type": "https://tap.rsvp/schema/1.0#Settle"}, "TAP-TYPE"),
        ({"type": "https://tap.rsvp/schema/1.0#Transfer"}, "TAP-TYPE"),
        ({"typ": "application/didcomm-encrypted+json"}, "TAP-TYPE"),
        ({"from": vasps.THIRD_DID}, "TAP-FROM"),
        ({"from": vasps.ED25519}, "TAP-MESSAGE"),
        ({"to": [vasps.THIRD_DID]}, "TAP-TO"),
        ({"to": [f"{vasps.HOUSE_DID}.evil.example"]}, "TAP-TO"),
        ({"to": vasps.HOUSE_DID}, "TAP-MESSAGE"),
        ({"to": []}, "TAP-MESSAGE"),
        ({"to": [vasps.HOUSE_DID] * 17}, "TAP-MESSAGE"),
        ({"thid": 1_234_567_890}, "TAP-MESSAGE"),
        ({"thid": ""}, "TAP-MESSAGE"),
        ({"id": ""}, "TAP-MESSAGE"),
        ({"id": "two words"}, "TAP-MESSAGE"),
        ({"id": "i" * 257}, "TAP-MESSAGE"),
        ({"created_time": "January 18, 2022"}, "TAP-TIME"),
        ({"created_time": True}, "TAP-TIME"),
        ({"expires_time": -1}, "TAP-TIME"),
        ({"body": []}, "TAP-MESSAGE"),
        ({"attachments": []}, "TAP-MESSAGE"),
        ({"from_prior": "eyJ"}, "TAP-MESSAGE"),
    ],
)
def test_a_bent_field_of_the_envelope_is_told_under_its_code(envelope: dict[str, Any], code: str) -> None:
    assert codes(authorization(envelope=envelope)) == {code}


@pytest.mark.parametrize("name", ["id", "type", "from", "to", "thid", "created_time", "body"])
def test_a_field_that_taip_2_requires_is_required(name: str) -> None:
    made = message(paid())
    del made[name]
    assert codes(sign(made)) == {"TAP-MESSAGE"}


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"null", b"1", b"{}", b'{"id":"a","id":"b"}', b'{"created_time":1.5}', b"\xff", b"[" * 99]
)
def test_a_payload_that_is_no_message_is_refused(payload: bytes) -> None:
    assert "TAP-MESSAGE" in codes(sign(payload) if payload else authorization() | {"payload": "A"})


def test_a_key_twice_in_the_message_is_refused_though_it_is_signed() -> None:
    text = json.dumps(message(paid())).replace('"amount"', '"amount": "999", "amount"')
    assert codes(sign(text.encode())) == {"TAP-MESSAGE"}


# Whose signature counts.


def test_a_bent_signature_is_refused() -> None:
    made = authorization()
    made["signatures"][0]["signature"] = authorization(amount="7")["signatures"][0]["signature"]
    assert codes(made) == {"TAP-SIGNATURE"}


@pytest.mark.parametrize("kid", [vasps.ED25519, vasps.SECP256K1])
def test_another_payload_under_an_honest_signature_is_refused(kid: str) -> None:
    thief = paid(examples.SECOND_PAYEE)
    forged = {**authorization(kid=kid), "payload": authorization(thief, kid=kid)["payload"]}
    assert codes(forged, thief) == {"TAP-SIGNATURE"}


def test_a_vasp_speaks_for_itself_and_for_no_other() -> None:
    """The third VASP is in the file too, and signs with its own key what the record says of the other."""
    assert codes(authorization(kid=vasps.THIRD_KEY)) == {"TAP-KID", "TAP-FROM"}
    lied = sign(message(paid(), kid=vasps.ED25519), vasps.THIRD_KEY)
    assert codes(lied) == {"TAP-KID"}


def test_a_thief_s_key_under_the_honest_name_is_refused() -> None:
    thief = vasps.private_key("did:web:thief.example#key-1")
    assert codes(sign(message(paid()), vasps.ED25519, key=thief)) == {"TAP-SIGNATURE"}


def test_the_other_key_s_algorithm_is_refused() -> None:
    made = authorization(kid=vasps.SECP256K1)
    made["signatures"][0]["header"]["kid"] = vasps.ED25519
    assert codes(made) == {"TAP-ALG"}
    made["signatures"][0]["protected"] = authorization()["signatures"][0]["protected"]
    assert codes(made) == {"TAP-SIGNATURE"}


def test_hs256_with_the_public_key_as_its_secret_is_refused() -> None:
    public = vasps.KEYS.vasps[0].keys[0].public_key
    made = authorization()
    protected = vasps.b64(b'{"alg":"HS256"}')
    mac = hmac.new(public, f"{protected}.{made['payload']}".encode(), hashlib.sha256).digest()
    made["signatures"][0] |= {"protected": protected, "signature": vasps.b64(mac)}
    assert codes(made) == {"TAP-ALG"}


@pytest.mark.parametrize("signature", ["", "A"])
def test_no_algorithm_and_no_signature_are_refused(signature: str) -> None:
    made = authorization()
    made["signatures"][0] |= {"protected": vasps.b64(b'{"alg":"none"}'), "signature": signature or "A"}
    assert codes(made) == {"TAP-ALG"}


def test_a_key_that_has_ended_is_refused() -> None:
    end = vasps.KEYS.vasps[0].keys[0].not_after
    late = authorization(now=end)
    assert codes(late, latest=end) == {"TAP-KEY-EXPIRED"}
    holds(authorization(now=end - 1), latest=end - 1)


def test_a_key_that_was_taken_out_of_the_file_is_refused() -> None:
    left = vasps.file_toml(vasps.vasp_toml(vasps.OTHER, vasps.OTHER_DID, vasps.key_toml(vasps.SECP256K1)))
    assert codes(authorization(), keys=VaspKeys.parse(left)) == {"TAP-KID"}
    assert codes(authorization(), keys=VaspKeys.parse(vasps.file_toml())) == {"TAP-VASP"}


@pytest.mark.parametrize(
    "counterparty",
    [
        Counterparty("Other Exchange", "GB"),
        Counterparty(vasps.OTHER.name, "JP"),
        Counterparty(vasps.OTHER.name, "GB", examples.HOUSE_LEI),
    ],
)
def test_the_record_names_the_vasp_as_the_file_does(counterparty: Counterparty) -> None:
    assert codes(authorization(), counterparty=counterparty) == {"TAP-VASP"}


def test_a_house_that_is_called_otherwise_is_not_addressed() -> None:
    other = VaspKeys.parse(vasps.TOML.replace(vasps.HOUSE_DID.encode(), b"did:web:house.example"))
    assert codes(authorization(), keys=other) == {"TAP-TO"}


# What is paid.


@pytest.mark.parametrize(
    ("of", "code"),
    [
        (paid(examples.SECOND_PAYEE), "TAP-ADDRESS"),
        (paid(amount=60_001), "TAP-AMOUNT"),
        (paid(asset=Asset(f"{REGTEST.chain_id}/slip44:9", "X", 8)), "TAP-ASSET"),
    ],
)
def test_an_authorisation_for_another_payment_is_refused(of: Paid, code: str) -> None:
    assert codes(authorization(), of) == {code}


def test_another_form_of_the_same_key_is_another_address() -> None:
    assert decode_on_chain(P2PKH, REGTEST) == decode_on_chain(examples.PAYEE, REGTEST)
    assert codes(authorization(), paid(P2PKH)) == {"TAP-ADDRESS"}


def test_the_same_address_on_another_evm_network_is_another_place() -> None:
    on_bnb = paid(examples.EVM_PAYEE, 10**18, BNB)
    assert codes(authorization(paid(examples.EVM_PAYEE, 10**18, ETHEREUM)), on_bnb) == {"TAP-CHAIN", "TAP-ASSET"}


def test_the_same_address_on_testnet_and_signet_is_another_place() -> None:
    address = "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"
    found = codes(authorization(paid(address, chain=TESTNET)), paid(address, chain=SIGNET))
    assert found == {"TAP-CHAIN", "TAP-ASSET"}


def test_a_token_of_other_decimals_is_read_by_those_of_the_registry() -> None:
    six = paid(examples.EVM_PAYEE, 1_500_000, ETHEREUM, examples.USDC)
    eight = Asset(examples.USDC.asset_id, "USDC", 8)
    assert codes(authorization(six, amount="1.50000001"), six) == {"TAP-AMOUNT"}
    assert codes(authorization(six), paid(examples.EVM_PAYEE, 1_500_000, ETHEREUM, eight)) == {"TAP-AMOUNT"}


def test_a_token_s_contract_is_not_another_s() -> None:
    of = paid(examples.EVM_PAYEE, 1_500_000, ETHEREUM, examples.USDC)
    assert codes(authorization(of, settlementAsset=examples.USDT.asset_id), of) == {"TAP-ASSET"}
    assert codes(authorization(of, settlementAsset="eip155:1/erc20:0xA0b8"), of) == {"TAP-ASSET"}


def test_an_amount_of_78_digits_is_exact() -> None:
    of = paid(examples.EVM_PAYEE, 2**256 - 1, ETHEREUM)
    holds(authorization(of), of)
    assert codes(authorization(paid(examples.EVM_PAYEE, 2**256 - 2, ETHEREUM)), of) == {"TAP-AMOUNT"}


def test_all_that_is_wrong_is_told_at_once() -> None:
    of = paid(examples.SECOND_PAYEE, 7)
    bent = {**authorization(expiry=NOW), "payload": authorization(expiry=NOW, envelope={"to": ["did:x:y"]})["payload"]}
    assert codes(bent, of) == {"TAP-SIGNATURE", "TAP-TO", "TAP-ADDRESS", "TAP-AMOUNT", "TAP-EXPIRED"}


def told(value: Any, of: Paid | None = None, **others: Any) -> tuple[str, str, str]:
    """Place, what is there and what would pass, of the one thing that is wrong."""
    (finding,) = check(value, of, **others)
    return finding.where, finding.observed, finding.required


COIN = REGTEST.coin.asset_id


@pytest.mark.parametrize(
    ("body", "where", "observed", "required"),
    [
        ({"settlementAsset": BITCOIN.coin.asset_id}, "settlementAsset", BITCOIN.coin.asset_id, COIN),
        ({"settlementAsset": None}, "settlementAsset", "missing", COIN),
        (
            {"settlementAddress": f"{REGTEST.chain_id}:{examples.SECOND_PAYEE}"},
            "settlementAddress",
            examples.SECOND_PAYEE,
            f"{examples.PAYEE}, which is paid",
        ),
        (
            {"settlementAddress": f"{SIGNET.chain_id}:{examples.PAYEE}"},
            "settlementAddress",
            SIGNET.chain_id,
            f"{REGTEST.chain_id}, where it is paid",
        ),
        (
            {"settlementAddress": examples.PAYEE},
            "settlementAddress",
            "no CAIP-10 address",
            f"{REGTEST.chain_id}:{examples.PAYEE}",
        ),
        ({"settlementAddress": None}, "settlementAddress", "missing", f"{REGTEST.chain_id}:{examples.PAYEE}"),
        ({"amount": "0.0005"}, "amount", "0.00050000 rBTC", "0.00060000 rBTC, which is paid"),
        ({"amount": "1e3"}, "amount", "no exact amount", 'a decimal number such as "1.5", of at most 8 decimals'),
        ({"amount": None}, "amount", "missing", 'a decimal number such as "1.5", of at most 8 decimals'),
        ({"expiry": None}, "expiry", "missing", "when the authorisation ends"),
        ({"expiry": NOW}, "expiry", "ended at 2026-01-01T00:00:00Z", "an authorisation that holds, asked for anew"),
        ({"expiry": NOW + 8 * 86_400}, "expiry", "2026-01-09T00:00:00Z", "at most 7 days ahead"),
    ],
)
def test_people_are_told_what_is_wrong_with_what_was_signed(
    body: dict[str, Any], where: str, observed: str, required: str
) -> None:
    assert told(authorization(**body)) == (f"body.{where}", observed, required)


def test_people_are_told_whom_a_message_is_from_and_to() -> None:
    assert told(authorization(envelope={"from": vasps.THIRD_DID})) == (
        "from",
        vasps.THIRD_DID,
        f"{vasps.OTHER_DID}, who is {vasps.OTHER.name}",
    )
    assert told(authorization(envelope={"to": [vasps.THIRD_DID]})) == (
        "to",
        "a message to others",
        f"{vasps.HOUSE_DID}, this house",
    )


@pytest.mark.parametrize(
    ("counterparty", "where", "observed", "required"),
    [
        (Counterparty("Another", "GB"), "name", "a VASP whose keys are not known", "a VASP of the file of keys"),
        (Counterparty(vasps.OTHER.name, "JP"), "jurisdiction", "jurisdiction JP", "GB, as in the file of keys"),
        (
            Counterparty(vasps.OTHER.name, "GB", examples.HOUSE_LEI),
            "lei",
            f"the legal entity identifier {examples.HOUSE_LEI}",
            f"{vasps.OTHER.lei}, as in the file of keys",
        ),
    ],
)
def test_people_are_told_what_the_file_of_keys_says_of_the_vasp(
    counterparty: Counterparty, where: str, observed: str, required: str
) -> None:
    assert told(authorization(), counterparty=counterparty) == (f"counterparty.{where}", observed, required)


def test_a_vasp_without_an_lei_in_the_file_is_not_the_one_with_an_lei_in_the_record() -> None:
    third = Counterparty(vasps.THIRD_VASP, "DE", vasps.OTHER.lei)
    made = authorization(kid=vasps.THIRD_KEY)
    assert told(made, counterparty=third)[2] == "none, as in the file of keys"


def test_people_are_told_what_is_wrong_with_the_key() -> None:
    end = vasps.KEYS.vasps[0].keys[0].not_after
    assert told(authorization(now=end), latest=end) == (
        "kid",
        "a key that ended at 2027-03-31T00:00:00Z",
        "a key that is valid",
    )
    other = authorization(kid=vasps.SECP256K1)
    other["signatures"][0]["header"]["kid"] = vasps.ED25519
    assert told(other) == ("alg", "ES256K", "EdDSA, as in the file of keys")


# The standard's own messages.


def test_tap_s_valid_messages_are_read_and_its_misformatted_ones_refused() -> None:
    examples_of_tap = json.loads((VECTORS / "tap.json").read_text("utf-8"))
    for name in ("minimal", "valid", "misformatted-fields", "missing-required-fields"):
        one = examples_of_tap[name]
        encoded = jws(sign(json.dumps(one["message"]).encode()))
        if one["shouldPass"]:
            assert read_message(encoded).thread == one["message"]["thid"]
            continue
        with pytest.raises(SchemaError) as caught:
            read_message(encoded)
        # The address is read later, beside what is paid.
        assert {finding.where for finding in caught.value.findings} == set(one["fields"]) - {"body.settlementAddress"}


def test_an_authorisation_that_leaves_the_payment_open_is_refused() -> None:
    """TAIP-4 allows it, for the transfer that it answers; the device has not seen that transfer."""
    minimal = json.loads((VECTORS / "tap.json").read_text("utf-8"))["minimal"]["message"]
    made = minimal | {"from": vasps.OTHER_DID, "to": [vasps.HOUSE_DID]}
    assert codes(sign(made)) == {"TAP-ADDRESS", "TAP-ASSET", "TAP-AMOUNT", "TAP-EXPIRY"}


# Use.


def test_the_ids_of_a_block_are_those_of_its_authorisations() -> None:
    first = examples.record((0, examples.PAYEE, 60_000)) | {"authorization": authorization()}
    second = examples.record((1, examples.PAYEE, 7)) | {"authorization": authorization(envelope={"id": SECOND})}
    third = examples.record((2, examples.PAYEE, 8))
    assert used_ids(examples.block(first, second, third)) == {
        f"{vasps.OTHER_DID} 0c1f9a4e-7a0b-4f07-9a5e-3d2f0a4b6c8d",
        f"{vasps.OTHER_DID} {SECOND}",
    }
    assert used_ids(b"") == used_ids(b"no block") == used_ids(examples.block(third)) == frozenset()


def test_an_authorisation_that_cannot_be_read_uses_nothing_up() -> None:
    broken = copy.deepcopy(authorization()) | {"payload": vasps.b64(b"{}")}
    assert used_ids(examples.block(examples.record((0, examples.PAYEE, 1)) | {"authorization": broken})) == frozenset()


# Negative controls: without one of these measures the tests above would fail.


@pytest.mark.parametrize(
    ("name", "instead", "value", "of"),
    [
        ("verifies", lambda *_: True, {**authorization(), "payload": authorization(SEVEN)["payload"]}, SEVEN),
        ("_address", lambda *_: iter(()), authorization(), paid(examples.SECOND_PAYEE)),
        ("_parties", lambda *_: iter(()), authorization(envelope={"to": ["did:x:y"]}), paid()),
        ("_times", lambda *_: iter(()), authorization(expiry=NOW), paid()),
        ("_identity", lambda *_: iter(()), authorization(), paid()),
    ],
)  # fmt: skip
def test_a_verifier_that_believes_something_would_be_found(
    name: str, instead: Any, value: Any, of: Paid, monkeypatch: pytest.MonkeyPatch
) -> None:
    counterparty = Counterparty(vasps.OTHER.name, "JP") if name == "_identity" else vasps.OTHER
    assert codes(value, of, counterparty=counterparty)
    monkeypatch.setattr(tap, name, instead)
    holds(value, of, counterparty=counterparty)
