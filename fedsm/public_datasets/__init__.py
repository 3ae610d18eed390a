"""Public data sets that `fedsm prepare` turns into sites, in the order in which they are listed."""

from fedsm.public_datasets.base import PublicDataset
from fedsm.public_datasets.cardiac_mms import MMS
from fedsm.public_datasets.fundus_drishti import DRISHTI_GS1
from fedsm.public_datasets.fundus_g1020 import G1020
from fedsm.public_datasets.fundus_origa import ORIGA
from fedsm.public_datasets.fundus_papila import PAPILA
from fedsm.public_datasets.fundus_refuge import REFUGE
from fedsm.public_datasets.fundus_riga import RIGA, RIGA_PLUS
from fedsm.public_datasets.fundus_rimone import RIM_ONE_DL, RIM_ONE_R3
from fedsm.public_datasets.polyps import CVC_CLINICDB, CVC_COLONDB, ETIS_LARIB, KVASIR_SEG
from fedsm.public_datasets.prostate_i2cvb import I2CVB
from fedsm.public_datasets.prostate_msd import MSD_PROSTATE
from fedsm.public_datasets.prostate_nci_isbi import NCI_ISBI_2013
from fedsm.public_datasets.prostate_promise12 import PROMISE12
from fedsm.public_datasets.prostate_prostate158 import PROSTATE158
from fedsm.public_datasets.prostate_prostatex import PROSTATEX
from fedsm.public_datasets.prostate_saml import SAML_PROSTATE
from fedsm.public_datasets.vessels import CHASE_DB1, DRIVE, FIVES, HRF, STARE

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
