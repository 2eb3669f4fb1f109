"""Real OpenPGP keys, certificates and signatures for tests, made by the system's gpg in a home of its own."""

import atexit
import re
import shutil
import struct
import subprocess
import tempfile
from functools import cache
from pathlib import Path

# When keys are made and texts are signed, unless a test says otherwise: 1 January 2025 and 2026.
BORN = 1_735_689_600
NOW = 1_767_225_600
DAY = 86_400


class Keyring:
    """A secret keyring. Its agent ends and its folder goes with `close`, or with the tests.

    All keys are without a passphrase; every time is what gpg is told that it is.
    """

    def __init__(self) -> None:
        # Short: the path of the agent's socket must stay below 107 bytes.
        self.home = Path(tempfile.mkdtemp(prefix="kr-", dir="/tmp"))
        atexit.register(self.close)

    def close(self) -> None:
        """End the agent and remove all keys."""
        if self.home.exists():
            subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=False)
            shutil.rmtree(self.home, ignore_errors=True)

    def gpg(self, *arguments: str, octets: bytes = b"", at: int | None = None) -> bytes:
        """What gpg writes when it is called in this home, for example with ``--export``."""
        options = ["--batch", "--no-tty", "--quiet", "--yes", "--pinentry-mode", "loopback", "--passphrase", ""]
        time = [f"--faked-system-time={NOW if at is None else at}!"]
        command = ["gpg", "--homedir", str(self.home), "--no-options", *options, *time, *arguments]
        done = subprocess.run(command, input=octets, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    def make(
        self, name: str, algo: str = "ed25519", *, usage: str = "sign,cert", expire: str = "never", at: int = BORN,
        extra: tuple[str, ...] = (),
    ) -> str:  # fmt: skip
        """A new primary key; its fingerprint. ``expire`` as gpg takes it: ``30d``, ``never``."""
        known = set(self._keys())
        self.gpg(*extra, "--quick-generate-key", name, algo, usage, expire, at=at)
        (made,) = (fingerprint for fingerprint in self._keys() if fingerprint not in known)
        return made

    def add_subkey(
        self, fingerprint: str, algo: str = "ed25519", *, usage: str = "sign", expire: str = "never",
        at: int = BORN + 1, extra: tuple[str, ...] = (),
    ) -> str:  # fmt: skip
        """A new subkey, bound to that primary key; its fingerprint."""
        known = set(self._keys())
        self.gpg(*extra, "--quick-add-key", fingerprint, algo, usage, expire, at=at)
        (made,) = (key for key in self._keys() if key not in known)
        return made

    def revoke(self, fingerprint: str) -> None:
        """Revoke a primary key, by the revocation that gpg stored when it made the key."""
        stored = (self.home / "openpgp-revocs.d" / f"{fingerprint}.rev").read_text("utf-8")
        self.gpg("--import", octets=stored.replace(":-----BEGIN", "-----BEGIN").encode())

    def edit(self, fingerprint: str, *commands: str) -> None:
        """Change a key as in a conversation with ``gpg --edit-key``, and save it."""
        said = "\n".join((*commands, "save", "")).encode()
        self.gpg("--command-fd", "0", "--edit-key", fingerprint, octets=said)

    def certificate(self, fingerprint: str, at: int | None = None) -> bytes:
        """The certificate as it should be handed over: binary, minimal."""
        return self.gpg("--export-options", "export-minimal", "--export", fingerprint, at=at)

    def sign(self, fingerprint: str, text: bytes, at: int | None = None, extra: tuple[str, ...] = ()) -> bytes:
        """A detached binary signature by exactly this key or subkey. ``extra``: options of gpg that come first."""
        return self.gpg(*extra, "--local-user", f"{fingerprint}!", "--detach-sign", octets=text, at=at)

    def _keys(self) -> list[str]:
        listing = self.gpg("--list-keys", "--with-colons", "--with-subkey-fingerprint").decode()
        return re.findall(r"^fpr:+([0-9A-F]{40}):$", listing, re.MULTILINE)


@cache
def keyring() -> Keyring:
    """One keyring for all tests of a process, for keys that no test changes."""
    return Keyring()


@cache
def key(name: str) -> str:
    """The fingerprint of somebody's key in `keyring`, made when it is first asked for."""
    return keyring().make(f"{name} <{name.lower()}@example.org>")


@cache
def certificate(name: str) -> bytes:
    """Somebody's certificate."""
    return keyring().certificate(key(name))


@cache
def signature(name: str, text: bytes, at: int = NOW) -> bytes:
    """Somebody's detached signature of a text."""
    return keyring().sign(key(name), text, at)


def packet(tag: int, body: bytes) -> bytes:
    """A packet in the new format, its length in five bytes."""
    return bytes([0xC0 | tag, 255]) + struct.pack(">I", len(body)) + body
