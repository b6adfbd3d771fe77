"""σ, the similarity from which two pairs are look-alikes: a number, or a quantile of the data."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from class_sweep.config.axes import near_miss
from class_sweep.config.section import Section, Share


class Quantile(Section):
    """σ by its quantile among the similarities of the training pairs to their nearest neighbour."""

    quantile: Annotated[Share, Field(description="share of the pairs without a look-alike")]


def _form(value: Any) -> str:
    is_section = isinstance(value, dict) and not near_miss(value)
    return "by_quantile" if is_section or isinstance(value, Quantile) else "by_number"


_Number = Annotated[float, Field(gt=0, le=1, description="similarity")]
Sigma = Annotated[
    Annotated[_Number, Tag("by_number")] | Annotated[Quantile, Tag("by_quantile")],
    Discriminator(_form),
]


def numbers_and_quantiles(sigmas: Iterable[float | Quantile]) -> tuple[list[float], list[float]]:
    """The numbers and the quantiles among some σ values, each ascending, without duplicates."""
    distinct = set(sigmas)
    quantiles = {sigma.quantile for sigma in distinct if isinstance(sigma, Quantile)}
    return sorted(s for s in distinct if not isinstance(s, Quantile)), sorted(quantiles)
