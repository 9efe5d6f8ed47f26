"""What clients get over real HTTP."""

import json
import os
import signal
import unittest
import urllib.error
import urllib.request

import under_test
from under_test import Service, eventually, leftpad_path


class Http(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = cls.enterClassContext(Service("--max-len=1000"))

    def test_pads_as_the_article_does(self):
        status, headers, body = self.service.request("/v1/leftpad/?str=test&len=50&chr=*")
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "application/json; charset=utf-8")
        self.assertEqual(body, b'{"str":"' + b"*" * 46 + b'test"}\n')

    def test_decodes_the_query(self):
        _, _, body = self.service.request(leftpad_path(str='ä"\0\n', len=6, chr="→"))
        self.assertEqual(json.loads(body), {"str": '→→ä"\0\n'})

    def test_names_a_bad_parameter(self):
        status, headers, body = self.service.request("/v1/leftpad/?str=test&len=1001")
        self.assertEqual(status, 400)
        self.assertEqual(headers["Content-Type"], "application/json; charset=utf-8")
        self.assertIn('len="1001" is too large', json.loads(body)["error"])

    def test_refuses_bytes_that_are_not_utf8(self):
        for name in ("str", "chr"):
            status, _, body = self.service.request(f"/v1/leftpad/?{name}=%ff&len=9")
            self.assertEqual(status, 400)
            self.assertIn(f"{name} is not valid UTF-8", json.loads(body)["error"])

    def test_unknown_path_is_404(self):
        for path in ("/", "/v1/leftpad", "/v1/leftpad/x", "/debug/pprof/", "/debug/vars"):
            status, _, body = self.service.request(path)
            self.assertEqual(status, 404, path)
            self.assertIn("error", json.loads(body))

    def test_other_methods_are_405(self):
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            status, headers, body = self.service.request("/v1/leftpad/?len=1", method)
            self.assertEqual(status, 405, method)
            self.assertEqual(headers["Allow"], "GET, HEAD")
            self.assertIn("error", json.loads(body))

    def test_head_has_the_headers_of_get(self):
        status, headers, body = self.service.request("/v1/leftpad/?str=test&len=50", "HEAD")
        self.assertEqual((status, headers["Content-Length"], body), (200, "61", b""))

    def test_oversized_requests_get_a_4xx(self):
        # more than 32 KiB make cpp-httplib's own connection hang up since 0.18, as labs use it
        status, _, _ = self.service.request("/v1/leftpad/?len=1&str=" + "x" * 30_000)
        self.assertIn(status, (414, 431))
        status, _, _ = self.service.request("/v1/leftpad/?len=1", headers={"X": "x" * 30_000})
        self.assertIn(status, (400, 431))

    def test_serves_many_requests_on_one_connection(self):
        connection = self.service.connection()
        for number in range(200):
            status, _, body = self.service.request(leftpad_path(str=number, len=5, chr="0"),
                                                   connection=connection)
            self.assertEqual((status, json.loads(body)["str"]), (200, f"{number:05}"))
        connection.close()


class Lifetime(unittest.TestCase):
    def test_logs_each_request_on_one_line_whatever_it_holds(self):
        with Service() as running:
            running.request("/v1/leftpad/?len=1", headers={"User-Agent": 'a"\\b'})
            running.stop()
            requests = [line for line in running.log_lines() if " request " in line]
            self.assertEqual(len(requests), 1)
            self.assertRegex(requests[0], r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z request '
                             r'url="/v1/leftpad/\?len=1" ip="127\.0\.0\.1" user_agent="a\\"\\\\b"$')

    def test_lines_reach_the_file_within_the_flush_interval(self):
        with Service("--log-flush-ms=50") as running:
            running.request("/v1/leftpad/?len=1")
            self.assertTrue(eventually(lambda: " request " in "".join(running.log_lines())))

    def test_sighup_reopens_the_log(self):
        with Service() as running:
            running.request("/v1/leftpad/?len=1&str=before")
            rotated = running.log.rename(f"{running.log}.1")
            os.kill(running.pid, signal.SIGHUP)
            self.assertTrue(eventually(lambda: self.logged_after(running)), "it was not reopened")
            self.assertEqual(running.stop(), 0)
            self.assertIn("str=before", rotated.read_text(encoding="utf-8"))

    def logged_after(self, running):
        """Whether a request got into the new file: it is there a moment before it is written."""
        running.request("/v1/leftpad/?len=1&str=after")
        return running.log.exists() and "str=after" in "\n".join(running.log_lines())

    def test_a_log_that_cannot_be_reopened_is_reported_and_kept(self):
        with Service() as running:
            moved = running.log.rename(f"{running.log}.1")
            running.log.mkdir()
            os.kill(running.pid, signal.SIGHUP)
            running.wait_for(f"^--log-file={running.log} cannot be reopened: Is a directory")
            running.request("/v1/leftpad/?len=1&str=after")
            running.stop()
            self.assertIn("str=after", moved.read_text(encoding="utf-8"))

    def test_debug_pages_need_the_token(self):
        with Service("--debug-token=workshop") as running:
            for path in ("/debug/vars", "/debug/pprof/", "/debug/pprof/cmdline"):
                url = running.debug_url + path
                with self.assertRaises(urllib.error.HTTPError) as refused:
                    urllib.request.urlopen(url)
                refused.exception.close()
                self.assertEqual(refused.exception.code, 401, path)
                self.assertEqual(refused.exception.headers.get_content_type(),
                                 "application/json" if path == "/debug/vars" else "text/plain")
                with urllib.request.urlopen(url + "?token=workshop") as answer:
                    self.assertEqual(answer.status, 200, path)

    def test_debug_pages_are_for_this_machine(self):
        def status(path: str, **headers: str) -> int:
            url = running.debug_url + path
            fields = {name.replace("_", "-"): value for name, value in headers.items()}
            try:
                with urllib.request.urlopen(urllib.request.Request(url, headers=fields)) as answer:
                    return answer.status
            except urllib.error.HTTPError as refused:
                with refused:
                    self.assertIn("--debug-host=NAME" if "Host" in headers else "another site",
                                  refused.read().decode())
                    return refused.code
        with Service("--debug-host=box.example", "--debug-host=b2.example",
                     debug="127.1:0") as running:
            for path in ("/debug/vars", "/debug/pprof/cmdline"):
                for host in ("localhost:1", "127.1:6060", "box.example", "B2.example:80"):
                    self.assertEqual(status(path, Host=host), 200, host)
                self.assertEqual(status(path, Host="evil.test"), 403)
                self.assertEqual(status(path, Sec_Fetch_Site="cross-site"), 403)
                self.assertEqual(status(path, Origin="http://evil.test"), 403)

    def test_debug_vars_counts_requests_errors_and_log_bytes(self):
        with Service() as running:
            running.request("/v1/leftpad/?len=1")
            running.request("/v1/leftpad/")
            os.kill(running.pid, signal.SIGHUP)  # flushes
            self.assertTrue(eventually(lambda: running.counted()["log"]["bytes_written"] > 0))
            counted = running.counted()
            self.assertEqual(counted["server"]["requests"], 2)
            self.assertEqual(counted["server"]["errors_4xx"], 1)
            self.assertEqual(counted["metrics"], {"packets_sent": 5, "packets_dropped": 0})
            self.assertEqual(counted["log"]["lines_lost"], 0)


if __name__ == "__main__":
    under_test.main()
