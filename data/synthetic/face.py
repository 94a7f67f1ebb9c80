"""Identities: one photograph turned into distinct people by smooth warps, tone, light and skin."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import SetupError
from raicl.data.synthetic.field import Array, Bumps, dense_field, displace, invert, pixel_grid

Image = NDArray[np.float32]

# dlib's box of the astronaut's face in the 512x512 photograph: centre and side, px.
PHOTO_FACE = (222.5, 126.5)
PHOTO_FACE_SIDE = 87.0
PHOTO_WIDTH = 512
# Head and shoulders only: dlib finds a second, false face in the suit below row 330.
_CROP = (slice(0, 240), slice(70, 380))
_UPSCALE = 3  # the master picture has about the resolution of the finished frame

# Shape of a face: point(s) of the photograph, spread, direction, and standard deviation of the
# amplitude over people; px of the photograph. The second point of a pair moves mirrored.
_SHAPE = {
    "face width": ([(184, 130), (266, 133)], (16, 30), (-1, 0), 3.0),
    "jaw width": ([(197, 163), (256, 160)], (14, 14), (-1, 0), 3.2),
    "chin": ([(223, 178)], (22, 14), (0, 1), 3.2),
    "eye distance": ([(203, 102), (246, 103)], (13, 11), (-1, 0), 1.7),
    "eye opening": ([(203, 97), (246, 98)], (9, 5), (0, -1), 0.6),
    "brow height": ([(203, 89), (245, 90)], (16, 8), (0, -1), 1.5),
    "nose length": ([(225, 129)], (11, 12), (0, 1), 2.0),
    "nose width": ([(215, 130), (235, 130)], (7, 8), (-1, 0), 1.2),
    "mouth width": ([(202, 141), (245, 142)], (10, 9), (-1, 0), 1.8),
    "mouth height": ([(223, 146)], (24, 12), (0, 1), 1.6),
    "forehead": ([(223, 68)], (36, 16), (0, -1), 2.5),
}
_SMILE = ([(202, 141), (245, 142)], (10, 8), (0, 1))  # corners down: the photograph smiles


@dataclass(frozen=True)
class Face:
    """A person's looks and where the head is in the frame.

    Attributes
    ----------
    shape : how the photograph's face is deformed, px of the photograph.
    mirrored : whether the photograph is reversed left to right.
    gamma : exponent of the tone.
    gain : gain of the tone per channel (BGR).
    hair : gain of the hair's tone.
    light : relative brightening towards the right and towards the bottom of the head.
    grain : standard deviation of the skin's static texture, grey levels.
    grain_seed : seed of that texture.
    scale : frame px per photograph px.
    stretch : height over width, relative to the photograph.
    angle : roll of the head, radians, clockwise on the screen.
    centre : centre of the face's box, frame px.
    """

    shape: Bumps
    mirrored: bool
    gamma: float
    gain: tuple[float, float, float]
    hair: float
    light: tuple[float, float]
    grain: float
    grain_seed: int
    scale: float
    stretch: float
    angle: float
    centre: tuple[float, float]

    @property
    def box_side(self) -> float:
        """Side of the square a face detector should return, frame px."""
        return PHOTO_FACE_SIDE * self.scale

    @property
    def linear(self) -> Array:
        """(2, 2) matrix from directions in the photograph to directions in the frame."""
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        flip = -1.0 if self.mirrored else 1.0
        rotation = np.array([[cosine, -sine], [sine, cosine]])
        return self.scale * rotation @ np.diag([flip, self.stretch])

    def place(self, points: Array) -> Array:
        """Frame px (N, 2) of `points` (N, 2) given on the photograph's face."""
        shaped = points + displace(self.shape, np.ones(len(self.shape.centre)), points)
        return (shaped - PHOTO_FACE) @ self.linear.T + self.centre


def draw_face(rng: np.random.Generator, size: tuple[int, int]) -> Face:
    """Draw a person. The face's box takes about 52 % of the frame's height (250 of 480 px)."""
    width, height = size
    gamma = float(rng.uniform(0.75, 1.45))
    warmth, tint = rng.uniform(-0.07, 0.09), rng.uniform(-0.03, 0.03)
    gain = rng.uniform(0.82, 1.0) * np.array([1 - warmth, 1 + tint, 1 + warmth])
    return Face(
        shape=_draw_shape(rng),
        mirrored=bool(rng.integers(2)),
        gamma=gamma,
        gain=(float(gain[0]), float(gain[1]), float(gain[2])),
        hair=float(rng.uniform(0.35, 1.25)),
        light=(float(rng.uniform(-0.18, 0.18)), float(rng.uniform(-0.1, 0.1))),
        grain=float(rng.uniform(3.5, 6.0)),
        grain_seed=int(rng.integers(2**32)),
        scale=float(0.52 * height / PHOTO_FACE_SIDE * rng.uniform(0.94, 1.05)),
        stretch=float(rng.uniform(0.95, 1.07)),
        angle=float(rng.normal(0, 0.02)),
        centre=(width / 2 + float(rng.normal(0, 12)), 0.53 * height + float(rng.normal(0, 6))),
    )


def _draw_shape(rng: np.random.Generator) -> Bumps:
    centres, spreads, moves = [], [], []
    smile = (*_SMILE, rng.uniform(0.5, 3.5))
    drawn = [(p, s, d, sd * np.clip(rng.normal(), -1.8, 1.8)) for p, s, d, sd in _SHAPE.values()]
    for points, spread, (right, down), amplitude in [*drawn, smile]:
        uneven = rng.normal(0, 0.12, len(points))  # no face is symmetric
        for side, point in enumerate(points):
            centres.append(point)
            spreads.append(spread)
            strength = amplitude * (1 + uneven[side])
            moves.append(((1 - 2 * side) * right * strength, down * strength))
    return Bumps(*(np.array(part, dtype=np.float64) for part in (centres, spreads, moves)))


def pose(face: Face, rng: np.random.Generator) -> Face:
    """The same person in a slightly different pose, as in another clip."""
    across, down = face.centre
    return replace(
        face,
        scale=face.scale * float(rng.uniform(0.98, 1.02)),
        angle=face.angle + float(rng.normal(0, 0.012)),
        centre=(across + float(rng.normal(0, 5)), down + float(rng.normal(0, 4))),
    )


def render_face(face: Face, size: tuple[int, int]) -> Image:
    """The onset frame without camera noise, (height, width, 3) BGR in 0..255.

    Raises
    ------
    SetupError : scikit-image, which ships the photograph, is not installed.
    """
    import cv2

    master = _paint(face, _photograph())
    rows, columns = _CROP
    # frame -> undeformed photograph: undo the similarity, then the shape
    grid = pixel_grid(size).astype(np.float64) - np.reshape(face.centre, (2, 1, 1))
    (xx, xy), (yx, yy) = np.linalg.inv(face.linear)
    shaped = np.stack([xx * grid[0] + xy * grid[1], yx * grid[0] + yy * grid[1]])
    shaped += np.reshape(PHOTO_FACE, (2, 1, 1))
    field = dense_field(face.shape, np.ones(len(face.shape.centre)), (PHOTO_WIDTH, PHOTO_WIDTH))
    points = invert(field, shaped.astype(np.float32), rounds=14)
    corner = np.array([columns.start, rows.start], np.float32).reshape(2, 1, 1)
    # pixel centres: photograph px p is at (p + 0.5) * k - 0.5 of a picture enlarged k times
    across, down = (points - corner + np.float32(0.5)) * np.float32(_UPSCALE) - np.float32(0.5)
    image = cv2.remap(master, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return np.clip(image, 0, 255).astype(np.float32)


def _photograph() -> Image:
    try:
        from skimage import data
    except ImportError as error:
        raise SetupError(
            "the synthetic database needs scikit-image's astronaut photograph",
            fix="pip install 'raicl[demo]'",
        ) from error
    photograph: Image = data.astronaut()[_CROP]  # type: ignore[no-untyped-call]
    return photograph[..., ::-1].astype(np.float32)


def _paint(face: Face, photograph: Image) -> Image:
    """Apply tone, hair, light and skin of `face` to the enlarged photograph, (h, w, 3) BGR."""
    import cv2

    rows, columns = _CROP
    hair = _hair(photograph)[..., None]
    toned = 255 * (photograph / 255) ** face.gamma * np.array(face.gain, np.float32)
    toned *= 1 + hair * (face.hair - 1)
    master = cv2.resize(
        toned.astype(np.float32), None, fx=_UPSCALE, fy=_UPSCALE, interpolation=cv2.INTER_CUBIC
    )
    height, width = master.shape[:2]
    across = (np.arange(width) / _UPSCALE + columns.start - PHOTO_FACE[0]) / PHOTO_FACE_SIDE
    down = (np.arange(height) / _UPSCALE + rows.start - PHOTO_FACE[1]) / PHOTO_FACE_SIDE
    flip = -1 if face.mirrored else 1  # the light is given in the frame, not in the photograph
    light = 1 + flip * face.light[0] * across[None, :] + face.light[1] * down[:, None]
    painted: Image = (
        master * light[..., None] + face.grain * _grain(face.grain_seed, (height, width))[..., None]
    ).astype(np.float32)
    return painted


def _hair(photograph: Image) -> Image:
    """Soft mask (h, w) of the hair: saturated or dark pixels of the head outside the face."""
    import cv2

    rows, columns = _CROP
    y, x = np.mgrid[rows, columns].astype(np.float32)
    head = ((x - 227) / 78) ** 2 + ((y - 82) / 68) ** 2 < 1
    skin = ((x - 223) / 41) ** 2 + ((y - 128) / 50) ** 2 < 1
    brightest = photograph.max(axis=2)
    coloured = (brightest - photograph.min(axis=2)) / np.maximum(brightest, 1) > 0.22
    mask = (head & ~skin & (coloured | (brightest < 110))).astype(np.float32)
    smooth: Image = cv2.GaussianBlur(mask, (0, 0), 2.5)
    return smooth


def _grain(seed: int, shape: tuple[int, int]) -> Image:
    """Static texture (h, w) of unit variance, finest detail about 3 px of the frame.

    [ours] The enlarged photograph is softer than a camera's picture, and optical flow needs detail
    that moves with the skin. There is no detail near the pixel size, because resampling at
    sub-pixel shifts would change it, and the stored displacement would no longer be true.
    """
    import cv2

    rng = np.random.default_rng(seed)
    texture = np.zeros(shape, np.float32)
    for spread, share in ((1.1, 0.75), (2.2, 0.55), (5.0, 0.35)):
        octave = cv2.GaussianBlur(rng.standard_normal(shape, dtype=np.float32), (0, 0), spread)
        texture += np.float32(share) * octave / octave.std()
    normal: Image = (texture / texture.std()).astype(np.float32)
    return normal
