"""The host's cost of a training step: operations and milliseconds, beside the bare text encoder.

`python benchmarks/host_cost.py [--quick] [--json FILE]`: one CPU thread; a BERT of SciBERT's depth
(12 layers) and widths of 16, so that arithmetic costs next to nothing and the calls remain. On a
GPU the same calls are kernel launches, for which small batches wait. Each backbone trains this
encoder with batches of 32. The bare step is the same encoder's forward on the same batches, a
projection as loss, backward and fused AdamW. All steps take turns, so that a busy moment affects
each of them. Keys, for each backbone: `NAME_operations_vs_bare`, `NAME_time_vs_bare`; for the bare
step `bare_operations` and `bare_ms`.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from common import save_bert
from torch.utils._python_dispatch import TorchDispatchMode

from class_sweep.backbones import transport
from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.document import parse_space
from class_sweep.config.inputs import NamesData
from class_sweep.curriculum.batch_sampler import CurriculumSampler
from class_sweep.data.corpus import load_pairs
from class_sweep.encoders.pretrained import load_model
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.prepare import prepare
from class_sweep.results.callback import Callback
from class_sweep.training.loop import Trainer

WIDTH, PAIRS = 16, 2_000
BACKBONES = ("contrastive", "text2mol", "aman", "orma")
SPACE = """\
data: {{source: names, limit: {pairs}}}
text_encoder: {{model: {model}, trainable: true, max_tokens: 256}}
molecule_encoder: {{kind: mol2vec, epochs: 1, dimensions: 32}}
backbone: {{name: {backbone}, hidden: 16, dimension: 16}}
curriculum: {{sigma: 0.9, alpha: 1}}
optimizer: {{lr: 1e-4, text_encoder_lr: 3e-5, batch_size: 32}}
budget: {{epochs: 1000}}
search: {{trials: 1}}
"""


class Operations(TorchDispatchMode):
    """Counts the operations that PyTorch dispatches, those of the backward pass included."""

    count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        """Count and run one operation."""
        self.count += 1
        return func(*args, **(kwargs or {}))


class Bare:
    """Training steps of the encoder alone, on the batches that a trial would see."""

    def __init__(self, trainer: Trainer, model: Path) -> None:
        """Load the encoder.

        Args:
            trainer: A trial with this encoder, whose batches the steps take.
            model: The folder of the encoder.
        """
        self._encoder: Any = load_model(model, torch.device("cpu"), torch.float32).train()
        self._optimizer = torch.optim.AdamW(self._encoder.parameters(), lr=1e-4, fused=True)
        rows = trainer.features.rows("train")
        sampler = CurriculumSampler(
            trainer.schedule,
            np.arange(len(rows)),
            trainer.settings.search.seed,
            lengths=trainer.features.text_lengths(rows),
            length_window=trainer.settings.optimizer.length_window,
        )
        batches = rows[sampler.epoch(0)]
        self._batches: list[Any] = [
            trainer.features.texts(batch, trainer.device) for batch in batches
        ]
        self._step = 0
        # Not a plain mean: behind a layer norm its gradient is zero.
        self._direction = torch.randn(WIDTH)

    def train(self, steps: int) -> None:
        """Make some steps."""
        for _ in range(steps):
            batch = self._batches[self._step % len(self._batches)]
            self._step += 1
            output = self._encoder(input_ids=batch.ids, attention_mask=batch.mask.long())
            self._optimizer.zero_grad(set_to_none=True)
            (output.last_hidden_state @ self._direction).mean().backward()
            self._optimizer.step()


def operations(train: Callable[[int], object], steps: int) -> float:
    """The operations of a step, on average; ORMA's transport in one block, as on a GPU."""
    with Operations() as counter, patch.object(transport, "_knows_sizes", lambda _: False):
        train(steps)
    return counter.count / steps


def main() -> None:
    """Measure, print, and write the figures to a file if `--json` names one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about half a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    steps, rounds = (4, 3) if arguments.quick else (10, 12)
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "bert")
        texts = load_pairs(NamesData(source="names", limit=PAIRS)).texts
        save_bert(model, texts, width=WIDTH)
        tasks: dict[str, Callable[[int], object]] = {}
        for backbone in BACKBONES:
            text = SPACE.format(pairs=PAIRS, model=model, backbone=backbone)
            space = parse_space(text)
            features = prepare(
                space, ArrayCache(Path(folder, "cache")), Clock(), Callback()
            ).features
            trainer = Trainer(space.settings, features)
            if not tasks:
                tasks["bare"] = Bare(trainer, model).train
            tasks[backbone] = lambda n, trainer=trainer: trainer.train_to(trainer.step + n)
        for train in tasks.values():
            train(steps)
        counts = {name: operations(train, steps) for name, train in tasks.items()}
        times: dict[str, list[float]] = {name: [] for name in tasks}
        for _ in range(rounds):
            for name, train in tasks.items():
                start = time.process_time()
                train(steps)
                times[name].append((time.process_time() - start) / steps * 1e3)
    fastest = {name: min(values) for name, values in times.items()}
    for name in tasks:
        print(
            f"{name:12} {counts[name]:6,.0f} operations a step,"
            f" {counts[name] / counts['bare']:.2f} of the bare encoder's;"
            f" {fastest[name]:.1f} ms, {fastest[name] / fastest['bare']:.2f}"
        )
    figures = {"bare_operations": counts["bare"], "bare_ms": fastest["bare"]}
    for name in BACKBONES:
        figures[f"{name}_operations_vs_bare"] = counts[name] / counts["bare"]
        figures[f"{name}_time_vs_bare"] = fastest[name] / fastest["bare"]
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
