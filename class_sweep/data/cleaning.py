"""The cleaning of molecules: canonical SMILES, and a report of the dropped rows."""

import logging
from collections.abc import Iterable, Sequence

from rdkit import Chem
from rdkit.rdBase import BlockLogs

from class_sweep.data.pair import Dropped
from class_sweep.errors import DataError

log = logging.getLogger(__name__)

MAX_DROPPED = 0.02  # fraction of the rows; a file with more is probably not the intended one


def canonical(smiles: Iterable[str]) -> dict[str, str]:
    """Canonical isomeric SMILES of each SMILES; empty if RDKit cannot read it."""
    with BlockLogs():  # RDKit logs its errors to stderr
        parsed = ((text, Chem.MolFromSmiles(text)) for text in smiles)
        return {text: Chem.MolToSmiles(mol) if mol else "" for text, mol in parsed}


def report_dropped(dropped: Sequence[Dropped], rows: int) -> None:
    """Warn about the dropped rows.

    Raises:
        DataError: If more than 2 % of the rows were dropped.
    """
    if not dropped:
        return
    lines = [f"{d.reason} (id {d.id}) at {d.place}" for d in dropped]
    for line in lines:
        log.info("dropped: %s", line)
    share = f"{len(dropped)} of {rows} rows ({len(dropped) / rows:.1%})"
    if len(dropped) > MAX_DROPPED * rows:
        raise DataError(
            f"at most {MAX_DROPPED:.0%} of the rows may be unusable, got {share}:\n  "
            + "\n  ".join(lines[:5])
        )
    log.warning("dropped %s, the first: %s", share, lines[0])
