"""Public data sets that `fedsm prepare` turns into sites, in the order in which they are listed."""

from worker.datasets.public.base import PublicDataset
from worker.datasets.public.fundus_drishti import DRISHTI_GS1
from worker.datasets.public.fundus_g1020 import G1020
from worker.datasets.public.fundus_origa import ORIGA
from worker.datasets.public.fundus_papila import PAPILA
from worker.datasets.public.fundus_refuge import REFUGE
from worker.datasets.public.fundus_riga import RIGA, RIGA_PLUS
from worker.datasets.public.fundus_rimone import RIM_ONE_DL, RIM_ONE_R3
from worker.datasets.public.polyps import CVC_CLINICDB, CVC_COLONDB, ETIS_LARIB, KVASIR_SEG
from worker.datasets.public.vessels import CHASE_DB1, DRIVE, FIVES, HRF, STARE

DATASETS: tuple[PublicDataset, ...] = (
    *(REFUGE, DRISHTI_GS1, RIM_ONE_R3, RIM_ONE_DL, RIGA, RIGA_PLUS, ORIGA, PAPILA, G1020),
    *(DRIVE, CHASE_DB1, STARE, HRF, FIVES),
    *(KVASIR_SEG, CVC_CLINICDB, CVC_COLONDB, ETIS_LARIB),
)


def dataset_named(name: str) -> PublicDataset:
    """Raises ValueError, which lists the names there are."""
    for dataset in DATASETS:
        if dataset.name == name.lower():
            return dataset
    known = ", ".join(dataset.name for dataset in DATASETS)
    raise ValueError(f"there is no data set {name!r}; there are: {known}")
