"""Starts the process that holds the key, and speaks to it over a pipe."""

import subprocess
from collections.abc import Mapping
from types import TracebackType
from typing import BinaryIO, Self, cast

from custody.codec.cbor import Cbor
from custody.edge.jail import isolated_command
from custody.edge.list_store import ListStore
from custody.edge.pipes import read_message, write_message
from custody.errors import CustodyError, EvidenceError, HomeError, InputError, TransactionError, UsageError
from custody.officers.consent import Proof
from custody.screening.large import Watch, unwatched
from custody.signatures import Signature
from custody.vault.orders import MAX_ORDER, CouncilOrder, Evidence, Sealed, SigningOrder

_KINDS = {kind.exit_code: kind for kind in (UsageError, TransactionError, InputError, HomeError, EvidenceError)}


class KeyProcess:
    """The key holder in a process of its own, from the officers' passphrases to the end of the ``with`` block.

    The passphrases go through the pipe, never through arguments or the environment; the large lists that were read are
    handed over as sealed memory.

    Raises:
        HomeError: SEAL-CLOSED, HOME-CORRUPT, OFFICER-UNKNOWN, KEY-PROCESS.
    """

    def __init__(self, sealed: Sealed, passphrases: Mapping[str, str], lists: ListStore | None = None) -> None:
        descriptors = lists.descriptors if lists else ()
        self._watch: Watch = lists.watch if lists else unwatched
        self._child = subprocess.Popen(
            [*isolated_command("custody.edge.key_child"), *map(str, descriptors)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=descriptors,
            env={},
            cwd="/",
        )
        try:
            self._hear()
            files: dict[str, Cbor] = {"seed": sealed.seed, "rules": sealed.rules, "officers": dict(sealed.officers)}
            self._ask({"sealed": files, "passphrases": dict(passphrases)})
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

    def consent(self, order: SigningOrder) -> tuple[Proof, ...]:
        """Proofs of consent to an order (see `KeyHolder.consent`)."""
        return _proofs(self._ask({"command": "consent", "argument": order.serialize()}))

    def sign(self, evidence: Evidence) -> tuple[Signature, ...]:
        """The signatures of what was consented to (see `KeyHolder.sign`)."""
        rows = self._ask({"command": "sign", "argument": evidence.serialize()})
        return tuple(Signature(*row) for row in cast(list[tuple[int, bytes, bytes]], rows))

    def decide(self, order: CouncilOrder) -> tuple[bytes, tuple[Proof, ...]]:
        """What is in force then, sealed, and proofs of consent (see `KeyHolder.decide`)."""
        sealed, proofs = cast(list[Cbor], self._ask({"command": "decide", "argument": order.serialize()}))
        return cast(bytes, sealed), _proofs(proofs)

    def _ask(self, message: Cbor) -> Cbor:
        try:
            write_message(cast(BinaryIO, self._child.stdin), message)
        except OSError as error:
            raise _ended() from error
        return self._hear()

    def _hear(self) -> Cbor:
        answer = self._read()
        while "progress" in answer:
            self._watch(*cast(tuple[str, int, int], answer["progress"]))
            answer = self._read()
        if "error" in answer:
            told = cast(dict[str, str], answer["error"])
            kind = _KINDS.get(int(told["exit"]), CustodyError)
            raise kind(told["code"], told["message"], told["hint"])
        return answer["result"]

    def _read(self) -> dict[str, Cbor]:
        try:
            return cast(dict[str, Cbor], read_message(cast(BinaryIO, self._child.stdout), MAX_ORDER))
        except (EOFError, OSError) as error:
            raise _ended() from error

    def _end(self) -> None:
        self._child.kill()
        self._child.communicate()


def _proofs(rows: Cbor) -> tuple[Proof, ...]:
    return tuple(Proof(*row) for row in cast(list[tuple[str, bytes]], rows))


def _ended() -> HomeError:
    return HomeError("KEY-PROCESS", "The process that holds the key ended early.", "Nothing was signed.")
