"""A headless Chromium driven by the DevTools protocol over a pipe: no port, no driver, standard
library only.

Used by the page tests. One page, one thread.
"""
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAM = shutil.which("chromium")
_ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
              "--hide-scrollbars", "--no-first-run", "--disable-extensions",
              "--disable-background-networking", "--remote-debugging-pipe", "about:blank")


class Browser:
    """Use with `with`. errors: what the page wrote to the console as errors or warnings, and
    uncaught exceptions."""

    def __init__(self, timeout=60):
        self.timeout, self.errors, self.requests = timeout, [], []
        self._number, self._session, self._buffer, self._loaded = 0, None, b"", False

    def __enter__(self):
        self._home = tempfile.mkdtemp(prefix="leftpad-chromium.")
        read_end, self._write = os.pipe()
        self._read, write_end = os.pipe()
        # The browser reads commands from descriptor 3 and writes answers to 4.
        command = f'exec "$0" "$@" 3<&{read_end} 4>&{write_end}'
        self._child = subprocess.Popen(
            ["bash", "-c", command, PROGRAM, f"--user-data-dir={self._home}", *_ARGUMENTS],
            pass_fds=(read_end, write_end), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, "HOME": self._home})
        os.close(read_end)
        os.close(write_end)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target,
                                  flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        self._session = None
        try:
            self.call("Browser.close")
            self._child.wait(10)
        except (OSError, TimeoutError, subprocess.TimeoutExpired):
            self._child.kill()
            self._child.wait()
        os.close(self._write)
        os.close(self._read)
        shutil.rmtree(self._home, ignore_errors=True)

    def call(self, method, **parameters):
        """The result of a DevTools command. Raises RuntimeError if it is refused."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + self.timeout
        while True:
            answer = self._next(deadline)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self._note(answer)

    def _next(self, deadline):
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"Chromium did not answer within {self.timeout} s")
            part = os.read(self._read, 1 << 20)
            if not part:
                raise OSError("Chromium ended")
            self._buffer += part
        text, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(text)

    def _note(self, event):
        method, details = event.get("method"), event.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Runtime.exceptionThrown":
            self.errors.append(details["exceptionDetails"].get("exception",
                                                               {}).get("description", "exception"))
        elif method == "Runtime.consoleAPICalled" and details["type"] in ("error", "warning",
                                                                          "assert"):
            self.errors.append(" ".join(
                str(each.get("value", each.get("description"))) for each in details["args"]))
        elif method == "Log.entryAdded" and details["entry"]["level"] in ("error", "warning"):
            self.errors.append(details["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(details["request"]["url"])

    def open(self, path, width=1280, height=900, scheme="light", motion="reduce", script=True):
        """Loads a file as a user would from the disk, in a viewport of that size and theme."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme},
                      {"name": "prefers-reduced-motion", "value": motion}])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.errors.clear()
        self.requests.clear()
        self._loaded = False
        self.call("Page.navigate", url=f"file://{path}")
        deadline = time.monotonic() + self.timeout
        while not self._loaded:
            self._note(self._next(deadline))
        if script:
            self.settle()

    def settle(self):
        """Waits for two frames, in which observers run, and for the end of what then moves."""
        self.eval("""new Promise((done) => {
          const runs = (each) => each.playState === 'running';
          const moving = () => document.getAnimations().some(runs);
          const wait = () => setTimeout(moving() ? wait : done, 50);
          requestAnimationFrame(() => requestAnimationFrame(wait));
        })""")

    def eval(self, expression):
        """The value of a JavaScript expression, a promise's too. Raises RuntimeError."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                           returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"].get(
                "description", expression))
        return answer["result"].get("value")

    def key(self, key):
        """Presses and releases a key, for example Tab, Enter, ArrowDown or a letter."""
        codes = {
            "Tab": 9, "Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39,
            "ArrowDown": 40
        }
        text = {"text": "\r"} if key == "Enter" else {"text": key} if len(key) == 1 else {}
        common = {"key": key, "windowsVirtualKeyCode": codes.get(key, ord(key[0].upper()))}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **common,
                  **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)
        self.settle()
