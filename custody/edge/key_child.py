"""The process that holds the key: opens the seal, answers on its pipe, and ends with the ceremony.

Its end is the wipe: Python cannot promise to overwrite a secret, but the kernel clears a dead process's memory.
"""

import ctypes
import hashlib
import mmap
import os
import resource
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import BinaryIO, cast

from custody.codec.cbor import Cbor
from custody.edge import interfaces
from custody.edge.gpg import JailedGpg
from custody.edge.jail import enter_jail
from custody.edge.pipes import read_message, write_message
from custody.edge.progress import Percent
from custody.edge.sealed_memory import mapped
from custody.errors import CustodyError, HomeError
from custody.officers.consent import Proof
from custody.officers.openpgp import SignatureVerifier
from custody.screening.large import NONE, Held, Lists
from custody.vault.key_holder import KeyHolder
from custody.vault.orders import MAX_ORDER, CouncilOrder, Evidence, Sealed, SigningOrder
from custody.vault.sealed import MAX_BYTES, MAX_MEMORY
from custody.wire.fields import Fields

_MCL_CURRENT, _MCL_FUTURE = 1, 2
_OWN_MEMORY = 1024**3


def enter_vault(descriptors: Sequence[int] = ()) -> list[mmap.mmap]:
    """The jail, with memory enough for the key derivation, kept from the swap where the kernel allows it; and the
    large lists, mapped before nothing can be mapped any more: no secrets, and not kept from the swap.

    Raises:
        HomeError: JAIL-UNAVAILABLE: no seal is opened outside the jail; KEY-PROCESS.
    """
    _keep_from_swap(_MCL_CURRENT)
    lists = [mapped(one) for one in descriptors]
    _keep_from_swap(_MCL_FUTURE)
    try:
        enter_jail(MAX_MEMORY + _OWN_MEMORY + sum(map(len, lists)))
    except (OSError, RuntimeError) as error:
        raise HomeError(
            "JAIL-UNAVAILABLE", "The key process could not be closed off.", "See docs/spec/home.md."
        ) from error
    return lists


def _keep_from_swap(memory: int) -> None:
    if os.geteuid() == 0 or resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY:
        ctypes.CDLL(None).mlockall(memory)


def serve(
    commands: BinaryIO,
    answers: BinaryIO,
    verifier: SignatureVerifier,
    lists: Lists = NONE,
    raised: tuple[str, ...] | None = None,
) -> None:
    """Opens the seals that the first message brings, then answers until the pipe closes.

    Args:
        raised: network interfaces of this machine that are up; None where that cannot be told.
    """
    opening = Fields(read_message(commands, MAX_ORDER), ("sealed", "passphrases"), "key process's opening")
    holder: list[KeyHolder] = []

    def open_seals() -> Cbor:
        files = Fields(opening.raw("sealed"), ("seed", "rules", "officers"), "sealed files")
        officers = cast(dict[str, bytes], files.raw("officers"))
        sealed = Sealed(files.octets("seed", limit=MAX_BYTES), files.octets("rules", limit=MAX_BYTES), officers)
        given = cast(dict[str, str], opening.raw("passphrases"))
        typed = Fields(given, tuple(given), "officers' passphrases")
        passphrases = {name: typed.text(name, limit=4_096) for name in given}
        holder.append(KeyHolder(sealed, passphrases, verifier, lists, raised))
        return None

    if not _answer(answers, open_seals):
        return
    while True:
        fields = Fields(read_message(commands, MAX_ORDER), ("command", "argument"), "key process's command")
        _answer(answers, lambda fields=fields: _carry_out(holder[0], fields))  # type: ignore[misc]


def _carry_out(holder: KeyHolder, fields: Fields) -> Cbor:
    match fields.text("command", limit=16):
        case "descriptor":
            argument = Fields(fields.raw("argument"), ("chain", "index"), "descriptor command")
            return holder.descriptor(argument.text("chain", limit=64), argument.uint("index"))
        case "consent":
            return _proofs(holder.consent(SigningOrder.parse(fields.octets("argument", limit=MAX_ORDER))))
        case "sign":
            signatures = holder.sign(Evidence.parse(fields.octets("argument", limit=MAX_ORDER)))
            return [[one.index, one.key, one.signature] for one in signatures]
        case "decide":
            sealed, proofs = holder.decide(CouncilOrder.parse(fields.octets("argument", limit=MAX_ORDER)))
            return [sealed, _proofs(proofs)]
    raise HomeError("KEY-PROCESS", "The key process was given a command that it does not know.")


def _proofs(proofs: tuple[Proof, ...]) -> list[Cbor]:
    return [[one.officer, one.signature] for one in proofs]


def _answer(answers: BinaryIO, work: Callable[[], Cbor]) -> bool:
    try:
        write_message(answers, {"result": work()})
    except CustodyError as error:
        told: dict[str, Cbor] = {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "exit": error.exit_code,
        }
        write_message(answers, {"error": told})
        return False
    return True


def main() -> None:
    """Entry point of the child. What needs the machine, it does before the jail closes around it."""
    commands, answers = sys.stdin.buffer, sys.stdout.buffer
    raised = interfaces.seen()
    verifier = JailedGpg()
    # A machine without gpg still opens its seals; whoever asks for a signature to be verified is then refused.
    with suppress(HomeError):
        verifier.start()
    lists: list[mmap.mmap] = []
    try:
        if _answer(answers, lambda: lists.extend(enter_vault([int(one) for one in sys.argv[2:]]))):
            serve(commands, answers, verifier, _hashed(lists, answers), raised)
    except (EOFError, BrokenPipeError):
        return


def _hashed(lists: Sequence[mmap.mmap], answers: BinaryIO) -> Lists:
    """The lists under the SHA-256 that this process finds of them, in memory that nobody can write."""

    def tell(what: str, percent: int) -> None:
        progress: list[Cbor] = [what, percent, 100]
        write_message(answers, {"progress": progress})

    return Held({hashlib.sha256(one).digest(): one for one in lists}, Percent(tell))
