"""The withdrawal request: one unsigned transaction, who pays whom, and what its sender had seen (docs/spec/request.md).

`parse` checks form alone. Whether the request is for this device, in time, and allowed is judged
(`custody.judgement`): from here on a digest exists, and every no is logged.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from custody.codec import cbor
from custody.codec.cbor import Cbor
from custody.errors import InputError
from custody.wire.fields import Fields, open_message

UR_TYPE = "x-custody-request"
VERSION = 1
MAX_BYTES = 1_048_576
MAX_TRANSACTION = 1_000_000
MAX_TRAVEL_RULE = 262_144
MAX_CHECKPOINT = 1_024
MAX_PURPOSE = 280
MAX_APPROVALS = 32
MAX_APPROVAL = 4_096
MAX_LIFETIME = 86_400
ID_BYTES = 16
BLIND_BYTES = 32
FINGERPRINT_BYTES = 20

Kind = Literal["psbt", "evm-transaction", "typed-data"]
Verdict = Literal["make", "approve", "reject"]

_NAMES = (
    *("id", "created", "expires", "device", "account", "maker", "transaction", "travel_rule", "blind"),
    *("purpose", "policy", "list", "checkpoint", "approvals"),
)
_FINGERPRINT = re.compile(r"[0-9A-F]{40}")


@dataclass(frozen=True, slots=True)
class Approval:
    """What one person signed about a request, as it travels. Whether it counts is judged later.

    Attributes:
        by: fingerprint of the person's OpenPGP certificate, 40 capital hex digits.
        verdict: made, approved or rejected.
        signature: detached OpenPGP signature over the text that belongs to the verdict.
    """

    by: str
    verdict: Verdict
    signature: bytes

    @classmethod
    def read(cls, item: Cbor) -> "Approval":
        """The approval in a decoded map.

        Raises:
            InputError: WIRE-FIELDS, WIRE-TYPE, WIRE-LIMIT, REQUEST-VERDICT.
        """
        fields = Fields(item, ("by", "verdict", "signature"), "approval")
        return cls(
            by=fields.octets("by", limit=FINGERPRINT_BYTES, exact=FINGERPRINT_BYTES).hex().upper(),
            verdict=_verdict(fields.text("verdict", limit=16)),
            signature=fields.octets("signature", limit=MAX_APPROVAL),
        )

    @property
    def map(self) -> Cbor:
        """The approval as it stands in a message."""
        return {"by": bytes.fromhex(self.by), "verdict": self.verdict, "signature": self.signature}


@dataclass(frozen=True, slots=True)
class WithdrawalRequest:
    """A request as it crosses the gap.

    Attributes:
        id: 16 random bytes.
        created, expires: Unix seconds.
        device: origin of the log of the signer that this is for.
        account: name of the paying account; ``checksum`` its descriptor checksum (BIP380), or the paying EVM address.
        maker: fingerprint of the operator's certificate, 40 capital hex digits; empty where nobody is named.
        chain_id: CAIP-2. kind: how ``transaction`` is encoded.
        travel_rule: canonical JSON of the travel-rule records, may be empty.
        blind: 32 random bytes that hide the travel-rule block in the digest.
        purpose: free text for the officers.
        policy_sequence, list_sequence: newest policy and flagged list that the sender saw.
        checkpoint: signed checkpoint of the device's log that the sender saw last.
        approvals: what people signed about this request, each verdict of a person once.
    """

    id: bytes
    created: int
    expires: int
    device: str
    account: str
    checksum: str
    chain_id: str
    kind: Kind
    transaction: bytes
    travel_rule: bytes
    blind: bytes
    checkpoint: str
    purpose: str = ""
    policy_sequence: int = 0
    list_sequence: int = 0
    maker: str = ""
    approvals: tuple[Approval, ...] = ()

    @property
    def digest(self) -> bytes:
        """SHA-256 of the request without its approvals, the travel-rule block standing as its blinded hash.

        ``blind`` itself is left out: who is given the digest's preimage later cannot try names against it.
        """
        bound = self._map()
        bound["travel_rule"] = hashlib.sha256(self.blind + self.travel_rule).digest()
        del bound["approvals"], bound["blind"]
        return hashlib.sha256(cbor.encode(bound)).digest()

    @property
    def approvals_digest(self) -> bytes:
        """SHA-256 of the canonical CBOR of the approvals, which the request's own digest leaves out."""
        return hashlib.sha256(cbor.encode(self._map()["approvals"])).digest()

    def serialize(self) -> bytes:
        """Canonical CBOR, the payload of ``ur:x-custody-request``."""
        return cbor.encode(self._map())

    @classmethod
    def parse(cls, encoded: bytes) -> "WithdrawalRequest":
        """The request in these bytes.

        Raises:
            InputError: WIRE-LIMIT, WIRE-VERSION, WIRE-FIELDS, WIRE-TYPE, REQUEST-KIND, REQUEST-MAKER,
                REQUEST-VERDICT, REQUEST-APPROVALS, or a CBOR code.
        """
        fields = open_message(encoded, _NAMES, version=VERSION, limit=MAX_BYTES, what="withdrawal request")
        account = Fields(fields.raw("account"), ("name", "checksum"), "request's account")
        transaction = Fields(fields.raw("transaction"), ("chain", "kind", "bytes"), "request's transaction")
        return cls(
            id=fields.octets("id", limit=ID_BYTES, exact=ID_BYTES),
            created=fields.uint("created"),
            expires=fields.uint("expires"),
            device=fields.text("device", limit=128),
            account=account.text("name", limit=64),
            checksum=account.text("checksum", limit=64),
            maker=_maker(fields.text("maker", limit=64)),
            chain_id=transaction.text("chain", limit=64),
            kind=_kind(transaction.text("kind", limit=32)),
            transaction=transaction.octets("bytes", limit=MAX_TRANSACTION),
            travel_rule=fields.octets("travel_rule", limit=MAX_TRAVEL_RULE),
            blind=fields.octets("blind", limit=BLIND_BYTES, exact=BLIND_BYTES),
            purpose=fields.text("purpose", limit=MAX_PURPOSE),
            policy_sequence=fields.uint("policy"),
            list_sequence=fields.uint("list"),
            checkpoint=fields.text("checkpoint", limit=MAX_CHECKPOINT),
            approvals=_approvals(fields.sequence("approvals", limit=MAX_APPROVALS)),
        )

    def _map(self) -> dict[str, Cbor]:
        return {
            "version": VERSION,
            "id": self.id,
            "created": self.created,
            "expires": self.expires,
            "device": self.device,
            "account": {"name": self.account, "checksum": self.checksum},
            "maker": self.maker,
            "transaction": {"chain": self.chain_id, "kind": self.kind, "bytes": self.transaction},
            "travel_rule": self.travel_rule,
            "blind": self.blind,
            "purpose": self.purpose,
            "policy": self.policy_sequence,
            "list": self.list_sequence,
            "checkpoint": self.checkpoint,
            "approvals": [approval.map for approval in self.approvals],
        }


def _kind(text: str) -> Kind:
    for kind in get_args(Kind):
        if text == kind:
            return kind  # type: ignore[no-any-return]
    raise InputError("REQUEST-KIND", "This kind of transaction is not known to this version.")


def _verdict(text: str) -> Verdict:
    for verdict in get_args(Verdict):
        if text == verdict:
            return verdict  # type: ignore[no-any-return]
    raise InputError("REQUEST-VERDICT", "An approval in the request says neither make, approve nor reject.")


def _maker(text: str) -> str:
    if text and not _FINGERPRINT.fullmatch(text):
        raise InputError("REQUEST-MAKER", "The maker of the request is no fingerprint of 40 capital hex digits.")
    return text


def _approvals(items: Sequence[Cbor]) -> tuple[Approval, ...]:
    approvals = tuple(Approval.read(item) for item in items)
    if len({(approval.by, approval.verdict) for approval in approvals}) < len(approvals):
        raise InputError("REQUEST-APPROVALS", "The request holds the same verdict of the same person twice.")
    return approvals
