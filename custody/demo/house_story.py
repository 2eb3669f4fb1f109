"""Plays the second chapter: everything online belongs to the thief, and so do the keys of everybody who works there."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from custody.bitcoin.script import encode_address
from custody.ceremony import Outcome
from custody.chains import REGTEST
from custody.coordinator import answers
from custody.demo import bitcoin_world, evidence, house_cases, house_rules, world
from custody.demo.evidence import Evidence
from custody.demo.house import House, Panel, swapped
from custody.demo.house_cases import HouseCase
from custody.demo.house_rules import OFFICERS
from custody.demo.keys import keys
from custody.edge.disk import write_atomic
from custody.edge.frames import read_source, write_dest
from custody.errors import HomeError
from custody.governance.actions import Freeze, Install, Veto
from custody.governance.install import Proposal
from custody.qr.ur import Message
from custody.screen import folded
from custody.wire import bundle, export, request, response
from custody.wire.bundle import Kind, SignedBundle
from custody.wire.request import WithdrawalRequest
from custody.wire.response import SigningResponse

#: Nobody has reported this address yet.
THIEF = encode_address(b"\x00\x14" + world.key_hash("another thief"), REGTEST)

_AMOUNTS = (50_000_000, 60_000_000)
_LATER = 20 * 3_600
_FROM_NOW_ON = "--- above every screen from now on ---"
_AGAIN = "--- shown again: the honest withdrawal, with all its approvals ---"
_FILES: dict[Kind, str] = {"roster": "roster.toml", "policy": "policy.toml", "list": "flagged.txt"}


@dataclass(frozen=True, slots=True)
class Event:
    """How a scene went.

    Attributes:
        status: ``signed``, ``refused``, ``waits``, ``vetoed`` or ``frozen``.
        screen: what stood on the signer's screen, a line each.
        told: the same in few words. left: what left the device, or is in force.
        entry: the last of the log.
        pictures: QR codes that crossed the air gap, each with its caption.
    """

    case: HouseCase
    status: str
    screen: tuple[str, ...]
    told: tuple[str, ...]
    left: str
    entry: int
    pictures: tuple[tuple[str, str], ...] = ()
    txid: str | None = None


class Chapter:
    """The scenes, in the order in which they are played: each goes on where the one before it ended."""

    def __init__(self, house: House, out: Path, now: int) -> None:
        self._house, self._out, self._now = house, out, now
        self._honest = b""
        place = out / "house"
        place.mkdir()
        for kind, name in _FILES.items():
            write_atomic(place / name, house.files[kind].encode(), mode=0o644)
            write_atomic(place / f"{kind}.bundle", house.bundles[kind].serialize(), mode=0o644)
        write_dest(Message(export.UR_TYPE, house.pairings.devices[0].serialize()), str(place / "pairing.gif"))

    def play(self) -> Iterator[Event]:
        """Every scene, kept in a folder of its own."""
        scenes = (self._approved, self._swapped, self._anew, self._loosening, self._vetoed, self._frozen)
        for case, scene in zip(house_cases.CASES, scenes, strict=True):
            folder = self._out / case.name
            folder.mkdir()
            event = scene(case, folder)
            write_atomic(folder / "screen.txt", "\n".join([*event.screen, ""]).encode(), mode=0o644)
            yield event

    def _approved(self, case: HouseCase, folder: Path) -> Event:
        asked = self._house.request(bitcoin_world.withdrawal(self._house.account, _AMOUNTS[0]), _purpose(case))
        return self._withdrawal(case, asked, folder)

    def _swapped(self, case: HouseCase, folder: Path) -> Event:
        account, amount = self._house.account, _AMOUNTS[1]
        later = bitcoin_world.LATER_FUNDING
        honest = self._house.request(bitcoin_world.withdrawal(account, amount, funding=later), _purpose(case))
        self._honest = honest.serialize()
        write_atomic(folder / "approved.request", self._honest, mode=0o644)
        stolen = bitcoin_world.withdrawal(account, amount, THIEF, funding=later)
        return self._withdrawal(case, swapped(honest, stolen), folder)

    def _anew(self, case: HouseCase, folder: Path) -> Event:
        stolen = bitcoin_world.withdrawal(self._house.account, _AMOUNTS[1], THIEF, funding=bitcoin_world.LATER_FUNDING)
        return self._withdrawal(case, self._house.request(stolen, _purpose(case)), folder)

    def _withdrawal(self, case: HouseCase, asked: WithdrawalRequest, folder: Path) -> Event:
        encoded = asked.serialize()
        write_atomic(folder / "withdrawal.request", encoded, mode=0o644)
        scanned, frames = _across(request.UR_TYPE, encoded, folder / "request.gif")
        outcome, panel = self._house.sign(scanned, self._now)
        txid = self._receive(asked, outcome, folder)
        pictures = (
            ("request.gif", f"The request with three signatures: {len(encoded):,} bytes in {frames} frames"),
            ("answer.gif", "The answer as it leaves the signer"),
        )
        told, left = _told(outcome, panel), left_device(txid)
        return Event(case, outcome.status, panel.screen, told, left, outcome.entry.index, pictures, txid)

    def _receive(self, asked: WithdrawalRequest, outcome: Outcome, folder: Path) -> str | None:
        encoded, _ = _across(response.UR_TYPE, outcome.response.serialize(), folder / "answer.gif")
        answered = SigningResponse.parse(encoded)
        device, account = self._house.pairings.device_of(asked.account)
        answers.check_response(asked, answered, device, account)
        self._house.pairings.advance(device.origin, answered.checkpoint)
        write_atomic(folder / "withdrawal.response", encoded, mode=0o644)
        if outcome.status != "signed":
            return None
        txid, raw = answers.finalize(asked, answered, account)
        write_atomic(folder / "signed.hex", raw.hex().encode() + b"\n", mode=0o644)
        return txid

    def _loosening(self, case: HouseCase, folder: Path) -> Event:
        text = house_rules.POLICY_WITHOUT_LIMITS
        signed = self._house.bundle("policy", text, after=self._house.bundles["policy"].bundle)
        write_atomic(folder / "policy.toml", text.encode(), mode=0o644)
        write_atomic(folder / "policy.bundle", signed.serialize(), mode=0o644)
        scanned, frames = _across(bundle.UR_TYPE, signed.serialize(), folder / "bundle.gif")
        decided, panel = self._house.decide(Install(SignedBundle.parse(scanned)), OFFICERS[:2], self._now)
        proposal = decided.resolution.proposal
        screen = (*panel.screen, "", _FROM_NOW_ON, "", *self._house.heading(self._now))
        status = "waits" if proposal and proposal.delay else "in force"
        left = "The old policy is in force. What waits stands on every screen until then."
        pictures = (("bundle.gif", f"The signed policy: {len(scanned):,} bytes in {frames} frames"),)
        return Event(case, status, screen, _loosened(proposal), left, decided.entry.index, pictures)

    def _vetoed(self, case: HouseCase, _folder: Path) -> Event:
        decided, panel = self._house.decide(Veto("policy"), OFFICERS[2:], self._now + _LATER)
        status = "waits" if "policy" in decided.resolution.state.waiting else "vetoed"
        told = ("Endo alone threw it out, 20 hours later: one officer is enough.",)
        left = "The policy without limits will never be in force; its number and digest stay in the log."
        return Event(case, status, panel.screen, told, left, decided.entry.index)

    def _frozen(self, case: HouseCase, _folder: Path) -> Event:
        at = self._now + _LATER
        decided, panel = self._house.decide(Freeze(), OFFICERS[1:2], at)
        screen = (*panel.screen, "", _FROM_NOW_ON, "", *self._house.heading(at), _AGAIN, "")
        try:
            outcome, panel = self._house.sign(self._honest, at)
        except HomeError as error:
            said = f"{error.code}: {error.message}"
            screen = (*screen, said, *folded(f"  {error.hint}", 2))
            left = "No signature left the device, and none will until two officers thaw it."
            return Event(case, "frozen", screen, (said,), left, decided.entry.index)
        return Event(case, outcome.status, screen, _told(outcome, panel), left_device(None), outcome.entry.index)

    def export_log(self) -> Evidence:
        """The log of the house as an auditor gets it."""
        return evidence.exported(self._house.signer, self._now + _LATER, self._out, "house/log")


def _purpose(case: HouseCase) -> str:
    return f"withdrawal of customer 10482 ({case.name})"


def _across(kind: str, encoded: bytes, picture: Path) -> tuple[bytes, int]:
    """What is read from the QR codes of a message, and how many there were."""
    frames = write_dest(Message(kind, encoded), str(picture))
    return read_source(str(picture), expected_types={kind}).payload, frames


def _told(outcome: Outcome, panel: Panel) -> tuple[str, ...]:
    if outcome.status == "signed":
        return (f"Tanaka made it, Ito and Chiba approved it, {' and '.join(panel.names)} confirmed it.",)
    reasons = outcome.judgement.decision.reasons if outcome.judgement else ()
    codes = ", ".join(dict.fromkeys(reason.code for reason in reasons))
    return (f"{codes}: {'officers were asked' if panel.asked else 'no officer was even asked'}.",)


def _loosened(proposal: Proposal | None) -> tuple[str, ...]:
    if proposal is None or proposal.delay is None:
        return ()
    rules = ", ".join(dict.fromkeys(change.rule for change in proposal.changes if change.loosens))
    return (
        f"Newly allowed: {rules}.",
        f"In force after {proposal.delay.seconds // 3600} h, unless an officer stops it.",
    )


def left_device(txid: str | None) -> str:
    """What a withdrawal brought out, in words."""
    if txid:
        return f"A signature left the device; the transaction is {txid}."
    return "No signature left the device. The online side learns that it was refused, and not why."


@contextmanager
def chapter(out: Path, now: int) -> Iterator[Chapter]:
    """The chapter in a house that is gone afterwards, with its keys.

    Raises:
        HomeError: OPENPGP-UNAVAILABLE.
    """
    with (
        tempfile.TemporaryDirectory(prefix="custody-demo-") as folder,
        keys(house_rules.SIGNERS, now) as everybody,
    ):
        yield Chapter(House(Path(folder), everybody, now), out, now)
