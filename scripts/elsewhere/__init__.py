"""The workshop on other systems: a bare Debian 13, arm64 by emulation, and the container."""
