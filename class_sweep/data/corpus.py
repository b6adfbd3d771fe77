"""The entry point to data: read a source, drop unusable rows, check the splits."""

import math
from collections.abc import Callable, Iterable
from itertools import starmap

import numpy as np

from class_sweep.config.components import DATA_SOURCES
from class_sweep.config.inputs import SPLITS, DataSettings
from class_sweep.config.own_code import running_part
from class_sweep.data.cleaning import FollowingText, report_dropped
from class_sweep.data.molecules import read_molecule_file
from class_sweep.data.pair import Dropped, Molecule, Origin, PairSet
from class_sweep.data.smiles import canonical, explain_unreadable, split_smiles
from class_sweep.data.source import Row, Source
from class_sweep.data.splits import split_by_rule
from class_sweep.data.values import number_of, text_of
from class_sweep.errors import DataError, PluginError

_REMEDY = (
    "; `class-sweep data describe --dropped FILE` lists all, and data.max_dropped raises the limit"
)
MIN_TRAINING_PAIRS = 2  # one pair has no negative


def load_pairs(settings: DataSettings) -> PairSet:
    """Read a data set, clean it and check it.

    Args:
        settings: The `data` section of a space.

    Returns:
        The pairs, ordered train, validation, test; within a split in the order of the source.

    Raises:
        DataError: If the source is missing or malformed, too many of its rows are unusable, a
            molecule is in two splits, or a split is empty.
    """
    read: Callable[[DataSettings], Source] = DATA_SOURCES.load(settings.source)
    with running_part(DATA_SOURCES, settings.source):
        source = read(settings)
        if not isinstance(source, Source):
            raise PluginError(
                f"data source {settings.source} must give a Source, got {type(source).__name__}"
            )
    rows = _checked(source.rows)
    molecule = canonical({row.smiles for row in rows})
    kept: list[Row] = []
    numbers: list[int] = []
    dropped: list[Dropped] = []
    for number, row in enumerate(rows):
        reason = _reason_to_drop(row, molecule)
        if reason is None:
            kept.append(row)
            numbers.append(number)
        else:
            dropped.append(Dropped(row.id, row.place, reason))
    report_dropped(dropped, len(rows), settings.max_dropped, _REMEDY)

    molecules = [molecule[row.smiles] for row in kept]
    if source.rule is None:
        split = np.array([row.split for row in kept], dtype=np.int8)
    else:
        split = split_by_rule(molecules, source.rule)
    _check_sizes(split, source.splits, by_rule=source.rule is not None)
    _check_overlap(kept, molecules, split)
    difficulty = _difficulty(kept, split)
    order = np.argsort(split, kind="stable")
    extra_ids, extra = _extra_molecules(settings, set(molecules))
    return PairSet(
        ids=tuple(kept[i].id for i in order),
        smiles=tuple(kept[i].smiles for i in order),
        texts=tuple(kept[i].text for i in order),
        split=split[order],
        molecules=tuple(molecules[i] for i in order),
        dropped=tuple(dropped),
        extra_molecules=tuple(extra.values()),
        difficulty=None if difficulty is None else difficulty[order],
        origin=Origin(
            tuple(row.id for row in rows),
            np.array(numbers, np.int64)[order],
            extra_ids,
            np.array(list(extra), np.int64),
        ),
    )


def _checked(rows: Iterable[Row]) -> list[Row]:
    """The rows of any source: each value is text, and each SMILES is one word."""
    checked, following = [], FollowingText()
    for row in rows:
        whole = text_of(row.smiles, "the SMILES", row.place)
        smiles, rest = split_smiles(whole)
        following.note(rest, row.place)
        checked.append(
            Row(
                text_of(row.id, "the id", row.place),
                smiles,
                text_of(row.text, "the text", row.place),
                row.place,
                row.split,
                number_of(row.difficulty, "the difficulty", row.place),
            )
        )
    following.warn()
    return checked


def _difficulty(rows: list[Row], split: np.ndarray) -> np.ndarray | None:
    """(N,) the difficulty of each row, NaN where a row of no training pair has none."""
    if all(row.difficulty is None for row in rows):
        return None
    train = SPLITS.index("train")
    missing = [
        row for row, s in zip(rows, split, strict=True) if s == train and row.difficulty is None
    ]
    if missing:
        raise DataError(
            "each training pair must have a difficulty, got"
            f" {len(missing)} without one, the first: id {missing[0].id} at {missing[0].place}"
        )
    return np.array([math.nan if r.difficulty is None else r.difficulty for r in rows])


def _extra_molecules(
    settings: DataSettings, paired: set[str]
) -> tuple[tuple[str, ...], dict[int, Molecule]]:
    """The ids of all rows of the file, and by its row each extra molecule that is in no pair."""
    if settings.extra_molecules is None:
        return (), {}
    file = read_molecule_file(settings.extra_molecules)
    return file.ids, {n: m for n, m in file.molecules.items() if m.canonical not in paired}


def _reason_to_drop(row: Row, molecule: dict[str, str]) -> str | None:
    if not row.smiles:
        return "the SMILES is empty"
    if not molecule[row.smiles]:
        return explain_unreadable(row.smiles)
    return None if row.text else "the text is empty"


def _check_sizes(split: np.ndarray, needed: tuple[str, ...], *, by_rule: bool) -> None:
    counts = {name: int((split == code).sum()) for code, name in enumerate(SPLITS)}
    got = ", ".join(starmap("{}: {}".format, counts.items()))
    for name in needed:
        if not counts[name]:
            hint = "; the splits are drawn by fractions, so add pairs" if by_rule else ""
            raise DataError(f"the {name} split must not be empty, got {got} pairs{hint}")
    if counts["train"] < MIN_TRAINING_PAIRS:
        raise DataError(f"train must have at least {MIN_TRAINING_PAIRS} pairs, got {got} pairs")


def _check_overlap(rows: list[Row], molecules: list[str], split: np.ndarray) -> None:
    first: dict[str, int] = {}
    shared: dict[str, tuple[int, int]] = {}
    for i, molecule in enumerate(molecules):
        j = first.setdefault(molecule, i)
        if split[i] != split[j]:
            shared.setdefault(molecule, (j, i))
    if shared:
        lines = [_overlap(molecule, rows, split, pair) for molecule, pair in shared.items()]
        raise DataError(
            f"a molecule must be in one split only, got {len(shared)} in two:\n  "
            + "\n  ".join(lines[:5])
        )


def _overlap(molecule: str, rows: list[Row], split: np.ndarray, pair: tuple[int, int]) -> str:
    places = (f"{SPLITS[split[i]]} (id {rows[i].id}, {rows[i].place})" for i in pair)
    return f"{molecule} in " + " and ".join(places)
