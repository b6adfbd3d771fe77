"""What a backbone says of rows: in the number format of the device, and of many rows in blocks."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.backbones.backbone import Backbone, Encoded
from class_sweep.backbones.inputs import Batch
from class_sweep.training.features import TrialFeatures

_VECTORS = 4096  # rows at a time of frozen vectors
_DEEP = 256  # rows at a time where texts are tokens or molecules graphs


def encode(backbone: Backbone, batch: Batch, device: torch.device) -> tuple[Encoded, Encoded]:
    """Texts and molecules of a batch, computed in bfloat16 where a GPU does, given in float32."""
    with number_format(device):
        sides = backbone.encode_texts(batch.texts), backbone.encode_molecules(batch.molecules)
    return _in_float32(sides[0]), _in_float32(sides[1])


def number_format(device: torch.device) -> AbstractContextManager[None]:
    """bfloat16 for what bears it, on a GPU that computes in it; else everything as it is."""
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.autocast("cuda", torch.bfloat16)
    return nullcontext()


@torch.no_grad()
def embed_rows(
    backbone: Backbone, features: TrialFeatures, rows: NDArray[np.int64], device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """(n, D) the embeddings of some rows' texts, and of their molecules, in evaluation mode."""
    backbone.eval()
    order, texts, molecules = [], [], []
    for part in _blocks(features, rows):
        text, molecule = encode(backbone, features.batch(rows[part], device), device)
        order.append(part)
        texts.append(text["embedding"])
        molecules.append(molecule["embedding"])
    back = torch.from_numpy(np.argsort(np.concatenate(order))).to(device)
    return torch.cat(texts)[back], torch.cat(molecules)[back]


def _blocks(features: TrialFeatures, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Places in `rows`, a block at a time; long texts together, so that little is padding."""
    lengths = features.text_lengths(rows)
    size = _VECTORS if features.are_vectors else _DEEP
    order = np.arange(len(rows)) if lengths is None else np.argsort(-lengths, kind="stable")
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _in_float32(side: Encoded) -> Encoded:
    return {n: t.float() if t.is_floating_point() else t for n, t in side.items()}
