"""What single labs measure: Amdahl's law, the replay of the noise lab, times that only inform."""
import itertools
import json
import math
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from base import callgrind, sandbox
from base.errors import Failure
from compare import slices
from labs import (amdahl, asking, building, catalog, counters, instructions, memory, noise, paths,
                  running, simulated, starters, timing, tracing)


MUST_RUN_AS_COUNTED = tracing.must_run_as_counted


def setUpModule():
    unittest.enterModuleContext(mock.patch.object(tracing, "must_run_as_counted"))


class Simulated(unittest.TestCase):
    SAID = ("==7== Events    : Ir Dr Dw I1mr D1mr D1mw ILmr DLmr DLmw\n"
            "==7== Collected : 1957189 533807 312907 4213 3594 800 16 3 551\n")

    def test_an_event_is_read_by_its_name_and_of_the_program_itself(self):
        forked = "==8== Events    : Ir\n==8== Collected : 1\n"
        self.assertEqual([callgrind.collected(f"==7== x\n{forked}{self.SAID}", event)
                          for event in ("Ir", "D1mr")], [1957189, 3594])
        with self.assertRaises(Failure):
            callgrind.collected("==7== Events    : Ir\n==7== Collected : 5\n", "D1mr")

    def test_requests_are_dear_from_the_work_of_50_ordinary_ones_on(self):
        for many, dear in ((16_649, 0), (16_651, 1)):
            counts = [9 + 7000 * count for count in (100, 600, 100 + many)]
            with mock.patch.object(running, "counted", side_effect=counts):
                self.assertEqual(simulated.tail(str), {"rare_requests_are_dear": dear})

    def test_misses_are_told_in_whole_thousands_a_request(self):
        for misses, told in ((999, 0), (2063, 2)):
            counts = [100, 5000, 5000 + misses * simulated.REQUESTS]
            with mock.patch.object(running, "counted", side_effect=counts):
                self.assertEqual(simulated.misses(str), {"thousands_a_request": told})


class Idle(unittest.TestCase):
    def test_each_client_may_have_a_thread_in_the_sandbox(self):
        self.assertGreater(sandbox.MOST_PROCESSES, 2 * counters.MANY_CLIENTS + 100)


class Amdahl(unittest.TestCase):
    def judged(self, **answer):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        Path(folder, amdahl.ANSWER).write_text(json.dumps(answer), encoding="utf-8")
        programs = mock.Mock(return_value="own", stage_dir=folder)
        with mock.patch.object(amdahl, "reference", lambda: (7.0, 40.0, 1000.0, 8.0)), \
                mock.patch.object(running, "instructions", lambda *_: 926.0):
            found = amdahl.measure(programs)
        return [
            name for name in ("answer_is_filled_in", "share_agrees", "times_faster_agrees",
                              "gain_follows", "repaired") if not found[name]
        ]

    def test_the_lab_itself_is_measured_once(self):
        counts = itertools.count(1000, 1000)
        with mock.patch.object(building, "program"), \
                mock.patch.object(running, "of_the_lab", lambda *_: next(counts)), \
                mock.patch.object(starters, "starter"), \
                mock.patch.object(starters, "solution"):
            self.assertEqual(amdahl.reference(), amdahl.reference())

    def test_the_law_at_its_ends(self):
        self.assertAlmostEqual(amdahl.law(50, 2), 100 / 3)
        self.assertAlmostEqual(amdahl.law(3.5, 1e12), 3.627, places=3)
        self.assertEqual(amdahl.law(30, 1), 0)

    def test_an_honest_answer_agrees_and_each_wrong_number_is_named(self):
        self.assertEqual(self.judged(share_percent=3, times_faster=30, service_gain_percent=3), [])
        self.assertEqual(self.judged(share_percent=22, times_faster=36, service_gain_percent=27.2),
                         ["share_agrees"])
        self.assertEqual(self.judged(share_percent=3, times_faster=1000, service_gain_percent=3.1),
                         ["times_faster_agrees"])
        self.assertEqual(self.judged(share_percent=3, times_faster=36, service_gain_percent=36),
                         ["gain_follows"])

    def test_an_answer_that_is_none_fails_whatever_it_holds(self):
        for share in (None, "many", 0, 100, float("nan")):
            self.assertIn("answer_is_filled_in",
                          self.judged(share_percent=share, times_faster=36, service_gain_percent=3))
        self.assertIn("answer_is_filled_in", self.judged(share_percent=3))
        self.assertIn("answer_is_filled_in", self.judged(
            share_percent=10**400, times_faster=36, service_gain_percent=3))

    def test_json_that_is_too_deep_is_no_answer_and_no_procedure(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in (amdahl.ANSWER, noise.PROCEDURE):
            (folder / name).write_text("[" * 100_000, encoding="utf-8")
        self.assertIsNone(amdahl._answer(folder))
        with self.assertRaises(noise.Unusable):
            noise.read(folder)


class Steered(unittest.TestCase):
    """A program that would be counted, if it were honest."""

    def refused(self, code):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        source, program = Path(folder, "stage.cpp"), Path(folder, "leftpad-stage")
        source.write_text(f"int counted() {{ return 7; }}\n{code}\nint main() {{}}\n",
                          encoding="utf-8")
        subprocess.run(["c++", "-g0", source, "-o", program], check=True)
        honest = Path(folder, "honest")
        source.write_text("int counted() { return 7; }\nint main() {}\n", encoding="utf-8")
        subprocess.run(["c++", "-g0", source, "-o", honest], check=True)
        with mock.patch.object(building, "program", return_value=honest), \
                mock.patch.object(running, "need"), running.counting(program, "*counted*"):
            pass

    def test_a_program_has_no_other_function_of_the_counters_name_and_no_orders_for_valgrind(self):
        self.refused("")
        with self.assertRaisesRegex(asking.NoAnswer, "has a function of that name"):
            self.refused("static int x_counted() { return 8; }\nint (*any)() = x_counted;")
        with self.assertRaisesRegex(asking.NoAnswer, "orders for valgrind"):
            orders = ", ".join(map(str, running.ORDERS[0]))
            self.refused(f"extern const unsigned char x[] = {{{orders}}};")


@unittest.skipUnless(platform.machine() == "x86_64", "elsewhere a look at the clock is stepped")
class Steps(unittest.TestCase):
    def test_no_step_ends_in_the_code_that_begins_again_when_the_clock_ticks(self):
        child = subprocess.Popen([sys.executable, "-c", "import time\nprint(1, flush=True)\n"
                                  "time.sleep(1)\nwhile True: time.time_ns()"],
                                 stdout=subprocess.PIPE)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        self.addCleanup(signal.pthread_sigmask, signal.SIG_SETMASK, before)
        child.stdout.read(2)  # then it sleeps: a stop wakes it
        tracing.seize(child.pid)
        tracing.stop(child.pid)
        sockets = socket.socketpair()
        for one in sockets:
            self.addCleanup(one.close)
        code = tracing._clock_code(child.pid)
        with mock.patch.object(tracing, "_leaves_clock_code",
                               side_effect=tracing._leaves_clock_code) as left:
            for number, _ in enumerate(tracing.steps(child.pid, sockets[0])):
                place = tracing.ptrace(tracing.PEEK_USER, child.pid, address=tracing.RIP)
                self.assertNotIn(place, code)
                if left.call_count == 5:
                    break
                self.assertLess(number, 100_000)


class Watched(unittest.TestCase):
    def test_a_request_takes_what_was_counted_at_one_of_two_looks(self):
        for taken, agrees in (((1_000_000, ), True), ((1_052_500, ), True),
                              ((1_052_501, 1_000_000), True), ((1_052_501, 1_052_501), False),
                              ((500_000, 500_000), False)):
            with mock.patch.object(tracing, "_taken", side_effect=taken):
                if agrees:
                    MUST_RUN_AS_COUNTED("program", 1_000_000)
                else:
                    with self.assertRaisesRegex(asking.NoAnswer, "when they are not counted"):
                        MUST_RUN_AS_COUNTED("program", 1_000_000)


class OfARequest(unittest.TestCase):
    def test_what_is_saved_of_the_saving_of_the_repair(self):
        for own, per_cent in ((1000, 0), (600, 100), (800, 50), (500, 125), (1100, -25)):
            counts = iter((1000, 600))
            with mock.patch.object(running, "instructions", return_value=own), \
                    mock.patch.object(running, "of_the_lab", lambda *_, c=counts: next(c)), \
                    mock.patch.object(building, "program"):
                self.assertEqual(instructions.of_the_way(
                    catalog.find(1), {"min_percent": 50}, "own"), per_cent)

    def test_a_program_of_the_lab_is_counted_once_and_its_failure_is_not_the_learners(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        program = folder / "program"
        program.write_text("x", encoding="utf-8")
        counts = mock.Mock(side_effect=[7, running.Broken("x", "y", "z")])
        with mock.patch.object(paths, "BUILD", folder), \
                mock.patch.object(running, "instructions", counts):
            for _ in range(2):
                self.assertEqual(running.of_the_lab(program, "f", 1), 7)
            with self.assertRaises(running.OwnFault):
                running.of_the_lab(program, "g", 1)


class Log(unittest.TestCase):
    def test_a_write_that_shows_in_parts_is_waited_for(self):
        seen = [1, 2, 3, 3, 4]
        with mock.patch.object(counters, "_state", side_effect=seen), \
                mock.patch.object(counters, "AT_REST_SECONDS", 0):
            self.assertEqual(counters._state_at_rest("log"), 3)


class Sends(unittest.TestCase):
    def test_an_option_of_another_process_is_read_and_none_of_its_descriptors_is_kept(self):
        server = self.enterContext(socket.create_server(("127.0.0.1", 0)))
        client = self.enterContext(socket.create_connection(server.getsockname()))
        theirs = self.enterContext(server.accept()[0])
        for nodelay in (0, 1):
            theirs.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, nodelay)
            with subprocess.Popen(["cat"], stdin=subprocess.PIPE,
                                  pass_fds=[theirs.fileno()]) as other:
                before = os.listdir("/proc/self/fd")
                try:
                    found = counters._is_nodelay_set(other.pid, client.getsockname())
                except running.Unavailable as why:
                    self.skipTest(str(why))
                self.assertEqual((found, os.listdir("/proc/self/fd")), (bool(nodelay), before))
                other.stdin.close()


class Typical(unittest.TestCase):
    def test_a_kind_is_typical_as_soon_as_half_of_the_last_texts_are_long(self):
        half = counters.REMEMBERED // 2
        for asked, kind, count in ((bytes(2 * half), 1, half), (bytes([1]) * 2 * half, 0, half + 1),
                                   (bytes(half + 5) + bytes([1]) * (half - 5), 1, 5),
                                   (bytes([0, 1]) * half, 0, 2), (bytes(2 * half), 0, 0)):
            self.assertEqual(counters._until_typical(bytearray(b"\1\1\1" + asked), kind), count)


class Lines(unittest.TestCase):
    def test_a_number_to_which_each_request_of_one_client_adds_the_same_counts_them(self):
        turns = [(client, 3 + n) for n in range(2) for client in range(memory.CLIENTS)]
        for rate in (1, 7, -2):
            of_client_1 = [5 + rate * n for n in (0, 0, 3, 3, 3, 3, 7, 7, 7)]
            self.assertEqual(memory._counted(of_client_1, turns), (1, rate))
        nothing = [0] * 9
        not_each_time = [0, 0, 3, 3, 3, 3, 3, 3, 3]
        of_two = [0, 3, 6, 6, 6, 10, 14, 14, 14]
        text_that_client_1_changes = [0, 0, 1000, 1000, 1000, 1000, 900, 900, 900]
        for others in (nothing, not_each_time, of_two, text_that_client_1_changes):
            self.assertIsNone(memory._counted(others, turns))

    def test_of_pages_only_the_lines_that_change_are_looked_at(self):
        before = bytes(memory.PAGE)
        after = bytes(memory.LINE) + b"x" + before[memory.LINE + 1:]
        (line,) = memory._lines([[before, before], [before, after]])
        self.assertEqual(line, [bytes(memory.LINE), b"x" + bytes(memory.LINE - 1)])

    def test_the_memory_of_a_process_is_read_from_outside(self):
        code = "import sys; kept = b'-'.join([b'word'] * 99); print(flush=True); sys.stdin.read()"
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as other:
            other.stdout.readline()
            self.assertIn(b"word-word-word-word", b"".join(memory.Memory(other.pid).pages()))
            other.stdin.close()


def recording(clock, sides=(1.0, 1.0), pairs=200):
    """Process pairs of three blocks whose time is clock(pair), times the side's factor."""
    old, new = sides
    return [[[clock(pair) * old] * 2 + [clock(pair) * new] * 2] * 3 for pair in range(pairs)]


class Noise(unittest.TestCase):
    right = {
        "clock": "cpu", "turns": "slices", "pairs": 30, "confidence_percent": 99,
        "margin_percent": 0.5, "stop": "at the end"
    }

    def procedure(self, **other):
        return noise.Procedure(**{**self.right, **other})

    def test_a_slow_spell_fools_long_turns_and_no_slices(self):
        drift = recording(lambda pair: 100 + pair)
        false = {turns: noise.found_percent(self.procedure(turns=turns), drift, 0)
                 for turns in noise.CHOICES["turns"]}
        self.assertEqual((false["all old, then all new"], false["slices"]), (100, 0))
        self.assertGreater(false["processes"], 10)

    def test_an_effect_beyond_the_margin_is_found_and_a_smaller_one_is_not(self):
        steady = recording(lambda pair: 100)
        for effect, found in ((0, 0), (0.4, 0), (0.6, 100)):
            with self.subTest(effect):
                self.assertEqual(noise.found_percent(self.procedure(), steady, effect), found)

    def test_the_clock_is_the_one_that_is_named(self):
        waits = [[[100, 100 + 50 * (pair % 2), 100, 150 - 50 * (pair % 2)]] * 3
                 for pair in range(200)]
        self.assertEqual(noise.found_percent(self.procedure(clock="cpu"), waits, 2), 100)
        self.assertEqual(noise.found_percent(self.procedure(clock="wall"), waits, 2), 0)

    def test_the_first_difference_on_the_way_counts_if_asked_for(self):
        ratios = [0.02] * 12 + [-0.02] * 18
        self.assertFalse(noise.differs(self.procedure(), ratios))
        self.assertTrue(noise.differs(self.procedure(stop="at the first difference"), ratios))

    def test_a_procedure_with_a_wrong_field_is_refused_by_name(self):
        for name, value in (("clock", "real"), ("pairs", 61), ("pairs", True), ("pairs", 5.5),
                            ("confidence_percent", "99"), ("extra", 1)):
            with tempfile.TemporaryDirectory() as folder, self.subTest(name):
                Path(folder, noise.PROCEDURE).write_text(json.dumps({**self.right, name: value}),
                                                         encoding="utf-8")
                with self.assertRaisesRegex(noise.Unusable, name if name in self.right
                                            else "fields"):
                    noise.read(folder)
                self.assertEqual(noise.measure(folder), {"procedure_is_usable": 0})


class Times(unittest.TestCase):
    def test_what_is_not_decided_says_what_would_have_shown(self):
        noisy = [0.3 * (-1) ** n + n / 1000 for n in range(30)]
        self.assertRegex(timing.sentence(noisy, "X"), "^not decided: a change of X above .*%")

    def test_a_clear_gain_is_told_with_its_factor_and_interval(self):
        pairs = [-math.log(3) + (n % 7 - 3) / 100 for n in range(30)]
        self.assertRegex(timing.sentence(pairs, "X"), r"^faster: X is 3 times .*\[2\.9\d, 3\.0\d\]")
        self.assertIn("slower: X is 0.333 times", timing.sentence([-pair for pair in pairs], "X"))

    def test_a_benchmark_that_crashes_hangs_or_babbles_is_not_judged(self):
        for script in ("exit 3", "exec sleep 60", "echo no figures"):
            with tempfile.TemporaryDirectory() as folder, self.subTest(script), mock.patch.object(
                    slices, "LIMIT_SECONDS", 0.5):
                program = Path(folder, "bench")
                program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
                program.chmod(0o755)
                with mock.patch.object(building, "program", return_value=program):
                    said = timing.inform(catalog.find(1), lambda _: program)
                self.assertIn("not judged", said)

    def test_times_are_asked_for_where_there_is_an_operation(self):
        with mock.patch.dict(os.environ, {"LABS_TIME": ""}):
            self.assertTrue(timing.wanted(catalog.find(1)))
            self.assertFalse(timing.wanted(catalog.find(6)))
        with mock.patch.dict(os.environ, {"LABS_TIME": "0"}):
            self.assertFalse(timing.wanted(catalog.find(1)))


if __name__ == "__main__":
    unittest.main()
