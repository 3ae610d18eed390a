"""The selector as a graph is the selector of the engine, linear and quadratic."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.worker.predicting.trained import TrainedSet
from worker.engine.selectors.lda import solve_lda
from worker.engine.selectors.quadratic import quadratic_terms
from worker.exports.graphs import selector_graph
from worker.predicting.model import open_model
from worker.predicting.own_image import read_own_file
from worker.predicting.predict import predict_image


@pytest.mark.parametrize("q", [0.0, 0.6])
def test_probabilities_and_distances(pictures: TrainedSet, q: float) -> None:
    predictor = open_model(pictures.archive)
    moments = {site: pictures.state[f"selector_moments/{site}"] for site in pictures.run.sites}
    size = len(moments["site-a"]["sum"])
    floors = torch.zeros(size, dtype=torch.float64)
    selector = predictor.load_part("selector") | solve_lda(moments, 0.3, floors)
    if q:
        selector |= quadratic_terms(moments, q, 0.3, floors, 1e-9)
    changed = replace(predictor, load_part=lambda name: selector if name == "selector" else predictor.load_part(name))
    graph = selector_graph(changed)
    assert graph is not None
    for path in pictures.tested:
        image = read_own_file(path, pictures.run.task)
        route = predict_image(changed, image).route
        assert route is not None
        unit = image.case(pictures.run).unit_image[None]
        probabilities, times = graph(unit, torch.zeros(4, dtype=torch.float64))
        np.testing.assert_allclose(probabilities[0].numpy(), list(route.probabilities.values()), atol=1e-6)
        assert route.unlikeness == pytest.approx(float(times[0]), rel=1e-4)
