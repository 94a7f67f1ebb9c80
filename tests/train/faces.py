"""A face of 68 landmarks drawn with a ruler: the distance of the eyes is 1, their middle is 0."""

import numpy as np
from numpy.typing import NDArray


def drawn_landmarks() -> NDArray[np.float64]:
    """The 68 points of a symmetric face, (68, 2), x then y."""
    angle = np.linspace(0, np.pi, 17)
    jaw = np.stack([-1.1 * np.cos(angle), 1.7 * np.sin(angle)], 1)
    brow = np.stack([np.linspace(-0.85, -0.2, 5), [-0.3, -0.36, -0.38, -0.36, -0.3]], 1)
    brows = np.concatenate([brow, brow[::-1] * (-1, 1)])
    bridge = np.stack([np.zeros(4), np.linspace(0, 0.5, 4)], 1)
    nostrils = np.stack([np.linspace(-0.2, 0.2, 5), [0.6, 0.63, 0.65, 0.63, 0.6]], 1)
    eye = np.array(
        [(-0.17, 0), (-0.08, -0.07), (0.08, -0.07), (0.17, 0), (0.08, 0.07), (-0.08, 0.07)]
    )
    aside = np.array([0.5, 0])
    eyes = np.concatenate([eye - aside, eye + aside])
    turn = np.arange(12) * np.pi / 6
    outer = np.stack([-0.4 * np.cos(turn), 1 - 0.16 * np.sin(turn)], 1)
    turn = np.arange(8) * np.pi / 4
    inner = np.stack([-0.3 * np.cos(turn), 1 - 0.05 * np.sin(turn)], 1)
    return np.concatenate([jaw, brows, bridge, nostrils, eyes, outer, inner])
