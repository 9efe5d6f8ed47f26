"""Progress of a known number of steps: a bar with the time left on a terminal, some plain lines elsewhere."""
import sys
import time

BAR_WIDTH = 30
PLAIN_LINES = 4


class Progress:
    """Writes to standard error, so that standard output stays a report. Call step() after each step."""

    def __init__(self, label, steps, stream=None, clock=time.monotonic):
        self.label, self.steps, self.stream, self.clock = label, steps, stream or sys.stderr, clock
        self.done, self.start, self.live = 0, clock(), self.stream.isatty()

    def step(self):
        self.done += 1
        left = (self.clock() - self.start) / self.done * (self.steps - self.done)
        counted = f"{self.done}/{self.steps}"
        if self.live:
            filled = BAR_WIDTH * self.done // self.steps
            bar = "#" * filled + "." * (BAR_WIDTH - filled)
            self.stream.write(f"\r{self.label} [{bar}] {counted}, {left:.0f} s left \033[K")
        elif self.done * PLAIN_LINES // self.steps > (self.done - 1) * PLAIN_LINES // self.steps:
            self.stream.write(f"  {self.label}: {counted}, {left:.0f} s left\n")
        self.stream.flush()

    def close(self):
        """Clears the bar."""
        if self.live:
            self.stream.write("\r\033[K")
            self.stream.flush()
