"""The typed result of `class-sweep index`: how well difficulty orders the pairs of a space.

The attributes are the keys of `class-sweep index --json`.
"""

import json

from pydantic import BaseModel, ConfigDict, JsonValue

from class_sweep.curriculum.schedule_table import ScheduleTables


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


EncoderValues = dict[str, JsonValue]
"""The settings of an encoder by name, without those that are None."""


class Encoders(_Part):
    """The settings of both encoders.

    Attributes:
        text_encoder: The settings of the text encoder.
        molecule_encoder: The settings of the molecule encoder.
    """

    text_encoder: EncoderValues
    molecule_encoder: EncoderValues


class FirstPool(_Part):
    """The first pool of the schedule at the centre of the space.

    Attributes:
        share: The fraction of the training pairs, in (0, 1].
        pairs: The number of pairs.
    """

    share: float
    pairs: int


class DecidedShare(_Part):
    """The fraction of the first pool that N alone selects, without the tie-break.

    Attributes:
        easy_first: The fraction with the order `easy_first`.
        hard_first: The fraction with the order `hard_first`.
    """

    easy_first: float
    hard_first: float


class SigmaRow(_Part):
    """The order by N(σ) at one σ. A correlation is None if one of its sides is constant.

    Attributes:
        sigma: The threshold σ.
        alone: The fraction of pairs with N = 0.
        distinct: The number of distinct values of N.
        largest_tie: The fraction of pairs that share the most frequent N.
        decided: The fraction of the first pool that N alone selects.
        usable: Whether N orders the pairs; see `class_sweep.difficulty.order_quality.usable`.
        following: The rank correlation with N at the next higher σ; None at the highest.
        sorts_by: The rank correlation of N with each trait of the pairs.
        validation_place: The mean relative rank of the validation pairs in the order, from 0
            (easiest) to 1 (hardest); None without a validation split. Only set at the σ of
            `IndexReport.distribution`.
    """

    sigma: float
    alone: float
    distinct: int
    largest_tie: float
    decided: DecidedShare
    usable: bool
    following: float | None
    sorts_by: dict[str, float | None]
    validation_place: float | None = None


class Distribution(_Part):
    """The distribution of N at one σ.

    Attributes:
        sigma: The threshold σ.
        levels: The levels of `quantiles`, from 0 to 1.
        quantiles: The quantiles of N at these levels.
        curve: 101 quantiles of N at equal distances, from 0 to 1.
    """

    sigma: float
    levels: tuple[float, ...]
    quantiles: list[int]
    curve: list[int]


class Nearest(_Part):
    """The nearest neighbour of a pair.

    Attributes:
        id: The pair's identifier in its source.
        similarity: s_ij.
    """

    id: str
    similarity: float


class Example(_Part):
    """A training pair at one end of the order.

    Attributes:
        id: The pair's identifier in its source.
        text: The text.
        smiles: The molecule.
        look_alikes: N(σ) at the focus.
        mean_similarity: The mean of s_ij over j ≠ i.
        nearest: The nearest neighbour.
    """

    id: str
    text: str
    smiles: str
    look_alikes: int
    mean_similarity: float
    nearest: Nearest


class Examples(_Part):
    """The ends of the order at the focus.

    Attributes:
        easiest: The first pairs, easiest first.
        hardest: The last pairs, hardest first.
    """

    easiest: list[Example]
    hardest: list[Example]


class AloneByModality(_Part):
    """The fraction of pairs with N = 0 under the similarity of one modality.

    Attributes:
        text: The fraction for the texts alone.
        molecule: The fraction for the molecules alone.
    """

    text: float
    molecule: float


class ModalityRow(_Part):
    """The orders by text alone and by molecule alone, at one σ.

    Attributes:
        sigma: The threshold σ.
        rank_correlation: The rank correlation of the two N; None if one of them is constant.
        alone: The fraction of pairs with N = 0 by each modality.
    """

    sigma: float
    rank_correlation: float | None
    alone: AloneByModality


class Modalities(_Part):
    """How similar the order by the texts alone is to the order by the molecules alone.

    Attributes:
        mean_similarity: The rank correlation of the two mean similarities; None if one is constant.
        look_alikes: The two N at each σ of `IndexReport.distribution`.
        points: The mean similarity by text and by molecule, for a sample of the pairs.
    """

    mean_similarity: float | None
    look_alikes: list[ModalityRow]
    points: list[tuple[float, float]]


class RatedExample(_Part):
    """A training pair at one end of the order by one difficulty.

    Attributes:
        id: The pair's identifier in its source.
        text: The text.
        smiles: The molecule.
        difficulty: Its number; low is easy.
    """

    id: str
    text: str
    smiles: str
    difficulty: float


class Agreement(_Part):
    """One difficulty beside the others. A correlation is None if one of its sides is constant.

    Attributes:
        difficulty: The difficulty with its settings.
        largest_tie: The fraction of pairs that share the most frequent number.
        correlation: The rank correlation with each difficulty, itself included.
        hardest_in_common: The fraction of its hardest tenth that is in the hardest tenth of each
            difficulty.
        sorts_by: The rank correlation with each trait of the pairs.
        easiest: The first pairs, easiest first.
        hardest: The last pairs, hardest first.
    """

    difficulty: str
    largest_tie: float
    correlation: dict[str, float | None]
    hardest_in_common: dict[str, float]
    sorts_by: dict[str, float | None]
    easiest: list[RatedExample]
    hardest: list[RatedExample]


class Recommendation(_Part):
    """The range of σ to search.

    Attributes:
        rule: The rule of a usable σ, in words.
        usable: The number of usable σ in the range.
        of: The number of σ of the space.
        range: The lowest and the highest σ; None if no σ would order the pairs.
        counted: Whether N was counted at the σ of the range.
        yaml: The line for `curriculum` of a space; None without a range.
    """

    rule: str
    usable: int
    of: int
    range: tuple[float, float] | None
    counted: bool
    yaml: str | None


class IndexReport(_Part):
    """How well difficulty orders the training pairs of a space, at the centre of its other axes.

    Attributes:
        space: The name of the space.
        pairs: The number of pairs of each split.
        encoders: The settings of both encoders.
        similarity: The similarity at the centre of the space.
        similarities: Every similarity of the space.
        first_pool: The first pool of the central schedule.
        focus: The σ of the examples.
        sigmas: One row for each σ of the space, ascending.
        distribution: The distribution of N at a few σ, ascending, with the focus.
        examples: The easiest and the hardest pairs at the focus.
        modalities: The order by text alone compared with the order by molecule alone.
        difficulties: N at the focus, the other difficulties of the space, and those that its data
            allows without training, each beside the others.
        recommendation: The range of σ to search.
        schedules: The schedules `space` and `paper`, epoch by epoch.
        seconds: The wall time of each stage.
        warnings: Warnings about the order.
    """

    space: str
    pairs: dict[str, int]
    encoders: Encoders
    similarity: str
    similarities: list[str]
    first_pool: FirstPool
    focus: float
    sigmas: list[SigmaRow]
    distribution: list[Distribution]
    examples: Examples
    modalities: Modalities
    difficulties: list[Agreement]
    recommendation: Recommendation
    schedules: ScheduleTables
    seconds: dict[str, float] = {}
    warnings: list[str] = []

    @property
    def focus_row(self) -> SigmaRow:
        """The row of the focus."""
        return next(row for row in self.sigmas if row.sigma == self.focus)

    @property
    def shown_molecules(self) -> set[str]:
        """The SMILES of all examples."""
        shown = {pair.smiles for pair in (*self.examples.easiest, *self.examples.hardest)}
        rated = (pair for row in self.difficulties for pair in (*row.easiest, *row.hardest))
        return shown | {pair.smiles for pair in rated}

    def json_text(self) -> str:
        """The report as indented JSON; values that were not computed are left out."""
        tree = self.model_dump(mode="json", exclude_unset=True)
        return json.dumps(tree, indent=2, ensure_ascii=False)
