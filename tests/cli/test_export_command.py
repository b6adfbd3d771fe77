"""`export --at`: the best configuration for a share of full data's samples."""

import pytest
from made_sweeps import FULL, made_saving, make_folder, report_of

from class_sweep.config.document import load_space

VALUES = {
    "curriculum.order": "hard_first", "curriculum.alpha": 0.5, "curriculum.beta": 0.1,
    "curriculum.sigma": 0.6, "curriculum.intensity": "sigmoid",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, small_space_text):
    def build(verdict=None):
        reports = [
            report_of(1, "finish", 0.31, VALUES, samples=FULL * 3 // 4),
            report_of(2, "finish", 0.30, VALUES | {"curriculum.alpha": 0.4}, samples=FULL // 2),
            report_of(3, "finish", 0.29, VALUES | {"curriculum.alpha": 0.3}, samples=FULL // 3),
        ]
        return make_folder(tmp_path / "made", small_space_text, reports, verdict=verdict)

    return build


@pytest.mark.parametrize(("share", "alpha"), [("0.75", 0.5), ("0.74", 0.4), ("0.4", 0.3)])
def test_without_a_confirmation_it_is_the_best_single_run(command, folder, tmp_path, share, alpha):
    code, printed, err = command("export", folder(), "--at", share, "-o", tmp_path / "at.yaml")
    assert (code, printed.strip()) == (0, str(tmp_path / "at.yaml"))
    assert "one seed, selected, not confirmed" in err
    assert load_space(tmp_path / "at.yaml").settings.curriculum.alpha == alpha


@pytest.mark.parametrize(
    ("share", "arm", "samples"),
    [
        ("0.75", "full_data at 75 %", round(0.75 * FULL)),
        ("0.7", "trial 2", None),
        ("0.5", "full_data at 50 %", FULL // 2),
    ],
)
def test_a_confirmed_configuration_comes_first(command, folder, tmp_path, share, arm, samples):
    out = tmp_path / "at.yaml"
    code, _, err = command("export", folder(made_saving()), "--at", share, "-o", out)
    assert (code, err.strip().endswith(f"of full data's samples: {arm}.")) == (0, True)
    assert "mean over 5 seeds" in out.read_text()
    assert load_space(out).settings.budget.samples == samples


def test_a_share_below_every_configuration_is_refused(command, folder):
    code, _, err = command("export", folder(), "--at", "0.2")
    assert code == 2
    assert "must take at most 20 % of full data's samples" in err
    assert "the least is 33.3 %" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--at", "75"], "--at must be a fraction in (0, 1], got 75; write 0.75"),
        (["--at", "0"], "--at must be a fraction in (0, 1], got 0"),
        (["--at", "0.5", "--top", "2"], "--at writes one configuration as yaml"),
        (["--at", "0.5", "--format", "ray"], "--at writes one configuration as yaml"),
    ],
)
def test_a_wrong_share_is_refused(command, folder, arguments, message):
    code, printed, err = command("export", folder(), *arguments)
    assert (code, printed) == (2, "")
    assert message in " ".join(err.replace("│", " ").split())
