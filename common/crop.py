"""The crop: where alignment puts the eyes and the face, for stage 1 and for pictures of it."""

# [ours] Centres of the eye on the picture's left and of the other, x to the right and y down, as
# shares of the way from the first px of the crop to the last. Brows to chin fit inside, with a
# small forehead margin.
EYES = ((0.32, 0.36), (0.68, 0.36))

# [ours] The face: an ellipse from brows to chin. Shares of the side.
FACE_CENTRE, FACE_RADII = (0.5, 0.55), (0.38, 0.45)
