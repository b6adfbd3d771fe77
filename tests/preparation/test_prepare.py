"""The shared inputs of a sweep: one index per similarity, at every σ that a trial can need."""

import re

import pytest
from safetensors.numpy import load_file, save_file

from class_sweep.base.array_cache import ArrayCache
from class_sweep.base.hashing import fingerprint
from class_sweep.config.components import BACKBONES, Component
from class_sweep.config.document import dump_settings, parse_space
from class_sweep.config.identity import identity
from class_sweep.config.sigma import Quantile
from class_sweep.curriculum.baselines import baseline_config
from class_sweep.difficulty import stored
from class_sweep.difficulty.similarity import CLASS_SIMILARITY, Similarity
from class_sweep.errors import ConfigError, DataError
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.difficulty_indexes import similarities
from class_sweep.preparation.prepare import prepare
from class_sweep.preparation.rules import require_consistent
from class_sweep.training.loop import Trainer, curriculum_order

SIGMA = "sigma: {uniform: [0.40, 0.80], step: 0.05}"


@pytest.fixture
def edited(small_space_text):
    def edit(*changes):
        text = small_space_text
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        return parse_space(text, "small.yaml")

    return edit


@pytest.fixture
def ready(cache, callback):
    return lambda space: prepare(space, cache, Clock(), callback)


def test_every_sigma_of_the_space_and_of_its_baselines_is_counted(edited, ready):
    space = edited(("baselines: [full_data]", "baselines: [paper, full_data]"))
    index = ready(space).features.indexes[CLASS_SIMILARITY]
    assert index.sigmas.tolist() == [0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.99]


def test_an_index_is_counted_once_and_then_read(edited, cache, callback, monkeypatch):
    space = edited()
    first = prepare(space, cache, Clock(), callback).features.indexes[CLASS_SIMILARITY]

    def never(*_, **__):
        raise AssertionError("counted again")

    monkeypatch.setattr("class_sweep.preparation.difficulty_indexes.build_index", never)
    second = prepare(space, cache, Clock(), callback).features.indexes[CLASS_SIMILARITY]
    assert second.checksum() == first.checksum()


@pytest.fixture
def rebuild_warning(edited, tmp_path, callback, caplog):
    """Index a space, damage its cached index, index it again, and return the warning."""
    cache = ArrayCache(tmp_path)

    def rebuild(damage):
        space = edited()
        first = prepare(space, cache, Clock(), callback).features.indexes[CLASS_SIMILARITY]
        (path,) = [p for p in tmp_path.glob("*.safetensors") if "stored_data" in load_file(p)]
        damage(path)
        caplog.clear()
        second = prepare(space, cache, Clock(), callback).features.indexes[CLASS_SIMILARITY]
        assert second.checksum() == first.checksum()
        (warning,) = caplog.messages
        caplog.clear()
        prepare(space, cache, Clock(), callback)
        assert caplog.messages == []  # the rebuilt index is in the cache
        return warning

    return rebuild


def test_an_index_of_another_version_is_rebuilt_with_a_warning(rebuild_warning, monkeypatch):
    version = stored.INDEX_VERSION
    warning = rebuild_warning(lambda _: monkeypatch.setattr(stored, "INDEX_VERSION", version + 1))
    expected = f"a cached index must be of version {version + 1}, got {version}: rebuilding"
    assert warning.startswith(expected)


def test_an_index_of_other_features_is_rebuilt_with_a_warning(rebuild_warning):
    def replace_checksum(path):
        tensors = load_file(path)
        tensors["stored_data"][:] = ord("0")
        key = path.stem
        save_file(tensors, path, metadata={"sha256": fingerprint(key, tensors)})

    assert ", got 000000000000…: rebuilding" in rebuild_warning(replace_checksum)


def test_a_truncated_or_altered_index_is_rebuilt_with_a_warning(rebuild_warning):
    def truncate(path):
        path.write_bytes(path.read_bytes()[:-9])

    def alter(path):
        data = bytearray(path.read_bytes())
        data[-5] ^= 1
        path.write_bytes(bytes(data))

    assert rebuild_warning(truncate).startswith("a cache entry must be readable, got")
    assert rebuild_warning(alter).startswith("a cache entry must match its checksum")


def test_sigma_as_a_quantile_fits_any_encoder(edited, ready):
    space = edited((SIGMA, "sigma: {quantile: [0.5, 0.98]}"))
    assert list(space.axes)[3] == "curriculum.sigma.quantile"
    assert space.sigmas()[:2] == [Quantile(quantile=0.5), Quantile(quantile=0.51)]
    features = ready(space).features
    index = features.indexes[CLASS_SIMILARITY]
    share = (index.nearest >= index.sigma_at(0.9)).mean()
    assert share == pytest.approx(0.1, abs=0.02)
    for quantile in (0.5, 0.73, 0.98):
        settings = space.resolve({"curriculum.sigma.quantile": quantile, "curriculum.alpha": 0.5})
        trainer = Trainer(settings, features)
        assert trainer.schedule.steps > 0
        one_trial = settings.search.model_copy(update={"trials": 1, "baselines": []})
        reloaded = parse_space(dump_settings(settings.model_copy(update={"search": one_trial})))
        assert identity(reloaded.settings) == identity(settings)


def test_the_paper_baseline_replaces_a_quantile_by_its_sigma(edited):
    space = edited(
        (SIGMA, "sigma: {quantile: [0.5, 0.98], step: 0.02}"),
        ("baselines: [full_data]", "baselines: [paper]"),
    )
    settings = space.resolve(baseline_config(space, "paper"))
    assert settings.curriculum.sigma == 0.99


def test_a_fixed_quantile_is_a_setting(edited):
    sigma = edited((SIGMA, "sigma: {quantile: 0.9}")).settings.curriculum.sigma
    assert sigma == Quantile(quantile=0.9)


@pytest.mark.parametrize(
    ("sigma", "expected"),
    [
        ("{quantile: [0.9, 0.5]}", "curriculum.sigma.quantile: uniform must go from low to high"),
        ("{quantile: 40}", "curriculum.sigma.quantile: must be a fraction in [0, 1], got 40"),
        (
            "{quantile: 0.9, foo: 1}",
            "curriculum.sigma.foo: must be a known setting, got 'foo'; known",
        ),
        ("{quantile: [0.5, 0.9], uniform: [0.1, 0.2]}", "got quantile as well"),
        ("{quantil: 0.9}", "curriculum.sigma.quantile: is required"),
        ("{unifrom: [0.5, 0.9]}", "or an axis, got {'unifrom': [0.5, 0.9]}; did you mean uniform?"),
        ("0.9\n  sigma_quantile: 0.5", "curriculum.sigma_quantile: must be written sigma: {quan"),
    ],
)
def test_an_invalid_quantile_is_an_error(edited, sigma, expected):
    with pytest.raises(ConfigError, match=r"small\.yaml:\d+: ") as caught:
        edited((SIGMA, f"sigma: {sigma}"))
    assert expected in str(caught.value)


def test_each_similarity_of_the_space_has_an_index(edited, ready):
    space = edited(
        ("  order:", "  text_weight: {choice: [0.0, 0.5, 1.0]}\n"
         "  molecule_similarity: {choice: [cosine, tanimoto]}\n  order:"),
    )  # fmt: skip
    expected = {Similarity(w, m) for w in (0.0, 0.5) for m in ("cosine", "tanimoto")} | {
        Similarity(1.0)
    }  # with text_weight 1 the molecule similarity has no effect
    prepared = ready(space)
    assert set(prepared.features.indexes) == set(prepared.diagnoses) == expected
    orders = {
        tuple(
            curriculum_order(
                space.resolve(
                    {
                        "curriculum.sigma": 0.4,
                        "curriculum.text_weight": s.text_weight,
                        "curriculum.molecule_similarity": s.molecule,
                    }
                ),
                prepared.features,
            )
        )
        for s in expected
    }
    assert len(orders) == len(expected)


def test_a_text_weight_gets_a_grid_of_at_most_24_similarities(edited):
    axis = ("  order:", "  text_weight: {uniform: [0.0, 1.0]}\n  order:")
    assert len(similarities(edited(axis))) == 11
    finer = (axis[0], axis[1].replace("]}", "], step: 0.01}"))
    with pytest.raises(ConfigError, match="similarities must be at most 24"):
        similarities(edited(finer))


def test_a_similarity_without_an_index_is_an_error(edited, ready):
    prepared = ready(edited())
    settings = edited(("  order:", "  text_weight: 0.25\n  order:")).settings
    with pytest.raises(DataError, match=r"must be one of the index .*, got 0\.25 text"):
        Trainer(settings, prepared.features)


def test_intensity_keys_must_be_loss_parts_of_the_backbone(edited, ready):
    choice = "intensity: {choice: [constant, sigmoid, inverse]}"
    space = edited((choice, "intensity: {contrastive: {choice: [constant, inverse]}}"))
    assert "curriculum.intensity.contrastive" in space.axes
    ready(space)
    with pytest.raises(ConfigError, match=r"small\.yaml:10: curriculum\.intensity: .*contrastive"):
        ready(edited((choice, "intensity: {adversarial: inverse}")))


BACKBONES_WITHOUT_WEIGHTS = {
    "aman": "must be 0 for the loss of Aman, which has backbone.softness for this",
    "toy": (
        r"must be 0 for the loss of ToyBackbone, which does not read it"
        r" \(weighs_negatives is False\)"
    ),
}


@pytest.mark.parametrize("name", BACKBONES_WITHOUT_WEIGHTS)
@pytest.mark.parametrize(
    ("written", "largest"),
    [("0.5", "0.5"), ("{uniform: [0, 2]}", "2"), ("{choice: [0, 1]}", "1")],
)
def test_hard_negatives_need_a_loss_that_weighs_them(edited, monkeypatch, name, written, largest):
    monkeypatch.setitem(
        BACKBONES._components,
        "toy",
        Component("toy_components:ToyBackbone", "toy_components:ToyBackboneSettings"),
    )
    backbone = f"backbone: {{name: {name}}}"
    encoder = ("{kind: morgan", "{kind: mol2vec, epochs: 1} #")
    space = edited(
        ("backbone: {name: contrastive", f"{backbone} #"), encoder,
        ("  order:", f"  hard_negatives: {written}\n  order:"),
    )  # fmt: skip
    with pytest.raises(ConfigError) as caught:
        require_consistent(space)
    assert re.fullmatch(
        rf"small\.yaml:\d+: curriculum\.hard_negatives: {BACKBONES_WITHOUT_WEIGHTS[name]},"
        rf" got {largest}",
        str(caught.value),
    )


@pytest.mark.parametrize(("written", "least"), [("3", 3), ("{choice: [32, 2]}", 2)])
def test_a_batch_must_have_a_pair_for_each_gpu_of_a_trial(edited, written, least):
    batch, resources = ("batch_size: 32", f"batch_size: {written}"), "{cpus: 1}"
    with pytest.raises(ConfigError) as caught:
        require_consistent(edited(batch, (resources, "{cpus: 1, gpus: 4}")))
    assert re.fullmatch(
        r"small\.yaml:\d+: optimizer\.batch_size: must be at least resources\.gpus \(4\), because"
        rf" each GPU encodes a part of the batch, got {least}",
        str(caught.value),
    )
    require_consistent(edited(batch, (resources, f"{{cpus: 1, gpus: {least}}}")))
    require_consistent(edited(batch, (resources, "{cpus: 1, gpus: 0.5}")))


def test_the_tie_warning_considers_only_the_sigmas_of_the_search(edited, ready):
    paper = ("baselines: [full_data]", "baselines: [paper]")
    high = (SIGMA, "sigma: {uniform: [0.90, 0.99], step: 0.01}")
    low = (SIGMA, "sigma: {uniform: [0.30, 0.40], step: 0.05}")
    [warning] = ready(edited(high, paper)).warnings
    assert "more than half of the pairs tie" in warning
    assert ready(edited(low, paper)).warnings == []  # the search cannot choose the paper's 0.99


@pytest.mark.parametrize(
    ("backbone", "expected"),
    [
        ("{name: aman}", "molecule_encoder.kind: must be mol2vec for aman"),
        (
            "{name: text2mol, molecule: {choice: [mlp, gcn]}}",
            "molecule_encoder.kind: must be mol2vec for text2mol",
        ),
        (
            "{name: orma, token_depth: {uniform: [0.2, 0.8]}}",
            "backbone: token_depth and multitoken_depth must be plain values",
        ),
    ],
)
def test_a_backbone_whose_inputs_no_encoder_provides_is_an_error(edited, ready, backbone, expected):
    space = edited(("{name: contrastive, hidden: 32, dimension: 16}", backbone))
    with pytest.raises(ConfigError, match=r"^small\.yaml:[34]: ") as caught:
        ready(space)
    assert expected in str(caught.value)


def test_tokens_need_a_transformer(edited, ready):
    space = edited(
        ("{name: contrastive, hidden: 32, dimension: 16}", "{name: orma}"),
        ("{kind: morgan, bits: 256}", "{kind: mol2vec, dimensions: 8, epochs: 1}"),
    )
    with pytest.raises(ConfigError, match=r"must be huggingface for orma, .*, got lsa"):
        ready(space)
