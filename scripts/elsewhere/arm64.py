"""arm64, by a cross compiler and qemu-user: compiled, tested, answering, profiled. Its libraries
are those of this Debian, unpacked and never installed."""
import os
import platform

from base import children
from base.errors import Failure
from base.frames import STAGE_FOLDER
from base.paths import PPROF, ROOT
from base.service import Service
from elsewhere import system
from elsewhere.system import CACHE, Step
from profiles import capture

HERE = CACHE / "arm64"
SYSROOT, BUILD = HERE / "sysroot", HERE / "build"
# With little address space: it describes each page of the range that the heap's sampler reserves.
EMULATOR = ("qemu-aarch64", "-R", "128G", "-L", str(SYSROOT))
SECONDS = 5  # of the capture
STAGES = ("v1-naive", "v2-optimized")
TARGETS = (*(f"{kind}-{stage}" for kind in ("leftpad", "test", "budget") for stage in STAGES),
           "test-server", "pprof-tests",
           *(f"pprof_{below}_{subject}_test" for below in ("heap", "tcmalloc")
             for subject in ("truth", "front")))
TOOLCHAIN = """set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_SYSROOT {sysroot})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_CROSSCOMPILING_EMULATOR {emulator})
"""
# What is not run, by name, and why.
EXCLUDED = {
    r"^(scripts|labs|stages|server|fuzz)/|/service/|/optimized$|^unwind_fuzz|"
    r"^pprof_|^heap_link|DeathTest\.|^Tasks.AForkedChildKnows":
        "they compile, or start programs, without the emulator",
    r"^DebugLink\.|^Symbolizer.NamesTheFileOfACallerThatClang":
        "objcopy and clang of this machine are not for arm64",
    r"^Signal\.|^Cpu.SaysThatThreadsBlockTheSignal|^Handler.NeedsNoLockOfTheLoader":
        "a thread of qemu-user's own blocks all signals",
    r"^Wall.SamplesCarryTheLabels|^Http.ThreadsDebug2Lists|^Http.NamesMayBeLeftOut":
        "qemu-user has no process_vm_readv: stacks of threads that the library did not see start "
        "are cut",
    r"^safety":
        "it forks beside threads that are at work, and a lock of qemu-user's own stays locked in "
        "the child",
    r"^Cpu.EverySampleReachesTheStart": "Debian's C library has no name there on arm64",
    r"^Trace.AChildForkedDuringIt": "it forks 100 times, and qemu-user takes a second for each",
    r"^Symbolizer.APluginLoadedAgain|^Unwind.AnObjectLoadedInPlaceOfAnother":
        "qemu-user never gives an address a second time",
}


def steps() -> list:
    """What is tried, in order."""
    return [Step("sysroot", sysroot), Step("build", build),
            Step("unit and capture tests, by qemu", test), Step("service and profile", profile)]


def libraries() -> list:
    """The packages of the sysroot: the group [build] without what runs on this machine."""
    text = (ROOT / "scripts" / "packages.txt").read_text(encoding="utf-8")
    group = text.split("[build]")[1].split("\n[")[0]
    names = [line.split()[0] for line in group.splitlines()[1:] if line]
    version = children.must(["aarch64-linux-gnu-g++", "-dumpversion"],
                            "Run: make setup").stdout.strip()
    return ["libc6-dev", f"libstdc++-{version}-dev", *(name for name in names if "-dev" in name)]


def sysroot() -> str:
    """Unpacks this Debian's packages for arm64."""
    suite = platform.freedesktop_os_release()["VERSION_CODENAME"]

    def make(folder):
        system.logged(["mmdebstrap", "--variant=extract", "--architectures=arm64",
                       f"--include={','.join(libraries())}", suite, folder],
                      HERE / "sysroot.log")
        for link in folder.rglob("*"):
            if link.is_symlink() and os.path.isabs(target := os.readlink(link)):
                link.unlink()
                link.symlink_to(os.path.relpath(f"{folder}{target}", link.parent))
    return system.once(SYSROOT, make)


def build() -> str:
    """Compiles the stages, the server and the tests of the library."""
    toolchain = HERE / "toolchain.cmake"
    toolchain.write_text(TOOLCHAIN.format(sysroot=SYSROOT, emulator=";".join(EMULATOR)),
                         encoding="utf-8")
    found = ":".join(f"{SYSROOT}/usr/{place}/pkgconfig" for place in
                     ("lib/aarch64-linux-gnu", "share"))
    environment = {**os.environ, "PKG_CONFIG_LIBDIR": found, "PKG_CONFIG_SYSROOT_DIR": str(SYSROOT)}
    system.logged(["cmake", "--preset", "release", "-B", BUILD, "--toolchain", toolchain],
                  HERE / "configure.log", cwd=ROOT, env=environment)
    system.logged(["ninja", "-C", BUILD, *TARGETS], HERE / "build.log", env=environment)
    return f"{len(TARGETS)} programs"


def test() -> str:
    """Runs what the emulator can."""
    said = system.logged(
        ["ctest", "--test-dir", BUILD, "-j", os.cpu_count(), "-E", "|".join(EXCLUDED)],
        HERE / "test.log")
    return system.found(r"(\d+% tests passed.*)$", said)


def profile() -> str:
    """Under load, the emulated service must name its own code, inlined frames and lines too."""
    out = HERE / "cpu.pb.gz"
    with Service(BUILD / "bin" / "leftpad-v1-naive", before=EMULATOR) as service:
        with capture.load(service, SECONDS, 2):
            capture.fetch(f"{service.debug_url}/debug/pprof/profile?seconds={SECONDS}", out,
                          SECONDS)
        service.must_stop()
    said = system.logged([PPROF, "-top", "-lines", f"-show={STAGE_FOLDER}", out], HERE / "top.log")
    for name in ("service::StatsD::send", "service::Logger::write_line", "leftpad.cpp:"):
        if name not in said:
            raise Failure(name, "the profile must have it", f"See {HERE / 'top.log'}")
    return system.found(r"(Total samples = \S+)", said)
