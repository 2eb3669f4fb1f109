"""An attacker who cannot hide a thing hides it among many: what is cut short says so."""

from collections.abc import Iterable
from pathlib import Path

import ceremonies
import councils
import examples
import psbts
import pytest
from ceremonies import NOW
from councils import HOUR, HOUSE, Council
from house import reviewed

from custody import screen
from custody.bitcoin.script import encode_address
from custody.chains import REGTEST
from custody.judgement import MAX_PAID_BEFORE
from custody.policy.case import Case, Past
from custody.policy.document import Policy
from custody.policy.evaluate import MAX_REASONS, evaluate
from custody.screening.flagged import FlaggedList
from custody.wire.request import WithdrawalRequest
from custody.wire.response import Status

SCRIPT = b"\x00\x14" + b"\x66" * 20
PAYEE = encode_address(SCRIPT, REGTEST)


def request(number: int, amounts: Iterable[int], coins: tuple[int, ...], customer: str = "Tanaka") -> WithdrawalRequest:
    """So many payments to one payee, each spoken for, approved with every key there is."""
    paid = list(amounts)
    spent = [psbts.coins(20)[index] for index in coins]
    rest = sum(coin.amount for coin in spent) - sum(paid) - 1_000
    outputs = [*(psbts.Payment(SCRIPT, amount) for amount in paid), psbts.change(psbts.TREASURY, 3, rest)]
    asked = councils.request(
        id=number.to_bytes(16, "big"),
        created=NOW,
        expires=NOW + HOUR,
        transaction=psbts.serialize(psbts.build(spent, outputs)),
        travel_rule=ceremonies.record(
            *((index, PAYEE, amount) for index, amount in enumerate(paid)), customer=customer
        ),
    )
    return HOUSE.approved(asked, reviewed(asked, psbts.TREASURY), ("Ito", "Chiba"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return councils.copy_home(tmp_path / "home")


def test_earlier_payments_beyond_those_shown_are_counted(folder: Path) -> None:
    assert councils.sign(folder, request(1, range(5_000, 5_004), (0, 1))).status == Status.SIGNED
    officers = Council()
    councils.sign(folder, request(2, range(6_000, 6_004), (2, 3), "Suzuki"), officers=officers)
    (judgement,) = officers.shown
    *told, more = judgement.paid_before
    assert len(told) == MAX_PAID_BEFORE
    assert more == "6 more times, which the log has, to the payees of outputs 2, 3"
    assert any(more[:20] in line for line in screen.lines(judgement))


def test_as_many_earlier_payments_as_are_shown_leave_nothing_to_count(folder: Path) -> None:
    assert councils.sign(folder, request(1, range(5_000, 5_005), (0, 1))).status == Status.SIGNED
    officers = Council()
    councils.sign(folder, request(2, range(6_000, 6_002), (2, 3), "Suzuki"), officers=officers)
    assert len(officers.shown[0].paid_before) == MAX_PAID_BEFORE
    assert not any("more times" in sentence for sentence in officers.shown[0].paid_before)


def test_a_flood_of_concerns_that_people_answer_for_is_a_denial() -> None:
    """Fifty-one payments that repeat earlier ones: the fifty-first is not told, so nobody can have answered for it."""
    policy = Policy.parse(
        examples.POLICY + b'[[escalations]]\nconcern = "duplicate"\nrole = "approver"\ncount = 1\norganisations = 1\n'
    )
    for payments, outcome in ((MAX_REASONS, []), (MAX_REASONS + 1, ["POLICY-MORE"])):
        paid = [(PAYEE, amount) for amount in range(10_000, 10_000 + payments)]
        rows = tuple((address, amount, REGTEST.coin.asset_id) for address, amount in paid)
        block = examples.block(examples.record(*((index, *one) for index, one in enumerate(paid))))
        past = Past("ab" * 32, 0, ("other:0",), rows, {})
        found = evaluate(Case(examples.review(*paid), block, policy, FlaggedList.parse(b"# none"), history=(past,)))
        assert [reason.code for reason in found.reasons] == outcome
        assert len(found.concerns) == MAX_REASONS
