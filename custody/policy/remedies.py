"""What would make a refused request pass, and who can do it: told on the device, and nowhere else.

The online side learns REFUSED alone: a thief who was told what is missing would come again with exactly that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from custody.codec.canonical_json import Json
from custody.policy.decision import Decision, Outcome, Reason

#: Who can do something about a reason, in the order in which they are told.
PEOPLE = ("nobody", "maker", "approvers", "compliance", "officers")

#: Each remedy, and who it is for. What it is stands in the language tables, under the same word.
REMEDIES: Mapping[str, str] = {
    "forbidden": "nobody",
    "flagged": "nobody",
    "look-alike": "nobody",
    "rejected": "nobody",
    "tampered": "nobody",
    "unknown": "nobody",
    "another-transaction": "maker",
    "address": "maker",
    "smaller": "maker",
    "cheaper": "maker",
    "wait": "maker",
    "retry": "maker",
    "other-coins": "maker",
    "wait-hours": "maker",
    "record": "maker",
    "house-record": "maker",
    "ask-payee": "maker",
    "authorisation": "maker",
    "request": "maker",
    "network": "maker",
    "nonce": "maker",
    "maker": "maker",
    "pair": "maker",
    "rehearsal": "maker",
    "approve": "approvers",
    "changed": "approvers",
    "sign-again": "approvers",
    "higher-cap": "compliance",
    "name-asset": "compliance",
    "name-network": "compliance",
    "new-policy": "compliance",
    "new-list": "compliance",
    "delisted": "compliance",
    "allow-list": "compliance",
    "renew": "compliance",
    "vasp-keys": "compliance",
    "let-answer": "compliance",
    "house-name": "compliance",
    "install": "officers",
    "unplug": "officers",
    "roster": "officers",
}

_RECORD = ("record",)
_TAMPERED = ("tampered",)
_FORBIDDEN = ("forbidden",)

#: What helps against each reason, the first choice first. Nothing that only loosens stands first.
AGAINST: Mapping[str, tuple[str, ...]] = {
    "POLICY-NONE": ("new-policy",),
    "POLICY-CHAIN": ("network", "name-network"),
    "POLICY-MORE": ("request",),
    "CAP-NONE": ("another-transaction", "name-asset"),
    "CAP-EXCEEDED": ("smaller", "higher-cap"),
    "CAP-DAY-EXCEEDED": ("smaller", "wait", "higher-cap"),
    "FEE-ABSOLUTE": ("cheaper", "higher-cap"),
    "FEE-RATE": ("cheaper", "higher-cap"),
    "FEE-PERCENT": ("cheaper", "higher-cap"),
    "CAP-WEEK-EXCEEDED": ("smaller", "wait", "higher-cap"),
    "CAP-MONTH-EXCEEDED": ("smaller", "wait", "higher-cap"),
    "DUPLICATE-PAYMENT": ("retry", "wait", "let-answer"),
    "DUPLICATE-RECORD": ("retry", "wait", "let-answer"),
    "REPLACEMENT-DIFFERS": ("other-coins",),
    "LIST-AGE-UNKNOWN": ("new-list",),
    "LIST-OLD": ("new-list",),
    "LIST-STALE": ("new-list", "let-answer"),
    "REQUEST-OLD": ("request",),
    "NETWORK-UP": ("unplug",),
    "NETWORK-UNKNOWN": ("unplug",),
    "OUT-OF-HOURS": ("wait-hours", "let-answer"),
    "LIST-NONE": ("new-list",),
    "LIST-FORM": ("new-list",),
    "DESTINATION-FLAGGED": ("flagged", "delisted"),
    "DESTINATION-LOOK-ALIKE": ("look-alike", "allow-list"),
    "DESTINATION-UNKNOWN": ("authorisation", "allow-list", "let-answer"),
    "DESTINATION-NEW": ("smaller", "wait", "let-answer"),
    "OWN-HOT-NONE": ("another-transaction", "higher-cap"),
    "OWN-HOT-EXCEEDED": ("smaller", "wait", "higher-cap"),
    "ACTION-NOT-ALLOWED": ("another-transaction",),
    "ADDRESS-SYNTAX": ("address",),
    "ADDRESS-KIND": ("address",),
    "ADDRESS-CHECKSUM": ("address",),
    "TRAVEL-RULE-SYNTAX": _RECORD,
    "TRAVEL-RULE-KEY": _RECORD,
    "TRAVEL-RULE-MISSING": _RECORD,
    "TRAVEL-RULE-TYPE": _RECORD,
    "TRAVEL-RULE-TEXT": _RECORD,
    "TRAVEL-RULE-NUMBER": _RECORD,
    "TRAVEL-RULE-WORD": _RECORD,
    "TRAVEL-RULE-COUNT": _RECORD,
    "TRAVEL-RULE-CONFLICT": _RECORD,
    "TRAVEL-RULE-NONE": _RECORD,
    "TRAVEL-RULE-UNCOVERED": _RECORD,
    "TRAVEL-RULE-TWICE": _RECORD,
    "TRAVEL-RULE-INDEX": _RECORD,
    "TRAVEL-RULE-CHANGE": _RECORD,
    "TRAVEL-RULE-ADDRESS": _RECORD,
    "TRAVEL-RULE-AMOUNT": _RECORD,
    "TRAVEL-RULE-ASSET": _RECORD,
    "TRAVEL-RULE-ACCOUNT": _RECORD,
    "IVMS-PARTY": _RECORD,
    "IVMS-ACCOUNTS": _RECORD,
    "IVMS-C1": _RECORD,
    "IVMS-C3": _RECORD,
    "IVMS-C4": _RECORD,
    "IVMS-C5": _RECORD,
    "IVMS-C6": _RECORD,
    "IVMS-C8": _RECORD,
    "VASP-NAME": ("house-record", "house-name"),
    "VASP-LEI": ("house-record", "house-name"),
    "TAP-NONE": ("authorisation",),
    "TAP-KEYS-NONE": ("vasp-keys",),
    "TAP-HEADER": ("authorisation",),
    "TAP-ALG": ("ask-payee",),
    "TAP-KID": ("ask-payee",),
    "TAP-KEY-EXPIRED": (
        "authorisation",
        "vasp-keys",
    ),
    "TAP-SIGNATURE": ("ask-payee",),
    "TAP-MESSAGE": ("authorisation",),
    "TAP-TYPE": ("authorisation",),
    "TAP-TIME": ("authorisation",),
    "TAP-VASP": (
        "record",
        "vasp-keys",
    ),
    "TAP-FROM": ("ask-payee",),
    "TAP-TO": ("ask-payee",),
    "TAP-CHAIN": ("ask-payee",),
    "TAP-ADDRESS": ("ask-payee",),
    "TAP-ASSET": ("ask-payee",),
    "TAP-AMOUNT": ("ask-payee",),
    "TAP-EXPIRY": ("authorisation",),
    "TAP-EXPIRED": ("authorisation",),
    "TAP-OUTPUTS": _RECORD,
    "TAP-REPEATED": ("authorisation",),
    "TAP-USED": ("authorisation",),
    "IVMS-C2": _RECORD,
    "IVMS-C7": _RECORD,
    "IVMS-C9": _RECORD,
    "IVMS-C10": _RECORD,
    "IVMS-C11": _RECORD,
    "IVMS-C12": _RECORD,
    "LEI-CHK": _RECORD,
    "PROFILE-LEGAL-NAME": _RECORD,
    "PROFILE-LOCAL-NAME": _RECORD,
    "PROFILE-PHONETIC-NAME": _RECORD,
    "PROFILE-ADDRESS": _RECORD,
    "PROFILE-CUSTOMER": _RECORD,
    "PROFILE-NATIONAL": _RECORD,
    "PROFILE-BIRTH": _RECORD,
    "PROFILE-REGISTRATION": _RECORD,
    "PROFILE-COUNTRY": _RECORD,
    "PROFILE-ACCOUNT": _RECORD,
    "PROFILE-JURISDICTION": _RECORD,
    "PROFILE-NOTICE": _RECORD,
    "PROFILE-OWNER": _RECORD,
    "PROFILE-RISK": _RECORD,
    "PROFILE-PROOF": _RECORD,
    "VASP-COUNTERPARTY": _RECORD,
    "ROSTER-NONE": ("roster",),
    "RULES-EXPIRED": ("renew", "install"),
    "MAKER-NONE": ("maker",),
    "MAKER-ROLE": ("maker",),
    "MAKER-UNSIGNED": ("maker",),
    "APPROVAL-UNKNOWN": ("sign-again",),
    "APPROVAL-MAKER": ("sign-again",),
    "APPROVAL-ROLE": ("sign-again",),
    "APPROVAL-TIME": ("sign-again",),
    "APPROVAL-SIGNATURE": ("changed",),
    "APPROVAL-REJECTED": ("rejected",),
    "APPROVALS-MISSING": ("approve",),
    "REQUEST-DEVICE": ("request",),
    "REQUEST-EXPIRED": ("request",),
    "REQUEST-EARLY": ("request",),
    "REQUEST-LIFETIME": ("request",),
    "REQUEST-ACCOUNT": ("request",),
    "REQUEST-CHAIN": ("request",),
    "REQUEST-SEQUENCE": ("install",),
    "REQUEST-CHECKPOINT": ("pair",),
    "REHEARSAL-CHAIN": ("rehearsal",),
    "NONCE-REUSED": ("nonce",),
    "LOG-ROLLBACK": _TAMPERED,
    "LOG-FORK": _TAMPERED,
    # Of the refusals of a transaction, those that no honest house sends.
    "EVM-TYPE-SET-CODE": _FORBIDDEN,
    "PSBT-INPUT-SPOOF": _FORBIDDEN,
    "PSBT-CHANGE-SPOOF": _FORBIDDEN,
    "SAFE-DELEGATECALL": _FORBIDDEN,
    "SAFE-OPERATION": _FORBIDDEN,
    "SAFE-SELF-CALL": _FORBIDDEN,
    "SAFE-TARGET-UNKNOWN": _FORBIDDEN,
    "SAFE-CALLDATA-MISLEADS": _FORBIDDEN,
    "SAFE-REFUND": _FORBIDDEN,
}


@dataclass(frozen=True, slots=True)
class Remedy:
    """Something that would help: ``who`` of `PEOPLE` can do ``word`` of `REMEDIES`, against the reasons ``codes``."""

    who: str
    word: str
    codes: tuple[str, ...]

    def as_json(self, what: str) -> dict[str, Json]:
        """The remedy, told as ``what``."""
        return {"codes": list(self.codes), "what": what, "who": self.who}


def against(reason: Reason) -> tuple[str, ...]:
    """The remedies for one reason; where none is known, nobody has one."""
    known = AGAINST.get(reason.code)
    return known or (("another-transaction",) if reason.rule == "transaction" else ("unknown",))


def remedies(decision: Decision) -> tuple[Remedy, ...]:
    """What would make the request pass, by who can do it; nothing for one that is allowed.

    Where a reason is nobody's to answer, only what belongs to such reasons is told: all else would be of no use.
    """
    if decision.outcome is Outcome.ALLOW:
        return ()
    final = tuple(reason for reason in decision.reasons if REMEDIES[against(reason)[0]] == "nobody")
    pairs = sorted(_pairs(final or decision.reasons))
    return tuple(
        Remedy(PEOPLE[who], word, tuple(sorted({code for *_, code in group})))
        for (who, _, word), group in groupby(pairs, key=lambda pair: pair[:3])
    )


def _pairs(reasons: tuple[Reason, ...]) -> Iterator[tuple[int, int, str, str]]:
    """Who, how early a choice, what, and against which code."""
    order = list(REMEDIES)
    for reason in reasons:
        for word in against(reason):
            yield PEOPLE.index(REMEDIES[word]), order.index(word), word, reason.code
