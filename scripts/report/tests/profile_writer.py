"""Writes a small profile.proto, gzipped, for the fixture. Format: profile.proto of
github.com/google/pprof."""
import gzip


def _varint(value):
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _field(number, value):
    if isinstance(value, bytes):
        return _varint(number << 3 | 2) + _varint(len(value)) + value
    return _varint(number << 3) + _varint(value)


def _message(*fields):
    return b"".join(_field(number, value) for number, value in fields)


class _Strings(dict):
    """The index of every string, in the order of their first use; the first is empty."""

    def __init__(self):
        super().__init__({"": 0})

    def __missing__(self, text):
        self[text] = len(self)
        return self[text]


def profile(types, samples, binary="/fixture/leftpad"):
    """The bytes of a .pb.gz. types: (type, unit); samples: (values, frames from the root to the
    leaf), a frame is (function, file, line)."""
    strings, locations = _Strings(), {}
    parts = [_field(1, _message((1, strings[kind]), (2, strings[unit]))) for kind, unit in types]
    for values, frames in samples:
        numbers = [locations.setdefault(frame, len(locations) + 1) for frame in reversed(frames)]
        parts.append(
            _field(
                2,
                _message((1, b"".join(map(_varint, numbers))),
                         (2, b"".join(map(_varint, values))))))
    parts.append(
        _field(
            3,
            _message((1, 1), (2, 0x1000), (3, 0x100000), (5, strings[binary]), (7, 1), (8, 1),
                     (9, 1), (10, 1))))
    for (name, file, line), number in locations.items():
        parts.append(
            _field(
                4,
                _message((1, number), (2, 1), (3, 0x1000 + number),
                         (4, _message((1, number), (2, line))))))
        parts.append(
            _field(
                5, _message((1, number), (2, strings[name]), (3, strings[name]),
                            (4, strings[file]))))
    parts += [_field(6, text.encode()) for text in strings]
    return gzip.compress(b"".join(parts), mtime=0)
