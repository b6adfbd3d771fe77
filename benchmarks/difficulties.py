"""How far the difficulties agree, and which of them call wrong pairs hard.

`python benchmarks/difficulties.py [DATA_FOLDER] [--vectors FILE] [--suspects LOW HIGH]
[--epochs N …] [--quick] [--json FILE]`: the data set has MolT5's layout; without one, the embedded
pairs are used. The table has the rank correlation of each difficulty with every other one. With
`--suspects`, it also has the fraction of the hardest and of the easiest tenth whose number (CID) is
in [LOW, HIGH), and the ratio of the former to that of all training pairs.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from class_sweep.base.array_cache import ArrayCache, default_cache_folder
from class_sweep.config.document import parse_space
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.prepare import prepare
from class_sweep.results.callback import Callback
from class_sweep.statistics.rank_correlation import rank_correlation

QUICK_PAIRS = 700


def space_text(options: argparse.Namespace) -> str:
    """The space that names every difficulty."""
    source = f"{{source: chebi20, path: {options.data}}}"
    if options.data is None:
        source = f"{{source: names, limit: {QUICK_PAIRS if options.quick else 6_000}}}"
    vectors = f", vectors: {options.vectors}" if options.vectors else ""
    quantiles = "{quantile: [0.5, 0.9], step: 0.4}"
    return f"""
data: {source}
text_encoder: {{kind: lsa, dimensions: {64 if options.quick else 512}}}
molecule_encoder: {{kind: mol2vec{vectors}}}
backbone: {{name: contrastive, learn_temperature: false, temperature: 0.1}}
curriculum:
  difficulty: {{choice: [look_alikes, ridge, margin]}}
  margin_epochs: {{choice: {options.epochs}}}
  alpha: 0.5
  sigma: {quantiles}
optimizer: {{lr: 1e-3, batch_size: 128}}
budget: {{epochs: 15}}
search: {{trials: 1}}
"""


def main() -> None:
    """Compute every difficulty and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", metavar="DATA_FOLDER")
    parser.add_argument("--vectors", type=Path, metavar="FILE")
    parser.add_argument("--suspects", type=int, nargs=2, metavar=("LOW", "HIGH"))
    parser.add_argument("--epochs", type=int, nargs="+", default=[1, 3, 15], metavar="N")
    parser.add_argument("--quick", action="store_true", help="700 embedded pairs, some seconds")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    if options.quick:
        options.epochs = [1, 2]
    space = parse_space(space_text(options), "difficulties")
    start = time.perf_counter()
    prepared = prepare(space, ArrayCache(default_cache_folder()), Clock(), Callback())
    index = prepared.features.index_for(space.settings.curriculum)
    numbers = {f"look_alikes, quantile {q}": index.at(index.sigma_at(q)) for q in (0.5, 0.9)}
    numbers |= prepared.features.difficulties
    tree = {label: {"correlation": row} for label, row in correlations(numbers).items()}
    if options.suspects:
        low, high = options.suspects
        ids = [prepared.pairs.ids[row] for row in prepared.pairs.rows("train")]
        suspect = np.array([low <= int(name) < high for name in ids])
        for label, values in numbers.items():
            tree[label] |= suspects(values, suspect)
    print_tables(tree)
    print(f"{time.perf_counter() - start:.0f} s")
    if options.json:
        options.json.write_text(json.dumps(tree, indent=2) + "\n")


def correlations(numbers: dict[str, np.ndarray]) -> dict[str, dict[str, float | None]]:
    """The rank correlation of each difficulty with each."""
    return {
        label: {other: rank_correlation(values, more) for other, more in numbers.items()}
        for label, values in numbers.items()
    }


def suspects(values: np.ndarray, suspect: np.ndarray) -> dict[str, float]:
    """The fraction of suspect pairs at both ends; ties count by their mean."""
    tenth = max(1, len(values) // 10)
    ends = {"hardest": -values.astype(float), "easiest": values.astype(float)}
    found = {name: _share_of_first(keys, suspect, tenth) for name, keys in ends.items()}
    return found | {"ratio": found["hardest"] / suspect.mean()}


def _share_of_first(keys: np.ndarray, suspect: np.ndarray, count: int) -> float:
    """The fraction among the `count` lowest keys, over all orders of a tie at the boundary."""
    boundary = np.partition(keys, count - 1)[count - 1]
    inside, tied = keys < boundary, keys == boundary
    rest = count - inside.sum()
    return float((suspect[inside].sum() + rest * suspect[tied].mean()) / count)


def print_tables(tree: dict[str, dict]) -> None:
    """The correlations and, where they are known, the suspects."""
    width = max(map(len, tree))
    for label, row in tree.items():
        cells = ["    –" if v is None else f"{v:+.2f}" for v in row["correlation"].values()]
        ends = [f"{name} {row[name]:.0%}" for name in ("hardest", "easiest") if name in row]
        ratio = [f"ratio {row['ratio']:.2f}"] if "ratio" in row else []
        print(f"{label:{width}}  " + "  ".join([*cells, *ends, *ratio]))


if __name__ == "__main__":
    main()
