"""What a played worker answers: the result of every kind of task, with its artifacts uploaded.

Its weights are a few bytes that depend on the task alone, so that a repeated attempt uploads the same artifact.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import httpx

from backend.contracts.artifacts import DICOM, NIFTI_GZ, PNG, SAFETENSORS, ZIP
from backend.contracts.strategy_configs import METHODS

Result = dict[str, Any]


def played_weights(words: bytes) -> bytes:
    header = b'{"w":{"dtype":"U8","shape":[32],"data_offsets":[0,32]}}'
    return len(header).to_bytes(8, "little") + header + hashlib.sha256(words).digest()


def scores_of(dice: float) -> Result:
    """Scores that a mask of this Dice could have."""
    return {
        "distance_unit": "px",
        "values": {
            "dice": dice,
            "iou": dice / (2 - dice),
            "hd95": 10 * (1 - dice),
            "nsd": dice,
            "assd": 5 * (1 - dice),
            "volume_difference": 1 - dice,
            "sensitivity": dice,
            "precision": dice,
        },
    }


def _own_model_is_best(payload: dict[str, Any], _case: str, model: str) -> float:
    return 0.9 if model == f"personalized/{payload['participant']}" else 0.6


def _nearly_certain(payload: dict[str, Any], _case: str) -> dict[str, float]:
    """Of the site itself; of all sites alike at one that is held out."""
    sites = payload["run"]["sites"]
    if payload["participant"] not in sites:
        return dict.fromkeys(sites, 1 / len(sites))
    return {site: 0.97 if site == payload["participant"] else 0.01 for site in sites}


class PlayedResults:
    """`dice` gives a validation Dice for (participant, round)."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.dice: Callable[[str, int], float] = lambda _participant, _round: 0.5
        #: The steps that a round's training reports of each model, for its payload; it reports twice as many images.
        self.steps: Callable[[dict[str, Any]], dict[str, int]] = lambda _payload: {}
        self.num_val_cases: Callable[[str], int] = lambda _participant: 1
        self.refuse: dict[str, str] = {}
        #: Whether evaluation answers with masks of earlier rounds too.
        self.with_history = False
        #: Whether the state that aggregation leaves holds the sites' sums, as the selector lda keeps them.
        self.with_sums = False
        #: Named with each upload while its result is made.
        self.task_id: str | None = None
        #: Puts an artifact of a task, (content, media type, task id), into its place without a request.
        self.keep: Callable[[bytes, str, str], None] | None = None
        #: How many test cases a data set has, and each model's Dice of a case, for (evaluation's payload, case, model).
        self.num_test_cases = 1
        self.test_dice: Callable[[dict[str, Any], str, str], float] = _own_model_is_best
        #: Of a case's name, what its route says of the distance to the sites.
        self.unlike: Callable[[str], dict[str, Any]] = lambda _name: {}
        #: The model selector's answer, for (evaluation's payload, case name).
        self.probabilities: Callable[[dict[str, Any], str], dict[str, float]] = _nearly_certain
        #: The super model's Dice on validation cases at each threshold, for the evaluation's payload.
        self.thresholds: Callable[[dict[str, Any]], dict[float, float]] = lambda _payload: {}

    def upload(self, content: bytes, media_type: str = SAFETENSORS) -> str:
        """Weights become a safetensors file of one tensor, the hash of their words."""
        return self.upload_bytes(played_weights(content) if media_type == SAFETENSORS else content, media_type)

    def upload_bytes(self, content: bytes, media_type: str = SAFETENSORS) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        if self.keep is not None and self.task_id is not None:
            self.keep(content, media_type, self.task_id)
            return sha256
        headers = {"Content-Type": media_type}
        if self.task_id is not None:
            headers["X-FedSM-Task"] = self.task_id
        path = f"/worker-api/v1/artifacts/{sha256}"
        response = self.client.put(path, content=content, headers=headers)
        if response.status_code == 409:  # nobody waits for the task: a stubborn worker goes on all the same
            del headers["X-FedSM-Task"]
            response = self.client.put(path, content=content, headers=headers)
        assert response.status_code == 204, response.text
        return sha256

    def work(self, payload: dict[str, Any]) -> Result:
        """The result of a task, its artifacts uploaded."""
        result: Result = getattr(self, f"_{payload['kind']}")(payload)
        return {"kind": payload["kind"], **result}

    def _describe_dataset(self, payload: dict[str, Any]) -> Result:
        thumbnail = self.upload(f"thumbnail of {payload['folder']}".encode(), "image/jpeg")
        structure = payload["task"]["structures"][0]["name"]
        cases = [
            {
                "name": f"case-{index}",
                "image": f"images/case-{index}.png",
                "mask": f"masks/case-{index}.png",
                "split": ("train", "train", "val")[index] if index < 3 else "test",
                "width": 64,
                "height": 64,
                "image_sha256": hashlib.sha256(f"{payload['folder']}/{index}".encode()).hexdigest(),
                "mask_sha256": hashlib.sha256(f"{payload['folder']}/mask/{index}".encode()).hexdigest(),
                "structure_shares": {structure: 0.25 * index % 1},
                "thumbnail": thumbnail,
            }
            for index in range(3 + self.num_test_cases)
        ]
        skipped = {
            "name": "odd",
            "image": "images/odd.png",
            "mask": None,
            "reason_code": "no_mask",
            "reason": "no mask",
        }
        return {"cases": [*cases, skipped], "intensity_histogram": [0.5, 0.5]}

    def _dry_run_site(self, payload: dict[str, Any]) -> Result:
        """A step takes 2 s, everything else nothing; sites that train have so many steps as training cases."""
        splits = [case["split"] for manifest in payload["data"] for case in manifest["cases"]]
        cost = {
            "steps": splits.count("train"),
            "seconds_per_step": 2.0,
            "seconds_beside": 0.0,
            "validated_models": 1,
            "tested_models": 1,
            "bytes_down": 100,
            "bytes_up": 10,
            "bytes_kept": 1000,
        }
        trains = payload["participant"] in payload["sites"]
        return {
            "device": "played",
            "num_cases": {split: splits.count(split) for split in ("train", "val", "test")},
            "seconds_to_load": 0.0,
            "seconds_to_predict": 0.0,
            "seconds_to_score": 0.0,
            "peak_memory_mib": 512.0,
            "strategies": [cost] * len(payload["config"]["strategies"]) if trains else [],
        }

    def _predict_case(self, payload: dict[str, Any]) -> Result:
        """The viewer's image depends on the upload alone, the masks on its name too."""
        name = payload["file_name"]
        mask = {
            "model": "global",
            "mask": self.upload(f"mask of {name}".encode(), NIFTI_GZ),
            "sizes": [{"structure": "disc", "size": 12.0}],
            "files": {"disc": self.upload(f"plane of {name}".encode(), PNG)},
            "segmentations": {"dicom-seg": self.upload(f"segmentation of {name}".encode(), DICOM)},
        }
        return {
            "image": self.upload(f"image {payload['image']}".encode(), NIFTI_GZ),
            "unit": "px",
            "probabilities": None,
            "chosen_model": "global",
            "masks": [mask],
            "seconds": 0.5,
            **self.unlike(name),
        }

    def _export_model(self, payload: dict[str, Any]) -> Result:
        content = f"{payload['form']} of {sorted(payload['state'])} on {len(payload['data'])} data sets".encode()
        return {
            "file": self.upload(content, ZIP),
            "num_bytes": len(content),
            "num_images": 2,
            "num_voxels": 100,
            "num_different": 0,
            "seconds": 0.5,
        }

    def _initialize_run(self, payload: dict[str, Any]) -> Result:
        run = payload["run"]
        name = run["strategy"]["name"]
        participants = ["pooled"] if name == "centralized" else run["sites"]
        parts = {"global": self.upload(f"initial global {run['seed']}".encode())}
        if "personalized" in METHODS[name].models:
            parts |= {f"personalized/{site}": self.upload(f"initial {site}".encode()) for site in run["sites"]}
        return {
            "participants": participants,
            "evaluators": [*run["sites"], *run["held_out_sites"]],
            "criterion": METHODS[name].criterion,
            "parts": parts,
            "downloads": self._downloads(parts, participants),
        }

    def _downloads(self, parts: dict[str, str], participants: list[str]) -> dict[str, list[str]]:
        return {name: [part for part in parts if part in ("global", f"personalized/{name}")] for name in participants}

    def _train_site(self, payload: dict[str, Any]) -> Result:
        if payload["run"].get("added") is not None:
            return self._send_sums(payload)
        participant, number = payload["participant"], payload["round"]
        parts = {
            name: self.upload(f"{name} of {participant} after round {number} from {sha256}".encode())
            for name, sha256 in payload["parts"].items()
        }
        metrics = [self._metric(payload, number - 1)]
        metrics.append(self._metric(payload, number) | {"split": "train", "name": "loss", "value": 1 / number})
        for model, steps in self.steps(payload).items():
            about = {"round": number, "model": model, "split": "train", "num_cases": 2}
            metrics += [about | {"name": "steps", "value": steps}, about | {"name": "images", "value": 2 * steps}]
        num_cases = sum(case["split"] == "train" for manifest in payload["data"] for case in manifest["cases"])
        schedule = payload["run"]["config"]["schedule"]
        equal = payload["run"]["strategy"].get("steps") == "equal"
        steps_given = payload["run"]["site_steps"] if equal else schedule["local_steps"]
        return {
            "parts": parts,
            "num_cases": num_cases,
            "num_steps": steps_given or schedule["local_epochs"] * -(-num_cases // schedule["batch_size"]),
            "metrics": metrics,
            "seconds": 0.5,
            "bytes_up": 10,
            "bytes_down": 20,
        }

    def _send_sums(self, payload: dict[str, Any]) -> Result:
        participant = payload["participant"]
        return {
            "parts": {f"selector_moments/{participant}": self.upload(f"sums of {participant}".encode())},
            "num_cases": sum(case["split"] == "train" for manifest in payload["data"] for case in manifest["cases"]),
            "num_steps": 0,
            "metrics": [],
            "seconds": 0.5,
            "bytes_up": 10,
            "bytes_down": 0,
        }

    def _aggregate_round(self, payload: dict[str, Any]) -> Result:
        if (added := payload["run"].get("added")) is not None:
            sums = {name: sha for update in payload["updates"] for name, sha in update["parts"].items()}
            solved = {"selector": self.upload(f"selector of {sorted(sums.values())}".encode())}
            return {"parts": payload["state"] | sums | solved, "downloads": {added["site"]: []}}
        kept = [update for update in payload["updates"] if update["participant"] not in self.refuse]
        inputs = ",".join(sha256 for update in kept for sha256 in update["parts"].values())
        parts = {name: self.upload(f"{name}: {inputs}".encode()) for name in payload["state"]}
        site_names = payload["run"]["sites"]
        if self.with_sums:
            parts["selector"] = self.upload(f"selector: {inputs}".encode())
            for kind in ("selector_moments", "selector_report"):
                parts |= {f"{kind}/{site}": self.upload(f"{kind} of {site}".encode()) for site in site_names}
        pooled = payload["run"]["strategy"]["name"] == "centralized"
        return {
            "parts": parts,
            "downloads": self._downloads(parts, ["pooled"] if pooled else site_names),
            "refused": self.refuse,
        }

    def _validate_site(self, payload: dict[str, Any]) -> Result:
        return {"metrics": [self._metric(payload, payload["round"])]}

    def _evaluate_site(self, payload: dict[str, Any]) -> Result:
        participant = payload["participant"]
        tests = [c for manifest in payload["data"] for c in manifest["cases"] if c["split"] == "test"]
        models = [name for name in payload["state"] if name == "global" or name.startswith("personalized/")]
        structures = [structure["name"] for structure in payload["run"]["task"]["structures"]]
        scores = [
            {
                "case_id": case["case_id"],
                "model": model,
                "structure": structure,
                **scores_of(self.test_dice(payload, case["name"], model)),
            }
            for case in tests
            for model in models
            for structure in structures
        ]
        mask = self.upload(f"mask {participant}".encode(), "application/x-nifti-gz")
        routed = payload["run"]["strategy"]["name"] == "fedsm"
        routing = [self._route(payload, case) for case in tests] if routed else []
        files = [
            {"case_id": c["case_id"], "image": mask, "reference": mask, "predictions": dict.fromkeys(models, mask)}
            for c in tests
        ]
        files = files if payload["with_files"] else []
        history = [
            {
                "case_id": case["case_id"],
                "round": int(number),
                "model": "global",
                "dice": dict.fromkeys(structures, 0.5),
                "mask": self.upload(f"past mask of {case['case_id']} by {state['global']}".encode(), NIFTI_GZ),
                "chosen": True,
            }
            for number, state in payload["history"].items()
            if self.with_history and "global" in state
            for case in tests
        ]
        points = self.thresholds(payload) if routed else {}
        thresholds = [{"gamma": gamma, "dice": dice, "num_cases": 1} for gamma, dice in points.items()]
        return {
            "scores": scores,
            "routing": routing,
            "files": files,
            "history": history,
            "thresholds": thresholds,
            "validation": self._validation(payload, models, structures) if payload["with_files"] else [],
        }

    def _validation(self, payload: dict[str, Any], models: list[str], structures: list[str]) -> list[Result]:
        """Scores that no test case has: what is made of test cases shows when one slips in."""
        return [
            {"case_id": case["case_id"], "model": model, "structure": structure, **scores_of(0.25)}
            for manifest in payload["data"]
            for case in manifest["cases"]
            if case["split"] == "val" and payload["participant"] in payload["run"]["sites"]
            for model in models
            for structure in structures
        ]

    def _route(self, payload: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
        probabilities = self.probabilities(payload, case["name"])
        best = max(probabilities, key=lambda site: probabilities[site])
        certain = probabilities[best] > payload["run"]["strategy"]["gamma"]
        return {
            "case_id": case["case_id"],
            "probabilities": probabilities,
            "chosen_model": f"personalized/{best}" if certain else "global",
            **self.unlike(case["name"]),
        }

    def _metric(self, payload: dict[str, Any], number: int) -> dict[str, Any]:
        return {
            "round": number,
            "model": METHODS[payload["run"]["strategy"]["name"]].criterion,
            "split": "val",
            "name": "dice",
            "value": self.dice(payload["participant"], number),
            "num_cases": self.num_val_cases(payload["participant"]),
        }
