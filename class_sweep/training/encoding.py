"""Encoding with a backbone: the number format of the device, and blocks for many rows."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.backbones.backbone import Backbone, Encoded
from class_sweep.backbones.batch import Batch, Molecules, Texts, TokenIds
from class_sweep.training.features import TrialFeatures

_BLOCK_VECTORS = 4096  # rows at a time if they are frozen vectors
_BLOCK_SEQUENCES = 256  # rows at a time if texts are tokens or molecules are graphs


def encode(backbone: Backbone, batch: Batch, device: torch.device) -> tuple[Encoded, Encoded]:
    """Encode the texts and molecules of a batch.

    A GPU with bfloat16 computes in it; the result has at least float32.
    """
    texts = encode_texts(backbone, batch.texts, device)
    return texts, encode_molecules(backbone, batch.molecules, device)


def encode_texts(backbone: Backbone, texts: Texts | TokenIds, device: torch.device) -> Encoded:
    """Encode the texts of a batch; see `encode`."""
    with number_format(device):
        encoded = backbone.encode_texts(texts)
    return _in_float32(encoded)


def encode_molecules(
    backbone: Backbone, molecules: Molecules | TokenIds, device: torch.device
) -> Encoded:
    """Encode the molecules of a batch; see `encode`."""
    with number_format(device):
        encoded = backbone.encode_molecules(molecules)
    return _in_float32(encoded)


def number_format(device: torch.device) -> AbstractContextManager[None]:
    """Automatic mixed precision in bfloat16 on a GPU that supports it; elsewhere nothing."""
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.autocast("cuda", torch.bfloat16)
    return nullcontext()


def embed_texts(
    backbone: Backbone, features: TrialFeatures, rows: NDArray[np.int64], device: torch.device
) -> torch.Tensor:
    """(n, D) the embeddings of the texts in n rows, in evaluation mode."""

    def embed(part: NDArray[np.int64]) -> Encoded:
        return encode_texts(backbone, features.texts(part, device), device)

    return _in_blocks(backbone, embed, rows, features.text_lengths(rows))


def embed_molecules(
    backbone: Backbone, features: TrialFeatures, rows: NDArray[np.int64], device: torch.device
) -> torch.Tensor:
    """(n, D) the embeddings of the molecules in n rows, in evaluation mode."""

    def embed(part: NDArray[np.int64]) -> Encoded:
        return encode_molecules(backbone, features.molecules(part, device), device)

    lengths = features.molecule_lengths(rows)
    return _in_blocks(backbone, embed, rows, lengths, are_graphs=features.graphs is not None)


@torch.no_grad()
def _in_blocks(
    backbone: Backbone,
    embed: Callable[[NDArray[np.int64]], Encoded],
    rows: NDArray[np.int64],
    lengths: NDArray[np.int64] | None,
    *,
    are_graphs: bool = False,
) -> torch.Tensor:
    """(n, D) the embeddings of n rows of one side.

    Args:
        backbone: The model.
        embed: Encodes some rows.
        rows: (n,) the rows.
        lengths: (n,) their numbers of tokens; None for vectors and graphs.
        are_graphs: Whether the rows are graphs.
    """
    backbone.eval()
    size = _BLOCK_VECTORS if lengths is None and not are_graphs else _BLOCK_SEQUENCES
    if lengths is None:
        return torch.cat(
            [embed(p)["embedding"] for p in np.split(rows, range(size, len(rows), size))]
        )
    # Inputs of similar length share a block, which saves padding.
    order = np.argsort(-lengths, kind="stable")
    parts = np.split(rows[order], range(size, len(rows), size))
    embedded = torch.cat([embed(part)["embedding"] for part in parts])
    return embedded[torch.from_numpy(np.argsort(order)).to(embedded.device)]


def _in_float32(side: Encoded) -> Encoded:
    """The tensors with at least the precision of float32."""
    wide = {torch.float16: torch.float32, torch.bfloat16: torch.float32}
    return {name: tensor.to(wide.get(tensor.dtype, tensor.dtype)) for name, tensor in side.items()}
