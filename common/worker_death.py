"""What stands for the result of a task whose process died each time."""

from __future__ import annotations

from typing import Generic, TypeVar

Task = TypeVar("Task")


class WorkerDeath(Generic[Task]):
    """The result of a task whose worker process died or was stopped each time it was tried."""
