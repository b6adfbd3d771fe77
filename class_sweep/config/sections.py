"""The settings of one trial, section by section, each with its unit and its bounds.

A space file is these settings with some values replaced by axes; see `class_sweep.config.document`.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

SPLITS = ("train", "validation", "test")


class Section(BaseModel):
    """A strict, immutable group of settings: unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _fraction(value: float) -> float:
    if 0 < value <= 1:
        return value
    hint = f"; write {value / 100:.2f}" if 1 < value <= 100 else ""
    raise PydanticCustomError("rule", "a fraction in (0, 1]{hint}", {"hint": hint})


def _share(value: float) -> float:
    if 0 <= value <= 1:
        return value
    hint = f"; write {value / 100:.2f}" if 1 < value <= 100 else ""
    raise PydanticCustomError("rule", "a fraction in [0, 1]{hint}", {"hint": hint})


def _expanded(value: Path) -> Path:
    return value.expanduser()


Fraction = Annotated[float, AfterValidator(_fraction)]
Share = Annotated[float, AfterValidator(_share)]
UserPath = Annotated[Path, AfterValidator(_expanded)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


# --- data -------------------------------------------------------------------------------------


class Chebi20Data(Section):
    """A folder in MolT5's layout of ChEBI-20: train.txt, validation.txt, test.txt."""

    source: Literal["chebi20"]
    path: UserPath


class Columns(Section):
    """The names of the columns of a user's table; `split` is optional, as is `id`."""

    smiles: str = "smiles"
    text: str = "text"
    id: str | None = None
    split: str | None = None


class SplitRule(Section):
    """Seeded fractions of the molecules (or scaffolds) for each split; they add up to 1."""

    by: Literal["molecule", "scaffold"] = "molecule"
    train: Fraction = 0.8
    validation: Fraction = 0.1
    test: Share = 0.1
    seed: Seed = 0


class TableData(Section):
    """A user's own CSV, TSV, Parquet or JSON Lines file; splits from a column or by rule."""

    source: Literal["table"]
    path: UserPath
    columns: Columns = Columns()
    split: SplitRule = SplitRule()


class NamesData(Section):
    """Molecules of the `chemicals` package with their IUPAC names and synonyms."""

    source: Literal["names"]
    limit: Annotated[int, Field(ge=100, description="pairs kept, all splits together")] = 6000
    seed: Seed = 0


Data = Annotated[Chebi20Data | TableData | NamesData, Field(discriminator="source")]


# --- encoders ---------------------------------------------------------------------------------


class LsaEncoder(Section):
    """TF-IDF and truncated SVD, fitted on the training texts: no weights to bring."""

    kind: Literal["lsa"] = "lsa"
    dimensions: Annotated[int, Field(ge=2, le=2048)] = 256
    seed: Seed = 0


class HuggingFaceEncoder(Section):
    """A pretrained transformer by name or local path, frozen."""

    kind: Literal["huggingface"] = "huggingface"
    model: str
    pooling: Literal["mean", "cls"] = "mean"
    max_tokens: Annotated[int, Field(ge=2, le=8192, description="tokens; the rest is cut")] = 256
    batch_size: Annotated[int, Field(ge=1, description="texts at a time")] = 32


def _text_encoder_kind(value: Any) -> str:
    if not isinstance(value, dict):
        return str(getattr(value, "kind", "lsa"))
    return str(value.get("kind", "huggingface" if "model" in value else "lsa"))


TextEncoder = Annotated[
    Annotated[LsaEncoder, Tag("lsa")] | Annotated[HuggingFaceEncoder, Tag("huggingface")],
    Discriminator(_text_encoder_kind),
]


class Mol2vecEncoder(Section):
    """Sum of substructure vectors, read from a file or trained on the corpus (seeded)."""

    kind: Literal["mol2vec"]
    vectors: UserPath | None = None
    allow_pickle: bool = False
    radius: Annotated[int, Field(ge=0, le=4, description="bonds")] = 1
    dimensions: Annotated[int, Field(ge=2, le=2048, description="when trained here")] = 300
    epochs: Annotated[int, Field(ge=1, description="when trained here")] = 5
    seed: Seed = 0


class MorganEncoder(Section):
    """RDKit's Morgan count fingerprint, log-scaled."""

    kind: Literal["morgan"]
    bits: Annotated[int, Field(ge=16, le=16384)] = 1024
    radius: Annotated[int, Field(ge=0, le=6, description="bonds")] = 2


MoleculeEncoder = Annotated[Mol2vecEncoder | MorganEncoder, Field(discriminator="kind")]


# --- what a trial trains ----------------------------------------------------------------------


class ContrastiveBackbone(Section):
    """Two projection heads over frozen features, in-batch negatives."""

    name: Literal["contrastive"]
    hidden: Annotated[int, Field(ge=1, le=65536, description="units")] = 512
    dimension: Annotated[int, Field(ge=1, le=65536, description="of the shared space")] = 256
    dropout: Annotated[float, Field(ge=0, lt=1, description="probability")] = 0.1
    temperature: Annotated[float, Field(gt=0, le=10, description="initial; it is learned")] = 0.07


Backbone = Annotated[ContrastiveBackbone, Field()]

Order = Literal["easy_first", "hard_first", "random"]
Ties = Literal["mean_similarity", "random"]
Intensity = Literal["constant", "sigmoid", "inverse"]


class Curriculum(Section):
    """The schedule. Defaults are no curriculum at all: every pair in every epoch."""

    order: Order = "easy_first"
    ties: Ties = "mean_similarity"
    alpha: Fraction = 1.0  # fraction of the pairs in the first epoch
    beta: Share = 0.0  # fraction of the pairs added with each epoch
    sigma: Annotated[float, Field(gt=0, le=1, description="similarity threshold")] = 0.99
    intensity: Intensity = "constant"
    intensity_acts_on: Literal["loss", "learning_rate"] = "loss"
    pacing_start: Annotated[int, Field(ge=0, description="k of the first epoch in λ(k)")] = 0
    intensity_start: Annotated[int, Field(ge=0, description="k of the first epoch in γ(k)")] = 1


class Optimizer(Section):
    """AdamW; the rate warms up, then falls along a cosine over the trial's own steps."""

    lr: Annotated[float, Field(gt=0, le=10, description="peak learning rate")] = 1e-3
    batch_size: Annotated[int, Field(ge=2, description="pairs")] = 128
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 0.01
    warmup: Annotated[float, Field(ge=0, lt=1, description="fraction of the steps")] = 0.05


class Budget(Section):
    """How long every trial may train."""

    epochs: Annotated[int, Field(ge=1, description="curriculum epochs")]


# --- the sweep --------------------------------------------------------------------------------


class Search(Section):
    """How schedules are proposed."""

    trials: Annotated[int, Field(ge=1)]
    sampler: Literal["tpe", "random"] = "tpe"
    seed: Seed = 0
    first: list[Literal["paper", "full_data"]] = []
    max_concurrent: Annotated[int, Field(ge=1, description="trials at a time")] | None = None


class Pruning(Section):
    """ASHA over samples seen: a rung at grace_epochs x reduction_factor^r full-data epochs."""

    kind: Literal["asha", "none"] = "asha"
    grace_epochs: Annotated[float, Field(gt=0, description="epochs of full data")] = 1
    reduction_factor: Annotated[float, Field(gt=1, le=100)] = 3


class Resources(Section):
    """What one trial holds while it runs."""

    cpus: Annotated[float, Field(gt=0, description="cores")] = 1
    gpus: Annotated[float, Field(ge=0, description="GPUs; fractions share one")] = 0


class Settings(Section):
    """Everything one trial needs, every value fixed."""

    data: Data
    text_encoder: TextEncoder
    molecule_encoder: MoleculeEncoder
    backbone: Backbone
    curriculum: Curriculum = Curriculum()
    optimizer: Optimizer = Optimizer()
    budget: Budget
    search: Search
    pruning: Pruning = Pruning()
    objective: str = "validation/mrr"
    resources: Resources = Resources()
