"""The model card: training data, training, metrics and use of a model, as Markdown."""

from class_sweep.config.components import METRICS
from class_sweep.config.document import Space
from class_sweep.config.objective import DIRECTIONS, POOLS, metric_name, ranking_name
from class_sweep.models.model_folder import Manifest, TrainingMetrics
from class_sweep.results import formatting


def model_card(name: str, space: Space, manifest: Manifest, metrics: TrainingMetrics) -> str:
    """The README.md of a model folder.

    Args:
        name: The name of the folder.
        space: The configuration of the training.
        manifest: The facts about the model.
        metrics: The contents of metrics.json.
    """
    settings = space.settings
    data = ", ".join(f"{count:,} {split}" for split, count in metrics.pairs.items())
    extra = metrics.extra_molecules
    head = "| validation | " + " | ".join(METRICS) + " |\n|---" + "|---:" * len(METRICS) + "|\n"
    rows = ""
    for pool in POOLS:
        for direction in DIRECTIONS:
            names = [metric_name(pool, metric, direction) for metric in METRICS]
            values = (formatting.metric(name, metrics.validation[name]) for name in names)
            rows += f"| {ranking_name(pool, direction)} | " + " | ".join(values) + " |\n"
    return (
        f"# {name}\n\nA text–molecule retrieval model: backbone `{settings.backbone.name}`, trained"
        f" by class-sweep {manifest.version}.\n\n"
        f"## Data\n\nSource `{settings.data.source}`: {data} pairs"
        + (f", and {extra:,} molecules without text as candidates" if extra else "")
        + f". SHA-256 of the pairs: `{manifest.data_sha256}`.\n\n"
        f"Texts are encoded by `{manifest.text_encoder}`, molecules by"
        f" `{settings.molecule_encoder.kind}`; the fitted arrays are in `encoders.safetensors`"
        + ("" if manifest.transformer is None else ", the transformer itself is not")
        + ".\n\n"
        f"## Training\n\nSeed {manifest.seed}, {metrics.steps:,} steps,"
        f" {metrics.samples:,} samples ({metrics.share_of_full_data:.1%} of as many epochs"
        f" over all pairs), {formatting.seconds(metrics.seconds)}.\n\n"
        f"Candidates: `split` the validation split alone, `all` the whole data set.\n\n"
        + head
        + rows
        + f'\n## Use\n\n```\nclass-sweep retrieve {name} "a text"\n```\n\n'
        "```python\nfrom class_sweep import Model\n\n"
        f'for hit in Model.load("{name}").retrieve("a text", top=3):\n'
        "    print(hit.rank, hit.score, hit.smiles)\n```\n\n"
        f"## Settings\n\n```yaml\n{space.text}```\n"
    )
