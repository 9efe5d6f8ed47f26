# Installs the library, its headers and the files that find_package(pprof) reads.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/pprof)
install(TARGETS pprof pprof_heap pprof_tcmalloc EXPORT pprof-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/pprof DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT pprof-targets NAMESPACE pprof:: DESTINATION ${package_dir})
configure_package_config_file(cmake/pprof-config.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/pprof-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/pprof-config-version.cmake
  COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/pprof-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/pprof-config-version.cmake
              cmake/dependencies.cmake cmake/plugins.list
        DESTINATION ${package_dir})
