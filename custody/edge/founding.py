"""What a new home is made of: entropy, secrets, officers, and the rules pinned from the first day."""

import hashlib
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from custody.audit.checkpoint import LogKey
from custody.bitcoin.account import descriptor_from_seed
from custody.chains import REGTEST
from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.edge.making import NewHome, NewOfficer
from custody.errors import HomeError, InputError, UsageError
from custody.governance.clocks import Times
from custody.governance.contents import Content
from custody.governance.install import Proposal, Standing, check_leap, check_time, propose
from custody.governance.state import State
from custody.installed import Files, Installed, serialize_accounts
from custody.officers.openpgp import SignatureVerifier
from custody.officers.roster import Role, Roster
from custody.vault import mnemonic, sealed
from custody.vault.secrets import SECRET_BYTES, DeviceSecrets, OfficerSecret
from custody.wire.bundle import SignedBundle

MAX_SECRETS = 16_384


@dataclass(frozen=True, slots=True)
class Founders:
    """Who makes the home: officers with their passphrases, how many must consent; perhaps words of an older seed."""

    officers: Mapping[str, str] = field(repr=False)
    threshold: int
    words: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: bytes) -> "Founders":
        """From a rehearsal's secrets file.

        Raises:
            UsageError: SECRETS-FORM, OFFICER-NAME, or what `checked` says.
        """
        match canonical_json.loads_relaxed(text, limit=MAX_SECRETS):
            case {"officers": list(rows), "threshold": int(threshold), **rest} if set(rest) <= {"mnemonic"}:
                officers = [_officer(row) for row in rows]
                words = _words(cast(Json, rest.get("mnemonic")))
                if len(dict(officers)) == len(officers):
                    return cls(dict(officers), threshold, words).checked()
        raise _secrets_form()

    def checked(self) -> "Founders":
        """The same, fit to found a home.

        Raises:
            UsageError: OFFICERS-COUNT; OFFICERS-ALIKE when two have one passphrase: one person could then be two.
        """
        if not 1 <= self.threshold <= len(self.officers) <= sealed.MAX_OFFICERS:
            message = f"{self.threshold} of {len(self.officers)} officers: a home has 1 to {sealed.MAX_OFFICERS}."
            raise UsageError("OFFICERS-COUNT", message, "As many must consent as there are, or fewer; at least one.")
        alike = {unicodedata.normalize("NFKC", words) for words in self.officers.values()}
        if len(alike) < len(self.officers):
            raise UsageError("OFFICERS-ALIKE", "Two officers have the same passphrase.", "Each chooses his own, alone.")
        return self


def _officer(row: Json) -> tuple[str, str]:
    match row:
        case {"name": str(name), "passphrase": str(passphrase), **rest} if not rest:
            return check_officer(name), passphrase
    raise _secrets_form()


def _secrets_form() -> UsageError:
    return UsageError(
        "SECRETS-FORM",
        "The secrets file is not of its form.",
        '{"mnemonic": "...", "officers": [{"name": "...", "passphrase": "..."}], "threshold": 1}',
    )


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
    files: Mapping[str, bytes],
    random: Callable[[int], bytes],
) -> NewHome:
    """Everything that `custody.edge.making.make` writes; ``files`` decide, by kind, from the first day.

    Raises:
        HomeError: PASSPHRASE-SHORT, PASSPHRASE-LONG.
        InputError: what the policy, list, token, roster, VASP-keys or bundle reader says.
        UsageError: OFFICERS-ROSTER.
    """
    roster = check_files(files)
    if roster:
        _check_officers(founders, roster)
    secrets = DeviceSecrets.make(random(4 * SECRET_BYTES))
    origin = _origin(secrets.log_seed, rehearsal=rehearsal)
    names = tuple(founders.officers)
    return NewHome(
        header=sealed.Header(
            "seed", rehearsal, origin, random(sealed.NONCE_BYTES), officers=names, threshold=founders.threshold
        ),
        entropy=entropy,
        officers=_officers(founders, origin, rehearsal=rehearsal, random=random),
        device_key=random(sealed.KEY_BYTES),
        device_nonce=random(sealed.NONCE_BYTES),
        secrets=secrets,
        master_fingerprint=_master_fingerprint(entropy),
        files=files,
    )


def _officers(
    founders: Founders, origin: str, *, rehearsal: bool, random: Callable[[int], bytes]
) -> tuple[NewOfficer, ...]:
    """Each officer's own secret; all of them hold the two keys that open what is sealed for all."""
    seed_key, rules_key = random(SECRET_BYTES), random(SECRET_BYTES)
    ops, memory = sealed.LIGHT if rehearsal else sealed.STRONG
    made = []
    for name, passphrase in founders.officers.items():
        sealed.passphrase_checked(passphrase, rehearsal=rehearsal)
        kdf = sealed.Argon2id(ops, memory, random(sealed.SALT_BYTES))
        header = sealed.Header("officer", rehearsal, origin, random(sealed.NONCE_BYTES), kdf, (name,), 1)
        made.append(NewOfficer(header, passphrase, OfficerSecret(random(SECRET_BYTES), seed_key, rules_key)))
    return tuple(made)


def check_files(files: Mapping[str, bytes]) -> Roster | None:
    """That what is to be pinned can be read and a built list is whole; the roster, where there is one.

    Raises:
        InputError: a code of their readers.
    """
    read = Installed.parse("", Files.of(serialize_accounts(()), files), rehearsal=True)
    if read.flagged:
        read.flagged.verify()
    return read.roster


def pinned(
    given: Mapping[str, bytes], *, rehearsal: bool, now: int, verifier: SignatureVerifier
) -> tuple[dict[str, bytes], tuple[Proposal, ...]]:
    """The files of a new home, and what those that are signed would allow.

    A real home takes nothing but bundles signed under its roster. The roster itself comes as a bundle too, and is
    proved by its words, which officers type from paper.

    Raises:
        UsageError: ROSTER-NEEDED, RULES-UNSIGNED.
        HomeError: what `propose` says of a bundle; BUNDLE-HOUSE, BUNDLE-LEAP, BUNDLE-EARLY,
            BUNDLE-EXPIRED of the roster.
        InputError: what a reader says.
    """
    signed = {kind: _signed(exact) for kind, exact in given.items()}
    files = {kind: one.content if (one := signed[kind]) else exact for kind, exact in given.items()}
    roster = check_files(files)
    if not rehearsal and roster is None:
        raise UsageError("ROSTER-NEEDED", "A real home begins with a roster: who may do what.", "--roster F.bundle")
    unsigned = [kind for kind, one in signed.items() if one is None]
    if unsigned and not rehearsal:
        message = f"A real home takes no unsigned {unsigned[0]}."
        raise UsageError("RULES-UNSIGNED", message, "custody compliance sign makes a signed bundle of it.")
    if roster is None:
        return files, ()
    _check_roster(Content.read("roster", files["roster"]), roster, now)
    others = [one for kind, one in signed.items() if one is not None and kind != "roster"]
    founding_day = _founding_day(files["roster"], roster, now)
    return files, tuple(propose(one, founding_day, verifier) for one in others)


def _check_roster(content: Content, roster: Roster, now: int) -> None:
    """That the first roster's header is of its house, of today, and no end of all numbers."""
    header = content.header
    if header is None:
        return
    if header.house != roster.house:
        raise HomeError("BUNDLE-HOUSE", f"The roster in this bundle is {roster.house}'s, not {header.house}'s.")
    check_leap(header, 0)
    check_time(header, now)


def _founding_day(roster: bytes, parsed: Roster, now: int) -> Standing:
    body = Content.read("roster", roster).body
    return Standing(State(), {"roster": body}, parsed.officers, Times(now, 0))


def _signed(exact: bytes) -> SignedBundle | None:
    """The signed bundle in a file; None for any other file."""
    try:
        return SignedBundle.parse(exact)
    except InputError:
        return None


def _check_officers(founders: Founders, roster: Roster) -> None:
    """A home's officers are officers of its roster, enough of them, and the roster says how many consent."""
    strangers = sorted(set(founders.officers) - set(roster.officers))
    if strangers or founders.threshold != roster.consent:
        raise UsageError(
            "OFFICERS-ROSTER",
            f"Not officers of the roster: {', '.join(strangers)}."
            if strangers
            else f"The roster asks for {roster.consent} officers to consent, not {founders.threshold}.",
            f"Its officers are {', '.join(roster.officers)}.",
        )
    lasting = set(founders.officers) & set(roster.lasting(Role.OFFICER))
    if len(lasting) < roster.consent:
        message = f"By the roster, {len(lasting)} of them have no end, and {roster.consent} must consent."
        raise UsageError("OFFICERS-ROSTER", message, "Without enough of them the day comes when nobody can consent.")


def _origin(log_seed: bytes, *, rehearsal: bool) -> str:
    """A name that no other log has: derived from the log's public key."""
    public = LogKey("custody", log_seed).verifier.key
    return f"{'rehearsal.' if rehearsal else ''}custody-{hashlib.sha256(public).hexdigest()[:16]}"


def _master_fingerprint(entropy: bytes) -> str:
    """BIP32 fingerprint of the master key, read from the origin of a descriptor (the same on every network)."""
    return descriptor_from_seed(mnemonic.seed(entropy), REGTEST, 0)[6:14]
