"""Whether the trials that share a GPU fit into its memory, before one of them starts."""

import torch

from class_sweep.backbones.catalogue import build_backbone
from class_sweep.config.document import Space
from class_sweep.config.sections import Resources
from class_sweep.errors import InputError
from class_sweep.training.features import TrialFeatures

_CONTEXT = 512 * 2**20  # bytes of a process that has done nothing yet: CUDA and its libraries
_GIB = 2**30


def trial_bytes(space: Space, features: TrialFeatures) -> int:
    """What a trial holds on its GPU at least: CUDA itself, the training rows, the model's state.

    A parameter is there four times: its value, its gradient and AdamW's two moments. Activations
    are not counted; they grow with the batch and the backbone. Of the axes, the larger end counts.
    """
    rows = len(features.rows("train"))
    widths = features.text.shape[1], features.molecule.shape[1]
    row = sum(widths) * features.text.itemsize
    parameters = 0
    for end in (0, -1):
        ends = {p: a.ends()[end] for p, a in space.axes.items() if p.startswith("backbone.")}
        with torch.device("meta"):
            model = build_backbone(space.resolve(ends).backbone, *widths)
        parameters = max(parameters, sum(p.numel() for p in model.parameters()))
    return _CONTEXT + rows * row + 4 * 4 * parameters


def require_gpu_memory(resources: Resources, need: int, memory: list[int]) -> None:
    """Refuse trials that their share of the smallest GPU cannot hold.

    Args:
        resources: Of one trial.
        need: Bytes, of `trial_bytes`.
        memory: Bytes of each GPU.

    Raises:
        InputError: If a share is too small.
    """
    if not resources.gpus or not memory:
        return
    there = min(memory) * min(1.0, resources.gpus)
    if need > there:
        raise InputError(
            "resources.gpus must leave each trial room for its data and its model"
            f" ({need / _GIB:.1f} GiB and its activations), got {resources.gpus:g} of a GPU of"
            f" {min(memory) / _GIB:.1f} GiB"
        )


def gpu_memory() -> list[int]:
    """Bytes of each GPU of this machine."""
    count = torch.cuda.device_count()
    return [torch.cuda.get_device_properties(i).total_memory for i in range(count)]
