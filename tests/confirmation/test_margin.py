"""The margin is held against the curve of the sweep's full data trial."""

import pytest
from made_sweeps import report_of

from class_sweep.config.document import parse_space
from class_sweep.confirmation.margin import require_small_margin
from class_sweep.confirmation.procedure import ConfirmOptions, confirmation_space
from class_sweep.errors import ConfigError


def space_with(text, confirm, objective="validation/mrr"):
    text = text.replace("validation/mrr", objective)
    return parse_space(text.replace("finalists: 0", f"finalists: 1, {confirm}"))


def curve(*values, name="full_data"):
    decisions = ["continue"] * (len(values) - 1) + ["finish"]
    return [
        report_of(1, decision, value, {}, name=name, report=i)
        for i, (decision, value) in enumerate(zip(decisions, values, strict=True))
    ]


@pytest.mark.parametrize(
    ("objective", "values", "largest", "too_large"),
    [
        ("validation/mrr", (0.2, 0.25, 0.23), 1.0, 1.01),
        ("validation/mean_rank", (50.0, 40.0, 44.0), 2.0, 2.01),
        ("validation/log_rank", (3.3, 2.9, 3.0), 1.105, 1.106),  # exp(0.1) = 1.1052
    ],
)
def test_a_margin_is_at_most_a_third_of_what_full_data_gains(
    small_space_text, objective, values, largest, too_large
):
    reports = curve(*values)
    require_small_margin(space_with(small_space_text, f"margin: {largest}", objective), reports)
    with pytest.raises(ConfigError) as caught:
        require_small_margin(
            space_with(small_space_text, f"margin: {too_large}", objective), reports
        )
    [line] = str(caught.value).splitlines()
    assert line.startswith("space:16: confirm.margin: must be at most ")
    assert f"got {too_large}" in line


def test_full_data_that_gains_nothing_leaves_no_margin(small_space_text):
    space = space_with(small_space_text, "margin: 0.1")
    with pytest.raises(ConfigError, match=r"must be absent.*20\.0 % to 19\.0 %.*0: none"):
        require_small_margin(space, curve(0.2, 0.19))


@pytest.mark.parametrize("reports", [[], curve(0.3), curve(0.1, 0.2, name=None)])
def test_a_gain_that_no_trial_shows_gives_a_warning(small_space_text, reports, caplog):
    require_small_margin(space_with(small_space_text, "margin: 50"), reports)
    assert "no finished full_data trial of the sweep has two reports" in caplog.text
    caplog.clear()
    require_small_margin(space_with(small_space_text, "seeds: 5"), reports)
    assert not caplog.text


def test_the_options_of_confirm_change_and_remove_the_margin(small_space_text):
    space = space_with(small_space_text, "margin: 0.3, prefer: cheapest_within_margin")
    changed = confirmation_space(space, ConfirmOptions(margin=0.2)).settings.confirm
    assert (changed.margin, changed.prefer) == (0.2, "cheapest_within_margin")
    removed = confirmation_space(space, ConfirmOptions(margin=0, prefer="quality"))
    assert removed.settings.confirm.margin is None
    with pytest.raises(ConfigError, match=r"confirm\.prefer: must be quality unless"):
        confirmation_space(space, ConfirmOptions(margin=0))
    space = space_with(small_space_text, "seeds: 5", "validation/log_rank")
    with pytest.raises(ConfigError, match=r"space:16: confirm\.margin: must be a ratio above 1"):
        confirmation_space(space, ConfirmOptions(margin=0.5))
