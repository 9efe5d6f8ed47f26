"""What a program in a sandbox can read, write, reach and use up."""
import os
import socket
import subprocess
import tempfile
import unittest
import unittest.mock
from pathlib import Path

from base import children, paths, sandbox
from base.errors import Failure

# In a process of its own, since entering cannot be undone. `shell` runs a script in the sandbox.
ENTERED = f"""
import os, socket, subprocess, sys, tempfile
from pathlib import Path
sys.path.insert(0, {str(paths.ROOT / 'scripts')!r})
from base import sandbox
from base.errors import Failure
try:
    sandbox.enter(Path(sys.argv[1]))
except Failure as why:
    sys.exit(str(why))
out = Path(tempfile.mkdtemp())
def shell(script, seconds=60, **box):
    return sandbox.run(["sh", "-c", script], seconds, **{{"writable": [out], **box}})
"""


def refusal() -> str:
    """Why this machine keeps no sandbox; "" if it does."""
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run([paths.PYTHON, "-c", ENTERED, folder], capture_output=True, text=True,
                              check=False).stderr


@unittest.skipIf(refusal(), "no sandbox on this machine")
class InASandbox(unittest.TestCase):
    def entered(self, code, **environment):
        """What the code prints in a process that has entered."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        return subprocess.run([paths.PYTHON, "-c", ENTERED + code, folder],
                              env={**os.environ, **environment}, capture_output=True, text=True,
                              check=True).stdout

    def test_it_reads_programs_and_what_it_is_given_and_writes_one_folder(self):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as given:
            given.write("given\n")
            given.flush()
            os.chmod(given.name, 0o644)
            said = self.entered(f"""
print(shell("cat {given.name}; cat /etc/passwd; cat {paths.ROOT}/README.md; env | grep SECRET; "
            "ls /proc | grep -c '^[0-9]'; cat -; echo made > {{0}}/x; "
            "touch /x /dev/shm/x /usr/x {given.name} || echo refused".format(out),
            readable=[{given.name!r}]).stdout, sandbox.read(out / "x"))""", SECRET="1")
        self.assertRegex(said, r"^given\n[3-9]\nrefused\n b'made\\n'\n$")

    def test_it_reaches_nothing_but_the_judges_own_loopback(self):
        with socket.create_server(("127.0.0.1", 0)) as machine:
            port = machine.getsockname()[1]
            said = self.entered(f"""
connect = "exec 3<>/dev/tcp/127.0.0.1/%d"
def reached(port):
    return sandbox.run(["bash", "-c", connect % port], 60).status == 0
with socket.create_server(("127.0.0.1", 0)) as judge:
    print(reached({port}), reached(judge.getsockname()[1]))""")
        self.assertEqual(said, "False True\n")

    def test_what_it_starts_ends_with_it_and_what_it_uses_up_has_limits(self):
        said = self.entered("""
shell("setsid sleep 1234.5 & exit 0")
print(subprocess.run(["pgrep", "-f", "^sleep 1234.5"]).returncode)
print(shell("python3 -c 'bytearray(3 * 10**9)'").stderr.strip().splitlines()[-1])
print(shell("yes").status, len(shell("yes").stdout) == sandbox.READ_BYTES)
print(shell("i=0; while [ $i -lt 600 ]; do sleep 9 & i=$((i+1)); done; wait").status != 0)
try: shell("sleep 60", 1)
except subprocess.TimeoutExpired: print("timed out")
print(shell("kill -SEGV $$").status)""")
        self.assertEqual(said, "1\nMemoryError\n-25 True\nTrue\ntimed out\n-11\n")

    def test_it_has_ended_once_all_that_it_started_has(self):
        # Memory takes time to be given back, and only then a lock is.
        holds = ('import fcntl, sys, time; held = open(sys.argv[1] + "/held", "w"); '
                 'fcntl.flock(held, fcntl.LOCK_EX); filled = b"1" * 500_000_000; '
                 'open(sys.argv[1] + "/ready", "w"); time.sleep(1234.5)')
        said = self.entered(f"""
import fcntl
script = f'''python3 -c '{holds}' {{out}} & until test -e {{out}}/ready; do sleep 0.01; done'''
subprocess.run([*sandbox.words(60, writable=[out]), "sh", "-c", script])
with open(out / "held") as held:
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
print("given back")""")
        self.assertEqual(said, "given back\n")

    def test_what_it_wrote_is_read_only_if_it_is_a_plain_file(self):
        said = self.entered("""
shell(f"ln -s /etc/passwd {out}/link; mkfifo {out}/pipe; mkdir {out}/folder")
print(*(sandbox.read(out / name) for name in ("link", "pipe", "folder", "none")))""")
        self.assertEqual(said, "b'' b'' b'' b''\n")

    def test_where_a_later_step_fails_the_process_stays_where_it_was(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(unittest.mock.patch.dict(os.environ, TMPDIR=folder))
        before = os.readlink("/proc/self/ns/net"), tempfile.tempdir
        call = sandbox._system_call

        def no_mount(name, *arguments):
            if name == "mount":
                raise OSError(13, "Permission denied", name)
            call(name, *arguments)
        for name, fake, why in (("_system_call", no_mount, "mount: Permission denied"),
                                ("run", lambda *_: children.Done(3, "", ""), "exit status 3")):
            with self.subTest(name), unittest.mock.patch.object(sandbox, name, fake):
                with self.assertRaisesRegex(Failure, why):
                    sandbox.enter(Path(folder, "scratch"))
                after = os.readlink("/proc/self/ns/net"), tempfile.tempdir
                self.assertEqual(after, before)
                self.assertEqual((os.environ.get("TMPDIR"), sandbox.words(1)), (folder, ()))


class Without(unittest.TestCase):
    def test_a_machine_without_it_is_told_what_helps_and_nothing_changes(self):
        path = self.enterContext(tempfile.TemporaryDirectory())
        with unittest.mock.patch.dict(os.environ, PATH=path), \
                self.assertRaisesRegex(Failure, "bubblewrap: it is not installed. Run: apt-get"):
            sandbox.enter(Path(path))
        self.assertEqual(sandbox.words(1), ())


if __name__ == "__main__":
    unittest.main()
