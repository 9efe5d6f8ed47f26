# Installs the library, its headers and the files that find_package(pprof) and pkg-config read.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/pprof)
install(TARGETS pprof pprof_heap pprof_tcmalloc EXPORT pprof-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/pprof DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT pprof-targets NAMESPACE pprof:: DESTINATION ${package_dir})
configure_package_config_file(cmake/pprof-config.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/pprof-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/pprof-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/pprof-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/pprof-config-version.cmake
              cmake/dependencies.cmake cmake/plugins.list
        DESTINATION ${package_dir})

# For builds without CMake; found from where the file lies, so that the folder can be moved.
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH pprof_up ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
foreach(name pprof pprof-heap)
  configure_file(cmake/${name}.pc.in ${name}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc DESTINATION ${pkgconfig_dir})
endforeach()
