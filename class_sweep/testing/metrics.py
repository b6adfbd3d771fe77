"""The contract of a metric."""

import numpy as np

from class_sweep.config.components import METRICS
from class_sweep.testing.contract import require

_RANKS = np.array([1, 1.5, 2, 3, 5, 8, 13, 100, 1000, 26407.5])  # ties have half ranks


def check_metric(name: str) -> None:
    """Check a registered metric: a finite value for each rank, no better for a worse rank.

    Raises:
        ContractError: If it breaks a rule.
    """
    metric, what = METRICS[name], f"metric {name} must give one finite value for each rank"
    for dtype in (np.float64, np.float32):
        ranks = _RANKS.astype(dtype)
        values = METRICS.load(name)(ranks)
        require(isinstance(values, np.ndarray), f"{what}, got {type(values).__name__}")
        shape = getattr(values, "shape", None)
        require(shape == ranks.shape, f"{what}, got the shape {shape} for {ranks.shape}")
        require(np.isfinite(values).all(), f"{what}, got NaN or infinity")
        require((ranks == _RANKS.astype(dtype)).all(), f"metric {name} must not change the ranks")
        falls = (np.diff(metric.sign * values) <= 0).all()
        rule = f"metric {name} (better = {metric.better}) must not be better for a worse rank"
        require(falls, f"{rule}, got {', '.join(f'{value:g}' for value in values)}")
        if metric.unit == "fraction":
            inside = (values >= 0).all() and (values <= 1).all()
            require(inside, f"metric {name} is a fraction, and must be in [0, 1]")
        if metric.step:
            parts = values / metric.step
            whole = np.allclose(parts, np.round(parts))
            require(whole, f"metric {name} must give multiples of its step, {metric.step:g}")
