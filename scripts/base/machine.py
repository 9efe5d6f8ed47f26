"""What machine this is, and what about it makes measurements worse. Reads /proc and /sys, runs git
and lscpu, which also knows arm64's processors.

Used by what compares and captures, and by doctor.sh.
"""
import os
import platform
import re
import subprocess
import time
from pathlib import Path

GOARCH = {"x86_64": "amd64", "aarch64": "arm64"}
BUSY_LIMIT = 0.10
BUSY_SAMPLE_SECONDS = 0.5


def _read(path, default=""):
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return default


def _field(text, pattern, default="unknown"):
    found = re.search(pattern, text, re.MULTILINE)
    return found.group(1).strip() if found else default


def commit(root: Path) -> str:
    """The commit of the checkout, with "-dirty" if files differ; "unknown" outside git."""
    return _said("git", "-C", str(root), "describe", "--always", "--dirty", "--exclude",
                 "*").strip() or "unknown"


def _lscpu():
    return _said("lscpu")


def _said(*command):
    try:
        return subprocess.run(command, env={**os.environ, "LC_ALL": "C"}, capture_output=True,
                              text=True, check=False).stdout
    except FileNotFoundError:
        return ""


def facts(root: Path) -> dict:
    """The machine as compare.json records it. Memory in bytes."""
    processor = _lscpu()
    release = _read("/etc/os-release")
    vendor = _field(processor, r"^Vendor ID:\s*(.*)$")
    return {
        "cpu": _field(processor, r"^Model name:\s*([^-\s].*)$", vendor),  # "-": Apple's, in a VM
        "cpus": len(os.sched_getaffinity(0)),
        "goarch": GOARCH.get(platform.machine(), platform.machine()),
        "memory_bytes": int(_field(_read("/proc/meminfo"), r"^MemTotal:\s+(\d+)", "0")) * 1024,
        "kernel": platform.release(),
        "os": _field(release, r'^PRETTY_NAME="?([^"\n]*)'),
        "virtual": "Hypervisor vendor:" in processor,
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "unknown"),
        "turbo": turbo(),
        "load_average": list(os.getloadavg()),
        "commit": commit(root),
    }


def turbo() -> str:
    """"on", "off" or "unknown": whether the clock rises above its base rate."""
    off = _read("/sys/devices/system/cpu/intel_pstate/no_turbo")
    if off:
        return "off" if off == "1" else "on"
    boost = _read("/sys/devices/system/cpu/cpufreq/boost")
    return {"1": "on", "0": "off"}.get(boost, "unknown")


def _cpu_times():
    return [int(part) for part in _read("/proc/stat").splitlines()[0].split()[1:9]]


def busy(seconds: float = BUSY_SAMPLE_SECONDS) -> tuple:
    """(part of all processors that other programs use now, part that the hypervisor takes away)."""
    before = _cpu_times()
    time.sleep(seconds)
    spent = [after - earlier for earlier, after in zip(before, _cpu_times())]
    total = sum(spent) or 1
    idle = spent[3] + spent[4]
    return (total - idle) / total, spent[7] / total


def warnings(machine: dict, busy_now: tuple[float, float]) -> list:
    """What makes measurements worse here, each with what to do about it."""
    found = []
    used, stolen = busy_now
    if used > BUSY_LIMIT:
        found.append(f"noisy machine: {used:.0%} of the processors are in use. "
                     "Close other programs (see them: top), then repeat")
    if stolen > BUSY_LIMIT / 5:
        found.append(f"noisy neighbours: the hypervisor takes {stolen:.0%} of the time away. "
                     "Repeat later or on another host")
    if machine["cpus"] < 2:
        found.append("only 1 processor: ab and the service share it. Service figures need 2")
    if machine["governor"] not in ("performance", "unknown"):
        found.append(f"governor '{machine['governor']}' changes the clock. "
                     "Run: sudo cpupower frequency-set -g performance")
    if machine["turbo"] == "on" and not machine["virtual"]:
        found.append("turbo is on: the clock depends on the temperature. "
                     "Turn it off in /sys/devices/system/cpu")
    return found
