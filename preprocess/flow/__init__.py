"""Optical-flow engines, one file each, one signature. Read `engine.py` first."""
