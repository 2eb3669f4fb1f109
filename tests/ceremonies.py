"""A signer made ready once, honest requests for it, and officers who say yes: what tests of the main job begin with."""

import functools
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import examples
import psbts

from custody import ceremony
from custody.audit.checkpoint import LogKey
from custody.bitcoin.script import encode_address
from custody.ceremony import Consent, Key, Outcome, Unlock
from custody.chains import REGTEST
from custody.edge import founding, home, making
from custody.edge.founding import Founders
from custody.edge.home import SignerHome
from custody.judgement import Judgement
from custody.officers.consent import Typed
from custody.vault import sealed
from custody.vault.key_holder import KeyHolder
from custody.vault.secrets import DeviceSecrets
from custody.wire.export import DeviceExport
from custody.wire.request import WithdrawalRequest

NOW = 1_767_225_600
OFFICER = "Sato"
PASSPHRASE = "correct horse battery staple"
WORDS = "abandon " * 11 + "about"
PAYEE = encode_address(psbts.PAYEE, REGTEST)
PAID = 60_000
SECRETS = {"mnemonic": WORDS, "officers": [{"name": OFFICER, "passphrase": PASSPHRASE}], "threshold": 1}

_scratch = tempfile.TemporaryDirectory(prefix="custody-prepared-")


def numbered(seed: bytes = b"custody") -> Callable[[int], bytes]:
    """Randomness that is the same each time, and never the same twice in a row."""
    count = iter(range(1_000))
    return lambda size: hashlib.shake_256(seed + bytes([next(count)])).digest(size)


def make_home(folder: Path, *, policy: bytes | None = examples.POLICY, flagged: bytes | None = examples.FLAGGED_LIST,
              seed: bytes = b"custody", account: bool = True) -> None:  # fmt: skip
    """A rehearsal home of one officer with one account, `psbts.TREASURY`; the same bytes each time."""
    given = {"policy": policy, "list": flagged}
    files = {kind: content for kind, content in given.items() if content is not None}
    founders = Founders({OFFICER: PASSPHRASE}, 1)
    making.make(folder, founding.found(founders, bytes(16), rehearsal=True, files=files, random=numbered(seed)), NOW)
    if account:
        with home.opened(folder, NOW) as opened:
            opened.add_account(psbts.TREASURY)


@functools.cache
def prepared() -> Path:
    """A home that is copied, never used."""
    folder = Path(_scratch.name) / "home"
    make_home(folder)
    return folder


def copy_home(folder: Path) -> Path:
    """A fresh copy of the prepared home."""
    shutil.copytree(prepared(), folder)
    return folder


@functools.cache
def _device() -> DeviceExport:
    folder = Path(_scratch.name) / "export"
    shutil.copytree(prepared(), folder)
    with home.opened(folder, NOW) as opened:
        return export(opened)


def export(opened: SignerHome) -> DeviceExport:
    """What the online side is told of a home."""
    return opened.export(opened.installed.accounts)


def record(*outputs: tuple[int, str, int], customer: str = "Tanaka") -> bytes:
    """The travel-rule block of the honest payment, or of other outputs."""
    return examples.block(examples.record(*(outputs or ((0, PAYEE, PAID),)), customer=customer))


def request(exported: DeviceExport | None = None, **changes: Any) -> WithdrawalRequest:
    """An honest request for the prepared home, with changes."""
    told = exported or _device()
    honest = WithdrawalRequest(
        id=bytes(range(16)),
        created=NOW,
        expires=NOW + 3_600,
        device=told.origin,
        account=psbts.TREASURY.name,
        checksum=psbts.TREASURY.checksum,
        chain_id=REGTEST.chain_id,
        kind="psbt",
        transaction=psbts.serialize(psbts.honest()),
        travel_rule=record(),
        blind=bytes(range(32)),
        checkpoint=told.checkpoint,
        purpose="customer withdrawal",
    )
    return replace(honest, **changes)


class Officer:
    """Says yes to what is shown, and remembers it; `code` stands for typing another code."""

    def __init__(self, code: str | None = None) -> None:
        self._code = code
        self.shown: list[Judgement] = []

    def confirm(self, judgement: Judgement, code: str) -> Consent:
        self.shown.append(judgement)
        return Consent((Typed(OFFICER, self._code or code),))


def key_in_process(opened: SignerHome, passphrase: str = PASSPHRASE) -> Unlock:
    """The key holder itself, without a process of its own."""

    def unlock(_consent: Consent) -> AbstractContextManager[Key]:
        return nullcontext(KeyHolder(opened.sealed, {OFFICER: passphrase}, opened.verifier))

    return unlock


@contextmanager
def open_home(folder: Path, now: int = NOW) -> Iterator[SignerHome]:
    """The home, as a command opens it."""
    with home.opened(folder, now) as opened:
        yield opened


def sign(folder: Path, message: bytes, *, now: int = NOW, officer: Officer | None = None,
         unlock: Callable[[SignerHome], Unlock] = key_in_process) -> Outcome:  # fmt: skip
    """The ceremony on a home, from opening it to closing it."""
    with open_home(folder, now) as opened:
        return ceremony.sign(message, opened, officer or Officer(), unlock(opened))


def kinds(folder: Path, now: int = NOW) -> list[str]:
    """What the log of a home tells, oldest first."""
    with open_home(folder, now) as opened:
        return [entry.kind for entry in opened.log.entries]


def secrets_file(folder: Path, **changes: Any) -> Path:
    """A rehearsal's secrets file."""
    path = folder / "secrets.json"
    path.write_text(json.dumps(SECRETS | changes))
    return path


def log_key(folder: Path) -> LogKey:
    """The log's private key, as whoever holds the device key can read it."""
    sealed_device, device_key = (folder / "device.sealed").read_bytes(), (folder / "device.key").read_bytes()
    secrets = DeviceSecrets.parse(sealed.open_sealed(sealed_device, device_key))
    return secrets.log_key(sealed.read_header(sealed_device).origin)
