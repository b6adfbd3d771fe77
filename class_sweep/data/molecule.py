"""The size and the drawing of a molecule."""

import re

from rdkit.Chem.Draw import rdMolDraw2D

from class_sweep.data.smiles import parse_smiles


def heavy_atoms(molecule: str) -> int:
    """The number of atoms other than hydrogen in a canonical SMILES."""
    parsed = parse_smiles(molecule, sanitize=False)
    return int(parsed.GetNumHeavyAtoms()) if parsed else 0


def draw(smiles: str, width: int = 300, height: int = 200) -> str:
    """A molecule as an SVG element for an HTML page; empty if it cannot be read."""
    molecule = parse_smiles(smiles)
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
