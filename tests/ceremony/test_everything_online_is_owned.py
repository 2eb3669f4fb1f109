"""The test that the product is named after: everything online belongs to the attacker, and every key that lies there.

The coordinator, the maker's key, all approvers' keys and compliance's quorum are Lazarus'. It makes requests, approves
them, signs policies, lists and rosters, withholds and repeats what it likes. It does not hold the device, and at most
one officer is with it. Each attack tells what was signed; where officers are asked, they are shown everything.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import bdkpython as bdk
import ceremonies
import councils
import evm
import examples
import psbts
import pytest
import rosters
from ceremonies import NOW
from councils import DAY, HOUR, HOUSE, Council
from house import APPROVERS, COMPLIANCE, HERE, OPERATORS, reviewed

from custody import screen
from custody.bitcoin.script import encode_address
from custody.ceremony import Consent, Outcome
from custody.chains import REGTEST
from custody.coordinator.answers import finalize
from custody.edge import home
from custody.errors import Cancelled, CustodyError, HomeError
from custody.evm.address import checksum_address
from custody.governance.actions import Freeze, Install, Veto
from custody.judgement import Judgement
from custody.officers.openpgp import Claim
from custody.wire.bundle import SignedBundle
from custody.wire.request import WithdrawalRequest
from custody.wire.response import Status

BUNDLES = councils.bundles()
THIEF = encode_address(b"\x00\x14" + b"\x66" * 20, REGTEST)
DAY_CAP = 200_000


def script(address: str) -> bytes:
    """The script of a regtest P2WPKH address, read by another library."""
    return bytes(bdk.Address(address, bdk.Network.REGTEST).script_pubkey().to_bytes())


class Attacker:
    """Everything online."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def request(self, address: str = THIEF, amount: int = 60_000, *, coins: Iterable[int] = (0, 1), at: int = NOW,
                approvers: Iterable[str] = ("Ito", "Chiba"), customer: str = "Tanaka",
                **changes: Any) -> WithdrawalRequest:  # fmt: skip
        """A withdrawal with a record that agrees with it, made and approved with the stolen keys."""
        self._count += 1
        spent = [psbts.coins(20)[index] for index in coins]
        rest = sum(coin.amount for coin in spent) - amount - 1_000
        paid = [psbts.Payment(script(address), amount), psbts.change(psbts.TREASURY, 3, rest)]
        asked = councils.request(
            id=self._count.to_bytes(16, "big"),
            created=at,
            expires=at + HOUR,
            transaction=psbts.serialize(psbts.build(spent, paid)),
            travel_rule=ceremonies.record((0, address, amount), customer=customer),
        )
        asked = replace(asked, **changes)
        return HOUSE.approved(asked, reviewed(asked, psbts.TREASURY), approvers)

    def policy(self, body: bytes, *, after: SignedBundle = BUNDLES["policy"], at: int = NOW) -> SignedBundle:
        """A policy under compliance's keys, all of them."""
        return HOUSE.signed("policy", body, after=after, names=COMPLIANCE, not_before=at - HOUR, not_after=at + DAY)


class Careful(Council):
    """Officers who compare the address on the screen with the business record, and stop when it is another."""

    def __init__(self, expected: str) -> None:
        super().__init__()
        self._expected = expected

    def confirm(self, judgement: Judgement, code: str) -> Consent:
        assert judgement.review is not None
        if any(output.address != self._expected for output in judgement.review.payments):
            raise Cancelled("CANCELLED", "The officers stopped.")
        return super().confirm(judgement, code)


class Nobody(Council):
    """Officers who must not even be asked."""

    def confirm(self, judgement: Judgement, code: str) -> Consent:
        pytest.fail(f"officers were asked to sign {judgement.request.digest.hex()} with {code}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return councils.copy_home(tmp_path / "home")


@pytest.fixture
def attacker(folder: Path) -> Attacker:
    return Attacker(folder)


def refused(outcome: Outcome) -> set[str]:
    """Why; nothing was signed."""
    assert outcome.response.answer.status is Status.REFUSED
    assert outcome.response.answer.signatures == ()
    return councils.reasons(outcome)


def stolen(outcomes: Iterable[Outcome]) -> int:
    """The most that can go to the thief: of signed transactions that spend one coin, only one is ever mined."""
    signed = [
        bdk.Transaction(finalize(outcome.judgement.request, outcome.response, psbts.TREASURY)[1])
        for outcome in outcomes
        if outcome.status == "signed" and outcome.judgement
    ]
    mined = (one for size in range(len(signed) + 1) for one in combinations(signed, size) if not double_spend(one))
    return max(sum(map(to_thief, one)) for one in mined)


def double_spend(transactions: Iterable[bdk.Transaction]) -> bool:
    spent = [str(one.previous_output) for transaction in transactions for one in transaction.input()]
    return len(set(spent)) < len(spent)


def to_thief(transaction: bdk.Transaction) -> int:
    paid = transaction.output()
    return sum(one.value.to_sat() for one in paid if bytes(one.script_pubkey.to_bytes()) == script(THIEF))


# DMM, 2024: the transaction was changed after people had approved it.


def test_dmm_a_swap_after_approval_is_refused_before_any_officer_is_asked(folder: Path, attacker: Attacker) -> None:
    honest = attacker.request(ceremonies.PAYEE)
    swapped = attacker.request(THIEF, id=honest.id)
    forged = replace(swapped, approvals=honest.approvals)
    assert "APPROVAL-SIGNATURE" in refused(councils.sign(folder, forged, officers=Nobody()))


def test_dmm_an_amount_raised_after_approval_is_refused(folder: Path, attacker: Attacker) -> None:
    honest = attacker.request(ceremonies.PAYEE, 10_000)
    raised = replace(attacker.request(ceremonies.PAYEE, 90_000, id=honest.id), approvals=honest.approvals)
    assert "APPROVAL-SIGNATURE" in refused(councils.sign(folder, raised, officers=Nobody()))


def test_dmm_with_every_approvers_key_the_officers_see_the_thiefs_address_in_full_and_stop(
    folder: Path, attacker: Attacker
) -> None:
    officers = Careful(ceremonies.PAYEE)
    with pytest.raises(Cancelled):
        councils.sign(folder, attacker.request(THIEF), officers=officers)
    assert ceremonies.kinds(folder)[-1] == "account"


def test_what_officers_are_shown_is_what_is_signed_to_the_last_byte(folder: Path, attacker: Attacker) -> None:
    officers = Council()
    asked = attacker.request(THIEF, 42_000)
    outcome = councils.sign(folder, asked, officers=officers)
    _, raw = finalize(asked, outcome.response, psbts.TREASURY)
    review = officers.shown[0].review
    assert review is not None
    signed = [(str(bdk.Address.from_script(one.script_pubkey, bdk.Network.REGTEST)), one.value.to_sat())
              for one in bdk.Transaction(raw).output()]  # fmt: skip
    assert [(output.address, output.amount) for output in review.outputs] == signed


def test_dmm_deceived_officers_lose_no_more_than_the_cap_of_a_day(folder: Path, attacker: Attacker) -> None:
    """All approvals are there and the officers say yes to everything: the limit is what is left, and it holds."""
    tries = [attacker.request(THIEF, 60_000 + n, coins=(2 * n, 2 * n + 1), customer=f"Customer {n}") for n in range(8)]
    outcomes = [councils.sign(folder, asked) for asked in tries]
    assert 0 < stolen(outcomes) <= DAY_CAP
    assert "CAP-DAY-EXCEEDED" in refused(outcomes[-1])


@pytest.mark.parametrize(
    "schedule",
    [
        [NOW, NOW, NOW, NOW, NOW],
        [NOW, NOW - 30 * DAY, NOW, NOW - DAY, NOW],
        [NOW + hour * HOUR for hour in range(0, 20, 4)],
        [NOW, NOW + DAY - 1, NOW, NOW + DAY - 1, NOW + DAY - 1],
    ],
    ids=["at once", "clock set back and forth", "through the day", "to the last second"],
)
def test_no_schedule_within_a_day_takes_more_than_its_cap(
    folder: Path, attacker: Attacker, schedule: list[int]
) -> None:
    outcomes = []
    for number, at in enumerate(schedule):
        coins = 2 * number, 2 * number + 1
        asked = attacker.request(THIEF, 60_000 + number, coins=coins, at=at, customer=f"Customer {number}")
        outcomes.append(councils.sign(folder, asked, at=at))
    assert stolen(outcomes) <= DAY_CAP


def test_transactions_that_exclude_each_other_are_no_way_around_the_cap(folder: Path, attacker: Attacker) -> None:
    tries = [attacker.request(THIEF, 60_000 - n, coins=(n, n + 1), customer=f"Customer {n}") for n in range(9)]
    outcomes = [councils.sign(folder, asked) for asked in tries]
    assert 0 < stolen(outcomes) <= DAY_CAP


def test_a_fee_bump_that_pays_somebody_else_is_refused_whatever_it_is_called(folder: Path, attacker: Attacker) -> None:
    honest = councils.sign(folder, attacker.request(ceremonies.PAYEE, 10_000, coins=(0, 1)))
    assert honest.status == "signed"
    swap = attacker.request(THIEF, 10_000, coins=(1, 2), purpose="fee bump of the withdrawal before")
    assert "REPLACEMENT-DIFFERS" in refused(councils.sign(folder, swap, officers=Nobody()))
    more = attacker.request(ceremonies.PAYEE, 10_001, coins=(0, 1), purpose="fee bump of the withdrawal before")
    assert "REPLACEMENT-DIFFERS" in refused(councils.sign(folder, more, officers=Nobody()))
    bump = attacker.request(ceremonies.PAYEE, 10_000, coins=(0, 2))
    assert councils.sign(folder, bump).status == "signed"


# Bybit, 2025: people signed a hash, and what they saw was something else.


@pytest.fixture
def ethereum_folder(tmp_path: Path) -> Path:
    """The same house with an account on an EVM network."""
    policy = councils.POLICY + examples.EVM_POLICY[examples.EVM_POLICY.index(b"[chains.") :]
    files = {**BUNDLES, "policy": HOUSE.signed("policy", policy)}
    folder = tmp_path / "ethereum"
    councils.make_home(folder, files)
    with home.opened(folder, NOW) as opened:
        opened.add_account(replace_name(evm.PRACTICE))
    return folder


def replace_name(account: Any) -> Any:
    return replace(account, name="vault")


def ethereum_request(folder: Path, payment: Any, identifier: bytes, **changes: Any) -> WithdrawalRequest:
    """A payment from that account, made and approved with the stolen keys."""
    with home.opened(folder, NOW) as opened:
        told = ceremonies.export(opened)
    payee = checksum_address(payment.to)
    asked = ceremonies.request(
        told,
        id=identifier,
        account="vault",
        checksum=evm.PRACTICE.address(0),
        chain_id=evm.PRACTICE.chain.chain_id,
        kind="evm-transaction",
        transaction=payment.serialize(),
        travel_rule=examples.block(examples.record((0, payee, payment.value))),
    )
    return HOUSE.approved(replace(asked, **changes), reviewed(asked, replace_name(evm.PRACTICE)))


def test_bybit_the_real_bytes_are_refused_whoever_approves_them(ethereum_folder: Path, project: Path) -> None:
    """The message that three owners signed on 2025-02-21, with approvals by every stolen key over what can be read."""
    payment = replace(evm.COIN_PAYMENT, chain_number=evm.PRACTICE.chain.number)
    dressed = ethereum_request(ethereum_folder, payment, bytes(16))
    message = (project / "custody/demo/bybit_nonce71.json").read_bytes()
    bybit = replace(dressed, kind="typed-data", transaction=message)
    reasons = refused(councils.sign(ethereum_folder, bybit, officers=Nobody()))
    assert {"SAFE-DELEGATECALL", "TYPED-DATA-UNSUPPORTED"} & reasons


def test_bybit_calldata_that_nobody_can_read_is_refused_whoever_approves_it(ethereum_folder: Path) -> None:
    payment = replace(evm.COIN_PAYMENT, chain_number=evm.PRACTICE.chain.number)
    dressed = ethereum_request(ethereum_folder, payment, bytes(16))
    hidden = replace(payment, calldata=bytes.fromhex("a9059cbb") + bytes(64), value=0)
    outcome = councils.sign(ethereum_folder, replace(dressed, transaction=hidden.serialize()), officers=Nobody())
    assert refused(outcome)


# Compliance's quorum signs what the attacker wants.

NO_RULES = (
    examples.POLICY.replace(b'"100000"', b'"999999999"').replace(b"= 200", b"= 1000000").replace(b"= 10\n", b"= 100\n")
)


def test_a_policy_without_rules_does_nothing_without_the_officers(folder: Path, attacker: Attacker) -> None:
    with pytest.raises(HomeError, match="ORDER-REFUSED"):
        councils.decide(folder, Install(attacker.policy(NO_RULES)), officers=Council("Sato"))
    assert "CAP-DAY-EXCEEDED" in refused(councils.sign(folder, attacker.request(amount=DAY_CAP + 1, coins=range(4))))


def test_a_policy_without_rules_is_shown_for_what_it_is(folder: Path, attacker: Attacker) -> None:
    decided = councils.decide(folder, Install(attacker.policy(NO_RULES)))
    assert decided.resolution.proposal is not None
    loosening = [change for change in decided.resolution.proposal.changes if change.loosens]
    assert {"approvals", "cap_per_day"} <= {word for change in loosening for word in change.rule.split(".")}
    assert all(change.example for change in loosening)


def test_a_policy_without_rules_waits_although_deceived_officers_agreed(folder: Path, attacker: Attacker) -> None:
    councils.decide(folder, Install(attacker.policy(NO_RULES)))
    for at in (NOW, NOW + HOUR, NOW + DAY - 1):
        big = attacker.request(amount=DAY_CAP + 1, coins=range(4), at=at, approvers=())
        assert {"CAP-DAY-EXCEEDED", "APPROVALS-MISSING"} <= refused(
            councils.sign(folder, big, at=at, officers=Nobody())
        )


def test_one_honest_officer_stops_it_within_the_day(folder: Path, attacker: Attacker) -> None:
    councils.decide(folder, Install(attacker.policy(NO_RULES)))
    councils.decide(folder, Veto("policy"), at=NOW + 20 * HOUR, officers=Council("Endo"))
    late = NOW + 2 * DAY
    big = attacker.request(amount=DAY_CAP + 1, coins=range(4), at=late)
    assert "CAP-DAY-EXCEEDED" in refused(councils.sign(folder, big, at=late, officers=Nobody()))


@pytest.mark.parametrize("jump", [-30 * DAY, DAY - 1])
def test_the_wait_is_counted_and_not_told(folder: Path, attacker: Attacker, jump: int) -> None:
    """Requests, approvals and bundles from other times move no delay."""
    councils.decide(folder, Install(attacker.policy(NO_RULES)))
    at = NOW + jump
    councils.sign(folder, attacker.request(at=at), at=at)
    with home.opened(folder, NOW + DAY - 1) as opened:
        assert "policy" in opened.state.waiting


def test_an_approval_from_2099_is_refused_and_moves_no_clock(folder: Path, attacker: Attacker) -> None:
    councils.decide(folder, Install(attacker.policy(NO_RULES)))
    asked = attacker.request()
    future = HOUSE.approved(asked, reviewed(asked, psbts.TREASURY), at=4_070_908_800)
    assert "APPROVAL-TIME" in refused(councils.sign(folder, future, officers=Nobody()))
    with home.opened(folder, NOW + HOUR) as opened:
        assert opened.times.latest == NOW + HOUR
        assert "policy" in opened.state.waiting


def test_a_bundle_from_2099_is_refused(folder: Path) -> None:
    late = HOUSE.signed("list", b"# none\n", after=BUNDLES["list"], not_before=4_070_908_800, not_after=4_070_995_200)
    with pytest.raises(HomeError, match="BUNDLE-EARLY"):
        councils.decide(folder, Install(late))


def test_a_list_rolled_back_is_refused(folder: Path, attacker: Attacker) -> None:
    newer = HOUSE.signed("list", examples.FLAGGED_LIST + THIEF.encode() + b"\n", after=BUNDLES["list"])
    councils.decide(folder, Install(newer))
    for old in (
        BUNDLES["list"],
        HOUSE.signed("list", b"# none\n"),
        HOUSE.signed("list", b"# none\n", after=BUNDLES["list"]),
    ):
        with pytest.raises(HomeError, match=r"BUNDLE-(ROLLBACK|FORK)"):
            councils.decide(folder, Install(old))
    assert "DESTINATION-FLAGGED" in refused(councils.sign(folder, attacker.request(), officers=Nobody()))


def test_a_list_that_forgets_the_thief_waits_like_any_loosening(folder: Path, attacker: Attacker) -> None:
    newer = HOUSE.signed("list", examples.FLAGGED_LIST + THIEF.encode() + b"\n", after=BUNDLES["list"])
    councils.decide(folder, Install(newer))
    councils.decide(folder, Install(HOUSE.signed("list", examples.FLAGGED_LIST, after=newer)))
    assert "DESTINATION-FLAGGED" in refused(councils.sign(folder, attacker.request(), officers=Nobody()))


def evil_roster(after: SignedBundle = BUNDLES["roster"]) -> SignedBundle:
    """The thief's own people as approvers, and one consent enough."""
    import openpgp

    thieves = [(name, "approver", name, openpgp.certificate(name)) for name in ("Park", "Kim")]
    rows = [*HOUSE.people(), *thieves]
    body = rosters.roster_toml(rows, house=HOUSE.id, consent=1, delay_hours=1)
    return HOUSE.signed("roster", body, after=after, names=COMPLIANCE)


def test_a_replaced_roster_waits_and_its_people_count_for_nothing_meanwhile(folder: Path, attacker: Attacker) -> None:
    councils.decide(folder, Install(evil_roster()))
    asked = attacker.request(approvers=("Park", "Kim"))
    assert "APPROVAL-UNKNOWN" in refused(councils.sign(folder, asked, officers=Nobody()))
    with pytest.raises(HomeError, match="ORDER-REFUSED"):
        councils.sign(folder, attacker.request(ceremonies.PAYEE), officers=Council("Sato"))


def test_a_shorter_delay_does_not_shorten_its_own_wait(folder: Path, attacker: Attacker) -> None:
    councils.decide(folder, Install(evil_roster()))
    councils.decide(folder, Install(attacker.policy(NO_RULES)), at=NOW + 2 * HOUR)
    with home.opened(folder, NOW + 4 * HOUR) as opened:
        assert set(opened.state.waiting) == {"roster", "policy"}


# The same payment twice.


def test_a_request_shown_again_gets_the_answer_that_it_got(folder: Path, attacker: Attacker) -> None:
    asked = attacker.request(ceremonies.PAYEE)
    first, second = councils.sign(folder, asked), councils.sign(folder, asked, officers=Nobody())
    assert second.status == "repeated"
    assert second.response.answer == first.response.answer


def test_we_lost_the_answer_a_second_payment_of_other_coins_is_refused(folder: Path, attacker: Attacker) -> None:
    councils.sign(folder, attacker.request(coins=(0, 1)))
    again = attacker.request(coins=(2, 3))
    assert "DUPLICATE-PAYMENT" in refused(councils.sign(folder, again, officers=Nobody()))
    of_another_amount = attacker.request(amount=60_001, coins=(2, 3))
    assert "DUPLICATE-RECORD" in refused(councils.sign(folder, of_another_amount, officers=Nobody()))


def test_we_lost_the_answer_a_second_payment_of_another_amount_and_record_shows_the_first_one(
    folder: Path, attacker: Attacker
) -> None:
    first = attacker.request(coins=(0, 1))
    councils.sign(folder, first)
    officers = Council()
    other = attacker.request(amount=60_001, coins=(2, 3), customer="Suzuki")
    councils.sign(folder, other, officers=officers)
    (sentence,) = officers.shown[0].paid_before
    assert "0.00060000 rBTC" in sentence
    assert first.digest.hex() in sentence
    assert any("PAID BEFORE" in line for line in screen.lines(officers.shown[0]))


def test_we_lost_the_answer_a_second_payment_that_is_signed_spends_a_coin_of_the_first(
    folder: Path, attacker: Attacker
) -> None:
    outcomes = [councils.sign(folder, attacker.request(coins=coins)) for coins in ((0, 1), (1, 2))]
    spent = []
    for outcome in outcomes:
        assert outcome.judgement is not None
        _, raw = finalize(outcome.judgement.request, outcome.response, psbts.TREASURY)
        spent.append({str(one.previous_output) for one in bdk.Transaction(raw).input()})
    assert spent[0] & spent[1]


def test_we_lost_the_answer_on_ethereum_the_next_nonce_is_a_second_payment(ethereum_folder: Path) -> None:
    payment = replace(evm.COIN_PAYMENT, chain_number=evm.PRACTICE.chain.number)
    first = councils.sign(ethereum_folder, ethereum_request(ethereum_folder, payment, bytes(16)))
    assert first.status == "signed"
    again = ethereum_request(ethereum_folder, replace(payment, nonce=payment.nonce + 1), bytes([1]) * 16)
    assert "DUPLICATE-PAYMENT" in refused(councils.sign(ethereum_folder, again, officers=Nobody()))


def test_on_ethereum_one_nonce_is_not_signed_for_two_payees(ethereum_folder: Path) -> None:
    payment = replace(evm.COIN_PAYMENT, chain_number=evm.PRACTICE.chain.number)
    councils.sign(ethereum_folder, ethereum_request(ethereum_folder, payment, bytes(16)))
    other = ethereum_request(ethereum_folder, replace(payment, to=b"\x66" * 20), bytes([1]) * 16)
    assert "NONCE-REUSED" in refused(councils.sign(ethereum_folder, other, officers=Nobody()))


# One who is honest among the owned; one who is not among the officers.


def test_a_rejection_that_was_seen_once_holds_though_it_is_left_out_later(folder: Path, attacker: Attacker) -> None:
    asked = attacker.request(approvers=("Goto", "Chiba"))
    rejected = HOUSE.approved(asked, reviewed(asked, psbts.TREASURY), ("Goto", "Chiba"), ("Ito",))
    assert "APPROVAL-REJECTED" in refused(councils.sign(folder, rejected, officers=Nobody()))
    assert rejected.digest == replace(rejected, approvals=rejected.approvals[:3]).digest
    hidden = replace(rejected, approvals=rejected.approvals[:3])
    assert "APPROVAL-REJECTED" in refused(councils.sign(folder, hidden, officers=Nobody()))


def test_the_makers_key_alone_approves_nothing(folder: Path, attacker: Attacker) -> None:
    asked = attacker.request(approvers=(OPERATORS[0], OPERATORS[1]))
    assert {"APPROVAL-MAKER", "APPROVAL-ROLE"} <= refused(councils.sign(folder, asked, officers=Nobody()))


def test_approvers_of_one_organisation_are_not_enough(folder: Path, attacker: Attacker) -> None:
    of_one_house = [name for name, organisation in APPROVERS.items() if organisation == HERE]
    asked = attacker.request(approvers=of_one_house)
    assert refused(councils.sign(folder, asked, officers=Nobody())) == {"APPROVALS-MISSING"}


@pytest.mark.parametrize("names", [("Sato",), ("Sato", "Sato")])
def test_one_dishonest_officer_signs_and_installs_nothing(
    folder: Path, attacker: Attacker, names: tuple[str, ...]
) -> None:
    for attempt in (
        lambda: councils.sign(folder, attacker.request(), officers=Council(*names)),
        lambda: councils.decide(folder, Install(attacker.policy(NO_RULES)), officers=Council(*names)),
    ):
        with pytest.raises(CustodyError):
            attempt()
    assert "authorised" not in ceremonies.kinds(folder)
    assert "installed" not in ceremonies.kinds(folder)


def test_any_officer_who_smells_it_stops_the_device(folder: Path, attacker: Attacker) -> None:
    councils.decide(folder, Freeze(), officers=Council("Endo"))
    with pytest.raises(HomeError, match="HOME-FROZEN"):
        councils.sign(folder, attacker.request())


# Negative controls: a device with one of these measures missing loses coins in the tests above.


def test_a_device_that_lets_loosening_in_at_once_would_be_found(
    folder: Path, attacker: Attacker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custody.governance.install.compare_policy", lambda *_: ())
    councils.decide(folder, Install(attacker.policy(NO_RULES)))
    outcome = councils.sign(folder, attacker.request(amount=DAY_CAP + 1, coins=range(4), approvers=()))
    assert stolen([outcome]) == DAY_CAP + 1


def test_a_device_that_believes_every_signature_would_be_found(
    folder: Path, attacker: Attacker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def believe(_self: object, _claim: Claim, _at: int) -> None:
        return

    monkeypatch.setattr("custody.edge.gpg.JailedGpg.verify", believe)
    honest = attacker.request(ceremonies.PAYEE)
    forged = replace(attacker.request(THIEF, id=honest.id), approvals=honest.approvals)
    assert stolen([councils.sign(folder, forged)]) == 60_000


def test_a_device_without_history_would_be_found(
    folder: Path, attacker: Attacker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(*_: object) -> Iterator[Any]:
        return iter(())

    monkeypatch.setattr("custody.ceremony._history", forget)
    outcomes = [councils.sign(folder, attacker.request(coins=coins)) for coins in ((0, 1), (2, 3), (4, 5), (6, 7))]
    assert stolen(outcomes) > DAY_CAP
