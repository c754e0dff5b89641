"""A headless Chromium for tests of pages, driven over a pipe by its DevTools protocol: nothing is installed for it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-extensions",
)
SECONDS = 20
LAUNCH = """
import fcntl, os, sys
ours = [fcntl.fcntl(int(place), fcntl.F_DUPFD, 10) for place in sys.argv[1:3]]
for place, descriptor in zip((3, 4), ours):
    os.dup2(descriptor, place)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Gives Chromium its pipe where it expects it: it reads from 3 and writes to 4."""


def chromium() -> str:
    """Return the path of the browser that ``CHROMIUM`` names, or the system has; skips the test where there is none."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium: install one or set CHROMIUM")
    return found


class Page:
    """One tab."""

    def __init__(self, write: int, read: int):
        self._write = write
        self._read = read
        self._rest = b""
        self._number = 0
        self._session: str | None = None
        self.requests: list[str] = []
        """Addresses that were asked for."""
        self.errors: list[str] = []
        """What scripts threw or wrote to the console as an error."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            found = self._next()
            if found.get("id") == self._number:
                assert "error" not in found, f"{method}: {found}"
                return found["result"]

    def size(self, width: int, height: int, dark: bool = False, phone: bool = False) -> None:
        """Set the size of the page in pixels and its colour scheme, and ask for reduced motion.

        A page that scrolls smoothly would still move while a test measures where something is.
        """
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        wanted = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wanted.items()]
        self.call("Emulation.setEmulatedMedia", features=features)

    def open(self, path: Path) -> None:
        """Open a file and wait until it is loaded and every player in it has started."""
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.wait(
            "document.readyState === 'complete' && !document.querySelector('.air-player:not([data-started=true])')"
        )

    def run(self, script: str) -> Any:
        """Return the value of an expression of JavaScript."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, f"{script}: {found['exceptionDetails']}"
        return found["result"].get("value")

    def wait(self, script: str) -> None:
        """Wait until an expression is true."""
        looks = (
            f"new Promise((done, fail) => {{ const end = Date.now() + {1000 * SECONDS}; const look = () => ({script})"
        )
        looks += " ? done(true) : Date.now() > end ? done(false) : setTimeout(look, 20); look(); })"
        assert self.run(looks), f"not within {SECONDS} s: {script}"

    def middle(self, selector: str) -> tuple[float, float]:
        """Scroll to an element and return the middle of it in the window."""
        x, y = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center', behavior: 'instant'});"
            " const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        return x, y

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """Move, press or release the mouse: kind mouseMoved, mousePressed or mouseReleased.

        Before that two frames are drawn: the mouse hits what is drawn, which may lag behind what a script measures.
        """
        self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, x: float, y: float) -> None:
        """Click at a place of the window."""
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, x, y, button="left", buttons=1, clickCount=1)

    def press(self, key: str) -> None:
        """Press and release a key, by its name in the DOM."""
        codes = {
            "ArrowLeft": 37,
            "ArrowUp": 38,
            "ArrowRight": 39,
            "ArrowDown": 40,
            "Home": 36,
            "End": 35,
            " ": 32,
            "Tab": 9,
        }
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=codes.get(key, 0))

    def screenshot(self, whole: bool = False) -> bytes:
        """Return a PNG of the window, or of the whole page."""
        found = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(found["data"])

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            chunk = os.read(self._read, 1 << 16)
            assert chunk, "Chromium has ended"
            self._rest += chunk
        text, _, self._rest = self._rest.partition(b"\0")
        found = json.loads(text)
        if found.get("method") == "Network.requestWillBeSent":
            self.requests.append(found["params"]["request"]["url"])
        elif found.get("method") == "Runtime.exceptionThrown":
            self.errors.append(str(found["params"]["exceptionDetails"]))
        elif found.get("method") == "Runtime.consoleAPICalled" and found["params"]["type"] == "error":
            self.errors.append(str(found["params"]["args"]))
        return found


@contextlib.contextmanager
def browser() -> Iterator[Page]:
    """Run Chromium with one empty tab."""
    program = chromium()
    theirs_read, write = os.pipe()
    read, theirs_write = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [program, *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-pipe"]
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", LAUNCH, str(theirs_read), str(theirs_write), *command],
            pass_fds=[theirs_read, theirs_write],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_read)
        os.close(theirs_write)
        try:
            yield Page(write, read)
        finally:
            process.terminate()
            process.wait()
            os.close(write)
            os.close(read)
