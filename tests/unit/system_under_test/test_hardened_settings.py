"""Settings are told correctly and cannot contradict each other."""

from pathlib import Path

import pytest
from hardened.celery_config import worker_config
from hardened.settings import Settings
from pydantic import ValidationError

EXAMPLE = Path(__file__).parents[3] / "system_under_test" / "hardened" / ".env.example"


def test_the_example_names_every_setting_and_no_other_and_gives_its_default() -> None:
    lines = [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#")]
    named = dict(line.split("=", 1) for line in lines)
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    told = Settings(_env_file=EXAMPLE).model_dump()  # type: ignore[call-arg]
    assert told == defaults


@pytest.mark.parametrize(
    "wrong",
    [
        {"smtp_timeout_s": 20.0},
        {"soft_limit_s": 30.0},
        {"hard_limit_s": 45.0},
        {"lease_s": 60.0},
        {"publish_timeout_s": 0.8},
    ],
)
def test_limits_in_a_wrong_order_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="must be shorter than"):
        Settings(_env_file=None, **wrong)  # type: ignore[arg-type, call-arg]


def test_a_message_stays_invisible_for_longer_than_any_task_may_run() -> None:
    config = worker_config(Settings(_env_file=None))  # type: ignore[call-arg]
    assert config["broker_transport_options"]["visibility_timeout"] > config["task_time_limit"]
