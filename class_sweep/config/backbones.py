"""The settings of each backbone, with its source; where a paper is silent, the choice is ours.

The optimizer and the batches that a paper used stand in `search_spaces/NAME.yaml`.
"""

from typing import Annotated, Literal

from pydantic import Field

from class_sweep.config.section import Fraction, Section

Units = Annotated[int, Field(ge=1, le=65536, description="units")]
Dropout = Annotated[float, Field(ge=0, lt=1, description="probability")]
Temperature = Annotated[float, Field(ge=0.01, le=10, description="at first; learned")]
Layers = Annotated[int, Field(ge=1, le=64, description="of the graph network")]
Weight = Annotated[float, Field(gt=0, le=1000, description="of a part in the loss")]


class ContrastiveBackbone(Section):
    """Two projection heads over frozen features, in-batch negatives."""

    name: Literal["contrastive"]
    hidden: Units = 512
    dimension: Units = 256  # of the shared space
    dropout: Dropout = 0.1
    temperature: Temperature = 0.07


class Text2MolBackbone(Section):
    """Text2Mol (Edwards, Zhai and Ji, EMNLP 2021): its perceptron or its graph network."""

    name: Literal["text2mol"]
    molecule: Literal["mlp", "gcn"] = "mlp"  # over the summed Mol2vec vector, or over the atoms'
    hidden: Units = 600
    dimension: Units = 300  # of the shared space
    layers: Layers = 3  # gcn
    dropout: Dropout = 0.0  # ours: between the layers of the molecule's side
    temperature: Temperature = 0.07


class AmanBackbone(Section):
    """AMAN (Zhao et al., IEEE TAI 2023): graph transformer, hardest triplets, a Wasserstein critic.

    Ours, for want of a public word: heads, layers, dropout, every setting of the critic but its
    shape and its penalty, and the warm-up from all negatives to the hardest.
    """

    name: Literal["aman"]
    hidden: Units = 300  # of an atom
    dimension: Units = 300  # of the shared space
    layers: Layers = 3
    heads: Annotated[int, Field(ge=1, le=64, description="of attention; they divide hidden")] = 4
    dropout: Dropout = 0.1
    margin: Annotated[float, Field(gt=0, le=2, description="of cosine similarity")] = 0.3
    softness: Annotated[float, Field(ge=0, le=1, description="of the hardest negative")] = 0.05
    adversarial_weight: Annotated[float, Field(ge=0, le=1000)] = 0.01
    critic_lr: Annotated[float, Field(gt=0, le=10, description="of the critic's Adam")] = 1e-4
    critic_steps: Annotated[int, Field(ge=1, le=100, description="for each step of the model")] = 1
    critic_follows_intensity: bool = False  # scale its loss by γ of `adversarial` too
    gradient_penalty: Annotated[float, Field(ge=0, le=1000)] = 10.0


class OrmaBackbone(Section):
    """ORMA (Min et al., BIBM 2024, arXiv 2411.11875): tokens, multi-tokens and sentences aligned.

    Ours, for want of a public word: which layers of the text encoder, the graph network's depth and
    its dropout, and a learned temperature for each level.
    """

    name: Literal["orma"]
    hidden: Units = 300  # of a node
    dimension: Units = 256  # of the space of each level
    layers: Layers = 3
    dropout: Dropout = 0.1
    temperature: Temperature = 0.07
    token_atom: Weight = 0.5
    multitoken_motif: Weight = 0.3
    sentence_molecule: Weight = 0.2
    token_depth: Fraction = (
        0.5  # of the text encoder's layers, below the tokens compared with atoms
    )
    multitoken_depth: Fraction = 1.0  # the same for the tokens that are transported to motifs
    transport_beta: Annotated[float, Field(gt=0, le=100, description="proximal step")] = 0.5
    transport_iterations: Annotated[int, Field(ge=1, le=1000)] = 50


Backbone = Annotated[
    ContrastiveBackbone | Text2MolBackbone | AmanBackbone | OrmaBackbone,
    Field(discriminator="name"),
]
