"""A new home on disk: built whole beside its place and renamed there, or not made at all (docs/spec/home.md)."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from custody.audit.log import Log
from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.edge import clock_file
from custody.edge.clock import read_clocks, rehearsal_reading, unix_time
from custody.edge.disk import LogFiles, failures, make_folder, sync_folder, write_atomic
from custody.edge.rules_files import RulesFiles
from custody.errors import HomeError
from custody.governance.clocks import Clock, Reading
from custody.governance.contents import Content
from custody.governance.state import KINDS, State
from custody.installed import serialize_accounts
from custody.vault.sealed import Header, seal
from custody.vault.secrets import DeviceSecrets, OfficerSecret, RulesSecret, SeedSecret

ROLE = canonical_json.dumps({"role": "signer", "version": 1})


@dataclass(frozen=True, slots=True)
class NewOfficer:
    """An officer of a new home: the header that his secret is sealed under, with his passphrase and his own secret."""

    header: Header
    passphrase: str = field(repr=False)
    secret: OfficerSecret = field(repr=False)

    @property
    def name(self) -> str:
        """The officer's name."""
        return self.header.officers[0]


@dataclass(frozen=True, slots=True)
class NewHome:
    """What a new home starts with; ``files`` are those that decide, by kind, and may be absent: then all is denied."""

    header: Header
    entropy: bytes = field(repr=False)
    officers: tuple[NewOfficer, ...] = field(repr=False)
    device_key: bytes = field(repr=False)
    device_nonce: bytes
    secrets: DeviceSecrets = field(repr=False)
    master_fingerprint: str
    files: Mapping[str, bytes]

    @property
    def state(self) -> State:
        """What is in force from the first day."""
        return State.founded({kind: Content.read(kind, exact).held for kind, exact in self.files.items()})

    def sealed_rules(self) -> bytes:
        """What the process that holds the key compares everything with."""
        one = self.officers[0].secret
        rules = RulesSecret(
            code_secret=self.secrets.code_secret,
            log_key=str(self.secrets.log_key(self.header.origin).verifier),
            officers={officer.name: officer.secret.public_key for officer in self.officers},
            threshold=self.header.threshold,
            state=self.state.serialize(),
        )
        return rules.seal(replace(self.header, purpose="rules"), one.rules_key)


def make(folder: Path, new: NewHome, at: int | None = None) -> None:
    """Builds a home beside its place and renames it there.

    Args:
        at: the time of a rehearsal, Unix seconds.

    Raises:
        HomeError: HOME-EXISTS, or what the disk says.
    """
    check_free(folder)
    reading = home_reading(at, rehearsal=new.header.rehearsal)
    building = folder.with_name(f".{folder.name}.new")
    with failures("home"):
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.rmtree(building, ignore_errors=True)
    make_folder(building)
    try:
        _fill(building, new, reading)
        move(building, folder)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def home_reading(at: int | None, *, rehearsal: bool) -> Reading:
    """What the clocks say, to a home of this kind. Raises HomeError REHEARSAL-ONLY, CLOCK-READING."""
    if not rehearsal:
        if at is not None:
            raise rehearsal_only()
        return read_clocks()
    return rehearsal_reading(unix_time() if at is None else at)


def rehearsal_only() -> HomeError:
    """A real home does not take its secrets, codes or time from arguments."""
    return HomeError("REHEARSAL-ONLY", "--secrets, --confirm and --at are for rehearsal homes.")


def check_free(folder: Path) -> None:
    """Refuses a place where a home, or anything else, is.

    Raises:
        HomeError: HOME-EXISTS, HOME-WRITE.
    """
    with failures("home"):
        taken = folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir())))
    if taken:
        raise HomeError("HOME-EXISTS", "There is something at this place already.", "Choose another --home.")


def officer_file(position: int) -> str:
    """Where an officer's secret lies, by his place in the header."""
    return f"officers/{position:02}.sealed"


def _fill(folder: Path, new: NewHome, reading: Reading) -> None:
    log_key, clock = new.secrets.log_key(new.header.origin), _clock(new, reading)
    write_atomic(folder / "home.json", ROLE)
    _seal_secrets(folder, new)
    sealed_rules = new.sealed_rules()
    RulesFiles(folder).create(new.files.values(), sealed_rules)
    write_atomic(folder / "accounts.json", serialize_accounts(()))
    clock_file.store(folder, clock, new.secrets.code_secret)
    log = Log.create(LogFiles(folder / "log"), log_key, new.secrets.sealer)
    time = clock.latest(reading)
    log.append("init", private=_beginning(new, sealed_rules), time=time)
    # The roster comes first: it says who may sign the others.
    for kind in sorted(new.files, key=lambda kind: (kind != "roster", KINDS.index(kind))):
        exact = new.files[kind]
        digest = hashlib.sha256(exact).hexdigest()
        log.append(kind, private={"digest": digest, "text": exact.decode(errors="replace")}, time=time)


def _clock(new: NewHome, reading: Reading) -> Clock:
    """A clock whose floor is what the pinned bundles say has passed."""
    headers = [Content.read(kind, exact).header for kind, exact in new.files.items()]
    stamps = [header.not_before for header in headers if header and header.not_before <= reading.rtc]
    clock = Clock.start(reading)
    return clock.raise_floor(max(stamps), reading) if stamps else clock


def _seal_secrets(folder: Path, new: NewHome) -> None:
    device = Header("device", new.header.rehearsal, new.header.origin, new.device_nonce)
    write_atomic(folder / "device.key", new.device_key)
    write_atomic(folder / "device.sealed", seal(new.secrets.serialize(), device, new.device_key))
    make_folder(folder / "officers")
    for position, officer in enumerate(new.officers):
        if officer.header.kdf is None:
            raise HomeError("HOME-CORRUPT", "An officer's secret must be sealed under a passphrase.")
        key = officer.header.kdf.key(officer.passphrase)
        write_atomic(folder / officer_file(position), seal(officer.secret.serialize(), officer.header, key))
    seed_key = new.officers[0].secret.seed_key
    write_atomic(folder / "seed.sealed", seal(SeedSecret(new.entropy).serialize(), new.header, seed_key))


def _beginning(new: NewHome, sealed_rules: bytes) -> dict[str, Json]:
    return {
        "accounts_digest": hashlib.sha256(serialize_accounts(())).hexdigest(),
        "elapsed": 0,
        "master_fingerprint": new.master_fingerprint,
        "officers": [{"key": one.secret.public_key.hex(), "name": one.name} for one in new.officers],
        "origin": new.header.origin,
        "rehearsal": new.header.rehearsal,
        "sealed_rules": hashlib.sha256(sealed_rules).hexdigest(),
        "state": new.state.as_json(),
        "threshold": new.header.threshold,
    }


def move(source: Path, target: Path) -> None:
    """Gives a finished file or folder its name, durably."""
    with failures(target.name):
        source.replace(target)
        sync_folder(target.parent)
