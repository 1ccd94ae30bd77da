"""A tab as a person has it: Playwright keeps its own pages in front and awake, and does not know of this one."""

import json
from time import monotonic
from typing import Any

import psutil
from playwright.sync_api import Browser

from tests.browser.page import kernel_of
from tests.support import until


class Tab:
    """A page in a window of its own, spoken to in Chromium's protocol alone."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._chromium = browser.new_browser_cdp_session()
        self._window = self._chromium.send("Target.createBrowserContext")["browserContextId"]
        self._target = self._open(address)
        attached = self._chromium.send("Target.attachToTarget", {"targetId": self._target, "flatten": False})
        self._session, self._answers, self._asked = attached["sessionId"], {}, 0
        self._chromium.on("Target.receivedMessageFromTarget", lambda event: self._hear(json.loads(event["message"])))

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of Chromium's protocol and return what it answers."""
        self._asked += 1
        message = json.dumps({"id": self._asked, "method": method, "params": parameters})
        self._chromium.send("Target.sendMessageToTarget", {"sessionId": self._session, "message": message})
        deadline = monotonic() + 30
        while self._asked not in self._answers:
            assert monotonic() < deadline, f"{method} was not answered"
            self._chromium.send("Browser.getVersion")  # lets events come in
        return self._answers.pop(self._asked)

    def evaluate(self, expression: str) -> Any:
        answer = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, button: str) -> None:
        until(lambda: self.evaluate(f"document.querySelector('button.lt-{button}:enabled') !== null"))
        self.evaluate(f"document.querySelector('button.lt-{button}').click()")

    def text(self, selector: str) -> str:
        return self.evaluate(f"document.querySelector({selector!r})?.textContent.trim() ?? ''")

    @property
    def kernel(self) -> psutil.Process:
        return kernel_of(self.text("#jupyter-config-data"))

    def hide(self) -> None:
        """Open another tab in front."""
        self._open("about:blank")
        until(lambda: self.evaluate("document.hidden"))

    def show(self) -> None:
        self._chromium.send("Target.activateTarget", {"targetId": self._target})
        until(lambda: not self.evaluate("document.hidden"))

    def heap(self) -> float:
        """The megabytes of JavaScript that are left after a collection."""
        self.send("HeapProfiler.collectGarbage")
        self.send("Performance.enable")
        metrics = self.send("Performance.getMetrics")["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == "JSHeapUsedSize") / 1e6

    def close(self) -> None:
        """Close the window, with all in it."""
        self._chromium.send("Target.disposeBrowserContext", {"browserContextId": self._window})

    def _open(self, address: str) -> str:
        return self._chromium.send("Target.createTarget", {"url": address, "browserContextId": self._window})[
            "targetId"
        ]

    def _hear(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._answers[message["id"]] = message.get("result", message)
