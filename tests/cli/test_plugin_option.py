"""`--plugin` on the command line: a broken part is one error before anything is written."""

import pytest
from plugin_texts import BACKBONE, CURRICULUM, ENCODERS, METRIC

SPACE = """\
data: {source: alkanes}
text_encoder: {kind: letters}
molecule_encoder: {kind: atoms}
backbone: {name: bare, dimension: {int: [4, 8]}}
curriculum: {order: as_given, difficulty: length, pacing: late, delay: {int: [1, 3]}, alpha: 0.5}
optimizer: {lr: 3e-3, batch_size: 8}
budget: {epochs: 3}
search: {trials: 3}
objective: validation/hits@5
confirm: {finalists: 0}
"""
SOURCE = """
@plugin.data_source("alkanes")
def alkanes(settings):
    rows = [
        plugin.Row(str(n), "C" * n, "a chain of carbons" * n, f"molecule {n}", max(0, n % 8 - 5))
        for n in range(1, 81)
    ]
    return plugin.Source(rows, splits=plugin.SPLITS)
"""
ALL = "\n".join([BACKBONE, CURRICULUM, ENCODERS, METRIC, SOURCE])


@pytest.fixture
def run_with(command, plugin_file, tmp_path, monkeypatch):
    """Run a command on the space with a text as the plug-in file."""
    monkeypatch.setenv("CLASS_SWEEP_CACHE", str(tmp_path / "cache"))

    def run(name, text, *options):
        (tmp_path / "space.yaml").write_text(SPACE)
        file = plugin_file(text)
        return command(name, "space.yaml", "--plugin", str(file), *options)

    return run


def test_check_takes_every_part_from_a_file(run_with):
    code, printed, error = run_with("check", ALL)
    assert code == 0, error
    assert "source alkanes" in printed


@pytest.mark.parametrize(
    ("old", "new", "place", "rule"),
    [
        ("* 10)}", "* 10).detach()}", "backbone bare (Bare)", "no parameter has made"),
        ("self.text = nn", "self.text = nx", "backbone bare (Bare)", "NameError: name 'nx'"),
        ("np.arange(len", "np.arange(1 + len", "order as_given (as_given)", "permutation of 0 …"),
        ("else 1.0", "else 0.7", "pacing late (Late)", "have λ(k) = 1 from its end on"),
        ("(ranks <= 5)", "(ranks > 5)", "metric hits@5 (hits_at_5)", "better for a worse rank"),
        ("for text in pairs.texts", "for text in none", "difficulty length", "NameError"),
        (
            "for text in inputs",
            "for text in inputs[1:]",
            "encoder letters must give",
            "row of feat",
        ),
        ("c in 'aeiou'", "c in 1", "text encoder letters (Letters)", "TypeError"),
        ("return plugin.Source(rows, splits=plugin.SPLITS)", "return rows", "alkanes", "a Source"),
        ("plugin.Row(str(n)", "plugin.Row(n / 0", "source alkanes (alkanes)", "ZeroDivisionError"),
    ],
)
def test_a_broken_part_is_one_error(run_with, old, new, place, rule):
    text = ALL.replace('"aeiou"', "'aeiou'")
    assert old in text
    code, _, error = run_with("check", text.replace(old, new))
    assert code == 2
    assert place in error
    assert rule in error


def test_a_broken_part_leaves_no_results(run_with, tmp_path):
    text = ALL.replace("* 10)}", "* 10).detach()}")
    code, _, error = run_with("run", text, "--out", "results")
    assert code == 2
    assert f"{tmp_path / 'my_parts.py'}: backbone bare (Bare): part retrieval of the loss" in error
    assert not (tmp_path / "results").exists()


def test_an_unknown_file_is_one_error(command):
    code, _, error = command("check", "space.yaml", "--plugin", "none.py")
    assert code == 2
    assert "a plug-in file must be readable" in error
