"""Settings that lie in files, as container platforms hand out secrets: `FEDSM_ADMIN_TOKEN_FILE` names a file whose text
is the value of `FEDSM_ADMIN_TOKEN`. Every variable may be given so."""

import os
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

SUFFIX = "_FILE"


class SettingFileProblem(ValueError):
    """Its text names the variable, what is wrong with it, and the remedy; it never holds the file's text."""


class FileSettings(PydanticBaseSettingsSource):
    """The settings that the environment names files for."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The text, the field's name, and that it is no JSON. Raises SettingFileProblem."""
        prefix = str(self.config.get("env_prefix", ""))
        variable = str(field.validation_alias or f"{prefix}{field_name}").upper()
        path = os.environ.get(variable + SUFFIX, "")
        if not path:
            return None, field_name, False
        if os.environ.get(variable):
            raise SettingFileProblem(
                f"{variable} and {variable}{SUFFIX} are both set, and only one can hold: remove one of the two"
            )
        return _text_of(path, variable + SUFFIX), field_name, False

    def __call__(self) -> dict[str, Any]:
        found = ((name, self.get_field_value(field, name)[0]) for name, field in self.settings_cls.model_fields.items())
        return {name: text for name, text in found if text is not None}


def with_files(
    settings_cls: type[BaseSettings], first: PydanticBaseSettingsSource, *others: PydanticBaseSettingsSource
) -> tuple[PydanticBaseSettingsSource, ...]:
    """The sources with files after the first, for `settings_customise_sources`: a variable that is there but empty does
    not hide its file."""
    return (first, FileSettings(settings_cls), *others)


def _text_of(path: str, variable: str) -> str:
    """Without the line break that editors put at its end."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(2**16).strip()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingFileProblem(
            f"{variable} names {path}, which cannot be read ({said}): correct the path, or let this user read the file"
        ) from None
    if not text:
        raise SettingFileProblem(f"{variable} names {path}, which is empty: write the value into it")
    return text
