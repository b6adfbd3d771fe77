"""`class-sweep data describe`: a space or a table, and the dropped rows."""

import csv

import pytest

GOOD = [f"{'C' * n}O,an alcohol of {n} carbons" for n in range(1, 60)]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["SMILES,description", *GOOD, "C1C,broken", ",none", "CCN,"]))
    return path


def test_a_table_is_described_as_it_is(command, table):
    table.write_text("\n".join(["SMILES,description", *GOOD]))
    columns = ["--smiles", "SMILES", "--text", "description"]
    code, out, _ = command("data", "describe", table, *columns)
    assert code == 0
    assert "59" in out
    assert command("data", "describe", table)[:2] == (code, out)  # the columns are found
    code, _, err = command("data", "describe", table, "--smiles", "smiles")
    assert code == 2
    assert "must have the column 'smiles', got" in err


def test_too_many_dropped_rows_are_an_error_that_names_the_ways_out(
    command, table, tmp_path, small_space_text
):
    space = tmp_path / "space.yaml"
    space.write_text(
        "data: {source: table, path: mine.csv, columns: {smiles: SMILES, text: description}}\n"
        + small_space_text.partition("\n")[2]
    )
    code, _, err = command("data", "describe", space)
    assert code == 2
    assert "at most 2% of the rows may be unusable, got 3 of 62 rows" in err
    assert "data.max_dropped" in err
    code, out, _ = command("data", "describe", space, "--dropped", "new/dropped.csv")
    assert code == 0
    assert "3 rows dropped" in out
    rows = list(csv.DictReader((tmp_path / "new" / "dropped.csv").read_text().splitlines()))
    assert [row["place"].rpartition(":")[2] for row in rows] == ["61", "62", "63"]
    assert "SMILES" in rows[0]["reason"]
    space.write_text(space.read_text().replace("{source", "{max_dropped: 0.1, source"))
    assert command("data", "describe", space)[0] == 0
