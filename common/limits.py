"""Limits of what is read from outside, each with its reason. Those of caches are in `common.cache`.

A file from elsewhere may claim any size, by mistake or on purpose. What is larger than here is
refused before it is read, decoded or unpacked.
"""

from __future__ import annotations

IMAGE_PIXELS = 64 << 20  # pixels of a picture; SAMM's have 2.2 million, a header may claim billions
IMAGE_SIDE = 8  # px of a picture at least; dlib's detector crashes on pictures of 2 to 5 px
FRAME_BYTES = 256 << 20  # bytes of a frame's file; IMAGE_PIXELS in colour, without compression
VIDEO_PIXELS = 16 << 20  # pixels of a video's frame; 4K has 8.8 million, 8K 33 million

FLOW_BYTES = 1 << 30  # bytes of a file of flow, packed or unpacked; 300 flows of 512 px
FLOW_SIDE = (14, 512)  # px of a flow, at least and at most; the networks' inputs have 14 to 225

SHEET_BYTES = 16 << 20  # bytes of a sheet, .csv or .xlsx; the largest official one has 0.2 MB
SHEET_ROWS = 50_000  # rows of a sheet; CAS(ME)^3 has 860, DFME 7,526
SHEET_COLUMNS = 100  # columns that are looked at; those behind are empty in any official sheet
SHEET_UNZIPPED = 32 << 20  # bytes of a workbook's parts; a bomb is small and unpacks to gigabytes
SHEET_RATIO = 200  # unzipped over zipped size; a real sheet of repeated words stays below 50

JSON_BYTES = 16 << 20  # bytes of a JSON file; the largest, scores of a run, has 100 a subject
LIST_BYTES = 128 << 20  # bytes of a list: videos, predictions, epochs; an hour of video has 5 MB
TOML_BYTES = 1 << 20  # bytes of a TOML file; settings have 3,000, and the parser is slow
