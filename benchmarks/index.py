"""The time and memory of the difficulty index against scikit-learn and the bare matrix product.

`python benchmarks/index.py [--text-model PATH] [--quick] [--growth] [--json FILE]`
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import psutil
import torch
from common import Features, best_of, mixed_features, names_features
from numpy.typing import NDArray

from class_sweep.difficulty.index import build_index

RANGES = ((0.9, 0.001), (0.9, 0.0001), (0.5, 0.001), (0.5, 0.0001))  # lowest σ, resolution
GROWTH, QUICK_GROWTH = (5_000, 10_000, 20_000, 54_000), (2_000, 4_000, 8_000)
QUICK_PAIRS = 8_000
TEN = np.linspace(0.9, 0.99, 10)


def sigmas(lowest: float, step: float) -> NDArray[np.float64]:
    """The σ grid from the lowest to 0.99."""
    return np.round(np.arange(lowest, 0.99 + step / 2, step), 6)


def sklearn_way(text: NDArray[np.float32], molecule: NDArray[np.float32]) -> None:
    """Two cosine matrices, their mean, and a count for each of ten σ."""
    from sklearn.metrics.pairwise import cosine_similarity

    similarity = (cosine_similarity(text) + cosine_similarity(molecule)) / 2
    for sigma in TEN:
        (similarity >= sigma).sum(axis=1)


def peak_extra_mib(features: Features, lowest: float, step: float, m: int) -> float:
    """Peak memory of one index in MiB, without the features."""
    with tempfile.TemporaryDirectory() as folder:
        for name, array in zip(("text", "molecule"), features, strict=True):
            np.save(Path(folder, name), array)
        command = [sys.executable, __file__, "--measure", folder, str(lowest), str(step), str(m)]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(folder: str, lowest: str, step: str, m: str) -> None:
    """The child process of `peak_extra_mib`: print MiB."""
    text, molecule = (np.load(Path(folder, f"{name}.npy")) for name in ("text", "molecule"))
    build_index(text[:64], molecule[:64], [0.9], m=2)  # loads the libraries
    base = psutil.Process().memory_info().rss
    build_index(text, molecule, list(sigmas(float(lowest), float(step))), m=int(m))
    # Not ru_maxrss, which starts at the memory of the parent process.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak = int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024
    print((peak - base) / 2**20)


def compare(
    features: Features, ranges: tuple[tuple[float, float], ...], rounds: int
) -> dict[str, float]:
    """Print the table of one data set and return its ratios."""
    text, molecule = features
    z = torch.from_numpy(np.concatenate(features, axis=1))
    tasks = {
        "bare float32 product, nothing counted": lambda: z @ z.T,
        "scikit-learn, 10 sigmas": lambda: sklearn_way(text, molecule),
    }
    for lowest, step in ranges:
        values = list(sigmas(lowest, step))
        for m in (32, 0):
            name = f"ours, {len(values):,} sigmas from {lowest:g}, m = {m}"
            tasks[name] = lambda values=values, m=m: build_index(text, molecule, values, m=m)
    times = best_of(rounds, tasks)
    bare, scikit = list(times.values())[:2]
    print(f"{'':42}{'seconds':>9}{'/ bare':>8}{'CPU / bare':>12}{'sklearn /':>11}")
    for name, t in times.items():
        ratios = f"{t.wall / bare.wall:8.2f}{t.cpu / bare.cpu:12.2f}{scikit.wall / t.wall:11.1f}"
        print(f"{name:42}{t.wall:9.2f}{ratios}")
    ours = list(times.values())[2]
    return {"vs_bare_product": ours.wall / bare.wall, "vs_sklearn": scikit.wall / ours.wall}


def growth(sizes: tuple[int, ...], cache: Path, rounds: int) -> float:
    """Print time and memory as the number of pairs grows; return the fitted exponent."""
    values = list(sigmas(0.9, 0.001))
    pairs: list[int] = []
    seconds: list[float] = []
    print("names under lsa 256 + morgan 1024, 91 sigmas from 0.9, m = 32; training pairs:")
    for size in sizes:
        text, molecule = names_features(size, cache)
        tasks = {"index": lambda t=text, m=molecule: build_index(t, m, values)}
        pairs.append(len(text))
        seconds.append(best_of(rounds, tasks)["index"].wall)
        memory = peak_extra_mib((text, molecule), 0.9, 0.001, 32)
        print(f"{len(text):8,}: {seconds[-1]:7.2f} s, +{memory:.0f} MiB")
    exponent = float(np.polyfit(np.log(pairs), np.log(seconds), 1)[0])
    expected = ", ".join(
        f"{many:,} pairs {seconds[-1] * (many / pairs[-1]) ** 2 / 3600:,.1f} h"
        for many in (300_000, 1_000_000, 10_000_000)
    )
    print(f"grows as L^{exponent:.2f}; as L^2 from the last, on this machine {expected}")
    return exponent


def main() -> None:
    """Run the selected measurements, print them, and write the figures to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text-model", help="a sentence encoder's name or folder; else lsa")
    parser.add_argument("--quick", action="store_true", help="small data, under a minute")
    parser.add_argument("--growth", action="store_true", help="also 5k to 54k pairs of names")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "class-sweep-bench")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(*options.measure)
        return
    what, features = mixed_features(options.text_model, options.cache)
    if options.quick:
        features = (features[0][:QUICK_PAIRS], features[1][:QUICK_PAIRS])
    pairs, dimensions = len(features[0]), features[0].shape[1] + features[1].shape[1]
    load, threads = os.getloadavg()[0], torch.get_num_threads()
    print(f"{what}; L = {pairs:,}, D = {dimensions}, {threads} threads, load {load:.1f}")
    build_index(features[0][:2000], features[1][:2000], [0.9])  # starts threads, fills caches
    ranges = RANGES[:1] if options.quick else RANGES
    figures = compare(features, ranges, rounds=2 if options.quick else 3)
    for lowest, step in ranges:
        for m in (32, 0):
            extra = peak_extra_mib(features, lowest, step, m)
            print(f"peak memory from {lowest:g} by {step:g}, m = {m}: +{extra:.0f} MiB")
            figures.setdefault("peak_extra_mib", extra)
    if options.growth or options.quick:
        sizes = QUICK_GROWTH if options.quick else GROWTH
        figures["growth_exponent"] = growth(sizes, options.cache, rounds=1 if options.quick else 2)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
