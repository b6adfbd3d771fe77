"""The size and the drawing of a molecule."""

import re

from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D


def heavy_atoms(molecule: str) -> int:
    """The number of atoms other than hydrogen in a canonical SMILES."""
    # A canonical SMILES is valid; counting its atoms needs no second check.
    return Chem.MolFromSmiles(molecule, sanitize=False).GetNumHeavyAtoms()


def draw(smiles: str, width: int = 300, height: int = 200) -> str:
    """A molecule as an SVG element for an HTML page; empty if RDKit cannot read the SMILES."""
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        return ""
    canvas = rdMolDraw2D.MolDraw2DSVG(width, height)
    options = canvas.drawOptions()
    options.clearBackground = False  # type: ignore[assignment]
    rdMolDraw2D.PrepareAndDrawMolecule(canvas, molecule)
    canvas.FinishDrawing()
    drawn = canvas.GetDrawingText()
    # HTML needs neither the XML prologue nor RDKit's name spaces and classes.
    element = drawn[drawn.index("<svg") :].replace("<!-- END OF HEADER -->", "")
    return re.sub(r"\s+(xmlns(:\w+)?|xml:space|version|baseProfile|class)='[^']*'", "", element)
