"""Settings from the environment and from arguments."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from procqa.errors import ProcqaError
from procqa.settings import Settings


def test_defaults_are_those_of_the_contract() -> None:
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert (settings.corpus, settings.index) == (Path("corpus"), Path("index"))
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)


def test_the_environment_sets_every_kind_of_field() -> None:
    environment = {"PROCQA_INDEX": "/data/index", "PROCQA_PASSAGE_TOKENS": "96", "PROCQA_HOST": "::1", "PATH": "/bin"}
    settings = Settings.from_environment(environment)
    assert settings.index == Path("/data/index")
    assert settings.passage_tokens == 96
    assert settings.host == "::1"


def test_switches_lists_and_times_are_read_from_words() -> None:
    environment = {"PROCQA_INSECURE": "Yes", "PROCQA_HOSTS": "a.example, *.b.example,", "PROCQA_QUEUE_SECONDS": "0.25"}
    settings = Settings.from_environment(environment)
    assert settings.insecure
    assert settings.hosts == ("a.example", "*.b.example")
    assert settings.queue_seconds == 0.25
    assert not Settings.from_environment({"PROCQA_INSECURE": "0"}).insecure


@pytest.mark.parametrize(
    ("variable", "text", "wanted"),
    [
        ("INSECURE", "perhaps", "1 or 0"),
        ("QUEUE_SECONDS", "soon", "a number"),
        ("QUEUE_SECONDS", "nan", "from 0 to 60"),
    ],
)
def test_a_switch_or_a_time_must_be_one(variable: str, text: str, wanted: str) -> None:
    with pytest.raises(ProcqaError, match=f"{variable}|{variable.lower()} must be {wanted}"):
        Settings.from_environment({f"PROCQA_{variable}": text})


def test_arguments_win_over_the_environment_when_given() -> None:
    settings = Settings.from_environment({"PROCQA_PORT": "9000"}).with_values(port=0, host=None)
    assert (settings.port, settings.host) == (0, "127.0.0.1")


def test_an_unknown_variable_is_told_with_the_known_ones() -> None:
    with pytest.raises(ProcqaError, match=r"^PROCQA_PROT is not a setting; .*PROCQA_PORT.*\.$"):
        Settings.from_environment({"PROCQA_PROT": "1"})


@pytest.mark.parametrize("text", ["many", "", "1.5", "0x10"])
def test_a_number_must_be_one(text: str) -> None:
    with pytest.raises(ProcqaError, match="PROCQA_PORT must be a whole number"):
        Settings.from_environment({"PROCQA_PORT": text})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", -1),
        ("port", 65536),
        ("threads", -1),
        ("threads", 257),
        ("passage_tokens", 31),
        ("passage_tokens", 8193),
        ("queue", 0),
        ("queue_seconds", 0.0),
        ("request_seconds", 601.0),
        ("keep_questions_days", -1),
    ],
)
def test_a_value_out_of_range_is_told(name: str, value: int) -> None:
    with pytest.raises(ProcqaError, match=rf"^{name} must be from .*, not {value}\.$"):
        Settings(**{name: value})  # type: ignore[arg-type]
    with pytest.raises(ProcqaError, match=name):
        Settings().with_values(**{name: value})


def test_settings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]
