"""Where the 68 landmarks of a synthetic face are, in the order of dlib's 68-point model."""

from __future__ import annotations

import numpy as np

from raicl.data.synthetic.face import Face
from raicl.data.synthetic.field import Array

# dlib's 68-point model on scikit-image's astronaut, enlarged three times, rounded to whole px of
# the photograph: jaw, brows, nose, eyes, mouth, each from left to right in the picture.
PHOTO_LANDMARKS = (
    (180, 105), (180, 116), (181, 127), (182, 139), (185, 150), (191, 160), (200, 168), (209, 176),
    (220, 178), (232, 177), (243, 171), (253, 164), (260, 154), (265, 143), (268, 132), (270, 120),
    (272, 108),
    (186, 94), (192, 88), (201, 87), (209, 89), (217, 92),
    (236, 94), (244, 91), (252, 90), (260, 92), (265, 98),
    (226, 102), (225, 111), (225, 119), (225, 127),
    (214, 131), (219, 132), (224, 134), (229, 133), (234, 132),
    (195, 101), (200, 98), (207, 98), (213, 104), (206, 104), (200, 104),
    (237, 105), (243, 100), (250, 101), (255, 104), (250, 106), (244, 106),
    (200, 138), (209, 139), (217, 139), (223, 141), (229, 140), (238, 140), (246, 141), (238, 151),
    (229, 155), (222, 156), (216, 155), (207, 149),
    (202, 140), (217, 143), (223, 144), (229, 143), (243, 142), (229, 150), (223, 150), (216, 149),
)  # fmt: skip

# The landmark that takes the place of each in a mirrored picture, part by part.
MIRRORED = (
    *range(16, -1, -1),  # jaw
    *range(26, 16, -1),  # brows
    *range(27, 31),  # bridge of the nose
    *range(35, 30, -1),  # below the nose
    *(45, 44, 43, 42, 47, 46),  # eyes: the left one takes the points of the right one
    *(39, 38, 37, 36, 41, 40),
    *range(54, 47, -1),  # outer lips, above and below
    *range(59, 54, -1),
    *range(64, 59, -1),  # inner lips
    *range(67, 64, -1),
)


def landmarks(face: Face) -> Array:
    """Landmarks of `face` on the onset frame, (68, 2), frame px.

    Their order is that of dlib in the frame: a mirrored face has its points exchanged.
    """
    placed = face.place(np.array(PHOTO_LANDMARKS, dtype=np.float64))
    return placed[list(MIRRORED)] if face.mirrored else placed
