"""The demo of volumes: prostate MR of four synthetic hospitals."""

from backend.contracts.data_config import DataConfig
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.methods.fedsm import FedSMConfig
from backend.contracts.methods.references import CentralizedConfig, FedAvgConfig, LocalOnlyConfig
from backend.contracts.network_configs import NetworkConfig
from backend.contracts.schedule_config import ScheduleConfig
from fedsm.local.demo import DATA_SEED, Demo
from fedsm.synthetic_prostate import PROSTATE_TASK, write_prostate_sites

PROSTATE_DEMO = Demo(
    folder="demo-volumes",
    write=lambda folder: write_prostate_sites(folder, seed=DATA_SEED),
    dataset="Synthetic prostate MR",
    task=PROSTATE_TASK,
    federation="Prostate demo",
    federation_description="Four simulated hospitals that scan and outline the prostate and its zones differently.",
    experiment="FedSM and its baselines in 3D",
    experiment_description="The super model against its baselines, on the same volumes, network and schedule.",
    config=ExperimentConfig(
        data=DataConfig(image_size=64, depth=16, intensity="percentile", augmentation="none"),
        network=NetworkConfig(spatial_dims=3, channels=(8, 16, 32, 64), num_residual_units=1),
        schedule=ScheduleConfig(rounds=25, local_epochs=2, batch_size=2, learning_rate=4e-3, loss="dice_bce"),
        strategies=(FedSMConfig(lambda_=0.9), FedAvgConfig(), LocalOnlyConfig(), CentralizedConfig()),
        seeds=(0,),
    ),
)
