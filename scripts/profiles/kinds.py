"""The kinds of profile: what to ask the service for, the value shown first, what to say about an
empty one. Pure."""
from dataclasses import dataclass

MAX_SECONDS = 300  # the service refuses longer captures
_OWN_LIST = ("-list=service::leftpad", "annotated source")
_BY_TAG = ("-tags", "by thread and route")
_WAITING_HINTS = (("-sample_index=contentions -top", "how often instead of how long"),
                  ("-list=Logger::write_line", "annotated source"))


@dataclass(frozen=True)
class Kind:
    """timed: the profile is of the seconds, else as it is after so many seconds of load.

    index is the value shown; unit its name where the profile says just count; common whether
    functions in common/ are shown with the stage's own, which itself keeps next to nothing;
    heap_step how often the heap sampler looks, in bytes, if not as usual, which suits a service
    that runs for days. hints are pprof's options worth typing, and why.
    """

    name: str
    what: str
    help: str
    empty: str = ""
    index: str = ""
    endpoint: str = ""
    timed: bool = True
    seconds: int = 10
    unit: str = ""
    common: bool = False
    heap_step: int = 0
    adds_up: bool = False
    hints: tuple = ()


_ALL = (Kind("cpu", "CPU time", "CPU time by stack", endpoint="profile", index="cpu", adds_up=True,
             empty="the service used next to no CPU time (a sample stands for 10 ms)",
             hints=(_OWN_LIST,)),
        Kind("heap", "memory in use", "memory in use", index="inuse_space", timed=False, seconds=5,
             common=True, heap_step=4096, empty="too little memory is in use to meet the sampler"),
        Kind("allocs", "allocated objects", "allocated objects and bytes", index="alloc_objects",
             unit="objects", heap_step=65536, adds_up=True,
             empty="too little was allocated to meet the sampler",
             hints=(("-sample_index=alloc_space -top", "bytes instead of objects"), _OWN_LIST)),
        Kind("mutex", "waiting caused, by who held the lock",
             "waiting caused, charged to the lock's holder", index="delay", adds_up=True,
             empty="no thread waited for a pprof::Mutex: good news, if the load was real",
             hints=_WAITING_HINTS),
        Kind("block", "waiting suffered, by who waited", "waiting suffered, charged to who waits",
             index="delay", adds_up=True, empty="no thread waited for a pprof::Mutex or "
             "pprof::ConditionVariable: good news, if the load was real", hints=_WAITING_HINTS),
        Kind("threads", "threads and where they are", "where every thread is now", index="threads",
             timed=False, seconds=1, unit="threads", common=True, empty="no thread answered",
             hints=(_BY_TAG,)),
        Kind("wall", "real time of all threads", "real time of all threads, waiting included",
             index="wall", empty="no thread answered", hints=(_BY_TAG,)))
PROFILES = {kind.name: kind for kind in _ALL}
TRACE = Kind("trace", "spans on a time line", "requests and lock waits on a time line", seconds=1)
