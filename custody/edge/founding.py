"""What a new home is made of: entropy, secrets, officers, and the rules pinned from the first day."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from custody.audit.checkpoint import LogKey
from custody.bitcoin.account import descriptor_from_seed
from custody.chains import REGTEST
from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.edge.home import NewHome
from custody.errors import UsageError
from custody.evm.tokens import TokenRegistry
from custody.policy.document import Policy
from custody.screening.flagged import FlaggedList
from custody.vault import mnemonic, sealed
from custody.vault.secrets import SECRET_BYTES, DeviceSecrets

MAX_SECRETS = 16_384


@dataclass(frozen=True, slots=True)
class Founders:
    """Who makes the home: one officer in this version, with the passphrase; perhaps the words of an older seed."""

    officer: str
    passphrase: str = field(repr=False)
    words: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: bytes) -> "Founders":
        """From a rehearsal's secrets file.

        Raises:
            UsageError: SECRETS-FORM, OFFICERS-UNSUPPORTED.
        """
        match canonical_json.loads_relaxed(text, limit=MAX_SECRETS):
            case {"officers": list(officers), "threshold": int(threshold), **rest} if set(rest) <= {"mnemonic"}:
                return cls(*_only_officer(officers, threshold), _words(cast(Json, rest.get("mnemonic"))))
        raise UsageError(
            "SECRETS-FORM",
            "The secrets file is not of its form.",
            '{"mnemonic": "...", "officers": [{"name": "...", "passphrase": "..."}], "threshold": 1}',
        )


def _only_officer(officers: list[Json], threshold: int) -> tuple[str, str]:
    match officers:
        case [{"name": str(name), "passphrase": str(passphrase), **rest}] if threshold == 1 and not rest:
            return check_officer(name), passphrase
    raise UsageError("OFFICERS-UNSUPPORTED", "This version serves exactly one officer, threshold 1.")


def _words(value: Json) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise UsageError("SECRETS-FORM", "The mnemonic of the secrets file is not text.")


def check_officer(name: str) -> str:
    """An officer's name as it enters the log.

    Raises:
        UsageError: OFFICER-NAME.
    """
    if not 1 <= len(name) <= 64 or not name.isprintable() or name.strip() != name:
        raise UsageError("OFFICER-NAME", "An officer's name is 1 to 64 printable characters.")
    return name


def found(
    founders: Founders,
    entropy: bytes,
    *,
    rehearsal: bool,
    policy: bytes | None,
    flagged: bytes | None,
    tokens: bytes | None = None,
    random: Callable[[int], bytes],
) -> NewHome:
    """Everything that `custody.edge.home.make` writes.

    Raises:
        HomeError: PASSPHRASE-SHORT, PASSPHRASE-LONG.
        InputError: what the policy, list or token reader says.
    """
    check_rules(policy, flagged, tokens)
    passphrase = sealed.passphrase_checked(founders.passphrase, rehearsal=rehearsal)
    secrets = DeviceSecrets.make(random(4 * SECRET_BYTES))
    origin = _origin(secrets.log_seed, rehearsal=rehearsal)
    ops, memory = sealed.LIGHT if rehearsal else sealed.STRONG
    kdf = sealed.Argon2id(ops, memory, random(sealed.SALT_BYTES))
    header = sealed.Header("seed", rehearsal, origin, random(sealed.NONCE_BYTES), kdf, (founders.officer,))
    return NewHome(
        header=header,
        entropy=entropy,
        passphrase=passphrase,
        device_key=random(sealed.KEY_BYTES),
        device_nonce=random(sealed.NONCE_BYTES),
        secrets=secrets,
        master_fingerprint=_master_fingerprint(entropy),
        policy=policy,
        flagged=flagged,
        tokens=tokens,
    )


def check_rules(policy: bytes | None, flagged: bytes | None, tokens: bytes | None) -> None:
    """That what is to be pinned can be read. Raises InputError."""
    if policy is not None:
        Policy.parse(policy)
    if flagged is not None:
        FlaggedList.parse(flagged)
    if tokens is not None:
        TokenRegistry.parse(tokens)


def _origin(log_seed: bytes, *, rehearsal: bool) -> str:
    """A name that no other log has: derived from the log's public key."""
    public = LogKey("custody", log_seed).verifier.key
    return f"{'rehearsal.' if rehearsal else ''}custody-{hashlib.sha256(public).hexdigest()[:16]}"


def _master_fingerprint(entropy: bytes) -> str:
    """BIP32 fingerprint of the master key, read from the origin of a descriptor (the same on every network)."""
    return descriptor_from_seed(mnemonic.seed(entropy), REGTEST, 0)[6:14]
