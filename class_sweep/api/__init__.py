"""What the commands `train`, `evaluate` and `retrieve` do, for Python."""

from class_sweep.api.evaluation import Evaluation
from class_sweep.api.model import Model
from class_sweep.api.retrieval import Hit
from class_sweep.api.training import train

__all__ = ["Evaluation", "Hit", "Model", "train"]
