"""Presence without a browser: pings are counted, so nothing here takes time."""

import asyncio
import os
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from explorer.widgets import presence
from explorer.widgets.presence import FIRST, MISSED, Presence


class Scene:
    """A kernel and its page: a ping at each turn of the loop, answered where `answers` says so."""

    def __init__(self, monkeypatch, kernel, answers):
        if kernel == "jupyter":
            monkeypatch.delenv("VOILA_PREHEAT", raising=False)
        else:
            monkeypatch.setenv("VOILA_PREHEAT", str(kernel == "preheated"))
        monkeypatch.setattr(Presence, "send", self._ping)
        self.answers, self.pings, self.said = answers, 0, []
        self.presence = Presence(lambda: self.said.append("gone"), lambda: self.said.append("end"), interval=0)

    def _ping(self, message):
        self.pings += 1
        if self.answers(self.pings):
            self.answer()

    def answer(self):
        self.presence._handle_custom_msg({}, [])

    async def run(self, pings):
        end = self.pings + pings
        while self.pings < end:
            await asyncio.sleep(0)


def test_a_page_that_answers_now_and_then_is_there(monkeypatch):
    async def scene():
        page = Scene(monkeypatch, "voila", lambda ping: ping % MISSED == 0)
        await page.run(20 * MISSED)
        assert page.said == []
        assert page.presence.here.is_set()
        page.presence.close()

    asyncio.run(scene())


@pytest.mark.parametrize("kernel", ["voila", "preheated"])
def test_a_page_that_answers_no_more_is_gone_and_its_kernel_ends_once(monkeypatch, kernel):
    async def scene():
        page = Scene(monkeypatch, kernel, lambda ping: ping == 5)
        await page.run(5 + MISSED)
        assert page.said == []
        await page.run(1)
        assert page.said == ["gone", "end"]
        assert not page.presence.here.is_set()
        await page.run(5 * MISSED)
        assert page.said == ["gone", "end"]
        page.presence.close()

    asyncio.run(scene())


def test_a_preheated_kernel_waits_for_ever(monkeypatch):
    async def scene():
        page = Scene(monkeypatch, "preheated", lambda ping: False)
        await page.run(5 * FIRST)
        assert page.said == []
        assert page.presence.here.is_set(), "what the page will show first is drawn"
        page.presence.close()

    asyncio.run(scene())


def test_a_page_that_asked_for_a_kernel_and_never_came_is_gone_later(monkeypatch):
    async def scene():
        page = Scene(monkeypatch, "voila", lambda ping: False)
        await page.run(FIRST)
        assert page.said == []
        await page.run(1)
        assert page.said == ["gone", "end"]
        page.presence.close()

    asyncio.run(scene())


def test_in_jupyter_nothing_ends_and_drawing_goes_on_when_a_page_answers_again(monkeypatch):
    async def scene():
        page = Scene(monkeypatch, "jupyter", lambda ping: ping == 1)
        await page.run(5 * MISSED)
        assert page.said == []
        assert not page.presence.voila
        assert not page.presence.here.is_set()
        page.answer()
        assert page.presence.here.is_set()
        page.presence.close()

    asyncio.run(scene())


def test_without_a_loop_nobody_is_asked(monkeypatch):
    page = Scene(monkeypatch, "voila", lambda ping: False)
    page.presence.close()
    assert page.pings == 0


@pytest.mark.parametrize("reachable", [True, False])
def test_voila_is_asked_to_end_the_kernel_which_ends_in_any_case(monkeypatch, reachable):
    asked, ended = [], threading.Event()

    class Voila(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            asked.append((self.path, self.headers["Cookie"], urllib.parse.parse_qs(self.rfile.read(length).decode())))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Voila) as server:
        port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name, value in {"APP_PORT": port if reachable else "", "SERVER_URL": "/a/", "KERNEL_ID": "k1"}.items():
            monkeypatch.setenv(f"VOILA_{name}", str(value))
        monkeypatch.setattr(os, "_exit", lambda status: ended.set())
        presence.end_by_voila()
        assert ended.wait(30)
        server.shutdown()
    assert [path for path, _, _ in asked] == ["/a/voila/api/shutdown/k1"] * reachable
    for _, cookie, form in asked:
        assert cookie == f"_xsrf={form['_xsrf'][0]}"
