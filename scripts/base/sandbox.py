"""Runs programs that nobody has to trust, each in a bubblewrap of its own.

enter() first gives this process a loopback and a place for temporary files that nobody else has,
and so to the Python programs that it starts. From then on words() stand before a command: it reads
the system's programs and libraries and what it is given, writes into folders that it is given, sees
no other process, and ends after so many seconds; once it has ended, so have its children. Without
enter() there are no words. What a command has written is read by read().
"""
import contextlib
import ctypes
import fcntl
import os
import shutil
import socket
import stat
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from base import children
from base.errors import Failure
from base.signals import temporary_folder

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")
PATH = "/usr/bin:/bin"
TEMPORARY_BYTES = 512_000_000  # of the judge and all that it runs; gone with it
READ_BYTES = 20_000_000
TRIAL_SECONDS, WATCH_SECONDS = 60, 0.3
SIGNALS = 32
MOST_PROCESSES = 500  # and threads: a service may have one for each of 200 connections
# Private writable memory, since the heap's sampler reserves far more addresses than it uses.
LIMITS = ("--data=2000000000", "--fsize=100000000", f"--nproc={MOST_PROCESSES}", "--cpu=90",
          "--core=0")
NEWNS, NEWUSER, NEWNET = 0x20000, 0x10000000, 0x40000000  # of unshare(2)
MS_NOSUID_NODEV, MS_REC_PRIVATE = 6, 0x44000  # of mount(2)
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
_ENTERED = "WORKSHOP_SANDBOX"  # in the environment of those that this process starts


def enter(folder: Path) -> None:
    """From here on temporary files are in the folder, which other processes see empty. Raises
    Failure where stages cannot be kept apart. Call it before any thread."""
    if not shutil.which("bwrap"):
        raise Failure("bubblewrap", "it is not installed", "Run: apt-get install bubblewrap")
    folder.mkdir(parents=True, exist_ok=True)
    if refused := _refusal(folder):
        raise Failure("bubblewrap", f"the kernel keeps no namespaces for it ({refused})",
                      "In a container, start that with --privileged; on Ubuntu: sudo sysctl "
                      "kernel.apparmor_restrict_unprivileged_userns=0")
    _unshare(folder)


def _refusal(folder):
    """Why a process cannot enter; "" if it can. One of its own tries, since none can go back."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if not pid:
        refused = "it was stopped"
        try:
            _unshare(folder)
            done = run(["true"], TRIAL_SECONDS)
            refused = done.status and (done.stderr.strip() or children.how_it_ended(done.status))
        except OSError as error:
            refused = f"{error.filename}: {error.strerror}"
        except subprocess.TimeoutExpired:
            refused = f"it takes more than {TRIAL_SECONDS} s"
        finally:
            os.write(theirs, (refused or "").encode())
            os._exit(0)
    os.close(theirs)
    with open(ours, encoding="utf-8", errors="replace") as said:
        refused = said.read()
    os.waitpid(pid, 0)
    return refused


def _system_call(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)


def _unshare(folder):
    uid, gid = os.geteuid(), os.getegid()
    _system_call("unshare", NEWNET | NEWNS | (NEWUSER if uid else 0))
    if uid:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"),
                           ("gid_map", f"{gid} {gid} 1")):
            Path("/proc/self", name).write_text(text, encoding="ascii")
    _system_call("mount", b"none", b"/", None, MS_REC_PRIVATE, None)
    _system_call("mount", b"tmpfs", os.fsencode(folder), b"tmpfs", MS_NOSUID_NODEV,
                 f"size={TEMPORARY_BYTES},nr_inodes=100k,mode=0755".encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    os.environ[_ENTERED] = "1"
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)


def words(seconds: float, readable: Iterable = (), writable: Iterable = (),
          is_ours: bool = False) -> tuple[str, ...]:
    """What stands before a command. Paths are the same inside. `is_ours`: the command is no code of
    a stage, such as a compiler, and keeps the user's id, which root's stages do not."""
    if _ENTERED not in os.environ:
        return ()
    # Not of this process's user where it can be helped, so that root's stages also have limits.
    other = None if os.geteuid() or is_ours else 2**30 + os.getpid()
    for path in writable if other else ():
        os.chown(path, other, other)
    return (
        "bwrap", "--die-with-parent", "--as-pid-1", "--new-session",
        *(("--unshare-user", ) if os.geteuid() else ()),
        "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname",
        "stage", "--clearenv", "--setenv", "PATH", PATH, "--cap-drop", "ALL",
        *(("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID") if other else ()),
        "--dir", "/etc", *(word for path in SYSTEM for word in ("--ro-bind-try", path, path)),
        "--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev",
        "--size", str(TEMPORARY_BYTES // 4), "--perms", "1777", "--tmpfs", "/tmp",
        *(word for path in readable for word in _bound("--ro-bind", path)),
        *(word for path in writable for word in _bound("--bind", path)),
        "--remount-ro", "/", "--chdir", "/tmp", "--",
        # As process 1, for whose end, and all others' with it, bubblewrap waits: pid_namespaces(7).
        "timeout", "--signal=KILL", str(seconds),
        *(("setpriv", f"--reuid={other}", f"--regid={other}", "--clear-groups") if other else ()),
        "prlimit", *LIMITS, "choom", "--adjust=1000", "--")


def _bound(how, path):
    return "--dir", str(Path(path).parent), how, str(path), str(path)


@contextlib.contextmanager
def _telling(file, watch):
    """Calls watch(what is in the file) now and then."""
    over = threading.Event()

    def tell():
        while not over.wait(WATCH_SECONDS):
            watch(read(file).decode(errors="replace"))
    teller = threading.Thread(target=tell)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def run(command: list, seconds: float, input: str | None = None, environment: dict | None = None,
        watch: Callable[[str], None] | None = None, **box) -> children.Done:
    """As children.run, with the words of `box` before the command, in no other environment than
    this; of each output the first READ_BYTES. `watch` gets what it has said so far, now and then,
    in another thread."""
    own = [f"{name}={value}" for name, value in {"PATH": PATH, **(environment or {})}.items()]
    with temporary_folder() as folder:
        files = [Path(folder, name) for name in ("stdout", "stderr")]
        watching = _telling(files[0], watch) if watch else contextlib.nullcontext()
        with files[0].open("wb") as stdout, files[1].open("wb") as stderr, watching:
            done = children.run([*words(seconds + 60, **box), "env", "-i", *own, *command], seconds,
                                input, stdout=stdout, stderr=stderr)
        said = [read(file).decode(errors="replace") for file in files]
    signal = done.status - 128  # as a shell, bubblewrap ends with this sum
    return children.Done(-signal if 0 < signal < SIGNALS else done.status, *said)


def read(file: Path) -> bytes:
    """What a command wrote into a file, READ_BYTES at most; nothing if it is anything else, such
    as a link to somewhere else, or a pipe."""
    def without_waiting(name, flags):
        return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    with contextlib.suppress(OSError), open(file, "rb", opener=without_waiting) as opened:
        if stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            return opened.read(READ_BYTES)
    return b""
