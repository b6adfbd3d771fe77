"""The layout of a sentence-transformers model: its transformer, pooling, length and normalisation.

`modules.json` lists the modules. The transformer is in the root of the folder or in a folder of its
own, such as `0_Transformer`. Dense layers and other modules are refused: their vectors would
differ from those of the model.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from class_sweep.errors import EncoderError

MODULES = "modules.json"
_LENGTH = "sentence_*config.json"  # sentence_bert_config.json, sentence_roberta_config.json, …
_PROMPTS = "config_sentence_transformers.json"
_POOLINGS = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_lasttoken": "last",
}


@dataclass(frozen=True)
class SentenceModel:
    """What a sentence-transformers folder says about its vectors.

    Attributes:
        transformer: The folder of the transformer and its tokenizer.
        pooling: `mean`, `cls` or `last`.
        normalise: Whether the vectors have length 1.
        max_tokens: The tokens of a text; None if the folder does not say.
        lower_case: Whether texts are made lower-case.
    """

    transformer: Path
    pooling: str
    normalise: bool
    max_tokens: int | None
    lower_case: bool

    @property
    def identity(self) -> str:
        """Everything that decides the vectors beside the files of the transformer."""
        return (
            f"sentence-transformers {self.pooling} normalise={self.normalise}"
            f" max_tokens={self.max_tokens} lower_case={self.lower_case}"
        )


def read_sentence_model(folder: Path) -> SentenceModel | None:
    """The layout of a folder; None if it is no sentence-transformers model.

    Raises:
        EncoderError: If a file is damaged, or the model has a module that is not supported.
    """
    if not (folder / MODULES).is_file():
        return None
    modules = _read(folder / MODULES, list)
    try:
        kinds = [(str(m["type"]).rpartition(".")[2], folder / m["path"]) for m in modules]
    except (KeyError, TypeError):
        raise EncoderError(f"modules must have a type and a path: {folder / MODULES}") from None
    names = [kind for kind, _ in kinds]
    if names not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        raise EncoderError(
            "a sentence-transformers model must have the modules Transformer, Pooling and, if any,"
            f" Normalize, got {', '.join(names)}; others are not supported: {folder / MODULES}"
        )
    transformer, pooling = kinds[0][1], kinds[1][1]
    prompts = _read(folder / _PROMPTS, dict) if (folder / _PROMPTS).is_file() else {}
    if (prompts.get("prompts") or {}).get(prompts.get("default_prompt_name")):
        raise EncoderError(
            "a sentence-transformers model must have no default prompt, got"
            f" {prompts['default_prompt_name']!r}: {folder / _PROMPTS}"
        )
    lengths = sorted(transformer.glob(_LENGTH))
    length = _read(lengths[0], dict) if lengths else {}
    max_tokens = length.get("max_seq_length")
    return SentenceModel(
        transformer=transformer,
        pooling=_pooling(pooling / "config.json"),
        normalise="Normalize" in names,
        max_tokens=max_tokens if isinstance(max_tokens, int) else None,
        lower_case=bool(length.get("do_lower_case")),
    )


def _pooling(path: Path) -> str:
    config = _read(path, dict)
    chosen = [
        name for name, on in config.items() if name.startswith("pooling_mode_") and on is True
    ]
    mode = config.get("pooling_mode", [_POOLINGS.get(name, name) for name in chosen])
    modes = [mode] if isinstance(mode, str) else mode
    modes = ["last" if mode == "lasttoken" else mode for mode in modes]
    if len(modes) != 1 or modes[0] not in _POOLINGS.values():
        raise EncoderError(
            f"a pooling must be one of {', '.join(_POOLINGS.values())}, got"
            f" {', '.join(map(str, modes)) or 'none'}: {path}"
        )
    return str(modes[0])


def _read(path: Path, kind: type) -> Any:
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EncoderError(f"a file must be readable JSON, got {error}: {path}") from error
    if not isinstance(tree, kind):
        raise EncoderError(f"a file must hold a JSON {kind.__name__}: {path}")
    return tree
