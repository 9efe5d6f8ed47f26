"""The workshop on other systems: bare Debian 12 and 13, arm64 by emulation, and the container."""
