"""The inputs of a backbone: batches of texts and molecules as tensors, and their widths."""

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.base.ragged import Ragged
from class_sweep.config.inputs import TransformerSettings
from class_sweep.encoders.molecule_graphs import MoleculeGraphs


@dataclass(frozen=True)
class InputSpec:
    """The widths and pretrained parts that a backbone is built over.

    Attributes:
        text_width: D_text, the width of a text vector and of a token.
        molecule_width: D_molecule, the width of a molecule vector.
        atom_vectors: (V, D_atom) the initial vectors of the substructures, if molecules are graphs.
        transformer: The text encoder that is trained with the backbone; None if texts are frozen.
        molecule_transformer: The molecule encoder that is trained; None if molecules are frozen.
    """

    text_width: int
    molecule_width: int
    atom_vectors: NDArray[np.float32] | None = None
    transformer: TransformerSettings | None = None
    molecule_transformer: TransformerSettings | None = None


class _OnDevice:
    """The base of a dataclass of tensors, whose tensors move together."""

    def to(self, device: torch.device) -> Self:
        """A copy on a device. To a GPU the host only orders the copy, and does not wait for it."""
        moved: dict[str, Any] = {}
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if isinstance(value, torch.Tensor) and device.type == "cuda":
                value = value.pin_memory().to(device, non_blocking=True)
            elif isinstance(value, torch.Tensor | _OnDevice):
                value = value.to(device)
            moved[field.name] = value
        return type(self)(**moved)


@dataclass(frozen=True)
class Tokens(_OnDevice):
    """The tokens of B texts from two layers of the text encoder.

    Attributes:
        mean: (B, D_text) the mean token of the first layer.
        states: (B, T, D_text) the tokens of the second layer.
        mask: (B, T) true where there is a token, false in the padding.
    """

    mean: torch.Tensor
    states: torch.Tensor
    mask: torch.Tensor


@dataclass(frozen=True)
class Texts(_OnDevice):
    """The output of a text encoder for B texts.

    Attributes:
        sentence: (B, D_text) one vector per text.
        tokens: The tokens of the same texts, if the backbone needs them.
    """

    sentence: torch.Tensor
    tokens: Tokens | None = None

    def require_tokens(self) -> Tokens:
        """The tokens.

        Raises:
            ValueError: If there are none, because the backbone's `needs` has no token depths.
        """
        if self.tokens is None:
            raise ValueError(
                "a backbone that reads tokens must name their depths in `needs`, got no tokens"
            )
        return self.tokens


@dataclass(frozen=True)
class TokenIds(_OnDevice):
    """B texts or SMILES as the inputs of a transformer that is trained.

    Attributes:
        ids: (B, T) int64 token ids, 0 in the padding.
        mask: (B, T) true where there is a token, false in the padding.
        padded: Whether there is padding. The host knows it; to ask a GPU would stop the host.
    """

    ids: torch.Tensor
    mask: torch.Tensor
    padded: bool

    @classmethod
    def of(cls, tokens: Ragged) -> Self:
        """The token ids of B inputs, padded to the longest one."""
        ids, mask = tokens.padded()
        return cls(torch.from_numpy(ids.astype(np.int64)), torch.from_numpy(mask), not mask.all())


@dataclass(frozen=True)
class Graphs(_OnDevice):
    """B molecules as one graph of A atoms and K motifs, without edges between molecules.

    The numbers of nodes are counted here, on the host. A count on a GPU would stop the host until
    the GPU has caught up.

    Attributes:
        atoms: (A,) the substructure token of each atom.
        atom_molecule: (A,) the molecule of each atom, ascending.
        atom_counts: (B,) the number of atoms of each molecule.
        bonds: (2, E) edges between two different atoms, in both directions.
        bond_kinds: (E,) the kind of each edge.
        motif_molecule: (K,) the molecule of each motif, ascending.
        motif_counts: (B,) the number of motifs of each molecule.
        members: (2, P) pairs of an atom and a motif that contains it.
        member_counts: (K,) the number of atoms of each motif.
        motif_bonds: (2, Q) edges between two different motifs, in both directions.
        most_motifs: The largest of `motif_counts`.
    """

    atoms: torch.Tensor
    atom_molecule: torch.Tensor
    atom_counts: torch.Tensor
    bonds: torch.Tensor
    bond_kinds: torch.Tensor
    motif_molecule: torch.Tensor
    motif_counts: torch.Tensor
    members: torch.Tensor
    member_counts: torch.Tensor
    motif_bonds: torch.Tensor
    most_motifs: int

    @classmethod
    def of(cls, graphs: MoleculeGraphs) -> Self:
        """The molecules as one graph, their atoms and motifs numbered consecutively."""
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
            atom_counts=_int64(np.diff(graphs.atoms.offsets)),
            bonds=_both_ways(ends + first_atom[graphs.bonds.owners(), None]),
            bond_kinds=_int64(np.tile(kinds[:, 0], 2)),
            motif_molecule=_int64(np.repeat(np.arange(len(graphs)), motifs)),
            motif_counts=_int64(motifs),
            members=_int64(members.T),
            member_counts=_int64(np.bincount(members[:, 1], minlength=motifs.sum())),
            motif_bonds=_both_ways(joined),
            most_motifs=int(motifs.max()),
        )


def _int64(values: NDArray[Any]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.int64))


def _both_ways(edges: NDArray[Any]) -> torch.Tensor:
    """(n, 2) edges to (2, 2n), the reversed edges after the given ones."""
    return _int64(np.concatenate([edges.T, edges.T[::-1]], axis=1))


@dataclass(frozen=True)
class Molecules(_OnDevice):
    """The features of B molecules.

    Attributes:
        vectors: (B, D_molecule) one frozen vector per molecule.
        graphs: The same molecules as graphs, if the backbone needs them.
    """

    vectors: torch.Tensor
    graphs: Graphs | None = None

    def require_graphs(self) -> Graphs:
        """The graphs.

        Raises:
            ValueError: If there are none, because the backbone's `needs` has no graphs.
        """
        if self.graphs is None:
            raise ValueError("a backbone that reads graphs must say so in `needs`, got no graphs")
        return self.graphs


@dataclass(frozen=True)
class Batch(_OnDevice):
    """The inputs of a backbone for B pairs: texts and molecules in the same sequence."""

    texts: Texts | TokenIds
    molecules: Molecules | TokenIds

    def of_vectors(self, rows: torch.Tensor) -> Self:
        """Some rows of a batch of frozen vectors.

        Args:
            rows: (n,) indices.

        Raises:
            TypeError: If the texts or molecules are token ids.
        """
        if isinstance(self.texts, TokenIds) or isinstance(self.molecules, TokenIds):
            raise TypeError("rows must be taken from frozen vectors, got token ids")
        sentence, vectors = self.texts.sentence[rows], self.molecules.vectors[rows]
        return type(self)(Texts(sentence), Molecules(vectors))
