# -DHTTPLIB_DIR=<folder with an httplib.h>: cpp-httplib from that header instead of the system's, for a
# version that the system does not carry. Every part of the build asks pkg-config for it, common/pprof
# too, so all of them get the same header and the same macros: none.
set(HTTPLIB_DIR "" CACHE PATH "Folder with a cpp-httplib header to build with; empty: the system's")
if(HTTPLIB_DIR)
  file(STRINGS ${HTTPLIB_DIR}/httplib.h version_line REGEX "#define CPPHTTPLIB_VERSION \"" LIMIT_COUNT 1)
  string(REGEX MATCH "[0-9.]+" httplib_header_version "${version_line}")
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/pkgconfig/cpp-httplib.pc @ONLY CONTENT
"Name: cpp-httplib
Description: a single header
Version: @httplib_header_version@
Cflags: -I@HTTPLIB_DIR@ -pthread
Libs: -pthread
")
  set(ENV{PKG_CONFIG_PATH} "${PROJECT_BINARY_DIR}/pkgconfig:$ENV{PKG_CONFIG_PATH}")
endif()
