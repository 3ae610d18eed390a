"""From a task's manifests to the engine's cases, through the cache that the processes of a worker share."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from backend.contracts.datasets import Reading
from backend.contracts.metrics import Split
from backend.contracts.tasks import DatasetManifest, ManifestCase, RunSpec
from worker.datasets.folder import read_case
from worker.engine.data import Case, ParticipantData, SiteData
from worker.engine.progress import OnProgress, no_progress
from worker.engine.transforms import make_case
from worker.jobs.build import build_intensity, build_sampling
from worker.jobs.shared_cases import LoadedCase, packed, unpacked
from worker.process.signs import pulse
from worker.stores.data_cache import DataCache, Loading

#: Called after each case that was read.
OnCase = Callable[[], None]


def load_participant_data(
    run: RunSpec,
    manifests: tuple[DatasetManifest, ...],
    cache: DataCache[LoadedCase],
    on_progress: OnProgress = no_progress,
) -> ParticipantData:
    """One SiteData for each site that has a manifest: those that train in site order, then those held out.

    on_progress: of the cases that are read; where the cache has them there is nothing to tell. Raises ValueError or
    OSError where a file is missing or is not the one that was checked.
    """
    by_site = {site: [m for m in manifests if m.site == site] for site in (*run.sites, *run.held_out_sites)}
    total, numbers = sum(len(manifest.cases) for manifest in manifests), count(1)

    def on_case() -> None:
        on_progress(next(numbers) / total)

    return tuple(_site_data(run, site, own, cache, on_case) for site, own in by_site.items() if own)


def _site_data(
    run: RunSpec, site: str, manifests: list[DatasetManifest], cache: DataCache[LoadedCase], on_case: OnCase
) -> SiteData:
    loaded = [pair for manifest in manifests for pair in _load_cached(run, manifest, cache, on_case)]
    loaded.sort(key=lambda pair: pair[1].name)  # the sort is stable, so equal names keep their data sets' order
    cases: dict[Split, tuple[Case, ...]] = {
        split: tuple(case for of_split, case in loaded if of_split == split) for split in ("train", "val", "test")
    }
    return SiteData(site, train=cases["train"], val=cases["val"], test=cases["test"])


def _load_cached(
    run: RunSpec, manifest: DatasetManifest, cache: DataCache[LoadedCase], on_case: OnCase
) -> tuple[LoadedCase, ...]:
    folder = Path(manifest.folder)
    files = [folder / name for case in manifest.cases for name in (case.image, case.mask)]
    # The parts are text, because contracts hold dictionaries, which cannot be keys.
    parts = (manifest, run.config.data, run.task)
    key = repr((*(part.model_dump_json() for part in parts), run.config.network.spatial_dims))
    loading = Loading(
        load=lambda: _load(run, manifest, on_case),
        measure_bytes=_num_bytes,
        pack=packed,
        unpack=lambda shared: unpacked(manifest.cases, shared),
    )
    return cache.get(key, files, loading)


def _load(run: RunSpec, manifest: DatasetManifest, on_case: OnCase) -> Iterator[LoadedCase]:
    folder = Path(manifest.folder)
    for file in manifest.cases:
        yield file.split, _load_case(run, folder, file, manifest.reading)
        on_case()


def _load_case(run: RunSpec, folder: Path, file: ManifestCase, reading: Reading) -> Case:
    pulse()
    read = read_case(folder, file, run.task, reading)
    data = run.config.data
    return make_case(
        file.case_id,
        file.name,
        read.image,
        read.structures,
        read.spacing,
        build_sampling(data),
        build_intensity(data),
        run.config.network.spatial_dims,
        patient=file.patient,
        affine=read.affine,
    )


def _num_bytes(loaded: tuple[LoadedCase, ...]) -> int:
    return sum(
        sum(tensor.nbytes for tensor in {id(t): t for t in (case.image, case.unit_image, case.reference)}.values())
        + case.reference_original.nbytes
        for _, case in loaded
    )
