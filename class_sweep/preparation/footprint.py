"""What a trial takes of a GPU's memory and of the disk, before one starts."""

import torch

from class_sweep.backbones.backbone import build_backbone
from class_sweep.config.document import Space
from class_sweep.config.objective import DIRECTIONS, POOLS
from class_sweep.config.sections import Resources
from class_sweep.errors import InputError
from class_sweep.training.features import TrialFeatures
from class_sweep.tuning.milestones import rung_samples
from class_sweep.tuning.pruners.pruner import make_pruner

# Of real sweeps, and as much again: a report 1.6 kB, a study's trial 2 kB, a page 2 MB.
_LINE, _STUDY_TRIAL, _EMPTY_STUDY, _PAGE = 3 << 10, 4 << 10, 256 << 10, 4 << 20
_COPIES = 2  # of a checkpoint: the older one stands until the newer is whole
_CONTEXT = 512 * 2**20  # bytes of a process that has done nothing yet: CUDA and its libraries
_GIB = 2**30


def trial_bytes(space: Space, features: TrialFeatures) -> int:
    """What a trial holds on its GPU at least: CUDA itself, the training rows, the model's state.

    A parameter that is trained is there four times: its value, its gradient and AdamW's two
    moments. Activations are not counted; they grow with the batch and the backbone.
    """
    rows = len(features.rows("train"))
    row: int = (features.text.shape[1] + features.molecule.shape[1]) * features.text.itemsize
    trained, frozen = _parameters(space, features)
    return _CONTEXT + rows * row + 4 * (4 * trained + frozen)


def checkpoint_bytes(space: Space, features: TrialFeatures) -> int:
    """A checkpoint on disk: every parameter, and AdamW's two moments of those that are trained."""
    trained, frozen = _parameters(space, features)
    return 4 * (3 * trained + frozen)


def most_on_disk(space: Space, features: TrialFeatures, at_a_time: int) -> int:
    """Bytes of checkpoints when most trials have some: two of each running or paused trial."""
    rungs, search = rung_samples(space, len(features.rows("train"))), space.settings.search
    pruner = make_pruner(space.settings.pruning, len(rungs), search.sampled)
    return _COPIES * (at_a_time + pruner.max_paused) * checkpoint_bytes(space, features)


def results_bytes(space: Space, rungs: int, queries: int) -> int:
    """What a sweep leaves in its folder, and in the storage that has its copy, at most.

    Args:
        space: Of the sweep.
        rungs: How many there are.
        queries: Of the validation split, Q.
    """
    settings = space.settings
    log = settings.search.runs * (rungs + 2) * _LINE  # its end, and a place lost while it waited
    found = log + _EMPTY_STUDY + settings.search.runs * _STUDY_TRIAL + _PAGE + log  # drawn in it
    if settings.confirms:
        wanted = settings.confirm
        arms = wanted.finalists * (1 + len(wanted.controls))
        ranks = 4 * queries * len(POOLS) * len(DIRECTIONS)
        found += arms * max(wanted.seeds, wanted.max_seeds) * (_LINE + ranks)
    return found


def _parameters(space: Space, features: TrialFeatures) -> tuple[int, int]:
    """Trained and frozen parameters of a trial's model, at the larger end of the axes."""
    found = []
    for end in (0, -1):
        ends = {p: a.ends()[end] for p, a in space.axes.items() if p.startswith("backbone.")}
        settings = space.resolve(ends)
        sources = features.input_spec(settings)
        # Weights that are read from files cannot be read into nothing.
        device = "cpu" if sources.transformer or sources.atom_vectors is not None else "meta"
        with torch.device(device):
            parameters = list(build_backbone(settings.backbone, sources).parameters())
        trained = sum(p.numel() for p in parameters if p.requires_grad)
        found.append((trained, sum(p.numel() for p in parameters) - trained))
    return max(found)


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
