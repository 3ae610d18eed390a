"""Public data sets that `fedsm prepare` turns into sites, in the order in which they are listed."""

from worker.datasets.public.base import PublicDataset
from worker.datasets.public.cardiac_mms import MMS
from worker.datasets.public.fundus_drishti import DRISHTI_GS1
from worker.datasets.public.fundus_g1020 import G1020
from worker.datasets.public.fundus_origa import ORIGA
from worker.datasets.public.fundus_papila import PAPILA
from worker.datasets.public.fundus_refuge import REFUGE
from worker.datasets.public.fundus_riga import RIGA, RIGA_PLUS
from worker.datasets.public.fundus_rimone import RIM_ONE_DL, RIM_ONE_R3
from worker.datasets.public.polyps import CVC_CLINICDB, CVC_COLONDB, ETIS_LARIB, KVASIR_SEG
from worker.datasets.public.prostate_i2cvb import I2CVB
from worker.datasets.public.prostate_msd import MSD_PROSTATE
from worker.datasets.public.prostate_nci_isbi import NCI_ISBI_2013
from worker.datasets.public.prostate_promise12 import PROMISE12
from worker.datasets.public.prostate_prostate158 import PROSTATE158
from worker.datasets.public.prostate_prostatex import PROSTATEX
from worker.datasets.public.prostate_saml import SAML_PROSTATE
from worker.datasets.public.vessels import CHASE_DB1, DRIVE, FIVES, HRF, STARE

DATASETS: tuple[PublicDataset, ...] = (
    *(REFUGE, DRISHTI_GS1, RIM_ONE_R3, RIM_ONE_DL, RIGA, RIGA_PLUS, ORIGA, PAPILA, G1020),
    *(DRIVE, CHASE_DB1, STARE, HRF, FIVES),
    *(KVASIR_SEG, CVC_CLINICDB, CVC_COLONDB, ETIS_LARIB),
    *(I2CVB, MSD_PROSTATE, NCI_ISBI_2013, PROMISE12, PROSTATEX, PROSTATE158, SAML_PROSTATE),
    MMS,
)


def dataset_named(name: str) -> PublicDataset:
    """Raises ValueError, which lists the names there are."""
    for dataset in DATASETS:
        if dataset.name == name.lower():
            return dataset
    known = ", ".join(dataset.name for dataset in DATASETS)
    raise ValueError(f"there is no data set {name!r}; there are: {known}")
