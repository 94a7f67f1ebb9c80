"""Cluster: units on the workers of a Dask scheduler that people run already. Read client.py first.

A unit that is sent to a worker runs there in a process of its own (``child``), so that it can be
stopped, has its main thread and its memory for itself, and cannot take the worker with it.
"""
