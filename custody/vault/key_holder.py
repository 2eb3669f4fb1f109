"""The rules of the process that holds the key.

It believes nobody: it parses, reviews and judges the request again, verifies approvals and bundles itself, compares
the files that decide with what is sealed, opens each officer's secret itself, recomputes the confirmation code, and
finds the `authorised` entry in the signed log. Then it signs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from custody.audit.checkpoint import LogVerifier
from custody.audit.entry import Entry, private_hash
from custody.audit.merkle import verify_inclusion
from custody.chains import chain
from custody.codec import canonical_json
from custody.errors import HomeError, UsageError
from custody.families import descriptor_from_seed
from custody.governance.actions import Resolution, resolve
from custody.governance.clocks import Times
from custody.governance.install import Standing
from custody.governance.state import State
from custody.installed import Files, Installed
from custody.judgement import Judgement, LogView, judge, payment
from custody.officers.consent import Proof, Typed
from custody.officers.openpgp import SignatureVerifier
from custody.screening.large import NONE, Lists
from custody.signatures import Signature
from custody.vault import mnemonic
from custody.vault.confirmation import codes_equal, confirmation_code, judged, resolved
from custody.vault.orders import MAX_ORDER, CouncilOrder, Evidence, Sealed, SigningOrder
from custody.vault.sealed import Header, open_sealed, open_with_passphrase, read_header
from custody.vault.secrets import OfficerSecret, RulesSecret, SeedSecret
from custody.wire.request import WithdrawalRequest

MAX_INDEX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class _Consented:
    """What was judged and consented to, and waits for its place in the log."""

    judgement: Judgement
    proofs: tuple[Proof, ...]
    elapsed: int


class KeyHolder:
    """The officers' opened secrets, and what is done with them.

    Consent comes before its entry in the log, and the entry before the key is used: `consent`, then `sign`.
    """

    def __init__(
        self,
        sealed: Sealed,
        passphrases: Mapping[str, str],
        verifier: SignatureVerifier,
        lists: Lists = NONE,
        interfaces: tuple[str, ...] | None = None,
    ) -> None:
        """Opens the secret of each officer who gives a passphrase, and with it what is in force.

        Args:
            lists: the large lists, each under the SHA-256 that was found of it here.
            interfaces: network interfaces of this machine that are up; None where that cannot be told.

        Raises:
            HomeError: SEAL-CLOSED, HOME-CORRUPT, OFFICER-UNKNOWN.
        """
        self._sealed, self._verifier, self._lists, self._interfaces = sealed, verifier, lists, interfaces
        self._officers = {name: _officer(sealed, name, words) for name, words in passphrases.items()}
        one = next(iter(self._officers.values()), None)
        if one is None:
            raise HomeError("OFFICER-UNKNOWN", "No officer gave a passphrase.")
        self._rules = RulesSecret.parse(open_sealed(sealed.rules, one.rules_key))
        self._header: Header = read_header(sealed.rules)
        if any(self._rules.officers.get(name) != secret.public_key for name, secret in self._officers.items()):
            raise HomeError("HOME-CORRUPT", "An officer's secret is not one of this home's.")
        self._log = LogVerifier.parse(self._rules.log_key)
        self._consented: _Consented | None = None

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
        return descriptor_from_seed(self._seed(), network, index, rehearsal=self._header.rehearsal)

    def consent(self, order: SigningOrder) -> tuple[Proof, ...]:
        """Each officer's proof of consent to a request that is allowed here too.

        Raises:
            HomeError: ORDER-REFUSED, naming the part that does not hold.
            CustodyError: whatever the readers of the parts raise.
        """
        state, installed = self._in_force(order.files, order.times)
        if state.frozen:
            raise _refused("state of the device")
        judgement = self._judgement(order, installed)
        consented = judged(judgement, self._log.open(order.before).size)
        proofs = self._proofs(order.typed, consented, self._quorum(installed), self._known(order, installed))
        self._consented = _Consented(judgement, proofs, order.times.elapsed)
        return proofs

    def sign(self, evidence: Evidence) -> tuple[Signature, ...]:
        """The signatures of what was consented to, once the log holds it; consent serves once.

        Raises:
            HomeError: ORDER-REFUSED, naming the part that does not hold.
            CustodyError: whatever the readers of the parts raise.
        """
        given, self._consented = self._consented, None
        if given is None or given.judgement.account is None:
            raise _refused("consent")
        self._check_entry(evidence, given)
        return payment(given.judgement.request, given.judgement.account).sign(self._seed())

    def decide(self, order: CouncilOrder) -> tuple[bytes, tuple[Proof, ...]]:
        """What is in force after the officers' decision, sealed anew, and each officer's proof of consent.

        Raises:
            HomeError: ORDER-REFUSED, or what `resolve` says.
        """
        state, installed = self._in_force(order.files, order.times)
        resolution = self._resolution(order, state, installed)
        consented = resolved(resolution.agreed, self._log.open(order.before).size)
        proofs = self._proofs(order.typed, consented, resolution.needed, self._known(order, installed))
        one = next(iter(self._officers.values()))
        rules = replace(self._rules, state=resolution.state.serialize())
        return rules.seal(self._header, one.rules_key), proofs

    def _seed(self) -> bytes:
        one = next(iter(self._officers.values()))
        return mnemonic.seed(SeedSecret.parse(open_sealed(self._sealed.seed, one.seed_key)).entropy)

    def _in_force(self, files: Files, times: Times) -> tuple[State, Installed]:
        """The sealed state, and the files that it names and no others."""
        state = State.parse(self._rules.state).matured(times)
        installed = Installed.parse(self._header.origin, files, rehearsal=self._header.rehearsal, lists=self._lists)
        if installed.held != dict(state.held):
            raise _refused("policy, list, token registry, roster or VASP keys")
        return state, installed

    def _quorum(self, installed: Installed) -> int:
        return installed.roster.consent if installed.roster else self._rules.threshold

    def _known(self, order: SigningOrder | CouncilOrder, installed: Installed) -> frozenset[str]:
        """Who is an officer now, whether or not he has a secret here."""
        roster = installed.roster
        return frozenset(roster.consenting(order.times.latest) if roster else self._rules.officers)

    def _judgement(self, order: SigningOrder, installed: Installed) -> Judgement:
        log = LogView(self._log, self._log.open(order.before), order.consistency, _nothing_known, order.history)
        request = WithdrawalRequest.parse(order.request)
        judgement = judge(request, installed, log, order.times, self._verifier, self._interfaces)
        if not judgement.decision.allowed:
            raise _refused("decision")
        return judgement

    def _resolution(self, order: CouncilOrder, state: State, installed: Installed) -> Resolution:
        bodies = {kind: content.body for kind, content in installed.contents.items()}
        officers = tuple(self._rules.officers)
        standing = Standing(state, bodies, officers, order.times, installed.spans, self._lists)
        return resolve(order.action, standing, self._quorum(installed), self._verifier)

    def _proofs(
        self, typed: tuple[Typed, ...], consented: bytes, needed: int, known: frozenset[str]
    ) -> tuple[Proof, ...]:
        """One proof an officer: each typed the code, each gave his own passphrase, and each is still an officer."""
        code = confirmation_code(self._rules.code_secret, consented)
        names = [one.officer for one in typed]
        if len(set(names)) != len(names) or len(names) < needed or not set(names) <= known & self._officers.keys():
            raise _refused("officers")
        if not all(codes_equal(one.code, code) for one in typed):
            raise _refused("confirmation code")
        return tuple(Proof(name, self._officers[name].prove(consented)) for name in names)

    def _check_entry(self, evidence: Evidence, given: _Consented) -> None:
        """Invariant 3: the log holds the authorisation of exactly this before the key is used."""
        entry, after = Entry.parse(evidence.entry), self._log.open(evidence.after)
        verify_inclusion(evidence.entry, entry.index, after.size, evidence.inclusion, after.root)
        private = canonical_json.loads(evidence.private, limit=MAX_ORDER)
        about = given.judgement.request.digest
        if entry.kind != "authorised" or entry.request != about or not isinstance(private, dict):
            raise _refused("log entry")
        if private_hash(private, evidence.salts) != entry.private:
            raise _refused("log entry's private part")
        if given.judgement.authorisation(given.proofs, given.elapsed) != private:
            raise _refused("log entry's content")


def _officer(sealed: Sealed, name: str, passphrase: str) -> OfficerSecret:
    if name not in sealed.officers:
        raise HomeError("OFFICER-UNKNOWN", f"{name} is no officer of this home.", "See: custody signer status")
    header = read_header(sealed.officers[name])
    if (header.purpose, header.officers) != ("officer", (name,)):
        raise HomeError("HOME-CORRUPT", "An officer's sealed file is another's.", "Restore the home from its backup.")
    try:
        return OfficerSecret.parse(open_with_passphrase(sealed.officers[name], passphrase))
    except HomeError as error:
        if error.code != "SEAL-CLOSED":
            raise
        raise HomeError(error.code, f"{name}: {error.message}", error.hint) from error


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
