"""The settings of each backbone, with its source. "Ours" marks choices that the paper leaves open.

The optimizer and the batches of a paper are in `search_spaces/NAME.yaml`.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from class_sweep.config.component_settings import ComponentSettings
from class_sweep.config.components import BACKBONES, INTENSITIES
from class_sweep.config.section import Fraction, Idle

Units = Annotated[int, Field(ge=1, le=65536, description="units of a hidden layer")]
Dimension = Annotated[int, Field(ge=1, le=65536, description="units of the shared space")]
Dropout = Annotated[float, Field(ge=0, lt=1, description="probability")]
Temperature = Annotated[
    float,
    Field(ge=0.01, le=10, description="divisor of the cosines; its first value if it is learned"),
]
LearnTemperature = Annotated[bool, Field(description="learn the temperature with the weights")]
Layers = Annotated[int, Field(ge=1, le=64, description="layers of the graph network")]
Weight = Annotated[float, Field(gt=0, le=1000, description="weight of this part of the loss")]


class BackboneSettings(ComponentSettings):
    """The settings of a backbone."""

    registry = BACKBONES

    name: str


class ContrastiveBackbone(BackboneSettings):
    """Two projection heads over vectors, or over a graph isomorphism network; in-batch negatives.

    The network is that of Xu et al. (ICLR 2019, arXiv 1810.00826), with layer norms.
    """

    name: Literal["contrastive"]
    molecule: Annotated[
        Literal["vectors", "gin"],
        Field(description="the vectors of the molecule encoder, or a graph isomorphism network"),
    ] = "vectors"
    hidden: Units = 512
    dimension: Dimension = 256
    layers: Layers = 3
    dropout: Dropout = 0.1
    temperature: Temperature = 0.1
    learn_temperature: LearnTemperature = False

    def idle(self, settings: Any) -> dict[str, Idle]:  # noqa: ARG002
        """The layers of the graph network, where there is none."""
        vectors = Idle("vectors have no graph layers", ("backbone.molecule",))
        return {"backbone.layers": vectors} if self.molecule == "vectors" else {}


class Text2MolBackbone(BackboneSettings):
    """Text2Mol (Edwards, Zhai and Ji, EMNLP 2021): its perceptron or its graph network.

    Ours: `dropout`, between the layers of the molecule's side.
    """

    name: Literal["text2mol"]
    molecule: Annotated[
        Literal["mlp", "gcn"],
        Field(description="perceptron over the sum of the substructure vectors, or graph network"),
    ] = "mlp"
    hidden: Units = 600
    dimension: Dimension = 300
    layers: Layers = 3
    dropout: Dropout = 0.0
    temperature: Temperature = 0.1
    learn_temperature: LearnTemperature = False

    def idle(self, settings: Any) -> dict[str, Idle]:  # noqa: ARG002
        """The layers of the graph network, where there is none."""
        perceptron = Idle("the perceptron has no graph layers", ("backbone.molecule",))
        return {"backbone.layers": perceptron} if self.molecule == "mlp" else {}


class AmanBackbone(BackboneSettings):
    """AMAN (Zhao et al., IEEE TAI 2023): graph transformer, hardest triplets, a Wasserstein critic.

    Ours, because the paper does not give them: heads, layers, dropout, and every setting of the
    critic except its shape and its penalty. `softness` deviates from the paper: 0 gives the paper's
    hardest negative, but then the loss of an untrained graph network tends to stay at `margin`.
    """

    name: Literal["aman"]
    hidden: Annotated[Units, Field(description="units of an atom")] = 300
    dimension: Dimension = 300
    layers: Layers = 3
    heads: Annotated[
        int, Field(ge=1, le=64, description="attention heads; a divisor of hidden")
    ] = 4
    dropout: Dropout = 0.1
    margin: Annotated[
        float, Field(gt=0, le=2, description="margin of the triplet loss, cosine similarity")
    ] = 0.3
    softness: Annotated[
        float, Field(ge=0, le=1, description="softness of the hardest negative; 0: the maximum")
    ] = 0.05
    adversarial_weight: Annotated[
        float, Field(ge=0, le=1000, description="weight of the adversarial loss")
    ] = 0.01
    critic_lr: Annotated[
        float, Field(gt=0, le=10, description="learning rate of the critic's Adam")
    ] = 1e-4
    critic_steps: Annotated[
        int, Field(ge=1, le=100, description="critic steps for each step of the model")
    ] = 1
    critic_follows_intensity: Annotated[
        bool, Field(description="scale the critic's loss by γ of `adversarial` too")
    ] = False
    gradient_penalty: Annotated[
        float, Field(ge=0, le=1000, description="weight of the penalty in the critic's loss")
    ] = 10.0

    def idle(self, settings: Any) -> dict[str, Idle]:
        """The critic's settings without an adversarial loss, and its intensity without one."""
        curriculum, follows = settings.curriculum, "backbone.critic_follows_intensity"
        curves = curriculum.intensity
        curve = curves.get("adversarial", "constant") if isinstance(curves, dict) else curves
        idle = {}
        if curriculum.intensity_target != "loss" or INTENSITIES.load(curve).is_constant:
            acting = ("curriculum.intensity", "curriculum.intensity_target")
            idle[follows] = Idle("the adversarial loss has no intensity", acting)
        if self.adversarial_weight == 0:
            unweighted = Idle("adversarial_weight is 0", ("backbone.adversarial_weight",))
            critic = ("critic_lr", "critic_steps", "gradient_penalty")
            idle |= {f"backbone.{name}": unweighted for name in critic}
            idle |= {follows: unweighted, "curriculum.intensity.adversarial": unweighted}
        return idle

    @field_validator("heads")
    @classmethod
    def _divide(cls, value: int, info: ValidationInfo) -> int:
        hidden = info.data.get("hidden", value)
        if hidden % value:
            raise PydanticCustomError("rule", "a divisor of hidden ({hidden})", {"hidden": hidden})
        return value


class OrmaBackbone(BackboneSettings):
    """ORMA (Min et al., BIBM 2024, arXiv 2411.11875): tokens, multi-tokens and sentences aligned.

    Ours, because the paper does not give them: the layers of the text encoder, the depth and the
    dropout of the graph network, and a temperature for each level.
    """

    name: Literal["orma"]
    hidden: Annotated[Units, Field(description="units of a node")] = 300
    dimension: Annotated[Dimension, Field(description="units of the space of each level")] = 256
    layers: Layers = 3
    dropout: Dropout = 0.1
    temperature: Temperature = 0.1
    learn_temperature: LearnTemperature = False
    token_atom: Weight = 0.5
    multitoken_motif: Weight = 0.3
    sentence_molecule: Weight = 0.2
    token_depth: Annotated[
        Fraction,
        Field(description="layer of the tokens compared with atoms, as a fraction of all layers"),
    ] = 0.5
    multitoken_depth: Annotated[
        Fraction,
        Field(description="layer of the tokens compared with motifs, as a fraction of all layers"),
    ] = 1.0
    transport_beta: Annotated[
        float, Field(ge=0.05, le=100, description="proximal step of the optimal transport")
    ] = 0.5
    transport_iterations: Annotated[
        int, Field(ge=1, le=1000, description="iterations of the optimal transport")
    ] = 50
