"""How a message is shown: bytes in a fragment, frames in a second, and the finite list of frames."""

from dataclasses import dataclass

from custody.errors import UsageError
from custody.qr import ur
from custody.qr.fountain import MAX_FRAGMENT, Encoder
from custody.qr.symbol import CAPACITIES

MAX_FPS = 30
MAX_PARTS = 8_000
OWN_VERSION, OWN_FPS = 20, 12
INTEROP_FRAGMENT, INTEROP_FPS = 200, 5
_OWN_TYPES = "x-custody-"
# "65535-2000", then two letters a byte: the CBOR heads around a fragment (1, 3, 3, 5, 5 and 3 bytes) and the checksum.
_PART_LETTERS = len("ur://65535-2000/") + 2 * 24


@dataclass(frozen=True, slots=True)
class Profile:
    """Size and pace of frames.

    Attributes:
        fragment: most bytes in a fragment.
        fps: frames a second.
    """

    fragment: int
    fps: int

    def __post_init__(self) -> None:
        """Refuse a size or pace out of bounds.

        Raises:
            UsageError: QR-PROFILE.
        """
        if not 1 <= self.fragment <= MAX_FRAGMENT or not 1 <= self.fps <= MAX_FPS:
            raise UsageError(
                "QR-PROFILE", f"A fragment has 1 to {MAX_FRAGMENT:,} bytes; frames come 1 to {MAX_FPS} a second."
            )


def default_profile(message_type: str) -> Profile:
    """Fast between our own machines; for everyone else what all known devices can read."""
    if message_type.startswith(_OWN_TYPES):
        return Profile(fragment_of_version(OWN_VERSION, message_type), OWN_FPS)
    return Profile(INTEROP_FRAGMENT, INTEROP_FPS)


def fragment_of_version(version: int, message_type: str) -> int:
    """The most bytes of a fragment with which every frame fits a QR version.

    Raises:
        UsageError: QR-PROFILE for no version from 5 to 40.
    """
    if not 5 <= version <= len(CAPACITIES):
        raise UsageError("QR-PROFILE", "The version of a QR code is 5 to 40.")
    return (CAPACITIES[version - 1] - _PART_LETTERS - len(message_type)) // 2


def frames(message: ur.Message, profile: Profile, parts: int | None = None) -> list[str]:
    """The texts of all frames: one when the message fits a fragment; else as many mixed parts as simple ones follow.

    Args:
        message: what to send.
        profile: size of the fragments.
        parts: another number of parts; at least one for each fragment.

    Raises:
        InputError: UR-LIMIT, UR-SYNTAX.
        UsageError: QR-PARTS.
    """
    encoder = Encoder(message.payload, profile.fragment)
    fragments = encoder.header.seq_len
    if parts is not None and not fragments <= parts <= MAX_PARTS:
        raise UsageError(
            "QR-PARTS", f"The message has {fragments:,} fragments: show {fragments:,} to {MAX_PARTS:,} parts."
        )
    if fragments == 1:
        return [ur.encode(message)]
    numbers = range(1, (parts or 2 * fragments) + 1)
    return [ur.encode_part(message.type, encoder.part(number)) for number in numbers]
