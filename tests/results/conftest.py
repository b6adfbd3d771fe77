from collections.abc import Iterator
from pathlib import Path

import pytest

from class_sweep.results.folder import ResultsFolder, ResultsWriter


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[ResultsWriter]:
    with ResultsWriter.create(tmp_path / "sweep", "data: here\n") as writer:
        yield writer


@pytest.fixture
def folder(writer: ResultsWriter) -> ResultsFolder:
    """The writer's folder as another process sees it."""
    return ResultsFolder.existing(writer.folder.path)
