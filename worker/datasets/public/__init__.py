"""Public data sets that `fedsm prepare` turns into sites, in the order in which they are listed."""

from worker.datasets.public.base import PublicDataset
from worker.datasets.public.fundus_refuge import REFUGE

DATASETS: tuple[PublicDataset, ...] = (REFUGE,)


def dataset_named(name: str) -> PublicDataset:
    """Raises ValueError, which lists the names there are."""
    for dataset in DATASETS:
        if dataset.name == name.lower():
            return dataset
    known = ", ".join(dataset.name for dataset in DATASETS)
    raise ValueError(f"there is no data set {name!r}; there are: {known}")
