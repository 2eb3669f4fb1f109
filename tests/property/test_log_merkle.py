"""Any tree: our roots and proofs against pymerkle's, and every lie refused."""

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.audit import merkle
from custody.errors import EvidenceError

LEAVES = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


def oracle(leaves: list[bytes]) -> pymerkle.InmemoryTree:
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        tree.append_entry(leaf)
    return tree


def ours(leaves: list[bytes]) -> merkle.Tree:
    return merkle.Tree(merkle.leaf_hash(leaf) for leaf in leaves)


@given(leaves=LEAVES)
@settings(max_examples=60)
def test_roots_are_pymerkles_at_every_size(leaves: list[bytes]) -> None:
    peer, tree, grown = oracle(leaves), ours(leaves), merkle.CompactRange()
    for size, leaf in enumerate(leaves, 1):
        grown.append(merkle.leaf_hash(leaf))
        assert tree.root(size) == grown.root == peer.get_root(size)


@given(leaves=LEAVES, choice=st.data())
@settings(max_examples=60)
def test_our_proofs_convince_pymerkle(leaves: list[bytes], choice: st.DataObject) -> None:
    peer, tree = oracle(leaves), ours(leaves)
    size = choice.draw(st.integers(1, len(leaves)))
    old, index = choice.draw(st.integers(1, size)), choice.draw(st.integers(0, size - 1))
    inclusion = peer.prove_inclusion(index + 1, size)
    # pymerkle's path begins with the leaf's own hash.
    assert tuple(inclusion.path[1:]) == tree.inclusion(index, size)
    consistency = peer.prove_consistency(old, size)
    pymerkle.verify_consistency(tree.root(old), tree.root(size), consistency)
    merkle.verify_consistency(old, size, peer.get_root(old), peer.get_root(size), tree.consistency(old, size))


@given(leaves=LEAVES, choice=st.data())
@settings(max_examples=60)
def test_a_proof_holds_for_its_own_place_only(leaves: list[bytes], choice: st.DataObject) -> None:
    unique = [bytes([position]) + leaf for position, leaf in enumerate(leaves)]
    tree, size = ours(unique), len(unique)
    index, claimed = choice.draw(st.integers(0, size - 1)), choice.draw(st.integers(0, size + 2))
    proof = tree.inclusion(index)
    merkle.verify_inclusion(unique[index], index, size, proof, tree.root())
    if claimed != index:
        with pytest.raises(EvidenceError):
            merkle.verify_inclusion(unique[index], claimed, size, proof, tree.root())


@given(
    index=st.integers(-2, 2**64),
    size=st.integers(-2, 2**64),
    proof=st.lists(st.binary(min_size=31, max_size=33) | st.just(bytes(32)), max_size=70),
)
@settings(max_examples=150)
def test_any_proof_is_judged_without_fault(index: int, size: int, proof: list[bytes]) -> None:
    with pytest.raises(EvidenceError):
        merkle.verify_inclusion(b"leaf", index, size, proof, bytes(32))
    with pytest.raises(EvidenceError):
        merkle.verify_consistency(index, size, bytes(32), b"\x01" * 32, proof)
