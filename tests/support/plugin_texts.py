"""Texts of small plug-in files, and an installed package with one."""

from pathlib import Path

METRIC = """\
from class_sweep import plugin

@plugin.metric("hits@5", label="Hits@5", step=1.0)
def hits_at_5(ranks):
    return (ranks <= 5).astype(float)
"""

BACKBONE = """\
from torch import nn
from torch.nn import functional
from class_sweep import plugin

class Sizes(plugin.BackboneSettings):
    dimension: plugin.Annotated[int, plugin.Field(ge=1, description="units")] = 8

@plugin.backbone("bare", settings=Sizes)
class Bare(plugin.Backbone):
    parts = ("retrieval",)

    def __init__(self, settings, inputs):
        super().__init__(settings, inputs)
        self.text = nn.Linear(inputs.text_width, settings.dimension)
        self.molecule = nn.Linear(inputs.molecule_width, settings.dimension)

    def project_texts(self, texts):
        return {"embedding": functional.normalize(self.text(texts.sentence), dim=-1)}

    def project_molecules(self, molecules):
        return {"embedding": functional.normalize(self.molecule(molecules.vectors), dim=-1)}

    def loss_parts(self, texts, molecules):
        return {"retrieval": plugin.contrast(self.logits(texts, molecules) * 10)}
"""

CURRICULUM = """\
import numpy as np
from class_sweep import plugin

@plugin.difficulty("length")
def length(pairs):
    return np.array([len(text) for text in pairs.texts])

@plugin.order("as_given")
def as_given(difficulty, statistics, seed):
    return np.arange(len(difficulty))

@plugin.pacing("late")
class Late(plugin.Pacing):
    alpha: float
    delay: plugin.Annotated[int, plugin.Field(ge=1, description="epochs at alpha")] = 2

    def __call__(self, k):
        return self.alpha if k < self.delay else 1.0

    @property
    def end(self):
        return float(self.delay)

@plugin.intensity("half")
class Half(plugin.Intensity):
    def __call__(self, k):
        return 0.5
"""

ENCODERS = """\
import numpy as np
from class_sweep import plugin

@plugin.text_encoder("letters")
class Letters(plugin.TextEncoder):
    def compute(self, inputs, progress):
        return np.array([[text.count(c) for c in "aeiou"] + [1] for text in inputs], np.float32)

@plugin.molecule_encoder("atoms")
class Atoms(plugin.MoleculeEncoder):
    class Settings(plugin.MoleculeEncoderSettings):
        atoms: str = "CNO"

    def compute(self, inputs, progress):
        rows = [[smiles.count(a) for a in self.settings.atoms] + [1] for smiles in inputs]
        return np.array(rows, np.float32)
"""


def package_of_parts(folder: Path, version: str) -> Path:
    """Put the installed package `my_parts` of a version, with a metric, into a folder."""
    info = folder / f"my_parts-{version}.dist-info"
    info.mkdir(parents=True)
    (folder / "my_parts.py").write_text(METRIC)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: my_parts\nVersion: {version}\n")
    (info / "entry_points.txt").write_text("[class_sweep.metrics]\nhits@5 = my_parts:hits_at_5\n")
    return folder
