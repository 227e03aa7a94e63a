"""Strikes a live system, at once or at a frame on the wire, for as long as a block or the test lasts."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import msgspec
import pytest

from stormproof.processes.faults import Kill, Pause, Stop
from stormproof.pytest_plugin.tested import Tested
from stormproof.spec.fault import Fault
from stormproof.spec.scenario import Injection
from stormproof.spec.trigger import Trigger
from stormproof.wire.faults import Refuse, Reset


class Strike:
    """A fault in force. Use it as a context manager, or leave it to be healed at the end of the test."""

    def __init__(self, tested: Tested, injection: Injection) -> None:
        __tracebackhide__ = True
        self._tested = tested
        self._strike = tested.do(tested.session.strike(injection))
        tested.strikes.append(self)

    def __enter__(self) -> Strike:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        self.end()
        if error is None:
            self.must_have_bitten()

    @property
    def bit(self) -> str:
        """The proof that the fault bit; empty as long as there is none."""
        return self._strike.bit

    def wait(self, within_s: float = 10.0) -> str:
        """Wait until the fault has bitten, and return the proof. Fails the test if it does not bite in time."""
        __tracebackhide__ = True
        until = self._tested.world.recorder.until(lambda: bool(self.bit), within_s)
        if not self._tested.do(until):
            pytest.fail(f"{self._strike} has not bitten within {within_s:g} s", pytrace=False)
        return self.bit

    def heal(self) -> None:
        """Heal the fault. Fails the test if it did not bite."""
        __tracebackhide__ = True
        self.end()
        self.must_have_bitten()

    def end(self) -> None:
        """Heal the fault, whether or not it has bitten."""
        __tracebackhide__ = True
        if self in self._tested.strikes:
            self._tested.strikes.remove(self)
            self._tested.do(self._tested.session.heal(self._strike.number))

    def must_have_bitten(self) -> None:
        """Fail the test if nothing shows that the fault bit, because such a test proves nothing."""
        __tracebackhide__ = True
        if self._strike.failed:
            pytest.fail(f"{self._strike} could not be done: {self._strike.failed}", pytrace=False)
        if not self.bit:
            why = "its frame never came" if self._strike.injection.when else "nothing shows that it had its effect"
            pytest.fail(f"{self._strike} did not bite: {why}", pytrace=False)


class Moment:
    """A moment on the wire at which something should happen."""

    def __init__(self, storm: Storm, when: Trigger) -> None:
        self._storm, self._when = storm, when

    def strike(self, fault: Fault) -> Strike:
        """Inject any fault at this frame. A fault of the wire applies to the frame; for a fault of a process, the frame waits in the link."""
        __tracebackhide__ = True
        return self._storm.strike(fault, when=self._when)

    def kill(self, component: str, **how: Any) -> Strike:
        """Send SIGKILL at this frame."""
        __tracebackhide__ = True
        return self.strike(Kill(component=component, **how))

    def drop_reply(self) -> Strike:
        """Let the server execute the request, and reset the connection before its reply arrives."""
        __tracebackhide__ = True
        return self._storm.strike(Reset(), when=msgspec.structs.replace(self._when, direction="reply"))


class Storm:
    """Strikes a system. Faults that are still in force are healed at the end of the test."""

    def __init__(self, tested: Tested) -> None:
        self._tested = tested

    def strike(self, fault: Fault, *, when: Trigger | None = None) -> Strike:
        """Inject any fault of `stormproof`, now or at a frame. Fails the test if the system does not have the target."""
        __tracebackhide__ = True
        self._tested.history.refuse_if_taken()
        return Strike(self._tested, Injection(fault=fault, when=when))

    def when(self, trigger: Trigger) -> Moment:
        """Choose a frame on the wire: `storm.when(system.component("worker").sends("HSET", key="unacked")).drop_reply()`."""
        return Moment(self, trigger)

    def kill(self, component: str, **how: Any) -> Strike:
        """Send SIGKILL; healing starts the component again. `how`: the options of `stormproof.Kill`."""
        __tracebackhide__ = True
        return self.strike(Kill(component=component, **how))

    def pause(self, component: str) -> Strike:
        """Send SIGSTOP; healing sends SIGCONT."""
        __tracebackhide__ = True
        return self.strike(Pause(component=component))

    def stop(self, component: str, **how: Any) -> Strike:
        """Send SIGTERM, as a deploy does; healing starts the component again. `how`: the options of `stormproof.Stop`."""
        __tracebackhide__ = True
        return self.strike(Stop(component=component, **how))

    def cut(self, component: str, redis: str = "redis") -> Strike:
        """Cut a component off from one server (`redis.results`), or from all (`redis`): connections are reset, and new ones refused."""
        __tracebackhide__ = True
        return self.strike(Refuse(component=component, store=redis.removeprefix("redis").removeprefix(".") or "*"))

    def heal(self) -> None:
        """Heal all faults now."""
        __tracebackhide__ = True
        self._tested.heal()
