"""The log leaves the device in increments; what the auditor puts together is what the device's own folder holds."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import ceremonies
import pytest
from desk import CouncilDesk, Ended, inside
from log_examples import KEY

from custody.audit.verify import export_lines
from custody.codec.canonical_json import Json
from custody.edge.frames import read_source
from custody.wire.increment import MAX_LINES_FRAMES, LogIncrement


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> CouncilDesk:
    return CouncilDesk(tmp_path_factory.mktemp("council"))


@pytest.fixture
def desk(made: CouncilDesk, tmp_path: Path) -> CouncilDesk:
    return CouncilDesk(tmp_path, made)


class Auditor:
    """An auditor with the log key on paper and a folder of his own."""

    def __init__(self, desk: CouncilDesk) -> None:
        self.desk, self.key = desk, desk.status["log_key"]
        self.folder = desk.folder / "audit"

    def collect(self, *sources: object, key: str = "") -> Ended:
        return inside("audit", "collect", *sources, "--log", self.folder, "--key", key or self.key, "--json")

    def verify(self) -> dict[str, Any]:
        ended = inside("audit", "verify", "--log", self.folder, "--key", self.key, "--json")
        assert ended.exit == 0, ended.stderr
        return ended.fields

    def device(self) -> dict[str, Any]:
        """What the same verification says of the device's own folder."""
        return inside("audit", "verify", "--log", self.desk.signer, "--key", self.key, "--json").fields


def export(desk: CouncilDesk, since: int, name: str = "one.increment") -> Path:
    out = desk.folder / name.removeprefix("blocks:")
    given = f"blocks:{out}" if name.startswith("blocks:") else out
    ended = desk.run("export", "--since", since, "--out", given, "--force")
    assert ended.exit == 0, ended.stderr
    return out


def increment(path: Path) -> LogIncrement:
    return LogIncrement.parse(path.read_bytes())


@pytest.mark.parametrize("name", ["one.increment", "one.gif", "one.txt", "frames", "blocks:stick"])
def test_two_increments_are_the_log_of_the_device(desk: CouncilDesk, name: str) -> None:
    auditor, prefix = Auditor(desk), name.partition(":")[0] + ":" if ":" in name else ""
    first = export(desk, 0, name)
    assert auditor.collect(f"{prefix}{first}").fields["next"] == 5
    assert desk.sign(desk.ask()).fields["status"] == "signed"
    assert desk.run("export", "--since", 5, "--out", desk.folder / "x.txt").fields == {
        "ok": True,
        "first": 5,
        "next": 7,
        "size": 7,
        "frames": len((desk.folder / "x.txt").read_text().splitlines()),
    }
    second = export(desk, 5, name.replace("one", "two").replace("frames", "more").replace("stick", "other"))
    collected = auditor.collect(f"{prefix}{second}")
    assert (collected.fields["added"], collected.fields["size"]) == (2, 7)
    told, device = auditor.verify(), auditor.device()
    assert {**told, "hidden": 0} == device
    lines = (desk.signer / "log/entries").read_bytes().splitlines(keepends=True)
    assert (auditor.folder / "entries").read_bytes() == b"".join(export_lines(lines))
    assert (auditor.folder / "checkpoint.txt").read_bytes() == (desk.signer / "log/checkpoint").read_bytes()


def test_no_private_part_leaves_the_device(desk: CouncilDesk) -> None:
    desk.sign(desk.ask())
    for line in increment(export(desk, 0)).lines:
        assert line.endswith(b" -\n")


def test_increments_come_in_any_order_and_may_overlap(desk: CouncilDesk) -> None:
    auditor = Auditor(desk)
    early = export(desk, 1, "early.increment")
    desk.sign(desk.ask())
    late, whole = export(desk, 4, "late.increment"), export(desk, 0, "whole.increment")
    assert auditor.collect(late, early, whole).fields["size"] == 7
    again = auditor.collect(early, late)
    assert (again.exit, again.fields["added"]) == (0, 0)
    assert auditor.verify()["size"] == 7


def test_a_gap_is_refused_and_says_what_to_ask_for(desk: CouncilDesk) -> None:
    auditor = Auditor(desk)
    assert auditor.collect(export(desk, 2)).code == "LOG-GAP"
    assert not auditor.folder.exists()
    assert auditor.collect(export(desk, 0)).exit == 0
    desk.sign(desk.ask())
    ended = auditor.collect(export(desk, 6))
    assert (ended.exit, ended.code) == (7, "LOG-GAP")
    assert "--since 5" in ended.stderr
    assert auditor.verify()["size"] == 5


def bent(one: LogIncrement) -> list[tuple[int, LogIncrement]]:
    """Increments that were changed on their way, with the first entry that does not hold."""
    lines = one.lines

    def with_(at: int, line: bytes) -> LogIncrement:
        return replace(one, lines=(*lines[:at], line, *lines[at + 1 :]))

    changed = lines[2].replace(b'"outcome":null', b'"outcome":"x"')
    signature = lines[1].split(b" ")[1]
    return [
        (2, with_(2, changed)),
        (1, with_(1, lines[1].replace(signature, lines[0].split(b" ")[1]))),
        (3, replace(one, lines=(*lines[:3], *lines[4:]))),
        (1, replace(one, lines=(lines[0], *lines[2:3], lines[1], *lines[3:]))),
        (0, replace(one, lines=lines[1:])),
    ]


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("kept", [False, True], ids=["new", "beside what was collected"])
def test_a_changed_increment_is_refused_and_its_first_bad_entry_is_named(
    desk: CouncilDesk, place: int, kept: bool
) -> None:
    auditor, honest = Auditor(desk), export(desk, 0)
    if kept:
        auditor.collect(honest)
    index, lying = bent(increment(honest))[place]
    (desk.folder / "lying.increment").write_bytes(lying.serialize())
    ended = auditor.collect(desk.folder / "lying.increment")
    assert (ended.exit, ended.code) == (7, "LOG-ENTRY")
    assert ended.fields["first_bad"]["index"] == index
    assert auditor.folder.exists() is kept
    assert auditor.collect(honest).exit == 0


def test_an_increment_with_another_s_proof_or_checkpoint_is_refused(desk: CouncilDesk) -> None:
    auditor, first = Auditor(desk), increment(export(desk, 0))
    auditor.collect(export(desk, 0))
    desk.sign(desk.ask())
    second = increment(export(desk, 5))
    for lying, code in (
        (replace(second, consistency=second.consistency[:-1]), "PROOF-CONSISTENCY"),
        (replace(second, consistency=(*second.consistency, bytes(32))), "PROOF-CONSISTENCY"),
        (replace(second, checkpoint=first.checkpoint), "LOG-INCREMENT"),
        (replace(second, checkpoint=second.checkpoint.replace("7", "8", 1)), "CHECKPOINT-SIGNATURE"),
        (replace(second, lines=second.lines[:1]), "LOG-INCREMENT"),
        (replace(first, consistency=(bytes(32),)), "LOG-INCREMENT"),
    ):
        (desk.folder / "lying.increment").write_bytes(lying.serialize())
        ended = auditor.collect(desk.folder / "lying.increment")
        assert (ended.exit, ended.code) == (7, code)
    assert auditor.verify()["size"] == 5


def test_a_device_that_was_put_back_and_used_again_is_found(desk: CouncilDesk, made: CouncilDesk) -> None:
    """The same number of entries, signed by the same key, and another history."""
    auditor = Auditor(desk)
    (desk.folder / "put-back").mkdir()
    other = CouncilDesk(desk.folder / "put-back", made)
    desk.sign(desk.ask())
    other.run("freeze", "--confirm", other.code("freeze"), "--secrets", desk.secrets)
    other.run("thaw", "--confirm", other.code("thaw"), "--secrets", desk.secrets)
    assert auditor.collect(export(desk, 0)).fields["size"] == 7
    ended = auditor.collect(export(other, 0))
    assert (ended.exit, ended.code) == (7, "LOG-FORK")
    assert "part at entry 5" in ended.fields["error"]["message"]


def test_a_collection_that_was_edited_is_named_before_anything_is_added(desk: CouncilDesk) -> None:
    auditor, honest = Auditor(desk), export(desk, 0)
    auditor.collect(honest)
    entries = auditor.folder / "entries"
    entries.write_bytes(entries.read_bytes().replace(b'"kind":"policy"', b'"kind":"tokens"'))
    desk.sign(desk.ask())
    ended = auditor.collect(export(desk, 5))
    assert (ended.code, ended.fields["first_bad"]["index"]) == ("LOG-ENTRY", 2)


def test_what_a_crash_left_behind_the_checkpoint_is_written_over(desk: CouncilDesk) -> None:
    auditor = Auditor(desk)
    auditor.collect(export(desk, 0))
    desk.sign(desk.ask())
    second = export(desk, 5)
    with (auditor.folder / "entries").open("ab") as entries:
        entries.write(b"".join(increment(second).lines) + b"torn")
    assert auditor.collect(second).exit == 0
    assert auditor.verify()["size"] == 7


def test_another_key_and_another_folder_are_refused(desk: CouncilDesk) -> None:
    auditor, honest = Auditor(desk), export(desk, 0)
    ended = auditor.collect(honest, key=str(KEY.verifier))
    assert (ended.exit, auditor.folder.exists()) == (7, False)
    auditor.folder = desk.signer / "log"
    assert auditor.collect(honest).code == "DEST-EXISTS"
    auditor.folder = desk.signer
    assert auditor.collect(honest).code == "DEST-EXISTS"


def test_a_large_log_leaves_in_parts_that_an_animation_holds(desk: CouncilDesk) -> None:
    auditor = Auditor(desk)
    with ceremonies.open_home(desk.signer) as opened:
        for number in range(150):
            private: dict[str, Json] = {"bytes": number, "digest": "00" * 32}
            opened.log.append("torn", private=private, time=ceremonies.NOW)
    following, parts = 0, []
    while following < 155:
        parts.append(desk.folder / f"part-{following}.txt")
        following = desk.run("export", "--since", following, "--out", parts[-1]).fields["next"]
    assert len(parts) == 2
    assert sum(map(len, increment_of(parts[0]).lines)) <= MAX_LINES_FRAMES
    assert auditor.collect(*parts[::-1]).fields["size"] == 155
    assert {**auditor.verify(), "hidden": 0} == auditor.device()
    whole = desk.run("export", "--since", 0, "--out", desk.folder / "whole.increment").fields
    assert whole["next"] == 155


def increment_of(frames: Path) -> LogIncrement:
    return LogIncrement.parse(read_source(str(frames)).payload)


def test_nothing_new_is_no_increment(desk: CouncilDesk) -> None:
    for since in (5, 6, 10**12):
        ended = desk.run("export", "--since", since, "--out", desk.folder / "one.increment")
        assert (ended.exit, ended.code) == (2, "EXPORT-NOTHING")
