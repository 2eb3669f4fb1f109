"""CBOR messages on the pipe between a process and its child."""

from typing import BinaryIO

from custody.codec import cbor
from custody.codec.cbor import Cbor


def write_message(pipe: BinaryIO, value: Cbor) -> None:
    """A message after its length in four bytes.

    Raises:
        OSError: the other end is gone.
    """
    encoded = cbor.encode(value)
    pipe.write(len(encoded).to_bytes(4, "big") + encoded)
    pipe.flush()


def read_message(pipe: BinaryIO, limit: int) -> Cbor:
    """The next message, of at most ``limit`` bytes.

    Raises:
        EOFError: the other end is gone, or speaks out of turn.
        InputError: a CBOR code.
    """
    size = int.from_bytes(pipe.read(4), "big")
    encoded = pipe.read(size) if 0 < size <= limit else b""
    if len(encoded) != size or not encoded:
        raise EOFError
    return cbor.decode(encoded)
