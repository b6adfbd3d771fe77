"""What several folders of tests share: a small space on real molecules, and a cache for it."""

from pathlib import Path

import pytest
from hypothesis import settings

from class_sweep.encoders.cache import FeatureCache

# How long an example takes depends on what else the machine is doing; which ones are drawn must not
# depend on the run, so that a change is judged on its own.
settings.register_profile("any machine", deadline=None, derandomize=True)
settings.load_profile("any machine")

SMALL_SPACE = """\
data: {source: names, limit: 700}
text_encoder: {kind: lsa, dimensions: 32}
molecule_encoder: {kind: morgan, bits: 256}
backbone: {name: contrastive, hidden: 32, dimension: 16}
curriculum:
  order: {choice: [easy_first, hard_first, random]}
  alpha: {uniform: [0.3, 0.9]}
  beta: {uniform: [0.05, 0.20]}
  sigma: {uniform: [0.40, 0.80], step: 0.05}
  intensity: {choice: [constant, sigmoid, inverse]}
optimizer: {lr: 3e-3, batch_size: 32}
budget: {epochs: 6}
search: {trials: 8, seed: 3, first: [full_data], max_concurrent: 1}
pruning: {grace_epochs: 1, reduction_factor: 2}
objective: validation/mrr
resources: {cpus: 1}
"""


@pytest.fixture(scope="session")
def small_space_text() -> str:
    return SMALL_SPACE


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def cache(cache_folder: Path) -> FeatureCache:
    return FeatureCache(cache_folder)


@pytest.fixture
def space_file(tmp_path: Path, small_space_text: str) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(small_space_text)
    return path


@pytest.fixture(autouse=True)
def _no_shared_cache(monkeypatch: pytest.MonkeyPatch, cache_folder: Path) -> None:
    """Commands use the tests' cache, never the user's."""
    monkeypatch.setenv("CLASS_SWEEP_CACHE", str(cache_folder))
