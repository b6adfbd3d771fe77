"""Fixtures for Ray on one machine."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def place(monkeypatch) -> Iterator[Path]:
    """A folder with a short path, where the session folders of a test are created."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as path:
        monkeypatch.delenv("RAY_TMPDIR", raising=False)
        monkeypatch.setenv("TMPDIR", path)
        yield Path(path)
