"""What a backbone is given of some pairs, as tensors, and of the data set it is built for."""

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.base.ragged import Ragged
from class_sweep.config.inputs import HuggingFaceEncoder
from class_sweep.encoders.molecule_graphs import MoleculeGraphs


@dataclass(frozen=True)
class InputSpec:
    """What a backbone is built over.

    Attributes:
        text_width: D_text, of a frozen text feature and of a token's state.
        molecule_width: D_molecule, of a frozen molecule feature.
        atom_vectors: (V, D_atom) what atoms start from, where molecules are graphs.
        transformer: The text encoder that is trained with the backbone, if one is.
    """

    text_width: int
    molecule_width: int
    atom_vectors: NDArray[np.float32] | None = None
    transformer: HuggingFaceEncoder | None = None


class _OnDevice:
    """A dataclass of tensors that moves as one."""

    def to(self, device: torch.device) -> Self:
        """The same on another device."""
        moved: dict[str, Any] = {}
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            movable = isinstance(value, torch.Tensor | _OnDevice)
            moved[field.name] = value.to(device) if movable else value
        return type(self)(**moved)


@dataclass(frozen=True)
class Tokens(_OnDevice):
    """What is known of the tokens of B texts.

    Attributes:
        mean: (B, D_text) the mean token of one layer.
        states: (B, T, D_text) the tokens of another.
        mask: (B, T) where there is a token.
    """

    mean: torch.Tensor
    states: torch.Tensor
    mask: torch.Tensor


@dataclass(frozen=True)
class Texts(_OnDevice):
    """B texts as a text encoder gives them.

    Attributes:
        sentence: (B, D_text) one vector a text.
        tokens: Of the same texts, where the backbone asks for them.
    """

    sentence: torch.Tensor
    tokens: Tokens | None = None

    def require_tokens(self) -> Tokens:
        """The tokens.

        Raises:
            ValueError: If there are none: the backbone did not say that it needs them.
        """
        if self.tokens is None:
            raise ValueError("a backbone must name its tokens in `needs`, and was given none")
        return self.tokens


@dataclass(frozen=True)
class TokenIds(_OnDevice):
    """B texts for a transformer that is trained.

    Attributes:
        ids: (B, T) int64 token numbers, 0 behind a text's end.
        mask: (B, T) where there is a token.
    """

    ids: torch.Tensor
    mask: torch.Tensor

    @classmethod
    def of(cls, tokens: Ragged) -> Self:
        """The rows of some texts, padded to the longest."""
        ids, mask = tokens.padded()
        return cls(torch.from_numpy(ids.astype(np.int64)), torch.from_numpy(mask))


@dataclass(frozen=True)
class Graphs(_OnDevice):
    """B molecules as one graph of A atoms, K motifs and no edge between two molecules.

    Attributes:
        atoms: (A,) substructure tokens.
        atom_molecule: (A,) the molecule of each atom, ascending.
        bonds: (2, E) from atom to atom, both ways round.
        bond_kinds: (E,)
        motif_molecule: (K,) the molecule of each motif, ascending.
        members: (2, P) an atom and a motif that it is in.
        motif_bonds: (2, Q) from motif to motif, both ways round.
        count: B.
    """

    atoms: torch.Tensor
    atom_molecule: torch.Tensor
    bonds: torch.Tensor
    bond_kinds: torch.Tensor
    motif_molecule: torch.Tensor
    members: torch.Tensor
    motif_bonds: torch.Tensor
    count: int

    @classmethod
    def of(cls, graphs: MoleculeGraphs) -> Self:
        """Some molecules, numbered through."""
        first_atom = graphs.atoms.offsets[:-1]
        motifs = graphs.motifs.astype(np.int64)
        first_motif = np.cumsum(motifs) - motifs
        ends, kinds = np.split(graphs.bonds.values, [2], axis=1)
        both_first = np.stack([first_atom, first_motif], axis=1)
        members = graphs.members.values + both_first[graphs.members.owners()]
        joined = graphs.motif_bonds.values + first_motif[graphs.motif_bonds.owners(), None]
        return cls(
            atoms=_int64(graphs.atoms.values),
            atom_molecule=_int64(graphs.atoms.owners()),
            bonds=_both_ways(ends + first_atom[graphs.bonds.owners(), None]),
            bond_kinds=_int64(np.tile(kinds[:, 0], 2)),
            motif_molecule=_int64(np.repeat(np.arange(len(graphs)), motifs)),
            members=_int64(members.T),
            motif_bonds=_both_ways(joined),
            count=len(graphs),
        )


def _int64(values: NDArray[Any]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.int64))


def _both_ways(edges: NDArray[Any]) -> torch.Tensor:
    """(n, 2) edges to (2, 2n), those the other way round behind them."""
    return _int64(np.concatenate([edges.T, edges.T[::-1]], axis=1))


@dataclass(frozen=True)
class Molecules(_OnDevice):
    """B molecules.

    Attributes:
        vectors: (B, D_molecule) frozen features.
        graphs: The same molecules as graphs, where the backbone asks for them.
    """

    vectors: torch.Tensor
    graphs: Graphs | None = None

    def require_graphs(self) -> Graphs:
        """The graphs.

        Raises:
            ValueError: If there are none: the backbone did not say that it needs them.
        """
        if self.graphs is None:
            raise ValueError("a backbone must name its graphs in `needs`, and was given none")
        return self.graphs


@dataclass(frozen=True)
class Batch(_OnDevice):
    """Pairs as a backbone takes them."""

    texts: Texts | TokenIds
    molecules: Molecules

    def of_vectors(self, rows: torch.Tensor) -> Self:
        """Some rows of a batch of frozen vectors.

        Raises:
            TypeError: If its texts are tokens.
        """
        if isinstance(self.texts, TokenIds):
            raise TypeError("rows must be taken of frozen vectors, got token numbers")
        sentence, vectors = self.texts.sentence[rows], self.molecules.vectors[rows]
        return type(self)(Texts(sentence), Molecules(vectors))
