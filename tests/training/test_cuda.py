"""Training and evaluation on a CUDA device against the CPU; skipped without such a device."""

import pytest
import torch

from class_sweep.config.components import BACKBONES
from class_sweep.config.document import parse_space
from class_sweep.execution.tune.trainable import CurriculumTrial
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.prepare import prepare
from class_sweep.results.callback import Callback
from class_sweep.training.loop import Trainer

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

SPACE = """\
data: {{source: names, limit: 300}}
text_encoder: {{model: {model}, trainable: {trainable}, max_tokens: 32}}
molecule_encoder: {{kind: mol2vec, dimensions: 12, epochs: 1}}
backbone: {{name: {backbone}, hidden: 16, dimension: 8, dropout: 0.0}}
curriculum: {{sigma: 0.9, alpha: 0.6}}
optimizer: {{lr: 1e-2, text_encoder_lr: 1e-3, batch_size: {batch}{parts}}}
budget: {{epochs: 4}}
search: {{trials: 1}}
objective: validation/mrr
"""


@pytest.fixture
def trained_on(tiny_bert, cache):
    """A trainer of a backbone, and its space."""

    def build(name, *, gpu, trainable=True, batch=32, parts=""):
        text = SPACE.format(
            model=tiny_bert,
            trainable=str(trainable).lower(),
            backbone=name,
            batch=batch,
            parts=parts,
        )
        space = parse_space(text)
        features = prepare(space, cache, Clock(), Callback()).features
        return Trainer(space.settings, features, gpu=gpu), space, features

    return build


@pytest.mark.parametrize("trainable", [True, False], ids=["end-to-end", "frozen"])
@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_a_gpu_trains_and_scores_like_the_cpu(trained_on, tmp_path, name, trainable):
    trainer, _, _ = trained_on(name, gpu=True, trainable=trainable)
    first = trainer.train_to(2)
    trainer.train_to(trainer.schedule.steps - 2)
    assert trainer.train_to(trainer.schedule.steps) < first
    trainer.save(tmp_path / "state")
    other, _, _ = trained_on(name, gpu=False, trainable=trainable)
    other.restore(tmp_path / "state")
    on_gpu, on_cpu = (t.evaluate("validation", ("split", "all")) for t in (trainer, other))
    assert on_gpu.keys() == on_cpu.keys()
    # bfloat16 moves ranks by a little.
    assert on_gpu["split/mrr"] == pytest.approx(on_cpu["split/mrr"], abs=0.05)


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_a_gpu_trial_resumes_from_a_checkpoint(trained_on, tmp_path, name):
    whole, _, _ = trained_on(name, gpu=True)
    whole.train_to(6)
    whole.save(tmp_path / "state")
    expected = whole.train_to(10)
    again, _, _ = trained_on(name, gpu=True)
    again.restore(tmp_path / "state")
    assert again.step == 6
    # Atomic additions have no fixed order.
    assert again.train_to(10) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_a_batch_in_parts_trains_like_the_whole_batch(trained_on, name):
    whole, _, _ = trained_on(name, gpu=True, trainable=False)  # no dropout, which draws by part
    parts, _, _ = trained_on(name, gpu=True, trainable=False, parts=", micro_batch_size: 8")
    assert parts.train_to(4) == pytest.approx(whole.train_to(4), rel=0.02)


def test_an_error_of_a_full_gpu_names_the_batch_size(trained_on):
    _, space, features = trained_on("orma", gpu=False, batch=128)

    class Bound(CurriculumTrial):
        def setup(self, config):
            super().setup(config, space=space, features=features.arrays(), gpu=True)

    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(8 * 2**20 / total)
    try:
        trial = Bound({"trial": 0, "values": {}, "checkpoint": None})
        report = trial.step()["report"]
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert "out of memory" in report.failure
    assert "batch_size 128" in report.failure
    trial.stop()
