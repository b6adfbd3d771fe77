"""Seeded splits of whole groups, independent of the order of the rows."""

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem.Scaffolds import MurckoScaffold
from rdkit.rdBase import BlockLogs

from class_sweep.config.inputs import SPLITS, SplitRule
from class_sweep.data.smiles import parse_smiles
from class_sweep.errors import DataError


def stable_hash(seed: int, key: str) -> int:
    """A 64-bit hash of `key`, the same on every machine and in every process."""
    return int.from_bytes(hashlib.blake2b(f"{seed}:{key}".encode(), digest_size=8).digest())


def split_groups(groups: Sequence[str], fractions: Sequence[float], seed: int) -> NDArray[np.int8]:
    """Assign whole groups of rows to splits, so that each split has its fraction of the rows.

    A group goes to the split that lacks most rows. Groups that could overfill a small split come
    first, so they go to the large one; the rest come in the order of a seeded hash. No split
    misses its share by more than twice the largest group.

    Args:
        groups: (L,) group of each row.
        fractions: One for each name of `SPLITS`, at least 0; they add up to 1.
        seed: Seed of the assignment.

    Returns:
        (L,) codes into `SPLITS`, equal for all rows of a group.

    Raises:
        DataError: If the fractions do not add up to 1.
    """
    if abs(sum(fractions) - 1) > 1e-6:
        given = " + ".join(f"{f:g}" for f in fractions)
        raise DataError(f"the split fractions must add up to 1, got {given} = {sum(fractions):g}")
    sizes = Counter(groups)
    missing = [fraction * len(groups) for fraction in fractions]
    large = min(rows for rows in missing if rows > 0) / 2 if groups else 0.0
    order = sorted(sizes, key=lambda g: (-max(sizes[g], large), stable_hash(seed, g), g))
    code: dict[str, int] = {}
    for group in order:
        code[group] = missing.index(max(missing))
        missing[code[group]] -= sizes[group]
    return np.array([code[group] for group in groups], dtype=np.int8)


def split_by_rule(molecules: Sequence[str], rule: SplitRule) -> NDArray[np.int8]:
    """Split molecules by the rule of the settings.

    Args:
        molecules: (L,) canonical SMILES.
        rule: The fractions, the seed and the groups. By scaffold, molecules with the same
            Bemis-Murcko scaffold are a group; a molecule without rings is its own group.

    Returns:
        (L,) codes into `SPLITS`.

    Raises:
        DataError: If the fractions do not add up to 1.
    """
    fractions = [getattr(rule, name) for name in SPLITS]
    if rule.by == "molecule":
        return split_groups(molecules, fractions, rule.seed)
    with BlockLogs():  # RDKit warns of each hydrogen that it keeps
        scaffold = {m: _scaffold(m) or m for m in set(molecules)}
    return split_groups([scaffold[m] for m in molecules], fractions, rule.seed)


def _scaffold(molecule: str) -> str:
    """The scaffold of a canonical SMILES; empty for a molecule without rings."""
    parsed = parse_smiles(molecule)
    if parsed is None or not parsed.GetRingInfo().NumRings():
        return ""  # RDKit would take the chain apart atom by atom
    return str(MurckoScaffold.MurckoScaffoldSmiles(mol=parsed))  # type: ignore[no-untyped-call]
