"""Where the face is, whether it is one, and how the head moved. Read landmarks.py first."""
