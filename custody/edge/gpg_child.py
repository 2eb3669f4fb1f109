"""The child that asks gpg: a large parser of what the adversary sends, run where it can do nothing but answer.

Two processes. The outer one makes the folder that is gpg's home, and removes it at the end; the inner one enters the
jail, and gpg with it. In: canonical CBOR {text, signature, certificate, at} after a four-byte length, again and again.
Out, likewise, first when the jail stands and then for each job: {ok: true}, or {code, message, hint}. Both end with
the input.
"""

import codecs
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from custody.codec.cbor import Cbor
from custody.edge.jail import end_with_parent, enter_program_jail
from custody.edge.pipes import read_message, write_message
from custody.errors import CustodyError, HomeError
from custody.officers.gpg_status import Status, check_import, check_keys, check_verification
from custody.officers.openpgp import MAX_CERTIFICATE, MAX_SIGNATURE, MAX_TEXT, Claim, read_claim
from custody.wire.fields import Fields

if TYPE_CHECKING:
    from gnupg import GPG

MAX_JOB = MAX_TEXT + MAX_SIGNATURE + MAX_CERTIFICATE + 1_024
MAX_TIME = 2**32 - 1
MAX_MEMORY = 1_073_741_824
JOB_SECONDS = 20
PROCESSOR_SECONDS = 600

PROGRAM = Path("/usr/bin/gpg")
_OLDEST = (2, 2)
_OPTIONS = (
    # No setting, key, program or network but what is given here.
    *("--no-options", "--no-auto-key-locate", "--no-auto-key-retrieve", "--no-auto-key-import", "--disable-dirmngr"),
    *("--no-autostart", "--trust-model", "always", "--no-auto-check-trustdb", "--import-options", "no-repair-keys"),
    *("--lock-never", "--no-random-seed-file", "--display-charset", "utf-8"),
    # What binds a key by SHA-1 binds nothing.
    *("--weak-digest", "SHA1"),
    # Nothing but status lines where status lines are read.
    *("--logger-file", "/dev/null"),
)


def main() -> None:
    """Serve until the input ends. Without a working jail, or without gpg: say so and verify nothing."""
    folder = Path(tempfile.mkdtemp(prefix="custody-gpg-"))
    inner = os.fork()
    if inner == 0:
        os.setsid()
        serve(folder, sys.stdin.buffer, sys.stdout.buffer)
        return
    for descriptor in (0, 1):
        os.close(descriptor)
    # Until it is waited for, nobody else can have its number.
    os.waitid(os.P_PID, inner, os.WEXITED | os.WNOWAIT)
    os.killpg(inner, signal.SIGKILL)
    os.waitpid(inner, 0)
    shutil.rmtree(folder, ignore_errors=True)


def serve(folder: Path, jobs: BinaryIO, answers: BinaryIO) -> None:
    """Enter the jail, then answer every job in a keyring of its own under ``folder``."""
    signal.signal(signal.SIGALRM, lambda *_: os.kill(0, signal.SIGKILL))
    try:
        if not _answer(answers, lambda: _enter(folder)):
            return
        while True:
            job = read_message(jobs, MAX_JOB)
            _answer(answers, lambda job=job: _judge(folder, job))  # type: ignore[misc]
    except (EOFError, BrokenPipeError):
        return


def _answer(answers: BinaryIO, work: Callable[[], None]) -> bool:
    signal.alarm(JOB_SECONDS)
    told: dict[str, Cbor] = {"ok": True}
    try:
        work()
    except CustodyError as error:
        told = {"code": error.code, "message": error.message, "hint": error.hint}
    signal.alarm(0)
    write_message(answers, told)
    return "ok" in told


def _enter(folder: Path) -> None:
    import gnupg  # noqa: F401  loaded while files can still be read

    codecs.lookup("latin-1")
    if not PROGRAM.is_file():
        raise _unavailable("is not installed")
    try:
        end_with_parent()
        enter_program_jail(PROGRAM, folder, MAX_MEMORY, PROCESSOR_SECONDS)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        raise HomeError(
            "JAIL-UNAVAILABLE",
            f"The jail for gpg cannot be built here: {type(error).__name__}: {error}"[:200],
            "It needs Linux 5.13 or later with Landlock and seccomp, and the package libseccomp2.",
        ) from error
    if (_gpg(folder, 0).version or ()) < _OLDEST:
        raise _unavailable("is older than version 2.2")


def _judge(folder: Path, job: Cbor) -> None:
    fields = Fields(job, ("text", "signature", "certificate", "at"), "job for gpg")
    claim = Claim(
        fields.octets("text", limit=MAX_TEXT),
        fields.octets("signature", limit=MAX_SIGNATURE),
        fields.octets("certificate", limit=MAX_CERTIFICATE),
    )
    signature, certificate = read_claim(claim)
    ring = folder / "ring"
    ring.mkdir(mode=0o700)
    try:
        gpg = _gpg(ring, fields.uint("at", limit=MAX_TIME))
        check_import(_status(lambda: gpg.import_keys(claim.certificate)), certificate)
        detached = ring / "signature"
        detached.write_bytes(claim.signature)
        verified = _status(lambda: gpg.verify_data(str(detached), claim.text))
        signer = check_verification(verified, signature, certificate)
        check_keys(_listing(gpg), signer, certificate)
    finally:
        shutil.rmtree(ring)


def _gpg(home: Path, at: int) -> "GPG":
    """gpg with an empty keyring, for which it is always the second ``at``."""
    from gnupg import GPG

    options = [*_OPTIONS, "--faked-system-time", f"{at}!"]
    try:
        return GPG(gpgbinary=str(PROGRAM), gnupghome=str(home), options=options)
    except (OSError, ValueError) as error:
        raise _unavailable("does not run") from error


def _status(run: Callable[[], Any]) -> Status:
    try:
        done = run()
    except BrokenPipeError:
        # It had enough before it had all: nothing good was said.
        return Status(1)
    if done.returncode < 0:
        raise _unavailable("died")
    # Without a text when python-gnupg stumbled over what it read.
    return Status.parse(done.returncode, getattr(done, "stderr", ""))


def _listing(gpg: "GPG") -> str:
    return str(gpg.list_keys().data, "latin-1")


def _unavailable(why: str) -> HomeError:
    return HomeError("OPENPGP-UNAVAILABLE", f"gpg {why}.", "Install the package gpg, version 2.2 or later.")
