"""Where coins may go, on a home on disk with its officers, approvers and log: refills, new payees, replaced ones.

Everything is judged twice, by the ceremony and by the holder of the key; time is the device's own count.
"""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import bdkpython as bdk
import ceremonies
import councils
import evm
import examples
import psbts
import pytest
from ceremonies import NOW
from councils import DAY, HOUR, HOUSE, Council
from house import reviewed

from custody import screen
from custody.bitcoin.account import RECEIVE, Account, descriptor_from_seed
from custody.ceremony import Outcome
from custody.chains import ANVIL, REGTEST
from custody.edge import home
from custody.evm.address import checksum_address
from custody.wire.request import WithdrawalRequest

HOT = Account.parse("hot", REGTEST, descriptor_from_seed(psbts.SEED, REGTEST, 1))
VAULT = replace(evm.PRACTICE, name="vault")
EVM_HOT = checksum_address(evm.PAYEE)
NEW = examples.SECOND_PAYEE
# Addresses that begin and end with the same characters (tests/unit/policy/rules/test_destinations_look_alike.py).
PARTNER = "bcrt1qzyg3zygqqqqqqqqqqqqqqqqqqqqqqqqqfvzezq"
LOOK_ALIKE = "bcrt1qzyg3zygqqqqqqqqqqqqqqqqqqqqpak5457zezq"

POLICY = f"""repeat_days = 0
{councils.POLICY.decode().replace('"200000"', '"1000000"').replace("percent_cap = 10", "percent_cap = 100")}
[new_destinations]
cool_down_hours = 24
forget_days = 30

[[allowlist]]
chain = "regtest"
address = "{PARTNER}"
name = "Settlement partner"

[[own_accounts]]
name = "Hot 1"
tier = "hot"
chain = "regtest"
checksum = "{HOT.checksum}"

[[own_accounts]]
name = "Hot 2"
tier = "hot"
chain = "anvil"
address = "{EVM_HOT}"

[[escalations]]
concern = "new_destination"
role = "approver"
count = 3

[chains.regtest.first_payment]
coin = "10000"

[chains.regtest.known_above]
coin = "150000"

[chains.regtest.to_hot_per_day]
coin = "100000"

[chains.anvil]
fee_cap = "10000000000000000"
feerate_cap = 100
fee_percent_cap = 5

[chains.anvil.cap_per_transaction]
coin = "5000000000000000000"

[chains.anvil.to_hot_per_day]
coin = "1500000000000000000"
""".encode()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("destinations") / "home"
    councils.make_home(folder, {**councils.bundles(), "policy": HOUSE.signed("policy", POLICY)})
    for account in (HOT, VAULT):
        with home.opened(folder, NOW) as opened:
            opened.add_account(account)
    return folder


class House:
    """Makes requests for the home, has them approved, and brings them to its officers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.officers = Council()
        self._count = 0
        with home.opened(folder, NOW) as opened:
            self._told = ceremonies.export(opened)

    def pay(self, address: str, amount: int, *, at: int = NOW, record: bool = True,
            approvers: Sequence[str] = ("Ito", "Chiba"), records: Sequence[psbts.Record] = ()) -> Outcome:  # fmt: skip
        """A payment of fresh coins."""
        spent = psbts.coins(40)[4 * self._count : 4 * self._count + 4]
        script = bytes(bdk.Address(address, bdk.Network.REGTEST).script_pubkey().to_bytes())
        rest = sum(coin.amount for coin in spent) - amount - 1_000
        paid = [psbts.Payment(script, amount, tuple(records)), psbts.change(psbts.TREASURY, 3, rest)]
        asked = self._request(
            at,
            transaction=psbts.serialize(psbts.build(spent, paid)),
            travel_rule=ceremonies.record((0, address, amount)) if record else b"",
        )
        approved = HOUSE.approved(asked, reviewed(asked, psbts.TREASURY), approvers)
        return councils.sign(self.folder, approved, at=at, officers=self.officers)

    def pay_ether(self, amount: int, *, nonce: int, record: bool) -> Outcome:
        """A payment to `EVM_HOT`."""
        payment = replace(evm.COIN_PAYMENT, chain_number=ANVIL.number, value=amount, nonce=nonce)
        block = examples.block(examples.record((0, EVM_HOT, amount))) if record else b""
        asked = self._request(
            NOW,
            account=VAULT.name,
            checksum=VAULT.address(0),
            chain_id=ANVIL.chain_id,
            kind="evm-transaction",
            transaction=payment.serialize(),
            travel_rule=block,
        )
        approved = HOUSE.approved(asked, reviewed(asked, VAULT))
        return councils.sign(self.folder, approved, officers=self.officers)

    def _request(self, at: int, **changes: Any) -> WithdrawalRequest:
        self._count += 1
        return ceremonies.request(
            self._told,
            id=self._count.to_bytes(16, "big"),
            created=at,
            expires=at + HOUR,
            policy_sequence=1,
            list_sequence=1,
            **changes,
        )


@pytest.fixture
def house(prepared: Path, tmp_path: Path) -> House:
    return House(Path(shutil.copytree(prepared, tmp_path / "home")))


def codes(outcome: Outcome) -> set[str]:
    assert outcome.status == "refused"
    return councils.reasons(outcome)


# Own accounts.


def test_a_hot_account_is_refilled_without_a_record_up_to_its_cap_of_a_day(house: House) -> None:
    assert house.pay(HOT.address(RECEIVE, 0), 60_000, record=False).status == "signed"
    assert house.pay(HOT.address(RECEIVE, 1), 40_000, record=False, at=NOW + HOUR).status == "signed"
    assert codes(house.pay(HOT.address(RECEIVE, 2), 1_000, record=False, at=NOW + DAY - 1)) == {"OWN-HOT-EXCEEDED"}
    assert house.pay(HOT.address(RECEIVE, 2), 60_000, record=False, at=NOW + DAY).status == "signed"


def test_officers_are_told_that_a_payment_goes_to_an_own_account_and_how_near_to_the_world_it_is(house: House) -> None:
    house.pay(HOT.address(RECEIVE, 0), 60_000, record=False)
    (shown,) = house.officers.shown
    assert "to our own    account Hot 1 (hot)" in list(screen.lines(shown))
    payment, change = screen.outputs(shown)
    assert isinstance(payment, dict)
    assert isinstance(change, dict)
    assert (payment["role"], payment["owner"], payment["record"]) == ("own", "Hot 1", None)
    assert (change["role"], change["owner"]) == ("change", None)


def test_the_log_keeps_whose_account_was_paid(house: House) -> None:
    outcome = house.pay(HOT.address(RECEIVE, 0), 60_000, record=False)
    assert outcome.judgement is not None
    with home.opened(house.folder, NOW) as opened:
        private = opened.log.private(opened.log.indices("authorised")[-1])
    outputs = cast(dict[str, list[dict[str, str]]], private["facts"])["outputs"]
    assert [(one["role"], one["owner"]) for one in outputs] == [("own", "Hot 1"), ("change", "")]


def test_a_refill_needs_the_approvals_of_any_payment_and_a_record_that_is_there_is_right(house: House) -> None:
    asked = house.pay(HOT.address(RECEIVE, 0), 60_000, record=False, approvers=("Ito",))
    assert codes(asked) == {"APPROVALS-MISSING"}
    assert house.pay(HOT.address(RECEIVE, 0), 50_000, record=True).status == "signed"


def test_an_attackers_descriptor_is_not_own_whatever_his_psbt_says(house: House) -> None:
    """His address stands in the PSBT with the hot account's path, under his own fingerprint."""
    thief, key = psbts.EVIL.address(RECEIVE, 0), psbts.EVIL.public_key(RECEIVE, 0)
    claim = (b"\x02" + key, psbts.key_path(psbts.EVIL.fingerprint, (*HOT.path, RECEIVE, 0)))
    assert codes(house.pay(thief, 5_000, record=False, records=(claim,))) == {"TRAVEL-RULE-NONE"}
    assert codes(house.pay(thief, 5_000, record=False)) == {"TRAVEL-RULE-NONE"}
    assert house.officers.shown == []


def test_an_own_account_on_an_evm_network_is_its_address(house: House) -> None:
    assert house.pay_ether(10**18, nonce=0, record=False).status == "signed"
    assert codes(house.pay_ether(5 * 10**17 + 1, nonce=1, record=False)) == {"OWN-HOT-EXCEEDED"}
    assert house.pay_ether(5 * 10**17, nonce=1, record=False).status == "signed"
    assert [one.owners for one in house.officers.shown] == [{"Hot 2": "hot"}] * 2


# New destinations.


def test_a_new_payee_gets_little_first_and_anything_after_the_cool_down(house: House) -> None:
    assert codes(house.pay(NEW, 10_001)) >= {"APPROVALS-MISSING"}
    assert house.pay(NEW, 6_000).status == "signed"
    assert house.pay(NEW, 4_000, at=NOW + HOUR).status == "signed"
    assert codes(house.pay(NEW, 120_000, at=NOW + DAY - 1)) == {"APPROVALS-MISSING"}
    assert house.pay(NEW, 120_000, at=NOW + DAY).status == "signed"


def test_more_approvers_may_answer_for_a_new_payee_and_the_officers_see_that_they_do(house: House) -> None:
    outcome = house.pay(NEW, 120_000, approvers=("Ito", "Chiba", "Goto"))
    assert outcome.status == "signed"
    (shown,) = house.officers.shown
    assert [concern.code for concern in shown.decision.concerns] == ["DESTINATION-NEW"]


# Known destinations, and those that look like them.


def test_dmm_a_large_payment_to_a_replaced_destination_is_refused_whoever_approves(house: House) -> None:
    season(house, PARTNER)
    season(house, NEW)
    everyone = ("Ito", "Chiba", "Goto")
    assert codes(house.pay(NEW, 150_001, at=NOW + DAY, approvers=everyone)) == {"DESTINATION-UNKNOWN"}
    assert house.pay(PARTNER, 300_000, at=NOW + DAY).status == "signed"


def test_dmm_a_destination_replaced_by_one_that_looks_like_it_is_refused_whatever_the_amount(house: House) -> None:
    told = codes(house.pay(LOOK_ALIKE, 1_000, approvers=("Ito", "Chiba", "Goto")))
    assert told == {"DESTINATION-LOOK-ALIKE"}
    assert house.officers.shown == []


def season(house: House, address: str) -> None:
    assert house.pay(address, 5_000).status == "signed"
