"""RFC 6962 trees against published roots, and proofs against lies about them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from custody.audit import merkle
from custody.errors import EvidenceError

# The eight leaves of Certificate Transparency's test tree, and the root at each size
# (transparency-dev/merkle, testonly/constants.go at 417fb0c, Apache-2.0).
LEAVES = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
          "606162636465666768696a6b6c6d6e6f")]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]


@pytest.mark.parametrize("size", range(9))
def test_the_root_at_each_size_is_the_published_one(size: int) -> None:
    assert merkle.root_hash(HASHES[:size]).hex() == ROOTS[size]
    assert merkle.Tree(HASHES).root(size).hex() == ROOTS[size]
    assert merkle.Tree(HASHES[:size]).compact_range().root.hex() == ROOTS[size]


@pytest.mark.parametrize(
    ("computed", "published"),
    [
        (merkle.leaf_hash(b"L123456"), "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"),
        (merkle.node_hash(b"N123", b"N456"), "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"),
    ],
)
def test_leaves_and_nodes_hash_as_published(computed: bytes, published: str) -> None:
    assert computed.hex() == published


def honest() -> Iterator[tuple[str, list[Any]]]:
    """Every proof of the published tree, towards the published roots: kind, and arguments for our verifier."""
    roots = [bytes.fromhex(root) for root in ROOTS]
    for size in range(1, 9):
        for index in range(size):
            proof = merkle.inclusion_proof(HASHES[:size], index)
            yield "inclusion", [LEAVES[index], index, size, proof, roots[size]]
        for old in range(1, size + 1):
            proof = merkle.consistency_proof(HASHES[:size], old)
            yield "consistency", [old, size, roots[old], roots[size], proof]


#: The size of the newer tree: it stands in a checkpoint with its root, signed, and no proof binds it again.
_SIZE = {"inclusion": 2, "consistency": 1}


def lies(kind: str, arguments: list[Any]) -> Iterator[list[Any]]:
    """The same with one argument bent."""
    for place, value in enumerate(arguments):
        if place == _SIZE[kind]:
            continue
        match value:
            case int():
                bent: list[Any] = [value - 1, value + 1, value + 8, -1, 2**60]
            case bytes():
                bent = [value + b"\0", bytes(32), bytes(value[:-1]) + bytes([(value or b"\0")[-1] ^ 1])]
            case _:
                bent = [(*value, bytes(32)), (*value, value[-1]) if value else (b"",), value[:-1] or (bytes(31),)]
                bent += [tuple(reversed(value)) if len(set(value)) > 1 else (bytes(32), *value)]
        yield from ([*arguments[:place], other, *arguments[place + 1 :]] for other in bent if other != value)


VERIFIERS: dict[str, Callable[..., None]] = {
    "inclusion": merkle.verify_inclusion,
    "consistency": merkle.verify_consistency,
}


def accepted(verifiers: dict[str, Callable[..., None]]) -> tuple[int, int, int]:
    """How many honest proofs, and how many of how many lies, the verifiers accept."""
    truths = sum(_holds(verifiers[kind], arguments) for kind, arguments in honest())
    bent = [_holds(verifiers[kind], lie) for kind, arguments in honest() for lie in lies(kind, arguments)]
    return truths, sum(bent), len(bent)


def _holds(verifier: Callable[..., None], arguments: list[Any]) -> bool:
    try:
        verifier(*arguments)
    except EvidenceError:
        return False
    return True


def test_every_honest_proof_holds_and_every_lie_is_refused() -> None:
    truths, believed, told = accepted(VERIFIERS)
    assert (truths, believed) == (72, 0)
    assert told > 1_000


def test_a_verifier_that_accepts_everything_is_found_out() -> None:
    _, believed, told = accepted(dict.fromkeys(VERIFIERS, lambda *_: None))
    assert believed == told


def test_an_inclusion_proof_proves_its_leaf_and_no_other() -> None:
    proof, root = merkle.inclusion_proof(HASHES, 5), bytes.fromhex(ROOTS[8])
    merkle.verify_inclusion(LEAVES[5], 5, 8, proof, root)
    with pytest.raises(EvidenceError, match="PROOF-INCLUSION"):
        merkle.verify_inclusion(LEAVES[4], 5, 8, proof, root)


def test_a_leaf_cannot_pass_for_a_node() -> None:
    preimage = HASHES[0] + HASHES[1]
    assert merkle.leaf_hash(preimage) != merkle.node_hash(HASHES[0], HASHES[1])
    with pytest.raises(EvidenceError):
        merkle.verify_inclusion(preimage, 0, 4, merkle.inclusion_proof(HASHES[:8], 0)[1:], bytes.fromhex(ROOTS[8]))


@pytest.mark.parametrize(
    "ask",
    [
        lambda tree: tree.inclusion(8),
        lambda tree: tree.inclusion(-1),
        lambda tree: tree.inclusion(3, 3),
        lambda tree: tree.inclusion(0, 9),
        lambda tree: tree.consistency(9),
        lambda tree: tree.consistency(-1),
        lambda tree: tree.consistency(5, 4),
        lambda tree: tree.root(9),
        lambda tree: tree.root(-1),
    ],
)
def test_a_proof_beyond_the_tree_is_refused(ask: Callable[[merkle.Tree], object]) -> None:
    with pytest.raises(EvidenceError, match="PROOF-RANGE"):
        ask(merkle.Tree(HASHES))


def test_an_empty_tree_is_consistent_with_nothing() -> None:
    assert merkle.Tree(HASHES).consistency(0) == ()
    with pytest.raises(EvidenceError, match="PROOF-CONSISTENCY"):
        merkle.verify_consistency(0, 8, merkle.EMPTY_ROOT, bytes.fromhex(ROOTS[8]), ())


@pytest.mark.parametrize("index", [2**53, 2**64, 10**30])
def test_an_absurd_size_is_refused_before_any_work(index: int) -> None:
    with pytest.raises(EvidenceError):
        merkle.verify_inclusion(b"", index, index + 1, [bytes(32)] * 54, bytes(32))
    with pytest.raises(EvidenceError):
        merkle.verify_consistency(1, index + 1, bytes(32), bytes(32), [bytes(32)] * 54)
