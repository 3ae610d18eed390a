"""A data set's decoded cases as arrays that the processes of a worker share, and back."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

import torch
from numpy.typing import NDArray

from backend.contracts.metrics import Split
from backend.contracts.tasks import ManifestCase
from worker.engine.data import Case
from worker.stores.shared_arrays import Item, Shared

#: A case with its split.
LoadedCase = tuple[Split, Case]


def packed(loaded: LoadedCase) -> Item:
    """What the case's files say; name, patient and split are the manifest's. An array that two fields share is there
    once."""
    _, case = loaded
    arrays: list[NDArray[Any]] = []
    places: dict[tuple[object, ...], int] = {}
    fields: dict[str, int] = {}
    for field, array in _arrays_of(case).items():
        identity = (array.ctypes.data, array.dtype, array.shape, array.strides)
        if identity not in places:
            places[identity] = len(arrays)
            arrays.append(array)
        fields[field] = places[identity]
    return {"spacing": case.spacing, "range": case.intensity_range, "num_arrays": len(arrays), "fields": fields}, arrays


def unpacked(cases: Sequence[ManifestCase], shared: Shared) -> tuple[LoadedCase, ...]:
    """The cases of the manifest, whose arrays lie where `shared` has them."""
    left = iter(shared.arrays)
    return tuple(
        (case.split, _case(case, about, tuple(islice(left, about["num_arrays"]))))
        for case, about in zip(cases, shared.about, strict=True)
    )


def _arrays_of(case: Case) -> dict[str, NDArray[Any]]:
    tensors = {"image": case.image, "unit_image": case.unit_image, "reference": case.reference}
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    arrays["reference_original"] = case.reference_original
    return arrays if case.affine is None else arrays | {"affine": case.affine}


def _case(case: ManifestCase, about: dict[str, Any], arrays: tuple[NDArray[Any], ...]) -> Case:
    found = {field: arrays[place] for field, place in about["fields"].items()}
    image = torch.from_numpy(found["image"])
    low, high = about["range"]
    return Case(
        case_id=case.case_id,
        name=case.name,
        image=image,
        reference=torch.from_numpy(found["reference"]),
        reference_original=found["reference_original"],
        unit_image=image if found["unit_image"] is found["image"] else torch.from_numpy(found["unit_image"]),
        spacing=None if about["spacing"] is None else tuple(about["spacing"]),
        intensity_range=(low, high),
        patient=case.patient,
        affine=found.get("affine"),
    )
