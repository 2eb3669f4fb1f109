"""Claims of OpenPGP for tests: honest ones, and children of gpg that are bent."""

import sys
import textwrap

import openpgp
from openpgp import NOW

from custody.codec.cbor import Cbor
from custody.edge import jail
from custody.edge.gpg import JailedGpg
from custody.errors import CustodyError
from custody.officers.openpgp import Claim, SignatureVerifier

TEXT = b"custody-approval/1\nrole: approver\n"
GOOD = "good"


def verdict(verifier: SignatureVerifier, claim: Claim, at: int = NOW) -> str:
    """``good``, or the code of the refusal."""
    try:
        verifier.verify(claim, at)
    except CustodyError as error:
        return error.code
    return GOOD


def by(name: str, text: bytes = TEXT, at: int = NOW) -> Claim:
    """Somebody's honest claim."""
    return Claim(text, openpgp.signature(name, text, at), openpgp.certificate(name))


def made(name: str, **how: str) -> str:
    """A key for one test."""
    return openpgp.keyring().make(f"{name} <{name.lower()}@example.org>", **how)  # type: ignore[arg-type]


def claimed(fingerprint: str, signer: str | None = None, at: int = NOW, exported: int | None = None) -> Claim:
    """What a key, or a subkey of it, signed, with the certificate as it is now."""
    keyring = openpgp.keyring()
    return Claim(TEXT, keyring.sign(signer or fingerprint, TEXT, at), keyring.certificate(fingerprint, exported))


def altered(setting: str) -> list[str]:
    """The command of the real child, with something in its module replaced first."""
    command = jail.isolated_command("custody.edge.gpg_child")
    command[3] = command[3].replace(
        "; from custody", "; import custody.edge.gpg_child as child\n" + setting + "\nfrom custody", 1
    )
    return command


def script(body: str) -> list[str]:
    """The command of a child that does something else than it should."""
    return [sys.executable, "-I", "-c", textwrap.dedent(body)]


def asked(verifier: JailedGpg, claim: Claim) -> str:
    """The child's own word, past the reader of this process."""
    try:
        verifier._ask(job(claim))
    except CustodyError as error:
        return error.code
    return GOOD


def job(claim: Claim, at: int = NOW) -> dict[str, Cbor]:
    """What is written on the child's pipe."""
    return {"text": claim.text, "signature": claim.signature, "certificate": claim.certificate, "at": at}
