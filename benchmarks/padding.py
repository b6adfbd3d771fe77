"""The share of padding among the tokens of a batch, for each `optimizer.length_window`.

`python benchmarks/padding.py [--quick] [--json FILE]`: the texts of the real clean data set with
SciBERT's tokenizer if both exist, else those of `names` with a vocabulary learned from them; a
limit of 256 tokens, five epochs of batches. A text encoder computes padding as it computes tokens.
Keys: `padding_BATCH_WINDOW`, and `padding_vs_random_BATCH`, the default window's share relative to
that of random batches.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from common import data_folder, save_bert
from numpy.typing import NDArray
from transformers import AutoTokenizer

from class_sweep.config.inputs import Chebi20Data, DataSettings, NamesData
from class_sweep.config.sections import Optimizer
from class_sweep.curriculum.batch_sampler import CurriculumSampler
from class_sweep.curriculum.schedule import Schedule
from class_sweep.data.corpus import load_pairs

BATCHES, LIMIT, EPOCHS = (32, 128), 256, 5
DEFAULT = Optimizer.model_fields["length_window"].default
WINDOWS = (1, 4, DEFAULT, 64)


def lengths(quick: bool) -> tuple[str, NDArray[np.int64]]:
    """A description of the training texts, and their numbers of tokens."""
    folder = data_folder()
    data: DataSettings = NamesData(source="names", limit=2_000)
    if folder is not None and not quick:
        data = Chebi20Data(source="chebi20", path=folder / "chebi20")
    pairs = load_pairs(data)
    texts = [pairs.texts[row] for row in pairs.rows("train")]
    if folder is not None and not quick:
        what, tokenizer = "clean pairs, SciBERT's tokens", folder / "scibert_tokenizer"
        loaded = AutoTokenizer.from_pretrained(tokenizer)
    else:
        what = "names, a vocabulary of their own"
        with tempfile.TemporaryDirectory() as temporary:
            save_bert(Path(temporary), texts, width=16)
            loaded = AutoTokenizer.from_pretrained(temporary)
    ids = loaded(texts, truncation=True, max_length=LIMIT)["input_ids"]
    return f"{len(texts):,} {what}", np.array([len(row) for row in ids])


def padding(counts: NDArray[np.int64], batch: int, window: int) -> float:
    """The padding in all batches of some epochs, as a share of all places."""
    schedule = Schedule(len(counts), batch, (len(counts),) * EPOCHS, (0,) * EPOCHS)
    order = np.arange(len(counts))
    sampler = CurriculumSampler(schedule, order, 0, lengths=counts, length_window=window)
    batches = np.concatenate([counts[sampler.epoch(epoch)] for epoch in range(EPOCHS)])
    places = batches.max(axis=1).sum() * batch
    return float(1 - batches.sum() / places)


def main() -> None:
    """Measure, print, and write the figures to a file if `--json` names one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2,000 names, a few seconds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    arguments = parser.parse_args()
    what, counts = lengths(arguments.quick)
    print(f"{what}: {counts.mean():.0f} tokens a text, at most {counts.max()}")
    figures: dict[str, float] = {}
    for batch in BATCHES:
        shares = {window: padding(counts, batch, window) for window in WINDOWS}
        figures |= {f"padding_{batch}_{window}": share for window, share in shares.items()}
        figures[f"padding_vs_random_{batch}"] = shares[DEFAULT] / shares[1]
        listed = ", ".join(f"{share:.1%} (window {window})" for window, share in shares.items())
        print(f"batches of {batch}: padding {listed}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
