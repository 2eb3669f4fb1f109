"""The account export: what the online side must know to build requests and check answers (docs/spec/export.md)."""

from dataclasses import dataclass

from custody.chains import chain
from custody.codec import cbor
from custody.codec.cbor import Cbor
from custody.wire.fields import Fields, open_message

UR_TYPE = "x-custody-account"
VERSION = 1
MAX_BYTES = 262_144
MAX_ACCOUNTS = 100

_NAMES = ("origin", "log_key", "checkpoint", "policy", "list", "accounts")


@dataclass(frozen=True, slots=True)
class ExportedAccount:
    """A registered account: its name, network (CAIP-2) and descriptor with checksum (BIP380)."""

    name: str
    chain_id: str
    descriptor: str


@dataclass(frozen=True, slots=True)
class DeviceExport:
    """A signer as the coordinator knows it.

    Attributes:
        origin: the log's origin; begins with ``rehearsal.`` when the signer's keys are for practice.
        log_key: verifier key of the log, C2SP signed-note text.
        checkpoint: newest signed checkpoint.
        policy_sequence, list_sequence: what is installed.
        accounts: registered accounts.
    """

    origin: str
    log_key: str
    checkpoint: str
    policy_sequence: int
    list_sequence: int
    accounts: tuple[ExportedAccount, ...]

    def serialize(self) -> bytes:
        """Canonical CBOR, the payload of ``ur:x-custody-account``."""
        accounts: list[Cbor] = [
            {"name": one.name, "chain": one.chain_id, "descriptor": one.descriptor} for one in self.accounts
        ]
        fields: dict[str, Cbor] = {
            "version": VERSION,
            "origin": self.origin,
            "log_key": self.log_key,
            "checkpoint": self.checkpoint,
            "policy": self.policy_sequence,
            "list": self.list_sequence,
            "accounts": accounts,
        }
        return cbor.encode(fields)

    @classmethod
    def parse(cls, encoded: bytes) -> "DeviceExport":
        """The export in these bytes.

        Raises:
            InputError: WIRE-LIMIT, WIRE-VERSION, WIRE-FIELDS, WIRE-TYPE, CHAIN-UNKNOWN, or a CBOR code.
        """
        fields = open_message(encoded, _NAMES, version=VERSION, limit=MAX_BYTES, what="account export")
        return cls(
            origin=fields.text("origin", limit=128),
            log_key=fields.text("log_key", limit=256),
            checkpoint=fields.text("checkpoint", limit=1_024),
            policy_sequence=fields.uint("policy"),
            list_sequence=fields.uint("list"),
            accounts=tuple(_account(item) for item in fields.sequence("accounts", limit=MAX_ACCOUNTS)),
        )


def _account(item: Cbor) -> ExportedAccount:
    fields = Fields(item, ("name", "chain", "descriptor"), "exported account")
    chain_id = chain(fields.text("chain", limit=64)).chain_id
    return ExportedAccount(fields.text("name", limit=64), chain_id, fields.text("descriptor", limit=512))
