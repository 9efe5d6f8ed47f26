// Installs the signal handler of interrupt.h. Called by interrupt.cpp only.
#pragma once

#include <semaphore.h>

namespace pprof::internal {

// Idempotent, thread-safe. Throws std::system_error if the signal cannot be handled.
void install_handler();

// Posted by the handler for each slot it has filled. Valid after install_handler().
extern sem_t slot_filled;

}  // namespace pprof::internal
