"""Several officers at the process that holds the key: as many as it takes, each with a secret of his own, none twice.

What they decide about the device is met with the same distrust as what they sign.
"""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import ceremonies
import councils
import examples
import pytest
import rosters
import vasps
from captured import Scene, carried_out, evidence_for, holds, in_force, resealed

from custody.errors import EvidenceError, HomeError, UsageError
from custody.governance.actions import Action, Freeze, Install, Resolution, Thaw, Veto, resolve
from custody.governance.clocks import Credit
from custody.governance.install import Standing
from custody.governance.moments import Delay
from custody.governance.state import Held, State, Waiting
from custody.installed import Files
from custody.officers.consent import Proof, Typed
from custody.times import rfc3339
from custody.vault.confirmation import confirmation_code, resolved
from custody.vault.key_holder import KeyHolder
from custody.vault.orders import CouncilOrder
from custody.vault.sealed import open_sealed, open_with_passphrase, read_header, seal
from custody.vault.secrets import OfficerSecret, RulesSecret, check_proof
from custody.wire.bundle import SignedBundle

RAISED = councils.POLICY.replace(b'"200000"', b'"900000"')
LOOSER = councils.HOUSE.signed("policy", RAISED, after=councils.bundles()["policy"])
TIGHTER_BODY = councils.POLICY.replace(b'"200000"', b'"150000"')
TIGHTER = councils.HOUSE.signed("policy", TIGHTER_BODY, after=councils.bundles()["policy"])


def test_two_officers_consent_and_each_proves_it(house: Scene) -> None:
    holder = house.opened_by("Sato", "Abe")
    proofs = holder.consent(house.order)
    assert [one.officer for one in proofs] == ["Sato", "Abe"]
    keys = {row["name"]: row["key"] for row in house.home.log.private(0)["officers"]}  # type: ignore[index,union-attr,call-overload]
    consented = judged_bytes(house)
    for one in proofs:
        check_proof(bytes.fromhex(keys[one.officer]), consented, one.signature)
        other = next(key for name, key in keys.items() if name != one.officer)
        with pytest.raises(EvidenceError, match="CONSENT-PROOF"):
            check_proof(bytes.fromhex(other), consented, one.signature)
    assert holder.sign(house.evidence) == house.signatures


def judged_bytes(house: Scene) -> bytes:
    """What they consented to, as the log tells it."""
    private = house.home.log.private(house.before)
    parts = [str(private[name]) for name in ("facts_digest", "decision_digest")]
    request = house.entries[house.before].request
    assert request is not None
    bound = request + b"".join(map(bytes.fromhex, parts))
    return b"custody/code/1" + bound + house.before.to_bytes(8, "big")


@pytest.mark.parametrize(
    ("opened", "typed"),
    [
        (("Sato", "Abe"), ("Sato",)),
        (("Sato", "Abe"), ()),
        (("Sato",), ("Sato",)),
        (("Sato",), ("Sato", "Abe")),
        (("Sato", "Abe"), ("Sato", "Sato")),
        (("Sato", "Abe"), ("Sato", "Abe", "Abe")),
        (("Sato", "Abe"), ("Sato", "Endo")),
        (("Sato", "Abe"), ("Sato", "Abe", "Endo")),
        (("Sato", "Abe"), ("Sato", "Evil")),
        (("Sato", "Abe"), ("Sato", "abe")),
        (("Sato", "Abe"), ("Sato", "Tanaka")),
    ],
)
def test_fewer_officers_than_it_takes_or_one_counted_twice_sign_nothing(
    house: Scene, used: list[Any], opened: tuple[str, ...], typed: tuple[str, ...]
) -> None:
    holder, code = house.opened_by(*opened), house.order.typed[0].code
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*officers"):
        carried_out(holder, replace(house.order, typed=tuple(Typed(name, code) for name in typed)), house.evidence)
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*consent"):
        holder.sign(house.evidence)
    assert used == []


@pytest.mark.parametrize("names", [("Abe", "Endo"), ("Endo", "Sato"), ("Sato", "Abe", "Endo")])
def test_any_officers_are_as_good_as_others(house: Scene, names: tuple[str, ...]) -> None:
    holder, code = house.opened_by(*names), house.order.typed[0].code
    order = replace(house.order, typed=tuple(Typed(name, code) for name in names))
    proofs = holder.consent(order)
    assert tuple(one.officer for one in proofs) == names
    assert holder.sign(evidence_for(house, order, proofs)) == house.signatures


def test_without_a_roster_the_home_says_how_many_it_takes(scene: Scene, used: list[Any]) -> None:
    (public_key,) = (bytes.fromhex(row["key"]) for row in scene.home.log.private(0)["officers"])  # type: ignore[index,union-attr,call-overload]
    officers = {ceremonies.OFFICER: public_key, "Abe": bytes(32)}
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*officers"):
        carried_out(resealed(scene, officers=officers, threshold=2), scene.order, scene.evidence)
    assert used == []
    assert carried_out(resealed(scene, officers=officers), scene.order, scene.evidence) == scene.signatures


@pytest.mark.parametrize("place", [0, 1])
def test_one_wrong_code_among_two_signs_nothing(house: Scene, used: list[Any], place: int) -> None:
    typed = list(house.order.typed)
    typed[place] = replace(typed[place], code="0000-0000")
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*confirmation code"):
        carried_out(house.holder, replace(house.order, typed=tuple(typed)), house.evidence)
    assert used == []


def test_proofs_in_another_order_or_under_another_name_are_not_those_of_the_consent(
    house: Scene, used: list[Any]
) -> None:
    holder = house.holder
    first, second = holder.consent(house.order)
    swapped = (Proof(first.officer, second.signature), Proof(second.officer, first.signature))
    for proofs in ((second, first), swapped, (first,), (first, first), (first, second, second)):
        holder.consent(house.order)
        with pytest.raises(HomeError, match=r"ORDER-REFUSED.*content"):
            holder.sign(evidence_for(house, house.order, proofs))
    assert used == []
    assert carried_out(holder, house.order, evidence_for(house, house.order, (first, second))) == house.signatures


@pytest.mark.parametrize("public", [{"kind": "cancelled"}, {"request": bytes(32)}])
def test_an_entry_of_another_kind_or_for_another_request_authorises_nothing(
    house: Scene, used: list[Any], public: dict[str, Any]
) -> None:
    """Its private part, sealed, holds all that was consented to."""
    holder = house.holder
    proofs = holder.consent(house.order)
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*log entry"):
        holder.sign(evidence_for(house, house.order, proofs, **public))
    assert used == []


def test_a_roster_that_asks_for_more_officers_than_at_first_is_heard(house: Scene) -> None:
    more = (*councils.HOUSE.people(), ("Wada", "officer", examples.HOUSE, None))
    body = rosters.roster_toml(more, consent=3)
    roster = rosters.bundle("roster", body, sequence=2, previous=bytes(32))
    state = house.home.state.taken("roster", Held(roster.digest, 2), None)
    honest = standing_of(house)
    standing = replace(honest, state=state, bodies={**honest.bodies, "roster": body})
    holder, files = in_force(house, state), house.order.files._replace(roster=roster.content)
    for names, counts in ((("Sato", "Abe"), False), (("Sato", "Abe", "Endo"), True)):
        order = replace(council_order(house, Install(LOOSER), names, standing), files=files)
        assert holds(holder.decide, order) is counts


def test_the_process_itself_knows_who_has_a_secret_here(house: Scene) -> None:
    """Wada and Oka are officers by the roster; a program at the screen that says they are here locks the house out."""
    strangers = tuple((name, "officer", examples.HOUSE, None) for name in ("Wada", "Oka"))
    people = (*councils.HOUSE.people(), *strangers)
    body = rosters.roster_toml(people)
    roster = rosters.bundle("roster", body, sequence=2, previous=bytes(32))
    state = house.home.state.taken("roster", Held(roster.digest, 2), None)
    honest = standing_of(house)
    lied = replace(honest, state=state, bodies={**honest.bodies, "roster": body}, officers=("Sato", "Abe", "Wada"))
    without = rosters.roster_toml([row for row in people if row[0] != "Endo"], consent=3)
    header = rosters.bundle("roster", without, sequence=3, previous=roster.digest)
    order = council_order(house, Install(councils.HOUSE.sign_bundle(header)), standing=lied)
    with pytest.raises(HomeError, match="BUNDLE-UNREACHABLE"):
        in_force(house, state).decide(replace(order, files=house.order.files._replace(roster=roster.content)))


def test_an_officer_whom_the_roster_names_no_more_does_not_count(house: Scene, used: list[Any]) -> None:
    """Abe has a secret and his passphrase, and is no officer any more."""
    people = tuple(row for row in councils.HOUSE.people() if row[0] != "Abe")
    newcomers = (("Wada", "officer", examples.HOUSE, None), *people)
    roster = rosters.bundle("roster", rosters.roster_toml(newcomers), sequence=2, previous=bytes(32))
    state = house.home.state.taken("roster", Held(roster.digest, 2), None)
    honest = standing_of(house)
    standing = replace(honest, state=state, bodies={**honest.bodies, "roster": roster.body})
    holder, files = in_force(house, state), house.order.files._replace(roster=roster.content)
    for names, counts in ((("Sato", "Abe"), False), (("Sato", "Endo"), True), (("Sato", "Wada"), False)):
        order = replace(council_order(house, Install(LOOSER), names, standing), files=files)
        assert holds(holder.decide, order) is counts
    assert used == []


def test_an_officer_does_not_count_from_his_end_on(house: Scene, used: list[Any]) -> None:
    ends = {"Abe": f'until = "{rfc3339(ceremonies.NOW + 60)}"'}
    people = "\n".join(rosters.person_toml(*row, ends.get(row[0], "")) for row in councils.HOUSE.people())
    body = rosters.roster_toml(()) + people.encode()
    roster = rosters.bundle("roster", body, sequence=2, previous=bytes(32))
    state = house.home.state.taken("roster", Held(roster.digest, 2), None)
    holder, files, honest = (
        in_force(house, state),
        house.order.files._replace(roster=roster.content),
        standing_of(house),
    )
    for after, counts in ((59, True), (60, False)):
        times = replace(honest.times, latest=ceremonies.NOW + after)
        standing = replace(honest, state=state, bodies={**honest.bodies, "roster": body}, times=times)
        order = replace(council_order(house, Freeze(), ("Abe",), standing), files=files, times=times)
        assert holds(holder.decide, order) is counts
    assert used == []


# Officers and their sealed files.


def sealed_officer(house: Scene, name: str, secret: OfficerSecret) -> bytes:
    """Another secret, sealed under an officer's own passphrase."""
    header = read_header(house.home.sealed.officers[name])
    assert header.kdf is not None
    return seal(secret.serialize(), header, header.kdf.key(councils.PASSPHRASES[name]))


def own_secret(house: Scene, name: str) -> OfficerSecret:
    return OfficerSecret.parse(open_with_passphrase(house.home.sealed.officers[name], councils.PASSPHRASES[name]))


def with_file(house: Scene, name: str, content: bytes) -> KeyHolder:
    sealed = house.home.sealed
    officers = {**sealed.officers, name: content}
    return KeyHolder(sealed._replace(officers=officers), house.passphrases, house.home.verifier)


def test_an_officers_file_under_another_name_is_a_damaged_home(house: Scene) -> None:
    with pytest.raises(HomeError, match="HOME-CORRUPT"):
        with_file(house, "Sato", house.home.sealed.officers["Abe"])


def test_a_secret_that_is_not_one_of_this_home_is_a_damaged_home(house: Scene) -> None:
    """A dishonest officer who knows the keys of the home makes a second officer of himself: his proof has no key."""
    honest = own_secret(house, "Abe")
    assert with_file(house, "Abe", sealed_officer(house, "Abe", honest)).consent(house.order)
    for changed in (replace(honest, signing_seed=bytes(32)), own_secret(house, "Sato")):
        with pytest.raises(HomeError, match="HOME-CORRUPT"):
            with_file(house, "Abe", sealed_officer(house, "Abe", changed))


def test_no_other_sealed_file_passes_for_an_officers(house: Scene) -> None:
    for other in (house.home.sealed.seed, house.home.sealed.rules, b"", b"\xa0"):
        with pytest.raises(HomeError, match="HOME-CORRUPT"):
            with_file(house, "Abe", other)


def test_a_wrong_passphrase_is_told_with_the_officers_name(house: Scene) -> None:
    wrong = {**councils.PASSPHRASES, "Abe": councils.PASSPHRASES["Sato"]}
    with pytest.raises(HomeError, match="SEAL-CLOSED: Abe: "):
        KeyHolder(house.home.sealed, wrong, house.home.verifier)


# Decisions about the device.


def standing_of(house: Scene) -> Standing:
    contents = house.home.installed.contents
    bodies = {kind: content.body for kind, content in contents.items()}
    return Standing(house.home.state, bodies, house.home.officers, house.home.times)


def resolution_of(house: Scene, action: Action, standing: Standing | None = None) -> Resolution:
    return resolve(action, standing or standing_of(house), 2, house.home.verifier)


def council_order(
    house: Scene, action: Action, names: tuple[str, ...] = ("Sato", "Abe"), standing: Standing | None = None
) -> CouncilOrder:
    """An order with the right code for whatever action."""
    agreed = resolution_of(house, action, standing).agreed
    code = confirmation_code(house.secrets.code_secret, resolved(agreed, house.home.log.size))
    typed = tuple(Typed(name, code) for name in names)
    times = standing.times if standing else house.home.times
    return CouncilOrder(action, house.order.files, times, house.home.log.checkpoint, typed)


def state_in(house: Scene, sealed: bytes) -> State:
    return State.parse(RulesSecret.parse(open_sealed(sealed, own_secret(house, "Sato").rules_key)).state)


def test_what_two_officers_install_is_sealed_and_proved(house: Scene) -> None:
    order, before = council_order(house, Install(LOOSER)), house.home.state
    sealed, proofs = house.holder.decide(order)
    state = state_in(house, sealed)
    assert (state.held, state.frozen, state.thaw) == (before.held, False, None)
    assert state.waiting["policy"].file.digest == LOOSER.bundle.digest
    assert state.waiting["policy"].delay == Delay(house.home.times.elapsed, councils.DAY)
    consented = resolved(resolution_of(house, Install(LOOSER)).agreed, house.home.log.size)
    for one in proofs:
        check_proof(own_secret(house, one.officer).public_key, consented, one.signature)
    assert replace(read_header(sealed), nonce=bytes(24)) == replace(
        read_header(house.home.sealed.rules), nonce=bytes(24)
    )


def test_only_the_state_changes_with_a_decision(house: Scene) -> None:
    key = own_secret(house, "Sato").rules_key
    before = RulesSecret.parse(open_sealed(house.home.sealed.rules, key))
    sealed, _ = house.holder.decide(council_order(house, Freeze(), ("Endo",)))
    after = RulesSecret.parse(open_sealed(sealed, key))
    assert replace(after, state=before.state) == before
    assert State.parse(after.state) == house.home.state.stopped()


def test_a_tightening_bundle_is_in_force_in_what_is_sealed(house: Scene) -> None:
    sealed, _ = house.holder.decide(council_order(house, Install(TIGHTER)))
    assert state_in(house, sealed).held["policy"].digest == TIGHTER.bundle.digest


def bent(signed: SignedBundle) -> SignedBundle:
    """The bundle with another signature in place of its first one."""
    return replace(signed, signatures=(TIGHTER.signatures[0], *signed.signatures[1:]))


def council_lies(house: Scene, order: CouncilOrder) -> Iterator[tuple[str, Any]]:
    """For each field of the order, and each part of a field, values that are not the honest one."""
    yield from (("action", action) for action in (Install(TIGHTER), Install(bent(LOOSER)), Freeze(), Thaw()))
    yield from (
        ("action", action) for action in (Veto("policy"), Veto("list"), Install(replace(LOOSER, signatures=())))
    )
    yield from (("files.accounts", text) for text in (b"", b"{}"))
    policy, flagged, roster = (order.files[place] or b"" for place in (1, 2, 4))
    yield from (("files.policy", text) for text in (None, b"", policy + b"\n", LOOSER.content, TIGHTER.content))
    yield from (("files.flagged", text) for text in (None, b"", flagged + b"\n", examples.FLAGGED_LIST))
    yield from (("files.tokens", text) for text in (b"", b"version = 1\n"))
    yield from (("files.roster", text) for text in (None, b"", roster + b"\n", rosters.roster_toml(consent=1)))
    yield from (("files.vasps", text) for text in (b"", vasps.TOML))
    yield from (("times.latest", time) for time in (0, rosters.NOT_BEFORE - 1, rosters.NOT_AFTER, 2**53 - 1))
    yield from (("before", note) for note in ("", house.order.before, house.evidence.after, order.before[:-2]))
    first, second = order.typed
    for several in (
        (),
        (first,),
        (second,),
        (first, first),
        (first, second, second),
        (replace(first, officer="Evil"), second),
    ):
        yield "typed", several
    for code in ("", "0000-0000", first.code[:-1], house.order.typed[0].code):
        yield "typed", (first, replace(second, code=code))


def lied(order: CouncilOrder, name: str, value: Any) -> CouncilOrder:
    whole, _, part = name.partition(".")
    if not part:
        return replace(order, **{name: value})
    if whole == "files":
        return replace(order, files=order.files._replace(**{part: value}))
    return replace(order, times=replace(order.times, **{part: value}))


def test_every_field_of_a_decision_is_lied_about(house: Scene) -> None:
    order = council_order(house, Install(LOOSER))
    named = {field.name for field in fields(CouncilOrder)} - {"files", "times"}
    named |= {f"files.{name}" for name in Files._fields}
    named |= {"times.latest"}
    assert {name for name, _ in council_lies(house, order)} == named
    assert [name for name, value in council_lies(house, order) if lied(order, name, value) == order] == []


def test_the_moment_of_a_decision_is_the_calling_programs_word(house: Scene) -> None:
    """ADR 0005: the key process has no clock. A lie moves the mark from which the delay counts, and nothing else."""
    order = council_order(house, Install(LOOSER))
    later = replace(order, times=replace(order.times, elapsed=order.times.elapsed + 60))
    sealed, _ = house.holder.decide(later)
    assert state_in(house, sealed).waiting["policy"].delay == Delay(order.times.elapsed + 60, councils.DAY)


def test_no_decision_with_one_lie_is_sealed(house: Scene) -> None:
    holder, order = house.holder, council_order(house, Install(LOOSER))
    assert holds(holder.decide, order)
    believed = [name for name, value in council_lies(house, order) if holds(holder.decide, lied(order, name, value))]
    assert believed == []


def test_one_officer_stops_and_two_go_on(house: Scene) -> None:
    stopped = house.home.state.stopped()
    frozen, standing = in_force(house, stopped), replace(standing_of(house), state=stopped)
    assert holds(house.holder.decide, council_order(house, Freeze(), ("Abe",)))
    for names, counts in ((("Abe",), False), (("Abe", "Endo"), True)):
        assert holds(frozen.decide, council_order(house, Thaw(), names, standing)) is counts


def test_a_veto_takes_one_officer_and_something_that_waits(house: Scene) -> None:
    waiting = Waiting(Held(LOOSER.bundle.digest, 2), Delay(house.home.times.elapsed, councils.DAY))
    state = replace(house.home.state, waiting={"policy": waiting})
    order = council_order(house, Veto("policy"), ("Endo",), replace(standing_of(house), state=state))
    sealed, _ = in_force(house, state).decide(order)
    assert state_in(house, sealed) == house.home.state
    with pytest.raises(UsageError, match="VETO-NOTHING"):
        house.holder.decide(order)


def test_what_has_waited_long_enough_cannot_be_vetoed(house: Scene) -> None:
    """And a credit counts as it does elsewhere: only for what was done before its mark."""
    mark = house.home.times.elapsed
    waiting = Waiting(Held(LOOSER.bundle.digest, 2), Delay(mark, councils.DAY))
    state = replace(house.home.state, waiting={"policy": waiting})
    for credited, still in (
        ((), True),
        ((Credit(mark - 1, councils.DAY),), True),
        ((Credit(mark, councils.DAY),), False),
    ):
        times = replace(house.home.times, elapsed=mark + 1, credits=credited)
        standing = replace(standing_of(house), state=state, times=times)
        order = council_order(house, Veto("policy"), ("Endo",), standing)
        assert holds(in_force(house, state).decide, order) is still


def test_a_home_without_a_roster_freezes_and_thaws_and_installs_nothing(scene: Scene) -> None:
    order = CouncilOrder(Freeze(), scene.order.files, scene.home.times, scene.home.log.checkpoint, ())
    code = confirmation_code(scene.secrets.code_secret, resolved({"action": "freeze"}, scene.home.log.size))
    sealed, (proof,) = scene.holder.decide(replace(order, typed=(Typed(ceremonies.OFFICER, code),)))
    assert proof.officer == ceremonies.OFFICER
    assert sealed != scene.home.sealed.rules
    with pytest.raises(HomeError, match="ROSTER-NONE"):
        scene.holder.decide(replace(order, action=Install(LOOSER)))


def test_a_holder_that_believes_its_officers_would_be_found(house: Scene) -> None:
    """Negative control: without its check of officers and codes the table above is signed."""

    class Trusting(KeyHolder):
        def _proofs(self, typed: tuple[Typed, ...], *_: Any) -> tuple[Proof, ...]:
            return tuple(Proof(one.officer, b"") for one in typed)

    trusting, order = (
        Trusting(house.home.sealed, house.passphrases, house.home.verifier),
        council_order(house, Freeze()),
    )
    assert holds(trusting.decide, replace(order, typed=()))
    assert not holds(house.holder.decide, replace(order, typed=()))
