"""Starts the process that holds the key, and speaks to it over a pipe."""

import subprocess
from types import TracebackType
from typing import BinaryIO, Self, cast

from custody.codec.cbor import Cbor
from custody.edge.jail import isolated_command
from custody.edge.key_child import read_frame, write_frame
from custody.errors import CustodyError, EvidenceError, HomeError, InputError, TransactionError, UsageError
from custody.signatures import Signature
from custody.vault.key_holder import SigningOrder

_KINDS = {kind.exit_code: kind for kind in (UsageError, TransactionError, InputError, HomeError, EvidenceError)}


class KeyProcess:
    """The key holder in a process of its own, from the officer's passphrase to the end of the ``with`` block.

    The passphrase goes through the pipe, never through arguments or the environment.

    Raises:
        HomeError: SEAL-CLOSED, HOME-CORRUPT, KEY-PROCESS.
    """

    def __init__(self, sealed: bytes, passphrase: str) -> None:
        command = isolated_command("custody.edge.key_child")
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/"
        )
        try:
            self._hear()
            self._ask({"sealed": sealed, "passphrase": passphrase})
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def descriptor(self, chain_id: str, index: int) -> str:
        """The descriptor of an account of the sealed seed (see `KeyHolder.descriptor`)."""
        return str(self._ask({"command": "descriptor", "argument": {"chain": chain_id, "index": index}}))

    def sign(self, order: SigningOrder) -> tuple[Signature, ...]:
        """The signatures of an order (see `KeyHolder.sign`)."""
        rows = self._ask({"command": "sign", "argument": order.serialize()})
        return tuple(Signature(*row) for row in cast(list[tuple[int, bytes, bytes]], rows))

    def _ask(self, message: Cbor) -> Cbor:
        try:
            write_frame(cast(BinaryIO, self._child.stdin), message)
        except OSError as error:
            raise _ended() from error
        return self._hear()

    def _hear(self) -> Cbor:
        try:
            answer = cast(dict[str, Cbor], read_frame(cast(BinaryIO, self._child.stdout)))
        except (EOFError, OSError) as error:
            raise _ended() from error
        if "error" in answer:
            told = cast(dict[str, str], answer["error"])
            kind = _KINDS.get(int(told["exit"]), CustodyError)
            raise kind(told["code"], told["message"], told["hint"])
        return answer["result"]

    def _end(self) -> None:
        self._child.kill()
        self._child.communicate()


def _ended() -> HomeError:
    return HomeError("KEY-PROCESS", "The process that holds the key ended early.", "Nothing was signed.")
