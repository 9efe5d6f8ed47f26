"""The machine's facts, from what lscpu says of several."""
import unittest
from unittest import mock

from base import machine

X86 = """Architecture:          x86_64
Vendor ID:             AuthenticAMD
Model name:            AMD EPYC
Hypervisor vendor:     KVM
"""
SERVER = """Architecture:          aarch64
Vendor ID:             ARM
BIOS Model name:       Neoverse-N1
Model name:            Neoverse-N1
"""
MAC = """Architecture:          aarch64
Vendor ID:             Apple
Model name:            -
"""


class Facts(unittest.TestCase):
    def test_the_processor_and_whether_it_is_virtual(self):
        for said, cpu, virtual in ((X86, "AMD EPYC", True), (SERVER, "Neoverse-N1", False),
                                   (MAC, "Apple", False), ("", "unknown", False)):
            with mock.patch.object(machine, "_lscpu", lambda said=said: said):
                facts = machine.facts("/")
            self.assertEqual((facts["cpu"], facts["virtual"]), (cpu, virtual))

    def test_lscpu_is_asked_where_it_is(self):
        self.assertNotEqual(machine.facts("/")["cpu"], "unknown")
        with mock.patch.dict("os.environ", PATH=""):
            self.assertEqual(machine.facts("/")["cpu"], "unknown")


if __name__ == "__main__":
    unittest.main()
