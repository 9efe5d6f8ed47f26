"""What the Python commands share; the .sh files beside them are sourced by lib.sh."""
