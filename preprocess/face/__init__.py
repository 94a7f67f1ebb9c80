"""Where the face is, how it is aligned, and how the head moved. Read landmarks.py first."""
