"""Contradictions between a text and its molecule: what the text names and the molecule lacks.

The rules read the first sentence alone, in which a description says what the molecule is; later
sentences name parents, sources and targets. They would rather miss a contradiction than claim one.
"""

import re

from rdkit.rdBase import BlockLogs

from class_sweep.data.smiles import parse_smarts, parse_smiles

_SENTENCE_END = re.compile(r"\.\s+(?=[A-Z])")
# What such a sentence names may be what the molecule came from, acts on, or does not have.
_OTHER_MOLECULES = re.compile(
    r"replac|remov|\bloss\b|\black|without|instead|deriv|obtained|reaction|hydroly|inhibit|agonist"
    r"|antagonist|activat|receptor|metabolite|synthes|precursor|analog|dehalogen|desulf|dephosph"
    r"|\bde(?:chloro|fluoro|bromo|iodo|thio)|\bnot\b|\bno\b|related|isostere|similar|role",
    re.IGNORECASE,
)
_ELEMENTS = {
    "chlorine": (17, r"chlor(?:o(?!gen|ph|pl)|ides?\b|inated|ines?\b)"),
    "fluorine": (9, r"fluor(?:o(?!phor|chrom|scop|ne)|ides?\b|inated|ines?\b)"),
    "bromine": (35, r"brom(?:o(?!domain)|ides?\b|inated|ines?\b)"),
    "iodine": (53, r"(?<!per)(?:iodo|iodides?\b|iodinated|iodines?\b)"),
    "sulfur": (
        16,
        r"sul(?:f|ph)(?:on(?:e|yl|ic|ate|amid)|ox|ates?\b|ides?\b|an(?:e|yl)|in(?:yl|ic|ate)|o\b|ur)"
        r"|thiazol|thiadiaz|thiophen|thiol(?:s|ate)?\b|thioether|thioester|thiourea|mercapto"
        r"|(?<!seleno)(?:cystein|methionin)",
    ),
    "phosphorus": (
        15,
        r"phosph(?:ates?\b|on(?:ate|ic|ium)|in(?:e\b|es\b|ic|ate)|ono(?!l)|oric|oryl(?!a)|ocholine"
        r"|oethanolamine|oserine)",
    ),
    "silicon": (14, r"\bsilanes?\b|silyl|siloxan"),
    "boron": (5, r"boronic|borate\b|boranes?\b|boronate"),
    "selenium": (34, r"\bselen(?:o|ium|ide|ate|ite)"),
    "sodium": (11, r"\bsodium salt"),
    "potassium": (19, r"\bpotassium salt"),
    "calcium": (20, r"\bcalcium salt"),
    "lithium": (3, r"\blithium salt"),
}
# Any bonds: a hydrogenated ring counts as well.
_RINGS = {
    "a benzene ring": (
        "[#6]1~[#6]~[#6]~[#6]~[#6]~[#6]1",
        r"benzene|benzoic|benzoate|benzamide|phenyl|phenol",
    ),
    "a pyridine ring": ("[#7]1~[#6]~[#6]~[#6]~[#6]~[#6]1", r"\bpyridines?\b|pyridinyl|pyridyl"),
    "a pyrimidine ring": ("[#7]1~[#6]~[#7]~[#6]~[#6]~[#6]1", r"pyrimidine|pyrimidinyl"),
    "an imidazole ring": ("[#7]1~[#6]~[#7]~[#6]~[#6]1", r"imidazol"),
    "an indole ring": ("[#7]1~[#6]~[#6]~[#6]2~[#6]1~[#6]~[#6]~[#6]~[#6]2", r"\bindoles?\b|indolyl"),
    "a quinoline ring": (
        "[#7]1~[#6]~[#6]~[#6]~[#6]2~[#6]1~[#6]~[#6]~[#6]~[#6]2",
        r"\bquinolines?\b|quinolinyl",
    ),
    "a piperazine ring": ("[#7]1~[#6]~[#6]~[#7]~[#6]~[#6]1", r"piperazin"),
    "a thiophene ring": ("[#16]1~[#6]~[#6]~[#6]~[#6]1", r"thiophene|\bthienyl"),
}
_HAS_ELEMENT = {name: re.compile(words, re.IGNORECASE) for name, (_, words) in _ELEMENTS.items()}
_HAS_RING = {name: re.compile(words, re.IGNORECASE) for name, (_, words) in _RINGS.items()}
_SKELETONS = {name: parse_smarts(smarts) for name, (smarts, _) in _RINGS.items()}


def contradictions(text: str, smiles: str) -> list[str]:
    """The elements and rings that a text names and its molecule lacks, in words.

    Args:
        text: The description.
        smiles: The molecule, as canonical SMILES.
    """
    first = _SENTENCE_END.split(text, maxsplit=1)[0]
    if _OTHER_MOLECULES.search(first):
        return []
    elements = [name for name, words in _HAS_ELEMENT.items() if words.search(first)]
    rings = [name for name, words in _HAS_RING.items() if words.search(first)]
    with BlockLogs():  # RDKit logs its warnings to stderr
        molecule = parse_smiles(smiles) if elements or rings else None
    if molecule is None:
        return []
    numbers = {atom.GetAtomicNum() for atom in molecule.GetAtoms()}
    lacking = [name for name in elements if _ELEMENTS[name][0] not in numbers]
    return lacking + [name for name in rings if not molecule.HasSubstructMatch(_SKELETONS[name])]
