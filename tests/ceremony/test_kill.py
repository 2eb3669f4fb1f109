"""Kill -9 at any moment of `sign`: nothing is answered that is not logged, nothing is lost, nothing is signed twice."""

import functools
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import ceremonies
import kill_server
import pytest
from kill_server import KillServer

from custody import ceremony
from custody.audit.checkpoint import LogVerifier
from custody.audit.verify import verify
from custody.edge.frames import read_source
from custody.wire.response import SigningResponse, Status

REQUEST = ceremonies.request()
AT = "2026-01-01T00:00:00Z"
FOUNDED = ["init", "policy", "list", "account"]
KILLS = 100
# Where a kill may fall, by what the log holds afterwards.
BEFORE, BETWEEN, AFTER = "before authorised", "between authorised and answered", "after answered"


@pytest.fixture(scope="module")
def server() -> Iterator[KillServer]:
    with kill_server.started() as ready:
        yield ready


@functools.cache
def honest() -> tuple[str, SigningResponse]:
    """The confirmation code of the prepared home, and what an undisturbed ceremony answers."""
    folder = ceremonies.copy_home(Path(ceremonies._scratch.name) / "honest")
    with ceremonies.open_home(folder) as opened:
        _, code = ceremony.review(REQUEST.serialize(), opened)
    assert code is not None
    return code, ceremonies.sign(folder, REQUEST.serialize()).response


class Scene:
    """A home, a request and a destination of their own, and the command that a kill interrupts."""

    def __init__(self, folder: Path, destination: str) -> None:
        folder.mkdir()
        self.home = ceremonies.copy_home(folder / "home")
        self.answer = folder / destination
        self._request = folder / "w.request"
        self._request.write_bytes(REQUEST.serialize())
        self._secrets = ceremonies.secrets_file(folder)

    @property
    def log(self) -> Path:
        return self.home / "log/entries"

    def arguments(self) -> list[str]:
        code, _ = honest()
        sign = ["signer", "sign", str(self._request), "--out", str(self.answer), "--confirm", code, "--at", AT]
        return ["--home", str(self.home), *sign, "--secrets", str(self._secrets), "--json"]

    def check(self) -> str:
        """Everything that must hold after a kill; where it fell."""
        answer_shown = self.answer.exists()
        told = ceremonies.kinds(self.home)
        assert told[:4] == FOUNDED
        rest = told[4:]
        assert rest in ([], ["torn"], ["authorised", "interrupted"], ["authorised", "torn", "interrupted"],
                        ["authorised", "answered"]), rest  # fmt: skip
        assert self._log_holds()
        assert ceremonies.kinds(self.home) == told
        phase = AFTER if "answered" in rest else BETWEEN if "authorised" in rest else BEFORE
        if answer_shown:
            assert phase == AFTER
            shown = SigningResponse.parse(read_source(str(self.answer)).payload)
            assert shown == honest()[1]
        self._check_second_time(phase)
        return phase

    def _check_second_time(self, phase: str) -> None:
        code = None
        with ceremonies.open_home(self.home) as opened:
            if phase != AFTER:
                _, code = ceremony.review(REQUEST.serialize(), opened)
            officer = ceremonies.Officer(code)
            again = ceremony.sign(REQUEST.serialize(), opened, officer, ceremonies.key_in_process(opened))
        assert again.status == ("repeated" if phase == AFTER else "signed")
        assert again.response.answer == honest()[1].answer
        assert again.response.answer.status is Status.SIGNED
        assert self._log_holds()

    def _log_holds(self) -> bool:
        verifier = LogVerifier.parse((self.home / "log/log-key.txt").read_text().strip())
        return verify(self.log.read_bytes(), (self.home / "log/checkpoint").read_bytes(), verifier).first_bad is None


def destination(number: int) -> str:
    return "answer.txt" if number % 4 == 0 else "answer.response"


def test_the_command_undisturbed_signs(server: KillServer, tmp_path: Path) -> None:
    """The control: without a kill the same command ends well, so that the kills below interrupt something."""
    scene = Scene(tmp_path / "scene", "answer.response")
    assert server.run(scene.arguments(), scene.log)["exit"] == 0
    assert scene.answer.exists()
    assert scene.check() == AFTER


def test_killed_at_any_moment(server: KillServer, tmp_path: Path) -> None:
    """Moments spread evenly, and shaken by a seeded hand, over the time that the command takes."""
    trial = Scene(tmp_path / "trial", "answer.txt")
    duration = server.run(trial.arguments(), trial.log)["seconds"]
    hand, fell = random.Random(1), Counter[str]()
    for number in range(KILLS):
        scene = Scene(tmp_path / str(number), destination(number))
        wait = duration * (number + hand.random()) / KILLS
        server.run(scene.arguments(), scene.log, wait=wait)
        fell[scene.check()] += 1
    assert fell.total() == KILLS
    assert fell[BEFORE] >= 3


@pytest.mark.parametrize(("growth", "longest"), [(1, 0.0), (1, 0.06), (2, 0.0), (2, 0.012)])
def test_killed_as_the_log_grows(server: KillServer, tmp_path: Path, growth: int, longest: float) -> None:
    """Moments at and after a write to the log: the first is the authorisation's, the second the answer's."""
    hand, fell = random.Random(growth), Counter[str]()
    count = KILLS // 4
    for number in range(count):
        scene = Scene(tmp_path / str(number), destination(number))
        server.run(scene.arguments(), scene.log, wait=longest * hand.random(), growth=growth)
        fell[scene.check()] += 1
    assert fell.total() == count
    # An entry that is on the disk counts even before the checkpoint that holds it.
    assert fell[BEFORE] == 0 or growth == 1
    assert fell[BETWEEN if growth == 1 else AFTER] >= 3


def test_the_key_process_does_not_outlive_the_ceremony(server: KillServer, tmp_path: Path) -> None:
    for number in range(4):
        scene = Scene(tmp_path / str(number), "answer.response")
        ended = server.run(scene.arguments(), scene.log, wait=0.003 * number, growth=1, alone=True)
        assert ended == {"exit": -9, "gone": True, "seconds": ended["seconds"]}
        assert scene.check() in (BETWEEN, AFTER)


def test_a_scene_that_holds_an_answer_without_an_entry_would_be_found(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "scene", "answer.response")
    scene.answer.write_bytes(honest()[1].serialize())
    with pytest.raises(AssertionError):
        scene.check()
