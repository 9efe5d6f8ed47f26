"""What setup.sh and doctor.sh say where something is missing: a line. On fake package tools. And
what each command of the Makefile installs."""
import subprocess
import unittest

from base.tests.fake_tree import SCRIPTS, FakeTree

FEDORA = 'ID=fedora\nVERSION_ID=40\nPRETTY_NAME="Fedora Linux 40"\n'
DEBIAN = 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n'
SID = 'ID=debian\nPRETTY_NAME="Debian GNU/Linux sid"\n'
# Nothing is installed; `there` exists in the lists, anything else does not.
TOOLS = {
    "dpkg-query": "exit 0",
    "apt-cache": '[[ " $THERE " == *" $2 "* ]]',
    "apt-get": 'echo "$SAYS"; [[ $1 != update ]] || exit "${UPDATE-0}"; exit "${INSTALL-0}"',
    "sudo": '[[ $1 != -n ]] || shift; exec "$@"',
    "id": "echo learner",
}


class Setup(unittest.TestCase):
    def setUp(self):
        self.box = self.enterContext(FakeTree())
        for name, does in TOOLS.items():
            tool = self.box.root / "tools" / name
            tool.write_text(f"#!/bin/bash\n{does}\n", encoding="utf-8")
            tool.chmod(0o755)
        self.packages("there  # a reason")

    def packages(self, *lines):
        text = "\n".join(("[build]", *lines, ""))
        (self.box.root / "scripts" / "packages.txt").write_text(text, encoding="utf-8")

    def system(self, release):
        file = self.box.root / "os-release"
        file.write_text(release, encoding="utf-8")
        return {"OS_RELEASE": str(file), "THERE": "there"}

    def dies(self, error, release=DEBIAN, **environment):
        status, out, err = self.box.run("setup.sh", "build", **self.system(release) | environment)
        self.assertEqual(status, 1, out + err)
        self.assertRegex(err, rf"(?m)^error: {error}\n\Z")
        self.assertEqual(err.count("error: "), 1, err)
        self.assertNotIn("make setup", err)
        return out, err

    def test_another_system_is_told_what_is_supported_and_the_container(self):
        (self.box.root / "tools" / "dpkg-query").unlink()
        without = {"PATH": str(self.box.root / "tools") + ":" + self.without_dpkg()}
        self.dies(r"Fedora Linux 40: .*Debian 12 and 13 and Ubuntu.*\.devcontainer/run make.*",
                  FEDORA, **without)

    def without_dpkg(self):
        folder = self.box.root / "usr"
        folder.mkdir()
        for name in ("bash", "sed", "tr", "uname", "dirname", "cat", "awk", "env", "mktemp", "rm"):
            (folder / name).symlink_to(f"/usr/bin/{name}")
        return str(folder)

    def test_an_unknown_release_is_named(self):
        self.dies("Debian GNU/Linux sid: .*Debian 12 and 13.*", SID)

    def test_an_unknown_release_that_has_all_is_not_asked(self):
        self.packages("there|bash  # bash will do")
        status, out, err = self.box.run("setup.sh", "build", **self.system(SID))
        self.assertEqual((status, out, err), (0, "", ""))

    def test_a_package_that_does_not_exist_is_named_alone_with_the_release(self):
        self.packages("there  # a reason", "gone  # a reason", "old/new  # a reason")
        self.dies(r"gone old/new: Debian GNU/Linux 13 \(trixie\) has no package of that name.*")

    def test_the_first_name_that_exists_is_taken(self):
        self.packages("old/there  # a reason")
        status, out, err = self.box.run("setup.sh", "build", **self.system(DEBIAN))
        self.assertEqual(status, 0, err)
        self.assertRegex(out, r"apt-get install .* there\n")

    def test_what_was_not_found_is_looked_for_again_after_an_installation(self):
        configured = self.box.root / "build" / "build.ninja"
        configured.touch()
        status, _, err = self.box.run("setup.sh", "build", **self.system(DEBIAN))
        self.assertEqual((status, configured.exists()), (0, False), err)

    def test_no_network_is_said_only_where_it_is_so(self):
        self.dies("apt-get update: the package source cannot be reached.*", UPDATE="100", THERE="",
                  SAYS="Err:1 http://example Temporary failure resolving 'example'")
        self.dies("apt-get install: the package source cannot be reached.*", INSTALL="100",
                  SAYS="E: Failed to fetch http://example  Could not connect to example")
        self.dies("apt-get install: it failed; its reason is above.*", INSTALL="100",
                  SAYS="E: Unmet dependencies")

    def test_a_list_that_cannot_be_renewed_is_a_warning_where_the_others_suffice(self):
        status, _, err = self.box.run("setup.sh", "build", **self.system(DEBIAN), UPDATE="100")
        self.assertEqual(status, 0, err)
        self.assertRegex(err, "^warning: not every package list could be renewed")

    def test_a_full_disk_is_named_with_what_is_free(self):
        self.dies(r"the disk: apt-get install found no space left \(\S+ free below /var\)\. Make "
                  r"room.*",
                  INSTALL="100", SAYS="dpkg: error: cannot copy: No space left on device")

    def test_a_lock_is_not_taken_for_a_missing_network(self):
        self.dies("apt-get install: another program installs packages.*", INSTALL="100",
                  SAYS="E: Could not get lock /var/lib/dpkg/lock-frontend")

    def test_wsl_1_is_refused_with_the_way_to_wsl_2(self):
        self.fake_kernel("4.4.0-19041-Microsoft")
        self.dies(r"WSL 1 \(Debian.*trixie\)\): .*wsl --set-version.*")

    def test_doctor_knows_the_system(self):
        self.fake_kernel("4.4.0-19041-Microsoft")
        _, out, _ = self.box.run("doctor.sh", **self.system(DEBIAN))
        self.assertRegex(out, r"missing WSL 1 \(Debian[^\n]*\n +In a Windows terminal: wsl")
        _, out, _ = self.box.run("doctor.sh", **self.system(FEDORA))
        self.assertRegex(out, "missing WSL 1 .Fedora Linux 40.")

    def test_doctor_misses_only_what_the_first_command_needs(self):
        self.packages("there|bash  # bash will do", "[labs]", "gone  # a reason")
        pprof = self.box.root / "build" / "tools" / "pprof"
        pprof.parent.mkdir()
        pprof.symlink_to("/usr/bin/true")
        _, out, _ = self.box.run("doctor.sh", **self.system(DEBIAN))
        self.assertIn("ok      Debian packages and pprof\n", out)
        self.assertRegex(out, r"note    packages of other commands [^\n]*\n +Each installs its own")

    def test_doctor_says_one_thing_of_a_system_without_the_packages(self):
        (self.box.root / "tools" / "dpkg-query").unlink()
        for name in ("nproc", "cut", "grep", "head", "sort"):
            (self.box.root / "tools" / name).symlink_to(f"/usr/bin/{name}")
        without = {"PATH": str(self.box.root / "tools") + ":" + self.without_dpkg()}
        status, out, err = self.box.run("doctor.sh", **self.system(FEDORA) | without)
        self.assertEqual((status, err), (1, ""))
        self.assertEqual(out.count("  missing "), 1, out)
        self.assertRegex(out, r"missing Fedora Linux 40: [^\n]*\n +Use the container")
        self.assertNotIn("make setup", out)

    def fake_kernel(self, release):
        tool = self.box.root / "tools" / "uname"
        does = f'[[ $1 != -r ]] || exec echo {release}\nexec /usr/bin/uname "$@"\n'
        tool.write_text("#!/bin/bash\n" + does, encoding="utf-8")
        tool.chmod(0o755)


class Commands(unittest.TestCase):
    def test_each_command_installs_what_it_needs(self):
        for command, groups in (("walkthrough", "build run"), ("compare", "build run"),
                                ("profile-cpu", "build run graphs"), ("lab", "build run labs"),
                                ("test", "build run graphs heaptrack labs test docs"),
                                ("elsewhere", "build run elsewhere"), ("setup", "")):
            done = subprocess.run(["make", "-n", command], cwd=SCRIPTS.parent,
                                  capture_output=True, text=True, check=True)
            first = done.stdout.splitlines()[0]
            self.assertEqual(first, f"scripts/setup.sh {groups}".strip())


if __name__ == "__main__":
    unittest.main()
