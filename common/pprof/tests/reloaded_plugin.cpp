// Built twice, with frames of another size at the same places. See unwind_test.cpp.
extern "C" __attribute__((visibility("default"))) void reloaded_function(void (*callback)()) {
  volatile char frame[RELOADED_FRAME_BYTES];
  frame[0] = 1;
  callback();
  frame[1] = frame[0];
}
