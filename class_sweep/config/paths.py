"""The types of the paths in a space file: relative to the file, with `~` and `$VAR` expanded.

A setting of such a type is absolute after validation. Its text in a file doubles each `$`, so that
reading it again gives the same path.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Annotated, Any, Literal

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_SIGNS_OF_A_PATH = ("/", "~", ".")
_LOCAL_URI = re.compile(r"(sqlite:///|file:|)(?!databricks)([^:]+)")  # a path, or scheme and path


@dataclass(frozen=True)
class PathContext:
    """The context of a validation.

    Attributes:
        folder: The folder of the file that names the paths, absolute.
        must_exist: Whether a missing input is an error.
    """

    folder: Path
    must_exist: bool = False

    @classmethod
    def of(cls, context: Any) -> "PathContext":
        """The context of a validation; without one, paths are relative to the working directory."""
        return context if isinstance(context, cls) else cls(Path.cwd())


def absolute_path(text: str, folder: Path) -> Path:
    """The absolute path that a setting names.

    Args:
        text: The value in the file.
        folder: The folder of the file, absolute.

    Raises:
        PydanticCustomError: If the text is empty, is not UTF-8, or names an unknown home or an
            environment variable that is not set.
    """
    try:
        expanded = Template(text).substitute(os.environ)
        at_home = expanded.startswith("~")  # a Path of ./~name forgets its ./
        path = folder / (Path(expanded).expanduser() if at_home else expanded)
        str(path).encode()
    except KeyError as error:
        raise _rule("a path whose variables are set; ${name} is not", name=error.args[0]) from None
    except UnicodeEncodeError:
        raise _rule("a path of UTF-8 text") from None
    except ValueError:
        raise _rule("a path whose $ names a variable; write $$ for the character $") from None
    except RuntimeError:
        raise _rule("a path whose ~ is the home of a known user") from None
    if not expanded:
        raise _rule("a path that is not empty")
    return path


def _rule(rule: str, **values: str) -> PydanticCustomError:
    return PydanticCustomError("rule", rule, values)


class _PathType:
    """Annotation of a type whose values `_located` makes absolute."""

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(
            self._validated,
            handler(source),
            serialization=core_schema.plain_serializer_function_ser_schema(
                self._as_written, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )

    def _validated(
        self,
        value: Any,
        handler: core_schema.ValidatorFunctionWrapHandler,
        info: core_schema.ValidationInfo,
    ) -> Any:
        handler(value)  # the type alone; a Path of ./~name forgets its ./
        return self._located(str(value), PathContext.of(info.context))

    def _located(self, text: str, context: PathContext) -> Any:
        raise NotImplementedError

    def _as_written(self, value: Any) -> Any:
        return str(value).replace("$", "$$")


@dataclass(frozen=True)
class Input(_PathType):
    """Annotation of a `Path` setting that names an input.

    Attributes:
        kind: What the path must be.
        remedy: How to provide a missing input, for the error.
        read_once: Whether a new sweep alone reads it, so that it may be gone later.
    """

    kind: Literal["file", "folder"]
    remedy: str = ""
    read_once: bool = False

    def _located(self, text: str, context: PathContext) -> Path:
        path = absolute_path(text, context.folder)
        exists = path.is_file if self.kind == "file" else path.is_dir
        if context.must_exist and not self.read_once and not exists():
            hint = f"; {self.remedy}" if self.remedy else ""
            raise _rule(f"a {self.kind} that exists{{hint}}", hint=hint)
        return path


ReadOnce = Annotated[Path, Input("folder", read_once=True)]
InputFile = Annotated[Path, Input("file")]
InputFolder = Annotated[Path, Input("folder")]


class _Model(_PathType):
    """Annotation of a `str` setting that names a model: a folder, or a name on the hub."""

    def _located(self, text: str, context: PathContext) -> str:
        # A name on the hub is NAME or OWNER/NAME.
        is_path = text.startswith(_SIGNS_OF_A_PATH) or "$" in text or text.count("/") > 1
        if not is_path and not (text and (context.folder / text).is_dir()):
            return text
        path = absolute_path(text, context.folder)
        if context.must_exist and not path.is_dir():
            raise _rule("a folder that exists, or the name of a model on the Hugging Face hub")
        return str(path)


ModelName = Annotated[str, _Model()]


class _Uri(_PathType):
    """Annotation of a `str` setting that is a URI or a path; a path in it becomes absolute."""

    def _located(self, text: str, context: PathContext) -> str:
        local = _LOCAL_URI.fullmatch(text)
        if local is None:
            return text
        scheme, path = local.groups()
        return f"{scheme}{absolute_path(path, context.folder)}"

    def _as_written(self, value: str) -> Any:
        return super()._as_written(value) if _LOCAL_URI.fullmatch(value) else value


Uri = Annotated[str, _Uri()]
