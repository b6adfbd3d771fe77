"""What a backbone says of rows: in the number format of the device, and of many rows in blocks."""

from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.backbones.backbone import Backbone, Encoded
from class_sweep.backbones.inputs import Batch, Molecules, Texts, TokenIds
from class_sweep.training.features import TrialFeatures

_VECTORS = 4096  # rows at a time of frozen vectors
_DEEP = 256  # rows at a time where texts are tokens or molecules graphs


def encode(backbone: Backbone, batch: Batch, device: torch.device) -> tuple[Encoded, Encoded]:
    """Texts and molecules of a batch, computed in bfloat16 where a GPU does, given in float32."""
    texts = encode_texts(backbone, batch.texts, device)
    return texts, encode_molecules(backbone, batch.molecules, device)


def encode_texts(backbone: Backbone, texts: Texts | TokenIds, device: torch.device) -> Encoded:
    """The texts of a batch; see `encode`."""
    with number_format(device):
        encoded = backbone.encode_texts(texts)
    return _in_float32(encoded)


def encode_molecules(backbone: Backbone, molecules: Molecules, device: torch.device) -> Encoded:
    """The molecules of a batch; see `encode`."""
    with number_format(device):
        encoded = backbone.encode_molecules(molecules)
    return _in_float32(encoded)


def number_format(device: torch.device) -> AbstractContextManager[None]:
    """bfloat16 for what bears it, on a GPU that computes in it; else everything as it is."""
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.autocast("cuda", torch.bfloat16)
    return nullcontext()


@torch.no_grad()
def embed_texts(
    backbone: Backbone, features: TrialFeatures, rows: NDArray[np.int64], device: torch.device
) -> torch.Tensor:
    """(n, D) the embeddings of some rows' texts, in evaluation mode."""
    lengths = features.text_lengths(rows)
    # Long texts together, so that little is padding.
    order = np.arange(len(rows)) if lengths is None else np.argsort(-lengths, kind="stable")
    backbone.eval()
    size = _VECTORS if lengths is None else _DEEP
    found = [
        encode_texts(backbone, features.texts(part, device), device)["embedding"]
        for part in np.split(rows[order], range(size, len(rows), size))
    ]
    return torch.cat(found)[torch.from_numpy(np.argsort(order)).to(device)]


@torch.no_grad()
def embed_molecules(
    backbone: Backbone, features: TrialFeatures, rows: NDArray[np.int64], device: torch.device
) -> torch.Tensor:
    """(n, D) the embeddings of some rows' molecules, in evaluation mode."""
    backbone.eval()
    size = _VECTORS if features.graphs is None else _DEEP
    found = [
        encode_molecules(backbone, features.molecules(part, device), device)["embedding"]
        for part in np.split(rows, range(size, len(rows), size))
    ]
    return torch.cat(found)


def _in_float32(side: Encoded) -> Encoded:
    return {n: t.float() if t.is_floating_point() else t for n, t in side.items()}
