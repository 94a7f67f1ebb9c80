import math

import pytest
import torch

from raicl.train.model.monitors import map_norm, region_monitors
from raicl.train.model.regions import (
    Decoder,
    RegionHead,
    Regions,
    heat_maps,
    pool_regions,
    sine_positions,
)
from raicl.train.settings import TrainSettings


def test_two_decoder_layers_have_the_parameters_of_the_method() -> None:
    decoder = Decoder(TrainSettings(), 512)
    count = sum(parameter.numel() for parameter in [*decoder.layers.parameters()])
    assert count + sum(parameter.numel() for parameter in decoder.norm.parameters()) == 1_319_424


def test_assignment_is_a_distribution_over_queries_at_each_pixel(small: TrainSettings) -> None:
    regions = RegionHead(small, 32)(torch.randn(3, 32, 4, 5), 0.1)
    assert regions.assignment.shape == (3, 4, 4, 5)
    assert regions.embeddings.shape == (3, 4, 16)
    assert (regions.assignment >= 0).all()
    torch.testing.assert_close(regions.assignment.sum(1), torch.ones(3, 4, 5))


def test_regions_are_of_each_image_and_independent_of_its_batch(small: TrainSettings) -> None:
    decoder = Decoder(small, 32).eval()
    features = torch.randn(5, 32, 3, 3)
    decoded = decoder(features)
    torch.testing.assert_close(decoder(features[1:2]), decoded[1:2])
    assert not torch.allclose(decoded[0], decoded[1])


@pytest.mark.parametrize(("start", "least", "most"), [("zero", 0.98, 1.01), ("learned", -1, 0.85)])
def test_before_training_queries_from_zeros_are_one_vector_and_learned_ones_differ(
    start: str, least: float, most: float
) -> None:
    torch.manual_seed(0)
    decoder = Decoder(TrainSettings(query_start=start, dim=64), 32).eval()
    with torch.no_grad():
        unit = torch.nn.functional.normalize(decoder(torch.randn(16, 32, 5, 5).relu()), dim=-1)
    cosines = (unit @ unit.mT).mean(0)
    others = (cosines.sum() - cosines.trace()) / (cosines.numel() - len(cosines))
    assert least < float(others) < most


def test_batch_mean_queries_are_the_mean_of_every_images(small: TrainSettings) -> None:
    features = torch.randn(5, 32, 3, 3)
    settings = small.model_copy(update={"dropout": 0.0})
    head = RegionHead(settings, 32)
    shared = RegionHead(settings.model_copy(update={"query_mode": "batch-mean"}), 32)
    shared.load_state_dict(head.state_dict(), strict=False)
    with torch.no_grad():
        queries, dense = head.decoder(features).mean(0), head.dense(features)
        expected = heat_maps(queries.expand(5, -1, -1), dense) / 0.1
        torch.testing.assert_close(shared(features, 0.1).scores, expected)
        assert not torch.allclose(head(features, 0.1).scores, expected)


def test_at_test_the_queries_are_a_slow_mean_that_no_batch_changes(small: TrainSettings) -> None:
    settings = small.model_copy(update={"query_mode": "batch-mean", "dropout": 0.0})
    head, features = RegionHead(settings, 32), torch.randn(5, 32, 3, 3)
    with torch.no_grad():
        mean = head(features, 0.1).queries[0]
        torch.testing.assert_close(head.prototype, 0.1 * mean)
        for _ in range(100):
            head(features, 0.1)
        torch.testing.assert_close(head.prototype, mean, rtol=0, atol=1e-4)
        head.eval()
        together, alone = head(features, 0.1), head(features[1:2], 0.1)
        other = head(torch.randn(5, 32, 3, 3), 0.1)
    torch.testing.assert_close(alone.assignment[0], together.assignment[1])
    assert torch.equal(other.queries, together.queries)


def test_regions_may_pool_the_features_themselves(small: TrainSettings) -> None:
    head = RegionHead(small.model_copy(update={"pooled": "features"}), 32).eval()
    features = torch.randn(5, 32, 3, 3)
    with torch.no_grad():
        regions = head(features, 0.1)
        expected = head.projector(pool_regions(regions.assignment, features).flatten(0, 1))
    torch.testing.assert_close(regions.embeddings.flatten(0, 1), expected)
    assert regions.embeddings.shape == (5, 4, 16)


def test_permuting_the_queries_permutes_the_regions(small: TrainSettings) -> None:
    head, features = RegionHead(small, 32).eval(), torch.randn(2, 32, 3, 3)
    with torch.no_grad():
        before = head(features, 0.1)
        order = torch.tensor([2, 0, 3, 1])
        for table in (head.decoder.queries, head.decoder.contents):
            assert table is not None
            table.copy_(table[order])
        after = head(features, 0.1)
    torch.testing.assert_close(after.assignment, before.assignment[:, order])
    torch.testing.assert_close(after.embeddings, before.embeddings[:, order])


def test_the_decoder_knows_where_a_pixel_is(small: TrainSettings) -> None:
    """Without positions a mirrored map would give the same regions."""
    decoder, features = Decoder(small, 32).eval(), torch.randn(2, 32, 3, 3)
    assert not torch.allclose(decoder(features), decoder(features.flip(-1)), atol=1e-4)


def test_positions_are_distinct_and_do_not_depend_on_the_map_size() -> None:
    positions = sine_positions(16, 5, 5).flatten(1).T
    assert torch.cdist(positions, positions).fill_diagonal_(9).min() > 0.1
    # the centre of the middle cell is the centre of the map at every odd size
    torch.testing.assert_close(sine_positions(16, 5, 5)[:, 2, 2], sine_positions(16, 7, 9)[:, 3, 4])


def test_heat_maps_are_cosines() -> None:
    queries, dense = torch.randn(2, 4, 16), torch.randn(2, 16, 3, 3)
    heat = heat_maps(queries, dense)
    expected = torch.cosine_similarity(queries[1, 2], dense[1, :, 0, 2], dim=0)
    torch.testing.assert_close(heat[1, 2, 0, 2], expected)
    torch.testing.assert_close(heat_maps(5 * queries, dense / 3), heat)


def test_uniform_assignment_pools_the_global_mean() -> None:
    dense = torch.randn(2, 16, 3, 3)
    pooled = pool_regions(torch.full((2, 4, 3, 3), 0.25), dense)
    for region in range(4):
        torch.testing.assert_close(pooled[:, region], dense.mean((2, 3)), rtol=1e-5, atol=1e-6)


def test_one_hot_assignment_pools_the_mean_of_its_pixels() -> None:
    dense = torch.randn(1, 16, 2, 2)
    assignment = torch.tensor([[[[1.0, 1.0], [0.0, 0.0]], [[0.0, 0.0], [1.0, 1.0]]]])
    pooled = pool_regions(assignment, dense)
    torch.testing.assert_close(pooled[0, 0], dense[0, :, 0].mean(-1), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(pooled[0, 1], dense[0, :, 1].mean(-1), rtol=1e-5, atol=1e-6)


def test_pooling_ignores_a_common_mirroring_and_survives_an_empty_region() -> None:
    dense, assignment = torch.randn(2, 16, 3, 3), torch.randn(2, 4, 3, 3).softmax(1)
    torch.testing.assert_close(
        pool_regions(assignment.flip(-1), dense.flip(-1)), pool_regions(assignment, dense)
    )
    assignment[:, 1] = 0
    assert (pool_regions(assignment, dense)[:, 1] == 0).all()


def regions_of(assignment: torch.Tensor, embeddings: torch.Tensor) -> Regions:
    return Regions(torch.zeros_like(embeddings), assignment.log(), assignment, embeddings)


def test_usage_counts_the_regions_that_share_the_face() -> None:
    halves = torch.zeros(1, 4, 1, 2)
    halves[0, 0, 0, 0] = halves[0, 1, 0, 1] = 1
    monitors = region_monitors(regions_of(halves, torch.randn(1, 4, 8)))
    assert float(monitors["usage"]) == pytest.approx(2, rel=1e-5)
    assert float(monitors["entropy"]) == 0
    shared = region_monitors(regions_of(torch.full((1, 4, 2, 2), 0.25), torch.randn(1, 4, 8)))
    assert float(shared["usage"]) == pytest.approx(4, rel=1e-5)


def test_information_is_what_the_place_of_a_pixel_tells_about_its_region() -> None:
    embeddings = torch.randn(8, 4, 8)
    quarters = torch.eye(4).T.reshape(1, 4, 2, 2).expand(8, -1, -1, -1)  # each cell has its region
    placed = region_monitors(regions_of(quarters, embeddings))
    assert float(placed["information"]) == pytest.approx(math.log(4), rel=1e-6)
    equal = region_monitors(regions_of(torch.full((8, 4, 2, 2), 0.25), embeddings))
    assert float(equal["information"]) == pytest.approx(0, abs=1e-6)
    # sharp, but elsewhere in every image: the place tells nothing
    elsewhere = torch.stack([quarters[0].roll(turn, 0) for turn in range(4)]).repeat(2, 1, 1, 1)
    assert float(region_monitors(regions_of(elsewhere, embeddings))["information"]) == (
        pytest.approx(0, abs=1e-6)
    )


def test_monitors_tell_distinct_from_collapsed_embeddings() -> None:
    assignment = torch.full((64, 8, 2, 2), 0.125)
    distinct = region_monitors(regions_of(assignment, torch.randn(64, 8, 256)))
    assert float(distinct["region_std"]) == pytest.approx(1 / 16, rel=0.02)
    assert float(distinct["region_cosine"]) < 0.1
    same = region_monitors(regions_of(assignment, torch.ones(64, 8, 256)))
    assert float(same["region_std"]) == pytest.approx(0, abs=1e-6)
    assert float(same["region_cosine"]) == pytest.approx(1, rel=1e-5)


def test_map_norm_is_a_logarithm() -> None:
    maps = torch.randn(2, 3, 4, 4)
    difference = float(map_norm(10 * maps) - map_norm(maps))
    assert difference == pytest.approx(2.302585, rel=1e-5)
