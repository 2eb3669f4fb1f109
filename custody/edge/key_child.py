"""The process that holds the key: opens the seal, answers on its pipe, and ends with the ceremony.

Its end is the wipe: Python cannot promise to overwrite a secret, but the kernel clears a dead process's memory.
"""

import ctypes
import os
import resource
import sys
from collections.abc import Callable
from typing import BinaryIO

from custody.codec import cbor
from custody.codec.cbor import Cbor
from custody.edge.jail import enter_jail
from custody.errors import CustodyError, HomeError
from custody.vault.key_holder import MAX_ORDER, KeyHolder, SigningOrder
from custody.vault.sealed import MAX_MEMORY
from custody.wire.fields import Fields

_MCL_CURRENT_AND_FUTURE = 3
_OWN_MEMORY = 1024**3


def write_frame(pipe: BinaryIO, value: Cbor) -> None:
    """A CBOR message after its length in four bytes."""
    encoded = cbor.encode(value)
    pipe.write(len(encoded).to_bytes(4, "big") + encoded)
    pipe.flush()


def read_frame(pipe: BinaryIO) -> Cbor:
    """The next message.

    Raises:
        EOFError: the other end is gone, or speaks out of turn.
    """
    size = int.from_bytes(pipe.read(4), "big")
    encoded = pipe.read(size) if 0 < size <= MAX_ORDER else b""
    if len(encoded) != size or not encoded:
        raise EOFError
    return cbor.decode(encoded)


def enter_vault() -> None:
    """The jail, with memory enough for the key derivation, kept from the swap where the kernel allows it.

    Raises:
        HomeError: JAIL-UNAVAILABLE: no seal is opened outside the jail.
    """
    if os.geteuid() == 0 or resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY:
        ctypes.CDLL(None).mlockall(_MCL_CURRENT_AND_FUTURE)
    try:
        enter_jail(MAX_MEMORY + _OWN_MEMORY)
    except (OSError, RuntimeError) as error:
        raise HomeError(
            "JAIL-UNAVAILABLE", "The key process could not be closed off.", "See docs/spec/home.md."
        ) from error


def serve(commands: BinaryIO, answers: BinaryIO) -> None:
    """Opens the seal that the first message brings, then answers until the pipe closes."""
    opening = Fields(read_frame(commands), ("sealed", "passphrase"), "key process's opening")
    holder: list[KeyHolder] = []

    def open_seal() -> Cbor:
        sealed, passphrase = opening.octets("sealed", limit=MAX_ORDER), opening.text("passphrase", limit=4_096)
        holder.append(KeyHolder(sealed, passphrase))
        return None

    if not _answer(answers, open_seal):
        return
    while True:
        fields = Fields(read_frame(commands), ("command", "argument"), "key process's command")
        _answer(answers, lambda fields=fields: _carry_out(holder[0], fields))  # type: ignore[misc]


def _carry_out(holder: KeyHolder, fields: Fields) -> Cbor:
    match fields.text("command", limit=16):
        case "descriptor":
            argument = Fields(fields.raw("argument"), ("chain", "index"), "descriptor command")
            return holder.descriptor(argument.text("chain", limit=64), argument.uint("index"))
        case "sign":
            order = SigningOrder.parse(fields.octets("argument", limit=MAX_ORDER))
            return [[one.index, one.key, one.signature] for one in holder.sign(order)]
    raise HomeError("KEY-PROCESS", "The key process was given a command that it does not know.")


def _answer(answers: BinaryIO, work: Callable[[], Cbor]) -> bool:
    try:
        write_frame(answers, {"result": work()})
    except CustodyError as error:
        told: dict[str, Cbor] = {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "exit": error.exit_code,
        }
        write_frame(answers, {"error": told})
        return False
    return True


def main() -> None:
    """Entry point of the child."""
    commands, answers = sys.stdin.buffer, sys.stdout.buffer
    try:
        if _answer(answers, enter_vault):
            serve(commands, answers)
    except (EOFError, BrokenPipeError):
        return
