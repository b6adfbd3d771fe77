"""The model card: training data, training, metrics and use of a model, as Markdown."""

from class_sweep.config.components import METRICS
from class_sweep.config.document import Space
from class_sweep.config.objective import DIRECTIONS, POOLS, metric_name, ranking_name
from class_sweep.errors import command_line
from class_sweep.models.model_folder import Manifest, TrainingMetrics
from class_sweep.rendering.blocks import Block, Chapter, Code, KeyValues, Table, Text
from class_sweep.rendering.markdown import markdown
from class_sweep.results import formatting


def model_card(name: str, space: Space, manifest: Manifest, metrics: TrainingMetrics) -> str:
    """The README.md of a model folder.

    Args:
        name: The name of the folder.
        space: The configuration of the training.
        manifest: The facts about the model.
        metrics: The contents of metrics.json.
    """
    about = Text(
        f"A text–molecule retrieval model: backbone {space.settings.backbone.name}, trained by"
        f" class-sweep {manifest.version}."
    )
    chapters = [
        Chapter("data", "Data", _data(space, manifest, metrics)),
        Chapter("training", "Training", _training(manifest, metrics)),
        Chapter("use", "Use", _use(name)),
        Chapter("settings", "Settings", [Code(space.text, language="yaml")]),
    ]
    return markdown(name, [about], chapters)


def _data(space: Space, manifest: Manifest, metrics: TrainingMetrics) -> list[Block]:
    settings = space.settings
    pairs = ", ".join(f"{count:,} {split}" for split, count in metrics.pairs.items())
    facts = [("source", settings.data.source), ("pairs", pairs)]
    if metrics.extra_molecules:
        facts.append(("candidates without text", f"{metrics.extra_molecules:,} molecules"))
    facts += [
        ("SHA-256 of the pairs", manifest.data_sha256),
        ("text encoder", manifest.text_encoder),
        ("molecule encoder", settings.molecule_encoder.label),
    ]
    external = manifest.transformer or manifest.molecule_files
    files = "; the files that they name are not in the folder" if external else ""
    return [
        KeyValues(facts),
        Text(f"encoders.safetensors holds the fitted arrays of the encoders{files}."),
    ]


def _training(manifest: Manifest, metrics: TrainingMetrics) -> list[Block]:
    facts = [
        ("seed", str(manifest.seed)),
        ("steps", f"{metrics.steps:,}"),
        ("samples", f"{metrics.samples:,}"),
        ("fraction of full data's samples", f"{metrics.share_of_full_data:.1%}"),
        ("time", formatting.seconds(metrics.seconds)),
    ]
    rows = []
    for pool in POOLS:
        for direction in DIRECTIONS:
            names = [metric_name(pool, metric, direction) for metric in METRICS]
            values = [
                formatting.metric(name, metrics.validation[name])
                if name in metrics.validation  # a model of version 0.2 has no log_rank
                else "–"
                for name in names
            ]
            rows.append([ranking_name(pool, direction), *values])
    return [
        KeyValues(facts),
        Text("The candidates of split are the validation split; those of all, the whole data set."),
        Table(["validation", *METRICS], rows),
    ]


def _use(name: str) -> list[Block]:
    return [
        Code(command_line("retrieve", name, "a text")),
        Code(
            "from class_sweep import Model\n\n"
            f'for hit in Model.load({name!r}).retrieve("a text", top=3):\n'
            "    print(hit.rank, hit.score, hit.smiles)\n",
            language="python",
        ),
    ]
