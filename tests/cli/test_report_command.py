"""`class-sweep report` and `compare`: their output files, and their errors."""

import logging

import pytest
from made_sweeps import make_folder

from class_sweep.api.following import write_report


@pytest.fixture
def folder(tmp_path, small_space_text):
    return make_folder(tmp_path / "made", small_space_text)


def test_report_writes_a_page_into_the_folder_or_to_the_given_file(command, folder, tmp_path):
    code, out, err = command("report", folder)
    assert (code, err) == (0, "")
    assert out.strip() == str(folder / "report.html")
    page = (folder / "report.html").read_text()
    assert command("report", folder, "--html", tmp_path / "new" / "other.html")[0] == 0
    assert (tmp_path / "new" / "other.html").read_text() == page


def test_markdown_is_printed(command, folder, tmp_path):
    code, out, _ = command("report", folder, "--markdown")
    assert code == 0
    assert out.startswith("# Sweep made\n")
    assert not (folder / "report.html").exists()


def test_the_old_option_of_report_names_the_new_ones(command, folder, tmp_path):
    code, _, err = command("report", folder, "-o", tmp_path / "report.html")
    assert code == 2
    assert "--html PAGE, or --markdown > FILE" in err
    assert not (tmp_path / "report.html").exists()


def test_compare_prints_and_writes_a_page(command, folder, tmp_path, small_space_text):
    other = make_folder(tmp_path / "other", small_space_text, trials=20)
    code, out, _ = command("compare", folder, other, "--html", tmp_path / "both.html")
    assert code == 0
    assert "By the best finished trial's validation/split/mrr" in out
    assert "Sweeps side by side" in (tmp_path / "both.html").read_text()


@pytest.mark.parametrize("arguments", [("report",), ("compare",), ("compare", "again")])
def test_bad_input_is_one_error(command, folder, tmp_path, arguments):
    verb, *more = arguments
    given = [folder] if more or verb == "compare" else [tmp_path]
    code, _, err = command(verb, *given, *(given if more else ()))
    assert code == 2
    assert err.count("error:") == 1


def test_a_failed_report_after_a_sweep_is_one_warning(folder, caplog):
    (folder / "trials.jsonl").write_text("{}\n")
    with caplog.at_level(logging.WARNING):
        assert write_report(folder) == []
    (warning,) = caplog.records
    assert "no report was written: ResultsError" in warning.getMessage()
    assert not (folder / "report.html").exists()
