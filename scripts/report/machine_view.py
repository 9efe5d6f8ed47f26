"""What was measured, where and when: label and value pairs. Pure functions."""


def facts(data):
    machine = (data.comparison or {}).get("machine", {})
    build = (data.comparison or {}).get("build", {}).get("new", {})
    memory = machine.get("memory_bytes")
    rows = [("Processor",
             _join(machine.get("cpu"), f"{machine['cpus']} CPUs" if machine.get("cpus") else None,
                   "virtual machine" if machine.get("virtual") else None)),
            ("Memory", f"{memory / (1 << 30):.1f} GiB" if memory else None),
            ("System",
             _join(machine.get("os"),
                   f"Linux {machine['kernel']}" if machine.get("kernel") else None)),
            ("Load average before",
             ", ".join(f"{value:.2f}" for value in machine.get("load_average", [])) or None),
            ("Compiler", build.get("compiler")),
            ("Flags", _join(build.get("flags"), build.get("build_type"))),
            ("Commit", machine.get("commit")), ("Stages", f"{data.old} (old), {data.new} (new)"), ]
    return [(name, value) for name, value in rows if value and value != "unknown"]


def _join(*parts):
    return ", ".join(part for part in parts if part and part != "unknown") or None
