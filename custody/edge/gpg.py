"""Proves OpenPGP signatures by gpg in its jail."""

import subprocess
from contextlib import suppress
from hashlib import sha256
from types import TracebackType
from typing import BinaryIO, Self, cast

from custody.codec import cbor
from custody.codec.cbor import Cbor
from custody.edge.gpg_child import JOB_SECONDS, MAX_TIME
from custody.edge.jail import isolated_command
from custody.edge.pipes import read_message, write_message
from custody.errors import CustodyError, EvidenceError, HomeError, InputError
from custody.officers.openpgp import Claim, read_claim
from custody.wire.fields import Fields

MAX_ANSWER = 4_096
MAX_REMEMBERED = 1_024

_KINDS: dict[str, type[CustodyError]] = {
    "OPENPGP-FORM": EvidenceError,
    "OPENPGP-CERTIFICATE": EvidenceError,
    "OPENPGP-INVALID": EvidenceError,
    "OPENPGP-EXPIRED": EvidenceError,
    "OPENPGP-KEY-EXPIRED": EvidenceError,
    "OPENPGP-KEY-REVOKED": EvidenceError,
    "OPENPGP-KEY-WEAK": EvidenceError,
    "OPENPGP-UNAVAILABLE": HomeError,
    "JAIL-UNAVAILABLE": HomeError,
}


class JailedGpg:
    """A `SignatureVerifier`, and a context manager. gpg runs in a child that can do nothing else.

    The child starts at the first claim, or at `start`: a process that will enter a jail of its own starts it before,
    since after `start` it takes no more than reading and writing two pipes. What was good once is remembered.

    Args:
        command: how to start the child; for tests.
    """

    def __init__(self, *, command: list[str] | None = None) -> None:
        self._command = command or isolated_command("custody.edge.gpg_child")
        self._child: subprocess.Popen[bytes] | None = None
        self._good: set[bytes] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def start(self) -> None:
        """Start the child, unless it is there.

        Raises:
            HomeError: OPENPGP-UNAVAILABLE, JAIL-UNAVAILABLE: nothing is ever verified outside the jail.
        """
        if self._child is not None:
            return
        try:
            # A session of its own: Ctrl-C is for the ceremony, which then closes the pipe.
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise _lost() from error
        self._hear()

    def verify(self, claim: Claim, at: int) -> None:
        """See `SignatureVerifier.verify`.

        Args:
            claim: text, signature and certificate.
            at: Unix time at which key and signature must be in force.
        """
        read_claim(claim)
        if not 0 <= at <= MAX_TIME:
            raise EvidenceError("OPENPGP-INVALID", "OpenPGP knows no such time.", "Set the clock.")
        parts: dict[str, Cbor] = {"text": claim.text, "signature": claim.signature, "certificate": claim.certificate}
        job: Cbor = {**parts, "at": at}
        digest = sha256(cbor.encode(job)).digest()
        if digest in self._good:
            return
        self.start()
        self._ask(job)
        if len(self._good) == MAX_REMEMBERED:
            self._good.clear()
        self._good.add(digest)

    def _ask(self, job: Cbor) -> None:
        try:
            write_message(cast(BinaryIO, cast("subprocess.Popen[bytes]", self._child).stdin), job)
        except BaseException as error:
            self._stop()
            if isinstance(error, OSError):
                raise _lost() from error
            raise
        self._hear()

    def _hear(self) -> None:
        """The child's word on one job; whatever stops it half-way, no answer may meet the next one."""
        stdout = cast(BinaryIO, cast("subprocess.Popen[bytes]", self._child).stdout)
        heard = False
        try:
            refusal = _refusal(read_message(stdout, MAX_ANSWER))
            heard = True
        except (EOFError, OSError, InputError) as error:
            raise _lost() from error
        finally:
            if not heard:
                self._stop()
        if refusal is not None:
            raise refusal

    def _stop(self) -> None:
        """Close the pipe, upon which the child cleans up and ends. Where this process may not wait, that must do."""
        child, self._child = self._child, None
        if child is None:
            return
        with suppress(OSError):
            cast(BinaryIO, child.stdin).close()
        with suppress(OSError, subprocess.TimeoutExpired):
            child.wait(JOB_SECONDS + 1)
        with suppress(OSError), child:
            child.kill()


def _refusal(answer: Cbor) -> CustodyError | None:
    """What a child's answer stands for.

    Raises:
        InputError: it is none.
    """
    if isinstance(answer, dict) and [*answer.items()] == [("ok", True)] and answer["ok"] is True:
        return None
    fields = Fields(answer, ("code", "message", "hint"), "answer of gpg's child")
    code, message, hint = (fields.text(name, limit=MAX_ANSWER) for name in ("code", "message", "hint"))
    kind = _KINDS.get(code)
    if kind is None:
        raise InputError("WIRE-TYPE", "The answer of gpg's child carries an unknown code.")
    return kind(code, message, hint)


def _lost() -> HomeError:
    return HomeError("OPENPGP-UNAVAILABLE", "The child that runs gpg ended early.", "Try once more.")
