"""One look for all who ask at the same time, and never one that began before the question."""

import asyncio
import threading

from backend.shared_look import SharedLook


def test_who_asks_while_a_look_is_taken_shares_the_next_one() -> None:
    begun, may_end, looks = threading.Event(), threading.Event(), list[int]()

    def take() -> int:
        looks.append(len(looks) + 1)
        begun.set()
        assert may_end.wait(10)
        return looks[-1]

    async def ask() -> None:
        look = SharedLook[int]()
        first = asyncio.create_task(look(take))
        assert await asyncio.to_thread(begun.wait, 10)
        others = [asyncio.create_task(look(take)) for _ in range(50)]
        await asyncio.sleep(0)
        others[0].cancel()  # who leaves takes it from nobody
        may_end.set()
        assert await first == 1
        assert await asyncio.gather(*others[1:]) == [2] * 49
        assert await look(take) == 3

    asyncio.run(ask())
    assert looks == [1, 2, 3]


def test_a_look_that_fails_says_so_to_all_and_the_next_is_taken() -> None:
    fails = True

    def take() -> str:
        if fails:
            raise OSError("the database is away")
        return "found"

    async def ask() -> None:
        nonlocal fails
        look = SharedLook[str]()
        failed = await asyncio.gather(*(look(take) for _ in range(3)), return_exceptions=True)
        assert [str(error) for error in failed] == ["the database is away"] * 3
        fails = False
        assert await look(take) == "found"

    asyncio.run(ask())
