"""The two secrets of a home, and the seals of the log's private parts."""

from typing import Any

import cbor2
import pytest

from custody.errors import HomeError
from custody.vault.secrets import DeviceSecrets, SeedSecret

DEVICE = DeviceSecrets.make(bytes(range(128)))
SEED = SeedSecret(bytes(16), bytes(32), "origin+key", bytes(32), None, None)


def test_device_secrets_are_four_parts_of_the_randomness() -> None:
    parts = [DEVICE.log_seed, DEVICE.code_secret, DEVICE.salt_key, DEVICE.private_key]
    assert b"".join(parts) == bytes(range(128))


def test_both_secrets_read_back() -> None:
    assert DeviceSecrets.parse(DEVICE.serialize()) == DEVICE
    assert SeedSecret.parse(SEED.serialize()) == SEED


@pytest.mark.parametrize("entropy", [bytes(16), bytes(32)])
@pytest.mark.parametrize(
    "digests",
    [(None,) * 3, (bytes(32), None, None), (None, b"l" * 32, b"t" * 32), (b"p" * 32, b"l" * 32, b"t" * 32)],
)
def test_absent_policy_list_and_tokens_stay_absent(
    entropy: bytes, digests: tuple[bytes | None, bytes | None, bytes | None]
) -> None:
    secret = SeedSecret(entropy, bytes(32), "key", *digests)
    assert SeedSecret.parse(secret.serialize()) == secret


@pytest.mark.parametrize(
    "changed",
    [
        {"version": 0},
        {"version": 2},
        {"version": True},
        {"extra": b""},
        {"code_secret": bytes(31)},
        {"code_secret": "text"},
    ],
)
@pytest.mark.parametrize("secret", [DEVICE, SEED])
def test_an_opened_secret_of_another_form_is_a_damaged_home(
    secret: DeviceSecrets | SeedSecret, changed: dict[str, Any]
) -> None:
    fields = cbor2.loads(secret.serialize())
    with pytest.raises(HomeError, match="HOME-CORRUPT"):
        type(secret).parse(cbor2.dumps(fields | changed, canonical=True))


@pytest.mark.parametrize("entropy", [b"", bytes(15), bytes(20), bytes(24), bytes(33), "text"])
def test_entropy_of_another_length_is_a_damaged_home(entropy: Any) -> None:
    fields = cbor2.loads(SEED.serialize())
    with pytest.raises(HomeError, match="HOME-CORRUPT"):
        SeedSecret.parse(cbor2.dumps(fields | {"entropy": entropy}, canonical=True))


@pytest.mark.parametrize("secret", [b"", b"\xa0", b"\x00" * 40, DEVICE.serialize()[:-1], DEVICE.serialize() + b"\x00"])
def test_any_other_bytes_are_a_damaged_home(secret: bytes) -> None:
    for kind in (DeviceSecrets, SeedSecret):
        with pytest.raises(HomeError, match="HOME-CORRUPT"):
            kind.parse(secret)


def test_no_representation_tells_a_secret() -> None:
    told = repr(DEVICE) + repr(SEED) + repr(DEVICE.sealer)
    for secret in (DEVICE.log_seed, DEVICE.code_secret, DEVICE.salt_key, DEVICE.private_key):
        assert repr(secret) not in told
    assert "entropy" not in told


def test_a_private_part_opens_at_its_own_place_only() -> None:
    sealer = DEVICE.sealer
    sealed = sealer.seal(3, b"private")
    assert sealer.open(3, sealed) == b"private"
    for index, changed in ((4, sealed), (3, sealed[:-1]), (3, b""), (3, bytes(len(sealed))), (3, b"\x01" + sealed[1:])):
        with pytest.raises(HomeError, match="LOG-PRIVATE"):
            sealer.open(index, changed)
    with pytest.raises(HomeError, match="LOG-PRIVATE"):
        DeviceSecrets.make(bytes(128)).sealer.open(3, sealed)


def test_sealing_leaves_no_room_for_a_hidden_message() -> None:
    """The nonce and the salt come from what is sealed: the same content gives the same bytes."""
    sealer = DEVICE.sealer
    assert sealer.seal(3, b"private") == sealer.seal(3, b"private")
    assert sealer.seal(3, b"private")[:24] != sealer.seal(4, b"private")[:24] != sealer.seal(3, b"other")[:24]
    assert sealer.salt(b"head") == sealer.salt(b"head") != sealer.salt(b"other")
