#!/usr/bin/env bash
# Builds the tutorial as a site with search, in build/site/; it opens from the disk, without a network.
# Called by `make docs` and by hand.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

(($# <= 1)) || usage_error "$2" 'there is at most one argument'
case ${1-} in
  --help) printf 'Usage: scripts/docs-site.sh\n\nBuilds build/site/ from docs/. Example: make docs\n'; exit 0 ;;
  '') ;;
  *) usage_error "$1" 'there are no options' ;;
esac
"$PYTHON" -c 'import mkdocs' 2>/dev/null ||
  die 'Python module mkdocs' "$PYTHON does not have it (Debian packages mkdocs, mkdocs-material)" 'Run: make setup'
cd "$REPO_ROOT" || exit
run "$PYTHON" -m mkdocs build --quiet --clean --config-file scripts/docs/mkdocs.yml
result_at "$BUILD_DIR/site/index.html"
next_command xdg-open build/site/index.html
