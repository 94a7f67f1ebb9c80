"""The whole method on a network of a few thousand parameters, 33 px input, 3 x 3 maps."""

from raicl.train.settings import TrainSettings

SMALL = TrainSettings(
    size=33,
    width=4,
    last_stride=1,
    epochs=2,
    pairs=4,
    batch_size=8,
    queries=4,
    dim=16,
    decoder_layers=1,
    decoder_heads=2,
    decoder_hidden=16,
    dense_hidden=16,
    projector_hidden=16,
    device="cpu",
)
