"""`--prove` of `compliance diff`: what a new policy newly allows, asked of a solver."""

from custody.codec.canonical_json import Json
from custody.edge.terminal import say
from custody.errors import UsageError
from custody.evm.tokens import TokenRegistry
from custody.policy.document import Policy
from custody.screen import printable
from custody.wire.bundle import Kind


def check_provable(kind: Kind) -> None:
    """Raises UsageError PROVER-KIND, PROVER-NONE."""
    if kind != "policy":
        raise UsageError("PROVER-KIND", "Only policies are proved.", "Leave out --prove.")
    try:
        import z3  # noqa: F401
    except ModuleNotFoundError as error:
        hint = ".venv/bin/python -m pip install --require-hashes -r requirements/prove.lock"
        raise UsageError("PROVER-NONE", "The solver of --prove, z3, is not installed.", hint) from error


def proof(old: bytes, new: bytes, tokens: TokenRegistry) -> dict[str, Json]:
    """Tells people what is proved, or the example, and gives it for scripts.

    Raises:
        CustodyError: PROVER-DIFFERS, PROVER-UNDECIDED.
    """
    # Not for other commands: the solver takes long to load and is not everywhere.
    from custody.coordinator.prover import prove, words

    before, after = Policy.parse(old), Policy.parse(new)
    asked = [*prove.situations(before, after, tokens)]
    say(f"\nAsking the solver about {len(asked):,} situation(s).")
    found = prove.prove(before, after, asked)
    for line in words.told(found, before):
        say(printable(line))
    return words.as_json(found, before)
