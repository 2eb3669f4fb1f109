"""From texts to QR symbols: error correction L, since the fountain code replaces what a camera misses."""

from collections.abc import Sequence
from typing import Any, cast

from custody.errors import InputError

# ISO/IEC 18004, table 7: characters of alphanumeric mode that versions 1 to 40 hold at level L.
CAPACITIES = (
    *(25, 47, 77, 114, 154, 195, 224, 279, 335, 395),
    *(468, 535, 619, 667, 758, 854, 938, 1_046, 1_153, 1_249),
    *(1_352, 1_460, 1_588, 1_704, 1_853, 1_990, 2_132, 2_223, 2_369, 2_520),
    *(2_677, 2_840, 3_009, 3_183, 3_351, 3_537, 3_729, 3_927, 4_087, 4_296),
)

Matrix = tuple[bytes, ...]
"""Rows of modules, 1 for dark, without a quiet zone."""


def encode(texts: Sequence[str]) -> list[Matrix]:
    """The symbols of texts in the QR alphanumeric set, all of the version that the longest one needs.

    Raises:
        InputError: QR-CAPACITY when a text fits no version.
    """
    version = version_for(max(map(len, texts)))
    return [_still(texts[0], version)] if len(texts) == 1 else [_live(text, version) for text in texts]


def version_for(length: int) -> int:
    """The smallest version that holds so many characters.

    Raises:
        InputError: QR-CAPACITY.
    """
    for version, capacity in enumerate(CAPACITIES, start=1):
        if length <= capacity:
            return version
    raise InputError("QR-CAPACITY", f"A frame of {length:,} characters fits no QR code.", "Choose smaller fragments.")


def _still(text: str, version: int) -> Matrix:
    import qrcode

    symbol = qrcode.QRCode(version=version, error_correction=qrcode.ERROR_CORRECT_L, border=0)
    symbol.add_data(text)
    return tuple(bytes(row) for row in symbol.get_matrix())


def _live(text: str, version: int) -> Matrix:
    import zxingcpp

    symbol = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="L", version=version)
    # The image is a buffer of grey pixels, which its type does not tell.
    pixels = bytes(cast(Any, symbol.to_image(scale=1, add_quiet_zones=False)))
    modules = bytes(pixel == 0 for pixel in pixels)
    size = 17 + 4 * version
    return tuple(modules[start : start + size] for start in range(0, size * size, size))
