"""The files that decide, read: each as it came, with its header where it is a bundle."""

import hashlib
from dataclasses import dataclass

from custody.errors import InputError
from custody.governance.state import Held
from custody.wire.bundle import MAGIC, Bundle


@dataclass(frozen=True, slots=True)
class Content:
    """A file that decides, by its exact bytes.

    Attributes:
        digest: SHA-256 of the exact bytes, header included.
        body: the policy, list, token registry, roster or file of VASP keys itself.
        header: None for a file that a rehearsal home pinned as it was.
    """

    digest: bytes
    body: bytes
    header: Bundle | None

    @classmethod
    def read(cls, kind: str, exact: bytes) -> "Content":
        """A file of this kind.

        Raises:
            InputError: BUNDLE-TYPE for a bundle of another kind, or a code of the bundle's reader.
        """
        digest = hashlib.sha256(exact).digest()
        if not exact.startswith(MAGIC):
            return cls(digest, exact, None)
        bundle = Bundle.parse(exact)
        if bundle.kind != kind:
            raise InputError("BUNDLE-TYPE", f"This is a bundle of type {bundle.kind}, not {kind}.")
        return cls(digest, bundle.body, bundle)

    @property
    def sequence(self) -> int:
        """The bundle's sequence; 0 without a header."""
        return self.header.sequence if self.header else 0

    @property
    def held(self) -> Held:
        """How a state names it."""
        return Held(self.digest, self.sequence)

    def expired(self, latest: int) -> bool:
        """Whether it has expired at ``latest``, Unix seconds; a file without a header does not."""
        return self.header is not None and latest >= self.header.not_after
