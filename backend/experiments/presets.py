"""Settings of FedSM that are set together, as they fit the data of a federation's sites and a run's rounds."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from backend.contracts.config_problems import in_short
from backend.contracts.presets import PRESETS, Preset, PresetSetting
from backend.experiments.schemas import LeftOutSetting, PresetRecord
from backend.sites import service as sites
from backend.sites.schemas import SiteRecord


def presets_on(
    session: Session, federation_id: str, held_out: Collection[str], rounds: int | None
) -> list[PresetRecord]:
    """held_out: slugs of sites that do not train. rounds: of a run; None leaves nothing out for them."""
    records = sites.site_records(session, sites.active_sites(session, federation_id))
    training = [site for site in records if any(site.num_cases.values()) and site.slug not in held_out]
    return [_that_fit(preset, training, rounds) for preset in PRESETS]


def _that_fit(preset: Preset, training: list[SiteRecord], rounds: int | None) -> PresetRecord:
    settings, left_out = [], []
    for setting in preset.settings:
        if reason := _too_few_cases(setting, training) or _too_few_rounds(setting, rounds):
            left_out.append(LeftOutSetting(field=setting.field, value=setting.value, reason=reason))
        else:
            settings.append(setting)
    return PresetRecord(**preset.model_dump(exclude={"settings"}), settings=settings, left_out=left_out)


def _too_few_cases(setting: PresetSetting, training: list[SiteRecord]) -> str:
    """Why the sites' data do not allow a setting, or nothing."""
    small = [site for site in training if site.num_cases.get("val", 0) < setting.validation_cases]
    if not setting.validation_cases or (training and not small):
        return ""
    has = in_short([f"{site.name} has {site.num_cases.get('val', 0)}" for site in small]) or "no site has data"
    return f"It needs {setting.validation_cases} validation cases at every site that trains: {has}."


def _too_few_rounds(setting: PresetSetting, rounds: int | None) -> str:
    if rounds is None or rounds >= setting.rounds:
        return ""
    return f"It needs {setting.rounds} rounds or more, and the run has {rounds}."
