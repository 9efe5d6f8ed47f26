"""Figures, samples, trees and their words. No browser."""
import math
import unittest

from base import raw
from flame import numbers, page, samples, stacks, tree
from flame.samples import Amount

RAW = """PeriodType: space bytes
Period: 524288
Samples:
alloc_objects/count alloc_space/bytes[dflt]
         30        960: 1 2
         10        100: 2
Locations
     1: 0x55a803 M=1 std::string::_M_create /usr/include/c++/12/bits/string.tcc:145 s=279(_ZNSs9E)
             service::leftpad /src/v1-naive/leftpad.cpp:9 s=6(_ZN7service7leftpadE)
     2: 0x7f32de M=2 [libc.so.6] :0 s=0
Mappings
"""


class Numbers(unittest.TestCase):
    def test_units_follow_size(self):
        cases = {(8.21e-1, "ms"): "821 µs", (11.5, "ms"): "11.5 ms", (32845, "ns"): "32.8 µs",
                 (197, "ns"): "197 ns", (828, "B"): "828 B", (3072, "B"): "3 KiB",
                 (5904.4, ""): "5,904", (53, ""): "53", (0, "B"): "0 B", (2e6, "ns"): "2.00 ms",
                 (10000, "ns"): "10.0 µs", (0.76, ""): "0.76"}
        for (value, unit), text in cases.items():
            self.assertEqual(numbers.amount(value, unit).replace(numbers.THIN, " "), text)

    def test_halves_are_rounded_as_the_charts_round_them(self):
        self.assertEqual([numbers.plain(value) for value in (310.5, 311.5, -310.5, 310.4)],
                         ["311", "312", "−311", "310"])

    def test_an_interval_is_as_exact_as_it_is_narrow(self):
        for given, text in (((-0.85, -0.993, -0.15), "−85 % [−99.3, −15]"),
                            ((-0.0211, -0.028, -0.0141), "−2.1 % [−2.8, −1.4]"),
                            ((-0.9531, -0.9534, -0.953), "−95.31 % [−95.34, −95.30]"),
                            ((-0.99997, -0.99999, -0.9991), "−99.99 % [−99.99, −99.91]"),
                            ((-0.04, -0.07, -0.003), "−4 % [−7, +0]"),
                            ((0.5, 0.1, math.inf), "+50 % [+10, ∞]"),
                            ((-1, -1, -0.9999), "−100 % [−100, −99.99]")):
            self.assertEqual(numbers.estimate(*given).replace(numbers.THIN, " "), text)

    def test_change_keeps_a_digit_only_near_nothing_left(self):
        self.assertEqual(numbers.change(100, 4.4).replace(numbers.THIN, ""), "−96%")
        self.assertEqual(numbers.change(1000, 4).replace(numbers.THIN, ""), "−99.6%")
        self.assertEqual(numbers.change(0, 4), "new")
        self.assertEqual(numbers.change(0, 0).replace(numbers.THIN, ""), "0%")


class Samples(unittest.TestCase):
    def change(self, old, new, requests=(1, 1)):
        old, new = (Amount(count * 10e6, count, each) for count, each in zip((old, new), requests))
        return samples.change(old, new).replace(numbers.THIN, " ")

    def test_few_samples_carry_no_change_and_many_carry_a_small_one(self):
        self.assertEqual(self.change(9, 15), "~")
        self.assertRegex(self.change(9000, 15000), r"^\+67 % \[\+6\d, \+7\d\]$")
        self.assertEqual(self.change(0, 3), "~")
        self.assertEqual(self.change(0, 30), "new")
        self.assertRegex(self.change(30, 0), r"^−100 % \[−100, −\d\d\]$")
        self.assertEqual(self.change(0, 0), "~")

    def test_waits_differ_in_length_and_carry_less_than_ticks(self):
        mutex = raw.Profile([("contentions", "count"), ("delay", "nanoseconds")])
        read = samples.reader(mutex, 1)
        waits = samples.change(read([40, 40_000]), read([80, 80_000]))
        self.assertEqual((waits, self.change(40, 80)[0]), ("~", "+"))

    def test_a_change_is_per_request(self):
        self.assertEqual(self.change(1000, 2000, (1, 2)), "~")
        self.assertRegex(self.change(1000, 1000, (1, 2)), r"^−50 % ")

    def test_intervals_hold_what_they_promise(self):
        # The chance that a share of 1/2 leaves the interval, exactly: at most 1
        # in 100, for any number of samples.
        for total in (5, 40, 300):
            missed = 0
            for new in range(total + 1):
                low, high = samples.ratio(Amount(total - new, total - new), Amount(new, new))
                missed += 0 if low <= 1 <= high else math.comb(total, new) / 2 ** total
            self.assertLessEqual(missed, 1 - samples.CONFIDENCE)

    def test_samples_stand_for_ticks_waits_and_met_allocations(self):
        def behind(types, values, index, period=1.0):
            return samples.reader(raw.Profile(types, period=period), index)(values).samples

        cpu = [("samples", "count"), ("cpu", "nanoseconds")]
        self.assertEqual(behind(cpu, [7, 70_000_000], 1, 1e7), 7)
        mutex = [("contentions", "count"), ("delay", "nanoseconds")]
        self.assertEqual([behind(mutex, [8, 1000], index) for index in (0, 1)], [8, 8])
        heap = [("alloc_objects", "count"), ("alloc_space", "bytes")]
        # An object as large as the period is met with the probability 1 - 1/e, a
        # small one with its part of it.
        self.assertAlmostEqual(behind(heap, [100, 51_200], 0, 512), 63.2, places=1)
        self.assertAlmostEqual(behind(heap, [1000, 8000], 1, 65536), 0.12, places=2)


class Tree(unittest.TestCase):
    def setUp(self):
        self.new = stacks.of(raw.parse(RAW), 0)

    def test_children_add_up_and_frames_know_their_kind(self):
        root = tree.plain(tree.build(self.new))
        libc = root["c"][0]
        self.assertEqual((root["v"], libc["v"], libc["c"][0]["v"]), (40, 40, 30))
        self.assertEqual((libc["k"], libc["c"][0]["k"], libc["c"][0]["c"][0]["k"]),
                         (stacks.LIBRARY, "leftpad", stacks.LIBRARY))

    def test_two_profiles_share_a_tree_and_divide_by_requests(self):
        root = tree.plain(tree.build({}, self.new, [4, 2]))
        self.assertEqual((root["o"], root["v"], root["c"][0]["o"]), (10, 0, 10))

    def test_folded_has_one_value_a_profile(self):
        self.assertEqual(
            stacks.folded(self.new),
            "[libc.so.6] 10\n[libc.so.6];service::leftpad;std::string::_M_create 30\n")
        self.assertEqual(stacks.folded({}, self.new).splitlines()[0], "[libc.so.6] 10 0")

    def finding(self, *arguments):
        return tree.finding(tree.build(*arguments), ("a", "b")).replace(numbers.THIN, " ")

    def test_the_finding_tells_own_value_from_that_with_callees(self):
        self.assertIn("Largest by itself: string::_M_create, 75 %.", self.finding(self.new))
        # timed has next to nothing of its own, and most with callees; send is
        # charged with its libraries.
        stage = {(("timed", "handlers"), ("send", "statsd"), ("write", "")): Amount(60, 6),
                 (("timed", "handlers"), ("send", "statsd"), ("send", "statsd")): Amount(10, 1),
                 (("timed", "handlers"),): Amount(10, 1), (("main", ""),): Amount(20, 2)}
        self.assertEqual(self.finding(stage), "10 samples. Largest by itself: write, 60 %. "
                         "With callees, of the stage’s functions: timed 80 %, send 70 %.")

    def test_the_finding_of_two_names_what_changed_most_or_says_that_nothing_did(self):
        def side(send, other):
            return {(("send", "statsd"),): Amount(send, send),
                    (("leftpad", "leftpad"),): Amount(other, other)}

        text = self.finding(side(900, 290), side(20, 300))
        self.assertRegex(text, r"From a to b: 320 to 1,190 \(\+272 % \[.*\]\), of 320 and 1,190 ")
        self.assertRegex(text, r"most change of the stage’s functions: send 20 to 900 \(\+")
        self.assertNotIn("leftpad", text)
        self.assertNotIn("most change", self.finding(side(20, 30), side(25, 28)))

    def test_scaffolding_is_folded_into_the_caller_but_never_all_of_a_stack(self):
        def named(*names):
            return tuple((name, "") for name in names)

        long = named("__clone3", "start_thread", "std::thread::_State_impl::_M_run", "run",
                     "std::_Function_handler<void (int), main::{lambda}>::_M_invoke(int)",
                     "void std::__invoke_impl<void, main::{lambda}&>(std::__invoke_other)",
                     "std::function<void (int)>::operator()(int) const", "f", "f", "g", "f",
                     "take(std::function<void ()>)")
        self.assertEqual(stacks.without_scaffolding(long), named(
            "run", "f", "g", "f", "take(std::function<void ()>)"))
        self.assertEqual(stacks.without_scaffolding(named("_start")), named("_start"))

    def test_a_label_begins_with_what_tells_frames_apart(self):
        for name, label in (
            ("service::leftpad", "leftpad"), ("service::StatsD::send", "StatsD::send"),
            ("service::(anonymous namespace)::format(long, char)", "format"),
            ("std::__cxx11::basic_string::append", "basic_string::append"),
            ("std::__cxx11::basic_string<char, std::char_traits<char> >::append(char const*)",
             "basic_string::append"),
            ("void std::__find_if<char*>(char*, char*)", "__find_if"),
            ("std::operator+", "operator+"),
            ("std::operator<< <char>(std::ostream&, char)",
             "operator<<"), ("operator new(unsigned long)", "operator new"),
            ("timed_handler::{lambda}::operator",
             "timed_handler {lambda}"), ("httplib::Server::routing", "Server::routing"),
            ("[libc.so.6]", "[libc.so.6]"), ("[stack cut]", "[stack cut]"),
            ("service::leftpad[abi:cxx11](int)", "leftpad"),
            ("mine::Cache::get", "mine::Cache::get"), ("std::", "std::"),
        ):
            self.assertEqual(stacks.label(name), label)


class Page(unittest.TestCase):
    def test_small_frames_are_left_out_and_data_cannot_end_its_script(self):
        stacks = {(("</script>", ""),): Amount(999, 99), (("tiny", ""),): Amount(1, 1)}
        graph = page.widget("t", tree.build(stacks), "count", least=0.01)
        self.assertEqual([node["n"] for node in graph["data"]["root"]["c"]], ["</script>"])
        text = page.render(graph, tree.build(stacks))
        self.assertEqual(text.count("</script"), 2)


if __name__ == "__main__":
    unittest.main()
