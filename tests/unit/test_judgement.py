"""From request to decision: every reason against a request, each met alone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import ceremonies
import psbts
import pytest
import rosters
import wire_examples
from ceremonies import NOW

from custody import ceremony
from custody.audit.checkpoint import Checkpoint, LogKey
from custody.bitcoin.account import Account, descriptor_from_seed
from custody.chains import BITCOIN, REGTEST, SIGNET
from custody.edge.clock import rehearsal_reading
from custody.edge.home import SignerHome
from custody.judgement import MAX_CLOCK_LEAD, Judgement
from custody.policy.decision import Decision
from custody.wire.request import MAX_LIFETIME, WithdrawalRequest

MAIN = Account.parse("main", BITCOIN, descriptor_from_seed(psbts.SEED, BITCOIN, 0))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignerHome]:
    """The prepared home, with one account more that no rehearsal should have."""
    folder = ceremonies.copy_home(tmp_path_factory.mktemp("judgement") / "home")
    with ceremonies.open_home(folder) as opened:
        opened.add_account(MAIN)
    with ceremonies.open_home(folder) as opened:
        yield opened


def judged(home: SignerHome, request: WithdrawalRequest, now: int = NOW) -> Judgement:
    later = replace(home, reading=rehearsal_reading(now))
    return ceremony.review(request.serialize(), later)[0]


def codes(judgement: Judgement) -> list[str]:
    assert all(reason.fact and reason.evidence for reason in judgement.decision.reasons)
    return [reason.code for reason in judgement.decision.reasons]


def checkpoint(home: SignerHome, size: int, root: bytes, *, key: LogKey | None = None) -> str:
    """A checkpoint that this log's key, or another one, signed."""
    signer = key or ceremonies.log_key(home.folder)
    return signer.sign(Checkpoint(signer.origin, size, root))


def test_an_honest_request_is_allowed_with_its_facts(home: SignerHome) -> None:
    judgement = judged(home, ceremonies.request())
    assert judgement.decision == Decision.of([], ())
    assert judgement.review is not None
    assert [(one.address, one.amount) for one in judgement.review.payments] == [(ceremonies.PAYEE, ceremonies.PAID)]
    assert judgement.charges == {REGTEST.coin.asset_id: ceremonies.PAID + 1_000}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"device": "rehearsal.other"}, "REQUEST-DEVICE"),
        ({"device": ""}, "REQUEST-DEVICE"),
        ({"expires": NOW, "created": NOW - 60}, "REQUEST-EXPIRED"),
        ({"expires": NOW - 1, "created": NOW - 60}, "REQUEST-EXPIRED"),
        ({"created": NOW + MAX_CLOCK_LEAD + 1, "expires": NOW + 3_600}, "REQUEST-EARLY"),
        ({"created": NOW, "expires": NOW + MAX_LIFETIME + 1}, "REQUEST-LIFETIME"),
        ({"created": NOW + 60, "expires": NOW + 60}, "REQUEST-LIFETIME"),
        ({"created": NOW + 61, "expires": NOW + 60}, "REQUEST-LIFETIME"),
        ({"created": NOW, "expires": 2**53 - 1}, "REQUEST-LIFETIME"),
        ({"maker": "A" * 40}, "ROSTER-NONE"),
        ({"approvals": (wire_examples.APPROVAL,)}, "ROSTER-NONE"),
        ({"policy_sequence": 1}, "REQUEST-SEQUENCE"),
        ({"list_sequence": 1}, "REQUEST-SEQUENCE"),
        ({"account": "other"}, "REQUEST-ACCOUNT"),
        ({"account": ""}, "REQUEST-ACCOUNT"),
        ({"account": "main"}, "REQUEST-ACCOUNT"),
        ({"checksum": "qqqqqqqq"}, "REQUEST-ACCOUNT"),
        ({"chain_id": SIGNET.chain_id}, "REQUEST-CHAIN"),
        ({"chain_id": "regtest"}, "REQUEST-CHAIN"),
        ({"chain_id": "eip155:1"}, "REQUEST-CHAIN"),
        ({"account": "main", "checksum": MAIN.checksum, "chain_id": BITCOIN.chain_id}, "REHEARSAL-CHAIN"),
        ({"checkpoint": ""}, "REQUEST-CHECKPOINT"),
        ({"checkpoint": "origin\n4\nAAAA\n"}, "REQUEST-CHECKPOINT"),
    ],
)
def test_each_reason_of_the_request_itself_is_met_alone(home: SignerHome, changes: dict[str, Any], code: str) -> None:
    request = ceremonies.request(**changes)
    found = [one for one in codes(judged(home, request)) if not one.startswith("PSBT-INPUT")]
    assert found == [code]
    # What else is wrong is told too: all reasons, not the first.
    assert {code} < set(codes(judged(home, replace(request, travel_rule=b"\x00")))) or code in _UNREVIEWED


#: Without the paying account there is nothing to review a transaction against.
_UNREVIEWED = ("REQUEST-ACCOUNT", "REQUEST-CHAIN")


@pytest.mark.parametrize(
    ("changes", "now"),
    [
        ({"expires": NOW + 1}, NOW),
        ({"created": NOW + MAX_CLOCK_LEAD, "expires": NOW + 3_600}, NOW),
        ({"created": NOW, "expires": NOW + MAX_LIFETIME}, NOW + MAX_LIFETIME - 1),
        ({"purpose": ""}, NOW),
        ({"id": bytes(16)}, NOW),
    ],
)
def test_a_request_within_its_bounds_is_allowed(home: SignerHome, changes: dict[str, Any], now: int) -> None:
    assert judged(home, ceremonies.request(**changes), now).decision.allowed


def test_a_checkpoint_of_another_log_is_refused(home: SignerHome) -> None:
    own = ceremonies.log_key(home.folder)
    for other in (LogKey(own.origin, bytes(32)), LogKey("rehearsal.other", own.seed)):
        note = checkpoint(home, 4, home.log.root_at(4), key=other)
        assert codes(judged(home, ceremonies.request(checkpoint=note))) == ["REQUEST-CHECKPOINT"]


def test_a_log_shorter_than_the_sender_has_seen_is_refused(home: SignerHome) -> None:
    size = home.log.size
    ahead = checkpoint(home, size + 1, bytes(32))
    assert codes(judged(home, ceremonies.request(checkpoint=ahead))) == ["LOG-ROLLBACK"]
    far_ahead = checkpoint(home, 2**53 - 1, bytes(32))
    assert codes(judged(home, ceremonies.request(checkpoint=far_ahead))) == ["LOG-ROLLBACK"]


def test_a_log_with_another_history_than_the_sender_has_seen_is_refused(home: SignerHome) -> None:
    for size in range(1, home.log.size + 1):
        fork = checkpoint(home, size, bytes(32))
        assert codes(judged(home, ceremonies.request(checkpoint=fork))) == ["LOG-FORK"]


def test_every_state_that_the_log_ever_had_is_a_state_that_the_sender_may_have_seen(home: SignerHome) -> None:
    for size in range(1, home.log.size + 1):
        seen = checkpoint(home, size, home.log.root_at(size))
        assert judged(home, ceremonies.request(checkpoint=seen)).decision.allowed


def test_all_reasons_of_a_request_are_told_at_once(home: SignerHome) -> None:
    wrong = ceremonies.request(
        device="other", account="other", expires=NOW, created=NOW - 9, maker="A" * 40, checkpoint=""
    )
    expected = {"REQUEST-DEVICE", "REQUEST-ACCOUNT", "REQUEST-EXPIRED", "ROSTER-NONE", "REQUEST-CHECKPOINT"}
    assert set(codes(judged(home, wrong))) == expected


def test_what_the_transactions_reader_refuses_becomes_a_reason(home: SignerHome) -> None:
    judgement = judged(home, ceremonies.request(transaction=b""))
    assert [(reason.code, reason.rule) for reason in judgement.decision.reasons] == [("PSBT-MAGIC", "transaction")]
    assert judgement.review is None


def test_what_the_policy_refuses_stands_beside_the_facts(home: SignerHome) -> None:
    judgement = judged(home, ceremonies.request(travel_rule=b""))
    assert codes(judgement) == ["TRAVEL-RULE-NONE"]
    assert judgement.review is not None


@pytest.mark.parametrize(("policy", "flagged"), [(None, None), (None, ceremonies.examples.FLAGGED_LIST)])
def test_without_a_policy_everything_is_denied(tmp_path: Path, policy: bytes | None, flagged: bytes | None) -> None:
    ceremonies.make_home(tmp_path / "home", policy=policy, flagged=flagged)
    with ceremonies.open_home(tmp_path / "home") as opened:
        request = ceremonies.request(ceremonies.export(opened))
        assert codes(judged(opened, request)) == ["POLICY-NONE"]


def test_without_a_list_every_payment_is_denied(tmp_path: Path) -> None:
    ceremonies.make_home(tmp_path / "home", flagged=None)
    with ceremonies.open_home(tmp_path / "home") as opened:
        request = ceremonies.request(ceremonies.export(opened))
        assert codes(judged(opened, request)) == ["LIST-NONE"]


@pytest.mark.parametrize("kind", ["policy", "list"])
def test_what_decides_denies_once_it_has_expired(tmp_path: Path, kind: Literal["policy", "list"]) -> None:
    bodies = {"policy": ceremonies.examples.POLICY, "list": ceremonies.examples.FLAGGED_LIST}
    headed = rosters.bundle(kind, bodies[kind], not_after=NOW + 60).content
    files = {"policy": bodies["policy"], "flagged": bodies["list"], {"list": "flagged"}.get(kind, kind): headed}
    ceremonies.make_home(tmp_path / "home", **files)
    with ceremonies.open_home(tmp_path / "home") as opened:
        request = ceremonies.request(ceremonies.export(opened))
        assert judged(opened, request, NOW + 59).decision.allowed
        for late in (NOW + 60, NOW + 3_000):
            assert codes(judged(opened, request, late)) == ["RULES-EXPIRED"]


def test_the_same_values_give_the_same_judgement(home: SignerHome) -> None:
    one, other = (judged(home, ceremonies.request()) for _ in range(2))
    assert one == other
    assert one.as_private() == other.as_private()


def test_a_reason_from_a_hostile_name_stays_on_its_line(home: SignerHome) -> None:
    for changes in ({"chain_id": "a\nb\u2028c"}, {"device": "a\nb\u202ec"}, {"account": "a\nb\x1b[2J"}):
        for reason in judged(home, ceremonies.request(**changes)).decision.reasons:
            assert (reason.observed + reason.required).isprintable()
