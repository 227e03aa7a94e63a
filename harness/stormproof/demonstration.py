"""`stormproof demo`: two systems, the same storms, one table."""

from __future__ import annotations

from pathlib import Path

from rich.console import Group
from rich.table import Table
from rich.text import Text

from stormproof import catalogue
from stormproof import system as systems
from stormproof.campaign import Job
from stormproof.redis_server import Binary
from stormproof.report.words import counts, telling
from stormproof.store import Run
from stormproof.verdict import Status

_FALLS, _STANDS = "tutorial", "hardened"
_STYLES = {Status.VALID: "green", Status.INVALID: "bold red", Status.UNKNOWN: "yellow"}


def plan(repository: Path, seed: int) -> list[Job]:
    """All runs of the demonstration, the longest first. Raises ScenarioError or DescriptionError outside a clone."""
    pair = [systems.load(repository / "system_under_test" / f"{name}.toml") for name in (_FALLS, _STANDS)]
    scenarios = [scenario for scenario in catalogue.load_folder(repository / "chaos") if not scenario.calm]
    jobs = [
        Job(scenario=scenario, system=system, state=state, seed=seed)
        for scenario in scenarios
        for state in scenario.demo_states or scenario.states
        for system in pair
    ]
    return sorted(jobs, key=lambda job: -max((i.at_s + i.for_s for i in job.scenario.storm), default=0))


def opening(jobs: list[Job], binary: Binary) -> str:
    """What is about to happen."""
    storms = len(jobs) // 2
    return (
        f"{storms} storms on two systems, the {_FALLS} one and the {_STANDS} one: real workers, a real API, real e-mail, "
        f"and Redis {binary.version} ({binary.path}). About five minutes."
    )


def table(runs: list[Run]) -> tuple[Group, int]:
    """The table of scenario x system with its evidence, and the exit code: 0 if the one fell and the other stood."""
    ordered = sorted(runs, key=lambda run: (run.title, run.system.name != _FALLS))
    rows = Table("scenario", "system", "verdict", "lost", "doubled", "stuck", "slow", "wrong", "seconds", title="The storms")
    evidence: list[Text] = []
    for run in ordered:
        if run.judged is None:
            continue
        number = counts(run)
        figures = [str(n) if n else "·" for n in (number.lost, number.doubled, number.stuck, number.slow, number.wrong)]
        verdict = Text(run.judged.status.word, style=_STYLES[run.judged.status])
        rows.add_row(run.title, run.system.name, verdict, *figures, f"{run.judged.seconds:.0f}")
        if run.judged.status is not Status.VALID:
            evidence.append(Text(f"\n{run.title} on {run.system.name}: {run.scenario.title}", style="bold"))
            evidence += [Text(f"    {line}") for line in telling(run, most=2)]
            evidence.append(Text(f"    replay: stormproof replay {run.folder}", style="dim"))
    code, last = _ending(ordered)
    return Group(*evidence, Text(), rows, Text(last)), code


def _ending(runs: list[Run]) -> tuple[int, str]:
    fell = [run for run in runs if run.system.name == _FALLS and run.judged and run.judged.status is Status.INVALID]
    storms = [run for run in runs if run.system.name == _FALLS]
    stood = [run for run in runs if run.system.name == _STANDS and run.judged and run.judged.status is Status.VALID]
    defended = [run for run in runs if run.system.name == _STANDS]
    said = f"{_FALLS} fell in {len(fell)} of {len(storms)} storms; {_STANDS} stood in {len(stood)} of {len(defended)}."
    return (0 if len(fell) == len(storms) and len(stood) == len(defended) else 1), said
