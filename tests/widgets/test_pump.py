"""The one writer of the page: it draws the newest, never before the page has painted what came before."""

import asyncio
import threading

from explorer.widgets.pump import Pump


def here():
    """A page that somebody looks at."""
    looking = asyncio.Event()
    looking.set()
    return looking


class FakePage:
    """A page that paints when it is told to."""

    def __init__(self):
        self.asked, self.paint = 0, asyncio.Event()

    async def painted(self, timeout):
        self.asked += 1
        await self.paint.wait()
        self.paint.clear()


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_frame_waits_until_the_last_one_is_painted():
    async def scene():
        page, drawn, newest = FakePage(), [], [0]
        pump = Pump(lambda: drawn.append(newest[0]), page, here())
        await settle()
        assert drawn == [], "nothing is drawn before something changes"
        for newest[0] in range(1, 6):
            pump.wake()
            await settle()
        assert drawn == [1], "the page has not painted the first frame yet"
        page.paint.set()
        await asyncio.sleep(0.2)
        assert drawn == [1, 5], "then comes the newest, and what lay between is not drawn late"
        page.paint.set()
        await asyncio.sleep(0.2)
        assert drawn == [1, 5], "and nothing more without a change"
        pump.close()

    asyncio.run(scene())


def test_nothing_is_drawn_while_nobody_looks():
    async def scene():
        page, drawn, newest, looking = FakePage(), [], [0], asyncio.Event()
        pump = Pump(lambda: drawn.append(newest[0]), page, looking)
        for newest[0] in range(1, 4):
            pump.wake()
            await settle()
        assert drawn == []
        looking.set()
        await settle()
        assert drawn == [3], "who comes back sees the newest"
        pump.close()

    asyncio.run(scene())


def test_a_search_is_drawn_at_its_pace_and_a_person_is_answered_at_once():
    async def scene():
        page, drawn = FakePage(), []
        pump = Pump(lambda: drawn.append(asyncio.get_running_loop().time()), page, here())
        pump.wake()
        await settle()
        page.paint.set()
        for _ in range(3):
            pump.wake(30.0)
        await asyncio.sleep(0.2)
        assert len(drawn) == 1, "it is not yet time"
        pump.wake(0.0)
        await settle()
        assert len(drawn) == 2
        pump.close()

    asyncio.run(scene())


def test_what_can_wait_is_done_once_the_first_frame_is_painted():
    async def scene():
        page, done = FakePage(), []
        pump = Pump(lambda: None, page, here(), lambda: done.append("ready"))
        for expected in ([], ["ready"], ["ready"]):
            assert done == expected
            pump.wake(0.0)
            await settle()
            assert done == expected, "not before it is painted"
            page.paint.set()
            await settle()
        pump.close()

    asyncio.run(scene())


def test_any_thread_may_wake_it_and_it_draws_on_the_loop():
    async def scene():
        page, drawn = FakePage(), []
        pump = Pump(lambda: drawn.append(threading.current_thread()), page, here())
        thread = threading.Thread(target=pump.wake)
        thread.start()
        thread.join()
        await settle()
        assert drawn == [threading.main_thread()]
        pump.close()

    asyncio.run(scene())


def test_a_bad_frame_does_not_end_all_drawing(caplog):
    async def scene():
        page, drawn = FakePage(), []

        def draw():
            drawn.append(len(drawn))
            if len(drawn) == 1:
                raise ValueError("one bad frame")

        pump = Pump(draw, page, here())
        for _ in range(2):
            pump.wake()
            await settle()
            page.paint.set()
            await asyncio.sleep(0.2)
        assert drawn == [0, 1]
        pump.close()

    asyncio.run(scene())
    assert "a frame could not be drawn" in caplog.text


def test_without_a_loop_there_is_no_page_to_draw_for():
    pump = Pump(lambda: 1 / 0, FakePage(), here())
    pump.wake()
    pump.close()
