"""The rules of the process that holds the key.

It believes nobody: it parses, reviews and judges the request again, compares policy and list with the digests sealed
beside the seed, recomputes the confirmation code, and finds the `authorised` entry in the signed log. Then it signs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from custody.audit.checkpoint import LogVerifier
from custody.audit.entry import Entry, private_hash
from custody.audit.merkle import verify_inclusion
from custody.chains import chain
from custody.codec import canonical_json, cbor
from custody.errors import HomeError, InputError, UsageError
from custody.families import descriptor_from_seed
from custody.installed import Files, Installed
from custody.judgement import Judgement, LogView, judge, payment
from custody.signatures import Signature
from custody.vault import mnemonic
from custody.vault.confirmation import codes_equal, confirmation_code
from custody.vault.sealed import Header, open_with_passphrase, read_header
from custody.vault.secrets import SeedSecret
from custody.wire.fields import Fields
from custody.wire.request import WithdrawalRequest

MAX_ORDER = 16 * 1_048_576
MAX_INSTALLED = 2 * 1_048_576
MAX_INDEX = 2**31 - 1

_NAMES = (
    *("request", "accounts", "policy", "list", "tokens", "now", "before", "consistency"),
    *("officer", "code", "entry", "private", "salts", "inclusion", "after"),
)


@dataclass(frozen=True, slots=True)
class SigningOrder:
    """Everything that the key holder needs in order to judge for itself.

    Attributes:
        request, accounts, policy, flagged, tokens: exact bytes, as scanned and as installed.
        now: Unix seconds at which the request was judged.
        before: signed checkpoint when it was judged. consistency: from the checkpoint that the request carries.
        officer, code: who confirmed, with what code.
        entry: the `authorised` entry, with its private part in canonical JSON and that part's salts.
        inclusion: hashes from the entry to the root of ``after``, the signed checkpoint that holds it.
    """

    request: bytes
    accounts: bytes
    policy: bytes | None
    flagged: bytes | None
    tokens: bytes | None
    now: int
    before: str
    consistency: tuple[bytes, ...]
    officer: str
    code: str
    entry: bytes
    private: bytes
    salts: Mapping[str, bytes]
    inclusion: tuple[bytes, ...]
    after: str

    @property
    def files(self) -> Files:
        """What is installed."""
        return Files(self.accounts, self.policy, self.flagged, self.tokens)

    def serialize(self) -> bytes:
        """Canonical CBOR, for the pipe."""
        values = (
            *(self.request, *self.files, self.now, self.before, list(self.consistency)),
            *(self.officer, self.code, self.entry, self.private, self.salts, list(self.inclusion), self.after),
        )
        return cbor.encode(dict(zip(_NAMES, cast(tuple[cbor.Cbor, ...], values), strict=True)))

    @classmethod
    def parse(cls, encoded: bytes) -> "SigningOrder":
        """The order in these bytes. Raises InputError."""
        fields = Fields(cbor.decode(encoded), _NAMES, "signing order")
        return cls(
            request=fields.octets("request", limit=MAX_INSTALLED),
            accounts=fields.octets("accounts", limit=MAX_INSTALLED),
            policy=_optional(fields, "policy"),
            flagged=_optional(fields, "list"),
            tokens=_optional(fields, "tokens"),
            now=fields.uint("now"),
            before=fields.text("before", limit=1_024),
            consistency=fields.octets_sequence("consistency", limit=64, each=32),
            officer=fields.text("officer", limit=128),
            code=fields.text("code", limit=32),
            entry=fields.octets("entry", limit=4_096),
            private=fields.octets("private", limit=MAX_ORDER),
            salts=_salts(fields.raw("salts")),
            inclusion=fields.octets_sequence("inclusion", limit=64, each=32),
            after=fields.text("after", limit=1_024),
        )


def _salts(value: cbor.Cbor) -> dict[str, bytes]:
    if isinstance(value, dict) and all(isinstance(k, str) and isinstance(v, bytes) for k, v in value.items()):
        return cast(dict[str, bytes], value)
    raise InputError("WIRE-TYPE", "The salts of the signing order are not byte strings by name.")


def _optional(fields: Fields, name: str) -> bytes | None:
    return None if fields.raw(name) is None else fields.octets(name, limit=MAX_INSTALLED)


class KeyHolder:
    """An opened seed, and the two things that it does: show a public account, and carry out a signing order."""

    def __init__(self, sealed: bytes, passphrase: str) -> None:
        """Opens the seal.

        Raises:
            HomeError: SEAL-CLOSED, HOME-CORRUPT.
        """
        self._secret = SeedSecret.parse(open_with_passphrase(sealed, passphrase))
        self._header: Header = read_header(sealed)
        self._seed = mnemonic.seed(self._secret.entropy)

    def descriptor(self, chain_id: str, index: int) -> str:
        """The descriptor of account ``index`` (BIP84, BIP380).

        Raises:
            InputError: CHAIN-UNKNOWN.
            UsageError: ACCOUNT-INDEX, REHEARSAL-CHAIN.
        """
        network = chain(chain_id)
        if not 0 <= index <= MAX_INDEX:
            raise UsageError("ACCOUNT-INDEX", f"An account index goes from 0 to {MAX_INDEX}.")
        if self._header.rehearsal and not network.test:
            raise UsageError("REHEARSAL-CHAIN", "A rehearsal home has accounts on test networks only.")
        return descriptor_from_seed(self._seed, network, index, rehearsal=self._header.rehearsal)

    def sign(self, order: SigningOrder) -> tuple[Signature, ...]:
        """The signatures of an order that holds in every part.

        Raises:
            HomeError: ORDER-REFUSED, naming the part that does not hold.
            CustodyError: whatever the readers of the parts raise.
        """
        installed = self._installed(order)
        judgement = self._judgement(order, installed)
        self._check_consent(order, judgement)
        self._check_entry(order, judgement)
        if judgement.account is None:
            raise _refused("account")
        return payment(judgement.request, judgement.account).sign(self._seed)

    def _installed(self, order: SigningOrder) -> Installed:
        installed = Installed.parse(self._header.origin, order.files, rehearsal=self._header.rehearsal)
        if (installed.policy_digest, installed.list_digest, installed.tokens_digest) != self._secret.rules:
            raise _refused("policy, list or token registry")
        return installed

    def _judgement(self, order: SigningOrder, installed: Installed) -> Judgement:
        verifier = LogVerifier.parse(self._secret.log_key)
        log = LogView(verifier, verifier.open(order.before), order.consistency, _nothing_known)
        judgement = judge(WithdrawalRequest.parse(order.request), installed, log, order.now)
        if not judgement.decision.allowed:
            raise _refused("decision")
        return judgement

    def _check_consent(self, order: SigningOrder, judgement: Judgement) -> None:
        size = LogVerifier.parse(self._secret.log_key).open(order.before).size
        if order.officer not in self._header.officers:
            raise _refused("officer")
        if not codes_equal(order.code, confirmation_code(self._secret.code_secret, judgement, size)):
            raise _refused("confirmation code")

    def _check_entry(self, order: SigningOrder, judgement: Judgement) -> None:
        """Invariant 3: the log holds the authorisation of exactly this before the key is used."""
        entry = Entry.parse(order.entry)
        after = LogVerifier.parse(self._secret.log_key).open(order.after)
        verify_inclusion(order.entry, entry.index, after.size, order.inclusion, after.root)
        private = canonical_json.loads(order.private, limit=MAX_ORDER)
        if entry.kind != "authorised" or entry.request != judgement.request.digest or not isinstance(private, dict):
            raise _refused("log entry")
        if private_hash(private, order.salts) != entry.private:
            raise _refused("log entry's private part")
        if judgement.authorisation([order.officer]) != private:
            raise _refused("log entry's content")


def _nothing_known(references: frozenset[str]) -> dict[str, str]:
    """The key process has no log to search: that a nonce is new is the calling process's word (ADR 0005)."""
    del references
    return {}


def _refused(part: str) -> HomeError:
    return HomeError(
        "ORDER-REFUSED",
        f"The key holder found that the {part} does not hold.",
        "Nothing was signed. Treat this device as suspect and call the security officer.",
    )
