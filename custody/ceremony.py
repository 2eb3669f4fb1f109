"""The main job, on one page.

bytes -> WithdrawalRequest -> Review -> Decision -> Consent -> entry `authorised` -> Signatures -> entry `answered`
-> SigningResponse. Each arrow hands on a frozen value; nothing reaches back. What the ceremony needs of the world are
the Protocols below, which `custody.edge` fulfils.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar, cast

from custody.audit.entry import Entry
from custody.audit.log import Log
from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.errors import Cancelled, CustodyError, HomeError, UsageError
from custody.installed import Files, Installed
from custody.judgement import Judgement, LogView, judge, payment
from custody.signatures import Signature
from custody.vault.confirmation import codes_equal, confirmation_code
from custody.vault.key_holder import SigningOrder
from custody.wire.request import WithdrawalRequest
from custody.wire.response import Answer, SigningResponse, Status


@dataclass(frozen=True, slots=True)
class Consent:
    """An officer's yes: his name and the code that he typed."""

    officer: str
    code: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a ceremony ended: ``signed``, ``refused`` or ``repeated``, and the response that leaves the device."""

    status: str
    judgement: Judgement | None
    entry: Entry
    response: SigningResponse


class Home(Protocol):
    """What the signer keeps."""

    @property
    def log(self) -> Log: ...
    @property
    def installed(self) -> Installed: ...
    @property
    def code_secret(self) -> bytes: ...
    @property
    def files(self) -> Files: ...


class Officers(Protocol):
    """The people at the device."""

    def confirm(self, judgement: Judgement, code: str) -> Consent: ...


class Key(Protocol):
    """The opened key, in a process of its own."""

    def sign(self, order: SigningOrder) -> tuple[Signature, ...]: ...


Unlock = Callable[[Consent], AbstractContextManager[Key]]
Opened = TypeVar("Opened")


def review(message: bytes, home: Home, now: int) -> tuple[Judgement, str | None]:
    """Judges a request and changes nothing: the judgement, and the confirmation code where it may be signed."""
    request = WithdrawalRequest.parse(message)
    judgement = judge(request, home.installed, _log_view(request, home.log), now)
    code = confirmation_code(home.code_secret, judgement, home.log.size) if judgement.decision.allowed else None
    return judgement, code


def sign(message: bytes, home: Home, officers: Officers, unlock: Unlock, now: int) -> Outcome:
    """The ceremony.

    Raises:
        InputError: the message is no request; nothing is logged.
        HomeError: the seal stays closed, the disk is full, the log is broken.
        Cancelled: an officer stopped, or typed a wrong code.
    """
    request = WithdrawalRequest.parse(message)
    if answered := home.log.find("answered", request.digest):
        return Outcome("repeated", None, answered, respond(home.log, answered.index))
    log_view, before = _log_view(request, home.log), home.log.checkpoint
    judgement = judge(request, home.installed, log_view, now)
    if not judgement.decision.allowed:
        return _refuse(home.log, judgement, now)
    code = confirmation_code(home.code_secret, judgement, home.log.size)
    consent = officers.confirm(judgement, code)
    _check_code(home.log, judgement, consent, code, now)
    with unlocked(home.log, consent.officer, partial(unlock, consent), now) as key:
        authorised = home.log.append(
            "authorised", request=request.digest, private=judgement.authorisation([consent.officer]), time=now
        )
        signatures = key.sign(_order(message, home, authorised, consent, log_view, before, now))
    return _answer(home.log, judgement, authorised, signatures, now)


def respond(log: Log, index: int) -> SigningResponse:
    """The response that entry ``index`` promised, with proofs for the log as it stands now.

    Raises:
        UsageError: NOT-AN-ANSWER.
    """
    entry = log.entries[index] if 0 <= index < log.size else None
    if entry is None or entry.request is None or entry.kind not in ("answered", "refused"):
        raise UsageError("NOT-AN-ANSWER", f"Log entry {index} holds no answer.", _newest_answers(log))
    private = log.private(index)
    answer = Answer(entry.request, Status(str(entry.outcome)), _signatures(private.get("signatures", [])))
    if answer.digest != entry.answer:
        raise HomeError("LOG-PRIVATE", f"Log entry {index} does not hold the answer that it names.")
    seen = private["seen"]
    consistency = log.consistency(seen) if isinstance(seen, int) else ()
    return SigningResponse(answer, entry.leaf, log.inclusion(index), consistency, log.checkpoint)


def _newest_answers(log: Log) -> str:
    held = sorted(index for kind in ("answered", "refused") for index in log.indices(kind))[-5:]
    return f"The newest answers are entries {', '.join(map(str, held))}." if held else "The log holds no answer yet."


def recover(log: Log, now: int) -> None:
    """Logs as interrupted an authorisation that no answer followed; what it charged stands (invariant 3)."""
    authorised = log.last("authorised")
    settled = max((entry.index for kind in ("answered", "interrupted") if (entry := log.last(kind))), default=-1)
    if authorised and authorised.index > settled:
        private: dict[str, Json] = {"authorised": authorised.index}
        log.append("interrupted", request=authorised.request, outcome="interrupted", private=private, time=now)


def _log_view(request: WithdrawalRequest, log: Log) -> LogView:
    seen = _seen_size(request, log)
    consistency = log.consistency(seen) if seen is not None else ()
    return LogView(log.verifier, log.verifier.open(log.checkpoint), consistency, partial(_authorised, log))


def _authorised(log: Log, references: frozenset[str]) -> dict[str, str]:
    """Which of these were authorised before, and for what; the newest entry counts."""
    found: dict[str, str] = {}
    for index in log.indices("authorised"):
        private = log.private(index)
        used = references.intersection(cast(list[str], private["spends"]))
        found |= dict.fromkeys(used, str(private["transaction_id"]))
    return found


def _seen_size(request: WithdrawalRequest, log: Log) -> int | None:
    """The size of the log when the sender last saw it; None for a checkpoint that is not this log's, or ahead of it."""
    try:
        size = log.verifier.open(request.checkpoint).size
    except CustodyError:
        return None
    return size if size <= log.size else None


def _refuse(log: Log, judgement: Judgement, now: int) -> Outcome:
    answer = Answer(judgement.request.digest, Status.REFUSED, ())
    private = judgement.as_private() | {"seen": _seen_size(judgement.request, log)}
    entry = log.append(
        "refused", request=answer.request, outcome=str(answer.status), answer=answer.digest, private=private, time=now
    )
    return Outcome("refused", judgement, entry, respond(log, entry.index))


def _check_code(log: Log, judgement: Judgement, consent: Consent, code: str, now: int) -> None:
    if codes_equal(consent.code, code):
        return
    private: dict[str, Json] = {"officers": [consent.officer], "reason": "wrong code"}
    log.append("cancelled", request=judgement.request.digest, outcome="cancelled", private=private, time=now)
    raise Cancelled("CODE-WRONG", "This is not the confirmation code of what is shown.", "Nothing was signed.")


@contextmanager
def unlocked(
    log: Log, officer: str, unlock: Callable[[], AbstractContextManager[Opened]], now: int
) -> Iterator[Opened]:
    """The opened key; a passphrase that does not open it is logged."""
    try:
        opened = unlock()
    except HomeError as error:
        private: dict[str, Json] = {"officers": [officer], "reason": error.code}
        log.append("unlock-failed", outcome="failed", private=private, time=now)
        raise
    with opened as key:
        yield key


def _order(
    message: bytes, home: Home, authorised: Entry, consent: Consent, log_view: LogView, before: str, now: int
) -> SigningOrder:
    private = home.log.private(authorised.index)
    return SigningOrder(
        request=message,
        **home.files._asdict(),
        now=now,
        before=before,
        consistency=log_view.consistency,
        officer=consent.officer,
        code=consent.code,
        entry=authorised.leaf,
        private=canonical_json.dumps(private),
        salts=home.log.salts(authorised.index),
        inclusion=home.log.inclusion(authorised.index),
        after=home.log.checkpoint,
    )


def _answer(log: Log, judgement: Judgement, authorised: Entry, signatures: tuple[Signature, ...], now: int) -> Outcome:
    """Checks the signatures on this side of the pipe too, logs them, and only then lets them out."""
    if judgement.account is None:
        raise HomeError("ORDER-REFUSED", "A request without an account was allowed.")
    payment(judgement.request, judgement.account).check_signatures(signatures)
    answer = Answer(judgement.request.digest, Status.SIGNED, signatures)
    private: dict[str, Json] = {
        "authorised": authorised.index,
        "seen": _seen_size(judgement.request, log),
        "signatures": [[one.index, one.key.hex(), one.signature.hex()] for one in signatures],
    }
    entry = log.append(
        "answered", request=answer.request, outcome=str(answer.status), answer=answer.digest, private=private, time=now
    )
    return Outcome("signed", judgement, entry, respond(log, entry.index))


def _signatures(rows: Json) -> tuple[Signature, ...]:
    return tuple(
        Signature(cast(int, index), bytes.fromhex(cast(str, key)), bytes.fromhex(cast(str, signature)))
        for index, key, signature in cast(list[list[Json]], rows)
    )
