"""The key holder believes nobody: with any part of an order or of its evidence changed, nothing is signed."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

import ceremonies
import examples
import psbts
import pytest
import rosters
import vasps
import wire_examples
from captured import Scene, carried_out, evidence_for, holds, order_for
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from custody.audit.checkpoint import Checkpoint, LogKey
from custody.bitcoin.account import descriptor_from_seed
from custody.chains import BITCOIN, REGTEST, SIGNET
from custody.errors import CustodyError, HomeError, UsageError
from custody.governance.clocks import Times
from custody.installed import Files
from custody.officers.consent import Proof, Typed
from custody.policy.past import Past
from custody.vault import mnemonic
from custody.vault.key_holder import KeyHolder
from custody.vault.orders import Evidence, SigningOrder
from custody.wire.request import WithdrawalRequest

HOUR = 3_600
RAISED = examples.POLICY.replace(b"1000000000000", b"9000000000000")
PASSPHRASES = {ceremonies.OFFICER: ceremonies.PASSPHRASE}


def accounts(**changed: Any) -> bytes:
    row = {"chain": REGTEST.chain_id, "descriptor": psbts.TREASURY.descriptor, "name": "treasury", "type": "p2wpkh"}
    text = {"accounts": [row | changed], "version": 1}
    return json.dumps(text, sort_keys=True, separators=(",", ":")).encode()


def requests() -> Iterator[WithdrawalRequest]:
    """Requests that would themselves be fine, or nearly."""
    other = psbts.honest()
    other[-1], other[-2] = other[-2], other[-1]
    yield ceremonies.request(id=bytes(16))
    yield ceremonies.request(purpose="another purpose")
    yield ceremonies.request(blind=bytes(32))
    yield ceremonies.request(expires=ceremonies.NOW + 60)
    yield ceremonies.request(transaction=psbts.serialize(psbts.honest(1)))
    yield ceremonies.request(transaction=psbts.serialize(other))
    yield ceremonies.request(travel_rule=b"")
    yield ceremonies.request(approvals=(wire_examples.APPROVAL,))
    yield ceremonies.request(maker="A" * 40)


def paid_already(scene: Scene) -> Past:
    """An earlier authorisation of what the order would have signed once more."""
    facts = json.loads(scene.evidence.private)["facts"]
    paid = [one for one in facts["outputs"] if one["role"] == "payment"]
    payments = tuple((one["address"], int(one["amount"]), one["asset"]) for one in paid)
    return Past("ab" * 32, scene.order.times.elapsed, ("another:0",), payments, {})


def order_lies(scene: Scene) -> Iterator[tuple[str, Any]]:
    """For each field of the order, and each part of a field, values that are not the honest one."""
    order, evidence = scene.order, scene.evidence
    installed, (typed,) = order.files, order.typed
    yield from (("request", request.serialize()) for request in requests())
    yield from (("request", bent) for bent in (b"", b"\xa0", order.request[:-1], order.request + b"\x00"))
    yield from (("files.accounts", text) for text in (b"", b"{}", accounts(name="other"), accounts()[:-1]))
    yield "files.accounts", accounts(descriptor=psbts.EVIL.descriptor)
    yield "files.accounts", accounts(descriptor=descriptor_from_seed(psbts.SEED, REGTEST, 1))
    yield "files.accounts", accounts(chain=SIGNET.chain_id)
    policy, flagged = installed.policy or b"", installed.flagged or b""
    yield from (("files.policy", text) for text in (None, b"", policy + b"\n", b"# " + policy, RAISED))
    yield "files.policy", rosters.bundle("policy", policy).content
    yield from (("files.flagged", text) for text in (None, b"", b"#\n", flagged + b"\n"))
    yield "files.flagged", rosters.bundle("list", flagged).content
    yield from (("files.tokens", text) for text in (b"", b"version = 1\n", examples.TOKENS))
    yield from (("files.roster", text) for text in (b"", rosters.roster_toml(), rosters.roster_toml(consent=1)))
    yield from (("files.vasps", text) for text in (b"", vasps.TOML))
    for time in (0, ceremonies.NOW - 601, ceremonies.NOW + HOUR, 2**53 - 1):
        yield "times.latest", time
    yield from (("times.elapsed", elapsed) for elapsed in (order.times.elapsed + 1, 2**53 - 1))
    yield from (
        ("before", note)
        for note in ("", evidence.after, scene.home.log.checkpoint, order.before[:-2], order.before + "x")
    )
    yield from (("consistency", hashes) for hashes in ((bytes(32),), (b"",), evidence.inclusion))
    yield "history", (paid_already(scene),)
    for name in ("", "Evil", "sato", "Sato "):
        yield "typed", (replace(typed, officer=name),)
        yield "typed", (typed, replace(typed, officer=name))
    for code in ("", "0000-0000", typed.code[:-1], typed.code + "0"):
        yield "typed", (replace(typed, code=code),)
        yield "typed", (typed, replace(typed, code=code))
    yield from (("typed", several) for several in ((), (typed, typed), (typed,) * 16))


def evidence_lies(scene: Scene) -> Iterator[tuple[str, Any]]:
    """For each field of the evidence, values that are not the honest one."""
    evidence, log = scene.evidence, scene.home.log
    private = json.loads(evidence.private)
    yield from (("entry", entry.leaf) for entry in scene.entries if entry.leaf != evidence.entry)
    yield from (("entry", leaf) for leaf in (b"", evidence.entry[:-1], evidence.entry + b" "))
    yield "entry", evidence.entry.replace(b'"authorised"', b'"answered"')
    for name, value in private.items():
        changed = value + 1 if isinstance(value, int) else "other"
        yield "private", json.dumps(private | {name: changed}, sort_keys=True, separators=(",", ":")).encode()
        yield "salts", {**evidence.salts, name: bytes(32)}
        yield "salts", {other: salt for other, salt in evidence.salts.items() if other != name}
    yield from (("private", text) for text in (b"", b"{}", b"[]", evidence.private + b" ", b"null"))
    yield from (("salts", salts) for salts in ({}, {**evidence.salts, "extra": bytes(32)}))
    yield from (("inclusion", hashes) for hashes in ((), evidence.inclusion * 2, (*evidence.inclusion, bytes(32))))
    yield "inclusion", (bytes(32), *evidence.inclusion[1:])
    yield from (("after", note) for note in ("", scene.order.before, scene.home.log.checkpoint, evidence.after[:-2]))
    yield "after", LogKey(log.verifier.origin, bytes(32)).sign(Checkpoint(log.verifier.origin, 5, log.root_at(5)))


def lied(order: SigningOrder, name: str, value: Any) -> SigningOrder:
    """The order with one field, or one part of a field, changed."""
    whole, _, part = name.partition(".")
    if not part:
        return replace(order, **{name: value})
    if whole == "files":
        return replace(order, files=order.files._replace(**{part: value}))
    return replace(order, times=replace(order.times, **{part: value}))


def test_an_honest_order_is_signed(scene: Scene, used: list[Any]) -> None:
    assert carried_out(scene.holder, scene.order, scene.evidence) == scene.signatures
    assert len(used) == 1


def test_every_field_of_an_order_is_lied_about(scene: Scene) -> None:
    named = {field.name for field in fields(SigningOrder)} - {"files", "times"}
    named |= {f"files.{name}" for name in Files._fields}
    # Credits count for what waits only, of which there is nothing here: they are lied about further below.
    named |= {f"times.{field.name}" for field in fields(Times)} - {"times.credits"}
    assert {name for name, _ in order_lies(scene)} == named
    same = [(name, value) for name, value in order_lies(scene) if lied(scene.order, name, value) == scene.order]
    assert same == []


def test_every_field_of_the_evidence_is_lied_about(scene: Scene) -> None:
    assert {name for name, _ in evidence_lies(scene)} == {field.name for field in fields(Evidence)}
    same = [(name, value) for name, value in evidence_lies(scene) if getattr(scene.evidence, name) == value]
    assert same == []


def test_no_order_with_one_lie_is_signed(scene: Scene, used: list[Any]) -> None:
    holder = scene.holder
    for name, value in order_lies(scene):
        try:
            carried_out(holder, lied(scene.order, name, value), scene.evidence)
        except CustodyError:
            continue
        pytest.fail(f"an order with another {name} was signed: {value!r:.200}")
    assert used == []


def test_no_evidence_with_one_lie_is_believed(scene: Scene, used: list[Any]) -> None:
    holder = scene.holder
    for name, value in evidence_lies(scene):
        try:
            carried_out(holder, scene.order, replace(scene.evidence, **{name: value}))
        except CustodyError:
            continue
        pytest.fail(f"evidence with another {name} was believed: {value!r:.200}")
    assert used == []


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("typed", (Typed("Evil", "0000-0000"),), "officers"),
        ("typed", (Typed(ceremonies.OFFICER, "0000-0000"),), "confirmation code"),
        ("typed", (), "officers"),
        ("files.policy", None, "policy, list"),
        ("files.flagged", None, "policy, list"),
        ("files.tokens", b"version = 1\n", "policy, list"),
        ("files.roster", rosters.roster_toml(), "policy, list"),
        ("times.latest", ceremonies.NOW + HOUR, "decision"),
        ("request", ceremonies.request(id=bytes(16)).serialize(), "confirmation code"),
    ],
)
def test_a_lie_is_refused_by_name(scene: Scene, used: list[Any], name: str, value: Any, part: str) -> None:
    with pytest.raises(HomeError, match=f"ORDER-REFUSED.*{part}"):
        scene.holder.consent(lied(scene.order, name, value))
    assert used == []


# The order of events: consent, the log, the key; each consent serves once.


def test_without_consent_nothing_is_signed(scene: Scene, used: list[Any]) -> None:
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*consent"):
        scene.holder.sign(scene.evidence)
    assert used == []


def test_a_consent_serves_once(scene: Scene, used: list[Any]) -> None:
    holder = scene.holder
    assert carried_out(holder, scene.order, scene.evidence) == scene.signatures
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*consent"):
        holder.sign(scene.evidence)
    assert len(used) == 1


def test_two_consents_to_the_same_are_one(scene: Scene, used: list[Any]) -> None:
    holder = scene.holder
    assert holder.consent(scene.order) == holder.consent(scene.order)
    assert holder.sign(scene.evidence) == scene.signatures
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*consent"):
        holder.sign(scene.evidence)
    assert len(used) == 1


def test_a_consent_that_met_a_lie_is_used_up(scene: Scene, used: list[Any]) -> None:
    holder = scene.holder
    holder.consent(scene.order)
    with pytest.raises(CustodyError):
        holder.sign(replace(scene.evidence, entry=b""))
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*consent"):
        holder.sign(scene.evidence)
    assert used == []


def test_of_two_consents_the_later_one_counts(scene: Scene, used: list[Any]) -> None:
    other = order_for(scene, ceremonies.request(id=bytes(16)))
    holder = scene.holder
    holder.consent(scene.order)
    proofs = holder.consent(other)
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*log entry"):
        holder.sign(scene.evidence)
    assert used == []
    holder.consent(scene.order)
    holder.consent(other)
    assert holder.sign(evidence_for(scene, other, proofs)) == scene.signatures


def test_the_evidence_of_another_consent_is_refused(scene: Scene, used: list[Any]) -> None:
    other = order_for(scene, ceremonies.request(id=bytes(16)))
    holder = scene.holder
    stolen = evidence_for(scene, other, holder.consent(other))
    holder.consent(scene.order)
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*log entry"):
        holder.sign(stolen)
    assert used == []


# Bent bytes, bounds, and what opens at all.


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_order_with_bent_bytes_gives_the_honest_signatures_or_none(scene: Scene, data: st.DataObject) -> None:
    parts = [bytearray(scene.order.serialize()), bytearray(scene.evidence.serialize())]
    encoded = data.draw(st.sampled_from(parts))
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    with suppress(CustodyError):
        order, evidence = SigningOrder.parse(bytes(parts[0])), Evidence.parse(bytes(parts[1]))
        assert carried_out(scene.holder, order, evidence) == scene.signatures


def test_a_rehearsal_holder_gives_no_account_of_the_main_network(scene: Scene) -> None:
    with pytest.raises(UsageError, match="REHEARSAL-CHAIN"):
        scene.holder.descriptor(BITCOIN.chain_id, 0)
    assert scene.holder.descriptor(REGTEST.chain_id, 0) == psbts.TREASURY.descriptor


@pytest.mark.parametrize("index", [-1, 2**31])
def test_an_account_index_is_bounded(scene: Scene, index: int) -> None:
    with pytest.raises(UsageError, match="ACCOUNT-INDEX"):
        scene.holder.descriptor(REGTEST.chain_id, index)


@pytest.mark.parametrize(
    ("passphrases", "code"),
    [
        ({ceremonies.OFFICER: "wrong"}, "SEAL-CLOSED"),
        ({ceremonies.OFFICER: ""}, "SEAL-CLOSED"),
        ({"Evil": ceremonies.PASSPHRASE}, "OFFICER-UNKNOWN"),
        ({**PASSPHRASES, "Evil": ceremonies.PASSPHRASE}, "OFFICER-UNKNOWN"),
        ({}, "OFFICER-UNKNOWN"),
    ],
)
def test_a_wrong_passphrase_or_a_strangers_opens_nothing(
    scene: Scene, passphrases: Mapping[str, str], code: str
) -> None:
    with pytest.raises(HomeError, match=code):
        KeyHolder(scene.home.sealed, passphrases, scene.home.verifier)


def test_sealed_files_of_two_homes_do_not_open_together(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("order") / "other"
    ceremonies.make_home(folder, seed=b"other")
    with ceremonies.open_home(folder) as opened:
        other, own = opened.sealed, scene.home.sealed
    mixed = (own._replace(rules=other.rules), own._replace(officers=other.officers))
    for sealed in mixed:
        with pytest.raises(HomeError, match="SEAL-CLOSED"):
            KeyHolder(sealed, PASSPHRASES, scene.home.verifier)
    with pytest.raises(HomeError, match="SEAL-CLOSED"):
        exchanged = own._replace(seed=other.seed)
        carried_out(KeyHolder(exchanged, PASSPHRASES, scene.home.verifier), scene.order, scene.evidence)


def test_a_holder_that_believes_its_order_would_be_found(scene: Scene) -> None:
    """Negative control: without its checks the holder signs what the tables say is refused."""

    class Trusting(KeyHolder):
        def _proofs(self, typed: tuple[Typed, ...], *_: Any) -> tuple[Proof, ...]:
            return tuple(Proof(one.officer, b"") for one in typed)

        def _check_entry(self, *_: Any) -> None: ...

    trusting = Trusting(scene.home.sealed, PASSPHRASES, scene.home.verifier)
    believed = {
        name
        for name, value in order_lies(scene)
        if holds(carried_out, trusting, lied(scene.order, name, value), scene.evidence)
    }
    assert {"typed", "request", "times.elapsed"} <= believed
    believed = {
        name
        for name, value in evidence_lies(scene)
        if holds(carried_out, trusting, scene.order, replace(scene.evidence, **{name: value}))
    }
    assert believed == {field.name for field in fields(Evidence)}


def test_the_seed_is_that_of_the_words(scene: Scene) -> None:
    assert mnemonic.from_entropy(bytes(16)) == ceremonies.WORDS
    assert scene.holder.descriptor(SIGNET.chain_id, 7) == descriptor_from_seed(psbts.SEED, SIGNET, 7)
