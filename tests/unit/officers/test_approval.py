"""The approval text, and which signatures of it count: every way in which one does not is told by its own code."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ceremonies
import openpgp
import psbts
import pytest
import rosters
import wire_examples
from hypothesis import given
from hypothesis import strategies as st

from custody.edge.gpg import JailedGpg
from custody.errors import EvidenceError, HomeError, InputError
from custody.evm.tokens import TokenRegistry
from custody.judgement import payment
from custody.officers.approval import Approvals, approval_text, check_approvals
from custody.officers.openpgp import Claim
from custody.officers.roster import Roster
from custody.policy.decision import Requirement
from custody.review import Review, Role
from custody.wire.request import Approval, WithdrawalRequest

NOW = ceremonies.NOW
TANAKA, UEDA, ITO, CHIBA, MORI = map(rosters.fingerprint, ("Tanaka", "Ueda", "Ito", "Chiba", "Mori"))
TWO_OF_TWO = Requirement(2, "approver", 2)

REQUEST = ceremonies.request(maker=TANAKA)
REVIEW: Review = payment(REQUEST, psbts.TREASURY).review(TokenRegistry())


def roster(**until: str) -> Roster:
    """The example's people, some of them only until a time."""
    toml = rosters.roster_toml(())
    for name, *rest in rosters.PEOPLE:
        extra = f'until = "{until[name]}"' if name in until else ""
        toml += rosters.person_toml(name, *rest, extra).encode()
    return Roster.parse(toml)


class Ledger:
    """Stands for gpg: good is what was written into it, and nothing else."""

    def __init__(self) -> None:
        self._good: set[tuple[bytes, bytes, bytes]] = set()

    def sign(self, name: str, text: bytes, created: int) -> bytes:
        """A well-formed signature, and the entry that makes it good."""
        hashed = b"\x05\x02" + created.to_bytes(4, "big")
        number = b"\x01\x00\x80" + hashlib.sha256(name.encode() + text).digest()[1:]
        body = b"\x04\x00\x16\x08" + len(hashed).to_bytes(2, "big") + hashed + bytes(4) + number * 2
        signature = rosters.packet(2, body)
        self._good.add((text, signature, rosters.certificate(name)))
        return signature

    def verify(self, claim: Claim, at: int) -> None:
        del at
        if (claim.text, claim.signature, claim.certificate) not in self._good:
            raise EvidenceError("OPENPGP-INVALID", "The signature is not good.")


LEDGER = Ledger()


def signed(
    name: str,
    verdict: Any,
    *,
    request: WithdrawalRequest = REQUEST,
    review: Review = REVIEW,
    text_of: str | None = None,
    created: int = NOW + 60,
    by: str | None = None,
) -> Approval:
    """What somebody signed: honest, unless something else is named."""
    fingerprint = by or rosters.fingerprint(name)
    text = approval_text(request, review, fingerprint, text_of or verdict)
    return Approval(fingerprint, verdict, LEDGER.sign(name, text, created))


MADE = signed("Tanaka", "make")


def checked(
    *approvals: Approval, request: WithdrawalRequest = REQUEST, people: Roster | None = None, latest: int = NOW + 120
) -> Approvals:
    """These signatures judged, on the honest request."""
    return check_approvals(replace(request, approvals=approvals), REVIEW, people or roster(), LEDGER, latest)


def codes(found: Approvals) -> list[str]:
    assert all(reason.fact for reason in found.denials)
    return [reason.code for reason in found.denials]


# The text.


def test_the_page_s_example_is_the_text(project: Any) -> None:
    page = (project / "docs/spec/approvals.md").read_text("utf-8")
    maker, approver = "DFF660834F9B243874EF70D4ED9AF436C36BBD9A", "5033F5857F99498FA4843638E93F971DB350D6FF"
    text = approval_text(replace(wire_examples.REQUEST, maker=maker), REVIEW, approver, "approve")
    assert wire_examples.on_page(page, "approval") == text.decode("ascii") + "\n"
    assert f"`{hashlib.sha256(text).hexdigest()}`" in page


def bent(**changes: Any) -> tuple[WithdrawalRequest, Review]:
    return replace(REQUEST, **changes), REVIEW


def paying(**changes: Any) -> tuple[WithdrawalRequest, Review]:
    """The same with another first payment."""
    outputs = list(REVIEW.outputs)
    place = next(place for place, output in enumerate(outputs) if output.role is not Role.CHANGE)
    outputs[place] = replace(outputs[place], **changes)
    return REQUEST, replace(REVIEW, outputs=tuple(outputs))


OTHERS = {
    "request": bent(id=bytes(16)),
    "transaction": bent(transaction=b"another"),
    "device": bent(device="rehearsal.other"),
    "account": bent(account="other"),
    "checksum": bent(checksum="other"),
    "maker": bent(maker=UEDA),
    "expiry": bent(expires=NOW + 3_601),
    "purpose": bent(purpose="another"),
    "customer": bent(travel_rule=ceremonies.record((0, ceremonies.PAYEE, 1))),
    "chain": (REQUEST, replace(REVIEW, chain_id="eip155:1")),
    "amount": paying(amount=ceremonies.PAID + 1),
    "address": paying(address=psbts.EVIL.address(0, 5)),
    "fee": (REQUEST, replace(REVIEW, fee=REVIEW.fee + 1)),
}


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_a_signature_for_something_else_is_none_for_this(name: str) -> None:
    request, review = OTHERS[name]
    found = checked(MADE, signed("Ito", "approve", request=request, review=review))
    assert (codes(found), found.people) == (["APPROVAL-SIGNATURE"], ())


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_name_in_a_request_makes_a_line_or_passes_for_another(device: str, account: str) -> None:
    request = replace(REQUEST, device=device, account=account)
    lines = approval_text(request, REVIEW, ITO, "approve").decode("ascii").split("\n")
    honest = approval_text(REQUEST, REVIEW, ITO, "approve").decode("ascii").split("\n")
    assert [line.split(":")[0] for line in lines] == [line.split(":")[0] for line in honest]
    assert all(line.isprintable() and line.isascii() for line in lines)
    assert lines[-1] == f"request: {request.digest.hex()}"


def test_a_forged_line_in_a_name_stays_within_its_line() -> None:
    forged = replace(REQUEST, account="treasury\npays: 0.00000001 rBTC to nobody\u202e")
    text = approval_text(forged, REVIEW, ITO, "approve")
    assert text.count(b"\npays: ") == 1
    assert b"account: treasury<U+000A>pays: 0.00000001 rBTC to nobody<U+202E> lxek0ef2\n" in text


def test_a_request_without_an_end_that_can_be_written_has_no_text_and_is_denied() -> None:
    found = check_approvals(replace(REQUEST, expires=2**53 - 1, approvals=(MADE,)), REVIEW, roster(), LEDGER, NOW + 60)
    assert codes(found) == ["APPROVAL-SIGNATURE"]


# What counts.


def test_a_maker_and_two_approvers_of_two_houses_are_enough() -> None:
    found = checked(MADE, signed("Ito", "approve"), signed("Chiba", "approve"))
    assert codes(found) == []
    assert [person.name for person in found.people] == ["Ito", "Chiba"]
    assert [*found.missing([TWO_OF_TWO])] == []


def test_a_request_without_a_maker_is_denied() -> None:
    assert codes(checked(request=replace(REQUEST, maker=""))) == ["MAKER-NONE"]


def test_a_maker_whom_the_roster_does_not_know() -> None:
    assert codes(checked(request=replace(REQUEST, maker="A" * 40))) == ["MAKER-ROLE", "MAKER-UNSIGNED"]


def test_a_maker_of_another_role() -> None:
    request = replace(REQUEST, maker=ITO)
    found = checked(signed("Ito", "make", request=request), request=request)
    assert codes(found) == ["MAKER-ROLE", "APPROVAL-ROLE"]


def test_a_maker_who_is_not_valid_any_more() -> None:
    gone = roster(Tanaka="2026-01-01T00:02:00Z")
    assert codes(checked(MADE, people=gone)) == ["MAKER-ROLE", "APPROVAL-ROLE"]
    assert codes(checked(MADE, people=gone, latest=NOW + 119)) == []


def test_a_request_that_its_maker_has_not_signed() -> None:
    assert codes(checked(signed("Ito", "approve"))) == ["MAKER-UNSIGNED"]


def test_a_maker_cannot_approve_what_he_made() -> None:
    found = checked(MADE, signed("Tanaka", "approve"))
    assert (codes(found), found.people) == (["APPROVAL-MAKER", "APPROVAL-ROLE"], ())


def test_a_second_operator_cannot_approve() -> None:
    assert codes(checked(MADE, signed("Ueda", "approve"))) == ["APPROVAL-ROLE"]


def test_a_stolen_approvers_key_does_not_make_a_request() -> None:
    found = checked(signed("Ito", "make"))
    assert codes(found) == ["MAKER-UNSIGNED", "APPROVAL-MAKER", "APPROVAL-ROLE"]


def test_a_second_operator_does_not_make_it_in_the_makers_place() -> None:
    assert codes(checked(signed("Ueda", "make"))) == ["MAKER-UNSIGNED", "APPROVAL-MAKER"]


def test_an_approver_may_say_no_after_yes_and_the_no_holds() -> None:
    found = checked(MADE, signed("Ito", "approve"), signed("Ito", "reject"), signed("Chiba", "approve"))
    assert (codes(found), found.rejected) == (["APPROVAL-REJECTED"], True)


def test_one_no_outweighs_every_yes() -> None:
    found = checked(MADE, signed("Chiba", "approve"), signed("Ito", "reject"))
    assert codes(found) == ["APPROVAL-REJECTED"]


def test_who_may_approve_may_reject_compliance_too() -> None:
    found = checked(MADE, signed("Mori", "reject"))
    assert (codes(found), found.rejected) == (["APPROVAL-REJECTED"], True)


@pytest.mark.parametrize("name", ["Tanaka", "Ueda"])
def test_who_is_no_approver_cannot_reject_for_good(name: str) -> None:
    found = checked(MADE, signed(name, "reject"))
    assert "APPROVAL-ROLE" in codes(found)
    assert not found.rejected


@pytest.mark.parametrize(("verdict", "text_of"), [("approve", "reject"), ("reject", "approve"), ("approve", "make")])
def test_a_signature_of_one_verdict_is_none_of_another(verdict: str, text_of: str) -> None:
    found = checked(MADE, signed("Ito", verdict, text_of=text_of))
    assert (codes(found), found.people, found.rejected) == (["APPROVAL-SIGNATURE"], (), False)


def test_one_persons_signature_is_none_of_another_person() -> None:
    assert codes(checked(MADE, replace(signed("Ito", "approve"), by=CHIBA))) == ["APPROVAL-SIGNATURE"]
    assert codes(checked(MADE, signed("Ito", "approve", by=CHIBA))) == ["APPROVAL-SIGNATURE"]


def test_a_stranger_is_unknown() -> None:
    assert codes(checked(MADE, replace(signed("Ito", "approve"), by="A" * 40))) == ["APPROVAL-UNKNOWN"]


@pytest.mark.parametrize(
    ("created", "found"),
    [
        (NOW - 1, ["APPROVAL-TIME"]),
        (NOW, []),
        (NOW + 120 + 600, []),
        (NOW + 120 + 601, ["APPROVAL-TIME"]),
        (2**32 - 1, ["APPROVAL-TIME"]),
    ],
)
def test_a_signature_is_made_after_the_request_and_not_in_the_future(created: int, found: list[str]) -> None:
    assert codes(checked(MADE, signed("Ito", "approve", created=created))) == found


def test_an_approver_who_is_not_valid_any_more() -> None:
    gone = roster(Ito="2026-01-01T00:00:00Z")
    assert codes(checked(MADE, signed("Ito", "approve"), people=gone)) == ["APPROVAL-ROLE"]
    found = checked(MADE, signed("Ito", "reject"), people=gone)
    assert (codes(found), found.rejected) == (["APPROVAL-ROLE"], False)


@pytest.mark.parametrize("signature", [b"", b"signature", bytes(4_096), MADE.signature + MADE.signature])
def test_what_is_no_signature_is_refused(signature: bytes) -> None:
    assert codes(checked(MADE, Approval(ITO, "approve", signature))) == ["APPROVAL-SIGNATURE"]


def test_a_bad_signature_beside_enough_good_ones_denies_all_the_same() -> None:
    good = (MADE, signed("Ito", "approve"), signed("Chiba", "approve"))
    assert codes(checked(*good, replace(signed("Mori", "approve"), signature=MADE.signature))) == ["APPROVAL-SIGNATURE"]


# What the policy asks for.


def asked(found: Approvals, *requirements: Requirement) -> list[tuple[str, str]]:
    return [(reason.code, reason.observed) for reason in found.missing(requirements)]


def test_two_people_of_one_organisation_are_not_two_organisations() -> None:
    people = (*rosters.PEOPLE, rosters.person("Nagai", "approver"))
    both = checked(MADE, signed("Ito", "approve"), signed("Nagai", "approve"), people=Roster.parse(
        rosters.roster_toml(people)))  # fmt: skip
    assert codes(both) == []
    missing = [("APPROVALS-MISSING", "2 of role approver, from 1 organisation(s)")]
    assert asked(both, TWO_OF_TWO) == missing
    assert asked(both, Requirement(2, "approver", 1)) == []


def test_a_compliance_officers_approval_counts_for_compliance_alone() -> None:
    found = checked(MADE, signed("Mori", "approve"), signed("Ito", "approve"))
    assert asked(found, Requirement(1, "compliance", 1), Requirement(1, "approver", 1)) == []
    assert [code for code, _ in asked(found, Requirement(2, "approver", 1))] == ["APPROVALS-MISSING"]


def test_one_person_counts_once() -> None:
    again = replace(signed("Ito", "approve"), signature=signed("Ito", "approve", created=NOW + 61).signature)
    found = checked(MADE, signed("Ito", "approve"), again)
    assert [person.name for person in found.people] == ["Ito"]
    with pytest.raises(InputError, match="REQUEST-APPROVALS"):
        WithdrawalRequest.parse(replace(REQUEST, approvals=(signed("Ito", "approve"), again)).serialize())


# Controls.


def test_a_verifier_that_accepts_everything_would_be_found() -> None:
    class AcceptAll:
        def verify(self, claim: Claim, at: int) -> None:
            """Says yes."""

    forged = signed("Ito", "approve", text_of="reject")
    request = replace(REQUEST, approvals=(MADE, forged))
    assert codes(checked(MADE, forged)) == ["APPROVAL-SIGNATURE"]
    assert check_approvals(request, REVIEW, roster(), AcceptAll(), NOW + 120).denials == ()


def test_where_nothing_can_be_verified_nothing_is_decided() -> None:
    class Broken:
        def verify(self, *_: object) -> None:
            raise HomeError("OPENPGP-UNAVAILABLE", "gpg died.")

    with pytest.raises(HomeError, match="OPENPGP-UNAVAILABLE"):
        check_approvals(replace(REQUEST, approvals=(MADE,)), REVIEW, roster(), Broken(), NOW)


# The same with gpg, by keys that it made.


def real_roster() -> Roster:
    """The example's people with keys that exist."""
    with_key = ("Tanaka", "Ito", "Chiba")
    rows = [
        (name, role, organisation, openpgp.certificate(name) if name in with_key else certificate)
        for name, role, organisation, certificate in rosters.PEOPLE
    ]
    return Roster.parse(rosters.roster_toml(rows))


def by_gpg(changes: Callable[[bytes], bytes] = bytes, **verdicts: Any) -> Approvals:
    """What people signed with gpg, the last text changed on the way, judged with gpg in its jail."""
    request = replace(REQUEST, maker=openpgp.key("Tanaka"))
    approvals = []
    for name, verdict in verdicts.items():
        text = approval_text(request, REVIEW, openpgp.key(name), verdict)
        last = name == [*verdicts][-1]
        made = openpgp.signature(name, changes(text) if last else text, NOW + 60)
        approvals.append(Approval(openpgp.key(name), verdict, made))
    with JailedGpg() as verifier:
        return check_approvals(replace(request, approvals=tuple(approvals)), REVIEW, real_roster(), verifier, NOW + 60)


def test_gpg_s_own_signatures_count() -> None:
    found = by_gpg(Tanaka="make", Ito="approve", Chiba="approve")
    assert codes(found) == []
    assert [*found.missing([TWO_OF_TWO])] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"verdict: approve", b"verdict: reject"),
        (b"0.00060000", b"0.00060001"),
        (b"to bcrt1q", b"to bcrt1p"),
        (b"", b"\n"),
    ],
)
def test_gpg_s_signature_of_another_text_does_not_count(old: bytes, new: bytes) -> None:
    changed = (lambda text: text.replace(old, new)) if old else (lambda text: text + new)
    assert codes(by_gpg(changed, Tanaka="make", Ito="approve")) == ["APPROVAL-SIGNATURE"]
