"""How memory that was freed goes back to the system.

The C library gives large blocks back at once, and a step of training asks for the same ones again: the system clears
each of their pages anew, which takes up to a tenth of a training's processor time. So a worker's process keeps some
for its next step. What it keeps changes no bit.
"""

import ctypes

#: Bytes of a block from which it goes back to the system at once, as every block of 32 MiB does by itself.
LARGE_BLOCK_BYTES = 256 * 2**20
#: Bytes that the process keeps at most at the end of its heap.
KEPT_BYTES = 512 * 2**20
#: Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def keep_freed_memory() -> None:
    """Of this process, from now on. Does nothing where the C library is not glibc."""
    if (library := _glibc()) is not None:
        library.mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES)
        library.mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)


def give_freed_memory_back() -> None:
    """All of it, once: before this process's memory is measured. Does nothing where the C library is not glibc."""
    if (library := _glibc()) is not None:
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
