import re

import pytest

from class_sweep.config.confirm import LOOKS, Confirm
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.document import parse_space
from class_sweep.config.sigma import Quantile
from class_sweep.curriculum.baselines import sigmas_needed
from class_sweep.errors import ConfigError


def with_confirm(small_space_text, text):
    return small_space_text.replace("confirm: {finalists: 0}\n", text)


def test_the_defaults_are_three_finalists_and_five_controls(small_space_text):
    settings = parse_space(with_confirm(small_space_text, "")).settings
    assert settings.confirm == Confirm(
        finalists=3,
        seeds=5,
        max_seeds=10,
        controls=[
            "full_data",
            "full_data_equal_samples",
            "random_order",
            "no_hard_negatives",
            "no_trim",
        ],
    )
    assert settings.confirms
    assert not parse_space(small_space_text).settings.confirms
    assert tuple(LOOKS) == (3, 5, 7, 10, 20, 40)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("{seeds: 4}", "confirm.seeds: must be one of 3, 5, 7, 10, 20, 40, got 4"),
        ("{seeds: 20}", "confirm.max_seeds: must be at least confirm.seeds (20), got 10"),
        ("{finalists: -1}", "confirm.finalists: must be at least 0, got -1"),
        ("{controls: []}", "confirm.controls: "),
        ("{controls: [paper, paper]}", "confirm.controls: must be a list that names each control"),
        ("{controls: [full_dat]}", "did you mean full_data?"),
        ("{finalist: 2}", "did you mean finalists?"),
        ("{full_data_frontier: [50]}", "must be a fraction in (0, 1), got 50; write 0.50"),
        ("{full_data_frontier: [1.0]}", "must be a fraction in (0, 1), got 1"),
        ("{full_data_frontier: [0.5, 0.5]}", "must be a list that names each share once"),
        ("{controls: [paper], full_data_frontier: [0.5]}", "must be empty unless confirm.controls"),
        ("{margin: 0}", "confirm.margin: must be above 0.0, got 0"),
        ("{prefer: cheapest_within_margin}", "confirm.prefer: must be quality unless confirm.mar"),
        ("{margin: 0.3, prefer: cheap}", "confirm.prefer: must be one of quality, cheapest_within"),
    ],
)
def test_a_mistake_in_the_section_has_its_line(mistakes, section, message):
    [line] = mistakes(confirm=section)
    assert line.startswith("8: ")
    assert message in line


def test_the_margin_of_a_log_rank_is_a_ratio_above_1(small_space_text):
    text = with_confirm(small_space_text, "confirm: {margin: 0.3}\n")
    assert parse_space(text).settings.confirm.margin == 0.3
    with pytest.raises(ConfigError, match=re.escape("space:16: confirm.margin: must be a ratio")):
        parse_space(text.replace("validation/mrr", "validation/log_rank"))


def test_the_papers_sigma_is_indexed_if_the_paper_is_a_control(small_space_text):
    assert 0.99 not in sigmas_needed(parse_space(small_space_text))
    paper = parse_space(with_confirm(small_space_text, "confirm: {controls: [paper]}\n"))
    assert 0.99 in sigmas_needed(paper)


def with_baselines(small_space_text, baselines, controls="[full_data]"):
    text = with_confirm(small_space_text, f"confirm: {{controls: {controls}}}\n")
    return re.sub(r"baselines: \[[^]]*\]", lambda _: f"baselines: {baselines}", text)


def test_a_named_schedule_is_a_baseline_and_a_control(small_space_text):
    ours = "{name: ours, order: hard_first, alpha: 0.6, sigma: {quantile: 0.9}}"
    text = with_baselines(small_space_text, f"[paper, {ours}]", "[full_data, ours]")
    settings = parse_space(text).settings
    assert settings.search.baseline_names == ["paper", "ours"]
    assert settings.baselines == ["full_data", "ours", "paper"]
    schedule = settings.search.named_schedules["ours"]
    assert schedule.curriculum == Curriculum(
        order="hard_first", alpha=0.6, sigma=Quantile(quantile=0.9)
    )
    assert schedule.model_dump(mode="json") == {
        "name": "ours", "order": "hard_first", "alpha": 0.6, "sigma": {"quantile": 0.9},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("baselines", "controls", "messages"),
    [
        ("[{name: ours, alpha: 40}]", "[full_data]", [
            "search.baselines.0.alpha: must be a fraction in (0, 1], got 40; write 0.40"]),
        ("[paper, {name: ours, alfa: 0.4}]", "[full_data]", [
            "search.baselines.1.alfa: must be a known setting, got 'alfa'; did you mean alpha?"]),
        ("[{name: ours}, {name: ours, alpha: 0.4}]", "[full_data]", [
            "search.baselines: must name each schedule once, got ['ours', 'ours']"]),
        ("[{name: paper, alpha: 0.4}]", "[full_data]", [
            "search.baselines.0.name: must be another name than those of the controls"]),
        ("[{name: random_order}]", "[full_data]", ["must be another name than those of the"]),
        ("[{name: trial 3}]", "[full_data]", ["search.baselines.0.name: must be a name of up to"]),
        ("[{alpha: 0.4}]", "[full_data]", ["search.baselines.0.name: is required"]),
        ("[{name: ours, alpha: {uniform: [0.1, 1]}}]", "[full_data]", [
            "search.baselines.0.alpha: must be a plain value, got an axis"]),
        ("[papr]", "[full_data]", ["baselines.0: must be one of paper, full_data, got 'papr'"]),
        ("[{name: ours}]", "[full_data, our]", [
            "confirm.controls.1: must be one of full_data", "did you mean ours?"]),
    ],
)  # fmt: skip
def test_a_mistake_of_a_named_schedule_has_its_line(
    small_space_text, baselines, controls, messages
):
    with pytest.raises(ConfigError) as caught:
        parse_space(with_baselines(small_space_text, baselines, controls))
    [line] = str(caught.value).splitlines()
    assert line.startswith("space:")
    for message in messages:
        assert message in line


def test_the_sigma_of_a_named_schedule_is_indexed(small_space_text):
    text = with_baselines(small_space_text, "[{name: ours, alpha: 0.5, sigma: 0.77}]")
    assert 0.77 in sigmas_needed(parse_space(text))
