# cpp-httplib: the system's, or with -DHTTPLIB_DIR=<folder with an httplib.h> that header, for a version
# that the system does not carry (in a build directory of its own, since what pkg-config says is kept).
# Every part of the build asks pkg-config for it, common/pprof too, so all of them get the same header
# and the same macros: none.
set(HTTPLIB_DIR "" CACHE PATH "Folder with a cpp-httplib header to build with; empty: the system's")
if(HTTPLIB_DIR)
  if(NOT EXISTS ${HTTPLIB_DIR}/httplib.h)
    message(FATAL_ERROR "HTTPLIB_DIR=${HTTPLIB_DIR} has no httplib.h: give the folder that the file is in")
  endif()
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
pkg_check_modules(CPPHTTPLIB REQUIRED IMPORTED_TARGET GLOBAL cpp-httplib)

# The buffered connection uses protected and virtual functions of cpp-httplib, which differ between
# versions: app/server/httplib_adapter.h. These have been tried; the tests say whether a further one fits.
set(known_versions 0.11 0.14 0.18 0.41 0.53)
string(REGEX MATCH "^0\\.([0-9]+)" httplib_version "${CPPHTTPLIB_VERSION}")
set(httplib_minor "${CMAKE_MATCH_1}")
if(NOT httplib_version IN_LIST known_versions)
  list(JOIN known_versions ", " known)
  message(FATAL_ERROR "cpp-httplib ${CPPHTTPLIB_VERSION} is not known to common/app/server: it knows "
    "${known}. Install one of them (Debian: libcpp-httplib-dev), or give -DHTTPLIB_DIR= a folder with "
    "its httplib.h")
endif()
if(httplib_minor GREATER_EQUAL 18 AND CPPHTTPLIB_CFLAGS_OTHER MATCHES OPENSSL)
  # its header's thread pool calls OpenSSL inline, which its pkg-config file keeps private
  target_link_libraries(PkgConfig::CPPHTTPLIB INTERFACE crypto)
endif()
