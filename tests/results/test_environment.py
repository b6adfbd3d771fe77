"""The id of a sweep in `environment.json`."""

import pytest
from pydantic import ValidationError

from class_sweep.results.environment import Environment, new_sweep_id

FACTS = {
    "packages": {},
    "python": "3.11.7",
    "platform": "Linux",
    "cpus": 2,
    "gpus": [],
    "seed": 0,
    "data_sha256": "0" * 64,
    "index_sha256": {},
    "dropped": [],
    "command": [],
}


def test_each_sweep_gets_an_id_of_its_own() -> None:
    ids = {new_sweep_id() for _ in range(50)}
    assert len(ids) == 50
    assert {Environment(sweep_id=i, **FACTS).sweep_id for i in ids} == ids


def test_an_environment_of_version_0_2_has_no_id() -> None:
    assert Environment(**FACTS).sweep_id is None


@pytest.mark.parametrize(
    "bad", ["", "A" * 32, "0" * 31, "0" * 33, "../" + "0" * 29, "0" * 32 + "\n"]
)
def test_an_id_is_32_hexadecimal_digits(bad: str) -> None:
    with pytest.raises(ValidationError):
        Environment(sweep_id=bad, **FACTS)
