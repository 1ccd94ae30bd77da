"""How a file comes to the browser, against a page that is a list."""

import asyncio
import gzip
from types import SimpleNamespace

import numpy as np
import pytest

from explorer import ExplorerError
from explorer.widgets import download
from explorer.widgets.download import PIECE, Download
from tests.support import is_one_sentence


class FakePage:
    """Takes what is sent, and answers as the real one does."""

    def __init__(self, widget, monkeypatch, answer=lambda message: {"message": message["message"]}):
        self.widget, self.answer, self.pieces, self.unanswered, self.most_unanswered = widget, answer, [], 0, 0
        self.messages = []
        monkeypatch.setattr(widget, "send", self.receive)

    def receive(self, message, buffers):
        self.messages.append(message)
        self.pieces += buffers
        self.unanswered += 1
        self.most_unanswered = max(self.most_unanswered, self.unanswered)
        asyncio.get_running_loop().call_later(0.001, self.reply, message)

    def reply(self, message):
        self.unanswered -= 1
        answered = self.answer(message)
        if answered:
            self.widget._handle_custom_msg({"message": -1}, [])  # what an earlier file's page says late counts nothing
            self.widget._handle_custom_msg(answered, [])


@pytest.mark.parametrize("size", [0, 1, PIECE, 3 * PIECE + 17])
def test_a_file_arrives_whole_in_acknowledged_pieces(size, monkeypatch):
    monkeypatch.setattr(download, "RATE", 1e9)
    content = np.random.default_rng(0).bytes(size)  # which does not get smaller when it is packed
    widget, shares = Download(), []
    page = FakePage(widget, monkeypatch)
    asyncio.run(widget.save("run.bin", content, "application/octet-stream", shares.append))
    assert gzip.decompress(b"".join(page.pieces)) == content
    assert all(len(piece) <= PIECE for piece in page.pieces)
    assert page.most_unanswered == 1
    assert [message["piece"] for message in page.messages] == list(range(len(page.pieces)))
    assert {message["pieces"] for message in page.messages} == {len(page.pieces)}
    assert {(message["name"], message["type"]) for message in page.messages} == {
        ("run.bin", "application/octet-stream")
    }
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_the_servers_limit_is_kept(monkeypatch):
    slept, clock = [], [0.0]

    async def sleep(seconds):
        slept.append(seconds)
        clock[0] += max(0.0, seconds)

    widget = Download()
    page = FakePage(widget, monkeypatch)
    monkeypatch.setattr(download.asyncio, "sleep", sleep)
    monkeypatch.setattr(download, "time", SimpleNamespace(monotonic=lambda: clock[0]))  # not the loop's clock
    asyncio.run(widget.save("run.bin", np.random.default_rng(0).bytes(10 * PIECE), "x/y", lambda share: None))
    *whole, _ = page.pieces
    assert clock[0] == pytest.approx(sum(map(len, whole)) / download.RATE)
    assert 3 * download.RATE + PIECE < 3_000_000, "of a server's 1 MB/s over 3 s"


def test_a_page_that_does_not_answer_or_cannot_save_is_an_error(monkeypatch):
    monkeypatch.setattr(download, "PATIENCE", 0.05)
    widget = Download()
    FakePage(widget, monkeypatch, lambda message: None)
    with pytest.raises(ExplorerError, match=r"run\.csv: the page has not answered") as caught:
        asyncio.run(widget.save("run.csv", b"1", "text/csv", lambda share: None))
    assert is_one_sentence(str(caught.value))
    FakePage(widget, monkeypatch, lambda message: {"message": message["message"], "problem": "It is not on screen."})
    with pytest.raises(ExplorerError, match=r"It is not on screen\."):
        asyncio.run(widget.save_picture("run.svg", "masks", "The weights that are left", "svg"))
