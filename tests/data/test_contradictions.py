"""What a text names and its molecule lacks."""

import pytest

from class_sweep.data.contradictions import contradictions


@pytest.mark.parametrize(
    ("text", "smiles", "lacks"),
    [
        ("The molecule is a sulfonamide that is benzenesulfonamide.", "O=CCCCCCCCCC(=O)O",
         ["sulfur", "a benzene ring"]),
        ("The molecule is chlorobenzene.", "Clc1ccccc1", []),
        ("The molecule is chlorobenzene.", "c1ccccc1", ["chlorine"]),
        ("The molecule is an organic chloride salt.", "C[NH3+].[Cl-]", []),
        ("The molecule is a pyridine carrying a bromo group.", "c1ccccc1", ["bromine",
         "a pyridine ring"]),
        ("The molecule is a phosphate monoester.", "CCO", ["phosphorus"]),
        ("The molecule is a sodium salt.", "CC(=O)[O-].[Na+]", []),
        ("The molecule is a sodium salt.", "CC(=O)O", ["sodium"]),
        ("The molecule is an iodo compound.", "CCI", []),
        ("The molecule is selenomethionine.", "C[Se]CCC(N)C(=O)O", []),
    ],
)  # fmt: skip
def test_an_element_or_a_ring_that_the_text_names_and_the_molecule_lacks(text, smiles, lacks):
    assert contradictions(text, smiles) == lacks


@pytest.mark.parametrize(
    "text",
    [
        "The molecule is a member of the chlorophylls and of chlorogenic acids.",
        "The molecule is a fluorophore and a fluorescein dye.",
        "The molecule inhibits phosphodiesterase and binds bromodomains in periodontal tissue.",
        "The molecule is a sodium channel blocker.",
        "The molecule is an arene in which the chloro group is replaced by hydrogen.",
        "The molecule is obtained from bromobenzene.",
        "The molecule is an alkane. It is functionally related to a chlorobenzene.",
    ],
)
def test_names_that_only_resemble_an_element_or_belong_to_another_molecule_are_no_claim(text):
    assert contradictions(text, "CCCC") == []


def test_a_hydrogenated_ring_is_a_ring_of_its_kind_and_an_unreadable_molecule_contradicts_nothing():
    assert contradictions("The molecule is a pyridine.", "C1CCNCC1") == []
    assert contradictions("The molecule is chlorobenzene.", "not a molecule") == []
