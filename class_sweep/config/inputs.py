"""The settings of the data set and of the encoders of its texts and molecules."""

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from class_sweep.config.component_settings import ComponentSettings
from class_sweep.config.components import DATA_SOURCES, MOLECULE_ENCODERS, TEXT_ENCODERS
from class_sweep.config.paths import Input, InputFile, ModelName
from class_sweep.config.section import Fraction, Idle, Section, Seed, Share

SPLITS = ("train", "validation", "test")

DEFAULT_POOLING = "mean"
DEFAULT_MAX_TOKENS = 256
_LAST_LAYERS = re.compile(r"last_[1-9]\d?")


# --- data -------------------------------------------------------------------------------------


class DataSettings(ComponentSettings):
    """The settings of a data source."""

    registry = DATA_SOURCES

    source: str
    extra_molecules: Annotated[
        InputFile | None,
        Field(description="file of SMILES: further candidates of the pool `all`"),
    ] = None
    max_dropped: Annotated[
        Share, Field(description="fraction of the rows that may be unusable; they are dropped")
    ] = 0.02


class Chebi20Data(DataSettings):
    """A folder in MolT5's layout of ChEBI-20: train.txt, validation.txt, test.txt."""

    source: Literal["chebi20"]
    path: Annotated[
        Path,
        Input("folder", remedy="`class-sweep data fetch` downloads it"),
        Field(description="the folder"),
    ]


class Columns(Section):
    """The names of the columns of a user's table; only `smiles` and `text` are required."""

    smiles: Annotated[str, Field(description="column of the SMILES")] = "smiles"
    text: Annotated[str, Field(description="column of the descriptions")] = "text"
    id: Annotated[str | None, Field(description="column of the ids")] = None
    split: Annotated[
        str | None, Field(description="column of the splits: train, validation, test")
    ] = None
    difficulty: Annotated[
        str | None,
        Field(description="column of numbers, low is easy, for the difficulty `column`"),
    ] = None


class SplitRule(Section):
    """Seeded fractions of the molecules (or scaffolds) for each split; they add up to 1."""

    by: Annotated[
        Literal["molecule", "scaffold"], Field(description="group that stays in one split")
    ] = "molecule"
    train: Annotated[Fraction, Field(description="fraction of the training split")] = 0.8
    validation: Annotated[Fraction, Field(description="fraction of the validation split")] = 0.1
    test: Annotated[Share, Field(description="fraction of the test split")] = 0.1
    seed: Annotated[Seed, Field(description="seed of the assignment")] = 0


class TableData(DataSettings):
    """A user's own CSV, TSV, Parquet or JSON Lines file; splits from a column or by rule."""

    source: Literal["table"]
    path: Annotated[InputFile, Field(description="the file")]
    columns: Annotated[Columns, Field(description="names of the columns")] = Columns()
    delimiter: Annotated[
        Literal[",", ";", "|", "tab"] | None,
        Field(description="between the columns of a .csv or .tsv; its suffix decides unless given"),
    ] = None
    split: Annotated[SplitRule, Field(description="the rule, if no column gives the splits")] = (
        SplitRule()
    )

    def idle(self, settings: Any) -> dict[str, Idle]:  # noqa: ARG002
        """The rule of the splits, where a column has them."""
        column = Idle("columns.split names the column of the splits", ("data.columns",))
        return {"data.split": column} if self.columns.split is not None else {}


class NamesData(DataSettings):
    """Molecules of the `chemicals` package with their IUPAC names and synonyms."""

    source: Literal["names"]
    limit: Annotated[int, Field(ge=100, description="number of pairs, all splits together")] = 6000
    seed: Annotated[Seed, Field(description="seed of the selection and the splits")] = 0


# --- encoders ---------------------------------------------------------------------------------


class EncoderSettings(ComponentSettings):
    """The settings of an encoder of texts or of molecules.

    Attributes:
        section: The section of a space that holds them.
    """

    section: ClassVar[str]

    kind: str

    @property
    def label(self) -> str:
        """The name of the encoder in a model's manifest."""
        return self.kind

    @property
    def trained_transformer(self) -> "TransformerSettings | None":
        """The transformer that is trained with the backbone; None for a frozen encoder."""
        return None

    @property
    def is_trained(self) -> bool:
        """Whether the encoder is trained with the backbone."""
        return self.trained_transformer is not None


class TextEncoderSettings(EncoderSettings):
    """The settings of a text encoder."""

    registry = TEXT_ENCODERS
    section = "text_encoder"


class MoleculeEncoderSettings(EncoderSettings):
    """The settings of a molecule encoder."""

    registry = MOLECULE_ENCODERS
    section = "molecule_encoder"


class LsaEncoder(TextEncoderSettings):
    """TF-IDF and truncated SVD, fitted on the training texts: no weights needed."""

    kind: Literal["lsa"] = "lsa"
    dimensions: Annotated[int, Field(ge=2, le=2048, description="length of a vector")] = 256
    seed: Annotated[Seed, Field(description="seed of the SVD")] = 0


def _trainable(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, str) and _LAST_LAYERS.fullmatch(value)):
        return value
    raise PydanticCustomError("rule", "true, false, or last_N for the last N layers, as in last_2")


_LAST = Annotated[str, Field(pattern=f"^{_LAST_LAYERS.pattern}$")]
Trainable = Annotated[bool | _LAST, BeforeValidator(_trainable)]


class TransformerSettings(EncoderSettings):
    """A pretrained transformer by name or local path, frozen or fine-tuned with the backbone."""

    model: Annotated[
        ModelName, Field(description="name on the Hugging Face Hub, or a local folder")
    ]
    trainable: Annotated[
        Trainable,
        Field(description="true: train every layer; last_2: the last two; false: none"),
    ] = False
    pooling: Annotated[
        Literal["mean", "cls", "last"] | None,
        Field(
            description="mean of the tokens, the first or the last token; unless given, that of a"
            " sentence-transformers model, else mean"
        ),
    ] = None
    max_tokens: Annotated[
        Annotated[int, Field(ge=2, le=8192)] | None,
        Field(
            description="tokens of an input, the rest is cut off; unless given, those of a"
            " sentence-transformers model, else 256"
        ),
    ] = None
    batch_size: Annotated[int, Field(ge=1, description="inputs encoded at a time")] = 32

    @property
    def label(self) -> str:
        """The name or path of the model."""
        return self.model

    @property
    def trained_transformer(self) -> "TransformerSettings | None":
        """These settings, unless the model is frozen."""
        return None if self.trainable is False else self

    @property
    def trained_layers(self) -> int | None:
        """N of last_N; None if every layer is trained or none."""
        return (
            int(self.trainable.removeprefix("last_")) if isinstance(self.trainable, str) else None
        )


class HuggingFaceEncoder(TransformerSettings, TextEncoderSettings):
    """A pretrained transformer by name or local path, frozen or fine-tuned with the backbone."""

    kind: Literal["huggingface"] = "huggingface"


class TextFeatureFile(TextEncoderSettings):
    """Your own vectors of the texts, by row or by id; a new text has none."""

    kind: Literal["file"]
    path: Annotated[
        InputFile, Field(description=".npy, .npz, .safetensors or .parquet with a vector a text")
    ]

    @property
    def label(self) -> str:
        """The path of the file."""
        return str(self.path)


class Mol2vecEncoder(MoleculeEncoderSettings):
    """Sum of substructure vectors, read from a file or trained on the corpus (seeded)."""

    kind: Literal["mol2vec"]
    vectors: Annotated[
        InputFile | None, Field(description="file of vectors; trained on the corpus unless given")
    ] = None
    radius: Annotated[int, Field(ge=0, le=4, description="radius of a substructure, bonds")] = 1
    dimensions: Annotated[
        int, Field(ge=2, le=2048, description="length of a vector trained here")
    ] = 300
    epochs: Annotated[
        int, Field(ge=1, le=1000, description="passes of the training over the corpus")
    ] = 5
    seed: Annotated[Seed, Field(description="seed of the training")] = 0

    @model_validator(mode="before")
    @classmethod
    def _without_refusal(cls, tree: Any) -> Any:
        """Drop `allow_pickle: false`, which version 0.2 wrote into every best.yaml."""
        if isinstance(tree, dict) and tree.get("allow_pickle") is False:
            return {name: value for name, value in tree.items() if name != "allow_pickle"}
        return tree

    def idle(self, settings: Any) -> dict[str, Idle]:  # noqa: ARG002
        """The settings of a training here beside a file of vectors."""
        if self.vectors is None:
            return {}
        read = Idle("the vectors are read from a file", ("molecule_encoder.vectors",))
        names = ("dimensions", "epochs", "seed")
        return {f"molecule_encoder.{name}": read for name in names}


class MorganEncoder(MoleculeEncoderSettings):
    """RDKit's Morgan count fingerprint, log-scaled."""

    kind: Literal["morgan"]
    bits: Annotated[int, Field(ge=16, le=16384, description="length of the fingerprint")] = 1024
    radius: Annotated[int, Field(ge=0, le=6, description="radius of a substructure, bonds")] = 2


class HuggingFaceSmilesEncoder(TransformerSettings, MoleculeEncoderSettings):
    """A pretrained transformer over SMILES, frozen or fine-tuned with the backbone."""

    kind: Literal["huggingface"]


class MoleculeFeatureFile(MoleculeEncoderSettings):
    """Your own vectors of the molecules, by row or by id; a new molecule has none."""

    kind: Literal["file"]
    path: Annotated[
        InputFile,
        Field(description=".npy, .npz, .safetensors or .parquet with a vector a molecule"),
    ]

    @property
    def label(self) -> str:
        """The path of the file."""
        return str(self.path)
