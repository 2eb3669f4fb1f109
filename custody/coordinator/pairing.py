"""The coordinator's home: the signers that it was paired with, in one file (docs/spec/export.md)."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from custody.audit.checkpoint import Checkpoint, LogVerifier
from custody.chains import chain
from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.edge.disk import failures, lock, make_folder, read_bounded, write_atomic
from custody.errors import CustodyError, EvidenceError, HomeError, UsageError
from custody.families import Account, parse_account
from custody.wire.export import DeviceExport, ExportedAccount

MAX_FILE = 4 * 1_048_576

_FILE = "home.json"
_PAIR = "Pair it first: custody coordinator pair SOURCE"


class Pairings:
    """The signers that this coordinator knows, each as it last showed itself."""

    def __init__(self, folder: Path) -> None:
        """Reads the home, or begins an empty one in memory.

        Raises:
            HomeError: HOME-ROLE, HOME-CORRUPT.
        """
        self._folder = folder
        self._devices: dict[str, DeviceExport] = {}
        self._read()

    @property
    def devices(self) -> tuple[DeviceExport, ...]:
        """The paired signers."""
        return tuple(self._devices.values())

    def learn(self, device: DeviceExport) -> None:
        """Takes in an export: a new signer, or a later state of a known one.

        Raises:
            EvidenceError: PAIRING-KEY when a known log comes with another key, PAIRING-ACCOUNT, or what
                `check_progress` raises.
            HomeError: HOME-BUSY.
            InputError: a code of the log key, checkpoint or descriptor reader.
        """
        checkpoint = _check_device(device)
        with self._alone():
            if known := self._devices.get(device.origin):
                if known.log_key != device.log_key:
                    raise EvidenceError("PAIRING-KEY", "This signer was paired with another log key.")
                check_progress(self.seen(device.origin), checkpoint)
                device = replace(device, accounts=_accounts_of_both(known, device))
            self._store(device)

    def device_of(self, account: str, origin: str | None = None) -> tuple[DeviceExport, Account]:
        """The signer that has this account, and the account; ``origin`` says which signer, where it is known.

        Raises:
            UsageError: ACCOUNT-UNKNOWN, ACCOUNT-AMBIGUOUS.
        """
        devices = self.devices if origin is None else (self.device(origin),)
        found = [(device, one) for device in devices for one in device.accounts if one.name == account]
        if len(found) > 1:
            raise UsageError(
                "ACCOUNT-AMBIGUOUS",
                f"More than one paired signer has an account {account!r}.",
                "Keep these signers in different homes: custody coordinator --home DIR pair SOURCE",
            )
        if not found:
            raise UsageError("ACCOUNT-UNKNOWN", f"No paired signer has an account {account!r}.", _PAIR)
        device, one = found[0]
        return device, parse_account(one.name, chain(one.chain_id), one.descriptor)

    def device(self, origin: str) -> DeviceExport:
        """The signer with this log origin. Raises UsageError DEVICE-UNKNOWN."""
        if origin not in self._devices:
            raise UsageError("DEVICE-UNKNOWN", "The signer of this request is not paired.", _PAIR)
        return self._devices[origin]

    def seen(self, origin: str) -> Checkpoint:
        """The newest checkpoint that this coordinator has seen of a signer."""
        device = self.device(origin)
        return LogVerifier.parse(device.log_key).open(device.checkpoint)

    def advance(self, origin: str, note: str) -> None:
        """Remembers a newer checkpoint; an older one changes nothing."""
        with self._alone():
            device = self.device(origin)
            if LogVerifier.parse(device.log_key).open(note).size > self.seen(origin).size:
                self._store(replace(device, checkpoint=note))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other command changes the home meanwhile, and what the last one wrote is read again."""
        with failures("home"):
            self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            absent = not self._folder.exists()
        if absent:
            make_folder(self._folder)
        with lock(self._folder / "lock"):
            self._read()
            yield

    def _read(self) -> None:
        with failures("home"):
            known = (self._folder / _FILE).exists()
        if known:
            self._devices = {one.origin: one for one in _parse(read_bounded(self._folder / _FILE, MAX_FILE))}

    def _store(self, device: DeviceExport) -> None:
        self._devices[device.origin] = device
        write_atomic(self._folder / _FILE, _serialize(self.devices))


def check_progress(seen: Checkpoint, new: Checkpoint) -> None:
    """That a signed checkpoint does not contradict a seen one, as far as sizes and roots tell.

    Raises:
        EvidenceError: LOG-ROLLBACK, LOG-FORK.
    """
    if new.size < seen.size:
        raise EvidenceError("LOG-ROLLBACK", f"The log has {new.size} entries, and had {seen.size} before.")
    check_same_size(seen, new)


def check_same_size(seen: Checkpoint, new: Checkpoint) -> None:
    """That two checkpoints of one size have one root. Raises EvidenceError LOG-FORK."""
    if new.size == seen.size and new.root != seen.root:
        raise EvidenceError(
            "LOG-FORK",
            f"The signer has shown two different logs of size {seen.size}.",
            "Keep both checkpoints: together they prove it. Stop using this signer.",
        )


def _check_device(device: DeviceExport) -> Checkpoint:
    """The checkpoint of a device that is what it says, as far as it can be seen from itself."""
    verifier = LogVerifier.parse(device.log_key)
    if verifier.origin != device.origin:
        raise EvidenceError("PAIRING-KEY", "The log key in this export is another log's.")
    for one in device.accounts:
        parse_account(one.name, chain(one.chain_id), one.descriptor)
    if len({one.name for one in device.accounts}) != len(device.accounts):
        raise EvidenceError("PAIRING-ACCOUNT", "The export names an account twice.")
    return verifier.open(device.checkpoint)


def _accounts_of_both(known: DeviceExport, new: DeviceExport) -> tuple[ExportedAccount, ...]:
    """An account keeps its descriptor, for a changed one would send change elsewhere; none is forgotten."""
    accounts = {one.name: one for one in known.accounts}
    for one in new.accounts:
        if accounts.setdefault(one.name, one) != one:
            raise EvidenceError("PAIRING-ACCOUNT", f"The account {one.name!r} has another descriptor than before.")
    return tuple(accounts.values())


def _serialize(devices: Iterable[DeviceExport]) -> bytes:
    rows: list[Json] = [
        {
            "origin": one.origin,
            "log_key": one.log_key,
            "checkpoint": one.checkpoint,
            "policy": one.policy_sequence,
            "list": one.list_sequence,
            "accounts": [{"name": a.name, "chain": a.chain_id, "descriptor": a.descriptor} for a in one.accounts],
        }
        for one in devices
    ]
    return canonical_json.dumps({"devices": rows, "role": "coordinator", "version": 1})


def _parse(text: bytes) -> list[DeviceExport]:
    try:
        match canonical_json.loads(text, limit=MAX_FILE):
            case {"role": "coordinator", "version": 1, "devices": list(rows)}:
                return [_device(row) for row in rows]
            case {"role": str()}:
                raise HomeError("HOME-ROLE", "This home is not a coordinator's.", "Choose another --home.")
    except CustodyError as error:
        if isinstance(error, HomeError):
            raise
        raise _corrupt() from error
    raise _corrupt()


def _device(row: Json) -> DeviceExport:
    match row:
        case {
            "origin": str(origin),
            "log_key": str(log_key),
            "checkpoint": str(checkpoint),
            "policy": int(policy),
            "list": int(flagged),
            "accounts": list(accounts),
        }:
            known = tuple(_account(one) for one in accounts)
            device = DeviceExport(origin, log_key, checkpoint, policy, flagged, known)
            _check_device(device)
            return device
    raise _corrupt()


def _account(row: Json) -> ExportedAccount:
    match row:
        case {"name": str(name), "chain": str(chain_id), "descriptor": str(descriptor)}:
            return ExportedAccount(name, chain_id, descriptor)
    raise _corrupt()


def _corrupt() -> HomeError:
    return HomeError("HOME-CORRUPT", "The coordinator's home cannot be read.", "Remove it and pair the signers again.")
