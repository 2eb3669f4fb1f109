"""The parent of the decoder child: starts it, hands it one image at a time, believes no more of it than texts."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from types import TracebackType
from typing import BinaryIO, Self, cast

from custody.codec import canonical_json
from custody.edge.decoder_child import (
    DONE,
    MAX_FRAMES,
    MAX_IMAGE,
    MAX_TEXT,
    MAX_TEXTS,
    READY,
    TOO_LARGE,
    UNREADABLE,
)
from custody.edge.jail import isolated_command
from custody.errors import HomeError, InputError

MAX_ANSWER = 1_048_576
MAX_RESTARTS = 8
FRAME_SECONDS = 10
START_SECONDS = 60

_VERDICTS: dict[str | None, tuple[str, str] | None] = {
    DONE: None,
    TOO_LARGE: ("IMAGE-TOO-LARGE", "An image has more pixels or frames than the limits allow."),
    UNREADABLE: ("IMAGE-UNREADABLE", "An image is damaged, or no PNG, JPEG, GIF or BMP."),
}


class _ChildLostError(Exception):
    """The child died, was killed by the watchdog, or said something outside the protocol."""


class JailedDecoder:
    """Decodes pictures in a child that can do nothing else. A context manager; the child starts at the first image.

    Args:
        frame_seconds: how long one frame may take before the child is killed.
        command: how to start the child; for tests.
    """

    def __init__(self, *, frame_seconds: float = FRAME_SECONDS, command: list[str] | None = None) -> None:
        self._frame_seconds = frame_seconds
        self._command = command or isolated_command("custody.edge.decoder_child")
        self._child: subprocess.Popen[bytes] | None = None
        self._starts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def decode(self, image: bytes) -> Iterator[list[str]]:
        """The texts of the QR codes in each frame of a PNG, JPEG, GIF or BMP.

        Raises:
            InputError: IMAGE-TOO-LARGE, IMAGE-UNREADABLE, IMAGE-KILLED-DECODER for this image; DECODER-EXHAUSTED when
                too many images killed the child.
            HomeError: JAIL-UNAVAILABLE: nothing is ever decoded outside the jail.
        """
        if len(image) > MAX_IMAGE:
            raise InputError("IMAGE-TOO-LARGE", f"An image is larger than {MAX_IMAGE:,} bytes.")
        child = self._child or self._start()
        verdict = None
        try:
            _send(child, image, self._frame_seconds)
            for _ in range(MAX_FRAMES + 1):
                answer = _answer(child, self._frame_seconds)
                if isinstance(answer, str):
                    verdict = answer
                    break
                yield answer
            if verdict not in _VERDICTS:
                raise _ChildLostError
        except (_ChildLostError, OSError) as error:
            raise InputError(
                "IMAGE-KILLED-DECODER", "An image made the decoder crash, run out of memory or take too long."
            ) from error
        finally:
            # Whatever stopped the exchange half-way, no answer to this image may meet the next one.
            if verdict not in _VERDICTS:
                self._stop()
        if refusal := _VERDICTS[verdict]:
            raise InputError(*refusal)

    def _start(self) -> "subprocess.Popen[bytes]":
        if self._starts > MAX_RESTARTS:
            raise InputError("DECODER-EXHAUSTED", f"{self._starts} images killed the decoder.", "Scan something else.")
        self._starts += 1
        self._child = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/"
        )
        try:
            greeting = _answer(self._child, START_SECONDS)
        except (_ChildLostError, OSError):
            greeting = "the child did not start"
        if greeting != READY:
            self._stop()
            raise HomeError(
                "JAIL-UNAVAILABLE",
                f"The jail for decoding pictures cannot be built here: {greeting}.",
                "It needs Linux with seccomp, and the packages libseccomp2 and libzbar0.",
            )
        return self._child

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            with suppress(OSError), child:
                pass


@contextmanager
def _watchdog(child: "subprocess.Popen[bytes]", seconds: float) -> Iterator[None]:
    timer = Timer(seconds, child.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _send(child: "subprocess.Popen[bytes]", image: bytes, seconds: float) -> None:
    stdin = cast(BinaryIO, child.stdin)
    with _watchdog(child, seconds):
        stdin.write(len(image).to_bytes(4, "big") + image)
        stdin.flush()


def _answer(child: "subprocess.Popen[bytes]", seconds: float) -> list[str] | str:
    stdout = cast(BinaryIO, child.stdout)
    with _watchdog(child, seconds):
        size = int.from_bytes(stdout.read(4), "big")
        line = stdout.read(min(size, MAX_ANSWER))
    try:
        answer = canonical_json.loads_relaxed(line, limit=MAX_ANSWER)
    except InputError as error:
        raise _ChildLostError from error
    texts = answer if isinstance(answer, list) else [answer]
    if len(texts) > MAX_TEXTS or not all(isinstance(text, str) and len(text) <= MAX_TEXT for text in texts):
        raise _ChildLostError
    return cast("list[str] | str", answer)
