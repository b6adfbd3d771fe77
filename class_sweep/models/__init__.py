"""What the commands `train`, `evaluate` and `retrieve` do, for Python."""

from class_sweep.models.evaluation import Evaluation
from class_sweep.models.model import Model
from class_sweep.models.retrieval import Hit
from class_sweep.models.training import train

__all__ = ["Evaluation", "Hit", "Model", "train"]
