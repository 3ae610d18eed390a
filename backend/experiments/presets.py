"""Settings of FedSM that are set together, as they fit the data of a federation's sites."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from backend.contracts.config_problems import in_short
from backend.contracts.presets import PRESETS, Preset, PresetSetting
from backend.experiments.schemas import LeftOutSetting, PresetRecord
from backend.sites import service as sites
from backend.sites.schemas import SiteRecord


def presets_on(session: Session, federation_id: str, held_out: Collection[str]) -> list[PresetRecord]:
    """held_out: slugs of sites that do not train."""
    records = sites.site_records(session, sites.active_sites(session, federation_id))
    training = [site for site in records if any(site.num_cases.values()) and site.slug not in held_out]
    return [_on_sites(preset, training) for preset in PRESETS]


def _on_sites(preset: Preset, training: list[SiteRecord]) -> PresetRecord:
    settings, left_out = [], []
    for setting in preset.settings:
        small = [site for site in training if site.num_cases.get("val", 0) < setting.validation_cases]
        if setting.validation_cases and (small or not training):
            left_out.append(_left_out(setting, small))
        else:
            settings.append(setting)
    return PresetRecord(**preset.model_dump(exclude={"settings"}), settings=settings, left_out=left_out)


def _left_out(setting: PresetSetting, small: list[SiteRecord]) -> LeftOutSetting:
    """small: the sites with too few validation cases; none where no site has data."""
    has = in_short([f"{site.name} has {site.num_cases.get('val', 0)}" for site in small]) or "no site has data"
    reason = f"It needs {setting.validation_cases} validation cases at every site that trains: {has}."
    return LeftOutSetting(field=setting.field, value=setting.value, reason=reason)
