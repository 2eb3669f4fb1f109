"""A captured ceremony process: it has the log key, the code secret and the officers' passphrases, and makes what it
tells the process that holds the key fit together.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from custody import ceremony
from custody.audit.checkpoint import Checkpoint
from custody.audit.entry import Entry, PrivatePart
from custody.audit.merkle import Tree
from custody.edge import home
from custody.edge.home import SignerHome
from custody.errors import CustodyError
from custody.governance.clocks import Times
from custody.governance.state import State
from custody.installed import Installed
from custody.judgement import Judgement, LogView, judge
from custody.officers.consent import Proof, Typed
from custody.signatures import Signature
from custody.vault.confirmation import confirmation_code, judged
from custody.vault.key_holder import KeyHolder
from custody.vault.orders import Evidence, SigningOrder
from custody.vault.sealed import open_sealed, open_with_passphrase, read_header
from custody.vault.secrets import DeviceSecrets, OfficerSecret, RulesSecret
from custody.wire.request import WithdrawalRequest


@dataclass(frozen=True)
class Scene:
    """An honest order and its evidence, with what surrounds them.

    Attributes:
        passphrases: of those who consented, by name.
        entries: of the log afterwards. before: how many there were when the request was judged.
    """

    order: SigningOrder
    evidence: Evidence
    home: SignerHome
    passphrases: Mapping[str, str]
    before: int
    entries: tuple[Entry, ...]
    signatures: tuple[Signature, ...]

    @property
    def holder(self) -> KeyHolder:
        """Opened anew: it has consented to nothing."""
        return self.opened_by(*self.passphrases)

    def opened_by(self, *names: str) -> KeyHolder:
        """The key holder, opened by some of the officers."""
        return KeyHolder(self.home.sealed, {name: self.passphrases[name] for name in names}, self.home.verifier)

    @property
    def secrets(self) -> DeviceSecrets:
        """Those of the device."""
        sealed_device = (self.home.folder / "device.sealed").read_bytes()
        return DeviceSecrets.parse(open_sealed(sealed_device, (self.home.folder / "device.key").read_bytes()))


class Recorder:
    """A key that remembers what it was told before it does it."""

    def __init__(self, holder: KeyHolder) -> None:
        self.holder = holder

    def consent(self, order: SigningOrder) -> tuple[Proof, ...]:
        self.order = order
        return self.holder.consent(order)

    def sign(self, evidence: Evidence) -> tuple[Signature, ...]:
        self.evidence = evidence
        return self.holder.sign(evidence)


@contextmanager
def played(
    folder: Path, request: WithdrawalRequest, officers: ceremony.Officers, passphrases: Mapping[str, str], at: int
) -> Iterator[Scene]:
    """The honest ceremony over a request, in a home that stays open."""
    with home.opened(folder, at) as opened:
        before = opened.log.size
        key = Recorder(KeyHolder(opened.sealed, passphrases, opened.verifier))
        done = ceremony.sign(request.serialize(), opened, officers, lambda _: nullcontext(key))
        entries, signatures = tuple(opened.log.entries), done.response.answer.signatures
        yield Scene(key.order, key.evidence, opened, passphrases, before, entries, signatures)


def carried_out(holder: KeyHolder, order: SigningOrder, evidence: Evidence) -> tuple[Signature, ...]:
    """Consent, and then the signatures."""
    holder.consent(order)
    return holder.sign(evidence)


def holds(deed: Callable[..., Any], *given: Any) -> bool:
    """Whether something is done with what is given, and not refused."""
    try:
        deed(*given)
    except CustodyError:
        return False
    return True


def rejudged(scene: Scene, order: SigningOrder) -> Judgement:
    """What the captured ceremony itself finds out about an order."""
    log = scene.home.log.verifier
    view = LogView(log, log.open(order.before), order.consistency, lambda _: {}, order.history)
    everything = Installed.parse(scene.home.header.origin, order.files, rehearsal=True)
    return judge(WithdrawalRequest.parse(order.request), everything, view, order.times, scene.home.verifier)


def order_for(
    scene: Scene, request: WithdrawalRequest, times: Times | None = None, **files: bytes | None
) -> SigningOrder:
    """An order with the right code for whatever request, time and files."""
    order = replace(
        scene.order,
        request=request.serialize(),
        files=scene.order.files._replace(**files),
        times=times or scene.order.times,
        consistency=(),
    )
    code = confirmation_code(scene.secrets.code_secret, judged(rejudged(scene, order), scene.before))
    return replace(order, typed=tuple(Typed(one.officer, code) for one in order.typed))


def evidence_for(scene: Scene, order: SigningOrder, proofs: tuple[Proof, ...], elapsed: int | None = None,
                 **public: Any) -> Evidence:  # fmt: skip
    """The evidence for an order, with an entry that the log never held, and a checkpoint signed for it.

    ``public`` bends the public part of the entry.
    """
    judgement, origin, place = rejudged(scene, order), scene.home.header.origin, scene.before
    told = order.times.elapsed if elapsed is None else elapsed
    part = PrivatePart(judgement.authorisation(proofs, told), bytes(32))
    about, time = judgement.request.digest, scene.entries[place].time
    entry = replace(Entry(place, "authorised", about, None, None, time, part.digest, bytes(32), bytes(32)), **public)
    tree = Tree()
    for leaf in (*(one.leaf_hash for one in scene.entries[:place]), entry.leaf_hash):
        tree.append(leaf)
    return Evidence(
        entry=entry.leaf,
        private=json.dumps(dict(part.fields), sort_keys=True, separators=(",", ":")).encode(),
        salts=part.salts,
        inclusion=tree.inclusion(place),
        after=scene.secrets.log_key(origin).sign(Checkpoint(origin, place + 1, tree.root())),
    )


def resealed(scene: Scene, **changed: Any) -> KeyHolder:
    """A holder whose record of what is in force was sealed with something else in it."""
    sealed, (name, passphrase) = scene.home.sealed, next(iter(scene.passphrases.items()))
    secret = OfficerSecret.parse(open_with_passphrase(sealed.officers[name], passphrase))
    rules = RulesSecret.parse(open_sealed(sealed.rules, secret.rules_key))
    again = replace(rules, **changed).seal(read_header(sealed.rules), secret.rules_key)
    return KeyHolder(sealed._replace(rules=again), scene.passphrases, scene.home.verifier)


def in_force(scene: Scene, state: State) -> KeyHolder:
    """A holder that was sealed with another state, as decisions of the officers would have sealed it."""
    return resealed(scene, state=state.serialize())
