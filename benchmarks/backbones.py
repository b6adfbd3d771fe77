"""The time of the training loop, the graph batches and the transport against plain versions.

`python benchmarks/backbones.py [--quick] [--json FILE]`: keys `loop_overhead`, a training step of
`contrastive` through `Trainer` against the same arithmetic in a plain PyTorch loop;
`graph_batch_speedup`, the graph batches against PyTorch Geometric's `DataLoader` over the same
molecules; `hard_negatives_cost` and `trim_cost`, a training step of `contrastive` with hard
negatives, or with trimming, against one without; `transport_speedup`, ORMA's transport for a batch
of 32 against one whose every step starts from logarithms. One thread, as in a trial with one core.
"""

import argparse
import json
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from common import data_folder
from torch.nn import functional

from class_sweep.backbones import transport
from class_sweep.backbones.backbone import build_backbone
from class_sweep.backbones.batch import Graphs
from class_sweep.backbones.contrastive import Contrastive
from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.document import parse_space
from class_sweep.config.inputs import Chebi20Data, DataSettings, Mol2vecEncoder, NamesData
from class_sweep.config.sections import Settings
from class_sweep.data.corpus import load_pairs
from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.similarity import CLASS_SIMILARITY
from class_sweep.encoders.encoder import fit_molecule_encoder
from class_sweep.encoders.molecule_graphs import MoleculeGraphs
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer

PAIRS, BATCH = 8_432, 128
SPACE = f"""\
data: {{source: names}}
text_encoder: {{kind: lsa}}
molecule_encoder: {{kind: morgan}}
backbone: {{name: contrastive, hidden: 512, dimension: 256}}
curriculum: {{sigma: 0.9}}
optimizer: {{lr: 1e-3, batch_size: {BATCH}}}
budget: {{epochs: 1000}}
search: {{trials: 1}}
"""


def features() -> TrialFeatures:
    """Random features of the sizes of ChEBI-20's stand-in under MiniLM and Mol2vec."""
    generator = np.random.default_rng(0)
    text = generator.normal(size=(PAIRS, 384)).astype(np.float32)
    molecule = generator.normal(size=(PAIRS, 300)).astype(np.float32)
    index = build_index(text, molecule, [0.9], m=0)
    return TrialFeatures(text, molecule, np.zeros(PAIRS, np.int8), {CLASS_SIMILARITY: index})


class BareLoop:
    """The same model, batches drawn by a permutation, AdamW and a cosine: nothing else."""

    def __init__(self, settings: Settings, data: TrialFeatures) -> None:
        torch.manual_seed(0)
        model = build_backbone(settings.backbone, data.input_spec(settings))
        assert isinstance(model, Contrastive)  # noqa: S101
        self.model = model.train()
        self.text, self.molecule = data.text, data.molecule
        matrices = [p for p in model.parameters() if p.ndim > 1]
        others = [p for p in model.parameters() if p.ndim <= 1]
        self.optimizer = torch.optim.AdamW(
            [{"params": matrices}, {"params": others, "weight_decay": 0.0}], lr=1e-3, fused=True
        )
        self.annealing = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, 65_000)
        self.generator = np.random.default_rng(0)

    def train(self, steps: int) -> float:
        """Train some steps; returns their mean loss, because every loop computes it."""
        losses = []
        order = self.generator.permutation(PAIRS)
        for start in range(0, steps * BATCH, BATCH):
            rows = order[start : start + BATCH]
            text = self.model.text_head(torch.from_numpy(self.text[rows]))
            molecule = self.model.molecule_head(torch.from_numpy(self.molecule[rows]))
            sides = functional.normalize(text, dim=-1), functional.normalize(molecule, dim=-1)
            logits = self.model.log_scale.exp() * sides[0] @ sides[1].T
            target = torch.arange(BATCH)
            loss = functional.cross_entropy(logits, target)
            loss = (loss + functional.cross_entropy(logits.T, target)) / 2
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            self.annealing.step()
            losses.append(loss.detach())
        return float(torch.stack(losses).mean())


def in_turn(rounds: int, tasks: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """CPU seconds of this process for each task in each round; other load has little effect."""
    spent: dict[str, list[float]] = {name: [] for name in tasks}
    for number in range(rounds):
        names = list(tasks) if number % 2 else list(tasks)[::-1]
        for name in names:
            start = time.process_time()
            tasks[name]()
            spent[name].append(time.process_time() - start)
    return spent


def loop_overhead(rounds: int, steps: int) -> float:
    """Median over the rounds of the time of our step against a bare step."""
    settings, data = parse_space(SPACE).settings, features()
    trainer, bare = Trainer(settings, data), BareLoop(settings, data)
    trainer.train_to(steps)
    bare.train(steps)
    spent = in_turn(
        rounds,
        {
            "ours": lambda: trainer.train_to(trainer.step + steps),
            "bare": lambda: bare.train(steps),
        },
    )
    ours, plain = (statistics.median(spent[name]) / steps for name in ("ours", "bare"))
    ratio = statistics.median(a / b for a, b in zip(spent["ours"], spent["bare"], strict=True))
    print(
        f"a step of contrastive: ours {ours * 1e3:.2f} ms, bare {plain * 1e3:.2f} ms: {ratio:.3f}"
    )
    return ratio


def curriculum_cost(setting: str, rounds: int, steps: int) -> float:
    """Median over the rounds of the time of a step with a curriculum setting against full data."""
    data = features()
    texts = {"with": SPACE.replace("sigma: 0.9", f"sigma: 0.9, {setting}"), "without": SPACE}
    tasks = {}
    for name, text in texts.items():
        trainer = Trainer(parse_space(text).settings, data)
        trainer.train_to(steps)
        tasks[name] = lambda trainer=trainer: trainer.train_to(trainer.step + steps)
    spent = in_turn(rounds, tasks)
    ratio = statistics.median(a / b for a, b in zip(*spent.values(), strict=True))
    milliseconds = {name: statistics.median(spent[name]) / steps * 1e3 for name in texts}
    print(
        f"a step of contrastive: with {setting} {milliseconds['with']:.2f} ms, without"
        f" {milliseconds['without']:.2f} ms: {ratio:.3f}"
    )
    return ratio


def molecules(cache: Path, limit: int) -> MoleculeGraphs:
    """Graphs of real molecules: of the stand-in for ChEBI-20 if it exists, else of `names`."""
    folder = data_folder()
    data: DataSettings = NamesData(source="names", limit=limit)
    encoder = Mol2vecEncoder(kind="mol2vec", epochs=1)
    if folder:
        data = Chebi20Data(source="chebi20", path=folder / "chebi20")
        encoder = Mol2vecEncoder(kind="mol2vec", vectors=folder / "mol2vec" / "text2mol_300d.npz")
    smiles = load_pairs(data).smiles[:limit]
    store = ArrayCache(cache)
    fitted = fit_molecule_encoder(encoder, smiles, np.arange(len(smiles)), cache=store)
    return fitted.graphs(smiles, cache=store)


def graph_batch_speedup(rounds: int, graphs: MoleculeGraphs) -> float:
    """Seconds to collate an epoch by PyTorch Geometric against the seconds of our batches."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch_geometric.data import Data as Molecule
        from torch_geometric.loader import DataLoader

    single = [Graphs.of(graphs.take(np.array([row]))) for row in range(len(graphs))]
    # Atoms and bonds alone: our batches carry the motifs as well.
    graphs_of_pyg = [
        Molecule(x=g.atoms, edge_index=g.bonds, edge_attr=g.bond_kinds) for g in single
    ]
    order = np.random.default_rng(0).permutation(len(graphs))
    blocks = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]

    def ours() -> None:
        for rows in blocks:
            Graphs.of(graphs.take(rows))

    def loader() -> None:
        for _ in DataLoader([graphs_of_pyg[row] for row in order], batch_size=BATCH):
            pass

    expected = next(iter(DataLoader([graphs_of_pyg[row] for row in blocks[0]], batch_size=BATCH)))
    batch = Graphs.of(graphs.take(blocks[0]))
    assert torch.equal(expected.x, batch.atoms)  # noqa: S101
    assert torch.equal(expected.batch, batch.atom_molecule)  # noqa: S101
    spent = in_turn(rounds, {"ours": ours, "loader": loader})
    our_time, pyg_time = (
        statistics.median(spent[name]) / len(blocks) for name in ("ours", "loader")
    )
    ratio = statistics.median(b / a for a, b in zip(spent["ours"], spent["loader"], strict=True))
    print(
        f"a batch of {BATCH} of {len(graphs):,} molecules: ours {our_time * 1e3:.2f} ms (with"
        f" motifs), PyTorch Geometric {pyg_time * 1e3:.2f} ms (without): {ratio:.1f} times faster"
    )
    return ratio


def transport_speedup(rounds: int) -> float:
    """Seconds of 32² transports of up to 64 tokens to up to 16 motifs, plain against ours."""
    generator = torch.Generator().manual_seed(0)
    tokens, motifs = (
        torch.arange(most) < torch.randint(most // 6, most + 1, (32, 1), generator=generator)
        for most in (64, 16)
    )
    rows = tokens.repeat_interleave(32, 0)
    columns = motifs.repeat(32, 1)
    similarity = torch.randn(32 * 32, 64, 16, generator=generator) / 5

    def ours() -> torch.Tensor:
        return transport.aligned(similarity, rows, columns, beta=0.5, iterations=50)

    def plain() -> torch.Tensor:
        return from_logarithms(1 - similarity, rows, columns, 0.5, 50).argmax(dim=2)

    assert (ours() == plain())[rows].float().mean() > 0.999  # noqa: S101
    spent = in_turn(rounds, {"plain": plain, "ours": ours})
    our_time, plain_time = (statistics.median(spent[name]) for name in ("ours", "plain"))
    print(
        f"ORMA's transport for a batch of 32: ours {our_time * 1e3:.0f} ms, plain"
        f" {plain_time * 1e3:.0f} ms: {plain_time / our_time:.1f} times faster"
    )
    return plain_time / our_time


def from_logarithms(
    cost: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor, beta: float, iterations: int
) -> torch.Tensor:
    """The log plan of `proximal_plan`, with two sums of exponentials in each step."""
    apart = ~(rows.unsqueeze(2) & columns.unsqueeze(1))
    kernel = (-cost / beta).masked_fill(apart, -1e9)
    log_row, log_column = (-mask.sum(1, keepdim=True).log() for mask in (rows, columns))
    row, column = torch.zeros_like(cost[:, :, 0]), torch.zeros_like(cost[:, 0])
    change = torch.zeros_like(column)
    for step in range(1, iterations + 1):
        grown = step * kernel
        row = log_row - (grown + (column + change).unsqueeze(1)).logsumexp(2)
        row = row.masked_fill(~rows, 0)
        following = log_column - (grown + row.unsqueeze(2)).logsumexp(1)
        following = following.masked_fill(~columns, 0)
        change, column = following - column, following
    return iterations * kernel + row.unsqueeze(2) + column.unsqueeze(1)


def main() -> None:
    """Measure, print, and write the ratios to a file if `--json` names one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the ratios there")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="cache of the molecule graphs")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rounds, steps, limit = (7, 30, 1024) if arguments.quick else (21, 60, 8192)
    ratios = {"loop_overhead": loop_overhead(rounds, steps)}
    for setting, value in (("hard_negatives", 1), ("trim", 0.2)):
        ratios[f"{setting}_cost"] = curriculum_cost(f"{setting}: {value}", rounds, steps)
    with tempfile.TemporaryDirectory() as folder:
        graphs = molecules(arguments.cache or Path(folder), limit)
    ratios["graph_batch_speedup"] = graph_batch_speedup(min(rounds, 9), graphs)
    ratios["transport_speedup"] = transport_speedup(min(rounds, 9))
    if arguments.json:
        arguments.json.write_text(json.dumps(ratios, indent=2) + "\n")


if __name__ == "__main__":
    main()
