# Compiler settings of our own code. Linked PRIVATE by every target.
set(WORKSHOP_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=; empty: none")

add_library(workshop_options INTERFACE)
target_compile_features(workshop_options INTERFACE cxx_std_20)
target_compile_options(workshop_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast)
if(WORKSHOP_SANITIZE)
  add_compile_options(-fsanitize=${WORKSHOP_SANITIZE} -fno-sanitize-recover=all -O1
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${WORKSHOP_SANITIZE})
endif()
