"""The steps of the walkthrough, in the article's order. Pure data."""
from dataclasses import dataclass

OLD, NEW = "v1-naive", "v2-optimized"
TABLE = "flat +flat%"  # the head of pprof's tables
OWN = -1  # the last of them: the stage's own functions


@dataclass(frozen=True)
class Step:
    """seconds: an estimate. programs: what it runs of build/bin; without any it always runs.
    result: below build/, or "". gist: a pattern of the first line that the terminal shows; of
    several, the one with the index `which`.

    command: "workshop" and the words after scripts/workshop, or a name of actions.py with its
    arguments.
    """

    id: str
    seconds: int
    programs: tuple
    result: str
    title: str
    note: str
    command: tuple
    gist: str = ""
    which: int = 0


def _profile(kind, stage, side, title, note, seconds=5, takes=9):
    given = ("--seconds", str(seconds)) if seconds else ()
    return Step(f"{kind}-{side}", takes, (f"leftpad-{stage}",), f"profiles/{stage}/{kind}.pb.gz",
                title, note, ("workshop", "profile", kind, stage, *given), TABLE,
                0 if kind == "threads" else OWN)


def _load(stage, side, title, note):
    return Step(f"load-{side}", 6, (f"leftpad-{stage}",), f"load/{stage}/ab.txt", title, note,
                ("workshop", "load", stage), "requests +[0-9]")


def _sites(stage, side, title, note):
    return Step(f"sites-{side}", 4, (f"leftpad-{stage}",), f"profiles/{stage}/alloc-sites.txt",
                title, note, ("workshop", "alloc-sites", stage))


_OLD_PROGRAM, _BOTH = (f"leftpad-{OLD}",), (f"leftpad-{OLD}", f"leftpad-{NEW}")
STEPS = (
    Step("hello", 1, _OLD_PROGRAM, "", "The service",
         "It pads a string, counts and times requests for StatsD, and logs each one.",
         ("hello", OLD)),
    _load(OLD, "old", "How fast it is", "Eight clients with keep-alive, as in the article."),
    _profile("cpu", OLD, "old", "CPU profile", "The first table is mostly libraries and kernel; "
             "the second charges them to the functions that call them.", 8, 12),
    Step("list", 1, _OLD_PROGRAM, "walkthrough/list.txt", "CPU profile, line by line",
         "The annotated source of leftpad.", ("pprof_view", "list.txt", "-list=service::leftpad$"),
         "^ROUTINE"),
    Step("disasm", 2, _OLD_PROGRAM, "walkthrough/disasm.txt",
         "CPU profile, instruction by instruction",
         "pprof matches names as the linker sees them, so leftpad also finds leftpad_handler.",
         ("pprof_view", "disasm.txt", "-show=leftpad", "-disasm=leftpad"), "^ROUTINE"),
    _profile("heap", OLD, "old", "Heap in use", "Little: the service keeps next to nothing.", 3, 8),
    _profile("allocs", OLD, "old", "Allocated objects",
             "But it allocates, and frees, over and over."),
    _sites(OLD, "old", "Allocation sites",
           "What Go tells by escape analysis: the calls in the optimized code that can allocate."),
    _profile("threads", OLD, "old", "Threads",
             "What the article reads from the goroutine profile.", 0, 5),
    _profile("mutex", OLD, "old", "Lock contention: who holds", "Who makes others wait."),
    _profile("block", OLD, "old", "Lock contention: who waits",
             "The same waiting, charged to who suffers it."),
    Step("bench-old", 15, (f"bench-{OLD}",), f"bench/{OLD}.json", "Benchmarks",
         "The same work without network and kernel, counted and timed.",
         ("workshop", "bench", OLD), "^TimedHandler"),
    Step("changes", 1, _BOTH, "", "What was improved",
         "leftpad, StatsD and the logger: the culprits that the profiles name.", ("changes",)),
    Step("compare", 110, (*_BOTH, f"bench-{OLD}", f"bench-{NEW}"), "compare/compare.json",
         "Old against new",
         "Runs in turn, then statistics: a difference is shown only where there is one.",
         ("workshop", "compare", OLD, NEW), "^TimedHandler"),
    _profile("cpu", NEW, "new", "CPU profile again",
             "What remains is the HTTP server and the kernel.", 8, 12),
    Step("diff", 8, _BOTH, f"profiles/diff/{OLD}/{NEW}/cpu.flame.html",
         "CPU profiles, the difference", "Negative is less than before.",
         ("workshop", "diff", OLD, NEW, "--kind", "cpu"), TABLE),
    _profile("heap", NEW, "new", "Heap in use again", "The logger's buffer is what is new.", 3, 8),
    _profile("allocs", NEW, "new", "Allocated objects again", "The stage itself hardly allocates."),
    _sites(NEW, "new", "Allocation sites again", "Few lines are left."),
    _profile("threads", NEW, "new", "Threads again", "As before: the server is the same.", 0, 5),
    _profile("mutex", NEW, "new", "Lock contention again",
             "The lock is held for an append to a buffer, not for a write."),
    _load(NEW, "new", "How fast it is now", "The command of the second step, on the new stage."),
    Step("report", 6, (), "report/index.html", "The report", "All of it on one page.",
         ("workshop", "report", OLD, NEW)),
)
