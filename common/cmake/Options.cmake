# Compiler settings of our own code. Linked PRIVATE by every target.
add_library(workshop_options INTERFACE)
target_compile_features(workshop_options INTERFACE cxx_std_20)
target_compile_options(workshop_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast)
