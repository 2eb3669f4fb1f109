"""The throw-away house of the second chapter: its signer, its coordinator, and everybody's keys."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from custody import ceremony, council, council_screen, screen
from custody.bitcoin.account import Account
from custody.ceremony import Consent, Outcome
from custody.chains import REGTEST
from custody.coordinator.approvals import statement, with_approval
from custody.coordinator.pairing import Pairings
from custody.coordinator.requests import make_request
from custody.council import Decided
from custody.council_screen import heading
from custody.demo import house_rules, world
from custody.demo.cases import bitcoin
from custody.demo.house_rules import APPROVERS, COMPLIANCE, MAKER, OFFICERS, PASSPHRASES
from custody.demo.keys import Keys
from custody.demo.world import Withdrawal
from custody.edge import founding, home, making
from custody.edge.entropy import kernel_random
from custody.edge.founding import Founders
from custody.edge.gpg import JailedGpg
from custody.edge.home import SignerHome
from custody.edge.key_process import KeyProcess
from custody.evm.tokens import TokenRegistry
from custody.families import parse_account
from custody.governance.actions import Action, Resolution
from custody.judgement import Judgement
from custody.officers.consent import Typed
from custody.travel_rule.record import canonical_block
from custody.vault import mnemonic
from custody.wire.bundle import Bundle, Kind, SignedBundle
from custody.wire.request import Approval, WithdrawalRequest

DAY = 86_400
_SEASON = 90 * DAY
_CONSENT = 2


@dataclass(slots=True)
class Panel:
    """Officers who read the screen and type the code that stands on it.

    Attributes:
        screen: what they have read, a line each.
        asked: whether they were asked for anything at all.
    """

    names: tuple[str, ...]
    heading: tuple[str, ...]
    screen: tuple[str, ...] = ()
    asked: bool = False

    def confirm(self, judgement: Judgement, code: str) -> Consent:
        """They agree to a withdrawal."""
        self.read(judgement)
        return self._typed(code, "sign exactly this")

    def agree(self, resolution: Resolution, code: str) -> Consent:
        """They agree to a decision about the device."""
        self.screen = tuple(council_screen.lines(resolution, self.heading))
        return self._typed(code, "decide so")

    def read(self, judgement: Judgement) -> None:
        """The screen of a withdrawal."""
        self.screen = tuple(screen.lines(judgement, self.heading))

    def _typed(self, code: str, what: str) -> Consent:
        self.asked = True
        one, *others = self.names
        do = f"{' and '.join(self.names)} each read the screen and type" if others else f"{one} types"
        self.screen += ("", f"To {what}, {do}:  {code}")
        return Consent(tuple(Typed(name, code) for name in self.names))


class House:
    """Both machines of the house, in ``folder``, and all its keys."""

    def __init__(self, folder: Path, keys: Keys, now: int) -> None:
        self.signer, self.pairings = folder / "signer", Pairings(folder / "coordinator")
        self._keys, self._now = keys, now
        self.files: dict[Kind, str] = {"roster": house_rules.roster(keys.certificate), **house_rules.FIRST}
        self.bundles = {kind: self.bundle(kind, body) for kind, body in self.files.items()}
        self._found()

    def bundle(self, kind: Kind, body: str, after: Bundle | None = None) -> SignedBundle:
        """A file as two of compliance sign it; ``after``: the bundle that it follows."""
        sequence, previous = (after.sequence + 1, after.digest) if after else (1, None)
        ends = self._now + _SEASON
        content = Bundle(kind, house_rules.NAME, sequence, self._now, ends, previous, body.encode()).content
        return SignedBundle(content, tuple(self._keys.sign(name, content) for name in COMPLIANCE[:2]))

    def _found(self) -> None:
        given: dict[str, bytes] = {kind: one.serialize() for kind, one in self.bundles.items()}
        with JailedGpg() as verifier:
            files, _ = founding.pinned(given, rehearsal=True, now=self._now, verifier=verifier)
        entropy, founders = mnemonic.entropy_of(world.MNEMONIC), Founders(PASSPHRASES, _CONSENT)
        new = founding.found(founders, entropy, rehearsal=True, files=files, random=kernel_random)
        making.make(self.signer, new, self._now)
        self._pair()

    def _pair(self) -> None:
        with home.opened(self.signer, self._now) as opened:
            with _unlock(opened, OFFICERS[:_CONSENT]) as key:
                descriptor = key.descriptor(REGTEST.chain_id, 0)
            opened.add_account(parse_account(world.BITCOIN_ACCOUNT, REGTEST, descriptor))
        with home.opened(self.signer, self._now) as opened:
            self.pairings.learn(opened.export(opened.installed.accounts))

    @property
    def account(self) -> Account:
        """The one account of the house."""
        _, account = self.pairings.device_of(world.BITCOIN_ACCOUNT)
        return bitcoin(account)

    def request(self, made: Withdrawal, purpose: str) -> WithdrawalRequest:
        """A withdrawal with the signatures of its maker and both approvers."""
        device, account = self.pairings.device_of(world.BITCOIN_ACCOUNT)
        asked = make_request(
            made.kind,
            made.transaction,
            made.record,
            device,
            account,
            maker=self._keys.fingerprint(MAKER),
            purpose=purpose,
            lifetime=DAY,
            now=self._now,
            random=kernel_random,
        )
        for name in (MAKER, *APPROVERS):
            asked = self._approved(asked, name)
        return asked

    def _approved(self, asked: WithdrawalRequest, name: str) -> WithdrawalRequest:
        by = self._keys.fingerprint(name)
        said = statement(asked, self.account, by, reject=False, tokens=TokenRegistry())
        approval = Approval(by, said.verdict, self._keys.sign(name, said.text))
        return WithdrawalRequest.parse(with_approval(asked, approval))

    def sign(self, message: bytes, at: int) -> tuple[Outcome, Panel]:
        """The ceremony, and what stood on the screen; nobody has typed anything where it ends in a refusal."""
        with home.opened(self.signer, at) as opened:
            panel = Panel(OFFICERS[:_CONSENT], _heading(opened))
            outcome = ceremony.sign(message, opened, panel, partial(_unlocked, opened))
        if outcome.status == "refused" and outcome.judgement:
            panel.read(outcome.judgement)
        return outcome, panel

    def decide(self, action: Action, names: Iterable[str], at: int) -> tuple[Decided, Panel]:
        """A decision about the device, and what stood on the screen."""
        with home.opened(self.signer, at) as opened:
            panel = Panel(tuple(names), _heading(opened))
            decided = council.decide(action, opened, panel, partial(_unlocked, opened))
        return decided, panel

    def heading(self, at: int) -> tuple[str, ...]:
        """What stands above every screen at that time."""
        with home.opened(self.signer, at) as opened:
            return _heading(opened)


def swapped(honest: WithdrawalRequest, made: Withdrawal) -> WithdrawalRequest:
    """The same request, and the same signatures, around another transaction and the record that agrees with it."""
    return replace(honest, transaction=made.transaction, travel_rule=canonical_block(made.record))


def _heading(opened: SignerHome) -> tuple[str, ...]:
    return heading(opened.state, opened.times, rehearsal=opened.header.rehearsal)


def _unlocked(opened: SignerHome, consent: Consent) -> KeyProcess:
    return _unlock(opened, [one.officer for one in consent.typed])


def _unlock(opened: SignerHome, names: Iterable[str]) -> KeyProcess:
    return KeyProcess(opened.sealed, {name: PASSPHRASES[name] for name in names})
