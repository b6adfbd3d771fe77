"""The files of a pretrained model: a local folder, the cache of Hugging Face or its hub."""

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

from class_sweep.base.hashing import file_digest
from class_sweep.encoders.sentence_transformers import SentenceModel, read_sentence_model
from class_sweep.errors import EncoderError

_SMALL_FILES = ("*.json", "*.txt", "*.model")  # configuration and tokenizer
_SAFETENSORS = "*.safetensors"
_PICKLED = "pytorch_model*.bin"  # read with PyTorch's weights_only loader
_TIMEOUT = 5.0  # seconds to wait for the hub
_RULE = "must be a folder or the name of a model on the Hugging Face hub"


@dataclass(frozen=True)
class ModelFiles:
    """The files of a model.

    Attributes:
        folder: The folder of the transformer and its tokenizer.
        identity: The identity of everything that decides its vectors.
        sentence: What a sentence-transformers model says about its vectors; None for another model.
    """

    folder: Path
    identity: str
    sentence: SentenceModel | None = None


def find_model(model: str, section: str = "text_encoder") -> ModelFiles:
    """Find a model by its absolute path or its name on the hub; download it if necessary.

    Files on this machine are used without the network. A relative path is never looked up here: a
    worker has another working directory than the command line.

    Args:
        model: The path or the name.
        section: The section of a space that names it, for messages.

    Raises:
        EncoderError: If the model is not available, with the steps to provide it.
    """
    folder, rule = Path(model), f"{section}.model {_RULE}"
    if folder.is_absolute():
        if not folder.is_dir():
            raise EncoderError(f"{rule}, got {model}, which is no folder on this machine")
        sentence = read_sentence_model(folder)
        transformer = sentence.transformer if sentence else folder
        return _files(transformer, _identity(transformer), sentence)
    try:
        snapshot = _cached(model) or _fetched(model)
    except HFValidationError as error:
        raise EncoderError(f"{rule}, got {model!r}, which is neither") from error
    except Exception as error:  # the client of the hub raises any error of its HTTP library
        lines = [line for line in str(error).splitlines() if line.strip()]
        reason = " ".join(lines[:2]) or type(error).__name__
        raise EncoderError(
            f"{rule}, got {model!r}, which is not on this machine (no such folder is beside the"
            f" space file) and not available from the hub ({reason}). Run `hf download {model}"
            " --local-dir FOLDER` on a machine with network, bring FOLDER here and give its path"
        ) from error
    sentence = read_sentence_model(snapshot)
    transformer = sentence.transformer if sentence else snapshot
    return _files(transformer, f"commit {snapshot.name}", sentence)


def _files(folder: Path, identity: str, sentence: SentenceModel | None) -> ModelFiles:
    return ModelFiles(folder, f"{identity} {sentence.identity}" if sentence else identity, sentence)


def _cached(model: str) -> Path | None:
    try:
        folder = snapshot_download(
            model, local_files_only=True, allow_patterns=[*_SMALL_FILES, _SAFETENSORS]
        )
    except LocalEntryNotFoundError:
        return None
    # A transformer may have a folder of its own, such as 0_Transformer.
    held = any(any(Path(folder).rglob(pattern)) for pattern in (_SAFETENSORS, _PICKLED))
    return Path(folder) if held else None


def _fetched(model: str) -> Path:
    # One request first: without network the download would retry for minutes.
    files = [file.rfilename for file in HfApi().model_info(model, timeout=_TIMEOUT).siblings or []]
    weights = _SAFETENSORS if any(Path(f).match(_SAFETENSORS) for f in files) else _PICKLED
    return Path(
        snapshot_download(model, allow_patterns=[*_SMALL_FILES, weights], etag_timeout=_TIMEOUT)
    )


def _weights(folder: Path) -> list[Path]:
    return sorted(folder.glob(_SAFETENSORS)) or sorted(folder.glob(_PICKLED))


def _identity(folder: Path) -> str:
    weights = _weights(folder)
    if not weights or not (folder / "config.json").is_file():
        raise EncoderError(
            f"a model's folder must hold config.json and {_SAFETENSORS} or {_PICKLED}, "
            f"got {sorted(path.name for path in folder.iterdir())}: {folder}"
        )
    small = (path for pattern in _SMALL_FILES for path in folder.glob(pattern))
    return " ".join(f"{path.name} {file_digest(path)}" for path in (*sorted(small), *weights))
