"""TOML files: bounded before they are read, their faults named by the room that asks."""

import pytest

from custody.codec import toml
from custody.errors import InputError


def refusal(text: bytes, limit: int = 10_000) -> InputError:
    with pytest.raises(InputError) as caught:
        toml.loads(text, limit=limit, name="policy", size_code="A-SIZE", syntax_code="A-SYNTAX")
    return caught.value


def test_a_well_formed_file_is_read() -> None:
    table = toml.loads(b"a = 1\n[b]\nc = 'x'\n", limit=100, name="policy", size_code="A", syntax_code="B")
    assert table == {"a": 1, "b": {"c": "x"}}


def test_too_many_bytes_are_refused_before_they_are_read() -> None:
    assert refusal(b"not = = toml", limit=11).code == "A-SIZE"
    assert refusal(b"not = = toml", limit=12).code == "A-SYNTAX"


def test_a_long_line_is_refused_before_it_is_read() -> None:
    line = b"a" * toml.MAX_LINE_BYTES
    assert refusal(b"x=1\n" + line + b".\n").code == "A-SIZE"
    assert refusal(b"x=1\n" + line + b"\n").code == "A-SYNTAX"


@pytest.mark.parametrize("text", [b"\xff", b"a = 1\na = 2\n", b"a", b"a = " + b"[" * 900, b"a = 1e999999999999 x"])
def test_what_is_no_toml_is_refused(text: bytes) -> None:
    fault = refusal(text)
    assert fault.code == "A-SYNTAX"
    assert "policy" in fault.message
