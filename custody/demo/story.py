"""Plays the demonstration: a throw-away signer and coordinator, and one folder for each withdrawal."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from custody import ceremony, screen
from custody.ceremony import Consent, Outcome
from custody.chains import ANVIL, REGTEST
from custody.coordinator import answers
from custody.coordinator.pairing import Pairings
from custody.coordinator.requests import evm_bytes, make_request
from custody.council_screen import heading
from custody.demo import evidence, house_cases, world
from custody.demo.cases import CASES, Case
from custody.demo.evidence import Evidence
from custody.edge import founding, home, making
from custody.edge.disk import write_atomic
from custody.edge.entropy import kernel_random
from custody.edge.founding import Founders
from custody.edge.frames import read_source, write_dest
from custody.edge.home import SignerHome
from custody.edge.key_process import KeyProcess
from custody.edge.places import writing
from custody.errors import UsageError
from custody.families import parse_account, raw_text
from custody.governance.clocks import Times
from custody.governance.state import State
from custody.judgement import Judgement
from custody.officers.consent import Typed
from custody.qr.ur import Message
from custody.vault import mnemonic
from custody.wire import export, request, response
from custody.wire.request import WithdrawalRequest
from custody.wire.response import SigningResponse

DAY = 86_400

#: By kind, the file that the story leaves, and what stands in it.
_RULES = {
    "policy": ("policy.toml", world.POLICY),
    "list": ("flagged.txt", world.FLAGGED_LIST),
    "tokens": ("tokens.toml", world.TOKENS),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """How a case went.

    Attributes:
        screen: what the officer saw, a line each.
        request_bytes, frames: size of the request, and QR frames that carried it.
        txid: of the finalised transaction, where there is one.
    """

    case: Case
    outcome: Outcome
    screen: tuple[str, ...]
    request_bytes: int
    frames: int
    txid: str | None


class _Officer:
    """Reads the screen, and types the code that stands on it."""

    def __init__(self) -> None:
        self.screen: tuple[str, ...] = ()

    def confirm(self, judgement: Judgement, code: str) -> Consent:
        self.read(judgement)
        self.screen += ("", f"To sign exactly this, {world.OFFICER} types:  {code}")
        return Consent((Typed(world.OFFICER, code),))

    def read(self, judgement: Judgement) -> None:
        self.screen = tuple(screen.lines(judgement, heading(State(), Times(0, 0), rehearsal=True)))


class Stage:
    """The two machines of the demonstration, in a folder that is thrown away, and the folder of what they leave."""

    def __init__(self, folder: Path, out: Path, now: int) -> None:
        self._home, self._pairings, self._out, self._now = folder / "signer", Pairings(folder / "coordinator"), out, now
        self._found()
        for name, network in ((world.BITCOIN_ACCOUNT, REGTEST), (world.EVM_ACCOUNT, ANVIL)):
            with home.opened(self._home, now) as opened, self._unlock(opened) as key:
                descriptor = key.descriptor(network.chain_id, 0)
                opened.add_account(parse_account(name, network, descriptor))
        with home.opened(self._home, now) as opened:
            self._pairings.learn(opened.export(opened.installed.accounts))

    def _found(self) -> None:
        entropy = mnemonic.entropy_of(world.MNEMONIC)
        new = founding.found(
            Founders({world.OFFICER: world.PASSPHRASE}, threshold=1),
            entropy,
            rehearsal=True,
            files={kind: text.encode() for kind, (_, text) in _RULES.items()},
            random=kernel_random,
        )
        making.make(self._home, new, self._now)
        for name, text in _RULES.values():
            write_atomic(self._out / name, text.encode(), mode=0o644)

    def _unlock(self, opened: SignerHome) -> KeyProcess:
        return KeyProcess(opened.sealed, {world.OFFICER: world.PASSPHRASE})

    def play(self, case: Case) -> Scene:
        """One withdrawal from the coordinator through the signer and back, over real QR codes."""
        folder = self._out / case.name
        folder.mkdir()
        asked = self._ask(case, folder)
        frames = write_dest(Message(request.UR_TYPE, asked.serialize()), str(folder / "frames"))
        write_dest(Message(request.UR_TYPE, asked.serialize()), str(folder / "request.gif"))
        scanned = read_source(str(folder / "frames"), expected_types={request.UR_TYPE}).payload
        officer, outcome = self._sign(scanned)
        write_atomic(folder / "screen.txt", "\n".join([*officer.screen, ""]).encode(), mode=0o644)
        txid = self._receive(asked, outcome, folder)
        return Scene(case, outcome, officer.screen, len(scanned), frames, txid)

    def _ask(self, case: Case, folder: Path) -> WithdrawalRequest:
        device, account = self._pairings.device_of(case.account)
        made = case.make(account)
        asked = make_request(
            made.kind,
            evm_bytes(made.transaction) if made.kind == "evm-transaction" else made.transaction,
            made.record,
            device,
            account,
            purpose=f"withdrawal of customer 10482 ({case.name})",
            lifetime=DAY,
            now=self._now,
            random=kernel_random,
        )
        write_atomic(folder / f"unsigned{made.suffix}", made.transaction, mode=0o644)
        write_atomic(folder / "travel-rule.json", made.record, mode=0o644)
        write_atomic(folder / "withdrawal.request", asked.serialize(), mode=0o644)
        return asked

    def _sign(self, scanned: bytes) -> tuple[_Officer, Outcome]:
        officer = _Officer()
        with home.opened(self._home, self._now) as opened:
            outcome = ceremony.sign(scanned, opened, officer, lambda _: self._unlock(opened))
        if outcome.status == "refused" and outcome.judgement:
            officer.read(outcome.judgement)
        return officer, outcome

    def _receive(self, asked: WithdrawalRequest, outcome: Outcome, folder: Path) -> str | None:
        write_dest(Message(response.UR_TYPE, outcome.response.serialize()), str(folder / "answer.gif"))
        encoded = read_source(str(folder / "answer.gif"), expected_types={response.UR_TYPE}).payload
        answered = SigningResponse.parse(encoded)
        device, account = self._pairings.device_of(asked.account)
        answers.check_response(asked, answered, device, account)
        self._pairings.advance(device.origin, answered.checkpoint)
        write_atomic(folder / "withdrawal.response", encoded, mode=0o644)
        if outcome.status != "signed":
            return None
        txid, raw = answers.finalize(asked, answered, account)
        write_atomic(folder / "signed.hex", raw_text(account.chain, raw).encode() + b"\n", mode=0o644)
        return txid

    def export_log(self) -> Evidence:
        """The log as an auditor gets it, checked against its key; what checks and pairs stands beside it too."""
        told = evidence.exported(self._home, self._now, self._out, "log")
        for name in ("checkpoint.txt", "log-key.txt"):
            write_atomic(self._out / name, (self._out / "log" / name).read_bytes(), mode=0o644)
        write_dest(Message(export.UR_TYPE, self._pairings.devices[0].serialize()), str(self._out / "pairing.gif"))
        return told


@contextmanager
def stage(out: Path, now: int) -> Iterator[Stage]:
    """A stage whose machines are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="custody-demo-") as folder:
        yield Stage(Path(folder), out, now)


def prepare(out: Path) -> None:
    """An empty folder for the demonstration; an older demonstration in it makes way, nothing else does.

    Raises:
        UsageError: DEMO-FOLDER.
        InputError: DEST-UNWRITABLE.
    """
    with writing(out):
        if out.is_symlink() or (out.exists() and not out.is_dir()):
            raise UsageError("DEMO-FOLDER", f"{out} is no folder.", "Choose another folder with --out.")
        out.mkdir(parents=True, exist_ok=True)
        left = list(out.iterdir())
        if {one.name for one in left} - _LEFT:
            raise UsageError("DEMO-FOLDER", f"{out} holds other things.", "Choose another folder with --out.")
        for one in left:
            shutil.rmtree(one) if one.is_dir() else one.unlink()


_LEFT = {
    *(case.name for case in (*CASES, *house_cases.CASES)),
    "policy.toml",
    "flagged.txt",
    "tokens.toml",
    "log",
    "log-key.txt",
    "checkpoint.txt",
    "pairing.gif",
    "house",
    "index.html",
}
