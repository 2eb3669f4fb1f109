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
from custody.governance.clocks import Times
from custody.governance.state import State
from custody.installed import Files, Installed
from custody.judgement import Judgement, LogView, judge, payment
from custody.officers.consent import Proof, Typed
from custody.officers.openpgp import SignatureVerifier
from custody.policy.past import Past
from custody.policy.rules.history import horizon
from custody.signatures import Signature
from custody.vault.confirmation import codes_equal, confirmation_code, judged
from custody.vault.orders import Evidence, SigningOrder
from custody.wire.request import WithdrawalRequest
from custody.wire.response import Answer, SigningResponse, Status


@dataclass(frozen=True, slots=True)
class Consent:
    """The officers' yes: each one's name and the code that he typed; how many are asked is the home's quorum."""

    typed: tuple[Typed, ...]

    @property
    def officers(self) -> list[Json]:
        """Their names, for the log."""
        return [one.officer for one in self.typed]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a ceremony ended: ``signed``, ``refused`` or ``repeated``, and the response that leaves the device."""

    status: str
    judgement: Judgement | None
    entry: Entry
    response: SigningResponse


class Home(Protocol):
    """What the signer keeps, and its clocks as they stood when it was opened."""

    @property
    def log(self) -> Log: ...
    @property
    def installed(self) -> Installed: ...
    @property
    def state(self) -> State: ...
    @property
    def times(self) -> Times: ...
    @property
    def interfaces(self) -> tuple[str, ...] | None: ...
    @property
    def quorum(self) -> int: ...
    @property
    def verifier(self) -> SignatureVerifier: ...
    @property
    def code_secret(self) -> bytes: ...
    @property
    def files(self) -> Files: ...


class Officers(Protocol):
    """The people at the device."""

    def confirm(self, judgement: Judgement, code: str) -> Consent: ...


class Key(Protocol):
    """The opened key, in a process of its own."""

    def consent(self, order: SigningOrder) -> tuple[Proof, ...]: ...
    def sign(self, evidence: Evidence) -> tuple[Signature, ...]: ...


Unlock = Callable[[Consent], AbstractContextManager[Key]]
Opened = TypeVar("Opened")


def review(message: bytes, home: Home) -> tuple[Judgement, str | None]:
    """Judges a request and changes nothing: the judgement, and the confirmation code where it may be signed."""
    request = WithdrawalRequest.parse(message)
    judgement = _judge(request, home, _log_view(request, home))
    may_sign = judgement.decision.allowed and not home.state.frozen
    return judgement, _code(judgement, home) if may_sign else None


def sign(message: bytes, home: Home, officers: Officers, unlock: Unlock) -> Outcome:
    """The ceremony.

    Raises:
        InputError: the message is no request; nothing is logged.
        HomeError: HOME-FROZEN; the seal stays closed, the disk is full, the log is broken.
        Cancelled: an officer stopped, or typed a wrong code.
    """
    request = WithdrawalRequest.parse(message)
    if answered := home.log.find("answered", request.digest):
        return Outcome("repeated", None, answered, respond(home.log, answered.index))
    check_thawed(home.state)
    log_view, before = _log_view(request, home), home.log.checkpoint
    judgement = _judge(request, home, log_view)
    if not judgement.decision.allowed:
        return _refuse(home, judgement)
    code = _code(judgement, home)
    consent = officers.confirm(judgement, code)
    check_codes(home, consent, code, request.digest)
    with unlocked(home, consent, partial(unlock, consent)) as key:
        order = SigningOrder(
            message, home.files, home.times, before, log_view.consistency, log_view.history, consent.typed
        )
        private = judgement.authorisation(key.consent(order), home.times.elapsed)
        authorised = home.log.append("authorised", request=request.digest, private=private, time=home.times.latest)
        signatures = key.sign(_evidence(home.log, authorised))
    return _answer(home, judgement, authorised, signatures)


def check_thawed(state: State) -> None:
    """Raises HomeError HOME-FROZEN."""
    if state.frozen:
        raise HomeError(
            "HOME-FROZEN",
            "An officer has frozen this device; nothing is signed.",
            "What to do next: docs/ops-runbook. To go on, the quorum thaws it: custody signer thaw",
        )


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


def _judge(request: WithdrawalRequest, home: Home, log_view: LogView) -> Judgement:
    return judge(request, home.installed, log_view, home.times, home.verifier, home.interfaces)


def note_interfaces(log: Log, interfaces: tuple[str, ...] | None, now: int) -> None:
    """Logs which network interfaces are up, where that is another answer than the last one; a signer has none."""
    told: list[Json] | None = None if interfaces is None else [*interfaces]
    last = log.last("network")
    if told != (log.private(last.index)["interfaces"] if last else []):
        log.append("network", private={"interfaces": told}, time=now)


def _log_view(request: WithdrawalRequest, home: Home) -> LogView:
    log = home.log
    seen = _seen_size(request, log)
    consistency = log.consistency(seen) if seen is not None else ()
    now = log.verifier.open(log.checkpoint)
    policy = home.installed.policy
    history = tuple(_history(log, home.times, horizon(policy))) if policy else ()
    return LogView(log.verifier, now, consistency, partial(_authorised, log), history, _rejected(log, request))


def _authorised(log: Log, references: frozenset[str]) -> dict[str, str]:
    """Which of these were authorised before, and for what; the newest entry counts."""
    found: dict[str, str] = {}
    for index in log.indices("authorised"):
        private = log.private(index)
        used = references.intersection(cast(list[str], private["spends"]))
        found |= dict.fromkeys(used, str(private["transaction_id"]))
    return found


def _history(log: Log, times: Times, seconds: int) -> Iterator[Past]:
    """What was authorised within so many seconds, newest first; the older an entry, the older its moment."""
    for index in reversed(log.indices("authorised")):
        private = log.private(index)
        age = times.since(cast(int, private["elapsed"]))
        if age >= seconds:
            return
        yield _past(log.entry(index), private, times.elapsed - age)


def _past(entry: Entry, private: dict[str, Json], moment: int) -> Past:
    facts, charges = cast(dict[str, Json], private["facts"]), cast(dict[str, str], private["charges"])
    paid = [row for row in cast(list[dict[str, Json]], facts["outputs"]) if row["role"] != "change"]
    return Past(
        request=(entry.request or b"").hex(),
        elapsed=moment,
        spends=tuple(cast(list[str], private["spends"])),
        payments=tuple((str(row["address"]), int(str(row["amount"])), str(row["asset"])) for row in paid),
        charges={asset: int(amount) for asset, amount in charges.items()},
        owners=tuple(str(row["owner"]) for row in paid),
        records=tuple(cast(list[str], private["records"])),
        authorizations=tuple(cast(list[str], private["authorizations"])),
    )


def _rejected(log: Log, request: WithdrawalRequest) -> bool:
    """Whether an approver's no to this request was seen before; it holds though the online side leaves it out now."""
    refused = log.find("refused", request.digest)
    if refused is None:
        return False
    decision = cast(dict[str, list[dict[str, str]]], log.private(refused.index)["decision"])
    return any(reason["code"] == "APPROVAL-REJECTED" for reason in decision["reasons"])


def _seen_size(request: WithdrawalRequest, log: Log) -> int | None:
    """The size of the log when the sender last saw it; None for a checkpoint that is not this log's, or ahead of it."""
    try:
        size = log.verifier.open(request.checkpoint).size
    except CustodyError:
        return None
    return size if size <= log.size else None


def _code(judgement: Judgement, home: Home) -> str:
    return confirmation_code(home.code_secret, judged(judgement, home.log.size))


def _refuse(home: Home, judgement: Judgement) -> Outcome:
    answer = Answer(judgement.request.digest, Status.REFUSED, ())
    private = judgement.as_private() | {"seen": _seen_size(judgement.request, home.log)}
    return _log_answer("refused", home, judgement, answer, private)


def _log_answer(kind: str, home: Home, judgement: Judgement, answer: Answer, private: dict[str, Json]) -> Outcome:
    """The entry that promises an answer is durable before the answer leaves (invariant 3)."""
    entry = home.log.append(
        kind,
        request=answer.request,
        outcome=str(answer.status),
        answer=answer.digest,
        private=private,
        time=home.times.latest,
    )
    return Outcome(str(answer.status), judgement, entry, respond(home.log, entry.index))


def check_codes(home: Home, consent: Consent, code: str, request: bytes | None) -> None:
    """That every officer typed the code of what was shown. Raises Cancelled CODE-WRONG, logged."""
    if consent.typed and all(codes_equal(one.code, code) for one in consent.typed):
        return
    private: dict[str, Json] = {"officers": consent.officers, "reason": "wrong code"}
    kind = "cancelled" if request else "declined"
    home.log.append(kind, request=request, outcome="cancelled", private=private, time=home.times.latest)
    raise Cancelled("CODE-WRONG", "This is not the confirmation code of what is shown.", "Nothing was done.")


@contextmanager
def unlocked(home: Home, consent: Consent, unlock: Callable[[], AbstractContextManager[Opened]]) -> Iterator[Opened]:
    """The opened key; a passphrase that does not open it is logged."""
    try:
        opened = unlock()
    except HomeError as error:
        private: dict[str, Json] = {"officers": consent.officers, "reason": error.code}
        home.log.append("unlock-failed", outcome="failed", private=private, time=home.times.latest)
        raise
    with opened as key:
        yield key


def _evidence(log: Log, authorised: Entry) -> Evidence:
    return Evidence(
        entry=authorised.leaf,
        private=canonical_json.dumps(log.private(authorised.index)),
        salts=log.salts(authorised.index),
        inclusion=log.inclusion(authorised.index),
        after=log.checkpoint,
    )


def _answer(home: Home, judgement: Judgement, authorised: Entry, signatures: tuple[Signature, ...]) -> Outcome:
    """Checks the signatures on this side of the pipe too, logs them, and only then lets them out."""
    if judgement.account is None:
        raise HomeError("ORDER-REFUSED", "A request without an account was allowed.")
    payment(judgement.request, judgement.account).check_signatures(signatures)
    answer = Answer(judgement.request.digest, Status.SIGNED, signatures)
    private: dict[str, Json] = {
        "authorised": authorised.index,
        "seen": _seen_size(judgement.request, home.log),
        "signatures": [[one.index, one.key.hex(), one.signature.hex()] for one in signatures],
    }
    return _log_answer("answered", home, judgement, answer, private)


def _signatures(rows: Json) -> tuple[Signature, ...]:
    return tuple(
        Signature(cast(int, index), bytes.fromhex(cast(str, key)), bytes.fromhex(cast(str, signature)))
        for index, key, signature in cast(list[list[Json]], rows)
    )
