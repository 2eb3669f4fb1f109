"""The gpg of the person at the keyboard: own keys, smart cards, pinentry. No passphrase passes through this program."""

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from custody.errors import Cancelled, CustodyError, HomeError, UsageError
from custody.officers import given
from custody.officers.openpgp import Certificate
from custody.screen import printable

if TYPE_CHECKING:
    from gnupg import GPG

# What the person's own settings may say is not what is served here. SHA-512 is fit for every key that is.
_OPTIONS = ("--no-armor", "--export-options", "no-export-attributes")
_SIGNING = ("--no-textmode", "--digest-algo", "SHA512")
_MAX_SAID = 200


class Keyring:
    """A person's own keys, in GNUPGHOME or where gpg keeps them."""

    def __init__(self, gpg: "GPG") -> None:
        self._gpg = gpg

    @classmethod
    def open(cls) -> Self:
        """The keyring. Raises HomeError OPENPGP-UNAVAILABLE."""
        from gnupg import GPG

        try:
            return cls(GPG(env=_environment(), options=list(_OPTIONS)))
        except (OSError, ValueError) as error:
            raise HomeError(
                "OPENPGP-UNAVAILABLE",
                "gpg does not run on this machine.",
                "Install gpg, or sign elsewhere: --signature",
            ) from error

    def certificate(self, key: str) -> bytes | None:
        """The binary certificate that holds this key or subkey, by fingerprint; None where there is none."""
        return bytes(self._gpg.export_keys(key, armor=False, minimal=True)) or None

    def sign(self, key: str, content: bytes) -> bytes:
        """A detached binary signature of ``content``.

        Args:
            key: fingerprint of the one subkey that signs, or of a certificate, of which gpg takes the key that signs.
            content: the exact bytes.

        Raises:
            UsageError: KEYRING-KEY.
            Cancelled: KEYRING-UNSIGNED, where card or pinentry said no.
            EvidenceError: OPENPGP-FORM, OPENPGP-KEY-WEAK, OPENPGP-CERTIFICATE.
        """
        user = key if self.owner(key) == key else f"{key}!"
        done = self._gpg.sign(
            content, detach=True, clearsign=False, binary=True, extra_args=[*_SIGNING, "--local-user", user]
        )
        if done.returncode != 0 or not done.data:
            raise Cancelled("KEYRING-UNSIGNED", "gpg did not sign.", _said(done))
        return given.signature(bytes(done.data))

    def owner(self, key: str) -> str:
        """Fingerprint of the certificate that holds this key.

        Raises:
            UsageError: KEYRING-KEY.
            EvidenceError: OPENPGP-CERTIFICATE, OPENPGP-KEY-WEAK: no signer would take it.
        """
        octets = self.certificate(key)
        if octets is None:
            raise UsageError("KEYRING-KEY", "Your gpg knows no key with this fingerprint.", "gpg --list-secret-keys")
        return Certificate.parse(octets).fingerprint


def certificate_of(key: str) -> bytes | None:
    """The certificate in the person's keyring that holds this key; None where it, or gpg itself, is not there."""
    try:
        return Keyring.open().certificate(key)
    except CustodyError:
        return None


def _environment() -> dict[str, str]:
    """This process's, and the terminal on which a pinentry for terminals asks: gpg gets a pipe for its input."""
    environment = dict(os.environ)
    if "GPG_TTY" not in environment and sys.stderr is not None and sys.stderr.isatty():
        with suppress(OSError):
            environment["GPG_TTY"] = os.ttyname(sys.stderr.fileno())
    return environment


def _said(done: Any) -> str:
    """The last that gpg said to people."""
    lines = [line for line in str(getattr(done, "stderr", "")).split("\n") if line.startswith("gpg: ")]
    return printable(lines[-1])[:_MAX_SAID] if lines else ""
