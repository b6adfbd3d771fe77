"""The speed of a CUDA device: samples per second, share of its bfloat16 peak, memory, the index.

`python benchmarks/gpu.py [--quick] [--json FILE]`: AMAN and ORMA train with a text encoder of
SciBERT's size (BERT-base, random weights, a vocabulary learned from the texts) from end to end. The
peak is that of a large square product in the same run; PyTorch's formulas count the arithmetic of
each operation, including padding. Keys: `aman_samples_per_second`, `aman_share_of_peak`,
`aman_peak_gib`, the same for `orma`, and `index_vs_bare_product`.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from common import best_of, data_folder, mixed_features, save_bert
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.document import parse_space
from class_sweep.config.inputs import Chebi20Data, DataSettings, NamesData
from class_sweep.data.corpus import load_pairs
from class_sweep.difficulty.index import build_index
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.prepare import prepare
from class_sweep.results.callback import Callback
from class_sweep.training.loop import Trainer

BATCH, SIDE = 32, 8192
SPACE = """\
data: {data}
text_encoder: {{model: {model}, trainable: true, max_tokens: 256}}
molecule_encoder: {molecule}
backbone: {{name: {backbone}}}
curriculum: {{sigma: 0.9}}
optimizer: {{lr: 1e-4, text_encoder_lr: 3e-5, batch_size: {batch}}}
budget: {{epochs: 1000}}
search: {{trials: 1}}
"""


class Operations(TorchDispatchMode):
    """Counts floating-point operations; `FlopCounterMode` cannot follow a gradient's gradient."""

    count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        """Run one operation, and count it if it has a formula."""
        out = func(*args, **(kwargs or {}))
        if (formula := flop_registry.get(func._overloadpacket)) is not None:
            self.count += formula(*args, **(kwargs or {}), out_val=out)
        return out


def data_and_vectors(limit: int) -> tuple[DataSettings, str, str]:
    """The stand-in for ChEBI-20 if it exists, else `names`: as settings, and as YAML of a space."""
    folder = data_folder()
    if folder is None:
        yaml = f"{{source: names, limit: {limit}}}"
        return NamesData(source="names", limit=limit), yaml, "{kind: mol2vec, epochs: 1}"
    path = folder / "chebi20"
    vectors = folder / "mol2vec" / "text2mol_300d.npz"
    yaml = f"{{source: chebi20, path: {path}}}"
    return Chebi20Data(source="chebi20", path=path), yaml, f"{{kind: mol2vec, vectors: {vectors}}}"


def peak_flops() -> float:
    """Operations per second of a bfloat16 product of 8,192³ on random data."""
    a, b = (torch.randn(SIDE, SIDE, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    fastest = 0.0
    for _ in range(5):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for _ in range(10):
            a @ b
        end.record()
        torch.cuda.synchronize()
        fastest = max(fastest, 10 * 2 * SIDE**3 / (begin.elapsed_time(end) / 1e3))
    return fastest


def throughput(space_text: str, steps: int, peak: float, cache: Path) -> dict[str, float]:
    """Train some steps as a trial does, and return the speed and the memory."""
    space = parse_space(space_text)
    features = prepare(space, ArrayCache(cache), Clock(), Callback()).features
    trainer = Trainer(space.settings, features, gpu=True)
    trainer.train_to(steps // 2)
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    trainer.train_to(trainer.step + steps)
    torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    gib = torch.cuda.max_memory_allocated() / 2**30
    with Operations() as counter:
        trainer.train_to(trainer.step + max(1, steps // 4))
    flops = counter.count / max(1, steps // 4)
    size = space.settings.optimizer.batch_size
    return {
        "samples_per_second": steps * size / seconds,
        "share_of_peak": flops * steps / seconds / peak,
        "peak_gib": gib,
    }


def index_on_cuda(cache: Path, rounds: int) -> float:
    """Seconds of the index of the mixed data set against those of the bare product, on CUDA."""
    what, (text, molecule) = mixed_features(None, cache)
    z = torch.cat([torch.from_numpy(text), torch.from_numpy(molecule)], dim=1).cuda()
    sigmas = [round(0.9 + i / 1000, 3) for i in range(91)]

    def bare() -> None:
        z @ z.T
        torch.cuda.synchronize()

    times = best_of(
        rounds, {"bare": bare, "ours": lambda: build_index(text, molecule, sigmas), "again": bare}
    )
    ratio = times["ours"].wall / times["bare"].wall
    print(
        f"index of {what}, L = {len(text):,}, 91 sigmas from 0.9, 32 neighbours:"
        f" {times['ours'].wall:.2f} s; a bare float32 product {times['bare'].wall:.3f} s"
    )
    return ratio


def main() -> None:
    """Measure, print, and write the figures to a file if `--json` names one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="cache of features and graphs")
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("a CUDA device is needed, and there is none")
    figures: dict[str, float] = {}
    steps = 40 if arguments.quick else 200
    peak = peak_flops()
    print(f"{torch.cuda.get_device_name()}: a bfloat16 product runs at {peak / 1e12:.0f} TFLOP/s")
    with tempfile.TemporaryDirectory() as folder:
        cache = arguments.cache or Path(folder, "cache")
        data, yaml, molecule = data_and_vectors(2_000 if arguments.quick else 20_000)
        model = Path(folder, "bert")
        save_bert(model, load_pairs(data).texts)
        for backbone in ("aman", "orma"):
            for batch in (BATCH, 4 * BATCH):
                text = SPACE.format(
                    data=yaml, model=model, molecule=molecule, backbone=backbone, batch=batch
                )
                speed = throughput(text, steps, peak, cache)
                print(
                    f"{backbone}, batch {batch}: {speed['samples_per_second']:,.0f} samples/s,"
                    f" {speed['share_of_peak']:.1%} of the peak, {speed['peak_gib']:.1f} GiB"
                )
                if batch == BATCH:
                    figures |= {f"{backbone}_{name}": value for name, value in speed.items()}
        figures["index_vs_bare_product"] = index_on_cuda(cache, rounds=3)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
