"""A trial on several processes: equal to one with the whole batch, through cuts and deaths."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import fields, is_dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from plugin_texts import BACKBONE
from torch import nn
from waiting import patience, wait_until

from class_sweep.backbones.backbone import build_backbone
from class_sweep.base.ragged import Ragged, offsets_of
from class_sweep.config.document import parse_space
from class_sweep.config.inputs import Mol2vecEncoder
from class_sweep.config.plugin_files import load_plugins
from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.similarity import CLASS_SIMILARITY
from class_sweep.encoders.graphs import graph_vocabulary, molecule_graphs
from class_sweep.encoders.substructures import substructure_vectors
from class_sweep.errors import TrainingError
from class_sweep.training import loop, replicas
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer
from class_sweep.training.replicas import ReplicaError, Replicas, dropout_seed

SMILES = [
    pattern.format("C" * length)
    for pattern in ("C{}O", "C{}N", "C{}OC(C)=O", "C{}c1ccccc1", "OC(=O){}Cc1ccc2ccccc2c1")
    for length in range(1, 7)
]
PAIRS = len(SMILES)
SPACE = """\
data: {{source: names}}
text_encoder: {text}
molecule_encoder: {molecules}
backbone: {{{backbone}, hidden: 16, dimension: 8, dropout: {dropout}}}
curriculum: {{sigma: 0.5{curriculum}}}
optimizer: {{batch_size: 7, lr: 0.01{optimizer}}}
budget: {{epochs: 6}}
search: {{trials: 1, seed: 3}}
"""
BACKBONES = {
    "contrastive": "name: contrastive, learn_temperature: true",
    "isomorphism network": "name: contrastive, molecule: gin, layers: 2",
    "perceptron": "name: text2mol, learn_temperature: true",
    "graph network": "name: text2mol, molecule: gcn",
    "critic": "name: aman, heads: 2, critic_steps: 2, adversarial_weight: 0.5",
    "transport": "name: orma, layers: 2, learn_temperature: true",
}
CURRICULA = {
    "hard negatives": ", hard_negatives: 2, alpha: 0.4, order: hard_first",
    "intensity": ", intensity: inverse, alpha: 0.5, pacing: root",
    "rate": ", intensity: sigmoid, intensity_target: learning_rate, order: random, alpha: 0.5",
    "trim": ", order: easy_first, alpha: 0.6, beta: 0.2, trim: 0.3, trim_from: 0.2",
}


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Doubled(TrialFeatures):
    """Features whose batches are in double precision."""

    def batch(self, rows, device):
        return doubled(super().batch(rows, device))


def doubled(value):
    if isinstance(value, torch.Tensor):
        return value.double() if value.is_floating_point() else value
    if is_dataclass(value):
        return type(value)(**{f.name: doubled(getattr(value, f.name)) for f in fields(value)})
    return value


@pytest.fixture(scope="module")
def features() -> TrialFeatures:
    generator = np.random.default_rng(0)
    lengths = generator.integers(2, 12, PAIRS)
    text = generator.normal(size=(PAIRS, 16)).astype(np.float32)
    molecule = generator.normal(size=(PAIRS, 10)).astype(np.float32)
    mol2vec = Mol2vecEncoder(kind="mol2vec", dimensions=6, epochs=1)
    vocabulary = graph_vocabulary(substructure_vectors(mol2vec, SMILES), mol2vec.radius, SMILES)
    states = generator.normal(size=(lengths.sum(), 16)).astype(np.float16)
    return Doubled(
        text,
        molecule,
        np.zeros(PAIRS, np.int8),
        {CLASS_SIMILARITY: build_index(text, molecule, [0.5])},
        token_states=Ragged(states, offsets_of(lengths)),
        token_means=generator.normal(size=(PAIRS, 16)).astype(np.float32),
        graphs=molecule_graphs(vocabulary, mol2vec.radius, SMILES),
    )


@pytest.fixture(scope="module")
def trained_texts(features) -> TrialFeatures:
    """The same with token ids for a transformer, of unequal lengths."""
    generator = np.random.default_rng(1)
    lengths = generator.integers(2, 12, PAIRS)
    ids = generator.integers(4, 40, lengths.sum()).astype(np.int32)
    return replace(features, tokens=Ragged(ids, offsets_of(lengths)), token_states=None)


@pytest.fixture(scope="module")
def trained_molecules(trained_texts) -> TrialFeatures:
    """Token ids on both sides, no graphs."""
    generator = np.random.default_rng(2)
    lengths = generator.integers(2, 12, PAIRS)
    ids = Ragged(generator.integers(4, 40, lengths.sum()).astype(np.int32), offsets_of(lengths))
    vectors = generator.normal(size=(PAIRS, 16)).astype(np.float32)
    return replace(trained_texts, molecule=vectors, molecule_tokens=ids, graphs=None)


@pytest.fixture(scope="module")
def replicas_of():
    """Replicas that serve all tests, by their number."""
    started = {}

    def get(count: int) -> Replicas:
        for other in started.keys() - {count}:  # a process trains with one group at a time
            started.pop(other).close()
        return started.setdefault(count, Replicas(count))

    yield get
    for each in started.values():
        each.close()


@pytest.fixture(scope="module")
def bert(tiny_bert, tmp_path_factory):
    """The small transformer without dropout of its own."""
    folder = tmp_path_factory.mktemp("bert") / "model"
    shutil.copytree(tiny_bert, folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def make(features, trained_texts, trained_molecules, bert, monkeypatch):
    """Makes trainers in double precision."""
    single = build_backbone
    monkeypatch.setattr(loop, "build_backbone", lambda *args: single(*args).double())

    def build(replicas=None, backbone="contrastive", *, curriculum="", optimizer="", trained=False,
              dropout=0.0):  # fmt: skip
        text = f"{{model: {bert}, trainable: true}}" if trained else "{kind: lsa}"
        both = trained == "both"
        smiles = f"{{kind: huggingface, model: {bert}, trainable: true}}"
        space = SPACE.format(
            text=text, molecules=smiles if both else "{kind: mol2vec}",
            backbone=BACKBONES[backbone], curriculum=curriculum, optimizer=optimizer,
            dropout=dropout,
        )  # fmt: skip
        # Of the margins, too.
        torch.set_default_dtype(torch.float32 if loop.build_backbone is single else torch.float64)
        try:
            of = trained_molecules if both else trained_texts if trained else features
            trainer = Trainer(parse_space(space).settings, of, replicas=replicas)
        finally:
            torch.set_default_dtype(torch.float32)
        return trainer

    return build


def state(trainer: Trainer) -> dict[str, torch.Tensor]:
    """Everything that training changes, the random state aside."""
    found = dict(trainer.backbone.state_dict())
    optimizers = [trainer._optimizer, *filter(None, [trainer._critic_optimizer])]
    for number, optimizer in enumerate(optimizers):
        for parameter, entry in optimizer.state_dict()["state"].items():
            found |= {f"{number}/{parameter}/{name}": value for name, value in entry.items()}
    if trainer._trimming:
        found["margins"] = trainer._trimming.state_dict()["margins"]
    return found


def differences(one: Trainer, other: Trainer) -> float:
    """The largest difference of two trainings."""
    first, second = state(one), state(other)
    assert first.keys() == second.keys()
    apart = [
        torch.where(first[n] == second[n], 0, (first[n] - second[n]).abs()).max() for n in first
    ]
    return max(map(float, apart))


COUNTS = [1, pytest.param(2, marks=pytest.mark.long)]


@pytest.mark.parametrize(
    ("backbone", "trained"), [*product(BACKBONES, [False, True]), ("contrastive", "both")]
)
@pytest.mark.parametrize("optimizer", ["", ", micro_batch_size: 2"], ids=["whole", "parts"])
@pytest.mark.parametrize("count", COUNTS)
def test_the_steps_are_those_of_one_process(make, replicas_of, backbone, trained, optimizer, count):
    one = make(None, backbone, trained=trained)
    loss = one.train_to(6)  # before the other draws from the same random state
    several = make(replicas_of(count), backbone, trained=trained, optimizer=optimizer)
    assert several.train_to(6) == pytest.approx(loss, abs=1e-10)
    assert differences(one, several) < 1e-8


@pytest.mark.parametrize("curriculum", CURRICULA)
def test_every_part_of_a_curriculum_acts_as_in_one_process(make, replicas_of, curriculum):
    one = make(curriculum=CURRICULA[curriculum])
    several = make(replicas_of(1), curriculum=CURRICULA[curriculum])
    steps = one.schedule.steps
    assert several.train_to(steps) == pytest.approx(one.train_to(steps), abs=1e-10)
    assert differences(one, several) < 1e-8
    if curriculum == "trim":
        assert any(one.schedule.left_out)
        left_out = [t._trimming.left_out_of(5).tolist() for t in (one, several)]
        assert left_out[0] == left_out[1] != []


def test_in_single_precision_the_first_gradients_are_equal_to_the_last_bits(
    make, replicas_of, monkeypatch
):
    monkeypatch.setattr(Doubled, "batch", TrialFeatures.batch)
    monkeypatch.setattr(loop, "build_backbone", build_backbone)
    one, several = make(), make(replicas_of(1))
    for trainer in (one, several):
        assert trainer.train_to(1) > 0
    for first, second in zip(one.backbone.parameters(), several.backbone.parameters(), strict=True):
        assert first.dtype == torch.float32
        torch.testing.assert_close(second.grad, first.grad, atol=1e-6, rtol=1e-5)


def test_replicas_build_a_backbone_from_a_plug_in_file(
    features, replicas_of, plugin_file, monkeypatch
):
    monkeypatch.setattr(Doubled, "batch", TrialFeatures.batch)
    path = plugin_file(BACKBONE, "bb.py")
    load_plugins([path])
    path.unlink()
    text = SPACE.replace(", hidden: 16, dimension: 8, dropout: {dropout}", "")
    settings = parse_space(
        text.format(
            text="{kind: lsa}", molecules="{kind: mol2vec}", backbone="name: bare", curriculum="",
            optimizer="",
        )
    ).settings  # fmt: skip
    losses = [Trainer(settings, features, replicas=r).train_to(4) for r in (None, replicas_of(1))]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


CUT = {
    "curriculum": CURRICULA["trim"],
    "optimizer": ", micro_batch_size: 2",
    "dropout": 0.3,
}


def bits(trainer: Trainer) -> list[torch.Tensor]:
    return [*state(trainer).values(), torch.get_rng_state()]


def test_a_run_that_is_cut_at_any_step_and_resumed_is_the_uncut_run_to_the_bit(
    make, replicas_of, tmp_path
):
    straight = make(replicas_of(1), **CUT)
    steps = straight.schedule.steps
    straight.train_to(steps)
    whole = bits(straight)
    cut = make(replicas_of(1), **CUT)
    for step in range(1, steps + 1):
        cut.train_to(step)
        cut.save(tmp_path / "state.pt")
        cut = make(replicas_of(1), **CUT)
        cut.restore(tmp_path / "state.pt")
    assert cut.step == steps
    assert all(torch.equal(a, b) for a, b in zip(bits(cut), whole, strict=True))


def test_a_run_may_go_on_with_another_number_of_processes(make, replicas_of, tmp_path):
    straight = make(backbone="critic")
    straight.train_to(8)
    begun = make(replicas_of(1), backbone="critic")
    begun.train_to(3)
    begun.save(tmp_path / "two.pt")
    alone = make(backbone="critic")
    alone.restore(tmp_path / "two.pt")
    alone.train_to(5)
    alone.save(tmp_path / "one.pt")
    again = make(replicas_of(1), backbone="critic")
    again.restore(tmp_path / "one.pt")
    again.train_to(8)
    assert differences(straight, again) < 1e-8


def test_each_replica_draws_a_dropout_of_its_own_in_every_step():
    seeds = {dropout_seed(*place) for place in product(range(4), range(20), range(7))}
    assert len(seeds) == 4 * 20 * 7


def test_every_port_of_the_processes_is_on_loopback(make, replicas_of):
    make(replicas_of(1)).train_to(1)
    replica = replicas_of(1)._processes[0]._process.pid
    for process in (psutil.Process(), psutil.Process(replica)):
        ports = [c.laddr for c in process.net_connections("inet")]
        assert {port.ip.removeprefix("::ffff:") for port in ports} <= {"127.0.0.1", "::1"}
    assert ports
    assert not {"GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"} & os.environ.keys()


def test_batch_statistics_are_refused(make, replicas_of, monkeypatch):
    def with_statistics(*args):
        backbone = build_backbone(*args)
        backbone.text_head.add_module("norm", nn.BatchNorm1d(8))
        return backbone

    monkeypatch.setattr(loop, "build_backbone", with_statistics)
    with pytest.raises(TrainingError, match=r"batch statistics in its layer text_head\.norm"):
        make(replicas_of(1))


@pytest.mark.long
@pytest.mark.parametrize(
    ("sent", "found"),
    [(signal.SIGKILL, "its end with exit code -9"), (signal.SIGSTOP, "no answer")],
)
def test_a_replica_that_dies_or_hangs_is_an_error_and_the_next_trial_gets_others(
    make, replicas_of, monkeypatch, sent, found
):
    replicas_of(0)  # ends the others
    monkeypatch.setattr(replicas, "PATIENCE", 4)
    monkeypatch.setattr(replicas, "_END_SECONDS", 1)
    with Replicas(2) as several:
        trainer = make(several)
        trainer.train_to(2)
        pids = [process._process.pid for process in several._processes]
        os.kill(pids[1], sent)
        with pytest.raises((ReplicaError, RuntimeError), match=rf"{found}|closed|[Tt]imed out"):
            trainer.train_to(4)
        assert not any(map(psutil.pid_exists, pids))
        monkeypatch.setattr(replicas, "PATIENCE", patience())
        one, again = make(), make(several)
        assert again.train_to(4) == pytest.approx(one.train_to(4), abs=1e-10)
    assert not several._processes


@pytest.mark.long
def test_an_error_in_a_replica_has_its_traceback(make, replicas_of):
    trainer = make(replicas_of(1))
    broken = replace(trainer.features, text=trainer.features.text[:, :3])
    trainer.features = broken
    with pytest.raises((ReplicaError, RuntimeError), match=r"shape|layer_norm"):
        trainer.train_to(1)
    assert make(replicas_of(1)).train_to(1) > 0


PARENT = """\
import sys, time
from class_sweep.training.replicas import Replicas
replicas = Replicas(2)
replicas._start()
print(*(process._process.pid for process in replicas._processes), replicas._folder, flush=True)
time.sleep(600)
"""


@pytest.mark.long
def test_replicas_and_their_folder_end_with_the_process_that_was_killed(tmp_path):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    *pids, folder = parent.stdout.readline().split()
    assert Path(folder).stat().st_mode & 0o777 == 0o700
    parent.kill()
    parent.communicate()
    wait_until(lambda: not any(psutil.pid_exists(int(pid)) for pid in pids))
    wait_until(lambda: not Path(folder).exists())
