"""The GPU memory and the disk space of a sweep, estimated before the first trial starts."""

from itertools import product

import torch

from class_sweep.backbones.backbone import build_backbone
from class_sweep.config.document import Space
from class_sweep.config.objective import DIRECTIONS, POOLS
from class_sweep.config.sections import Resources
from class_sweep.errors import InputError
from class_sweep.training.features import TrialFeatures
from class_sweep.tuning.milestones import Rungs
from class_sweep.tuning.pruner_groups import PrunerGroups

# Upper bounds in bytes: about twice the sizes of real sweeps.
_LOG_LINE = 3 << 10
_STUDY_TRIAL = 4 << 10
_EMPTY_STUDY = 256 << 10
_PAGE = 4 << 20  # the report page without the data of the log
_COPIES = 2  # the previous checkpoint of a trial is removed when the next one is complete
_CUDA_CONTEXT = 512 * 2**20  # bytes of CUDA and its libraries in a process without data
_GIB = 2**30


def trial_bytes(space: Space, features: TrialFeatures) -> int:
    """The minimum GPU memory of a trial: the CUDA context, the training rows and the model.

    A trained parameter counts four times: its value, its gradient and the two moments of AdamW.
    Activations are not counted; they grow with the batch and the backbone.
    """
    rows = len(features.rows("train"))
    row: int = (features.text.shape[1] + features.molecule.shape[1]) * features.text.itemsize
    trained, frozen = _parameters(space, features)
    return _CUDA_CONTEXT + rows * row + 4 * (4 * trained + frozen)


def checkpoint_bytes(space: Space, features: TrialFeatures) -> int:
    """The size of a checkpoint: all parameters, and two AdamW moments per trained parameter."""
    trained, frozen = _parameters(space, features)
    return 4 * (3 * trained + frozen)


def max_checkpoint_bytes(space: Space, features: TrialFeatures, parallel_trials: int) -> int:
    """The maximum size of all checkpoints: two for each running and each paused trial."""
    rungs = Rungs.of(space, len(features.rows("train")))
    paused = PrunerGroups.of(space, len(rungs.samples)).max_paused
    return _COPIES * (parallel_trials + paused) * checkpoint_bytes(space, features)


def results_bytes(space: Space, rungs: int, queries: int) -> int:
    """The maximum size of a results folder, and of its copy in remote storage.

    Args:
        space: The space of the sweep.
        rungs: The number of rungs.
        queries: Q, the number of queries of the validation split.
    """
    settings = space.settings
    runs, confirm = settings.search.runs, settings.confirm
    # One line per rung, one for the end, and one for a pause that ends in pruning.
    log = runs * (rungs + 2) * _LOG_LINE
    study = _EMPTY_STUDY + runs * _STUDY_TRIAL
    page = _PAGE + log  # the page contains the reports of the log
    total = log + study + page
    if settings.confirms:
        arms = confirm.finalists * (1 + len(confirm.controls))
        ranks = 4 * queries * len(POOLS) * len(DIRECTIONS)
        total += arms * max(confirm.seeds, confirm.max_seeds) * (_LOG_LINE + ranks)
    return total


def _parameters(space: Space, features: TrialFeatures) -> tuple[int, int]:
    """Count the trained and the frozen parameters of a model at the larger ends of the axes."""
    counts = []
    for branch, end in product(space.alternatives, (0, -1)):
        ends = {
            path: axis.ends()[end]
            for path, axis in branch.axes.items()
            if path.startswith("backbone.")
        }
        settings = branch.resolve(ends)
        sources = features.input_spec(settings)
        # A meta tensor has no memory, so weights from files cannot be loaded into it.
        from_files = sources.transformer, sources.molecule_transformer, sources.atom_vectors
        device = "meta" if all(part is None for part in from_files) else "cpu"
        with torch.device(device):
            parameters = list(build_backbone(settings.backbone, sources).parameters())
        trained = sum(p.numel() for p in parameters if p.requires_grad)
        counts.append((trained, sum(p.numel() for p in parameters) - trained))
    return max(counts)


def require_gpu_memory(resources: Resources, need: int, memory: list[int]) -> None:
    """Check that a trial fits into its share of the smallest GPU.

    Args:
        resources: The resources of one trial.
        need: The bytes of a trial; see `trial_bytes`.
        memory: The bytes of each GPU.

    Raises:
        InputError: If the share is too small.
    """
    if not resources.gpus or not memory:
        return
    share = min(1.0, resources.gpus)  # the first of several GPUs holds all of it
    if need > share * min(memory):
        raise InputError(
            "resources.gpus must give each trial enough memory for its data and its model"
            f" ({need / _GIB:.1f} GiB, and the activations), got {share:g} of a GPU of"
            f" {min(memory) / _GIB:.1f} GiB"
        )


def gpu_memory() -> list[int]:
    """The memory of each GPU of this machine, in bytes."""
    count = torch.cuda.device_count()
    return [torch.cuda.get_device_properties(i).total_memory for i in range(count)]
