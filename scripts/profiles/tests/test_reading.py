"""Reading pprof's and heaptrack's text, trees, records, traces and the rule of what can allocate.
No service runs."""
import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from base import raw
from base.errors import Failure
from flame.stacks import parse_folded
from profiles import alloc_rule, alloc_sites, heaptrack, objects, pprof, record, trace

RAW = """PeriodType: space bytes
Period: 524288
Time: 2026-11-23 13:41:36.402006349 +0000 UTC
Duration: 2.50
Samples:
alloc_objects/count alloc_space/bytes[dflt]
         30        960: 1 2\x20
                bytes:[32]
         10        100: 2\x20
Locations
     1: 0x55a803 M=1 std::string::_M_create /usr/include/c++/12/string.tcc:145 s=279(_ZNSs9_creat)
             service::leftpad /src/v1-naive/leftpad.cpp:9 s=6(_ZN7service7leftpadE)
     2: 0x7f32de M=2 [libc.so.6] :0 s=0
Mappings
1: 0x55a8025d5000/0x55a802677000/0xd000 /src/build/bin/leftpad-v1-naive 0111 [FN][FL][LN][IN]
"""


class Raw(unittest.TestCase):
    def test_stacks_are_root_first_with_inlined_frames(self):
        profile = raw.parse(RAW)
        self.assertEqual(profile.types, [("alloc_objects", "count"), ("alloc_space", "bytes")])
        values, frames = profile.samples[0]
        self.assertEqual(values, [30, 960])
        self.assertEqual([frame.name for frame in frames],
                         ["[libc.so.6]", "service::leftpad", "std::string::_M_create"])
        self.assertEqual((frames[1].file, frames[1].line), ("/src/v1-naive/leftpad.cpp", 9))

    def test_the_marked_type_is_the_default_and_names_choose_another(self):
        profile = raw.parse(RAW)
        self.assertEqual((profile.index_of(""), profile.index_of("alloc_objects")), (1, 0))
        with self.assertRaisesRegex(Failure, "alloc_objects, alloc_space"):
            profile.index_of("frob")

    def test_something_else_is_refused(self):
        with self.assertRaisesRegex(Failure, "no samples section"):
            raw.parse("hello")


class Pictures(unittest.TestCase):
    def test_without_graphviz_there_is_none_and_no_failure(self):
        with mock.patch.dict(os.environ, PATH=""):
            pprof.draw(["no-such-pprof", "-svg"])


class Heaptrack(unittest.TestCase):
    def test_heaptracks_stacks_are_charged_to_the_innermost_own_frame(self):
        text = ("main (main.cpp);service::send(int) (statsd.cpp);operator new() (new.h); 7\n"
                "main (main.cpp);service::send(int) (statsd.cpp); 3\nx; 1\n")
        self.assertEqual(heaptrack.by_function(parse_folded(text)),
                         [("service::send", 10), ("(libraries at start-up)", 1)])


class Record(unittest.TestCase):
    LOG = b"".join(b"2026-11-23T13:41:%s.000000Z %s\n" % line
                   for line in ((b"35", b'request url="/"'), (b"36", b'timing handler="leftpad"'),
                                (b"37", b'request url="/"'), (b"38", b'request url="/"')))

    def test_a_deltas_time_is_its_end_and_a_captures_its_begin(self):
        self.assertEqual(record.requests_in(self.LOG, *record.window(RAW, "allocs")), 1)
        self.assertEqual(record.requests_in(self.LOG, *record.window(RAW, "cpu")), 2)

    def test_without_times_nothing_is_counted(self):
        self.assertIsNone(record.window("Samples:\n", "cpu"))
        self.assertIsNone(record.window(RAW.replace("2.50", "1m40"), "cpu"))

    def test_a_duration_that_pprof_cut_off_is_what_was_asked_for(self):
        for shown, asked in (("1m40", 100.0), ("1m0.", 60.0), ("5m0s", 300.0), ("999.", 1.0)):
            begin, end = record.window(RAW.replace("2.50", shown), "cpu", asked)
            self.assertEqual((end - begin).total_seconds(), asked, shown)
        begin, end = record.window(RAW, "cpu", 2.0)
        self.assertEqual((end - begin).total_seconds(), 2.5)

    def test_a_record_that_cannot_be_read_tells_no_requests(self):
        with tempfile.TemporaryDirectory() as folder:
            capture = Path(folder, "cpu.pb.gz")
            for text, requests in ((None, 0), ("{", 0), ("[]", 0), ('{"requests": 7}', 7)):
                if text is not None:
                    capture.with_name("cpu.about.json").write_text(text, encoding="utf-8")
                self.assertEqual(record.requests(capture), requests)

    def test_the_time_is_utc_wherever_the_capture_is_read(self):
        with tempfile.TemporaryDirectory() as folder:
            tool = Path(folder, "pprof")
            tool.write_text("#!/bin/sh\ndate +'Time: %F %T %z %Z'\necho Duration: 2.50\n")
            tool.chmod(0o755)
            with mock.patch.dict(os.environ, {"TZ": "CET-1"}), mock.patch.object(raw, "parse"):
                said, _ = pprof.read([tool], "x")
        self.assertIsNotNone(record.window(said, "cpu"), said)


class Trace(unittest.TestCase):
    def test_spans_are_summed_up_by_name(self):
        spans = [{"name": "a", "cat": "request", "dur": dur}
                 for dur in (1, 2, 9)] + [{"name": "b", "dur": 5}]
        self.assertEqual(trace.by_name(spans), [("request", "a", 3, 12, 2, 9),
                                                ("", "b", 1, 5, 5, 5)])

    def test_another_file_is_refused(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            for other in ([1], {"traceEvents": [{"name": "thread_name"}]}, {"traceEvents": [1]}):
                Path(file.name).write_text(json.dumps(other), encoding="utf-8")
                with self.assertRaisesRegex(Failure, "it is no trace"):
                    trace.read(Path(file.name))


class Rule(unittest.TestCase):
    def test_allocators_growth_and_streams_count(self):
        for name, kind in (("operator new(unsigned long)", "new"), (
                "operator new[](unsigned long)", "new"
        ), ("malloc", "malloc"), (
                "std::__cxx11::basic_string<char>::_M_append(char const*, unsigned long)", "string"
        ), ("std::basic_ostream<char>& std::__ostream_insert<char>(std::basic_ostream&, long)",
                "stream"), ("httplib::Request::get_header_value(std::string const&) const",
                            "library"),
        ):
            self.assertEqual(alloc_rule.kind_of_target(name), kind, name)

    def test_others_and_the_exception_path_do_not(self):
        for name in ("operator delete(void*)", "std::__throw_bad_alloc()",
                     "__cxa_allocate_exception", "memcpy",
                     "std::__cxx11::basic_string<char>::_M_dispose()", "mymalloc",
                     "malloc_usable_size"):
            self.assertIsNone(alloc_rule.kind_of_target(name), name)

    def test_a_function_that_calls_one_counts_too_unless_it_only_throws(self):
        def call(caller, target):
            return objects.Call("", "", 0, caller, target)

        calls = [
            call("f", "g"),
            call("g", "malloc"),
            call("h", "memcpy"),
            call("t", "std::__throw_x")
        ]
        names = {name: name for name in ("g", "malloc", "memcpy", "std::__throw_x")}
        self.assertEqual(alloc_rule.closure(calls, names), {"f", "g"})

    def test_names_are_readable(self):
        for mangled, expected in (
            ("std::basic_ostream<char, std::char_traits<char> >& "
             "std::__ostream_insert<char>(std::basic_ostream<char>&)",
             "std::__ostream_insert"),
            ("service::(anonymous namespace)::append_number("
             "std::__cxx11::basic_string<char>&, long)",
             "service::append_number"),
            ("service::leftpad[abi:cxx11](std::basic_string_view<char>)",
             "service::leftpad"), ("operator new[](unsigned long)", "operator new[]"),
            ("std::operator<< <char>(std::ostream&, char)",
             "std::operator<<"), ("operator()<httplib::Request>", "{lambda}"),
        ):
            self.assertEqual(alloc_sites.readable(mangled), expected)


class Objects(unittest.TestCase):
    def test_a_call_in_inlined_code_is_found_with_its_chain(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        source = folder / "small.cpp"
        source.write_text(
            "static inline int* make() {\n  return new int[9];\n}\n"
            "int* outer() {\n  return make();\n}\n"
        )
        objects._output("g++", "-O2", "-g", "-c", str(source), "-o", str(folder / "small.o"))
        found = objects.calls([folder / "small.o"])
        self.assertEqual([call.target for call in found], ["_Znam"])
        objects.locate(found)
        self.assertEqual([(frame.name, frame.line) for frame in found[0].frames],
                         [("make", 2), ("outer()", 5)])


if __name__ == "__main__":
    unittest.main()
