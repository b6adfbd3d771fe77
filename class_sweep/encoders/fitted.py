"""The encoders of one training run, for texts and molecules that the run never saw.

What a run fits (LSA's terms, Mol2vec's vectors, the tokens of graphs) is kept as plain arrays; a
transformer is named, with what tells its files from any other's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.array_cache import ArrayCache, Arrays
from class_sweep.base.hashing import fingerprint, library_versions
from class_sweep.config.inputs import (
    HuggingFaceEncoder,
    LsaEncoder,
    MoleculeEncoder,
    MorganEncoder,
    TextEncoder,
)
from class_sweep.encoders.molecule import encode_molecules, mol2vec_table
from class_sweep.encoders.molecule_graphs import MoleculeGraphs
from class_sweep.encoders.rows import distinct, require_finite
from class_sweep.encoders.text import (
    Progress,
    encode_texts,
    encode_token_states,
    encode_tokens,
    fit_lsa,
)
from class_sweep.errors import EncoderError

_VERSION = 1  # raise it when the same arrays would encode differently
_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True)
class FittedEncoders:
    """Both encoders, fitted.

    Attributes:
        text: Which text encoder, and how.
        molecule: Which molecule encoder, and how.
        token_depths: Of the frozen layers whose tokens the backbone reads, if it does.
        arrays: What was fitted, by name.
        transformer: What tells the text encoder's files from any other's; None for LSA.
    """

    text: TextEncoder
    molecule: MoleculeEncoder
    token_depths: tuple[float, float] | None
    arrays: Mapping[str, np.ndarray]
    transformer: str | None

    @classmethod
    def fit(
        cls,
        text: TextEncoder,
        molecule: MoleculeEncoder,
        texts: Sequence[str],
        smiles: Sequence[str],
        graphs: MoleculeGraphs | None,
        token_depths: tuple[float, float] | None,
        *,
        cache: ArrayCache,
    ) -> "FittedEncoders":
        """What `encode_texts`, `encode_molecules` and `build_graphs` fitted, from their cache.

        Args:
            text: Which text encoder, and how.
            molecule: Which molecule encoder, and how.
            texts: Of the training pairs.
            smiles: Of the training pairs.
            graphs: Of the data set, where the backbone reads graphs.
            token_depths: As above.
            cache: Where what was fitted is kept.
        """
        arrays: Arrays = {}
        if isinstance(text, LsaEncoder):
            arrays |= _under("lsa", fit_lsa(text, texts, cache=cache))
        if not isinstance(molecule, MorganEncoder):
            arrays |= _under("mol2vec", mol2vec_table(molecule, smiles, cache=cache))
        if graphs is not None:
            arrays["graphs/identifiers"] = graphs.identifiers
            arrays["graphs/vectors"] = graphs.vectors
        return cls(text, molecule, token_depths, arrays, transformer_identity(text))

    def require_transformer(self) -> None:
        """See that the text encoder's files are those of the training run.

        Raises:
            EncoderError: If they are not to be had, or are others.
        """
        found = transformer_identity(self.text)
        if found != self.transformer:
            assert isinstance(self.text, HuggingFaceEncoder)  # noqa: S101 - LSA has no files
            raise EncoderError(
                "the text encoder must be the one that the model was trained with, got other files:"
                f" {self.text.model}"
            )

    def encode_texts(
        self, texts: Sequence[str], *, cache: ArrayCache, progress: Progress | None = None
    ) -> dict[str, Any]:
        """L texts as the fields of `class_sweep.training.features.TrialFeatures`."""
        if isinstance(self.text, LsaEncoder):
            return {"text": self._lsa(texts, cache)}
        if self.text.trainable is not False:
            tokens = encode_tokens(self.text, texts, cache=cache)
            return {"text": np.zeros((len(texts), 0), np.float32), "tokens": tokens}
        found: dict[str, Any] = {
            "text": encode_texts(self.text, texts, _NONE, cache=cache, progress=progress)
        }
        if self.token_depths:
            found["token_means"], found["token_states"] = encode_token_states(
                self.text, texts, self.token_depths, cache=cache, progress=progress
            )
        return found

    def encode_molecules(self, smiles: Sequence[str], *, cache: ArrayCache) -> dict[str, Any]:
        """N molecules as the fields of `class_sweep.training.features.TrialFeatures`.

        Raises:
            EncoderError: If a SMILES cannot be read.
        """
        if isinstance(self.molecule, MorganEncoder):
            found = {"molecule": encode_molecules(self.molecule, smiles, _NONE, cache=cache)}
        else:
            found = {"molecule": self._mol2vec(smiles, cache)}
        if "graphs/identifiers" in self.arrays:
            return found | {"graphs": self._graphs(smiles, cache)}
        return found

    def _lsa(self, texts: Sequence[str], cache: ArrayCache) -> NDArray[np.float32]:
        def compute() -> np.ndarray:
            from class_sweep.encoders.lsa import FittedLsa  # noqa: PLC0415 - scikit-learn is slow

            features = FittedLsa.from_arrays(self._of("lsa")).transform(texts)
            return require_finite(features, np.arange(len(texts)), "lsa")

        key = [_VERSION, self._seals["lsa"], list(texts), library_versions("scikit-learn", "scipy")]
        return cache.get_or_compute(key, compute, name="lsa")

    def _mol2vec(self, smiles: Sequence[str], cache: ArrayCache) -> NDArray[np.float32]:
        molecules, rows = distinct(smiles)

        def compute() -> np.ndarray:
            from class_sweep.encoders.mol2vec import (  # noqa: PLC0415 - gensim is slow
                molecule_sentences,
                sum_vectors,
            )
            from class_sweep.encoders.vectors import TokenVectors  # noqa: PLC0415 - as above

            sentences = molecule_sentences(molecules, self._radius)
            summed = sum_vectors(TokenVectors.from_arrays(self._of("mol2vec")), sentences)
            return require_finite(summed, rows, "mol2vec")

        key = [_VERSION, self._seals["mol2vec"], self._radius, molecules]
        key.append(library_versions("rdkit", "mol2vec"))
        found: NDArray[np.float32] = cache.get_or_compute(key, compute, name="mol2vec")[rows]
        return found

    def _graphs(self, smiles: Sequence[str], cache: ArrayCache) -> MoleculeGraphs:
        molecules, rows = distinct(smiles)

        def compute() -> Arrays:
            from class_sweep.encoders.graphs import graphs_over  # noqa: PLC0415 - RDKit is slow

            known = self._of("graphs")
            return graphs_over(
                known["identifiers"], known["vectors"], self._radius, molecules
            ).arrays()

        libraries = library_versions("rdkit")
        key = fingerprint(_VERSION, self._seals["graphs"], self._radius, molecules, libraries)
        return MoleculeGraphs.from_arrays(cache.arrays(f"graphs-{key}", compute)).take(rows)

    @property
    def _radius(self) -> int:
        return int(self.molecule.radius)

    def _of(self, name: str) -> Arrays:
        start = f"{name}/"
        return {n.removeprefix(start): a for n, a in self.arrays.items() if n.startswith(start)}

    @cached_property
    def _seals(self) -> dict[str, str]:
        """What tells each part's arrays from any other's."""
        return {
            name: fingerprint(self._of(name)) for name in {n.split("/")[0] for n in self.arrays}
        }


def transformer_identity(text: TextEncoder) -> str | None:
    """What tells a transformer's files from any other's; None for LSA.

    Raises:
        EncoderError: If the files are not to be had.
    """
    if isinstance(text, LsaEncoder):
        return None
    from class_sweep.encoders.hub import find_model  # noqa: PLC0415 - importing the hub is slow

    return fingerprint(find_model(text.model).identity)


def _under(name: str, arrays: Arrays) -> Arrays:
    return {f"{name}/{key}": array for key, array in arrays.items()}
