"""The second half of the proof: what is said of sound systems, and whether their guilty twins are caught."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from stormproof import Scenario
from stormproof.checks.verdict import Finding, Status, Verdict
from stormproof.cli import prove as proving
from stormproof.errors import UsageError
from stormproof.history import History
from stormproof.lab import proof
from stormproof.lab.proof import Mistake
from stormproof.lab.sound import Corpus, Sound, Twin
from stormproof.lab.versions import Environment
from stormproof.runs.store import Judged, Run
from stormproof.spec.choices import Choices
from stormproof.spec.scenario import State
from stormproof.spec.system import System

FILE = Path(__file__).parents[2] / "planted" / "prove.toml"
PLANTED = proof.load(FILE)
CALM = Scenario(name="calm", title="no fault at all")
KILLED = Scenario(name="killed", title="a worker is killed")


def named(name: str) -> System:
    return PLANTED.system.model_copy(update={"name": name})


def sound(name: str, scenario: Scenario = CALM) -> Sound:
    return Sound(says=f"as {name} is", system=named(name), scenario=scenario, environment="new")


TWIN = Twin(
    of="first",
    mistake=Mistake(
        name="first-forgets",
        says="it forgets",
        system=named("first-forgets"),
        scenario=CALM,
        state=State.IDLE,
        expect=("no_task_lost.lost",),
    ),
    environment="new",
)
CORPUS = Corpus(
    environments={"new": Environment()},
    common=(),
    sound=(sound("first"), sound("first", KILLED), sound("second"), sound("third")),
    twins=(TWIN,),
    sample=("second",),
)


def run(system: System, scenario: Scenario, *findings: Finding, check: str = "no_task_lost") -> Run:
    verdict = Verdict.of(check, findings, observed=1)
    return Run(
        folder=Path("runs") / f"{scenario.name}-{system.name}",
        scenario=scenario,
        system=system,
        state=State.IDLE,
        choices=Choices.draw(scenario, 1),
        history=History([]),
        judged=Judged(status=verdict.status, verdicts=(verdict,), seconds=1.0, events=1),
    )


VALID = [run(each.system, each.scenario) for each in CORPUS.sound]
CAUGHT = run(TWIN.mistake.system, CALM, Finding(kind="lost", message="gone"))


def said(*runs: Run) -> tuple[int, list[str]]:
    twins = proving.answers((TWIN.mistake,), list(runs))
    return proving.sound_ending(proving.heard(CORPUS, list(runs)), twins)


def test_all_is_well_if_no_sound_system_is_accused_and_each_twin_is_caught() -> None:
    assert said(*VALID, CAUGHT) == (
        0,
        ["of 3 sound systems in 4 runs, accused: 0, unknown: 0; 1 of 1 guilty twins were caught."],
    )


def test_a_sound_system_that_is_accused_is_named_with_what_it_is_and_how_to_see_it_again() -> None:
    accused = run(named("first"), KILLED, Finding(kind="lost", message="nobody has it"))
    code, lines = said(VALID[0], accused, *VALID[2:], CAUGHT)
    assert code == 1
    assert lines[:-1] == [
        "accused: killed on first: as first is",
        "    no_task_lost.lost: nobody has it",
        "    replay: stormproof replay runs/killed-first",
    ]
    assert "accused: 1, unknown: 0" in lines[-1]


def test_what_is_unknown_is_counted_apart_with_its_reasons_and_accuses_nobody() -> None:
    doubt = Finding(kind="unsettled", message="not seen to its end", status=Status.UNKNOWN)
    code, lines = said(run(named("first"), CALM, doubt, doubt), *VALID[1:], CAUGHT)
    assert code == 0
    assert "accused: 0, unknown: 1 (1 no_task_lost.unsettled)" in lines[-1]
    assert "    no_task_lost.unsettled: not seen to its end" in lines


def test_too_much_that_is_unknown_proves_too_little() -> None:
    doubt = Finding(kind="unsettled", message="not seen to its end", status=Status.UNKNOWN)
    unknown = [run(named("first"), CALM, doubt), run(named("second"), CALM, doubt)]
    code, lines = said(*unknown, VALID[1], VALID[3], CAUGHT)
    assert code == 2
    assert "accused: 0, unknown: 2 (2 no_task_lost.unsettled)" in lines[-2]
    assert lines[-1] == "more than 3% of the runs are unknown, which proves too little."


def test_a_sound_system_that_did_not_start_was_refused_and_proves_nothing() -> None:
    code, lines = said(*VALID[1:], CAUGHT)
    assert code == 1
    assert lines[0] == "did not start: calm on first: as first is"
    assert "did not start: 1" in lines[-1]


def test_a_twin_that_shows_another_finding_or_a_doubt_is_not_caught() -> None:
    other = run(TWIN.mistake.system, CALM, Finding(kind="stuck", message="it waits"))
    doubt = run(TWIN.mistake.system, CALM, Finding(kind="lost", message="gone", status=Status.UNKNOWN))
    for twin in (other, doubt):
        code, lines = said(*VALID, twin)
        assert code == 1
        assert lines[0].startswith("not caught: first-forgets: it forgets\n    replay: ")


def test_where_only_twins_or_only_sound_systems_ran_nothing_is_said_of_the_others() -> None:
    twins = proving.answers((TWIN.mistake,), [CAUGHT])
    assert proving.sound_ending([], twins) == (0, ["1 of 1 guilty twins were caught."])
    found = proving.heard(CORPUS, VALID)
    assert proving.sound_ending(found, []) == (0, ["of 3 sound systems in 4 runs, accused: 0, unknown: 0."])
    alone = msgspec.structs.replace(CORPUS, twins=())
    none_planted = msgspec.structs.replace(PLANTED, mistakes=())
    assert proving.opening(none_planted, alone) == ["3 sound systems in 4 runs, of which none may be accused"]


def test_each_run_of_both_halves_is_planned_once() -> None:
    jobs = proving.plan(PLANTED.only(("early_acknowledgement",)), 1, CORPUS)
    assert sorted((job.system.name, job.scenario.name) for job in jobs) == [
        ("early-acknowledgement", "calm"),
        ("first", "calm"),
        ("first", "killed"),
        ("first-forgets", "calm"),
        ("hardened", "calm"),
        ("second", "calm"),
        ("third", "calm"),
    ]


CORPUS_FILE = """
from pathlib import Path
from stormproof.lab import proof
from stormproof import Scenario, State
from stormproof.lab.sound import Corpus, Sound, Twin
from stormproof.lab.versions import Environment

system = proof.load(Path("{file}")).system
calm = Scenario(name="calm", title="no fault at all")
each = [Sound(says="", system=system.model_copy(update={{"name": name}}), scenario=calm, environment="new") for name in ("a", "b", "c", "d")]
mistake = proof.Mistake(name="a-lies", says="", system=system, scenario=calm, state=State.IDLE, expect=("no_task_lost.lost",))
corpus = Corpus(
    environments={{"new": Environment()}},
    common=(),
    sound=tuple(each),
    twins=(Twin(of="a", mistake=mistake, environment="new"),),
    sample=("b", "d"),
)
"""


@pytest.fixture
def both(tmp_path: Path) -> proof.Proof:
    path = tmp_path / "corpus.py"
    path.write_text(CORPUS_FILE.format(file=FILE))
    return msgspec.structs.replace(PLANTED, sound=path)


@pytest.mark.parametrize(
    ("options", "mistakes", "systems", "twins"),
    [
        ({}, len(PLANTED.mistakes), "abcd", 1),
        ({"half": "planted"}, len(PLANTED.mistakes), "", 0),
        ({"sound": 0}, len(PLANTED.mistakes), "", 0),
        ({"half": "sound"}, 0, "abcd", 1),
        ({"half": "sound", "sound": 2}, 0, "ac", 1),
        ({"half": "sound", "sample": True}, 0, "bd", 0),
        ({"only": ("events_lie",)}, 1, "", 0),
        ({"only": ("c", "a-lies")}, 0, "c", 1),
        ({"only": ("events_lie", "d")}, 1, "d", 0),
    ],
)
def test_a_part_of_the_proof_can_be_chosen(
    both: proof.Proof, options: dict[str, object], mistakes: int, systems: str, twins: int
) -> None:
    how = proving.Options(file=FILE, seed=1, lanes=1, runs=Path(), cache=Path(), **options)  # type: ignore[arg-type]
    planted, corpus = proving.chosen(both, how)
    assert len(planted.mistakes) == mistakes
    assert "".join(corpus.names) == systems
    assert len(corpus.twins) == twins


def test_a_name_that_is_in_neither_half_is_refused(both: proof.Proof) -> None:
    how = proving.Options(file=FILE, seed=1, lanes=1, runs=Path(), cache=Path(), only=("nobody",))
    with pytest.raises(UsageError, match="the corpus has no system 'nobody'; it has a to d"):
        proving.chosen(both, how)
    with pytest.raises(UsageError, match="no mistake is named 'nobody'; there are: "):
        proving.chosen(msgspec.structs.replace(both, sound=None), how)
