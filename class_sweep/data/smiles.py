"""SMILES to RDKit molecules. Every SMILES of the program is parsed here, within bounds.

RDKit ends the process for a SMILES of very many atoms or branches, and some cages take it minutes.
The bounds are checked on the text before RDKit sees it.
"""

import re
from collections.abc import Iterable

from rdkit import Chem
from rdkit.rdBase import BlockLogs

from class_sweep.base.limits import MAX_ATOMS, MAX_RINGS, MAX_SMILES, MAX_SMILES_DEPTH
from class_sweep.base.text import shortened

_ATOM_IN_BRACKETS = re.compile(r"\[[^\]]*\]")
_RING_DIGIT = re.compile(r"%\(\d+\)|%\d\d|\d")


def split_smiles(text: str) -> tuple[str, str]:
    """A SMILES, and what follows it after white space: a name, or an extension as in CXSMILES.

    The molecule is the SMILES alone. An extension `|…|` could change it: radicals, labels, groups.
    """
    word, *rest = text.split(maxsplit=1) or [""]
    return word, rest[0].rstrip() if rest else ""


def parse_smiles(smiles: str, *, sanitize: bool = True) -> Chem.Mol | None:
    """The molecule of a SMILES; None if RDKit cannot read it or it is beyond a bound.

    Args:
        smiles: A SMILES alone, as `split_smiles` gives it.
        sanitize: Whether to check valences and find rings and aromaticity. A canonical SMILES is
            valid; to count its atoms needs no second check.
    """
    if _bound_passed(smiles):
        return None
    molecule = Chem.MolFromSmiles(smiles, _SANITIZE if sanitize else _AS_WRITTEN)
    return None if molecule is None or molecule.GetNumAtoms() > MAX_ATOMS else molecule


def parse_smarts(smarts: str) -> Chem.Mol:
    """The pattern of a SMARTS that the program itself writes; without bounds, so never of input.

    Raises:
        ValueError: If RDKit cannot read it.
    """
    pattern = Chem.MolFromSmarts(smarts)
    if pattern is None:
        raise ValueError(f"a SMARTS must be one that RDKit can read, got {smarts}")
    return pattern


def canonical(smiles: Iterable[str]) -> dict[str, str]:
    """Canonical isomeric SMILES of each SMILES; empty if `parse_smiles` cannot read it."""
    with BlockLogs():  # RDKit logs its errors to stderr
        return {text: _canonical(text) for text in smiles}


def explain_unreadable(smiles: str) -> str:
    """Why `canonical` cannot read a SMILES, in words for a message."""
    if passed := _bound_passed(smiles):
        return f"the SMILES {passed}, got {shortened(smiles)}"
    with BlockLogs():
        molecule = Chem.MolFromSmiles(smiles, _SANITIZE)
    if molecule is not None and molecule.GetNumAtoms() > MAX_ATOMS:
        return f"the molecule has more than {MAX_ATOMS:,} atoms, got {shortened(smiles)}"
    return f"RDKit cannot read the SMILES {shortened(smiles)}"


def _canonical(smiles: str) -> str:
    molecule = parse_smiles(smiles)
    text = Chem.MolToSmiles(molecule) if molecule else ""
    return "" if _bound_passed(text) else text  # it is parsed again


def _bound_passed(smiles: str) -> str | None:
    """The bound that the text of a SMILES is beyond, in words."""
    if len(smiles) > MAX_SMILES:
        return f"has more than {MAX_SMILES:,} characters"
    if smiles.count("(") > MAX_SMILES_DEPTH and _depth(smiles) > MAX_SMILES_DEPTH:
        return f"has more than {MAX_SMILES_DEPTH} nested branches"
    if len(smiles) > 2 * MAX_RINGS:  # a ring has two digits
        digits = _RING_DIGIT.findall(_ATOM_IN_BRACKETS.sub("", smiles))
        if len(digits) > 2 * MAX_RINGS:
            return f"has more than {MAX_RINGS} rings"
    return None


def _depth(smiles: str) -> int:
    depth = deepest = 0
    for character in smiles:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    return deepest


def _parameters(*, sanitize: bool) -> Chem.SmilesParserParams:
    parameters = Chem.SmilesParserParams()
    parameters.parseName = False  # type: ignore[assignment]
    parameters.allowCXSMILES = False  # type: ignore[assignment]
    parameters.sanitize = sanitize  # type: ignore[assignment]
    parameters.removeHs = sanitize  # type: ignore[assignment]
    return parameters


_SANITIZE, _AS_WRITTEN = _parameters(sanitize=True), _parameters(sanitize=False)
