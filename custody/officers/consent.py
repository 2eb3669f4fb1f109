"""Consent of officers on the device: who typed which code, and the proof that each gave with a secret of his own."""

from dataclasses import dataclass

from custody.codec.canonical_json import Json


@dataclass(frozen=True, slots=True)
class Typed:
    """An officer's yes: his name, and the confirmation code as he typed it."""

    officer: str
    code: str


@dataclass(frozen=True, slots=True)
class Proof:
    """That this officer's secret was opened for exactly this consent: Ed25519, 64 bytes."""

    officer: str
    signature: bytes

    def as_json(self) -> dict[str, Json]:
        """As canonical JSON values."""
        return {"name": self.officer, "proof": self.signature.hex()}
