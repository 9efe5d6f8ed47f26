// Entry point of the service. Built once per stage.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app/run_app.h"

namespace {

// What is opened next would get the number of a closed stream, and with it the messages that are
// meant for that stream.
void open_closed_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (syscall(SYS_fcntl, stream, F_GETFD) < 0) {
      syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR);
    }
  }
}

// Before the constructors of the libraries: libunwind's opens a pipe. System calls by number, since
// a sanitizer's functions are not ready yet.
[[gnu::section(".preinit_array"),
  gnu::used]] void (*const before_libraries)() = open_closed_streams;

}  // namespace

int main(int argc, char** argv) { return service::run_app(argc, argv); }
