"""OpenPGP keys of invented people, made by gpg in a folder that goes with them."""

import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from custody.edge.gpg_child import PROGRAM
from custody.errors import HomeError

# No settings of this machine, and no question: these keys have no passphrase.
_OPTIONS = ("--no-options", "--batch", "--no-tty", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "")
_DAY = 86_400


class Keys:
    """Everybody's key, by name. For gpg it is always the second ``now``; the keys are a day old."""

    def __init__(self, folder: Path, names: Iterable[str], now: int) -> None:
        self._folder, self._now = folder, now
        self._fingerprints = {name: self._make(name) for name in names}

    def fingerprint(self, name: str) -> str:
        """Of somebody's certificate, 40 capital hex digits."""
        return self._fingerprints[name]

    def certificate(self, name: str) -> bytes:
        """Somebody's certificate, binary and minimal."""
        return self._gpg("--export-options", "export-minimal", "--export", self._fingerprints[name])

    def sign(self, name: str, content: bytes) -> bytes:
        """A detached binary signature of exactly these bytes."""
        return self._gpg("--local-user", f"{self._fingerprints[name]}!", "--detach-sign", content=content)

    def _make(self, name: str) -> str:
        born = self._now - _DAY
        made = self._gpg("--status-fd", "1", "--quick-generate-key", name, "ed25519", "sign", "never", at=born)
        told = re.search(rb"KEY_CREATED P ([0-9A-F]{40})", made)
        if told is None:
            raise _unavailable()
        return told[1].decode("ascii")

    def _gpg(self, *arguments: str, content: bytes = b"", at: int | None = None) -> bytes:
        time = f"--faked-system-time={self._now if at is None else at}!"
        return _run("--homedir", str(self._folder), *_OPTIONS, time, *arguments, content=content)


@contextmanager
def keys(names: Iterable[str], now: int) -> Iterator[Keys]:
    """Keys for these people; folder and agent are gone afterwards.

    Raises:
        HomeError: OPENPGP-UNAVAILABLE.
    """
    # Not where TMPDIR says: the path of the agent's socket must stay below 108 bytes.
    with tempfile.TemporaryDirectory(prefix="custody-keys-", dir="/tmp") as folder:
        try:
            yield Keys(Path(folder), names, now)
        finally:
            _end_agent(folder)


def _end_agent(folder: str) -> None:
    for order in (("--kill", "all"), ("--remove-socketdir",)):
        with suppress(OSError):
            subprocess.run(
                [PROGRAM.with_name("gpgconf"), "--homedir", folder, *order], capture_output=True, check=False
            )


def _run(*arguments: str, content: bytes) -> bytes:
    try:
        done = subprocess.run([PROGRAM, *arguments], input=content, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise _unavailable() from error
    return done.stdout


def _unavailable() -> HomeError:
    return HomeError(
        "OPENPGP-UNAVAILABLE",
        "gpg makes no keys on this machine, and the people of the demonstration need some.",
        "script/setup demo installs the packages gpg and gpg-agent.",
    )
