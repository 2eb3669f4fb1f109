"""BIP32 derivation against its published vectors, valid and invalid."""

import json
from pathlib import Path

import pytest

from custody.errors import HomeError, InputError
from custody.keys import derivation
from custody.keys.derivation import TPUB, XPUB


def vectors(project: Path) -> dict[str, list[dict[str, str]]]:
    loaded: dict[str, list[dict[str, str]]] = json.loads((project / "tests/vectors/bip32.json").read_text())
    return loaded


def numbers(path: str) -> list[int]:
    return [int(step.rstrip("h")) + (derivation.HARDENED if step.endswith("h") else 0) for step in path.split("/")[1:]]


def test_published_private_chains(project: Path) -> None:
    for vector in vectors(project)["chains"]:
        root = derivation.root(bytes.fromhex(vector["seed"]), XPUB)
        path = numbers(vector["path"])
        node = derivation.private_child(root, *path) if path else root
        assert derivation.encode_xpub(node) == vector["xpub"]


def test_published_public_steps(project: Path) -> None:
    chains = {(vector["seed"], vector["path"]): vector["xpub"] for vector in vectors(project)["chains"]}
    steps = 0
    for (seed, path), xpub in chains.items():
        parent, _, last = path.rpartition("/")
        if not parent or last.endswith("h"):
            continue
        above = derivation.decode_xpub(chains[seed, parent], XPUB, parent.count("/"), ([*numbers(parent)] or [0])[-1])
        node = derivation.private_child(derivation.root(bytes.fromhex(seed), XPUB), *numbers(path))
        assert derivation.public_key(derivation.public_child(above, int(last))) == derivation.public_key(node)
        assert derivation.encode_xpub(node) == xpub
        steps += 1
    assert steps == 6


def test_a_leaf_is_the_child_along_the_whole_path() -> None:
    root = derivation.root(bytes(64))
    leaf = derivation.private_leaf(derivation.private_child(root, 1), 5)
    assert derivation.secret(leaf) == derivation.secret(derivation.private_child(root, 1, 5))
    assert derivation.public_key(leaf) == derivation.public_key(derivation.private_child(root, 1, 5))


def test_published_invalid_keys_are_refused(project: Path) -> None:
    for vector in vectors(project)["invalid"]:
        with pytest.raises(InputError) as caught:
            derivation.decode_xpub(vector["key"], XPUB, 0, 0)
        assert caught.value.code == "ACCOUNT-XPUB", vector["why"]


def test_a_private_key_in_place_of_a_public_one_is_refused(project: Path) -> None:
    first = vectors(project)["chains"][0]
    derivation.decode_xpub(first["xpub"], XPUB, 0, 0)
    with pytest.raises(InputError, match="ACCOUNT-XPUB"):
        derivation.decode_xpub(first["xprv"], XPUB, 0, 0)


@pytest.mark.parametrize(("depth", "child"), [(1, 0), (0, 1), (3, 0x80000000)])
def test_a_key_at_another_place_is_refused(project: Path, depth: int, child: int) -> None:
    with pytest.raises(InputError, match="ACCOUNT-XPUB"):
        derivation.decode_xpub(vectors(project)["chains"][0]["xpub"], XPUB, depth, child)


def test_a_key_of_another_network_is_refused(project: Path) -> None:
    with pytest.raises(InputError, match="ACCOUNT-XPUB"):
        derivation.decode_xpub(vectors(project)["chains"][0]["xpub"], TPUB, 0, 0)


@pytest.mark.parametrize("size", [0, 1, 15, 17, 31, 33, 63, 65, 1000])
def test_a_seed_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(HomeError, match="SEED-SIZE"):
        derivation.root(bytes(size))


def test_a_node_does_not_print_its_secret() -> None:
    root = derivation.root(bytes(64))
    assert derivation.secret(root).hex() not in repr(root)


def test_a_branch_is_the_public_child_of_its_key(project: Path) -> None:
    xpub = vectors(project)["chains"][0]["xpub"]
    child = derivation.public_child(derivation.decode_xpub(xpub, XPUB, 0, 0), 1)
    assert derivation.encode_xpub(derivation.branch(xpub, 1)) == derivation.encode_xpub(child)
    assert derivation.public_key(derivation.branch(xpub, 0)) != derivation.public_key(child)


def test_keys_of_test_networks_begin_otherwise_and_are_the_same_keys() -> None:
    main, test = (derivation.root(bytes(64), version) for version in (XPUB, TPUB))
    assert (derivation.encode_xpub(main)[:4], derivation.encode_xpub(test)[:4]) == ("xpub", "tpub")
    assert derivation.public_key(main) == derivation.public_key(test)
