"""Officers decide about the device: bundles, vetoes, freezing; and sign together, with approvals."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import ceremonies
import councils
import examples
import pytest
import rosters
from ceremonies import NOW
from councils import DAY, HOUR, HOUSE, Council, approved, decide, sign

from custody.edge import clock_file, founding, home
from custody.edge.founding import Founders
from custody.edge.gpg import JailedGpg
from custody.edge.home import SignerHome
from custody.edge.key_process import KeyProcess
from custody.errors import Cancelled, HomeError, UsageError
from custody.governance.actions import Freeze, Install, Thaw, Veto
from custody.governance.install import MAX_LEAP
from custody.policy.document import Policy
from custody.times import rfc3339
from custody.vault.secrets import check_proof
from custody.wire.bundle import MAX_SEQUENCE, Kind, SignedBundle
from custody.wire.response import Status

FOUNDED = ["init", "roster", "policy", "list", "account"]
BUNDLES = councils.bundles()
#: The cap of a day, lowered; and raised.
TIGHTER = HOUSE.signed("policy", councils.POLICY.replace(b'"200000"', b'"150000"'), after=BUNDLES["policy"])
LOOSER = HOUSE.signed("policy", councils.POLICY.replace(b'"200000"', b'"900000"'), after=BUNDLES["policy"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return councils.copy_home(tmp_path / "home")


def kinds(folder: Path, at: int = NOW) -> list[str]:
    return ceremonies.kinds(folder, at)


def day_cap(folder: Path, at: int = NOW) -> int:
    """The cap of a day that is in force."""
    with home.opened(folder, at) as opened:
        policy = opened.installed.policy
        assert isinstance(policy, Policy)
        ((_, cap),) = policy.chains[0].day_caps
        return cap


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(HomeError) as error:
        yield
    assert error.value.code == code


def test_two_officers_sign_what_a_maker_made_and_two_organisations_approved(folder: Path) -> None:
    asked = approved(councils.request())
    council = Council("Abe", "Endo")
    outcome = sign(folder, asked, officers=council)
    assert outcome.status == "signed"
    assert outcome.response.answer.status is Status.SIGNED
    assert council.shown[0].approvers == ("Ito", "Chiba")
    assert kinds(folder) == [*FOUNDED, "authorised", "answered"]


def test_the_same_in_processes_of_their_own(folder: Path) -> None:
    def unlock(opened: SignerHome) -> Any:
        return lambda consent: KeyProcess(
            opened.sealed, {one.officer: councils.PASSPHRASES[one.officer] for one in consent.typed}
        )

    assert sign(folder, approved(councils.request()), unlock=unlock).status == "signed"
    decide(folder, Install(LOOSER), unlock=unlock)
    decide(folder, Veto("policy"), officers=Council("Endo"), unlock=unlock)
    assert kinds(folder)[-2:] == ["installed", "vetoed"]


def test_the_log_proves_who_consented(folder: Path) -> None:
    asked = approved(councils.request())
    sign(folder, asked, officers=Council("Abe", "Endo"))
    with home.opened(folder, NOW) as opened:
        keys = {row["name"]: row["key"] for row in opened.log.private(0)["officers"]}  # type: ignore[union-attr, index, call-overload]
        rows = opened.log.private(5)["officers"]
        private = opened.log.private(5)
    assert [row["name"] for row in rows] == ["Abe", "Endo"]  # type: ignore[union-attr, index, call-overload]
    bound = asked.digest + bytes.fromhex(str(private["facts_digest"])) + bytes.fromhex(str(private["decision_digest"]))
    consented = b"custody/code/1" + bound + (5).to_bytes(8, "big")
    for row in rows:  # type: ignore[union-attr]
        check_proof(bytes.fromhex(keys[row["name"]]), consented, bytes.fromhex(row["proof"]))  # type: ignore[index, call-overload]


@pytest.mark.parametrize(
    ("council", "part"),
    [(Council("Sato"), "officers"), (Council("Sato", "Sato"), "officers")],
    ids=["one officer", "one officer twice"],
)
def test_one_person_cannot_give_two_consents(folder: Path, council: Council, part: str) -> None:
    with pytest.raises(HomeError, match=f"ORDER-REFUSED.*{part}"):
        sign(folder, approved(councils.request()), officers=council)
    assert "authorised" not in kinds(folder)


def test_one_wrong_code_among_the_officers_stops_everything_and_is_logged(folder: Path) -> None:
    with pytest.raises(Cancelled, match="CODE-WRONG"):
        sign(folder, approved(councils.request()), officers=Council("Sato", "Abe", codes={"Abe": "0000-0000"}))
    assert kinds(folder) == [*FOUNDED, "cancelled"]


def test_a_policy_that_only_tightens_is_in_force_at_once(folder: Path) -> None:
    decided = decide(folder, Install(TIGHTER))
    assert decided.resolution.proposal is not None
    assert not any(change.loosens for change in decided.resolution.proposal.changes)
    assert day_cap(folder) == 150_000
    assert kinds(folder) == [*FOUNDED, "installed"]


def test_a_policy_that_loosens_waits_out_its_delay(folder: Path) -> None:
    decided = decide(folder, Install(LOOSER))
    assert decided.resolution.proposal is not None
    assert decided.resolution.proposal.changes[0].loosens
    assert day_cap(folder, NOW + DAY - 1) == 200_000
    assert day_cap(folder, NOW + DAY) == 900_000
    assert kinds(folder, NOW + DAY) == [*FOUNDED, "installed", "in-force"]


def test_the_key_process_takes_the_new_policy_only_after_the_delay(folder: Path) -> None:
    decide(folder, Install(LOOSER))
    asked = approved(councils.request(created=NOW + DAY - 10, expires=NOW + DAY + HOUR))
    assert sign(folder, asked, at=NOW + DAY).status == "signed"


def test_any_one_officer_vetoes_what_waits(folder: Path) -> None:
    decide(folder, Install(LOOSER))
    decide(folder, Veto("policy"), at=NOW + HOUR, officers=Council("Endo"))
    assert day_cap(folder, NOW + 30 * DAY) == 200_000
    assert kinds(folder, NOW + 30 * DAY) == [*FOUNDED, "installed", "vetoed"]


def test_a_vetoed_bundle_does_not_come_back(folder: Path) -> None:
    decide(folder, Install(LOOSER))
    decide(folder, Veto("policy"), officers=Council("Endo"))
    with refused("BUNDLE-KNOWN"):
        decide(folder, Install(LOOSER))
    with refused("BUNDLE-FORK"):
        decide(folder, Install(TIGHTER))


def test_a_stricter_bundle_takes_the_place_of_one_that_waits(folder: Path) -> None:
    decide(folder, Install(LOOSER))
    stricter = HOUSE.signed("policy", TIGHTER.bundle.body, after=LOOSER)
    decide(folder, Install(stricter))
    assert day_cap(folder, NOW + 2 * DAY) == 150_000


def test_the_entry_of_a_decision_holds_its_proofs_and_its_moment_and_the_clock_follows(folder: Path) -> None:
    bundle, at = bent(not_before=NOW - HOUR), NOW + 60
    decided = decide(folder, Install(bundle), at=at)
    with home.opened(folder, at) as opened:
        private = opened.log.private(decided.entry.index)
        assert private["elapsed"] == 60
        assert [row["name"] for row in private["officers"]] == ["Sato", "Abe"]
        stored = clock_file.load(folder, opened.code_secret)
    assert stored is not None
    assert stored.floor == bundle.bundle.not_before
    assert not (folder / "rules.sealed.new").exists()


def test_the_clock_follows_a_bundle_that_waits_too(folder: Path) -> None:
    waits = HOUSE.signed("policy", LOOSER.bundle.body, after=BUNDLES["policy"], not_before=NOW - HOUR)
    decide(folder, Install(waits))
    with home.opened(folder, NOW) as opened:
        assert (opened.clock.floor, set(opened.state.waiting)) == (NOW - HOUR, {"policy"})


def test_the_very_same_bundle_again_is_known_and_no_refusal(folder: Path) -> None:
    decide(folder, Install(TIGHTER))
    with refused("BUNDLE-KNOWN"):
        decide(folder, Install(TIGHTER))
    assert kinds(folder) == [*FOUNDED, "installed"]


def test_there_is_nothing_to_veto_where_nothing_waits(folder: Path) -> None:
    with pytest.raises(UsageError, match="VETO-NOTHING"):
        decide(folder, Veto("policy"))


def test_any_one_officer_freezes_the_device_at_once(folder: Path) -> None:
    decide(folder, Freeze(), officers=Council("Abe"))
    with refused("HOME-FROZEN"):
        sign(folder, approved(councils.request()))
    assert kinds(folder) == [*FOUNDED, "frozen"]


def test_a_frozen_device_refuses_in_the_key_process_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decide(folder, Freeze(), officers=Council("Abe"))
    monkeypatch.setattr("custody.ceremony.check_thawed", lambda _: None)
    with refused("ORDER-REFUSED"):
        sign(folder, approved(councils.request()))


def test_thawing_takes_the_quorum_and_the_delay(folder: Path) -> None:
    decide(folder, Freeze(), officers=Council("Abe"))
    with refused("ORDER-REFUSED"):
        decide(folder, Thaw(), officers=Council("Abe"))
    decide(folder, Thaw())
    late = approved(councils.request(created=NOW + DAY - HOUR, expires=NOW + DAY + HOUR))
    with refused("HOME-FROZEN"):
        sign(folder, late, at=NOW + DAY - 1)
    assert sign(folder, late, at=NOW + DAY).status == "signed"


def test_freezing_again_stops_a_thaw(folder: Path) -> None:
    decide(folder, Freeze(), officers=Council("Abe"))
    decide(folder, Thaw())
    decide(folder, Freeze(), at=NOW + HOUR, officers=Council("Sato"))
    with home.opened(folder, NOW + 30 * DAY) as opened:
        assert opened.state.frozen


def bent(**changes: Any) -> SignedBundle:
    """The tightening policy with another header, properly signed."""
    fields = {
        "kind": "policy",
        "house": HOUSE.id,
        "sequence": 2,
        "not_before": NOW - DAY,
        "not_after": NOW + DAY,
        "previous": BUNDLES["policy"].bundle.digest,
        "body": TIGHTER.bundle.body,
    }
    return HOUSE.sign_bundle(type(TIGHTER.bundle)(**(fields | changes)), at=NOW - HOUR)


def signed_by(*names: str, at: int = NOW - HOUR) -> SignedBundle:
    return HOUSE.sign_bundle(TIGHTER.bundle, names, at=at)


@pytest.mark.parametrize(
    ("bundle", "code"),
    [
        (lambda: bent(house="other-exchange"), "BUNDLE-HOUSE"),
        (lambda: bent(previous=bytes(32)), "BUNDLE-PREVIOUS-UNKNOWN"),
        (lambda: bent(sequence=1, previous=None), "BUNDLE-FORK"),
        (lambda: bent(not_before=NOW + 1), "BUNDLE-EARLY"),
        (lambda: bent(not_after=NOW), "BUNDLE-EXPIRED"),
        (lambda: bent(body=b"version = 2"), "BUNDLE-BODY"),
        (lambda: bent(body=councils.POLICY.replace(b"count = 2", b"count = 4")), "BUNDLE-UNREACHABLE"),
        (lambda: bent(kind="list", body=TIGHTER.bundle.body, previous=BUNDLES["list"].bundle.digest), "BUNDLE-BODY"),
        (lambda: SignedBundle(TIGHTER.content, ()), "BUNDLE-SIGNERS-MISSING"),
        (lambda: signed_by("Mori"), "BUNDLE-SIGNERS-MISSING"),
        (lambda: signed_by("Mori", "Mori"), "BUNDLE-SIGNER-TWICE"),
        (lambda: signed_by("Mori", "Ito"), "BUNDLE-SIGNER-ROLE"),
        (lambda: signed_by("Mori", "Stranger"), "BUNDLE-SIGNER-UNKNOWN"),
        (lambda: signed_by("Mori", "Kato", at=NOW + 601), "BUNDLE-SIGNATURE"),
        (lambda: SignedBundle(TIGHTER.content, LOOSER.signatures), "BUNDLE-SIGNATURE"),
        (lambda: SignedBundle(TIGHTER.content, (*TIGHTER.signatures, b"x")), "BUNDLE-SIGNATURE"),
    ],
)
def test_a_bundle_that_does_not_hold_is_refused_by_name_and_logged(folder: Path, bundle: Any, code: str) -> None:
    with refused(code):
        decide(folder, Install(bundle()))
    assert day_cap(folder) == 200_000
    assert kinds(folder) == [*FOUNDED, "install-refused"]
    with home.opened(folder, NOW) as opened:
        assert opened.log.private(5)["reason"] == code


def test_the_honest_twin_of_those_is_taken(folder: Path) -> None:
    decide(folder, Install(bent()))
    assert day_cap(folder) == 150_000


def test_a_device_that_joins_late_takes_the_houses_current_policy(tmp_path: Path) -> None:
    councils.make_home(tmp_path / "home", {"roster": BUNDLES["roster"]})
    third = HOUSE.signed("policy", TIGHTER.bundle.body, after=LOOSER)
    decided = decide(tmp_path / "home", Install(third))
    assert decided.resolution.proposal is not None
    assert decided.resolution.proposal.delay is not None
    assert day_cap(tmp_path / "home", NOW + DAY) == 150_000


def test_no_number_is_so_high_that_none_can_follow(folder: Path) -> None:
    """Its officers consent, or veto it: the number is used, and the device would take no policy ever after."""
    for sequence in (MAX_SEQUENCE, 2 + MAX_LEAP):
        with refused("BUNDLE-LEAP"):
            decide(folder, Install(bent(sequence=sequence)))
    decide(folder, Install(bent(sequence=1 + MAX_LEAP)))
    assert day_cap(folder) == 150_000


@pytest.mark.parametrize("kind", ["roster", "policy"])
def test_nor_does_a_home_begin_with_such_a_number(kind: Kind) -> None:
    given = {one: signed.serialize() for one, signed in BUNDLES.items()}
    high = dataclasses.replace(BUNDLES[kind].bundle, sequence=MAX_LEAP + 1, previous=bytes(32))
    given[kind] = HOUSE.sign_bundle(high, at=NOW - HOUR).serialize()
    with JailedGpg() as verifier, refused("BUNDLE-LEAP"):
        founding.pinned(given, rehearsal=False, now=NOW, verifier=verifier)


def test_an_older_bundle_is_a_rollback(folder: Path) -> None:
    decide(folder, Install(TIGHTER))
    first = HOUSE.signed("policy", councils.POLICY + b"# another first\n")
    with refused("BUNDLE-ROLLBACK"):
        decide(folder, Install(first))


def test_a_roster_that_needs_officers_who_have_no_secret_here_is_refused(folder: Path) -> None:
    people = [row for row in HOUSE.people() if row[0] not in ("Abe", "Endo")]
    people += [(name, "officer", councils.HOUSE.id, None) for name in ("Baba", "Doi")]
    body = rosters.roster_toml(people)
    with refused("BUNDLE-UNREACHABLE"):
        decide(folder, Install(HOUSE.signed("roster", body, after=BUNDLES["roster"])))


@pytest.mark.parametrize(("ending", "taken"), [(("Endo",), True), (("Abe", "Endo"), False)])
def test_a_roster_whose_officers_here_all_end_is_refused(folder: Path, ending: tuple[str, ...], taken: bool) -> None:
    """Baba and Doi have no end, and no secret here; of the three who have one, two must stay."""
    ends = dict.fromkeys(ending, 'until = "2027-03-31T00:00:00Z"')
    people = [*HOUSE.people(), *((name, "officer", councils.HOUSE.id, None) for name in ("Baba", "Doi"))]
    rows = "\n".join(rosters.person_toml(*row, ends.get(row[0], "")) for row in people)
    install = Install(HOUSE.signed("roster", rosters.roster_toml(()) + rows.encode(), after=BUNDLES["roster"]))
    with nullcontext() if taken else refused("BUNDLE-UNREACHABLE"):
        decide(folder, install)


def test_a_home_does_not_begin_with_officers_who_all_end() -> None:
    rows = "\n".join(
        rosters.person_toml(*row, 'until = "2027-03-31T00:00:00Z"' if row[0] == "Abe" else "") for row in HOUSE.people()
    )
    files = {"roster": rosters.roster_toml(()) + rows.encode()}
    for names, enough in ((("Sato", "Abe"), False), (("Sato", "Endo"), True), (("Sato", "Abe", "Endo"), True)):
        founders = Founders({name: councils.PASSPHRASES[name] for name in names}, 2)
        with nullcontext() if enough else pytest.raises(UsageError, match="OFFICERS-ROSTER"):
            founding.found(founders, bytes(16), rehearsal=True, files=files, random=ceremonies.numbered(b"ends"))


def test_an_officer_is_not_asked_from_his_end_on(tmp_path: Path) -> None:
    ends = {"Abe": f'until = "{rfc3339(NOW + 60)}"'}
    rows = "\n".join(rosters.person_toml(*row, ends.get(row[0], "")) for row in HOUSE.people())
    roster = HOUSE.signed("roster", rosters.roster_toml(()) + rows.encode())
    councils.make_home(tmp_path / "home", BUNDLES | {"roster": roster})
    for after, present in ((59, ("Sato", "Abe", "Endo")), (60, ("Sato", "Endo"))):
        with home.opened(tmp_path / "home", NOW + after) as opened:
            assert opened.present == present
    with refused("ORDER-REFUSED"):
        decide(tmp_path / "home", Freeze(), at=NOW + 60, officers=Council("Abe"))


def test_an_expired_policy_denies(folder: Path) -> None:
    late = BUNDLES["policy"].bundle.not_after
    asked = approved(councils.request(created=late - HOUR, expires=late + HOUR))
    assert "RULES-EXPIRED" in councils.reasons(sign(folder, asked, at=late))


def test_a_list_without_the_thief_waits_and_one_with_more_does_not(folder: Path) -> None:
    fewer = HOUSE.signed("list", b"# none\n", after=BUNDLES["list"])
    decided = decide(folder, Install(fewer))
    assert decided.resolution.proposal is not None
    assert decided.resolution.proposal.delay is not None
    more = HOUSE.signed("list", examples.FLAGGED_LIST + examples.SECOND_PAYEE.encode() + b"\n", after=fewer)
    decided = decide(folder, Install(more))
    assert decided.resolution.proposal is not None
    assert decided.resolution.proposal.delay is None


def test_a_decision_without_its_code_is_logged_and_changes_nothing(folder: Path) -> None:
    with pytest.raises(Cancelled, match="CODE-WRONG"):
        decide(folder, Install(TIGHTER), officers=Council("Sato", "Abe", codes={"Sato": "WRNG-WRNG"}))
    assert kinds(folder) == [*FOUNDED, "declined"]
    assert day_cap(folder) == 200_000


def test_a_roster_that_takes_approvers_off_is_in_force_at_once_and_says_that_nothing_will_be_signed(
    folder: Path,
) -> None:
    fewer = [row for row in HOUSE.people() if row[0] != "Chiba"]
    bundle = HOUSE.signed("roster", rosters.roster_toml(fewer), after=BUNDLES["roster"])
    decided = decide(folder, Install(bundle))
    proposal = decided.resolution.proposal
    assert proposal is not None
    assert proposal.delay is None
    (told,) = [change for change in proposal.changes if change.rule == "approvals"]
    assert told.after == "the new roster has 2, from 1"
    assert "APPROVALS-MISSING" in councils.reasons(sign(folder, approved(councils.request(), "Ito", "Goto")))


def test_a_roster_that_gives_what_the_policy_asks_for_says_nothing_of_it(folder: Path) -> None:
    fewer = [row for row in HOUSE.people() if row[0] != "Goto"]
    decided = decide(folder, Install(HOUSE.signed("roster", rosters.roster_toml(fewer), after=BUNDLES["roster"])))
    assert decided.resolution.proposal is not None
    assert "approvals" not in {change.rule for change in decided.resolution.proposal.changes}
