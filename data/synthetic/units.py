"""Action units as places and directions on a face, and emotions as mixtures of them."""

from __future__ import annotations

_INNER_BROWS = ((217.0, 92.0), (236.0, 93.0))
_OUTER_BROWS = ((194.0, 89.0), (257.0, 91.0))
_UPPER_LIDS = ((203.0, 98.0), (247.0, 100.0))
_CHEEKS = ((199.0, 117.0), (250.0, 118.0))
_NOSE_SIDES = ((214.0, 119.0), (236.0, 120.0))
_UPPER_LIP = ((215.0, 138.0), (235.0, 138.0))
_CORNERS = ((202.0, 141.0), (245.0, 142.0))
_CHIN = ((223.0, 165.0),)
_LOWER_LIP = ((223.0, 153.0),)
_JAW = ((223.0, 167.0),)

# Action unit -> parts. A part has points on the photograph's face (a pair moves mirrored), a spread
# (px of the photograph), and the direction of the first point (right, down) with its relative
# strength as the length. Source: the descriptions of the Facial Action Coding System.
_Part = tuple[tuple[tuple[float, float], ...], tuple[float, float], tuple[float, float]]
ACTION_UNITS: dict[int, tuple[_Part, ...]] = {
    1: ((_INNER_BROWS, (9, 8), (0.1, -1.0)),),
    2: ((_OUTER_BROWS, (10, 8), (-0.1, -1.0)),),
    4: ((_INNER_BROWS, (10, 8), (0.6, 0.8)), (_OUTER_BROWS, (9, 7), (0.2, 0.35))),
    6: ((_CHEEKS, (11, 8), (0.1, -0.6)),),
    9: ((_NOSE_SIDES, (8, 9), (0.1, -0.9)), (_INNER_BROWS, (9, 7), (0.3, 0.4))),
    10: ((_UPPER_LIP, (9, 7), (-0.1, -1.0)), (_NOSE_SIDES, (7, 7), (0.0, -0.4))),
    12: ((_CORNERS, (10, 9), (-0.7, -0.75)),),
    14: ((_CORNERS, (8, 8), (-0.9, 0.1)),),
    15: ((_CORNERS, (9, 9), (-0.15, 1.0)),),
    17: ((_CHIN, (15, 9), (0.0, -1.0)), (_LOWER_LIP, (12, 6), (0.0, -0.5))),
    20: ((_CORNERS, (11, 9), (-1.0, 0.2)),),
    26: ((_JAW, (22, 12), (0.0, 1.0)), (_LOWER_LIP, (14, 7), (0.0, 0.5))),
    45: ((_UPPER_LIDS, (8, 5), (0.0, 1.0)),),
}

# Emotion -> combinations of action units; a clip shows one of them. Those of happiness, surprise
# and the negative emotions are the most frequent ones in the codes of CASME II. The rest is [ours].
EMOTIONS: dict[str, tuple[tuple[int, ...], ...]] = {
    "happiness": ((6, 12), (6, 12), (12,)),
    "surprise": ((1, 2), (1, 2, 26), (2, 26), (1, 26)),
    "disgust": ((4, 9), (4, 10), (9, 10), (4,)),
    "repression": ((15,), (15, 17), (4, 15)),
    "others": ((4,), (14,), (4, 14)),
    "sadness": ((1, 4), (1, 15)),
    "fear": ((1, 4, 20), (1, 2, 20)),
}

# Emotion -> its strong action unit and its weak one, for classes that share the strong one [ours].
# Both smile. The cheeks of a felt smile rise; a smile that masks a negative feeling keeps a trace
# of the lowered brows (Ekman & Friesen 1982, "Felt, false, and miserable smiles").
SIMILAR: dict[str, tuple[int, int]] = {
    "happiness": (12, 6),
    "disgust": (12, 4),
    "repression": (12, 4),
}
