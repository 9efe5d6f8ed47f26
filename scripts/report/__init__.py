"""Makes build/report/index.html of a comparison and of the profiles of two stages."""
