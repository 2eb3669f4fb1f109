"""Every published vector has a source, a commit and a licence; none of them names an address on a network."""

import tomllib
from pathlib import Path

FOLDER = Path(__file__).parent / "vectors"


def test_every_vector_file_names_its_source() -> None:
    sources = tomllib.loads((FOLDER / "SOURCES.toml").read_text("utf-8"))
    files = {file.relative_to(FOLDER).as_posix() for file in FOLDER.rglob("*") if file.is_file()}
    assert sources.keys() == files - {"SOURCES.toml"}
    for name, entry in sources.items():
        assert {"source", "commit", "licence"} <= entry.keys(), name
        assert len(bytes.fromhex(entry["commit"])) == 20, name
        assert "://" not in entry["source"], name
