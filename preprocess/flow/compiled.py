"""The only module that imports numba: it compiles and caches the kernels of the TV-L1 engine."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

from raicl.common.errors import SetupError
from raicl.common.terminal.console import say

Kernel = TypeVar("Kernel", bound=Callable[..., object])
FASTMATH = True  # needed to vectorise sums; numba's cache does not notice a change of it


def compiled(kernel: Kernel) -> Kernel:
    """Compile `kernel` on its first call, with the machine code cached on disk.

    Numba takes the first writable of ``$NUMBA_CACHE_DIR``, ``__pycache__`` beside the source and
    the user's cache folder. It notices a changed source file but not a changed import, so kernels
    that call each other belong in one file.

    Raises
    ------
    SetupError : numba is absent or does not fit the installed numpy.
    """
    dispatcher = _dispatcher(kernel, inline=False)
    try:
        dispatcher.enable_caching()
    except RuntimeError:  # numba found no writable folder
        _report_uncached()
    return cast(Kernel, dispatcher)


def inlined(kernel: Kernel) -> Kernel:
    """Compile `kernel` into its callers, because a loop that contains a call is not vectorised."""
    return cast(Kernel, _dispatcher(kernel, inline=True))


def _dispatcher(kernel: Kernel, *, inline: bool) -> Any:
    try:
        from numba import njit
    except ImportError as error:
        raise SetupError(
            f"numba cannot be imported: {error}",
            fix="pip install numba, or choose another engine with --flow opencv",
        ) from error
    # error_model: the default checks every division for zero, which prevents vectorisation (5x)
    return njit(fastmath=FASTMATH, error_model="numpy", nogil=True, forceinline=inline)(kernel)


@cache
def _report_uncached() -> None:
    say(
        "numba finds no writable folder for its cache: the flow engine is compiled again in each "
        "process, which takes seconds; set NUMBA_CACHE_DIR to a folder of your own"
    )
