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
    """The settings that the environment names files for, as a source of pydantic-settings."""

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


class SettingsOrFiles(BaseSettings):
    """Settings from the environment, and from the files that it names. A variable that is there but empty does not hide
    its file."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given in code, the files, the environment: the first that has a value holds."""
        del dotenv_settings, file_secret_settings
        return (init_settings, FileSettings(settings_cls), env_settings)


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
