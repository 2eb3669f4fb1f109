"""The signer's home on disk (docs/spec/home.md): opened by one process at a time, and refused when edited."""

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from custody import ceremony
from custody.audit.entry import Entry
from custody.audit.log import Log
from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.edge import clock_file, inbox, interfaces
from custody.edge.blocks import Stick
from custody.edge.disk import LogFiles, failures, lock, read_bounded, write_atomic
from custody.edge.gpg import JailedGpg
from custody.edge.list_store import ListStore
from custody.edge.making import ROLE, home_reading, move, officer_file, rehearsal_only
from custody.edge.rules_files import MAX_FILE, RulesFiles, edited
from custody.errors import CustodyError, HomeError, UsageError
from custody.families import Account
from custody.governance.clocks import Clock, Reading, Times
from custody.governance.contents import Content
from custody.governance.state import State
from custody.installed import Files, Installed, file_digest, serialize_accounts
from custody.officers.openpgp import SignatureVerifier
from custody.screening.large import named
from custody.vault.orders import Sealed
from custody.vault.sealed import Header, open_sealed, read_header
from custody.vault.secrets import SECRET_BYTES, DeviceSecrets
from custody.wire.blocks import Header as BlocksHeader
from custody.wire.export import MAX_ACCOUNTS, DeviceExport, ExportedAccount

#: Entries that say what is in force; those that also sealed it anew.
_SEALING = ("init", "installed", "vetoed", "frozen", "thawing")
_GOVERNING = (*_SEALING, "in-force")


@dataclass(frozen=True, slots=True)
class SignerHome:
    """An open home: everything but the officers' secrets and the seed.

    Attributes:
        header: that of the device's own secrets, proved by opening them.
        officers: who has a secret here, by the seed's header, which is proved when the seed opens. quorum: how many
            of them consent to a signature.
        state, times: what is in force, and the clocks, as they were when the home was opened.
        interfaces: network interfaces of this machine that are up; None where that cannot be told.
        verifier: checks OpenPGP signatures.
        lists: the large lists that are there.
    """

    folder: Path
    header: Header
    officers: tuple[str, ...]
    quorum: int
    log: Log
    installed: Installed
    files: Files
    state: State
    clock: Clock
    reading: Reading
    interfaces: tuple[str, ...] | None
    verifier: SignatureVerifier
    lists: ListStore
    sealed: Sealed = field(repr=False)
    code_secret: bytes = field(repr=False)

    @property
    def times(self) -> Times:
        """The two clocks."""
        return self.clock.times(self.reading)

    @property
    def present(self) -> tuple[str, ...]:
        """The officers who may consent: those with a secret here whom the roster names, and whose end has not come."""
        roster = self.installed.roster
        named = roster.consenting(self.times.latest) if roster else self.officers
        return tuple(name for name in self.officers if name in named)

    def export(self, accounts: tuple[Account, ...]) -> DeviceExport:
        """What the online side is told: the log, what is installed, and these accounts."""
        return DeviceExport(
            origin=self.header.origin,
            log_key=str(self.log.verifier),
            checkpoint=self.log.checkpoint,
            policy_sequence=self.installed.sequence("policy"),
            list_sequence=self.installed.sequence("list"),
            accounts=tuple(ExportedAccount(one.name, one.chain.chain_id, one.descriptor) for one in accounts),
        )

    def add_account(self, account: Account) -> None:
        """Registers an account: written aside, logged, put in place.

        Raises:
            UsageError: ACCOUNT-EXISTS, ACCOUNT-LIMIT.
        """
        if len(self.installed.accounts) >= MAX_ACCOUNTS:
            raise UsageError("ACCOUNT-LIMIT", f"A home has at most {MAX_ACCOUNTS} accounts.")
        for one in self.installed.accounts:
            if account.name == one.name or (account.chain, account.descriptor) == (one.chain, one.descriptor):
                raise UsageError("ACCOUNT-EXISTS", f"This account is registered already, as {one.name!r}.")
        text = serialize_accounts((*self.installed.accounts, account))
        write_atomic(self.folder / "accounts.json.new", text)
        private: dict[str, Json] = {
            "accounts_digest": hashlib.sha256(text).hexdigest(),
            "chain": account.chain.chain_id,
            "descriptor": account.descriptor,
            "name": account.name,
        }
        self.log.append("account", private=private, time=self.times.latest)
        _put_in_place(self.folder)

    @property
    def counting_lists(self) -> frozenset[bytes]:
        """SHA-256 of the large lists that are in force or wait to be."""
        held = [self.state.held, {kind: one.file for kind, one in self.state.waiting.items()}]
        files = [RulesFiles(self.folder).read({"list": one["list"]}) for one in held if "list" in one]
        bodies = [Content.read("list", one["list"]).body for one in files]
        return frozenset(reference.digest for body in bodies if (reference := named(body)))

    def take_in(self, stick: Stick) -> Path:
        """Copies a stick's message into the home; it decides nothing, and nothing is logged yet (see `taken`)."""
        return inbox.receive(self.folder, stick, self.counting_lists, self.lists.watch)

    def taken(self, header: BlocksHeader) -> Entry:
        """Logs what was taken in."""
        private: dict[str, Json] = {"bytes": header.length, "digest": header.digest.hex(), "kind": header.kind}
        return self.log.append("taken-in", private=private, time=self.times.latest)

    def keep(self, sealed_rules: bytes, content: bytes | None) -> bytes:
        """Writes aside what a decision of the officers brings; returns the SHA-256 of ``sealed_rules``."""
        return RulesFiles(self.folder).keep(sealed_rules, content)

    def settle(self, stamp: int | None) -> None:
        """Puts in place what was kept and logged; ``stamp``, of a bundle, moves the floor of the clock."""
        RulesFiles(self.folder).settle()
        if stamp is not None and stamp > self.clock.floor:
            clock_file.store(self.folder, self.clock.raise_floor(stamp, self.reading), self.code_secret)


@contextmanager
def opened(
    folder: Path, at: int | None = None, *, practice: bool = False, judging: bool = True
) -> Iterator[SignerHome]:
    """The home, locked against other processes; what was interrupted or has become due is logged on the way in.

    Args:
        at: the time of a rehearsal, Unix seconds; None for this machine's.
        practice: the caller was given what only a rehearsal home may be given; no other home is opened then.
        judging: False for what judges nothing: large lists are then neither hashed nor held in memory.

    Raises:
        HomeError: HOME-ABSENT, HOME-ROLE, HOME-CORRUPT, HOME-EDITED, HOME-BUSY, REHEARSAL-ONLY, or a code of the log.
    """
    _check_role(folder)
    with lock(folder / "lock"), JailedGpg() as verifier, closing(ListStore(folder, judging)) as lists:
        home = _read_home(folder, at, verifier, lists, practice=practice)
        ceremony.recover(home.log, home.times.latest)
        if not home.header.rehearsal:
            ceremony.note_interfaces(home.log, home.interfaces, home.times.latest)
        yield home


def _check_role(folder: Path) -> None:
    with failures("home"):
        absent = not folder.is_dir()
    if absent:
        raise HomeError("HOME-ABSENT", "There is no home at this place.", "Make one: custody signer init")
    if _read(folder / "home.json") != ROLE:
        raise HomeError("HOME-ROLE", "This home is not a signer's.", "A home has one role: choose another --home.")


def _read_home(
    folder: Path, at: int | None, verifier: SignatureVerifier, lists: ListStore, *, practice: bool
) -> SignerHome:
    device, secrets = _device(folder)
    if practice and not device.rehearsal:
        raise rehearsal_only()
    seed = _seed_header(folder, device)
    reading = home_reading(at, rehearsal=device.rehearsal)
    clock = _clock(folder, reading, secrets.code_secret)
    log = Log.open(LogFiles(folder / "log"), secrets.log_key(device.origin), secrets.sealer, clock.latest(reading))
    clock, state, files, installed = _in_force(folder, device, log, clock, reading, secrets.code_secret, lists)
    return SignerHome(
        folder=folder,
        header=device,
        officers=seed.officers,
        quorum=installed.roster.consent if installed.roster else seed.threshold,
        log=log,
        installed=installed,
        files=files,
        state=state,
        clock=clock,
        reading=reading,
        interfaces=interfaces.seen(),
        verifier=verifier,
        lists=lists,
        sealed=_sealed(folder, log, seed),
        code_secret=secrets.code_secret,
    )


def _device(folder: Path) -> tuple[Header, DeviceSecrets]:
    device_key, sealed_device = _read(folder / "device.key"), _read(folder / "device.sealed")
    if len(device_key) != SECRET_BYTES:
        raise HomeError("HOME-CORRUPT", "The device key of this home is damaged.")
    secrets = DeviceSecrets.parse(open_sealed(sealed_device, device_key))
    return read_header(sealed_device), secrets


def _seed_header(folder: Path, device: Header) -> Header:
    seed = read_header(_read(folder / "seed.sealed"))
    alike = (device.origin, device.rehearsal) == (seed.origin, seed.rehearsal)
    if (device.purpose, seed.purpose) != ("device", "seed") or not alike:
        raise HomeError("HOME-CORRUPT", "The sealed files of this home do not belong together.")
    return seed


def _clock(folder: Path, reading: Reading, secret: bytes) -> Clock:
    """The clock with the time since the last command counted, and kept before anything is logged by it."""
    stored = clock_file.load(folder, secret)
    if stored is None:
        raise _missing("clock.json")
    clock = stored.observe(reading)
    if clock != stored:
        clock_file.store(folder, clock, secret)
    return clock


def _in_force(
    folder: Path, device: Header, log: Log, clock: Clock, reading: Reading, secret: bytes, lists: ListStore
) -> tuple[Clock, State, Files, Installed]:
    """What is in force by the clock as it stands once it has caught up; a floor that moves late may make more due."""
    state = _state(log, clock.times(reading))
    files = _files(folder, log, state)
    installed = _installed(device, files, lists)
    caught_up = _caught_up(folder, clock, installed, reading, secret)
    if caught_up == clock:
        return clock, state, files, installed
    return _in_force(folder, device, log, caught_up, reading, secret, lists)


def _caught_up(folder: Path, clock: Clock, installed: Installed, reading: Reading, secret: bytes) -> Clock:
    """The clock with the floor move of a bundle in force, where a crash came between its entry and the move."""
    stamps = [one.header.not_before for one in installed.contents.values() if one.header]
    stamp = max((one for one in stamps if one <= reading.rtc), default=0)
    if stamp <= clock.floor:
        return clock
    moved = clock.raise_floor(stamp, reading)
    clock_file.store(folder, moved, secret)
    return moved


def _state(log: Log, times: Times) -> State:
    """What the log says is in force; what has become due is logged. The newest mark in it cannot lie ahead."""
    newest = _newest(log, _GOVERNING)
    private = log.private(newest.index)
    authorised = log.last("authorised")
    marks = [private["elapsed"], *([log.private(authorised.index)["elapsed"]] if authorised else [])]
    if times.elapsed < max(cast(list[int], marks)):
        raise edited("clock.json")
    stored = State.parse(canonical_json.dumps(private["state"]))
    state = stored.matured(times)
    if state != stored:
        matured: dict[str, Json] = {"elapsed": times.elapsed, "state": state.as_json()}
        log.append("in-force", private=matured, time=times.latest)
    return state


def _newest(log: Log, kinds: tuple[str, ...]) -> Entry:
    entries = [entry for kind in kinds if (entry := log.last(kind))]
    if not entries:
        raise HomeError("HOME-CORRUPT", "The log of this home does not begin as it must.")
    return max(entries, key=lambda entry: entry.index)


def _sealed(folder: Path, log: Log, seed: Header) -> Sealed:
    logged = bytes.fromhex(str(log.private(_newest(log, _SEALING).index)["sealed_rules"]))
    officers = {name: _read(folder / officer_file(place)) for place, name in enumerate(seed.officers)}
    return Sealed(_read(folder / "seed.sealed"), RulesFiles(folder).sealed(logged), officers)


def _installed(device: Header, files: Files, lists: ListStore) -> Installed:
    try:
        return Installed.parse(device.origin, files, rehearsal=device.rehearsal, lists=lists)
    except CustodyError as error:
        if error.code in ("LIST-ABSENT", "LIST-MEMORY", "HOME-EDITED"):
            raise edited("The list in force") if error.code == "LIST-ABSENT" else error from None
        raise HomeError("HOME-CORRUPT", f"An installed file cannot be read: {error.message}") from error


def _files(folder: Path, log: Log, state: State) -> Files:
    """Accounts and the files in force, each exactly as the log says."""
    accounts = _logged_accounts(log)
    proposed = folder / "accounts.json.new"
    if _present(proposed) and file_digest(_read(proposed)) == accounts:
        _put_in_place(folder)
    content = _read(folder / "accounts.json") if _present(folder / "accounts.json") else b""
    if file_digest(content) != accounts:
        raise edited("accounts.json")
    return Files.of(content, RulesFiles(folder).read(state.held))


def _logged_accounts(log: Log) -> bytes:
    entry = _newest(log, ("account", "init"))
    return bytes.fromhex(str(log.private(entry.index)["accounts_digest"]))


def _put_in_place(folder: Path) -> None:
    move(folder / "accounts.json.new", folder / "accounts.json")


def _present(path: Path) -> bool:
    with failures("home"):
        return path.exists()


def _missing(name: str) -> HomeError:
    return HomeError("HOME-CORRUPT", f"{name} of this home is missing.", "Restore the home from its backup.")


def _read(path: Path) -> bytes:
    """A file of the home that must be there."""
    if not _present(path):
        raise _missing(path.name)
    return read_bounded(path, MAX_FILE)
