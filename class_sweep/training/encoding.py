"""Encoding with a backbone: the number format of the device, and blocks for many rows."""

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

    A GPU with bfloat16 computes in it; the result is always float32.
    """
    texts = encode_texts(backbone, batch.texts, device)
    return texts, encode_molecules(backbone, batch.molecules, device)


def encode_texts(backbone: Backbone, texts: Texts | TokenIds, device: torch.device) -> Encoded:
    """Encode the texts of a batch; see `encode`."""
    with number_format(device):
        encoded = backbone.encode_texts(texts)
    return _in_float32(encoded)


def encode_molecules(backbone: Backbone, molecules: Molecules, device: torch.device) -> Encoded:
    """Encode the molecules of a batch; see `encode`."""
    with number_format(device):
        encoded = backbone.encode_molecules(molecules)
    return _in_float32(encoded)


def number_format(device: torch.device) -> AbstractContextManager[None]:
    """Automatic mixed precision in bfloat16 on a GPU that supports it; elsewhere nothing."""
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.autocast("cuda", torch.bfloat16)
    return nullcontext()


@torch.no_grad()
def embed_texts(
    backbone: Backbone, features: TrialFeatures, rows: NDArray[np.int64], device: torch.device
) -> torch.Tensor:
    """(n, D) the embeddings of the texts in n rows, in evaluation mode."""
    lengths = features.text_lengths(rows)
    # Texts of similar length share a block, which saves padding.
    order = np.arange(len(rows)) if lengths is None else np.argsort(-lengths, kind="stable")
    backbone.eval()
    size = _BLOCK_VECTORS if lengths is None else _BLOCK_SEQUENCES
    blocks = [
        encode_texts(backbone, features.texts(part, device), device)["embedding"]
        for part in np.split(rows[order], range(size, len(rows), size))
    ]
    return torch.cat(blocks)[torch.from_numpy(np.argsort(order)).to(device)]


@torch.no_grad()
def embed_molecules(
    backbone: Backbone, features: TrialFeatures, rows: NDArray[np.int64], device: torch.device
) -> torch.Tensor:
    """(n, D) the embeddings of the molecules in n rows, in evaluation mode."""
    backbone.eval()
    size = _BLOCK_VECTORS if features.graphs is None else _BLOCK_SEQUENCES
    blocks = [
        encode_molecules(backbone, features.molecules(part, device), device)["embedding"]
        for part in np.split(rows, range(size, len(rows), size))
    ]
    return torch.cat(blocks)


def _in_float32(side: Encoded) -> Encoded:
    return {n: t.float() if t.is_floating_point() else t for n, t in side.items()}
