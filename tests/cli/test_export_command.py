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


@pytest.fixture
def strata(tmp_path, small_space_text):
    """A sweep over two shares, the best single run of each above all confirmed means."""

    def build(verdict=None):
        text = small_space_text.replace("trials: 8", "trials: 8, shares: [0.5, 0.75]")
        reports = [
            report_of(0, "finish", 0.30, VALUES, name="full_data", samples=FULL),
            *(
                report_of(
                    trial, "finish", objective, VALUES | {"curriculum.alpha": alpha},
                    samples=round(share * FULL) - 8, share=share,
                )
                for trial, objective, alpha, share in (
                    (1, 0.33, 0.31, 0.5), (2, 0.35, 0.5, 0.75), (3, 0.32, 0.32, 0.5),
                    (4, 0.31, 0.52, 0.75),
                )
            ),
        ]  # fmt: skip
        return make_folder(tmp_path / "strata", text, reports, verdict=verdict)

    return build


@pytest.mark.parametrize(
    ("share", "trial", "stratum"), [("0.5", 1, 50), ("0.74", 1, 50), ("0.75", 2, 75), ("1", 2, 75)]
)
def test_of_shares_it_is_the_best_single_run_of_any_that_fits(
    command, strata, tmp_path, share, trial, stratum
):
    out = tmp_path / "at.yaml"
    code, _, err = command("export", strata(), "--at", share, "-o", out)
    assert code == 0, err
    head = out.read_text().splitlines()[1]
    assert head.startswith(f"# trial {trial} (")
    assert f" samples, {stratum - 800 / FULL:.1f} % of full data's, " in head
    assert head.endswith(f", searched at {stratum} % of full data's samples")


@pytest.mark.parametrize(
    ("share", "arm"),
    [("0.5", "full_data at 50 %"), ("0.7", "trial 2"), ("0.75", "full_data at 75 %")],
)
def test_of_shares_a_confirmed_mean_comes_before_a_better_single_run(
    command, strata, tmp_path, share, arm
):
    out = tmp_path / "at.yaml"
    code, _, err = command("export", strata(made_saving()), "--at", share, "-o", out)
    assert code == 0, err
    assert f"full data's samples: {arm}." in err
    assert out.read_text().splitlines()[1].startswith(f"# {arm}: ")


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
    assert " % of full data's, validation/" in out.read_text()
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
