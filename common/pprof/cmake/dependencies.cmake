# What pprof needs from the system. Shared by the build and by the installed package.
find_package(Threads REQUIRED GLOBAL)
find_package(ZLIB REQUIRED GLOBAL)
find_package(tl-expected REQUIRED GLOBAL)
find_package(PkgConfig REQUIRED)
pkg_check_modules(pprof_profiler REQUIRED IMPORTED_TARGET GLOBAL libprofiler)
pkg_check_modules(pprof_dw REQUIRED IMPORTED_TARGET GLOBAL libdw libelf)
