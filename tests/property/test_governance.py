"""Whatever officers and the online side do in whatever order: nothing goes back, nothing loosens before its time."""

import itertools
from collections.abc import Sequence
from typing import Any

import examples
import pytest
import rosters
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.errors import CustodyError
from custody.governance import install
from custody.governance.actions import Action, Freeze, Install, Thaw, Veto, resolve
from custody.governance.clocks import Times
from custody.governance.install import Standing
from custody.governance.state import Held, State
from custody.officers.openpgp import Claim
from custody.policy.document import Policy
from custody.wire.bundle import Bundle, SignedBundle

DAY = 86_400
NOW = rosters.NOT_BEFORE + DAY
ROSTER = rosters.roster_toml(policy=1, list=1)


class Believing:
    """Every signature is good: the question here is what a quorum may do."""

    def verify(self, claim: Claim, at: int) -> None:
        del claim, at


class World:
    """A device with a roster, and bundles that its whole compliance signed."""

    def __init__(self) -> None:
        first = self._bundle(1, None, 5)
        self.bodies = {"roster": ROSTER, "policy": first.body}
        self.state = State.founded({"roster": Held(bytes(32), 1), "policy": Held(first.digest, 1)})
        self.contents = {first.digest: first}
        self.elapsed = 0
        self.caps: list[tuple[int, int]] = [(0, cap(first))]

    @staticmethod
    def _bundle(sequence: int, previous: bytes | None, units: int) -> Bundle:
        body = examples.POLICY.replace(b'"1000000000000"', b'"%d"' % (units * 1000))
        return Bundle("policy", rosters.HOUSE, sequence, rosters.NOT_BEFORE, rosters.NOT_AFTER, previous, body)

    def bundle(self, sequence: int, units: int) -> SignedBundle:
        """A policy after the one accepted last."""
        made = self._bundle(sequence, None if sequence == 1 else self.state.seen["policy"].digest, units)
        self.contents[made.digest] = made
        return SignedBundle(made.content, (b"signature",))

    def act(self, action: Action) -> None:
        standing = Standing(self.state, self.bodies, ("Sato", "Abe", "Endo"), Times(NOW, self.elapsed))
        try:
            self.state = resolve(action, standing, 2, Believing()).state
        except CustodyError:
            return
        self._settle()

    def wait(self, seconds: int) -> None:
        self.elapsed += seconds
        self._settle()

    def _settle(self) -> None:
        self.state = self.state.matured(Times(NOW, self.elapsed))
        bundle = self.contents[self.state.held["policy"].digest]
        self.bodies["policy"] = bundle.body
        self.caps.append((self.elapsed, cap(bundle)))


def cap(bundle: Bundle) -> int:
    ((_, value),) = Policy.parse(bundle.body).chains[0].caps
    return value


steps = st.one_of(
    st.tuples(st.just("install"), st.integers(1, 6), st.integers(1, 9)),
    st.tuples(st.just("veto")),
    st.tuples(st.just("freeze")),
    st.tuples(st.just("thaw")),
    st.tuples(st.just("wait"), st.integers(0, 2 * DAY)),
)


def play(steps: Sequence[tuple[Any, ...]], world: World) -> list[State]:
    states = [world.state]
    for name, *values in steps:
        match name:
            case "install":
                world.act(Install(world.bundle(*values)))
            case "veto":
                world.act(Veto("policy"))
            case "freeze":
                world.act(Freeze())
            case "thaw":
                world.act(Thaw())
            case _:
                world.wait(*values)
        states.append(world.state)
    return states


def loosened_early(caps: list[tuple[int, int]], agreed: list[int]) -> bool:
    """Whether a cap rose although no agreement was a day old."""
    risen = [(before, after) for before, after in itertools.pairwise(caps) if after[1] > before[1]]
    return any(not any(moment <= after[0] - DAY for moment in agreed) for _, after in risen)


def with_signers(patch: Any) -> Any:
    patch.setattr(install, "_signers", lambda *_: ("Mori",))


@settings(max_examples=150)
@given(st.lists(steps, max_size=14))
def test_sequences_only_rise_and_what_is_in_force_was_accepted(made: list[tuple[Any, ...]]) -> None:

    with pytest.MonkeyPatch.context() as patch:
        with_signers(patch)
        states = play(made, World())
    for before, after in itertools.pairwise(states):
        assert after.seen["policy"].sequence >= before.seen["policy"].sequence
        assert after.held["policy"].sequence >= before.held["policy"].sequence
        assert after.held["policy"].sequence <= after.seen["policy"].sequence
        if after.seen["policy"].sequence == before.seen["policy"].sequence:
            assert after.seen["policy"] == before.seen["policy"]


@settings(max_examples=150)
@given(st.lists(steps, max_size=14))
def test_no_cap_rises_before_a_day_has_passed_since_officers_agreed_to_it(made: list[tuple[Any, ...]]) -> None:

    world = World()
    agreed: list[int] = []
    real = world.act

    def act(action: Action) -> None:
        if isinstance(action, Install):
            agreed.append(world.elapsed)
        real(action)

    world.act = act  # type: ignore[method-assign]
    with pytest.MonkeyPatch.context() as patch:
        with_signers(patch)
        play(made, world)
    assert not loosened_early(world.caps, agreed)


def test_a_device_without_the_delay_would_be_found() -> None:

    world = World()
    with pytest.MonkeyPatch.context() as patch:
        with_signers(patch)
        patch.setattr(install, "Delay", lambda *_: None)
        play([("install", 2, 9)], world)
    assert loosened_early(world.caps, [0])


def test_the_world_does_loosen_after_a_day() -> None:

    world = World()
    with pytest.MonkeyPatch.context() as patch:
        with_signers(patch)
        play([("install", 2, 9), ("wait", DAY)], world)
    assert world.caps[-1][1] == 9_000
    assert not loosened_early(world.caps, [0])
