"""What a person asks of a molecule: its size and its drawing."""

import re

from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D


def heavy_atoms(molecule: str) -> int:
    """Atoms other than hydrogen of a canonical SMILES."""
    # It was checked when it was made canonical; counting its atoms needs no second check.
    return Chem.MolFromSmiles(molecule, sanitize=False).GetNumHeavyAtoms()


def draw(smiles: str, width: int = 300, height: int = 200) -> str:
    """A molecule as an SVG element for an HTML page; nothing where RDKit cannot read the SMILES."""
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        return ""
    canvas = rdMolDraw2D.MolDraw2DSVG(width, height)
    options = canvas.drawOptions()
    options.clearBackground = False  # type: ignore[assignment]
    rdMolDraw2D.PrepareAndDrawMolecule(canvas, molecule)
    canvas.FinishDrawing()
    drawn = canvas.GetDrawingText()
    # The prologue, RDKit's name spaces and its classes mean nothing inside HTML.
    element = drawn[drawn.index("<svg") :].replace("<!-- END OF HEADER -->", "")
    return re.sub(r"\s+(xmlns(:\w+)?|xml:space|version|baseProfile|class)='[^']*'", "", element)
