"""The process that holds the key: opens the seal, answers on its pipe, and ends with the ceremony.

Its end is the wipe: Python cannot promise to overwrite a secret, but the kernel clears a dead process's memory.
"""

import ctypes
import resource
import sys
from collections.abc import Callable
from typing import BinaryIO

from custody.codec import cbor
from custody.codec.cbor import Cbor
from custody.errors import CustodyError, HomeError
from custody.vault.key_holder import MAX_ORDER, KeyHolder, SigningOrder
from custody.wire.fields import Fields

_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_MCL_CURRENT_AND_FUTURE = 3


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


def close_to_others() -> None:
    """No core dump, no tracing by other programs, no new privileges; memory not swapped where the kernel allows."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) or libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise HomeError("KEY-PROCESS", "The key process could not be closed to other programs.")
    libc.mlockall(_MCL_CURRENT_AND_FUTURE)


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
    close_to_others()
    try:
        serve(sys.stdin.buffer, sys.stdout.buffer)
    except (EOFError, BrokenPipeError):
        return


if __name__ == "__main__":
    main()
