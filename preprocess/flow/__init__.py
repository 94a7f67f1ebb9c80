"""Optical-flow engines, one file each, one signature."""
