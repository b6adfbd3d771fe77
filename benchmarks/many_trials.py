"""Memory and time per trial over a long sweep: thousands of trials with one report each.

`python benchmarks/many_trials.py [--trials N] [--sampler NAME] [--quick] [--json FILE]
[--plot FILE]` records the driver's memory and the time per trial as the number of trials grows, on
two cores.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from overhead import space_of
from plotly.subplots import make_subplots

from class_sweep.base.array_cache import ArrayCache
from class_sweep.results.callback import Callback
from class_sweep.results.record import Record
from class_sweep.sweep import run

TRIALS, QUICK_TRIALS = 5_000, 100


class Gauge(Callback):
    """Records the time and the driver's memory at each report."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.mib: list[float] = []
        self._process, self._start = psutil.Process(), time.perf_counter()

    def on_report(self, record: Record) -> None:  # noqa: ARG002
        """Record the time and the memory."""
        self.seconds.append(time.perf_counter() - self._start)
        self.mib.append(self._process.memory_info().rss / 2**20)


def slopes(gauge: Gauge) -> dict[str, float]:
    """The growth of memory, and the time per trial in the last fifth against the second."""
    count = len(gauge.seconds)
    fifth = max(2, count // 5)
    trials = np.arange(fifth, count)  # the first trials load modules and fill caches
    gaps = np.diff(gauge.seconds)
    first, last = np.median(gaps[fifth : 2 * fifth]), np.median(gaps[-fifth:])
    return {
        "mib_per_1000_trials": float(np.polyfit(trials, gauge.mib[fifth:], 1)[0] * 1000),
        "last_fifth_vs_second_fifth": float(last / first),
        "seconds_a_trial": float((gauge.seconds[-1] - gauge.seconds[0]) / (count - 1)),
    }


def plot(gauge: Gauge, path: Path) -> None:
    """Write both curves as an HTML page."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True)
    figure.add_scatter(y=gauge.mib, name="driver's memory, MiB", row=1, col=1)
    width = max(1, len(gauge.seconds) // 100)
    smooth = np.convolve(np.diff(gauge.seconds), np.full(width, 1 / width), "valid")
    figure.add_scatter(y=smooth, name=f"seconds a trial, mean of {width}", row=2, col=1)
    figure.update_xaxes(title_text="trials", row=2, col=1)
    figure.update_yaxes(rangemode="tozero")
    figure.write_html(path)


def main() -> None:
    """Run, print the slopes, and write the plot and the figures to the named files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, help=f"default {TRIALS:,}, {QUICK_TRIALS} if quick")
    parser.add_argument("--sampler", default="tpe")
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write an HTML page there")
    options = parser.parse_args()
    trials = options.trials or (QUICK_TRIALS if options.quick else TRIALS)
    gauge = Gauge()
    with tempfile.TemporaryDirectory() as folder:
        cache = ArrayCache(Path(folder, "cache"))
        space = space_of(trials, options.sampler)
        run(space, Path(folder, "results"), cache=cache, callback=gauge)
    figures = slopes(gauge)
    print(
        f"{trials:,} one-report trials, {options.sampler}, load {os.getloadavg()[0]:.1f}:"
        f" {figures['seconds_a_trial']:.3f} s each, in the last fifth"
        f" {figures['last_fifth_vs_second_fifth']:.2f} × the time in the second fifth;"
        f" the driver holds {gauge.mib[-1]:.0f} MiB, growing by"
        f" {figures['mib_per_1000_trials']:.1f} MiB per 1,000 trials"
    )
    if options.plot:
        plot(gauge, options.plot)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
