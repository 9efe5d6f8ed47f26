"""Which functions can allocate: the rule of alloc_sites.py, as patterns of readable names. Pure.

The library's part is a list since its code is not here to be read: functions of libstdc++ and
cpp-httplib that are not templates in a header. What the list lacks shows in `alloc-sites --others`.
"""
import re

from profiles.objects import Call

# The first group that matches names the kind.
_KINDS = (
    ("new", r"operator new(\[\])?\("),
    ("malloc", r"(malloc|calloc|realloc|aligned_alloc|posix_memalign|strdup|strndup)$"),
    ("string", r"(std::__cxx11::)?(std::)?basic_string<.*>::"
     r"(_M_(create|append|mutate|replace|replace_aux|replace_cold|assign|construct)|"
     r"reserve|resize|append|assign|insert|replace|push_back|operator\+?=|substr|basic_string)\b"),
    ("stream", r"(std::basic_ostream<.*>& )?std::(__ostream_insert|operator<<)\b"),
    ("stream", r"(std::basic_ostream<.*>& )?std::(basic_ostream|ostream)(<.*>)?::"
     r"(_M_insert|operator<<|put|write)\b"),
    ("stream",
     r"std::(__cxx11::)?basic_(o|i)?(stringstream|stringbuf)<.*>::(basic_\w+|str|overflow)\b"),
    ("stream", r"std::(time_put|num_put|money_put)<.*>::put\b"),
    ("stream", r"std::basic_(i|o)?fstream<.*>::(basic_\w+|open)\b|std::getline\b"),
    ("locale", r"std::locale::locale\((char const\*|std::__cxx11)"),
    ("thread", r"std::thread::_M_start_thread\b"),
    ("library", r"std::filesystem::|std::random_device::_M_init"),
    ("library", r"httplib::\w+::(get_\w+_value|set_\w+|matches)\b|"
     r"httplib::detail::\w*(encode|decode|params)\w*\b"),
)
_PATTERNS = [(kind, re.compile(rf"(void |bool |char\* )?(?:{pattern})"))
             for kind, pattern in _KINDS]
# What only runs when something throws.
_THROWING = re.compile(r"__cxa_|_Unwind_|std::__throw_|std::terminate|operator delete")


def kind_of_target(name: str) -> str | None:
    """The kind of allocation that a call of this function (readable name) can be, or None."""
    return None if _THROWING.match(name) else next(
        (kind for kind, pattern in _PATTERNS if pattern.match(name)), None)


def closure(calls: list[Call], names: dict) -> set:
    """The functions among the callers of these calls that can allocate: those that call one that
    can.

    `names` maps mangled names to readable ones.
    """
    callers = {}
    for call in calls:
        callers.setdefault(call.target, set()).add(call.caller)
    waiting = [target for target in callers if kind_of_target(names[target])]
    reached = set()
    while waiting:
        found = callers.get(waiting.pop(), set()) - reached
        reached |= found
        waiting += [name for name in found if not _THROWING.match(names.get(name, name))]
    return reached
