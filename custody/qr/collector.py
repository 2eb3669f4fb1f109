"""A scan: texts of frames go in, in any order and from anywhere; one message comes out, or what was seen instead."""

from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from custody.errors import CustodyError, InputError
from custody.qr import ur
from custody.qr.elimination import Decoder
from custody.qr.fountain import Header

MAX_COLLECTORS = 4
MAX_TYPES_SEEN = 8


class Outcome(StrEnum):
    """What a frame was to the scan."""

    COMPLETE = "complete"
    """It completed the message, or came after that."""
    NEW = "new"
    """It brought the scan nearer to the end."""
    KNOWN = "known"
    """It told nothing new."""
    UNEXPECTED = "unexpected"
    """It is of a type that was not asked for."""
    BROKEN = "broken"
    """It claims to be a Uniform Resource and is not a valid one."""
    FOREIGN = "foreign"
    """It is something else."""
    EMPTY = "empty"
    """A picture without a code."""
    UNREADABLE = "unreadable"
    """A file that is no picture, or one too large to look at."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is.

    Attributes:
        rank, needed: independent parts of the message that is furthest on, and how many it takes; 0, 0 before one.
        frames: frames seen, by outcome.
        types: types of message seen.
        contradicted: enough parts of a message came, but they contradict each other.
    """

    rank: int
    needed: int
    frames: dict[Outcome, int]
    types: tuple[str, ...]
    contradicted: bool


class ScanIncomplete(InputError):
    """The frames ended before the message was complete."""

    def __init__(self, progress: Progress) -> None:
        types = ", ".join(progress.types) or "none"
        frames = ", ".join(f"{count} {outcome}" for outcome, count in progress.frames.items()) or "none"
        contradiction = " Parts contradict each other: a frame was changed." if progress.contradicted else ""
        super().__init__(
            "SCAN-INCOMPLETE",
            f"{progress.rank} of {progress.needed} parts; frames: {frames}; types: {types}.{contradiction}",
            "Scan again, longer, with only the sender's screen in view.",
            {
                "rank": progress.rank,
                "needed": progress.needed,
                "frames": sum(progress.frames.values()),
                "outcomes": {str(outcome): count for outcome, count in progress.frames.items()},
                "types": list(progress.types),
                "contradicted": progress.contradicted,
            },
        )
        self.progress = progress


class Scan:
    """Collects frames until one message is complete.

    Frames of other messages are collected beside, so that none of them can spoil another: at most four messages, of
    which the one furthest from its end is dropped for a fifth, the longest unheard of among equals.

    Args:
        expected_types: the types that may complete the scan; None for any.
    """

    def __init__(self, expected_types: AbstractSet[str] | None = None) -> None:
        self.message: ur.Message | None = None
        self._expected_types = expected_types
        self._frames: Counter[Outcome] = Counter()
        self._types: dict[str, None] = {}
        self._collectors: dict[tuple[str, Header], Decoder] = {}

    def accept(self, text: str) -> Outcome:
        """Take in the text of one frame. Never raises: any text is one of the outcomes."""
        outcome = Outcome.COMPLETE if self.message else self._outcome(text)
        self._frames[outcome] += 1
        return outcome

    def miss(self, outcome: Outcome) -> None:
        """Count a frame that gave no text: EMPTY or UNREADABLE."""
        self._frames[outcome] += 1

    @property
    def progress(self) -> Progress:
        """How far the scan is, and what it has seen."""
        furthest = max(self._collectors.values(), key=lambda decoder: decoder.rank, default=None)
        return Progress(
            rank=furthest.rank if furthest else 0,
            needed=furthest.header.seq_len if furthest else 0,
            frames=dict(self._frames),
            types=tuple(self._types),
            contradicted=any(decoder.contradicted or decoder.restarts for decoder in self._collectors.values()),
        )

    def result(self) -> ur.Message:
        """The message.

        Raises:
            ScanIncomplete: SCAN-INCOMPLETE, with what was seen.
        """
        if self.message is None:
            raise ScanIncomplete(self.progress)
        return self.message

    def _outcome(self, text: str) -> Outcome:
        if text[:3].lower() != "ur:":
            return Outcome.FOREIGN
        try:
            frame = ur.decode(text)
        except CustodyError:
            return Outcome.BROKEN
        if len(self._types) < MAX_TYPES_SEEN:
            self._types[frame.type] = None
        if self._expected_types is not None and frame.type not in self._expected_types:
            return Outcome.UNEXPECTED
        if isinstance(frame, ur.Message):
            self.message = frame
            return Outcome.COMPLETE
        return self._collect(frame)

    def _collect(self, frame: ur.TypedPart) -> Outcome:
        decoder = self._collector(frame)
        is_new = decoder.accept(frame.part)
        if decoder.message is not None:
            self.message = ur.Message(frame.type, decoder.message)
            return Outcome.COMPLETE
        return Outcome.NEW if is_new else Outcome.KNOWN

    def _collector(self, frame: ur.TypedPart) -> Decoder:
        key = (frame.type, frame.part.header)
        decoder = self._collectors.pop(key, None)
        if decoder is None:
            if len(self._collectors) == MAX_COLLECTORS:
                # The dict is in order of last use, and min keeps the first of equals.
                del self._collectors[min(self._collectors, key=lambda other: self._collectors[other].rank)]
            decoder = Decoder(frame.part.header)
        self._collectors[key] = decoder
        return decoder
