# Debian packages; docs/ARCHITECTURE.md gives the reason for each. `make setup` installs them.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)  # the stages, next to common/, link them too
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
include(${CMAKE_CURRENT_LIST_DIR}/Httplib.cmake)
pkg_check_modules(RAPIDJSON REQUIRED IMPORTED_TARGET GLOBAL RapidJSON)
find_package(utf8cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tl-expected REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(benchmark REQUIRED)
find_package(GTest REQUIRED)
