"""The main job on a home on disk: signed, refused, repeated, cancelled, interrupted, and never anything else."""

import hashlib
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import bdkpython as bdk
import ceremonies
import psbts
import pytest
import regtest
import wire_examples
from ceremonies import NOW, Officer, kinds, open_home, sign

from custody import ceremony
from custody.audit.checkpoint import LogVerifier
from custody.audit.verify import verify
from custody.ceremony import Consent, Unlock
from custody.chains import REGTEST
from custody.coordinator.answers import check_response, finalize
from custody.edge.home import SignerHome
from custody.edge.key_process import KeyProcess
from custody.errors import Cancelled, CustodyError, EvidenceError, HomeError, InputError, UsageError
from custody.officers.consent import Proof
from custody.policy.explain import remedies_json
from custody.review import Review
from custody.signatures import Signature
from custody.vault.key_holder import KeyHolder
from custody.vault.orders import Evidence, SigningOrder
from custody.wire.request import WithdrawalRequest
from custody.wire.response import Status

PASSPHRASES = {ceremonies.OFFICER: ceremonies.PASSPHRASE}
FOUNDED = ["init", "policy", "list", "account"]
REQUEST = ceremonies.request()
MESSAGE = REQUEST.serialize()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return ceremonies.copy_home(tmp_path / "home")


def never(_opened: SignerHome) -> Unlock:
    """No key may be opened."""

    def unlock(_consent: Consent) -> Any:
        pytest.fail("the key was opened")

    return unlock


class Nobody(Officer):
    """No officer may be asked."""

    def confirm(self, *_: Any) -> Consent:
        pytest.fail("an officer was asked")


def log_holds(folder: Path) -> bool:
    """What an auditor says, with the key from the home."""
    verifier = LogVerifier.parse((folder / "log/log-key.txt").read_text().strip())
    found = verify((folder / "log/entries").read_bytes(), (folder / "log/checkpoint").read_bytes(), verifier)
    return found.first_bad is None


def outputs_of(raw: bytes) -> list[tuple[str, int]]:
    """Address and amount of each output, read by another wallet library."""
    return [
        (str(bdk.Address.from_script(output.script_pubkey, bdk.Network.REGTEST)), output.value.to_sat())
        for output in bdk.Transaction(raw).output()
    ]


def outputs_shown(review: Review) -> list[tuple[str, int]]:
    return [(output.address, output.amount) for output in review.outputs]


def test_an_allowed_and_confirmed_request_is_signed_logged_and_answered(folder: Path) -> None:
    officer = Officer()
    outcome = sign(folder, MESSAGE, officer=officer)
    assert outcome.status == "signed"
    assert [one.request.digest for one in officer.shown] == [REQUEST.digest]
    assert kinds(folder) == [*FOUNDED, "authorised", "answered"]
    assert log_holds(folder)


def test_the_network_takes_what_the_officer_saw(folder: Path) -> None:
    officer = Officer()
    outcome = sign(folder, MESSAGE, officer=officer)
    with open_home(folder) as opened:
        device = ceremonies.export(opened)
    assert check_response(REQUEST, outcome.response, device, psbts.TREASURY).size == 6
    txid, raw = finalize(REQUEST, outcome.response, psbts.TREASURY)
    assert regtest.verify(raw, [(coin.script, coin.amount) for coin in psbts.coins(2)])
    review = officer.shown[0].review
    assert review is not None
    assert outputs_of(raw) == outputs_shown(review)
    assert txid == review.transaction_id == regtest.txid(raw)[::-1].hex()


def test_the_log_keeps_what_was_decided_and_charged(folder: Path) -> None:
    outcome = sign(folder, MESSAGE)
    with open_home(folder) as opened:
        authorised, answered = opened.log.private(4), opened.log.private(5)
    assert outcome.judgement is not None
    assert authorised["charges"] == {REGTEST.coin.asset_id: "61000"}
    (row,) = cast(list[dict[str, str]], authorised["officers"])
    assert (row["name"], len(bytes.fromhex(row["proof"]))) == (ceremonies.OFFICER, 64)
    assert authorised["elapsed"] == 0
    assert authorised["decision_digest"] == outcome.judgement.decision_digest.hex()
    assert authorised["facts_digest"] == outcome.judgement.facts_digest.hex()
    assert authorised["travel_rule"] == REQUEST.travel_rule.hex()
    assert authorised["spends"] == [f"{coin.parent.txid[::-1].hex()}:1" for coin in psbts.coins(2)]
    assert (answered["authorised"], answered["seen"]) == (4, 4)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"approvals": (wire_examples.APPROVAL,)}, "ROSTER-NONE"),
        ({"expires": NOW}, "REQUEST-EXPIRED"),
        ({"device": "rehearsal.other"}, "REQUEST-DEVICE"),
        ({"checkpoint": "nonsense"}, "REQUEST-CHECKPOINT"),
        ({"transaction": b""}, "PSBT-MAGIC"),
        ({"travel_rule": b""}, "TRAVEL-RULE-NONE"),
    ],
)
def test_a_refusal_is_logged_and_answered_and_opens_no_key(folder: Path, changes: dict[str, Any], code: str) -> None:
    request = ceremonies.request(**({"created": NOW - 60} | changes))
    outcome = sign(folder, request.serialize(), officer=Nobody(), unlock=never)
    assert (outcome.status, outcome.response.answer.status) == ("refused", Status.REFUSED)
    assert outcome.judgement is not None
    assert code in [reason.code for reason in outcome.judgement.decision.reasons]
    assert outcome.response.answer.request == request.digest
    assert outcome.response.answer.signatures == ()
    assert kinds(folder) == [*FOUNDED, "refused"]
    assert log_holds(folder)


def test_a_refusal_does_not_tell_the_online_side_why(folder: Path) -> None:
    request = ceremonies.request(travel_rule=b"")
    outcome = sign(folder, request.serialize())
    assert b"TRAVEL" not in outcome.response.serialize()
    with open_home(folder) as opened:
        kept = opened.log.private(4)
        check_response(request, outcome.response, ceremonies.export(opened), psbts.TREASURY)
    assert "TRAVEL-RULE-NONE" in str(kept["decision"])


@pytest.mark.parametrize(
    "changes",
    [
        {"travel_rule": b""},
        {"device": "rehearsal.other", "expires": NOW},
        {"transaction": b""},
        {"approvals": (wire_examples.APPROVAL,), "travel_rule": b"{"},
    ],
)
def test_no_word_of_reasons_and_remedies_leaves_the_device(folder: Path, changes: dict[str, Any]) -> None:
    """Nor how many there are: every refusal at one place of the log is as long as every other."""
    outcome = sign(folder, ceremonies.request(**({"created": NOW - 60} | changes)).serialize(), unlock=never)
    assert outcome.judgement is not None
    decision, answer = outcome.judgement.decision, outcome.response.serialize()
    # The rule "request" has the name of a field that every answer has.
    told = [value for one in decision.reasons for key, value in one.as_json().items() if value and key != "rule"]
    told += [str(one["what"]) for one in cast(list[dict[str, str]], remedies_json(decision))]
    assert len(told) > 3
    assert [value for value in told if str(value).encode() in answer] == []
    plain = sign(ceremonies.copy_home(folder.parent / "other"), ceremonies.request(travel_rule=b"").serialize())
    assert len(answer) == len(plain.response.serialize())
    with open_home(folder) as opened:
        kept = cast(dict[str, list[dict[str, str]]], opened.log.private(outcome.entry.index)["decision"])
    assert kept["reasons"] == [reason.as_json() for reason in decision.reasons]
    assert all({"fact", "evidence", "observed", "required"} <= reason.keys() for reason in kept["reasons"])


def test_a_refused_request_may_pass_later_and_is_judged_anew(folder: Path) -> None:
    early = ceremonies.request(created=NOW + 601, expires=NOW + 3_600).serialize()
    assert sign(folder, early, unlock=never).status == "refused"
    assert sign(folder, early, unlock=never).status == "refused"
    assert sign(folder, early, now=NOW + 1).status == "signed"
    assert kinds(folder) == [*FOUNDED, "refused", "refused", "authorised", "answered"]


def test_the_same_request_again_gives_the_same_answer_and_asks_nobody(folder: Path) -> None:
    first = sign(folder, MESSAGE)
    entries = (folder / "log/entries").read_bytes()
    again = sign(folder, MESSAGE, officer=Nobody(), unlock=never, now=NOW + 1_000_000)
    assert again.status == "repeated"
    assert again.response == first.response
    assert (folder / "log/entries").read_bytes() == entries


def test_the_answer_is_proved_anew_in_a_log_that_has_grown(folder: Path) -> None:
    sign(folder, MESSAGE)
    sign(folder, ceremonies.request(travel_rule=b"").serialize())
    again = sign(folder, MESSAGE, officer=Nobody(), unlock=never)
    with open_home(folder) as opened:
        assert check_response(REQUEST, again.response, ceremonies.export(opened), psbts.TREASURY).size == 7
        assert ceremony.respond(opened.log, 5) == again.response


@pytest.mark.parametrize("index", [-1, 0, 3, 4, 6, 2**40])
def test_only_answers_are_shown_again(folder: Path, index: int) -> None:
    sign(folder, MESSAGE)
    with open_home(folder) as opened, pytest.raises(UsageError, match="NOT-AN-ANSWER"):
        ceremony.respond(opened.log, index)


@pytest.mark.parametrize("code", ["0000-0000", "x", "\udcff"])
def test_a_wrong_code_cancels_is_logged_and_opens_no_key(folder: Path, code: str) -> None:
    with pytest.raises(Cancelled) as refused:
        sign(folder, MESSAGE, officer=Officer(code), unlock=never)
    assert (refused.value.code, refused.value.exit_code) == ("CODE-WRONG", 6)
    assert kinds(folder) == [*FOUNDED, "cancelled"]
    assert sign(folder, MESSAGE).status == "signed"


def test_a_code_of_an_earlier_review_is_worth_nothing_once_the_log_has_grown(folder: Path) -> None:
    with open_home(folder) as opened:
        _, code = ceremony.review(MESSAGE, opened)
    assert code is not None
    sign(folder, ceremonies.request(travel_rule=b"").serialize())
    with pytest.raises(Cancelled, match="CODE-WRONG"):
        sign(folder, MESSAGE, officer=Officer(code))


def test_a_code_of_one_request_does_not_confirm_another(folder: Path) -> None:
    with open_home(folder) as opened:
        _, code = ceremony.review(MESSAGE, opened)
    assert code is not None
    with pytest.raises(Cancelled, match="CODE-WRONG"):
        sign(folder, ceremonies.request(id=bytes(16)).serialize(), officer=Officer(code), unlock=never)


def test_a_review_changes_nothing(folder: Path) -> None:
    before = contents(folder)
    with open_home(folder) as opened:
        ceremony.review(MESSAGE, opened)
    assert contents(folder) == before | {"lock": b""}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_wrong_passphrase_is_logged_and_uses_no_key(folder: Path) -> None:
    with pytest.raises(HomeError) as refused:
        sign(folder, MESSAGE, unlock=lambda opened: ceremonies.key_in_process(opened, "wrong"))
    assert (refused.value.code, refused.value.exit_code) == ("SEAL-CLOSED", 5)
    assert kinds(folder) == [*FOUNDED, "unlock-failed"]
    with open_home(folder) as opened:
        assert opened.log.private(4) == {"officers": [ceremonies.OFFICER], "reason": "SEAL-CLOSED"}
    assert sign(folder, MESSAGE).status == "signed"


@pytest.mark.parametrize("message", [b"", b"\xa0", MESSAGE[:-1], MESSAGE + b"\x00", MESSAGE.replace(b"psbt", b"PSBT")])
def test_what_is_no_request_is_refused_and_not_logged(folder: Path, message: bytes) -> None:
    with pytest.raises(InputError):
        sign(folder, message, officer=Nobody(), unlock=never)
    assert kinds(folder) == FOUNDED


class InspectingKey:
    """A key that looks at the disk before it signs."""

    def __init__(self, opened: SignerHome) -> None:
        self._opened = opened
        self._key = KeyHolder(opened.sealed, PASSPHRASES, opened.verifier)
        self.seen: list[str] = []

    def consent(self, order: SigningOrder) -> tuple[Proof, ...]:
        assert (self._opened.folder / "log/checkpoint").read_text() == order.before
        return self._key.consent(order)

    def sign(self, evidence: Evidence) -> tuple[Signature, ...]:
        folder = self._opened.folder
        assert log_holds(folder)
        last = (folder / "log/entries").read_bytes().splitlines()[-1].split(b" ")[0]
        assert last == evidence.entry
        assert (folder / "log/checkpoint").read_text() == evidence.after
        self.seen.append(last.decode())
        return self._key.sign(evidence)


def test_the_authorisation_is_on_the_disk_before_the_key_is_used(folder: Path) -> None:
    with open_home(folder) as opened:
        key = InspectingKey(opened)
        ceremony.sign(MESSAGE, opened, Officer(), lambda _: nullcontext(key))
    assert len(key.seen) == 1
    assert '"kind":"authorised"' in key.seen[0]
    assert REQUEST.digest.hex() in key.seen[0]


def test_the_answer_is_on_the_disk_before_it_is_given(folder: Path) -> None:
    with open_home(folder) as opened:
        outcome = ceremony.sign(MESSAGE, opened, Officer(), ceremonies.key_in_process(opened))
        assert log_holds(folder)
        assert outcome.response.entry in (folder / "log/entries").read_bytes()
        assert outcome.response.checkpoint == (folder / "log/checkpoint").read_text()


class Consenting:
    """A key that lets everything into the log."""

    def consent(self, order: SigningOrder) -> tuple[Proof, ...]:
        return tuple(Proof(one.officer, bytes(64)) for one in order.typed)


class DyingKey(Consenting):
    """A key that ends before it answers."""

    def sign(self, _evidence: Evidence) -> tuple[Signature, ...]:
        raise HomeError("KEY-PROCESS", "The process that holds the key ended early.")


class LyingKey(Consenting):
    """A key that answers with signatures of something else."""

    def __init__(self, answer: tuple[Signature, ...]) -> None:
        self._answer = answer

    def sign(self, _evidence: Evidence) -> tuple[Signature, ...]:
        return self._answer


def test_a_key_that_dies_leaves_an_interruption_and_no_answer(folder: Path) -> None:
    with pytest.raises(HomeError, match="KEY-PROCESS"):
        sign(folder, MESSAGE, unlock=lambda _: lambda _: nullcontext(DyingKey()))
    assert kinds(folder) == [*FOUNDED, "authorised", "interrupted"]
    with open_home(folder) as opened:
        assert opened.log.find("answered", REQUEST.digest) is None
        assert opened.log.private(5) == {"authorised": 4}
    assert kinds(folder) == [*FOUNDED, "authorised", "interrupted"]
    assert log_holds(folder)


def test_an_interrupted_request_is_signed_the_second_time_to_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="KEY-PROCESS"):
        sign(folder, MESSAGE, unlock=lambda _: lambda _: nullcontext(DyingKey()))
    second = sign(folder, MESSAGE)
    undisturbed = sign(ceremonies.copy_home(tmp_path / "other"), MESSAGE)
    assert second.response.answer == undisturbed.response.answer
    assert kinds(folder) == [*FOUNDED, "authorised", "interrupted", "authorised", "answered"]


def test_the_real_key_process_dying_leaves_an_interruption(folder: Path) -> None:
    class Killed(KeyProcess):
        def sign(self, evidence: Evidence) -> tuple[Signature, ...]:
            self._child.kill()
            self._child.wait()
            return super().sign(evidence)

    with pytest.raises(HomeError, match="KEY-PROCESS"):
        sign(folder, MESSAGE, unlock=lambda opened: lambda _: Killed(opened.sealed, PASSPHRASES))
    assert kinds(folder) == [*FOUNDED, "authorised", "interrupted"]


def test_the_real_key_process_signs_as_the_key_holder_does(folder: Path, tmp_path: Path) -> None:
    def unlock(opened: SignerHome) -> Unlock:
        return lambda _: KeyProcess(opened.sealed, PASSPHRASES)

    other = ceremonies.copy_home(tmp_path / "other")
    assert sign(folder, MESSAGE, unlock=unlock).response == sign(other, MESSAGE).response


def lies_of(honest: tuple[Signature, ...]) -> Iterator[tuple[Signature, ...]]:
    first, second = honest
    yield ()
    yield honest[:1]
    yield honest[::-1]
    yield (*honest, first)
    yield (first, replace(first, index=1))
    yield (first, replace(second, key=first.key))
    yield (first, replace(second, signature=second.signature[:-1] + b"\x83"))
    yield (first, replace(second, signature=second.signature[:-2] + b"\x00\x01"))


def test_what_the_key_answers_is_checked_before_it_is_let_out(folder: Path, tmp_path: Path) -> None:
    honest = sign(ceremonies.copy_home(tmp_path / "other"), MESSAGE).response.answer.signatures
    answers = list(lies_of(honest))
    for answer in answers:
        with pytest.raises(EvidenceError, match="SIGNATURE-"):
            sign(folder, MESSAGE, unlock=lambda _, lie=answer: lambda _: nullcontext(LyingKey(lie)))
    assert kinds(folder) == FOUNDED + ["authorised", "interrupted"] * len(answers)


def test_a_second_request_for_the_same_coins_is_a_request_of_its_own(folder: Path) -> None:
    first, second = sign(folder, MESSAGE), sign(folder, ceremonies.request(id=bytes(16)).serialize())
    assert second.status == "signed"
    assert second.response.answer.request != first.response.answer.request
    assert kinds(folder) == [*FOUNDED, "authorised", "answered", "authorised", "answered"]


# What follows: one changed place anywhere in an honest request.


def check_meaning(opened: SignerHome, request: WithdrawalRequest) -> bool:
    """That what is signed, if anything is, is what was shown and what policy and record allow; whether it was."""
    officer = Officer()
    try:
        outcome = ceremony.sign(request.serialize(), opened, officer, ceremonies.key_in_process(opened))
    except InputError:
        return False
    if outcome.status != "signed":
        assert outcome.response.answer.signatures == ()
        return False
    assert outcome.judgement is not None
    assert outcome.judgement.review is not None
    assert officer.shown == [outcome.judgement]
    _, raw = finalize(request, outcome.response, psbts.TREASURY)
    assert outputs_of(raw) == outputs_shown(outcome.judgement.review)
    assert regtest.verify(raw, [(coin.script, coin.amount) for coin in psbts.coins(2)])
    payments = [(output.address, output.amount) for output in outcome.judgement.review.payments]
    assert payments == [(ceremonies.PAYEE, ceremonies.PAID)]
    assert outcome.judgement.review.fee <= ceremonies.PAID // 10
    return True


def flipped(content: bytes, step: int) -> Iterator[bytes]:
    for place in range(0, len(content), step):
        for bit in (0x01, 0x80):
            yield content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :]


@pytest.mark.parametrize(("name", "step"), [("transaction", 3), ("travel_rule", 9)])
def test_one_changed_byte_is_never_signed_with_another_meaning(folder: Path, name: str, step: int) -> None:
    with open_home(folder) as opened:
        signed = [
            check_meaning(opened, replace(REQUEST, **{name: bent})) for bent in flipped(getattr(REQUEST, name), step)
        ]
    # Some bytes mean nothing to the payment (a lock time, a street's name); most are refused.
    assert 0 < sum(signed) < len(signed) / 2
    assert log_holds(folder)


def paying(amount: int, change: int) -> WithdrawalRequest:
    """Another honest request, of another amount."""
    payments = [psbts.Payment(psbts.PAYEE, amount), psbts.change(psbts.TREASURY, 3, change)]
    return ceremonies.request(
        transaction=psbts.serialize(psbts.build(psbts.coins(2), payments)),
        travel_rule=ceremonies.record((0, ceremonies.PAYEE, amount)),
    )


def test_two_honest_requests_never_mix(folder: Path) -> None:
    other = paying(70_000, 129_001)
    with open_home(folder) as opened:
        mixed = [replace(REQUEST, transaction=other.transaction), replace(REQUEST, travel_rule=other.travel_rule)]
        assert [check_meaning(opened, one) for one in mixed] == [False, False]


def test_a_payment_of_another_meaning_would_be_found(folder: Path) -> None:
    with open_home(folder) as opened, pytest.raises(AssertionError):
        check_meaning(opened, paying(70_000, 129_001))


def test_no_line_of_the_log_tells_a_name_or_a_secret(folder: Path) -> None:
    sign(folder, MESSAGE)
    everything = (folder / "log/entries").read_bytes()
    for secret in ("Tanaka", "Smith", ceremonies.OFFICER, ceremonies.PASSPHRASE, "abandon", REQUEST.purpose):
        assert secret.encode() not in everything
        assert secret.encode().hex().encode() not in everything
    for hidden in (bytes(16), psbts.SEED, REQUEST.blind, REQUEST.travel_rule):
        assert hidden.hex().encode() not in everything
    assert hashlib.sha256(REQUEST.travel_rule).hexdigest().encode() not in everything


@pytest.mark.parametrize(("code", "passphrase"), [("wrong-code", "x"), (None, "wrong-passphrase")])
def test_no_refusal_tells_a_name_or_a_secret(folder: Path, code: str | None, passphrase: str) -> None:
    with pytest.raises(CustodyError) as refused:
        sign(
            folder,
            MESSAGE,
            officer=Officer(code),
            unlock=lambda opened: ceremonies.key_in_process(opened, passphrase),
        )
    told = f"{refused.value} {refused.value.hint} {refused.value.details}"
    for secret in ("Tanaka", "Smith", passphrase, "abandon", "wrong-code"):
        assert secret == "x" or secret not in told
    # Of several officers at the device, the one whose seal stays closed must know it; nobody else is named.
    assert (ceremonies.OFFICER in told) is (refused.value.code == "SEAL-CLOSED")
