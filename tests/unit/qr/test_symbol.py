"""Symbols of two writers, held to the standard's table by a third opinion."""

import pytest
from qrcode.util import BIT_LIMIT_TABLE, MODE_ALPHA_NUM, length_in_bits

from custody.errors import InputError
from custody.qr import symbol


def capacity(version: int) -> int:
    """Alphanumeric characters by the bits that another library's table allows: two characters are eleven bits."""
    bits = BIT_LIMIT_TABLE[1][version] - 4 - length_in_bits(MODE_ALPHA_NUM, version)
    return bits // 11 * 2 + (bits % 11 >= 6)


def test_capacities_are_those_of_the_standard() -> None:
    assert list(symbol.CAPACITIES) == [capacity(version) for version in range(1, 41)]


@pytest.mark.parametrize("version", [1, 5, 9, 10, 20, 26, 27, 40])
def test_both_writers_fill_a_version_to_the_last_character(version: int) -> None:
    text = "A1:/" * 2_000
    full = text[: symbol.CAPACITIES[version - 1]]
    (still,) = symbol.encode([full])
    live = symbol.encode([full, full[:-1]])
    assert [len(matrix) for matrix in (still, *live)] == [17 + 4 * version] * 3
    if version < 40:
        assert len(symbol.encode([text[: len(full) + 1]])[0]) == 21 + 4 * version


def test_all_frames_of_a_message_have_one_size() -> None:
    assert {len(matrix) for matrix in symbol.encode(["A", "A" * 300, "A" * 20])} == {17 + 4 * 9}


def test_a_matrix_is_square_and_of_ones_and_zeros() -> None:
    for matrix in symbol.encode(["UR:A", "UR:B"]) + symbol.encode(["UR:C"]):
        assert {len(row) for row in matrix} == {len(matrix)}
        assert set(b"".join(matrix)) == {0, 1}
        # The finder pattern: a dark ring of seven modules in three corners, not in the fourth.
        assert matrix[0][:7] == matrix[0][-7:] == matrix[-1][:7] == b"\1" * 7 != matrix[-1][-7:]


def test_a_text_that_fits_no_code_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        symbol.encode(["A" * 4_297])
    assert refused.value.code == "QR-CAPACITY"
