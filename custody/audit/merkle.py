"""RFC 6962 section 2.1: the Merkle tree of the log, its proofs, and their verification as in RFC 9162 section 2.1.

`Tree` keeps every complete subtree and proves in O(log n); `CompactRange` keeps O(log n) hashes and only has a root.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from custody.errors import EvidenceError

HASH_BYTES = 32
MAX_SIZE = 2**53 - 1
MAX_PROOF = 64

#: RFC 6962 2.1: the hash of an empty list.
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """RFC 6962 2.1: SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962 2.1: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class CompactRange:
    """The complete subtrees of a tree that only grows, largest first: enough for its root."""

    __slots__ = ("_roots", "size")

    def __init__(self, size: int = 0, roots: Iterable[bytes] = ()) -> None:
        self.size = size
        self._roots = list(roots)

    def copy(self) -> "CompactRange":
        """A tree that grows apart from this one."""
        return CompactRange(self.size, self._roots)

    def append(self, leaf: bytes) -> None:
        """Add the hash of one more leaf; amortised one node hash."""
        node, trailing = leaf, self.size
        while trailing & 1:
            node = node_hash(self._roots.pop(), node)
            trailing >>= 1
        self._roots.append(node)
        self.size += 1

    @property
    def root(self) -> bytes:
        """RFC 6962 2.1: MTH of all leaves so far."""
        return _fold(self._roots)


def _fold(roots: Sequence[bytes]) -> bytes:
    if not roots:
        return EMPTY_ROOT
    node = roots[-1]
    for left in reversed(roots[:-1]):
        node = node_hash(left, node)
    return node


class Tree:
    """The hashes of all complete subtrees, 64 bytes a leaf: roots and proofs at any size that the log has had."""

    __slots__ = ("_levels", "size")

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        self.size = 0
        self._levels = [bytearray()]
        for leaf in leaf_hashes:
            self.append(leaf)

    def append(self, leaf: bytes) -> None:
        """Add the hash of one more leaf; amortised one node hash."""
        node, level, trailing = leaf, 0, self.size
        self._levels[0] += node
        while trailing & 1:
            level, trailing = level + 1, trailing >> 1
            if level == len(self._levels):
                self._levels.append(bytearray())
            row = self._levels[level - 1]
            node = node_hash(bytes(row[-2 * HASH_BYTES : -HASH_BYTES]), node)
            self._levels[level] += node
        self.size += 1

    def leaf_hash(self, index: int) -> bytes:
        """The hash of leaf ``index``, which must be within the tree."""
        return bytes(self._levels[0][index * HASH_BYTES : (index + 1) * HASH_BYTES])

    def compact_range(self) -> CompactRange:
        """The same tree with no more than is needed to grow it."""
        return CompactRange(self.size, self._complete_subtrees(0, self.size))

    def root(self, size: int | None = None) -> bytes:
        """MTH of the first ``size`` leaves, of all by default. Raises EvidenceError PROOF-RANGE."""
        return self._range_root(0, self._checked(size))

    def inclusion(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """RFC 6962 2.1.1: PATH(index, D[size]), from the leaf upwards. Raises EvidenceError PROOF-RANGE."""
        size = self._checked(size)
        if not 0 <= index < size:
            raise _out_of_range(f"entry {index} of {size}")
        begin, end, path = 0, size, list[bytes]()
        while end - begin > 1:
            middle = begin + _split(end - begin)
            if index < middle:
                path.append(self._range_root(middle, end))
                end = middle
            else:
                path.append(self._range_root(begin, middle))
                begin = middle
        return tuple(reversed(path))

    def consistency(self, old_size: int, size: int | None = None) -> tuple[bytes, ...]:
        """RFC 6962 2.1.2: PROOF(old_size, D[size]); empty for equal sizes, and for an empty old tree, which has none.

        Raises:
            EvidenceError: PROOF-RANGE.
        """
        size = self._checked(size)
        if not 0 <= old_size <= size:
            raise _out_of_range(f"size {old_size} within {size}")
        begin, end, proof = 0, size if old_size else 0, list[bytes]()
        while old_size != end:
            middle = begin + _split(end - begin)
            if old_size <= middle:
                proof.append(self._range_root(middle, end))
                end = middle
            else:
                proof.append(self._range_root(begin, middle))
                begin = middle
        # SUBPROOF's flag b: the old root itself is known to the verifier only when it stands at the far left.
        if begin:
            proof.append(self._range_root(begin, end))
        return tuple(reversed(proof))

    def _checked(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise _out_of_range(f"size {size} within {self.size}")
        return size

    def _range_root(self, begin: int, end: int) -> bytes:
        return _fold(list(self._complete_subtrees(begin, end)))

    def _complete_subtrees(self, begin: int, end: int) -> Iterator[bytes]:
        while begin < end:
            level = (end - begin).bit_length() - 1
            position = (begin >> level) * HASH_BYTES
            yield bytes(self._levels[level][position : position + HASH_BYTES])
            begin += 1 << level


def root_hash(leaf_hashes: Iterable[bytes]) -> bytes:
    """RFC 6962 2.1: MTH, from the hashes of the leaves."""
    tree = CompactRange()
    for leaf in leaf_hashes:
        tree.append(leaf)
    return tree.root


def inclusion_proof(leaf_hashes: Iterable[bytes], index: int) -> tuple[bytes, ...]:
    """RFC 6962 2.1.1: PATH(index, D), from the hashes of the leaves. Raises EvidenceError PROOF-RANGE."""
    return Tree(leaf_hashes).inclusion(index)


def consistency_proof(leaf_hashes: Iterable[bytes], old_size: int) -> tuple[bytes, ...]:
    """RFC 6962 2.1.2: PROOF(old_size, D), from the hashes of the leaves. Raises EvidenceError PROOF-RANGE."""
    return Tree(leaf_hashes).consistency(old_size)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """RFC 9162 2.1.3.2: the leaf stands at ``index`` in the tree of ``size`` leaves with this root.

    Raises:
        EvidenceError: PROOF-INCLUSION.
    """
    if inclusion_root(leaf_hash(leaf), index, size, proof) != root:
        raise _no_inclusion()


def inclusion_root(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that a proof leads to from the hash of a leaf (RFC 9162 2.1.3.2 steps 1 to 5).

    Raises:
        EvidenceError: PROOF-INCLUSION when the proof is not of the form that place and size ask for.
    """
    if not 0 <= index < size <= MAX_SIZE or not _well_formed([leaf, *proof]):
        raise _no_inclusion()
    first, last, node = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise _no_inclusion()
        if first & 1 or first == last:
            node = node_hash(sibling, node)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        first, last = first >> 1, last >> 1
    if last != 0:
        raise _no_inclusion()
    return node


def verify_consistency(old_size: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]) -> None:
    """RFC 9162 2.1.4.2: the tree of ``size`` leaves begins with the ``old_size`` leaves of the old one.

    As in the RFC an empty old tree has no proof, and is refused.

    Raises:
        EvidenceError: PROOF-CONSISTENCY.
    """
    if not 0 < old_size <= size <= MAX_SIZE or not _well_formed(proof):
        raise _no_consistency()
    if old_size == size:
        if proof or old_root != root:
            raise _no_consistency()
        return
    hashes = list(proof)
    # RFC 9162 2.1.4.2 step 2: an old tree that is complete is itself the first node.
    if old_size & (old_size - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes or _climb(old_size - 1, size - 1, hashes) != (old_root, root):
        raise _no_consistency()


def _climb(first: int, last: int, hashes: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Both roots that a consistency proof leads to (RFC 9162 2.1.4.2 steps 3 to 7)."""
    while first & 1:
        first, last = first >> 1, last >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise _no_consistency()
        if first & 1 or first == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        first, last = first >> 1, last >> 1
    if last != 0:
        raise _no_consistency()
    return old, new


def _split(size: int) -> int:
    """RFC 6962 2.1: the largest power of two smaller than ``size``."""
    return 1 << ((size - 1).bit_length() - 1)


def _well_formed(hashes: Sequence[bytes]) -> bool:
    return len(hashes) <= MAX_PROOF and all(len(one) == HASH_BYTES for one in hashes)


def _out_of_range(what: str) -> EvidenceError:
    return EvidenceError("PROOF-RANGE", f"The log cannot prove {what}.")


def _no_inclusion() -> EvidenceError:
    return EvidenceError("PROOF-INCLUSION", "The proof does not lead from the entry to the checkpoint's root.")


def _no_consistency() -> EvidenceError:
    return EvidenceError("PROOF-CONSISTENCY", "The two checkpoints are not of one log that only grew.")
