"""`make load` on fake programs: its gist, refusals, what it leaves behind."""
import os
import signal
import unittest

from base.tests.fake_tree import Commands, eventually, has_ended, runs


class Load(Commands):
    def test_load_prints_the_gist_and_keeps_the_report(self):
        self.ends(
            "workshop", "load", "v1-naive", "-n", "1000", status=0,
            out=r"(?s)\$ ab -k -c 8 -n 1000 .*http://127.0.0.1:23456/.*requests/s +[0-9,]+.*p99.*"
                r"Result: build/load/v1-naive/ab.txt\nNext: ")
        self.assertTrue((self.box.root / "build/load/v1-naive/percentiles.csv").exists())

    def test_load_fails_if_a_request_fails(self):
        self.ends("workshop", "load", "v1-naive", status=1,
                  err="Failed requests: 3", FAKE_AB="failed")

    def test_load_uses_a_running_service(self):
        self.ends("workshop", "load", "v1-naive", "--url", "http://127.0.0.1:9", status=0,
                  out="'http://127.0.0.1:9/v1/leftpad/")
        for url in ("127.0.0.1:9", "http://127.0.0.1"):
            self.ends("workshop", "load", "v1-naive", "--url", url, status=2, err="must look like")

    def test_a_rate_has_its_own_rules(self):
        rate = "workshop", "load", "v1-naive", "--rate", "10"
        self.ends(*rate, "-c", "50001", status=0, out="p99.9")
        tools = self.box.root / "tools"
        (tools / "ab").unlink()
        for name in ("bash", "dirname"):
            (tools / name).symlink_to(f"/usr/bin/{name}")
        self.ends(*rate, status=0, PATH=str(tools))
        self.ends(*rate, "-n", "10", status=2, err="-n: not allowed with argument --rate")

    def test_load_takes_no_service_options_for_a_running_service(self):
        self.ends("workshop", "load", "v1-naive", "--url", "http://127.0.0.1:9", "--",
                  "--max-len", "4", status=2, err="--max-len 4: ")

    def test_load_says_why_the_service_did_not_start(self):
        self.ends("workshop", "load", "v1-naive", status=1,
                  err="port 1: it is in use", FAKE_SERVICE="dies")

    def test_a_stopped_load_leaves_nothing_behind(self):
        pids = self.box.root / "pids"
        child = self.box.start("workshop", "load", "v1-naive", FAKE_PIDS=str(pids), FAKE_AB="hang")
        eventually(lambda: runs(child.pid, "ab"))
        os.kill(child.pid, signal.SIGINT)
        child.communicate(timeout=60)
        self.assertEqual(child.returncode, 130)
        self.assertTrue(has_ended(pids.read_text(), 0))
        self.assertEqual(list((self.box.root / "temp").iterdir()), [])

    def test_an_unknown_stage_is_not_guessed_from_afar(self):
        self.ends("workshop", "load", "nonsense-entirely",
                  status=1, err=r"^error: (?!.*Did you mean)")

    def test_output_into_a_file_has_no_colour_codes(self):
        _, out, err = self.box.run("workshop", "load", "v1-naive", FAKE_AB="failed")
        self.assertNotIn("\033", out + err)


if __name__ == "__main__":
    unittest.main()
