"""Performance bugs that `make bug` puts into a copy of v2-optimized: (kind, name, file, old text,
new text).

Every one keeps the contract's answers for ordinary requests. `old` must occur exactly once. The
copy also differs in names, which harm nothing, so that a diff does not tell the bug.
"""

NAMES = {"padded": "result", "missing": "lacking", "buffer_": "pending_", "end_": "cursor_",
         "parsed": "asked", "metric": "label", "line": "entry"}

MUTATIONS = [
    ("buffer growth", "no reserve", "leftpad.cpp",
     "  padded.reserve(missing * pad.size() + str.size());\n", ""),
    ("buffer growth", "reserve forgets str", "leftpad.cpp",
     "padded.reserve(missing * pad.size() + str.size())", "padded.reserve(missing * pad.size())"),
    ("buffer growth", "reserve for the worst case", "leftpad.cpp",
     "missing * pad.size() + str.size()", "4 * (missing + str.size())"),
    ("buffer growth", "log buffer given back", "logger.cpp",
     "    file_.write(buffer_);\n    buffer_.clear();\n  }\n  buffer_.append(line);",
     "    file_.write(buffer_);\n    std::string().swap(buffer_);\n  }\n  buffer_.append(line);"),
    ("quadratic", "prepend in a loop", "leftpad.cpp",
     "  if (pad.size() == 1) {\n    padded.append(missing, pad.front());\n  } else {\n"
     "    for (std::size_t i = 0; i < missing; ++i) padded.append(pad);\n  }\n"
     "  padded.append(str);\n",
     "  padded = str;\n  for (std::size_t i = 0; i < missing; ++i) padded = std::string(pad) + "
     "padded;\n"
     ),
    ("quadratic", "a new string a step", "leftpad.cpp", "i < missing; ++i) padded.append(pad);",
     "i < missing; ++i) padded = padded + std::string(pad);"),
    ("hidden copy", "header by value", "handlers.cpp",
     "std::string_view header(const httplib::Request& request, const char* name) {\n"
     "  const auto it = request.headers.find(name);\n"
     "  return it == request.headers.end() ? std::string_view{} : std::string_view(it->second);",
     "std::string header(const httplib::Request& request, const char* name) {\n"
     "  const auto it = request.headers.find(name);\n"
     "  return it == request.headers.end() ? std::string() : it->second;"),
    ("hidden copy", "target by value", "handlers.cpp", "  services.logger.request(request.target,",
     "  const auto target = request.target;\n  services.logger.request(target,"),
    ("hidden copy", "parameters by value", "handlers.cpp",
     "  const auto parsed = parse_leftpad_query(request.params, services.max_len);",
     "  const auto params = request.params;\n"
     "  const auto parsed = parse_leftpad_query(params, services.max_len);"),
    ("hidden copy", "metric name by value", "statsd.cpp",
     "    for (const unsigned char c : part) *end_++",
     "    const std::string copy(part);\n    for (const unsigned char c : copy) *end_++"),
    ("hidden copy", "packet by value", "statsd.cpp",
     "    transport.send({buffer_.data(), static_cast<std::size_t>(end_ - buffer_.data())});",
     "    transport.send(std::string(buffer_.data(), static_cast<std::size_t>(end_ - "
     "buffer_.data())));"
     ),
    ("formatting", "number through std::to_string", "statsd.cpp",
     "    text({digits, static_cast<std::size_t>(end - digits)});",
     "    const std::string printed = std::to_string(value);\n"
     "    text(std::string_view(printed).substr(0, static_cast<std::size_t>(end - digits)));"),
    ("formatting", "escaped values as strings", "logger.cpp",
     "  append_log_escaped(line.append(\"request url=\\\"\"), url);",
     "  line.append(\"request url=\\\"\").append(log_escaped(url));"),
    ("formatting", "time as a string", "logger.cpp", "  append_timestamp(line);\n",
     "  std::string time;\n  append_timestamp(time);\n  line.append(time);\n"),
    ("formatting", "memory of the line given back", "logger.cpp", "  line.clear();\n",
     "  line.clear();\n  line.shrink_to_fit();\n"),
    ("rebuilt every time", "metric names", "handlers.cpp",
     "    services.statsd.timing(timing, elapsed.count());",
     "    services.statsd.timing(\"request.\" + name + \".timing\", elapsed.count());"),
    ("rebuilt every time", "reserved characters in a set", "statsd.cpp",
     "    for (const unsigned char c : part) *end_++ = kNameTable[c];",
     "    std::string reserved;\n"
     "    for (int c = 0; c < 256; ++c) {\n"
     "      if (kNameTable[c] == '_') reserved.push_back(static_cast<char>(c));\n"
     "    }\n"
     "    for (const char c : part) *end_++ = reserved.find(c) == std::string::npos ? c : '_';"),
    ("system calls", "a write a line", "logger.cpp", "  buffer_.append(line);\n",
     "  buffer_.append(line);\n  file_.write(buffer_);\n  buffer_.clear();\n"),
    ("system calls", "a buffer of 1 KiB", "logger.cpp", "line.size() > kBufferBytes",
     "line.size() > kBufferBytes / 16"),
    ("system calls", "a write a second line", "logger.cpp",
     "  if (buffer_.size() + line.size() > kBufferBytes) {", "  if (!buffer_.empty()) {"),
    ("work under the lock", "copy of the line", "logger.cpp", "  buffer_.append(line);\n",
     "  buffer_.append(std::string(line));\n"),
    ("work under the lock", "copy of the buffer", "logger.cpp",
     "    file_.write(buffer_);\n    buffer_.clear();\n  }\n",
     "    const std::string full = buffer_;\n    file_.write(full);\n    buffer_.clear();\n  }\n"),
    ("growth", "answers remembered", "leftpad.cpp", "  padded.append(str);\n  return padded;",
     "  padded.append(str);\n  static thread_local std::string seen;\n  seen.append(padded);\n"
     "  return padded;"
     ),
    ("growth", "lines remembered", "logger.cpp", "  std::lock_guard lock(mutex_);\n  if (buffer_",
     "  std::lock_guard lock(mutex_);\n  static std::string history;\n  history.append(line);\n"
     "  if (buffer_"
     ),
]
