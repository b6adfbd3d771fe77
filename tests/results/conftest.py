from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from class_sweep.results.record import Record
from class_sweep.results.store import ResultsFolder, ResultsWriter


@pytest.fixture(scope="session")
def record() -> Callable[..., Record]:
    def build(trial: int = 0, decision: str = "finish", **fields) -> Record:
        return Record(
            **{
                "trial": trial,
                "name": None,
                "identity": f"{trial:012x}",
                "config": {"curriculum.alpha": 0.5, "curriculum.order": "random"},
                "report": 0,
                "step": 10,
                "samples": 100,
                "rung": None,
                "decision": decision,
                "compared": False,
                "objective": 0.5,
                "metrics": {"split/mrr": 0.5},
                **fields,
            }
        )

    return build


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[ResultsWriter]:
    with ResultsWriter.create(tmp_path / "sweep", "data: here\n") as writer:
        yield writer


@pytest.fixture
def folder(writer: ResultsWriter) -> ResultsFolder:
    """The writer's folder as another process sees it."""
    return ResultsFolder.existing(writer.folder.path)
