"""One of every method, for tests that hold something of all of them; a test compares the list with the experiment's."""

from dataclasses import replace

from backend.contracts.thresholds import CHOICES, best_threshold
from tests.worker.engine.method_runs import BATCH_NORM, adam_plan, sgd_plan
from tests.worker.engine.small_sites import SGD
from worker.engine.beyond_paper import Beyond
from worker.engine.plan import Plan
from worker.engine.robust_aggregation import Krum, Mean, Median, TrimmedMean
from worker.engine.routed_weights import TestTimeRouting
from worker.engine.routing.quality import ExpectedQuality
from worker.engine.routing.threshold import ThresholdFromValidation
from worker.engine.selectors.lda import LdaSelector
from worker.engine.selectors.softmax import SoftmaxSelector
from worker.engine.strategies.apfl import APFL
from worker.engine.strategies.base import Strategy
from worker.engine.strategies.centralized import Centralized
from worker.engine.strategies.consensus import Consensus
from worker.engine.strategies.cyclic import CyclicWeightTransfer
from worker.engine.strategies.ditto import Ditto
from worker.engine.strategies.fedala import FedALA
from worker.engine.strategies.fedavg import FedAvg
from worker.engine.strategies.fedawa import FedAWA
from worker.engine.strategies.fedbn import FedBN
from worker.engine.strategies.feddyn import FedDyn
from worker.engine.strategies.fedlws import FedLWS
from worker.engine.strategies.fednova import FedNova
from worker.engine.strategies.fedopt import FedOpt
from worker.engine.strategies.fedper import FedPer
from worker.engine.strategies.fedprox import FedProx
from worker.engine.strategies.fedrdn import FedRDN
from worker.engine.strategies.fedrep import FedRep
from worker.engine.strategies.fedrod import FedRoD
from worker.engine.strategies.fedsm import FedSM
from worker.engine.strategies.fine_tuning import FineTuning
from worker.engine.strategies.iopfl import IOPFL
from worker.engine.strategies.local_only import LocalOnly
from worker.engine.strategies.moon import Moon
from worker.engine.strategies.mr_mtl import MrMtl
from worker.engine.strategies.pfedme import PFedMe
from worker.engine.strategies.scaffold import Scaffold

DESCRIPTORS = LdaSelector(0.1, 2, "descriptors", 10.0)
ENCODER = LdaSelector(0.1, 2, "encoder", 10.0)
BEYOND = Beyond(
    lambda_start=0.5,
    rounds_without_pull=1,
    pull_by_depth=0.5,
    server_momentum=0.5,
    momentum_models="all",
    momentum_warmup=3.0,
    mixture="weights",
    global_share=0.5,
)
MOMENTUM_SGD = replace(SGD, momentum=0.9)

#: A name, the method, and a plan of two rounds that it runs under.
ALL: dict[str, tuple[Strategy, Plan]] = {
    "fedsm": (FedSM(0.7, 0.9, DESCRIPTORS, 0.0, "hard"), adam_plan()),
    "fedsm-encoder-similarity-soft": (FedSM(0.7, 0.9, ENCODER, 2.0, "soft"), adam_plan()),
    "fedsm-threshold-from-validation": (
        FedSM(0.7, 0.9, DESCRIPTORS, 0.0, "hard", ThresholdFromValidation(0.9, CHOICES, best_threshold, 1)),
        adam_plan(),
    ),
    "fedsm-expected-quality": (
        FedSM(0.7, 0.9, DESCRIPTORS, 0.0, "hard", ExpectedQuality("descriptors", 0.1, 2, 0.9)),
        adam_plan(),
    ),
    "fedsm-reference-selector": (FedSM(0.7, 0.9, SoftmaxSelector("cnn", 1e-3, "reference"), 0.0, "hard"), adam_plan()),
    "fedsm-pooled-selector": (
        FedSM(0.7, 0.9, SoftmaxSelector("cnn", 1e-3, "pooled_gradient"), 0.0, "hard"),
        adam_plan(),
    ),
    "fedsm-quadratic-selector": (
        FedSM(0.7, 0.9, LdaSelector(0.1, 2, "descriptors", 10.0, 0.5), 0.0, "hard"),
        adam_plan(),
    ),
    "fedsm-beyond-the-paper": (
        FedSM(0.7, 0.9, DESCRIPTORS, 0.0, "soft", None, BEYOND),
        adam_plan(),
    ),
    "fedavg": (FedAvg(Mean()), adam_plan()),
    "fedavg-median": (FedAvg(Median()), adam_plan()),
    "fedavg-trimmed-mean": (FedAvg(TrimmedMean(1)), adam_plan()),
    "fedavg-krum": (FedAvg(Krum(0, 1)), adam_plan()),
    "fedprox": (FedProx(0.1, Mean()), adam_plan()),
    "fedavgm": (FedOpt("momentum", 1.0, 0.9, 0, 0, Mean()), adam_plan()),
    "fedadam": (FedOpt("adam", 0.01, 0.9, 0.99, 1e-3, Mean()), adam_plan()),
    "fedyogi": (FedOpt("yogi", 0.01, 0.9, 0.99, 1e-3, Mean()), adam_plan()),
    "fedadagrad": (FedOpt("adagrad", 0.01, 0.9, 0, 1e-3, Mean()), adam_plan()),
    "scaffold": (Scaffold(1.0), sgd_plan()),
    "fednova": (FedNova(), sgd_plan(optimizer=MOMENTUM_SGD)),
    "feddyn": (FedDyn(0.1), adam_plan()),
    "moon": (Moon(1.0, 0.5), adam_plan()),
    "fedawa": (FedAWA(0.01, 3), adam_plan()),
    "fedlws": (FedLWS(0.03, 0.01, 0.2), adam_plan()),
    "cyclic": (CyclicWeightTransfer(), adam_plan()),
    "ditto": (Ditto(0.1), adam_plan()),
    "mr-mtl": (MrMtl(0.1), adam_plan()),
    "fedbn": (FedBN("batch-norm"), adam_plan(network=BATCH_NORM)),
    "silobn": (FedBN("statistics"), adam_plan(network=BATCH_NORM)),
    "fedper": (FedPer(), adam_plan()),
    "fedrep": (FedRep(1), adam_plan()),
    "fedrod": (FedRoD(), adam_plan()),
    "fedrdn": (FedRDN(), adam_plan()),
    "iop-fl": (IOPFL(0.1, TestTimeRouting(2, 0.1)), adam_plan()),
    "fine-tuning": (FineTuning(1), adam_plan()),
    "apfl": (APFL(0.5, 0.1), adam_plan()),
    "pfedme": (PFedMe(15.0, 2, 0.01, 1.0), adam_plan()),
    "fedala": (FedALA(1.0, 0.5, 2), adam_plan()),
    "consensus-mean": (Consensus("mean"), adam_plan()),
    "consensus": (Consensus("majority"), adam_plan()),
    "consensus-staple": (Consensus("staple"), adam_plan()),
    "local-only": (LocalOnly(0.0), adam_plan()),
    "centralized": (Centralized("full"), adam_plan()),
    "centralized-equal-steps": (Centralized("equal"), adam_plan()),
}
