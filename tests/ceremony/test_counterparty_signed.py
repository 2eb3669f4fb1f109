"""Every online machine of our house is the attacker's, and the payee's VASP is not: what it has signed is what is paid.

Transaction, travel-rule record, maker's signature and approvals are all made by the thief and agree with each other.
The policy asks for the counterparty's own signature on every payment.
"""

import shutil
from pathlib import Path
from typing import Any

import bdkpython as bdk
import ceremonies
import councils
import examples
import psbts
import pytest
import vasps
from ceremonies import NOW
from councils import DAY, HOUR, HOUSE, Council
from house import COMPLIANCE, reviewed

from custody import screen
from custody.bitcoin.script import encode_address
from custody.ceremony import Consent, Outcome
from custody.chains import REGTEST
from custody.coordinator.answers import finalize
from custody.edge import home
from custody.errors import HomeError
from custody.governance.actions import Install, Veto
from custody.judgement import Judgement
from custody.wire.bundle import SignedBundle
from custody.wire.request import WithdrawalRequest
from custody.wire.response import Status

THIEF = encode_address(b"\x00\x14" + b"\x66" * 20, REGTEST)
AMOUNT = 60_000
POLICY = councils.POLICY + b'\n[chains.regtest.signed_above]\ncoin = "0"\n'
FILES: dict[str, SignedBundle] = {
    **councils.bundles(),
    "roster": HOUSE.roster_bundle(consent=2, vasps=2),
    "policy": HOUSE.signed("policy", POLICY),
    "vasps": HOUSE.signed("vasps", vasps.TOML),
}
SECOND_ID = {"id": "1c7f0c1e-96a5-4b0b-8c0f-4a8f4ecf2f11"}


class Nobody(Council):
    """Officers who must not even be asked."""

    def confirm(self, judgement: Judgement, code: str) -> Consent:
        pytest.fail(f"officers were asked to sign {judgement.request.digest.hex()} with {code}")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of this house, never used."""
    folder = tmp_path_factory.mktemp("counterparty") / "home"
    councils.make_home(folder, FILES)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:

    shutil.copytree(made, tmp_path / "home")
    return tmp_path / "home"


def authorization(address: str = ceremonies.PAYEE, amount: int = AMOUNT, **others: Any) -> dict[str, Any]:
    """What the payee's VASP signs, on its own machines."""
    return vasps.authorization(vasps.paid(address, amount), now=others.pop("now", NOW), **others)


def asked(folder: Path, address: str, given: dict[str, Any] | None, *, amount: int = AMOUNT,
          coins: tuple[int, ...] = (0, 1), at: int = NOW, identifier: int = 1) -> WithdrawalRequest:  # fmt: skip
    """A withdrawal with a record that agrees with it, made and approved with keys that lie online."""
    spent = [psbts.coins(20)[index] for index in coins]
    rest = sum(coin.amount for coin in spent) - amount - 1_000
    script = bytes(bdk.Address(address, bdk.Network.REGTEST).script_pubkey().to_bytes())
    paid = [psbts.Payment(script, amount), psbts.change(psbts.TREASURY, 3, rest)]
    record = examples.record((0, address, amount)) | ({"authorization": given} if given else {})
    with home.opened(folder, at) as opened:
        device = ceremonies.export(opened)
    plain = ceremonies.request(
        device,
        policy_sequence=1,
        list_sequence=1,
        id=identifier.to_bytes(16, "big"),
        created=at,
        expires=at + HOUR,
        transaction=psbts.serialize(psbts.build(spent, paid)),
        travel_rule=examples.block(record),
    )
    return HOUSE.approved(plain, reviewed(plain, psbts.TREASURY))


def refused(outcome: Outcome) -> set[str]:
    """Why; nothing was signed."""
    assert outcome.response.answer.status is Status.REFUSED
    assert outcome.response.answer.signatures == ()
    return councils.reasons(outcome)


def paid_to(outcome: Outcome) -> list[tuple[str, int]]:
    """Whom the signed transaction pays, by another library."""
    assert outcome.status == "signed"
    assert outcome.judgement is not None
    _, raw = finalize(outcome.judgement.request, outcome.response, psbts.TREASURY)
    return [
        (str(bdk.Address.from_script(one.script_pubkey, bdk.Network.REGTEST)), one.value.to_sat())
        for one in bdk.Transaction(raw).output()
    ]


@pytest.mark.parametrize("kid", [vasps.ED25519, vasps.SECP256K1])
def test_what_the_payees_vasp_has_signed_is_signed(folder: Path, kid: str) -> None:
    outcome = councils.sign(folder, asked(folder, ceremonies.PAYEE, authorization(kid=kid)))
    assert (ceremonies.PAYEE, AMOUNT) in paid_to(outcome)


def test_dmm_a_destination_that_is_replaced_everywhere_online_is_refused(folder: Path) -> None:
    swapped = asked(folder, THIEF, authorization())
    assert refused(councils.sign(folder, swapped, officers=Nobody())) == {"TAP-ADDRESS"}


def test_dmm_an_amount_that_is_raised_everywhere_online_is_refused(folder: Path) -> None:
    raised = asked(folder, ceremonies.PAYEE, authorization(), amount=90_000)
    assert refused(councils.sign(folder, raised, officers=Nobody())) == {"TAP-AMOUNT"}


def test_payments_just_as_large_as_the_bound_to_new_addresses_on_one_day_are_refused(tmp_path: Path) -> None:
    """The thief knows the bound, and makes an address for each piece."""
    bounded = POLICY.replace(b'signed_above]\ncoin = "0"', b'signed_above]\ncoin = "60000"')
    folder = tmp_path / "home"
    councils.make_home(folder, FILES | {"policy": HOUSE.signed("policy", bounded)})
    assert (THIEF, AMOUNT) in paid_to(councils.sign(folder, asked(folder, THIEF, None)))
    again = asked(folder, encode_address(b"\x00\x14" + b"\x67" * 20, REGTEST), None, coins=(2, 3), identifier=2)
    assert refused(councils.sign(folder, again, officers=Nobody())) == {"TAP-NONE"}
    signed = asked(folder, ceremonies.PAYEE, authorization(), coins=(2, 3), identifier=3)
    assert (ceremonies.PAYEE, AMOUNT) in paid_to(councils.sign(folder, signed))


def test_leaving_the_authorisation_out_is_refused(folder: Path) -> None:
    assert refused(councils.sign(folder, asked(folder, THIEF, None), officers=Nobody())) == {"TAP-NONE"}


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        (lambda: vasps.sign(vasps.message(vasps.paid(THIEF)), vasps.ED25519, key=vasps.private_key("did:x:t#key-1")),
         {"TAP-SIGNATURE"}),
        (lambda: {**authorization(), "payload": authorization(THIEF)["payload"]}, {"TAP-SIGNATURE"}),
        (lambda: authorization(THIEF, kid=vasps.THIRD_KEY), {"TAP-KID", "TAP-FROM"}),
        (lambda: authorization(THIEF, envelope={"to": [vasps.THIRD_DID]}), {"TAP-TO"}),
    ],
    ids=["the thief's own key", "the honest signature of another message", "another VASP's", "to another house"],
)  # fmt: skip
def test_a_signature_that_is_not_the_payees_vasps_for_this_house_is_refused(
    folder: Path, given: Any, codes: set[str]
) -> None:
    assert refused(councils.sign(folder, asked(folder, THIEF, given()), officers=Nobody())) == codes


def test_an_authorisation_that_was_held_back_until_it_ended_is_refused(folder: Path) -> None:
    given, late = authorization(), NOW + DAY
    outcome = councils.sign(folder, asked(folder, ceremonies.PAYEE, given, at=late), at=late, officers=Nobody())
    assert refused(outcome) == {"TAP-EXPIRED"}


def test_one_authorisation_pays_once(folder: Path) -> None:
    assert councils.sign(folder, asked(folder, ceremonies.PAYEE, authorization())).status == "signed"
    again = asked(folder, ceremonies.PAYEE, authorization(), coins=(2, 3), identifier=2)
    assert refused(councils.sign(folder, again, officers=Nobody())) == {"DUPLICATE-PAYMENT", "TAP-USED"}


def test_the_same_payment_under_a_new_id_is_no_repetition_to_the_counterparty_and_one_to_us(folder: Path) -> None:
    assert councils.sign(folder, asked(folder, ceremonies.PAYEE, authorization())).status == "signed"
    given = authorization(envelope=SECOND_ID)
    again = asked(folder, ceremonies.PAYEE, given, coins=(2, 3), identifier=2)
    assert refused(councils.sign(folder, again, officers=Nobody())) == {"DUPLICATE-PAYMENT"}


def test_a_retry_with_the_first_ones_coin_needs_no_second_message(folder: Path) -> None:
    for identifier, coins in ((1, (0, 1)), (2, (1, 2))):
        retry = asked(folder, ceremonies.PAYEE, authorization(), coins=coins, identifier=identifier)
        assert councils.sign(folder, retry).status == "signed"


def test_the_use_is_remembered_as_long_as_an_authorisation_can_hold(folder: Path) -> None:
    """Six days later the same message is still within its seven days; the policy's days without repetition are over."""
    days = 6
    longer = authorization(expiry=NOW + 7 * DAY)
    policy = HOUSE.signed("policy", b"repeat_days = 1\n" + POLICY, after=FILES["policy"])
    councils.decide(folder, Install(policy))
    councils.sign(folder, asked(folder, ceremonies.PAYEE, longer))
    at = NOW + days * DAY
    again = asked(folder, ceremonies.PAYEE, longer, coins=(2, 3), identifier=2, at=at)
    assert refused(councils.sign(folder, again, at=at, officers=Nobody())) == {"TAP-USED"}


# The file of VASP keys, under compliance's stolen keys.


def with_thief(after: SignedBundle = FILES["vasps"]) -> SignedBundle:
    """The thief's key as one of the honest VASP's."""
    thief = vasps.key_toml(f"{vasps.OTHER_DID}#key-9")
    honest = vasps.vasp_toml(vasps.OTHER, vasps.OTHER_DID, vasps.key_toml(vasps.ED25519), thief)
    return HOUSE.signed("vasps", vasps.file_toml(honest), after=after, names=COMPLIANCE[:2])


def test_a_thiefs_key_waits_and_counts_for_nothing_meanwhile(folder: Path) -> None:
    decided = councils.decide(folder, Install(with_thief()))
    proposal = decided.resolution.proposal
    assert proposal is not None
    (loosening,) = [change for change in proposal.changes if change.loosens]
    assert f"{vasps.OTHER_DID}#key-9" in loosening.example
    given = authorization(THIEF, kid=f"{vasps.OTHER_DID}#key-9")
    assert refused(councils.sign(folder, asked(folder, THIEF, given), officers=Nobody())) == {"TAP-KID"}
    councils.decide(folder, Veto("vasps"), at=NOW + 20 * HOUR, officers=Council("Endo"))
    late = NOW + 2 * DAY
    given = authorization(THIEF, kid=f"{vasps.OTHER_DID}#key-9", now=late)
    assert refused(councils.sign(folder, asked(folder, THIEF, given, at=late), at=late)) == {"TAP-KID"}


def test_a_key_that_is_taken_out_is_out_at_once(folder: Path) -> None:
    left = vasps.file_toml(vasps.vasp_toml(vasps.OTHER, vasps.OTHER_DID, vasps.key_toml(vasps.SECP256K1)))
    decided = councils.decide(folder, Install(HOUSE.signed("vasps", left, after=FILES["vasps"])))
    assert decided.resolution.proposal is not None
    assert decided.resolution.proposal.delay is None
    assert refused(councils.sign(folder, asked(folder, ceremonies.PAYEE, authorization()))) == {"TAP-KID"}


def test_a_house_whose_roster_names_no_number_takes_no_vasp_keys(tmp_path: Path) -> None:
    closed = councils.copy_home(tmp_path / "home")
    with pytest.raises(HomeError, match="BUNDLE-KIND-CLOSED"):
        councils.decide(closed, Install(FILES["vasps"]))


def test_a_policy_without_the_rule_waits_like_any_loosening(folder: Path) -> None:
    without = HOUSE.signed("policy", councils.POLICY, after=FILES["policy"], names=COMPLIANCE[:2])
    decided = councils.decide(folder, Install(without))
    assert decided.resolution.proposal is not None
    assert decided.resolution.proposal.delay is not None
    assert refused(councils.sign(folder, asked(folder, THIEF, None), officers=Nobody())) == {"TAP-NONE"}


def test_officers_read_who_has_signed_what_they_are_asked_to_pay(folder: Path) -> None:
    officers = Council()
    councils.sign(folder, asked(folder, ceremonies.PAYEE, authorization()), officers=officers)
    told = " ".join(" ".join(screen.lines(officers.shown[0])).split())
    transfer = "transfer 599f7220-6149-4c45-adbb-86d96c8e0608, until 2026-01-02T00:00:00Z"
    assert f"SIGNED BY {vasps.OTHER.name}, key {vasps.ED25519}, {transfer}" in told
    refused_one = councils.sign(folder, asked(folder, THIEF, authorization(envelope=SECOND_ID), identifier=9))
    assert refused_one.judgement is not None
    assert "SIGNED BY" not in " ".join(screen.lines(refused_one.judgement))


def test_officers_read_why(folder: Path) -> None:
    outcome = councils.sign(folder, asked(folder, THIEF, authorization()))
    assert outcome.judgement is not None
    told = "\n".join(screen.lines(outcome.judgement))
    assert "TAP-ADDRESS" in told
    assert ceremonies.PAYEE in told.replace("\n", "").replace(" ", "")


# What it does not prove.


def test_a_thief_who_is_a_customer_of_the_same_vasp_has_his_own_address_signed(folder: Path) -> None:
    """The limit that the page tells: the VASP signs that the address is its own, and not whose account it is."""
    assert (THIEF, AMOUNT) in paid_to(councils.sign(folder, asked(folder, THIEF, authorization(THIEF))))


# Negative controls.


def test_a_device_that_believes_every_signature_would_be_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custody.travel_rule.tap.verifies", lambda *_: True)
    forged = {**authorization(), "payload": authorization(THIEF)["payload"]}
    assert (THIEF, AMOUNT) in paid_to(councils.sign(folder, asked(folder, THIEF, forged)))


def test_a_device_without_the_rule_would_be_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custody.policy.rules.counterparty.CounterpartySigned.reasons", lambda *_: iter(()))
    assert (THIEF, AMOUNT) in paid_to(councils.sign(folder, asked(folder, THIEF, authorization())))
