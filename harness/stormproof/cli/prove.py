"""`stormproof prove`: does the harness catch every mistake, without false alarms?

The proof has two halves. In the first, mistakes are planted into one system: each must be caught, and the system itself
must pass the same storms. In the second, no system of a corpus of sound systems, configured in common ways, may be
accused, while the guilty twins of some must be caught.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stormproof.brokers.programs import find_binary
from stormproof.campaign import conduct as campaign
from stormproof.campaign.conduct import Job
from stormproof.checks.verdict import Status
from stormproof.cli import arguments, telling
from stormproof.cli.progress import Progress
from stormproof.lab import environments
from stormproof.lab import proof as proofs
from stormproof.lab import sound as corpora
from stormproof.lab.proof import Mistake, Proof
from stormproof.lab.sound import Corpus, Sound
from stormproof.processes import interruption
from stormproof.report.words import one_line
from stormproof.runs import store
from stormproof.runs.expectation import met, shown
from stormproof.runs.store import Run
from stormproof.spec.scenario import State

HALVES = ("planted", "sound")
_NO_CORPUS = Corpus(environments={}, common=(), sound=(), twins=())

Wait = Callable[[Coroutine[Any, Any, list[Run]]], list[Run]]


MOST_UNKNOWN = 0.03
"""The largest share of runs of sound systems that may be unknown."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The command's options. `half` None: both; `sound` None: all runs of the corpus; `cache`: the folder of the environments."""

    file: Path
    seed: int
    lanes: int
    runs: Path
    cache: Path
    only: tuple[str, ...] = ()
    half: str | None = None
    sound: int | None = None
    sample: bool = False
    out: Path | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The result for one mistake: its run, or None if the system with the mistake did not start."""

    mistake: Mistake
    run: Run | None

    @property
    def caught(self) -> bool:
        """Whether the run has the expected finding."""
        return self.run is not None and self.run.judged is not None and met(self.run.judged, self.mistake.expect)


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """The result for one sound system in one storm: its run, or None if the system did not start."""

    sound: Sound
    run: Run | None

    @property
    def status(self) -> Status | None:
        """The verdict; None if there is none."""
        return self.run.judged.status if self.run is not None and self.run.judged is not None else None

    @property
    def findings(self) -> list[str]:
        """The findings, each as `check.kind: message`; for a check that had nothing to look at, its name."""
        verdicts = self.run.judged.verdicts if self.run is not None and self.run.judged is not None else ()
        return [
            f"{verdict.check}.{finding.kind}: {one_line(finding.message)}"
            for verdict in verdicts
            for finding in verdict.findings
            if finding.status is self.status
        ]


def chosen(proof: Proof, options: Options) -> tuple[Proof, Corpus]:
    """Return the selected parts of both halves. Raises UsageError for a name that is in neither."""
    mistakes = {mistake.name for mistake in proof.mistakes}
    planted = tuple(name for name in options.only if name in mistakes)
    others = tuple(name for name in options.only if name not in mistakes)
    wants_sound = options.half != "planted" and options.sound != 0 and (others or not options.only)
    if others and (proof.sound is None or not wants_sound):
        proof.only(others)  # Raises an error that lists the valid names.
    corpus = corpora.load(proof.sound) if proof.sound is not None and wants_sound else _NO_CORPUS
    if others:
        corpus = corpus.only(others)
    elif options.sample:
        corpus = corpus.only(corpus.sample)
    elif options.sound is not None:
        corpus = corpus.spread(options.sound)
    wants_planted = options.half != "sound" and (planted or not options.only)
    return (proof.only(planted) if wants_planted else msgspec.structs.replace(proof, mistakes=())), corpus


def plan(proof: Proof, seed: int, corpus: Corpus = _NO_CORPUS) -> list[Job]:
    """Return all runs, long storms first: the mistakes, the system itself in each of their storms, the sound systems and their twins."""
    mistakes = (*proof.mistakes, *(twin.mistake for twin in corpus.twins))
    jobs = [
        Job(scenario=mistake.scenario, system=mistake.system, state=mistake.state, seed=seed) for mistake in mistakes
    ]
    jobs += [
        Job(scenario=scenario, system=proof.system, state=state, seed=seed)
        for (_, state), scenario in proof.controls.items()
    ]
    jobs += [Job(scenario=sound.scenario, system=sound.system, state=State.IDLE, seed=seed) for sound in corpus.sound]
    return sorted(jobs, key=lambda job: -max((i.at_s + i.for_s for i in job.scenario.storm), default=0))


def answers(mistakes: tuple[Mistake, ...], runs: list[Run]) -> list[Answer]:
    """Return one result for each mistake, in order."""
    by_name = {run.system.name: run for run in runs}
    return [Answer(mistake=mistake, run=by_name.get(mistake.system.name)) for mistake in mistakes]


def controls(proof: Proof, runs: list[Run]) -> list[Run]:
    """Return the runs of the system without a mistake."""
    return [run for run in runs if run.system.name == proof.system.name]


def heard(corpus: Corpus, runs: list[Run]) -> list[Heard]:
    """Return one result for each sound system and storm, in order."""
    found = {(run.system.name, run.scenario.name): run for run in runs}
    return [Heard(sound=each, run=found.get((each.system.name, each.scenario.name))) for each in corpus.sound]


def table(found: list[Answer], title: str = "Planted mistakes") -> Table:
    """Build the table, one row per mistake: the scenario, the expected finding, other findings, and whether it was caught."""
    rows = Table("mistake", "scenario", "must show", "shows besides", "", title=title, box=box.SIMPLE_HEAD)
    for column in rows.columns[:4]:
        column.overflow = "fold"
    for answer in found:
        word = Text("caught", style="green") if answer.caught else Text("NOT CAUGHT", style="bold red")
        rows.add_row(*(Text(cell) for cell in _cells(answer)), word)
    return rows


def markdown(found: list[Answer]) -> str:
    """Return the same table as Markdown, with a description of each mistake."""
    lines = [
        "| mistake | what it is | scenario | must show | shows besides | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for answer in found:
        name, scenario, must, besides = _cells(answer)
        word = "caught" if answer.caught else "**not caught**"
        lines.append(f"| `{name}` | {answer.mistake.says} | `{scenario}` | {must} | {besides} | {word} |")
    return "\n".join(lines) + "\n"


def _cells(answer: Answer) -> tuple[str, str, str, str]:
    judged = answer.run.judged if answer.run else None
    besides = [kind for kind in shown(judged) if kind not in answer.mistake.expect] if judged else ["did not start"]
    mistake = answer.mistake
    return mistake.name, mistake.scenario.name, ", ".join(mistake.expect), ", ".join(besides)


def ending(found: list[Answer], clean: list[Run], planned: int) -> tuple[int, list[str]]:
    """Return the exit code and the last lines. The code is 0 if every mistake was caught and the system itself was always valid."""
    caught = [answer for answer in found if answer.caught]
    valid = [run for run in clean if run.judged and run.judged.status is Status.VALID]
    lines = _missed(found)
    lines += [f"false alarm: {run.title} on {run.system.name}{_where(run)}" for run in clean if run not in valid]
    name = clean[0].system.name if clean else "the system"
    lines.append(
        f"{len(caught)} of {len(found)} mistakes were caught; {name} itself was valid in {len(valid)} of {planned} storms."
    )
    return (0 if len(caught) == len(found) and len(valid) == planned else 1), lines


def sound_ending(found: list[Heard], twins: list[Answer]) -> tuple[int, list[str]]:
    """Return the exit code and the last lines.

    The code is 0 if no sound system was accused, each one started, and each twin was caught. Unknown runs are counted
    separately, with their reasons. If they are more than `MOST_UNKNOWN` of the runs, and more than one, the code is 2.
    """
    accused = [each for each in found if each.status is Status.INVALID]
    unknown = [each for each in found if each.status is Status.UNKNOWN]
    absent = [each for each in found if each.status is None]
    caught = [twin for twin in twins if twin.caught]
    lines = _missed(twins)
    for word, those in (("did not start", absent), ("unknown", unknown), ("accused", accused)):
        lines += [line for each in those for line in _told(word, each)]
    reasons = Counter(kind for each in unknown for kind in _kinds(each))
    why = f" ({', '.join(f'{count} {kind}' for kind, count in reasons.most_common())})" if reasons else ""
    started = f", did not start: {len(absent)}" if absent else ""
    systems = len({each.sound.system.name for each in found})
    said = []
    if found:
        count = f"accused: {len(accused)}, unknown: {len(unknown)}{why}{started}"
        said.append(f"of {systems} sound systems in {len(found)} runs, {count}")
    if twins:
        said.append(f"{len(caught)} of {len(twins)} guilty twins were caught")
    lines.append("; ".join(said) + ".")
    if accused or absent or len(caught) < len(twins):
        return Status.INVALID.exit_code, lines
    if len(unknown) > max(1, MOST_UNKNOWN * len(found)):
        lines.append(f"more than {MOST_UNKNOWN:.0%} of the runs are unknown, which proves too little.")
        return Status.UNKNOWN.exit_code, lines
    return 0, lines


def _told(word: str, each: Heard) -> list[str]:
    lines = [f"{word}: {each.sound.scenario.name} on {each.sound.system.name}: {each.sound.says}"]
    lines += [f"    {finding}" for finding in each.findings[:3]]
    return lines + ([f"    replay: stormproof replay {each.run.folder}"] if each.run else [])


def _kinds(each: Heard) -> list[str]:
    """Return the kinds that were found, each once; if there are none, the checks that had nothing to look at."""
    return list(dict.fromkeys(finding.partition(":")[0] for finding in each.findings))


def _missed(found: list[Answer]) -> list[str]:
    return [
        f"not caught: {answer.mistake.name}: {answer.mistake.says}{_where(answer.run)}"
        for answer in found
        if not answer.caught
    ]


def blamed(found: list[Answer], clean: list[Run]) -> list[tuple[Run, Status]]:
    """Return the runs with a wrong result: those of mistakes that were not caught, and those of the system itself that were not valid."""
    missed = [(answer.run, Status.INVALID) for answer in found if answer.run is not None and not answer.caught]
    return missed + [(run, telling.own_status(run)) for run in clean]


def _where(run: Run | None) -> str:
    return f"\n    replay: stormproof replay {run.folder}" if run else ": it did not start"


def opening(proof: Proof, corpus: Corpus) -> list[str]:
    """Return what will be run, one line for each part."""
    lines = []
    if proof.mistakes:
        lines.append(
            f"{len(proof.mistakes)} mistakes, and {len(proof.controls)} storms in which {proof.system.name} must stand"
        )
    if corpus.sound:
        lines.append(f"{len(corpus.names)} sound systems in {len(corpus.sound)} runs, of which none may be accused")
    if corpus.twins:
        lines.append(f"{len(corpus.twins)} guilty twins of sound systems, of which each must be caught")
    return lines


def interpreters(corpus: Corpus, cache: Path, console: Console) -> Mapping[str, str]:
    """Return the interpreter of each environment, building it if it does not exist. Raises UsageError."""
    made = {}
    for name in corpus.needed:
        with console.status(f"environment of celery {name}"):
            made[name] = environments.build(name, corpus.environments[name], corpus.common, cache)
    return made


def prove(options: Options, console: Console, wait: Wait) -> int:
    """Run the whole command. Returns the exit code."""
    telling.check_page()
    proof, corpus = chosen(proofs.load(options.file), options)
    corpus = corpus.placed(interpreters(corpus, options.cache, console))
    jobs = plan(proof, options.seed, corpus)
    _say(console, opening(proof, corpus))
    with Progress(console, len(jobs)) as progress:
        work = campaign.conduct_all(
            jobs, options.runs, find_binary(), progress.phase, progress.finished, options.lanes, skip=True
        )
        finished = wait(work)
    found, clean = answers(proof.mistakes, finished), controls(proof, finished)
    twins = answers(tuple(twin.mistake for twin in corpus.twins), finished)
    spoken = heard(corpus, finished)
    code, page, lines = 0, [], list[str]()
    for title, those in (("Planted mistakes", found), ("Guilty twins", twins)):
        if those:
            console.print(table(those, title))
            page.append(f"## {title}\n\n{markdown(those)}")
    if found:
        code, lines = ending(found, clean, len(proof.controls))
    if spoken or twins:
        code_of_sound, more = sound_ending(spoken, twins)
        code, lines = max(code, code_of_sound), [*lines, *more]
    if options.out is not None:
        store.write_text(options.out, "\n".join([*page, lines[-1], ""]))
    telling.add_to_page("\n".join([*page, lines[-1], ""]))
    _say(console, lines)
    sound_runs = [each.run for each in spoken if each.run is not None and each.status is Status.INVALID]
    telling.annotate(blamed([*found, *twins], [*clean, *sound_runs]), {}, console.file)
    return code


def _say(console: Console, lines: list[str]) -> None:
    if lines:
        console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)


@click.command("prove")
@click.argument("file", type=click.Path(path_type=Path), default="tests/planted/prove.toml")
@click.option("--only", multiple=True, help="Only this mistake, sound system or guilty twin; may be repeated.")
@click.option(
    "--half",
    type=click.Choice(HALVES),
    help="Only the mistakes planted into the one system, or only the sound systems and their guilty twins.",
)
@click.option(
    "--sound",
    type=click.IntRange(min=0),
    help="Only this many runs of sound systems, spread over the list, and the same share of the twins.",
)
@click.option("--sample", is_flag=True, help="Only a few representative sound systems, and no twins.")
@click.option("--out", type=click.Path(path_type=Path), help="Also write the tables to this file as Markdown.")
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    default=Path(".stormproof"),
    help="The folder that caches the environments.",
)
@arguments.seed
@arguments.lanes(3)
@arguments.runs
def command(file: Path, seed: int | None, runs: Path, lanes: int, **options: Any) -> int:
    """Test the harness itself: each mistake in FILE, planted into a sound system, must cause the finding that it names, and no
    sound system may be accused.
    """
    drawn = seed if seed is not None else random.SystemRandom().getrandbits(32)
    how = Options(file=file, seed=drawn, lanes=lanes, runs=runs, **options)
    return prove(how, Console(), interruption.run)
