"""The key holder believes nobody: an order with any part changed is not signed."""

import json
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, fields, replace
from typing import Any

import ceremonies
import examples
import psbts
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from custody import ceremony
from custody.audit.checkpoint import Checkpoint, LogKey
from custody.audit.entry import Entry, PrivatePart
from custody.audit.merkle import Tree
from custody.bitcoin import signing
from custody.bitcoin.account import descriptor_from_seed
from custody.chains import BITCOIN, REGTEST, SIGNET
from custody.codec import cbor
from custody.edge.home import SignerHome
from custody.errors import CustodyError, HomeError, InputError, UsageError
from custody.installed import Installed
from custody.judgement import LogView, judge
from custody.signatures import Signature
from custody.vault import mnemonic
from custody.vault.confirmation import confirmation_code
from custody.vault.key_holder import KeyHolder, SigningOrder
from custody.vault.secrets import DeviceSecrets
from custody.wire.request import WithdrawalRequest


@dataclass(frozen=True)
class Scene:
    """An honest order with what surrounds it."""

    holder: KeyHolder
    order: SigningOrder
    home: SignerHome
    checkpoints: tuple[str, ...]
    entries: tuple[Entry, ...]
    signatures: tuple[Signature, ...]


class Recorder:
    """A key that remembers its order before it carries it out."""

    def __init__(self, holder: KeyHolder) -> None:
        self.holder = holder

    def sign(self, order: SigningOrder) -> tuple[Signature, ...]:
        self.order = order
        return self.holder.sign(order)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = ceremonies.copy_home(tmp_path_factory.mktemp("order") / "home")
    with ceremonies.open_home(folder) as opened:
        before = opened.log.checkpoint
        holder = KeyHolder(opened.sealed_seed, ceremonies.PASSPHRASE)
        recorder = Recorder(holder)
        message = ceremonies.request().serialize()
        done = ceremony.sign(message, opened, ceremonies.Officer(), lambda _: nullcontext(recorder), ceremonies.NOW)
        entries = tuple(opened.log.entries)
        checkpoints = (before, opened.log.checkpoint)
        yield Scene(holder, recorder.order, opened, checkpoints, entries, done.response.answer.signatures)


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every use of the seed for a signature."""
    uses: list[Any] = []
    honest = signing.sign
    monkeypatch.setattr(signing, "sign", lambda *given: (uses.append(given), honest(*given))[1])
    return uses


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
    yield ceremonies.request(approvals=(b"approved",))


def lies(scene: Scene) -> Iterator[tuple[str, Any]]:
    """For each field of the order, values that are not the honest one."""
    order, log = scene.order, scene.home.log
    private = json.loads(order.private)
    yield from (("request", request.serialize()) for request in requests())
    yield from (("request", bent) for bent in (b"", b"\xa0", order.request[:-1], order.request + b"\x00"))
    yield from (("accounts", text) for text in (b"", b"{}", accounts(name="other"), accounts()[:-1]))
    yield "accounts", accounts(descriptor=psbts.EVIL.descriptor)
    yield "accounts", accounts(descriptor=descriptor_from_seed(psbts.SEED, REGTEST, 1))
    yield "accounts", accounts(chain=SIGNET.chain_id)
    yield from (("policy", text) for text in (None, b"", order.policy + b"\n", b"# " + order.policy))
    yield "policy", order.policy.replace(b"1000000000000", b"9000000000000")
    yield from (("flagged", text) for text in (None, b"", b"#\n", order.flagged + b"\n"))
    yield from (("tokens", text) for text in (b"", b"version = 1\n"))
    yield from (("now", time) for time in (0, ceremonies.NOW - 601, ceremonies.NOW + 3_600, 2**53 - 1))
    yield from (
        ("before", note) for note in ("", order.after, scene.checkpoints[1], order.before[:-2], order.before + "x")
    )
    yield from (("consistency", hashes) for hashes in ((bytes(32),), (b"",), order.inclusion))
    yield from (("officer", name) for name in ("", "Evil", "sato", "Sato "))
    yield from (("code", code) for code in ("", "0000-0000", order.code[:-1], order.code + "0"))
    yield from (("entry", entry.leaf) for entry in scene.entries if entry.leaf != order.entry)
    yield from (("entry", leaf) for leaf in (b"", order.entry[:-1], order.entry + b" "))
    yield "entry", order.entry.replace(b'"authorised"', b'"answered"')
    for name, value in private.items():
        changed = value + 1 if isinstance(value, int) else "other"
        yield "private", json.dumps(private | {name: changed}, sort_keys=True, separators=(",", ":")).encode()
        yield "salts", {**order.salts, name: bytes(32)}
        yield "salts", {other: salt for other, salt in order.salts.items() if other != name}
    yield from (("private", text) for text in (b"", b"{}", b"[]", order.private + b" ", b"null"))
    yield from (("salts", salts) for salts in ({}, {**order.salts, "extra": bytes(32)}))
    yield from (("inclusion", hashes) for hashes in ((), order.inclusion * 2, (*order.inclusion, bytes(32))))
    yield "inclusion", (bytes(32), *order.inclusion[1:])
    yield from (("after", note) for note in ("", order.before, scene.checkpoints[1], order.after[:-2]))
    yield "after", LogKey(log.verifier.origin, bytes(32)).sign(Checkpoint(log.verifier.origin, 5, log.root_at(5)))


def test_an_honest_order_is_signed(scene: Scene, used: list[Any]) -> None:
    assert scene.holder.sign(scene.order) == scene.signatures
    assert len(used) == 1


def test_an_order_survives_the_pipe(scene: Scene) -> None:
    assert SigningOrder.parse(scene.order.serialize()) == scene.order


def test_every_field_of_an_order_is_lied_about(scene: Scene) -> None:
    lied = {name for name, _ in lies(scene)}
    assert lied == {field.name for field in fields(SigningOrder)}
    same = [(name, value) for name, value in lies(scene) if getattr(scene.order, name) == value]
    assert same == []


def test_no_order_with_one_lie_is_signed(scene: Scene, used: list[Any]) -> None:
    for name, value in lies(scene):
        try:
            scene.holder.sign(replace(scene.order, **{name: value}))
        except CustodyError:
            continue
        pytest.fail(f"an order with another {name} was signed: {value!r:.200}")
    assert used == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("officer", "Evil"),
        ("code", "0000-0000"),
        ("policy", None),
        ("flagged", None),
        ("now", ceremonies.NOW + 3_600),
        ("request", ceremonies.request(id=bytes(16)).serialize()),
    ],
)
def test_a_lie_is_refused_by_name(scene: Scene, used: list[Any], name: str, value: Any) -> None:
    with pytest.raises(HomeError, match="ORDER-REFUSED"):
        scene.holder.sign(replace(scene.order, **{name: value}))
    assert used == []


def forged(scene: Scene, request: WithdrawalRequest, **installed: bytes | None) -> SigningOrder:
    """The order of a captured ceremony process: it has the log key and the code secret, and makes all of it fit."""
    folder = scene.home.folder
    secrets = DeviceSecrets.parse(_opened_device(folder))
    files = scene.order.files._replace(**installed)
    origin = scene.home.header.origin
    everything = Installed.parse(origin, files, rehearsal=True)
    verifier = scene.home.log.verifier
    view = LogView(verifier, verifier.open(scene.order.before), (), lambda _: {})
    judgement = judge(request, everything, view, ceremonies.NOW)
    part = PrivatePart(judgement.authorisation([ceremonies.OFFICER]), bytes(32))
    entry = Entry(4, "authorised", request.digest, None, None, ceremonies.NOW, part.digest, bytes(32), bytes(32))
    tree = Tree()
    for leaf in (*(one.leaf_hash for one in scene.entries[:4]), entry.leaf_hash):
        tree.append(leaf)
    return SigningOrder(
        request=request.serialize(),
        **files._asdict(),
        now=ceremonies.NOW,
        before=scene.order.before,
        consistency=(),
        officer=ceremonies.OFFICER,
        code=confirmation_code(secrets.code_secret, judgement, 4),
        entry=entry.leaf,
        private=json.dumps(dict(part.fields), sort_keys=True, separators=(",", ":")).encode(),
        salts=part.salts,
        inclusion=tree.inclusion(4),
        after=secrets.log_key(origin).sign(Checkpoint(origin, 5, tree.root())),
    )


def _opened_device(folder: Any) -> bytes:
    from custody.vault.sealed import open_sealed

    return open_sealed((folder / "device.sealed").read_bytes(), (folder / "device.key").read_bytes())


def test_the_forger_is_good_enough_to_have_an_honest_request_signed(scene: Scene) -> None:
    assert scene.holder.sign(forged(scene, ceremonies.request())) == scene.signatures


@pytest.mark.parametrize(
    "changes",
    [
        {"travel_rule": b""},
        {"travel_rule": ceremonies.record((0, ceremonies.PAYEE, ceremonies.PAID + 1))},
        {"expires": ceremonies.NOW},
        {"device": "rehearsal.other"},
        {"chain_id": BITCOIN.chain_id},
        {"transaction": psbts.serialize(psbts.honest())[:-1]},
    ],
)
def test_a_captured_ceremony_does_not_get_a_denied_request_signed(scene: Scene, changes: Mapping[str, Any]) -> None:
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*decision"):
        scene.holder.sign(forged(scene, ceremonies.request(**changes)))


@pytest.mark.parametrize(
    "installed",
    [
        {"policy": examples.POLICY.replace(b"1000000000000", b"9000000000000")},
        {"flagged": b"# nobody\n"},
        {"tokens": examples.TOKENS},
        {"policy": None},
        {"flagged": None},
    ],
)
def test_a_captured_ceremony_does_not_get_other_rules_believed(scene: Scene, installed: Mapping[str, Any]) -> None:
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*policy, list or token"):
        scene.holder.sign(forged(scene, ceremonies.request(), **installed))


def test_a_captured_ceremony_does_not_get_another_seeds_account_signed(scene: Scene) -> None:
    request = ceremonies.request(checksum=psbts.EVIL.checksum)
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*decision"):
        scene.holder.sign(forged(scene, request, accounts=accounts(descriptor=psbts.EVIL.descriptor)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_order_with_bent_bytes_gives_the_honest_signatures_or_none(scene: Scene, data: st.DataObject) -> None:
    encoded = bytearray(scene.order.serialize())
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    with suppress(CustodyError):
        assert scene.holder.sign(SigningOrder.parse(bytes(encoded))) == scene.signatures


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("salts", None),
        ("salts", []),
        ("salts", {"facts": "text"}),
        ("salts", {"facts": 1}),
        ("salts", {1: b""}),
        ("policy", 1),
        ("now", -1),
        ("now", True),
        ("consistency", [bytes(33)]),
        ("inclusion", [bytes(32)] * 65),
        ("entry", bytes(4_097)),
        ("officer", "o" * 129),
        ("code", "c" * 33),
        ("extra", 1),
    ],
)
def test_an_order_of_another_form_is_refused(scene: Scene, name: str, value: Any) -> None:
    decoded = cbor.decode(scene.order.serialize())
    assert isinstance(decoded, dict)
    with pytest.raises(InputError):
        SigningOrder.parse(cbor.encode({**decoded, name: value}))


def test_a_rehearsal_holder_gives_no_account_of_the_main_network(scene: Scene) -> None:
    with pytest.raises(UsageError, match="REHEARSAL-CHAIN"):
        scene.holder.descriptor(BITCOIN.chain_id, 0)
    assert scene.holder.descriptor(REGTEST.chain_id, 0) == psbts.TREASURY.descriptor


@pytest.mark.parametrize("index", [-1, 2**31])
def test_an_account_index_is_bounded(scene: Scene, index: int) -> None:
    with pytest.raises(UsageError, match="ACCOUNT-INDEX"):
        scene.holder.descriptor(REGTEST.chain_id, index)


def test_a_wrong_passphrase_opens_nothing(scene: Scene) -> None:
    with pytest.raises(HomeError, match="SEAL-CLOSED"):
        KeyHolder(scene.home.sealed_seed, "wrong")


def test_a_holder_that_believes_its_order_would_be_found(scene: Scene) -> None:
    """Negative control: without its checks the holder signs what the table says is refused."""

    class Trusting(KeyHolder):
        def _check_consent(self, *_: Any) -> None: ...
        def _check_entry(self, *_: Any) -> None: ...

    trusting = Trusting(scene.home.sealed_seed, ceremonies.PASSPHRASE)
    believed = {name for name, value in lies(scene) if _signs(trusting, replace(scene.order, **{name: value}))}
    assert {"officer", "code", "entry", "private", "salts", "inclusion", "after"} <= believed


def _signs(holder: KeyHolder, order: SigningOrder) -> bool:
    try:
        return bool(holder.sign(order))
    except CustodyError:
        return False


def test_the_seed_is_that_of_the_words(scene: Scene) -> None:
    assert mnemonic.from_entropy(bytes(16)) == ceremonies.WORDS
    assert scene.holder.descriptor(SIGNET.chain_id, 7) == descriptor_from_seed(psbts.SEED, SIGNET, 7)
