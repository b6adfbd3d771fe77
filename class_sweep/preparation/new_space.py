"""A first search space for a table of texts and SMILES, with values that fit its size.

The axes and the length of a trial are those of `search_spaces/chebi20.yaml`: 3,000 steps with
batches of 128 for 26,407 training pairs.
"""

import math
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template

import numpy as np

from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.document import Space, parse_space
from class_sweep.config.inputs import SPLITS, TableData
from class_sweep.config.json_schema import SCHEMA_LINE
from class_sweep.config.yaml_text import write_yaml, yaml_comment
from class_sweep.data.cleaning import MAX_DROPPED
from class_sweep.data.corpus import load_pairs
from class_sweep.data.pair import PairSet
from class_sweep.errors import DataError
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.prepare import prepare
from class_sweep.preparation.sigma_range import ALONE, recommend_quantiles
from class_sweep.results.callback import Callback

STEPS = 3000
EPOCHS = (8, 40)
BATCH = (2, 128)
DIMENSIONS = (2, 512)
MAX_COUNTED = 50_000
"""Training pairs up to which σ is fitted by an index of them: half a minute on two cores."""

_ALPHA = 0.4  # of the smallest first pool
_SPACE = Template(
    """\
$schema$title$data${split}text_encoder: {kind: lsa, dimensions: $dimensions}   \
# or a pretrained one: {model: NAME, max_tokens: $max_tokens}
molecule_encoder: {kind: morgan, bits: 1024, radius: 2}
backbone: {name: contrastive, temperature: {loguniform: [0.05, 0.2]}}
curriculum:
  pacing: {choice: [full, linear]}   # full: every pair in every epoch
  order: {choice: [easy_first, hard_first, random]}
  alpha: {uniform: [$alpha, 1.0]}   # fraction of the pairs in the first epoch
  beta: {uniform: $beta}   # fraction of the pairs added with each epoch
  sigma: {quantile: $sigma}   # $sigma_note
  hard_negatives: {choice: [0.0, 0.5, 1.0, 2.0]}   # ρ: their weight in the loss
  trim: {choice: [0.0, 0.1, 0.2, 0.3]}   # fraction of the pairs left out as wrong
optimizer: {lr: {loguniform: [3e-4, 3e-3]}, batch_size: $batch}   # $steps steps an epoch
budget: {epochs: $epochs}   # of every trial; weak ones are stopped earlier
search: {trials: 32, baselines: [paper, full_data]}
pruning: {grace_epochs: $grace, reduction_factor: 4}
objective: validation/mrr
resources: {cpus: 1}   # of a trial; on a GPU {cpus: 1, gpus: 0.5}
"""
)
_MAX_UNUSABLE = 0.5  # of the rows; beyond it the columns are wrong
_COUNTED = (0.02, 0.98)  # quantiles between which the range of σ is chosen
_TOKENS_A_WORD = 1.6  # of a chemical text, in SciBERT's vocabulary


@dataclass(frozen=True)
class NewSpace:
    """A space for a table.

    Attributes:
        text: The file.
        notes: What a reader should know of the data, a sentence each.
    """

    text: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Fit:
    """The values of a space that depend on its data.

    Attributes:
        data: The table.
        pairs: Number of pairs of each split.
        summary: What the data is, in words.
        dimensions: Of the LSA, which needs as many texts.
        batch: Pairs of a batch, at most a 32nd of the training pairs.
        epochs: Epochs of `STEPS` steps, within `EPOCHS`.
        max_tokens: Tokens of a transformer that hold 95 % of the texts whole.
        sigma: The quantiles between which σ is searched.
        sigma_note: How they were chosen.
    """

    data: TableData
    pairs: dict[str, int]
    summary: str
    dimensions: int
    batch: int
    epochs: int
    max_tokens: int
    sigma: tuple[float, float] = ALONE
    sigma_note: str = "not fitted: `class-sweep index` proposes a range"

    @classmethod
    def of(cls, data: TableData, pairs: PairSet) -> "_Fit":
        train = pairs.rows("train")
        counts = {name: len(pairs.rows(name)) for name in SPLITS}
        texts = Counter(pairs.molecules)
        most = max(texts.values())
        several = f" with up to {most:,} texts each" if most > 1 else ""
        splits = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        batch = _power_of_2(len(train) / 32, *BATCH)
        words = float(np.quantile([len(text.split()) for text in pairs.texts], 0.95))
        return cls(
            data=data,
            pairs=counts,
            summary=f"{len(pairs):,} pairs, {len(texts):,} molecules{several}; {splits}",
            dimensions=_power_of_2(len({pairs.texts[i] for i in train}) / 4, *DIMENSIONS),
            batch=batch,
            epochs=int(np.clip(round(STEPS * batch / len(train)), *EPOCHS)),
            max_tokens=2 * _power_of_2(_TOKENS_A_WORD * words, 16, 256),
        )

    def text(self) -> str:
        """The space file."""
        low, high = self.sigma
        slowest = math.ceil(1000 * (1 - _ALPHA) / (self.epochs - 1)) / 1000
        by_rule = self.data.columns.split is None
        return _SPACE.substitute(
            schema=SCHEMA_LINE,
            title=yaml_comment(f"{self.data.path.name}: {self.summary}"),
            data=write_yaml({"data": _as_written(self.data)}),
            split="  # split: {by: scaffold}   # a harder test than by molecule\n"
            if by_rule
            else "",
            dimensions=self.dimensions,
            max_tokens=self.max_tokens,
            alpha=_ALPHA,
            beta=f"[{slowest:g}, {4 * slowest:g}]",
            sigma=f"[{low:g}, {high:g}], step: 0.02" if low < high else f"{low:g}",
            sigma_note=self.sigma_note,
            batch=self.batch,
            steps=f"{self.pairs['train'] // self.batch:,}",
            epochs=self.epochs,
            grace=f"{self.epochs / 6:.2g}",
        )


def new_space(
    data: TableData,
    target: Path,
    cache: ArrayCache,
    clock: Clock,
    callback: Callback,
    *,
    fit_sigma: bool = True,
) -> NewSpace:
    """Make a space for a table; nothing is written but the cache.

    Args:
        data: The table, with its columns.
        target: The file of the space, for relative paths and messages.
        cache: Keeps the features, which a sweep of the space uses too.
        clock: Times each stage.
        callback: Receives each stage and its progress.
        fit_sigma: Whether to encode the pairs and to count look-alikes, for the range of σ.

    Raises:
        InputError: If the table is unusable.
    """
    with clock.stage("data", callback):
        pairs = load_pairs(data.model_copy(update={"max_dropped": 1.0}))
    data, notes = _with_its_drops(data, pairs)
    folder, path = target.absolute().parent, data.path.absolute()
    is_beside = path.parent == folder and not path.name.startswith("~")
    data = data.model_copy(update={"path": Path(path.name) if is_beside else path})
    fit = _Fit.of(data, pairs)
    if fit_sigma and fit.pairs["train"] <= MAX_COUNTED:
        draft = replace(fit, sigma=_COUNTED)
        space = parse_space(draft.text(), str(target), folder)
        fit, warnings = _with_sigma(fit, space, pairs, cache, clock, callback)
        notes += warnings
    text = fit.text()
    parse_space(text, str(target), folder)
    return NewSpace(text, tuple(notes))


def _with_its_drops(data: TableData, pairs: PairSet) -> tuple[TableData, list[str]]:
    """The data with a `max_dropped` that accepts its unusable rows, and a note of them."""
    dropped, rows = len(pairs.dropped), len(pairs) + len(pairs.dropped)
    share = dropped / rows
    if share <= MAX_DROPPED:
        return data, []
    first = pairs.dropped[0]
    if share > _MAX_UNUSABLE:
        raise DataError(
            f"at least half of the rows must be usable, got {len(pairs)} of {rows}; name the"
            f" columns with --smiles and --text; the first: {first.reason} at {first.place}"
        )
    limit = math.ceil(100 * share) / 100
    note = (
        f"{dropped} of {rows} rows are unusable, so data.max_dropped is {limit:g};"
        " `class-sweep data describe --dropped FILE` lists them"
    )
    return data.model_copy(update={"max_dropped": limit}), [note]


def _with_sigma(
    fit: _Fit, space: Space, pairs: PairSet, cache: ArrayCache, clock: Clock, callback: Callback
) -> tuple[_Fit, list[str]]:
    """The fit with the range of σ in which the number of look-alikes orders the pairs."""
    prepared = prepare(space, cache, clock, callback, pairs=pairs, train=False)
    curriculum = space.settings.curriculum
    index = prepared.features.index_for(curriculum)
    [diagnoses] = prepared.diagnoses.values()
    warnings = [] if prepared.wrong_pairs is None else [prepared.wrong_pairs]
    quantiles = recommend_quantiles(space, diagnoses, index)
    if quantiles is None:
        return replace(fit, sigma_note="not fitted: no σ orders most of these pairs"), warnings
    low, high = map(index.sigma_at, quantiles)
    note = f"σ {low:.2g} … {high:.2g}: there look-alikes order the pairs"
    return replace(fit, sigma=quantiles, sigma_note=note), warnings


def _as_written(data: TableData) -> dict[str, object]:
    """The section of a file; the columns are shown even where they have the default names."""
    columns = data.columns.model_dump(exclude_none=True)
    return data.model_dump(mode="json", exclude_defaults=True) | {"columns": columns}


def _power_of_2(value: float, least: int, most: int) -> int:
    """The largest power of two that is at most `value`, within bounds that are powers of two."""
    return int(2 ** math.floor(math.log2(min(max(value, least), most))))
