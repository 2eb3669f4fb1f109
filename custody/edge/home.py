"""The signer's home on disk (docs/spec/home.md): made whole or not at all, and refused when edited."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from custody import ceremony
from custody.audit.log import Log
from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.edge.disk import LogFiles, failures, lock, make_folder, read_bounded, sync_folder, write_atomic
from custody.errors import CustodyError, HomeError, UsageError
from custody.families import Account
from custody.installed import Files, Installed, file_digest, serialize_accounts
from custody.vault.sealed import Header, open_sealed, read_header, seal
from custody.vault.secrets import SECRET_BYTES, DeviceSecrets, SeedSecret
from custody.wire.export import MAX_ACCOUNTS, DeviceExport, ExportedAccount

MAX_FILE = 2 * 1_048_576

_ROLE = canonical_json.dumps({"role": "signer", "version": 1})


@dataclass(frozen=True, slots=True)
class NewHome:
    """What a new home starts with; policy and list may be absent, and then everything is denied."""

    header: Header
    entropy: bytes = field(repr=False)
    passphrase: str = field(repr=False)
    device_key: bytes = field(repr=False)
    device_nonce: bytes
    secrets: DeviceSecrets
    master_fingerprint: str
    policy: bytes | None
    flagged: bytes | None
    tokens: bytes | None = None

    @property
    def rules(self) -> tuple[tuple[str, str, bytes | None], ...]:
        """Kind of log entry, file name, and content of what is pinned."""
        return (
            ("policy", "policy.toml", self.policy),
            ("list", "flagged.txt", self.flagged),
            ("tokens", "tokens.toml", self.tokens),
        )


@dataclass(frozen=True, slots=True)
class SignerHome:
    """An open home: everything but the seed.

    ``header`` is that of the device's own secrets, proved by opening them; ``officers`` are named by the seed's
    header, which is proved when the seed opens.
    """

    folder: Path
    header: Header
    officers: tuple[str, ...]
    log: Log
    installed: Installed
    files: Files
    code_secret: bytes = field(repr=False)

    @property
    def sealed_seed(self) -> bytes:
        """The sealed seed, as it lies on disk."""
        return _read(self.folder / "seed.sealed")

    def export(self, accounts: tuple[Account, ...]) -> DeviceExport:
        """What the online side is told: the log, what is installed, and these accounts."""
        return DeviceExport(
            origin=self.header.origin,
            log_key=str(self.log.verifier),
            checkpoint=self.log.checkpoint,
            policy_sequence=self.installed.sequence,
            list_sequence=self.installed.sequence,
            accounts=tuple(ExportedAccount(one.name, one.chain.chain_id, one.descriptor) for one in accounts),
        )

    def add_account(self, account: Account, now: int) -> None:
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
        self.log.append("account", private=private, time=now)
        _put_in_place(self.folder)


def make(folder: Path, new: NewHome, now: int) -> None:
    """Builds a home beside its place and renames it there.

    Raises:
        HomeError: HOME-EXISTS, or what the disk says.
    """
    check_free(folder)
    building = folder.with_name(f".{folder.name}.new")
    with failures("home"):
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.rmtree(building, ignore_errors=True)
    make_folder(building)
    try:
        _fill(building, new, now)
        _move(building, folder)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def check_free(folder: Path) -> None:
    """Refuses a place where a home, or anything else, is.

    Raises:
        HomeError: HOME-EXISTS, HOME-WRITE.
    """
    with failures("home"):
        taken = folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir())))
    if taken:
        raise HomeError("HOME-EXISTS", "There is something at this place already.", "Choose another --home.")


def _fill(folder: Path, new: NewHome, now: int) -> None:
    log_key = new.secrets.log_key(new.header.origin)
    seed = SeedSecret(
        entropy=new.entropy,
        code_secret=new.secrets.code_secret,
        log_key=str(log_key.verifier),
        policy_digest=file_digest(new.policy),
        list_digest=file_digest(new.flagged),
        tokens_digest=file_digest(new.tokens),
    )
    if new.header.kdf is None:
        raise HomeError("HOME-CORRUPT", "A seed must be sealed under a passphrase.")
    device = Header("device", new.header.rehearsal, new.header.origin, new.device_nonce)
    write_atomic(folder / "home.json", _ROLE)
    write_atomic(folder / "seed.sealed", seal(seed.serialize(), new.header, new.header.kdf.key(new.passphrase)))
    write_atomic(folder / "device.key", new.device_key)
    write_atomic(folder / "device.sealed", seal(new.secrets.serialize(), device, new.device_key))
    write_atomic(folder / "accounts.json", serialize_accounts(()))
    log = Log.create(LogFiles(folder / "log"), log_key, new.secrets.sealer)
    log.append("init", private=_beginning(new), time=now)
    for kind, name, content in new.rules:
        if content is not None:
            write_atomic(folder / name, content)
            private: dict[str, Json] = {
                "digest": hashlib.sha256(content).hexdigest(),
                "text": content.decode(errors="replace"),
            }
            log.append(kind, private=private, time=now)


def _beginning(new: NewHome) -> dict[str, Json]:
    return {
        "accounts_digest": hashlib.sha256(serialize_accounts(())).hexdigest(),
        "master_fingerprint": new.master_fingerprint,
        "officers": list(new.header.officers),
        "origin": new.header.origin,
        "rehearsal": new.header.rehearsal,
    }


@contextmanager
def opened(folder: Path, now: int, *, practice: bool = False) -> Iterator[SignerHome]:
    """The home, locked against other processes; an interrupted signing is logged on the way in.

    Args:
        now: Unix seconds.
        practice: the caller was given what only a rehearsal home may be given; no other home is opened then.

    Raises:
        HomeError: HOME-ABSENT, HOME-ROLE, HOME-CORRUPT, HOME-EDITED, HOME-BUSY, REHEARSAL-ONLY, or a code of the log.
    """
    _check_role(folder)
    with lock(folder / "lock"):
        home = _read_home(folder, now, practice=practice)
        ceremony.recover(home.log, now)
        yield home


def _check_role(folder: Path) -> None:
    with failures("home"):
        absent = not folder.is_dir()
    if absent:
        raise HomeError("HOME-ABSENT", "There is no home at this place.", "Make one: custody signer init")
    if _read(folder / "home.json") != _ROLE:
        raise HomeError("HOME-ROLE", "This home is not a signer's.", "A home has one role: choose another --home.")


def _read_home(folder: Path, now: int, *, practice: bool) -> SignerHome:
    device_key, sealed_device = _read(folder / "device.key"), _read(folder / "device.sealed")
    if len(device_key) != SECRET_BYTES:
        raise HomeError("HOME-CORRUPT", "The device key of this home is damaged.")
    secrets = DeviceSecrets.parse(open_sealed(sealed_device, device_key))
    device, seed = read_header(sealed_device), read_header(_read(folder / "seed.sealed"))
    if (device.purpose, seed.purpose) != ("device", "seed") or (
        (device.origin, device.rehearsal) != (seed.origin, seed.rehearsal)
    ):
        raise HomeError("HOME-CORRUPT", "The two sealed files of this home do not belong together.")
    if practice and not device.rehearsal:
        raise rehearsal_only()
    log = Log.open(LogFiles(folder / "log"), secrets.log_key(device.origin), secrets.sealer, now)
    files = _decisive_files(folder, log)
    installed = _installed(device, files)
    return SignerHome(folder, device, seed.officers, log, installed, files, secrets.code_secret)


def _installed(device: Header, files: Files) -> Installed:
    try:
        return Installed.parse(device.origin, files, rehearsal=device.rehearsal)
    except CustodyError as error:
        raise HomeError("HOME-CORRUPT", f"An installed file cannot be read: {error.message}") from error


def _decisive_files(folder: Path, log: Log) -> Files:
    """Accounts, policy, list and tokens, each exactly as the log says."""
    accounts = _logged_digest(log, "account", "accounts_digest") or _logged_digest(log, "init", "accounts_digest")
    proposed = folder / "accounts.json.new"
    if _present(proposed) and file_digest(_read(proposed)) == accounts:
        _put_in_place(folder)
    return Files(
        _unedited(folder / "accounts.json", accounts) or b"",
        _unedited(folder / "policy.toml", _logged_digest(log, "policy", "digest")),
        _unedited(folder / "flagged.txt", _logged_digest(log, "list", "digest")),
        _unedited(folder / "tokens.toml", _logged_digest(log, "tokens", "digest")),
    )


def _logged_digest(log: Log, kind: str, name: str) -> bytes | None:
    entry = log.last(kind)
    return bytes.fromhex(str(log.private(entry.index)[name])) if entry else None


def _unedited(path: Path, logged: bytes | None) -> bytes | None:
    content = _read(path) if _present(path) else None
    if file_digest(content) != logged:
        raise HomeError(
            "HOME-EDITED",
            f"{path.name} is not what the log says was installed.",
            "Somebody changed this home. Keep it as evidence, and call the security officer.",
        )
    return content


def rehearsal_only() -> HomeError:
    """A real home does not take its secrets, codes or time from arguments."""
    return HomeError("REHEARSAL-ONLY", "--secrets, --confirm and --at are for rehearsal homes.")


def _put_in_place(folder: Path) -> None:
    _move(folder / "accounts.json.new", folder / "accounts.json")


def _move(source: Path, target: Path) -> None:
    """Gives a finished file or folder its name, durably."""
    with failures(target.name):
        source.replace(target)
        sync_folder(target.parent)


def _present(path: Path) -> bool:
    with failures("home"):
        return path.exists()


def _read(path: Path) -> bytes:
    """A file of the home that must be there."""
    if not _present(path):
        raise HomeError("HOME-CORRUPT", f"{path.name} of this home is missing.", "Restore the home from its backup.")
    return read_bounded(path, MAX_FILE)
