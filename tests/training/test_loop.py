"""The training loop: its steps, and their independence of cuts and of earlier trials."""

import math
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from class_sweep.backbones.backbone import Backbone, Encoded
from class_sweep.backbones.batch import InputSpec, Molecules, Texts
from class_sweep.backbones.critic import Critic
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.document import parse_space
from class_sweep.config.sections import Settings
from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.similarity import CLASS_SIMILARITY
from class_sweep.errors import TrainingError
from class_sweep.training import loop
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer, rate_share

TRAIN, HELD = 96, 24


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def features() -> TrialFeatures:
    generator = np.random.default_rng(0)
    hidden = generator.normal(size=(TRAIN + HELD, 6))
    text = (hidden @ generator.normal(size=(6, 12))).astype(np.float32)
    molecule = (hidden @ generator.normal(size=(6, 20))).astype(np.float32)
    split = np.repeat(np.array([0, 1], np.int8), [TRAIN, HELD])
    index = build_index(text[:TRAIN], molecule[:TRAIN], [0.4, 0.6])
    for array in (text, molecule, split, *index.arrays().values()):
        array.flags.writeable = False  # like shared memory
    return TrialFeatures(text, molecule, split, {CLASS_SIMILARITY: index})


def make_settings(
    curriculum: str = "",
    *,
    optimizer: str = "",
    epochs: int = 6,
    seed: int = 0,
    dropout: float = 0.2,
) -> Settings:
    return parse_space(
        f"""\
data: {{source: names}}
text_encoder: {{kind: lsa}}
molecule_encoder: {{kind: morgan}}
backbone: {{name: contrastive, hidden: 16, dimension: 8, dropout: {dropout}}}
curriculum: {{sigma: 0.4{", " * bool(curriculum)}{curriculum}}}
optimizer: {{batch_size: 8, lr: 0.01{", " * bool(optimizer)}{optimizer}}}
budget: {{epochs: {epochs}}}
search: {{trials: 1, seed: {seed}}}
"""
    ).settings


RANDOM = "order: hard_first, alpha: 0.4, beta: 0.15, intensity: inverse"
HARD_NEGATIVES = RANDOM + ", hard_negatives: 1.5"


def state(trainer: Trainer) -> list[torch.Tensor]:
    """The complete state that training changes."""
    optimizer = trainer._optimizer.state_dict()["state"]
    return [
        *trainer.backbone.state_dict().values(),
        *(tensor for entry in optimizer.values() for tensor in entry.values()),
        torch.get_rng_state(),
    ]


def same_bits(first: list[torch.Tensor], second: list[torch.Tensor]) -> bool:
    return len(first) == len(second) and all(
        torch.equal(a, b) for a, b in zip(first, second, strict=True)
    )


@pytest.mark.parametrize(
    "curriculum",
    [RANDOM, HARD_NEGATIVES],
    ids=["random", "hard_negatives"],
)
def test_a_resumed_run_equals_an_uncut_run_to_the_bit(features, tmp_path, curriculum):
    settings = make_settings(curriculum)
    straight = Trainer(settings, features)
    steps, ends = straight.schedule.steps, straight.schedule.ends
    straight.train_to(steps)
    whole = state(straight)
    at_an_epochs_end, within_an_epoch = ends[1], ends[2] + 2
    assert within_an_epoch not in ends
    for cut in (0, 1, at_an_epochs_end, within_an_epoch, steps - 1, steps):
        first = Trainer(settings, features)
        first.train_to(cut)
        first.save(tmp_path / "state.pt")
        torch.manual_seed(1234)  # the process may have done anything in between
        second = Trainer(settings, features)
        second.restore(tmp_path / "state.pt")
        assert second.step == cut
        second.train_to(steps)
        assert same_bits(state(second), whole), cut


def test_many_cuts_with_evaluations_change_nothing(features, tmp_path):
    settings = make_settings(RANDOM)
    straight = Trainer(settings, features)
    straight.train_to(straight.schedule.steps)
    whole = state(straight)
    trainer = Trainer(settings, features)
    for step in range(0, trainer.schedule.steps, 5):
        trainer.train_to(step)
        trainer.evaluate("validation", ("split", "all"))
        trainer.save(tmp_path / "state.pt")
        trainer = Trainer(settings, features)
        trainer.restore(tmp_path / "state.pt")
    trainer.train_to(trainer.schedule.steps)
    assert same_bits(state(trainer), whole)


def test_a_trial_does_not_depend_on_an_earlier_trial(features):
    settings = make_settings(RANDOM, seed=5)
    alone = Trainer(settings, features)
    alone.train_to(alone.schedule.steps)
    expected = state(alone)
    before = Trainer(make_settings("intensity: decreasing", epochs=2, seed=9), features)
    before.train_to(before.schedule.steps - 3)
    np.random.seed(7)  # noqa: NPY002 - a global that a trial must not look at
    after = Trainer(settings, features)
    after.train_to(after.schedule.steps)
    assert same_bits(state(after), expected)


def test_the_seed_changes_a_trial_and_the_shared_arrays_stay(features):
    before = (
        features.index_for(Curriculum()).checksum(),
        features.text.sum(),
        features.molecule.sum(),
    )
    finals = []
    for settings in (
        make_settings(RANDOM),
        make_settings(RANDOM, seed=1),
    ):
        trainer = Trainer(settings, features)
        trainer.train_to(trainer.schedule.steps)
        finals.append(trainer.backbone.state_dict()["text_head.1.weight"])
    assert not torch.equal(finals[0], finals[1])
    assert (
        features.index_for(Curriculum()).checksum(),
        features.text.sum(),
        features.molecule.sum(),
    ) == before


def test_rows_on_the_device_and_in_shared_memory_give_equal_batches(features):
    trainer = Trainer(make_settings(RANDOM), features)
    (epoch, block), *_ = trainer._sampler.spans(0, 4)
    gathered = list(trainer._batches(block))
    trainer._resident = trainer._all_rows()
    resident = list(trainer._batches(block))
    assert epoch == 0
    assert len(gathered) == len(resident) == len(block)
    for ((one,),), ((other,),) in zip(gathered, resident, strict=True):
        assert torch.equal(one.texts.sentence, other.texts.sentence)
        assert torch.equal(one.molecules.vectors, other.molecules.vectors)


def test_the_loss_falls_and_is_reported_without_the_intensity(features):
    losses = {}
    for name in ("constant", "inverse"):
        trainer = Trainer(make_settings(f"intensity: {name}", dropout=0), features)
        losses[name] = [trainer.train_to(1), trainer.train_to(trainer.schedule.steps)]
    assert losses["constant"][0] == losses["inverse"][0]  # before any step
    assert losses["constant"][1] < losses["constant"][0]
    trainer = Trainer(make_settings(), features)
    assert math.isnan(trainer.train_to(0))


def test_the_reported_loss_is_the_mean_of_its_steps(features):
    trainer = Trainer(make_settings(RANDOM), features)
    losses = [trainer.train_to(step) for step in range(1, 8)]
    assert Trainer(make_settings(RANDOM), features).train_to(7) == pytest.approx(np.mean(losses))


def test_a_loss_that_is_not_finite_ends_the_trial(features):
    broken = TrialFeatures(
        np.full_like(features.text, np.inf),
        features.molecule,
        features.split,
        features.indexes,
    )
    trainer = Trainer(make_settings(), broken)
    with pytest.raises(
        TrainingError, match=r"must stay a finite number, got nan by step 3 .lr 0.01"
    ):
        trainer.train_to(3)


def test_hard_negatives_reach_the_loss(features):
    def loss(rho):
        # Each trains at once: its dropout is drawn from the seed that it has just set.
        return Trainer(make_settings(f"hard_negatives: {rho}"), features).train_to(1)

    assert loss(0) == loss(0)
    assert len({loss(rho) for rho in (0, 1, 2)}) == 3


def test_a_fixed_temperature_stays_and_a_learned_one_moves(features):
    for learned in (True, False):
        settings = make_settings()
        fields = {"temperature": 0.2, "learn_temperature": learned}
        backbone = settings.backbone.model_copy(update=fields)
        trainer = Trainer(settings.model_copy(update={"backbone": backbone}), features)
        trainer.train_to(5)
        temperature = 1 / trainer.backbone.log_scale.exp().item()
        assert (temperature == pytest.approx(0.2, rel=1e-6)) != learned


def test_a_curriculum_that_does_not_fit_the_backbone_or_the_index_is_refused(features):
    with pytest.raises(ValueError, match="one of contrastive, got 'adversarial'"):
        Trainer(make_settings("intensity: {adversarial: inverse}"), features)


def test_the_rate_warms_up_and_ends_near_0_over_the_trials_own_steps(features):
    for curriculum in ("", RANDOM):
        settings = make_settings(curriculum, optimizer="warmup: 0.1")
        steps = Trainer(settings, features).schedule.steps
        rates = [rate_share(settings.optimizer, step, steps) for step in range(steps)]
        peak = rates.index(max(rates))
        assert peak == math.floor(0.1 * steps)
        assert rates[peak] == pytest.approx(1)
        assert rates[: peak + 1] == sorted(rates[: peak + 1])
        assert rates[peak:] == sorted(rates[peak:], reverse=True)
        assert 0 < rates[-1] < 0.01


def test_the_rate_warms_up_for_the_given_number_of_steps():
    settings = make_settings(optimizer="warmup_steps: 3").optimizer
    shares = [rate_share(settings, step, 60) for step in range(60)]
    assert shares[:4] == pytest.approx([0.25, 0.5, 0.75, 1])
    assert shares[4] < 1


class Slopes(Backbone):
    """Two scalars with losses of constant slope: their steps are those of the optimizer alone."""

    parts: ClassVar[tuple[str, ...]] = ("a", "b")

    def __init__(self) -> None:
        super().__init__(None, InputSpec(12, 20))
        self.a = nn.Parameter(torch.zeros(()))
        self.b = nn.Parameter(torch.zeros(()))

    def project_texts(self, texts: Texts) -> Encoded:
        return {"embedding": texts.sentence}

    def project_molecules(self, molecules: Molecules) -> Encoded:
        return {"embedding": molecules.vectors}

    def loss_parts(self, texts: Encoded, molecules: Encoded) -> Encoded:  # noqa: ARG002
        return {"a": 0.3 * self.a, "b": 0.7 * self.b}


@pytest.fixture
def steps_taken(features, monkeypatch):
    """The step of `a` and of `b` at every optimizer step of a curriculum, (steps, 2)."""
    monkeypatch.setattr(loop, "build_backbone", lambda *_: Slopes())

    def taken(curriculum: str, epochs: int = 5) -> np.ndarray:
        settings = make_settings(curriculum, optimizer="warmup: 0", epochs=epochs)
        trainer = Trainer(settings, features)
        places = [(0.0, 0.0)]
        for step in range(trainer.schedule.steps):
            trainer.train_to(step + 1)
            places.append((float(trainer.backbone.a.detach()), float(trainer.backbone.b.detach())))
        return np.abs(np.diff(np.array(places, np.float64), axis=0))

    return taken


PER_EPOCH = TRAIN // 8
CURVES = {
    "sigmoid": [1 / (1 + math.exp(-k - 1)) for k in range(1, 6)],
    "inverse": [k / (1 + k) for k in range(1, 6)],
    "power": [k**2 / (1 + k**2) for k in range(1, 6)],
    "decreasing": [1 / (1 + k) for k in range(1, 6)],
}


@pytest.mark.parametrize("name", CURVES)
def test_an_intensity_of_the_learning_rate_scales_the_steps_by_gamma(steps_taken, name):
    ratio = steps_taken(f"intensity: {name}, intensity_target: learning_rate") / steps_taken("")
    by_epoch = ratio.reshape(5, PER_EPOCH, 2)
    # The last steps are tiny, so float32 rounds them.
    expected = np.array(CURVES[name])[:, None, None]
    assert by_epoch[:4] == pytest.approx(np.broadcast_to(expected[:4], (4, PER_EPOCH, 2)), rel=0.01)


@pytest.mark.parametrize("name", CURVES)
def test_adamw_cancels_a_constant_gamma_on_the_loss_and_follows_its_changes(steps_taken, name):
    """AdamW's moments decide the steps: m follows a change in 10 steps, √v in 1000.

    Through the first epoch γ is one factor, and the steps are those of no intensity at all. From
    the first change on they overshoot in γ's direction: for a slope g, m/√v is γ(k) over the root
    mean square of all γ so far, so a growing γ takes steps above 1 and a falling one below, however
    small γ itself is.
    """
    ratio = (steps_taken(f"intensity: {name}") / steps_taken(""))[: 4 * PER_EPOCH, 0]
    first, later = ratio[:PER_EPOCH], ratio[PER_EPOCH:]
    assert first == pytest.approx(np.ones(PER_EPOCH), rel=0.01)
    gammas = np.repeat(CURVES[name], PER_EPOCH)[: 4 * PER_EPOCH]
    assert later == pytest.approx(_adam_against_constant(gammas)[PER_EPOCH:], rel=0.02)
    assert (later < 1.001).all() if name == "decreasing" else (later > 0.999).all()
    assert abs(later[-1] - 1) > abs(gammas[PER_EPOCH] - gammas[0]) / 10  # the change has an effect


def _adam_against_constant(gammas: np.ndarray) -> np.ndarray:
    """m̂/√v̂ for a slope of 1 times γ: Adam's steps (Kingma and Ba, arXiv 1412.6980) against 1."""
    first = second = 0.0
    ratios = []
    for step, gamma in enumerate(gammas, start=1):
        first = 0.9 * first + 0.1 * gamma
        second = 0.999 * second + 0.001 * gamma**2
        ratios.append(first / (1 - 0.9**step) / math.sqrt(second / (1 - 0.999**step)))
    return np.array(ratios)


def test_the_effect_of_a_change_of_gamma_fades():
    # √v forgets in about 1000 steps: after a long epoch the last γ has little effect.
    long = _adam_against_constant(np.repeat([0.5, 1.0], 6000))
    assert long[6050] > 1.5
    assert long[-1] == pytest.approx(1, abs=0.01)


def test_an_intensity_of_one_part_changes_only_that_part(steps_taken):
    plain, one = steps_taken(""), steps_taken("intensity: {a: inverse}")
    assert np.array_equal(one[:, 1], plain[:, 1])
    assert one[PER_EPOCH:, 0].sum() > 1.05 * plain[PER_EPOCH:, 0].sum()
    whole = steps_taken("intensity: inverse")
    assert np.array_equal(steps_taken("intensity: {a: inverse, b: inverse}"), whole)
    assert np.array_equal(one[:, 0], whole[:, 0])


class Criticised(Slopes):
    """The same with a critic whose loss may follow the intensity of part `a`."""

    def __init__(self, part: str | None) -> None:
        super().__init__()
        self.adversary = Critic(12, lr=1e-3, steps=2, penalty=10.0, part=part)

    @property
    def critic(self) -> Critic:
        return self.adversary

    def project_molecules(self, molecules: Molecules) -> Encoded:
        return {"embedding": molecules.vectors[:, :12]}


def test_the_loss_of_a_critic_follows_the_intensity_of_its_part(features, monkeypatch):
    def gradients(part, intensity):
        monkeypatch.setattr(loop, "build_backbone", lambda *_: Criticised(part))
        trainer = Trainer(make_settings(f"intensity: {{a: {intensity}}}"), features)
        monkeypatch.setattr(torch.optim.Adam, "step", lambda *_: None)  # equal weights throughout
        trainer.train_to(1)
        return [parameter.grad for parameter in trainer.backbone.critic.parameters()]

    plain, without_part = gradients("a", "constant"), gradients(None, "inverse")
    followed = gradients("a", "inverse")
    assert all(gradient.any() for gradient in plain[:-1])  # the last bias cancels
    for gradient, same, halved in zip(plain, without_part, followed, strict=True):
        torch.testing.assert_close(same, gradient)
        torch.testing.assert_close(halved, gradient / 2)  # γ(1) = 1/2


def test_an_epoch_of_gamma_0_trains_nothing(steps_taken):
    taken = steps_taken("intensity: inverse, intensity_start: 0")
    assert (taken[:PER_EPOCH] == 0).all()
    assert (taken[PER_EPOCH : 2 * PER_EPOCH] > 0).all()
