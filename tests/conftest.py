"""Fixtures for several folders of tests: a small space on real molecules, its cache, servers."""

import os
import string
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import settings
from rich.console import Console

from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.plugin_files import unload_plugins
from class_sweep.results.callback import Callback
from class_sweep.results.record import Record

# How long an example takes depends on what else the machine is doing; which ones are drawn must not
# depend on the run, so that a change is tested on its own.
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
search: {trials: 8, seed: 3, baselines: [full_data], max_concurrent: 1}
pruning: {grace_epochs: 1, reduction_factor: 2}
objective: validation/mrr
confirm: {finalists: 0}
resources: {cpus: 1}
"""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several test processes, keep each file in one process and all Ray tests in one too."""
    for item in items:
        group = "ray" if item.get_closest_marker("ray") else item.path.stem
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """One thread: test processes share the cores, and threads that wait for a core cost most."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


@pytest.fixture
def plugin_file(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Write a plug-in file; all that are loaded meanwhile are forgotten at the end."""

    def write(text: str, name: str = "my_parts.py") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    yield write
    unload_plugins()


@pytest.fixture(scope="session")
def small_space_text() -> str:
    return SMALL_SPACE


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def cache(cache_folder: Path) -> ArrayCache:
    return ArrayCache(cache_folder)


@pytest.fixture
def real_data() -> Path:
    """The folder of the real data sets; without it the test is skipped."""
    folder = os.environ.get("CLASS_SWEEP_DATA")
    path = Path(folder) if folder else Path(__file__).parents[2] / "shared" / "data"
    if not path.is_dir():
        pytest.skip(f"no real data in {path}")
    return path


@pytest.fixture
def space_file(tmp_path: Path, small_space_text: str) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(small_space_text)
    return path


@pytest.fixture(autouse=True)
def _no_shared_cache(monkeypatch: pytest.MonkeyPatch, cache_folder: Path) -> None:
    """Commands use the tests' cache and state, never the user's."""
    monkeypatch.setenv("CLASS_SWEEP_CACHE", str(cache_folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(cache_folder / "state"))


@pytest.fixture(scope="session")
def s3():
    """An S3 server for the tests that ask for one."""
    from s3 import S3Server

    server = S3Server()
    yield server
    server.stop()


@pytest.fixture
def s3_credentials(monkeypatch):
    from s3 import ENVIRONMENT

    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def line(s3):
    """A proxy of the S3 server that can be slow or fail."""
    from s3 import Line

    with Line(s3.port) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory):
    """A BERT of 2 layers and 16 dimensions with random weights, in a folder."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import BertProcessing
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "acid", "benzene", "alcohol", "the"]
    characters = string.ascii_lowercase + string.digits + string.punctuation
    pieces += [*characters, *(f"##{c}" for c in characters)]
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep")}
    vocabulary = {piece: row for row, piece in enumerate(pieces)}
    words = WordPiece(vocabulary, unk_token=special["unk_token"])
    tokenizer = Tokenizer(words)
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    folder = tmp_path_factory.mktemp("tiny_bert")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.5,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_roberta(tmp_path_factory):
    """A RoBERTa over SMILES of 2 layers and 16 dimensions with random weights, as ChemBERTa is."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from tokenizers.processors import RobertaProcessing
    from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaModel

    pieces = [
        "<s>",
        "<pad>",
        "</s>",
        "<unk>",
        *string.ascii_letters,
        *string.digits,
        *"()[]=#@+-/\\.%",
    ]
    vocabulary = {piece: row for row, piece in enumerate([*pieces, "CC", "CO"])}
    special = {
        f"{name}_token": f"<{mark}>"
        for name, mark in (("bos", "s"), ("eos", "/s"), ("pad", "pad"), ("unk", "unk"))
    }
    tokenizer = Tokenizer(BPE(vocabulary, [("C", "C"), ("C", "O")], unk_token=special["unk_token"]))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = RobertaProcessing(("</s>", 2), ("<s>", 0))
    folder = tmp_path_factory.mktemp("tiny_roberta")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    torch.manual_seed(1)
    config = RobertaConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=66,
        initializer_range=0.5,
    )
    RobertaModel(config).save_pretrained(folder)
    return folder


class RecordingCallback(Callback):
    """Keeps the stages, the plan, the started trials and the reports."""

    def __init__(self):
        self.stages, self.proposals, self.records = [], [], []

    def on_stage(self, name):
        self.stages.append(name)

    def on_plan(self, trials, full_samples, expected_samples):
        self.plan = (trials, full_samples, expected_samples)

    def on_trial_start(self, trial):
        self.proposals.append(trial)

    def on_report(self, record):
        self.records.append(record)


@pytest.fixture
def callback() -> RecordingCallback:
    return RecordingCallback()


@pytest.fixture(scope="module")  # a later module may start another one in the same process
def ray_instance() -> Iterator[None]:
    from class_sweep.execution.cluster.local import local_ray

    with local_ray():
        yield


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
def terminal() -> Callable[..., Console]:
    """A console that writes into memory; `.file.getvalue()` is its output."""

    def build(*, terminal: bool = False, width: int = 100) -> Console:
        return Console(
            file=StringIO(), force_terminal=terminal, width=width, height=40, _environ={}
        )

    return build
