import logging
from collections import defaultdict

import pytest

from class_sweep.config.components import DATA_SOURCES
from class_sweep.config.inputs import SPLITS, Chebi20Data, NamesData
from class_sweep.data.corpus import load_pairs
from class_sweep.errors import DataError


def load(path):
    return load_pairs(Chebi20Data(source="chebi20", path=path))


def many(count, *extra):
    return [f"{n}\t{'C' * n}\talkane {n}" for n in range(4, count + 4)] + list(extra)


def test_every_source_has_a_reader():
    assert set(DATA_SOURCES) == {"chebi20", "table", "names"}
    assert all(callable(DATA_SOURCES.load(name)) for name in DATA_SOURCES)


def test_pairs_are_in_order_and_have_canonical_molecules(chebi20):
    pairs = load(chebi20(train=["1\tOCC\tethanol", "2\tC[C@H](N)C(=O)O\talanine"]))
    assert pairs.ids == ("1", "2", "3", "4")
    assert pairs.split.tolist() == [0, 0, 1, 2]
    assert pairs.smiles[:2] == ("OCC", "C[C@H](N)C(=O)O")
    assert pairs.molecules[:2] == ("CCO", "C[C@H](N)C(=O)O")
    assert pairs.dropped == ()


def test_unusable_rows_are_dropped_with_a_reason(chebi20, caplog, capfd):
    path = chebi20(train=many(200, "x\tC1CC\topen ring", "y\tN\t", "z\t\tnothing"))
    caplog.set_level(logging.INFO, "class_sweep")
    pairs = load(path)
    assert len(pairs) == 202
    assert [d.id for d in pairs.dropped] == ["x", "y", "z"]
    assert [d.place for d in pairs.dropped] == [
        f"{path / 'train.txt'}:{n}" for n in (202, 203, 204)
    ]
    assert [d.reason for d in pairs.dropped] == [
        "RDKit cannot read the SMILES 'C1CC'",
        "the text is empty",
        "the SMILES is empty",
    ]
    by_level = {logging.INFO: [], logging.WARNING: []}
    for record in caplog.records:
        by_level[record.levelno].append(record.getMessage())
    assert len(by_level[logging.INFO]) == 3
    assert len(by_level[logging.WARNING]) == 1
    assert "dropped 3 of 205 rows (1.5%)" in by_level[logging.WARNING][0]
    assert capfd.readouterr().err == ""


def test_rdkit_logs_errors_again_after_the_cleaning(chebi20, capfd):
    from rdkit import Chem

    load(chebi20())
    assert Chem.MolFromSmiles("C1CC") is None
    assert "ring" in capfd.readouterr().err


def test_too_many_unusable_rows_are_an_error(chebi20):
    path = chebi20(train=many(100, *(f"bad{n}\tC1CC\ttext" for n in range(7))))
    with pytest.raises(DataError, match=r"at most 2% .* got 7 of 109 rows \(6\.4%\)") as e:
        load(path)
    assert f"RDKit cannot read the SMILES 'C1CC' (id bad0) at {path / 'train.txt'}:102" in str(
        e.value
    )
    assert "bad4" in str(e.value)
    assert "bad5" not in str(e.value)


def test_two_per_cent_of_unusable_rows_are_no_error(chebi20):
    pairs = load(chebi20(train=many(96, *(f"bad{n}\tC1CC\ttext" for n in range(2)))))
    assert (len(pairs), len(pairs.dropped)) == (98, 2)


def test_a_molecule_that_is_written_in_two_ways_is_in_one_split(tmp_path, table):
    rows = ["smiles,text"]
    for n in range(1, 41):
        rows += [f"{'C' * n}O,alcohol {n}", f"O{'C' * n},also alcohol {n}"]
    path = tmp_path / "own.csv"
    path.write_text("\n".join(rows))
    pairs = load_pairs(table(path))
    splits = defaultdict(set)
    for molecule, split in zip(pairs.molecules, pairs.split.tolist(), strict=True):
        splits[molecule].add(split)
    assert len(splits) == 40
    assert all(len(codes) == 1 for codes in splits.values())


def test_a_molecule_in_two_splits_is_an_error(chebi20):
    path = chebi20(
        train=["1\tOCC\tethanol", "2\tC\tmethane"],
        validation=["3\tCCO\talcohol", "5\tC(O)C\tspirit"],
        test=["4\tC\tmarsh gas"],
    )
    with pytest.raises(DataError, match="a molecule must be in one split only, got 2 in two") as e:
        load(path)
    train, validation = path / "train.txt", path / "validation.txt"
    assert f"CCO in train (id 1, {train}:2) and validation (id 3, {validation}:2)" in str(e.value)
    assert "C in train (id 2" in str(e.value)
    assert "and test (id 4" in str(e.value)


def test_stereoisomers_are_different_molecules(chebi20):
    pairs = load(chebi20(validation=["3\tC[C@H](N)C(=O)O\tL"], test=["4\tC[C@@H](N)C(=O)O\tD"]))
    assert len(set(pairs.molecules)) == 4


def test_a_molecule_may_have_several_texts(chebi20):
    pairs = load(chebi20(train=["1\tCCO\tethanol", "2\tOCC\talcohol"]))
    assert pairs.molecules[0] == pairs.molecules[1]


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_an_empty_split_is_an_error(chebi20, split):
    path = chebi20(**{split: []})
    with pytest.raises(DataError, match=f"the {split} split must not be empty, got .*{split}: 0"):
        load(path)


def test_a_table_too_small_for_drawn_splits_needs_more_pairs(tmp_path, table):
    path = tmp_path / "pairs.csv"
    path.write_text("smiles,text\nCCO,an alcohol\nCCN,an amine\n")
    with pytest.raises(DataError, match=r"got train: 2, validation: 0, .*, so add pairs"):
        load_pairs(table(path))


def test_a_single_training_pair_is_an_error(chebi20):
    with pytest.raises(DataError, match="train must have at least 2 pairs, got train: 1"):
        load(chebi20(train=["1\tC\tmethane"]))


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("folder", "counts"), [("chebi20", (6_863, 3_301, 627)), ("mixed", (11_362, 3_301, 1_164))]
)
def test_the_real_data_sets_have_their_pairs(real_data, folder, counts):
    pairs = load(real_data / folder)
    assert tuple(len(pairs.rows(name)) for name in SPLITS) == counts
    assert pairs.dropped == ()
    assert len(set(pairs.molecules)) == len(pairs)


def test_the_embedded_names_are_split_and_complete():
    pairs = load_pairs(NamesData(source="names", limit=500))
    assert [len(pairs.rows(name)) for name in SPLITS] == [400, 50, 50]
    assert pairs.dropped == ()
