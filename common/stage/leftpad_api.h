// The left-pad API: reads the query of GET /v1/leftpad/ and encodes its JSON answers. The same for
// every stage. Pure functions.
#pragma once

#include <httplib.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace service {

// Names and decoded values of a query: a multimap; values of one name are in the order they came.
using QueryParams = httplib::Params;

// A valid query. The views point into the request's parameters.
struct LeftpadQuery {
  std::string_view str;        // text to pad; empty when missing
  std::size_t len = 0;         // wanted length in code points
  std::string_view chr = " ";  // one code point
};

// Reads `str`, `len` and `chr`. A parameter given twice counts the first time. `len` must be an
// integer of at most `max_len`; a negative one means 0. `str` and `chr` must be valid UTF-8. The
// error says which parameter, what is wrong, and what is allowed.
tl::expected<LeftpadQuery, std::string> parse_leftpad_query(const QueryParams& params,
                                                            std::size_t max_len);

// `{"str":"…"}` and a newline. Precondition: `str` is valid UTF-8.
std::string encode_answer(std::string_view str);

// `{"error":"…"}` and a newline. Bytes that are not UTF-8 become U+FFFD.
std::string encode_error(std::string_view message);

}  // namespace service
