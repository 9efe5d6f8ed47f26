// The commit that a benchmark program was built from; its source is written by
// common/cmake/Commit.cmake at each build.
#pragma once

namespace service {

// For example "9d2d7fa", "9d2d7fa-dirty" or "unknown". A constant.
const char* built_from();

}  // namespace service
