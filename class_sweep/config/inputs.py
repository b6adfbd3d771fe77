"""The settings of what trials read: the data set and the encoders of its texts and molecules."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from class_sweep.config.section import Fraction, Section, Seed, Share, UserPath

SPLITS = ("train", "validation", "test")

_LAST = re.compile(r"last_[1-9]\d?")


# --- data -------------------------------------------------------------------------------------


class Chebi20Data(Section):
    """A folder in MolT5's layout of ChEBI-20: train.txt, validation.txt, test.txt."""

    source: Literal["chebi20"]
    path: UserPath
    extra_molecules: UserPath | None = None  # a file of SMILES: candidates of the pool `all` alone


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
    extra_molecules: UserPath | None = None  # as of chebi20


class NamesData(Section):
    """Molecules of the `chemicals` package with their IUPAC names and synonyms."""

    source: Literal["names"]
    limit: Annotated[int, Field(ge=100, description="pairs kept, all splits together")] = 6000
    seed: Seed = 0
    extra_molecules: UserPath | None = None  # as of chebi20


Data = Annotated[Chebi20Data | TableData | NamesData, Field(discriminator="source")]


# --- encoders ---------------------------------------------------------------------------------


class TextEncoderSection(Section):
    """The settings of a text encoder."""

    kind: str

    @property
    def label(self) -> str:
        """The name of the encoder in a model's manifest."""
        return self.kind

    @property
    def trained_transformer(self) -> "HuggingFaceEncoder | None":
        """The transformer that is trained with the backbone; None for a frozen encoder."""
        return None

    @property
    def is_trained(self) -> bool:
        """Whether the encoder is trained with the backbone."""
        return self.trained_transformer is not None


class MoleculeEncoderSection(Section):
    """The settings of a molecule encoder."""

    kind: str


class LsaEncoder(TextEncoderSection):
    """TF-IDF and truncated SVD, fitted on the training texts: no weights to bring."""

    kind: Literal["lsa"] = "lsa"
    dimensions: Annotated[int, Field(ge=2, le=2048)] = 256
    seed: Seed = 0


def _trainable(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, str) and _LAST.fullmatch(value)):
        return value
    raise PydanticCustomError("rule", "true, false or last_N for the last N layers, such as last_2")


Trainable = Annotated[bool | str, BeforeValidator(_trainable)]


class HuggingFaceEncoder(TextEncoderSection):
    """A pretrained transformer by name or local path, frozen or trained on with the backbone."""

    kind: Literal["huggingface"] = "huggingface"
    model: str
    trainable: Trainable = False  # true: every layer; last_2: the last two
    pooling: Literal["mean", "cls"] = "mean"
    max_tokens: Annotated[int, Field(ge=2, le=8192, description="tokens; the rest is cut")] = 256
    batch_size: Annotated[int, Field(ge=1, description="texts at a time")] = 32

    @property
    def label(self) -> str:
        """The name or path of the model."""
        return self.model

    @property
    def trained_transformer(self) -> "HuggingFaceEncoder | None":
        """These settings, unless the model is frozen."""
        return None if self.trainable is False else self

    def with_absolute_paths(self) -> Self:
        """A copy in which the path of a local model is absolute."""
        folder = Path(self.model).expanduser()
        return (
            self.model_copy(update={"model": str(folder.absolute())}) if folder.is_dir() else self
        )

    @property
    def trained_layers(self) -> int | None:
        """N of last_N; None where every layer is trained or none is."""
        return (
            int(self.trainable.removeprefix("last_")) if isinstance(self.trainable, str) else None
        )


def _text_encoder_kind(value: Any) -> str:
    if not isinstance(value, dict):
        return str(getattr(value, "kind", "lsa"))
    return str(value.get("kind", "huggingface" if "model" in value else "lsa"))


TextEncoder = Annotated[
    Annotated[LsaEncoder, Tag("lsa")] | Annotated[HuggingFaceEncoder, Tag("huggingface")],
    Discriminator(_text_encoder_kind),
]


class Mol2vecEncoder(MoleculeEncoderSection):
    """Sum of substructure vectors, read from a file or trained on the corpus (seeded)."""

    kind: Literal["mol2vec"]
    vectors: UserPath | None = None
    allow_pickle: bool = False
    radius: Annotated[int, Field(ge=0, le=4, description="bonds")] = 1
    dimensions: Annotated[int, Field(ge=2, le=2048, description="when trained here")] = 300
    epochs: Annotated[int, Field(ge=1, description="when trained here")] = 5
    seed: Seed = 0


class MorganEncoder(MoleculeEncoderSection):
    """RDKit's Morgan count fingerprint, log-scaled."""

    kind: Literal["morgan"]
    bits: Annotated[int, Field(ge=16, le=16384)] = 1024
    radius: Annotated[int, Field(ge=0, le=6, description="bonds")] = 2


MoleculeEncoder = Annotated[Mol2vecEncoder | MorganEncoder, Field(discriminator="kind")]
