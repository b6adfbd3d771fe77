"""No SMILES ends the process, and what follows one is no part of it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.rdBase import BlockLogs

import class_sweep
from class_sweep.base.limits import MAX_ATOMS, MAX_RINGS, MAX_SMILES, MAX_SMILES_DEPTH
from class_sweep.data.molecule import draw, heavy_atoms
from class_sweep.data.smiles import (
    canonical,
    explain_unreadable,
    parse_smarts,
    parse_smiles,
    split_smiles,
)
from class_sweep.encoders.structures import parse_molecules
from class_sweep.errors import EncoderError

CUBANES = ".".join(["C12C3C4C1C5C2C3C45"] * 41)  # five rings each


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("C(" * 20_000 + "C" + ")" * 20_000, f"the SMILES has more than {MAX_SMILES:,} characters"),
        ("C" * 200_000, f"the SMILES has more than {MAX_SMILES:,} characters"),
        ("C" * MAX_SMILES, f"the molecule has more than {MAX_ATOMS:,} atoms"),
        (
            "C(" * (MAX_SMILES_DEPTH + 1) + "C" + ")" * (MAX_SMILES_DEPTH + 1),
            f"the SMILES has more than {MAX_SMILES_DEPTH} nested branches",
        ),
        (CUBANES, f"the SMILES has more than {MAX_RINGS} rings"),
        ("C1CC", "RDKit cannot read the SMILES"),
        ("C>>O", "RDKit cannot read the SMILES"),
        ("[" * 5_000, "RDKit cannot read the SMILES"),
    ],
)
def test_a_molecule_beyond_a_bound_is_unreadable_with_the_reason(smiles, reason):
    assert canonical([smiles]) == {smiles: ""}
    explained = explain_unreadable(smiles)
    assert explained.startswith(reason)
    assert len(explained) < 200
    assert draw(smiles) == ""
    assert heavy_atoms("C" * 20_000) == 0
    with pytest.raises(EncoderError, match="must be a SMILES that RDKit can read") as caught:
        parse_molecules([smiles])
    assert len(str(caught.value)) < 200


def test_a_molecule_at_each_bound_is_read_with_a_small_stack():
    script = """
import resource
resource.setrlimit(resource.RLIMIT_STACK, (2**20, 2**20))
from class_sweep.base.limits import MAX_ATOMS, MAX_RINGS, MAX_SMILES, MAX_SMILES_DEPTH
from class_sweep.data.smiles import canonical
largest = [
    "C" * MAX_ATOMS,
    "C(" * MAX_SMILES_DEPTH + "C" + ")" * MAX_SMILES_DEPTH,
    "C1CC1" * MAX_RINGS,
    "[13C]" * (MAX_SMILES // 5),
]
assert all(canonical(largest).values())
"""
    # A limit of the stack holds for the main thread of a process that starts under it.
    command = ["bash", "-c", f"ulimit -s 1024; exec {sys.executable} -c '{script}'"]
    assert subprocess.run(command, check=False).returncode == 0


def test_a_canonical_smiles_is_always_read_again():
    wide = "[13CH]([2H])" * (MAX_SMILES // 12)
    for text in canonical([wide, "OCC", "C" * MAX_ATOMS]).values():
        assert not text or parse_smiles(text) is not None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("CCO", ("CCO", "")),
        ("CCO ethanol", ("CCO", "ethanol")),
        (" CCO\t ethyl alcohol ", ("CCO", "ethyl alcohol")),
        ("[CH3] |^1:0|", ("[CH3]", "|^1:0|")),
        ("", ("", "")),
    ],
)
def test_a_smiles_ends_at_the_first_white_space(text, parts):
    assert split_smiles(text) == parts


def test_an_extension_does_not_change_a_molecule():
    assert canonical(["CCO |^1:1|"]) == {"CCO |^1:1|": ""}


@given(st.text("CcNO()[]=#123%@+-/\\.:HFl*$~>", max_size=60))
def test_any_text_is_a_molecule_or_unreadable(text):
    canonical_text = canonical([text])[text]
    if canonical_text:
        assert canonical([canonical_text])[canonical_text]
        assert heavy_atoms(canonical_text) >= 0


@given(st.text("CcNO()=123", max_size=40))
def test_the_bounded_parser_reads_what_rdkit_reads(text):
    molecule = Chem.MolFromSmiles(text)
    expected = Chem.MolToSmiles(molecule) if molecule else ""
    assert canonical([text])[text] == expected


def test_a_pattern_that_rdkit_cannot_read_is_an_error():
    assert parse_smiles("c1ccncc1").HasSubstructMatch(
        parse_smarts("[#7]1~[#6]~[#6]~[#6]~[#6]~[#6]1")
    )
    with BlockLogs(), pytest.raises(ValueError, match=r"that RDKit can read, got \[#6"):
        parse_smarts("[#6")


def test_one_module_parses_smiles():
    package = Path(class_sweep.__file__).parent
    pattern = re.compile(r"MolFromSmiles|MolFromSmarts|MurckoScaffoldSmiles\(smiles|ReactionFrom")
    found = [p for p in package.rglob("*.py") if pattern.search(p.read_text(encoding="utf-8"))]
    assert found == [package / "data" / "smiles.py"]
