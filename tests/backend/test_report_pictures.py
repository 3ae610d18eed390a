"""The three pictures of a report: drawn of the viewer's files, frozen, and hidden with the permission."""

import io
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from backend.reports.case_picture import SIDE, CaseFiles, case_picture
from backend.reports.viewer_files import largest_slice, shown_slice
from tests.backend.conftest import FEDSM, make_experiment
from tests.backend.drawing_worker import DrawingWorker, square
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker
from tests.conftest import wait_until
from worker.datasets.viewer_files import image_nifti, mask_nifti

YELLOW, BLUE = (0xFD, 0xE0, 0x47), (0x22, 0xD3, 0xEE)


def file(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def near(picture: Image.Image, x: int, y: int, colour: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 40 for a, b in zip(picture.getpixel((x, y)), colour, strict=True))  # type: ignore[arg-type]


def test_a_photograph_stands_upright_with_both_outlines(tmp_path: Path) -> None:
    """48 x 24 pixels become 480 x 240: the top rows are red, the reference is rows 4 to 11, the prediction the right
    half of it moved down."""
    image = np.full((24, 48, 3), 60, dtype=np.uint8)
    image[:2] = (200, 0, 0)
    files = CaseFiles(
        file(tmp_path, "image", image_nifti(image)),
        file(tmp_path, "reference", mask_nifti(square((24, 48), slice(4, 12), slice(4, 20)))),
        file(tmp_path, "prediction", mask_nifti(square((24, 48), slice(6, 14), slice(24, 40)))),
    )
    drawn = case_picture(files, num_structures=1)
    assert drawn.slice is None
    picture = Image.open(io.BytesIO(drawn.jpeg))
    assert picture.size == (SIDE, SIDE // 2)
    assert near(picture, 240, 5, (200, 0, 0))
    assert near(picture, 240, 235, (60, 60, 60))
    assert near(picture, 120, 41, YELLOW), "the reference's upper edge, 3 pixels wide"
    assert near(picture, 120, 80, (60, 60, 60)), "no fill"
    assert picture.getpixel((300, 60))[2] > 150, "the prediction's upper edge, 1 pixel wide"  # type: ignore[index]


def test_a_volume_shows_the_slice_with_the_largest_reference(tmp_path: Path) -> None:
    """LPS, 2 mm between rows and 1 mm between columns: 10 rows and 10 columns are twice as high as wide. Slice 4 holds
    the most; front is up."""
    volume = np.zeros((6, 10, 10, 1), dtype=np.int16)
    volume[3, :5] = 900
    affine = np.diag([-1.0, -2.0, 3.0, 1.0])
    reference = square((6, 10, 10), slice(3, 4), slice(2, 8), slice(2, 8)) | square((6, 10, 10), slice(1, 2), 5, 5)
    files = CaseFiles(
        file(tmp_path, "image", image_nifti(volume, (3.0, 2.0, 1.0), affine)),
        file(tmp_path, "reference", mask_nifti(reference, affine)),
        file(tmp_path, "prediction", mask_nifti(reference, affine)),
    )
    assert largest_slice(files.reference) == (3, 6)
    drawn = case_picture(files, num_structures=1)
    assert drawn.slice == 4
    picture = Image.open(io.BytesIO(drawn.jpeg))
    assert picture.size == (SIDE // 2, SIDE)
    assert near(picture, 5, 5, (255, 255, 255))
    assert near(picture, 5, 470, (0, 0, 0))


@pytest.mark.parametrize("content", [b"mask a", image_nifti(np.zeros((4, 4, 3), np.uint8))[:40]])
def test_what_is_no_viewer_file_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ValueError, match=r"file is (damaged|cut off)"):
        shown_slice(file(tmp_path, "image", content), 0, SIDE)


@pytest.fixture
def worker(backend: LiveBackend, broker: Any) -> PlayedWorker:
    return DrawingWorker(backend.worker, broker)


DICE = {"a": 0.3, "b": 0.5, "c": 0.9}


def reported(backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any], with_fedsm: bool = True) -> str:
    worker.test_dice = lambda payload, _case, _model: DICE[payload["participant"]]
    experiment = make_experiment(backend, federation, strategies=[FEDSM] * with_fedsm + [{"name": "fedavg"}])
    backend.post(f"/experiments/{experiment['id']}/start")
    worker.work_until_idle()
    return str(experiment["id"])


def close_images(backend: LiveBackend, federation: dict[str, Any], slug: str) -> dict[str, Any]:
    site = next(site for site in backend.get(f"/federations/{federation['id']}")["sites"] if site["slug"] == slug)
    policy = site["policy"] | {"may_send_images": False}
    backend.admin.patch(f"/api/v1/sites/{site['id']}", json={"policy": policy}).raise_for_status()
    return dict(site)


def shared(backend: LiveBackend, made: dict[str, Any]) -> dict[str, Any]:
    answer = httpx.get(backend.url + made["pdf_path"].removesuffix("/pdf")).json()
    return dict(answer["report"]["pictures"])


def picture(backend: LiveBackend, made: dict[str, Any], rank: str) -> httpx.Response:
    return httpx.get(backend.url + made["pdf_path"].replace("/pdf", f"/pictures/{rank}"))


def num_pdf_pictures(backend: LiveBackend, made: dict[str, Any]) -> int:
    pdf = PdfReader(io.BytesIO(httpx.get(backend.url + made["pdf_path"]).content))
    return sum(len(page.images) for page in pdf.pages)


def ranks(pictures: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    return [(case["rank"], case["site_slug"], case["dice_text"], case["passed_over"]) for case in pictures["cases"]]


def stored(backend: LiveBackend, sha256: str) -> bool:
    return sha256 in set(backend.platform.artifacts.addresses())


def test_pictures_follow_the_policies_of_their_sites(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    experiment_id = reported(backend, worker, federation)
    made = backend.post(f"/experiments/{experiment_id}/reports", {})
    pictures = shared(backend, made)
    assert (pictures["run_label"], pictures["model"]) == ("FedSM", "super")
    assert ranks(pictures) == [
        ("worst", "a", "0.300", False),
        ("median", "b", "0.500", False),
        ("best", "c", "0.900", False),
    ]
    assert [case["chosen_model"] for case in pictures["cases"]] == [f"personalized/{slug}" for slug in "abc"]
    assert [case["name"] for case in pictures["cases"]] == ["case-3"] * 3
    answer = picture(backend, made, "worst")
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("image/jpeg", "no-store")
    assert Image.open(io.BytesIO(answer.content)).size == (SIDE, SIDE)
    assert num_pdf_pictures(backend, made) == 3

    site = close_images(backend, federation, "a")
    assert picture(backend, made, "worst").status_code == 404
    hidden = shared(backend, made)["cases"][0]
    assert (hidden["name"], hidden["picture"], hidden["dice_text"]) == (None, None, "0.300")
    assert num_pdf_pictures(backend, made) == 2
    later = backend.post(f"/experiments/{experiment_id}/reports", {})
    assert ranks(shared(backend, later)) == [("worst", "b", "0.500", True), ("best", "c", "0.900", False)]
    without = backend.post(f"/experiments/{experiment_id}/reports", {"pictures": False})
    assert httpx.get(backend.url + without["pdf_path"].removesuffix("/pdf")).json()["report"]["pictures"] is None

    departed = {entry["of"]: entry["what"] for entry in backend.get(f"/sites/{site['id']}/departures")["entries"]}
    assert departed["report Try"] == "picture(s) of 1 test case(s) with their names, kept here"
    assert backend.get(f"/sites/{site['id']}/sent")["num_report_pictures"] == 1
    assert backend.post(f"/sites/{site['id']}/withdraw")["num_report_pictures"] == 1
    assert backend.get(f"/sites/{site['id']}/sent")["num_report_pictures"] == 0
    wait_until(lambda: not stored(backend, pictures["cases"][0]["picture"]), 10, "the picture to go")
    best = picture(backend, made, "best").content
    backend.admin.delete(f"/api/v1/experiments/{experiment_id}").raise_for_status()
    assert picture(backend, made, "best").content == best, "a report outlives its experiment"


def test_a_revoked_report_keeps_no_picture(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    experiment_id = reported(backend, worker, federation, with_fedsm=False)
    made = backend.post(f"/experiments/{experiment_id}/reports", {})
    pictures = shared(backend, made)
    assert (pictures["run_label"], pictures["model"]) == ("FedAvg", "global"), "the best method, where none is FedSM"
    backend.post(f"/reports/{made['id']}/revoke")
    wait_until(lambda: not stored(backend, pictures["cases"][0]["picture"]), 10, "what the link showed to go")
