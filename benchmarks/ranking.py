"""The time to rank 3,301 queries against 33,010 molecules in both directions.

`python benchmarks/ranking.py [--quick] [--json FILE]` compares it with the bare matrix products,
with embeddings of 256 dimensions, on every core. On Linux it also measures the peak memory without
the embeddings. `--quick` ranks a tenth of the queries.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import torch
from common import best_of

from class_sweep.training.ranking import mid_ranks

QUERIES, CANDIDATES, DIMENSION = 3_301, 33_010, 256


def unit(rows: int, seed: int) -> torch.Tensor:
    """(rows, DIMENSION) random unit vectors."""
    vectors = torch.randn(rows, DIMENSION, generator=torch.Generator().manual_seed(seed))
    return vectors.div_(vectors.norm(dim=1, keepdim=True))


def peak_of(task: Callable[[], object]) -> float | None:
    """The growth of the peak memory during a task in MiB; None if the system does not report it."""
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not reset.exists():
        return None

    def field(name: str) -> float:
        lines = status.read_text().splitlines()
        value = next(line for line in lines if line.startswith(name))
        return int(value.split()[1]) / 1024

    reset.write_text("5")  # sets the peak to the current memory
    before = field("VmRSS")
    task()
    return field("VmHWM") - before


def main() -> None:
    """Measure, print, and write the ratios to a file if `--json` names one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the queries")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the ratios there")
    arguments = parser.parse_args()
    count = QUERIES // 10 if arguments.quick else QUERIES
    texts, molecules = unit(CANDIDATES, 0), unit(CANDIDATES, 1)
    targets = torch.arange(count) * (CANDIDATES // count)
    of_texts, of_molecules = texts[targets], molecules[targets]

    def ours() -> None:
        mid_ranks(of_texts, molecules, targets)
        mid_ranks(of_molecules, texts, targets)

    def products(rows: int) -> None:
        for queries, candidates in ((of_texts, molecules), (of_molecules, texts)):
            for block in queries.split(rows):
                _ = block @ candidates.T

    peak = peak_of(ours)
    tasks: dict[str, Callable[[], object]] = {
        "ranking": ours,
        "products, 256 queries at a time": lambda: products(256),
        "products, 1,024 queries at a time": lambda: products(1024),
        "products, all at once": lambda: products(count),
    }
    times = best_of(3, tasks)
    for name, time in times.items():
        print(f"{name:<36}{time.wall:>8.2f} s{time.cpu:>8.2f} s of all cores")
    bare = [time for name, time in times.items() if name != "ranking"]
    ratios = {
        "ranking_vs_product": round(times["ranking"].wall / min(b.wall for b in bare), 3),
        "ranking_vs_product_cpu": round(times["ranking"].cpu / min(b.cpu for b in bare), 3),
        "ranking_peak_mib": None if peak is None else round(peak, 1),
    }
    print(f"{ratios}")
    if arguments.json:
        arguments.json.write_text(json.dumps(ratios) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
