#!/usr/bin/python3
"""Installs the library; builds programs with it by CMake and by pkg-config; has pprof read them.

The programs: on Debian's cpp-httplib, on an httplib.h of --httplib, on Boost.Beast, on GNU
libmicrohttpd (each if it is there), and without HTTP.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys

from example import running

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parent / "example"
MAIN = HERE / "package" / "main.cpp"
FLAGS = ["-std=c++20", "-g"]
# Name in CMake: source, pkg-config's modules, other flags, a function of its profiles.
PROGRAMS = {
    "my_service": (MAIN, ["pprof-heap", "cpp-httplib"], [], "main"),
    "newer": (MAIN, ["pprof-heap"], [], "main"),
    "beast": (EXAMPLES / "beast.cpp", ["pprof"], [], "serve"),
    "microhttpd": (EXAMPLES / "microhttpd.cpp", ["pprof", "libmicrohttpd"], [], "answer"),
    "none": (EXAMPLES / "batch.cpp", ["pprof-heap"], [], "primes_below"),
}


def output(command: list, **options) -> str:
    """What the command prints. Ends the test if it fails."""
    done = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"failed: {command}\n{done.stdout}")
    return done.stdout


class Package:
    """The installed library, and what is built with it."""

    def __init__(self, options: argparse.Namespace):
        self.compiler, self.go, self.work = options.compiler, options.go, options.work
        self.httplib = options.httplib[-1] if options.httplib else ""
        shutil.rmtree(self.work, ignore_errors=True)
        self.prefix = self.work / "prefix"
        output(["cmake", "--install", options.build, "--prefix", self.prefix])
        self.library = next(self.prefix.rglob("libpprof.a"))
        folder = next(self.prefix.rglob("pprof.pc")).parent
        self.environment = dict(os.environ, PKG_CONFIG_PATH=str(folder), PPROF_TOKEN="secret",
                                PPROF_TMPDIR=str(self.work))

    def flags(self, modules: list[str]) -> list[str]:
        """What a build needs by pkg-config."""
        return output(["pkg-config", "--cflags", "--libs", *modules], env=self.environment).split()

    def by_cmake(self) -> dict[str, pathlib.Path]:
        """The programs for which everything is there."""
        build = self.work / "cmake"
        output(["cmake", "-S", HERE / "package", "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}",
                f"-DCMAKE_CXX_COMPILER={self.compiler}", "-DCMAKE_BUILD_TYPE=Debug",
                f"-DEXAMPLES={EXAMPLES}", f"-DNEWER_HTTPLIB={self.httplib}"])
        output(["cmake", "--build", build])
        return {name: build / name for name in PROGRAMS if (build / name).exists()}

    def by_pkg_config(self, name: str) -> pathlib.Path:
        """One of the programs."""
        source, modules, other, _ = PROGRAMS[name]
        if name == "newer":
            other = [f"-I{self.httplib}"]
        program = self.work / f"{name}-pc"
        output([self.compiler, *FLAGS, *other, source, "-o", program, *self.flags(modules)],
               env=self.environment)
        return program

    def refusal(self, what: str, *command: str | pathlib.Path) -> None:
        """Compiles and links, which must fail with the text `what`."""
        done = subprocess.run([self.compiler, *FLAGS, *command], text=True, check=False,
                              stderr=subprocess.PIPE, cwd=self.work)
        if done.returncode == 0 or what not in done.stderr:
            sys.exit(f"{command} did not fail with {what!r}:\n{done.stderr}")

    def read(self, profile: str | pathlib.Path, function: str) -> None:
        """By go tool pprof, which has no program to look into."""
        text = output([self.go, "tool", "pprof", "-top", "-nodefraction=0", "-nodecount=9999",
                       profile], env=self.environment)
        if function not in text.split():
            sys.exit(f"go tool pprof does not find {function}() in {profile}:\n{text}")


def check_alone(package: Package) -> None:
    """The library knows no HTTP library, and each header compiles alone."""
    symbols = output(["nm", package.library])
    if "pprof" not in symbols or "httplib" in symbols:
        sys.exit("libpprof.a has symbols of cpp-httplib, or none of pprof")
    for header in (package.prefix / "include" / "pprof").glob("*.h"):
        output([package.compiler, *FLAGS, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x",
                "c++", "-include", header, "/dev/null", f"-I{package.prefix / 'include'}"])


def check_mismatches(package: Package) -> None:
    """Another version of the library, and two httplib.h, are refused by the linker."""
    headers = package.work / "other-version"
    shutil.copytree(package.prefix / "include", headers)
    for header in headers.rglob("*.h"):
        header.write_text(header.read_text().replace("pprof_1_0", "pprof_9_9"))
    package.refusal("undefined reference to `pprof_9_9_is_not_in_this_program'",
                    f"-I{headers}", EXAMPLES / "batch.cpp", *package.flags(["pprof-heap"]))
    other = package.work / "other-httplib"
    other.mkdir()
    (other / "httplib.h").write_text("#include_next <httplib.h>\n#undef CPPHTTPLIB_VERSION\n"
                                     '#define CPPHTTPLIB_VERSION "9.9"\n')
    flags = package.flags(["pprof-heap", "cpp-httplib"])
    for name, function, folder in (("a", "int main()", []), ("b", "void b()", [f"-I{other}"])):
        source = package.work / f"{name}.cpp"
        source.write_text(f"#include <pprof/httplib.h>\n{function} {{ pprof::Handler(); }}\n")
        output([package.compiler, *FLAGS, *folder, "-c", source, *flags], cwd=package.work)
    package.refusal("multiple definition of `this_program_has_two_different_httplib_h'",
                    "a.o", "b.o", *flags)


def check_program(package: Package, name: str, program: pathlib.Path) -> None:
    """Runs it; pprof must find the program's own function in its profiles."""
    function = PROGRAMS[name][3]
    folder = package.work / f"{program.name}-profiles"
    folder.mkdir()
    if name in ("beast", "microhttpd"):
        with running(program, "0") as url:
            package.read(f"{url}threads", function)
        return
    output([program, folder, *(["1"] if name == "none" else [])], env=package.environment)
    package.read(folder / ("cpu.pb.gz" if name == "none" else "threads.pb.gz"), function)
    if not (folder / "heap.pb.gz").exists():
        sys.exit(f"{program} has written no heap profile")
    if name == "none" and "http" in output(["ldd", program]):
        sys.exit(f"{program} needs an HTTP library")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="of the library")
    parser.add_argument("--work", type=pathlib.Path, required=True,
                        help="a folder, which is emptied first")
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--go", required=True)
    parser.add_argument("--httplib", nargs="*", help="folders with an httplib.h; the last is taken")
    package = Package(parser.parse_args())
    check_alone(package)
    check_mismatches(package)
    programs = package.by_cmake()
    for name, program in programs.items():
        check_program(package, name, program)
        check_program(package, name, package.by_pkg_config(name))
    done = subprocess.run([programs["my_service"]], text=True, stderr=subprocess.PIPE, check=False)
    if done.returncode != 2 or "PPROF_TOKEN is not set" not in done.stderr:
        sys.exit(f"without a token my_service ended with {done.returncode}: {done.stderr}")
    print("by CMake and by pkg-config, read by go tool pprof:", *programs)


if __name__ == "__main__":
    main()
