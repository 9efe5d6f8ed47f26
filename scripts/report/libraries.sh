#!/usr/bin/env bash
# Installs the JavaScript that flame graph pages and the report contain, in the versions of libraries/package-lock.json.
# Called by setup.sh and by hand; silent and fast when nothing is missing. Needs npm, and network the first time.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/report/libraries.sh [--check]

Installs d3, d3-flame-graph and Observable Plot into build/tools/node_modules. The pages that are made with
them contain them, so they work offline.

  --check   install nothing; exit 1 if it would have to
  --help    this text

Example: scripts/report/libraries.sh
TEXT
}

check_only=0
(($# <= 1)) || usage_error "$2" 'there is at most one argument'
case ${1-} in
  --help) usage; exit 0 ;;
  --check) check_only=1 ;;
  '') ;;
  *) usage_error "$1" 'unknown option' ;;
esac

lists=$SCRIPTS_DIR/report/libraries
tools=$BUILD_DIR/tools
# npm ci leaves its own list in node_modules; ours beside it tells what was asked for.
if [[ -f $tools/node_modules/.package-lock.json ]] && cmp -s "$lists/package-lock.json" "$tools/package-lock.json"; then
  exit 0
fi
if ((check_only)); then
  printf 'Missing: build/tools/node_modules (d3, d3-flame-graph, Observable Plot; installed by make setup with npm, needs network)\n'
  exit 1
fi
need_tool npm npm
step 'Installing d3, d3-flame-graph and Observable Plot for the report'
mkdir -p "$tools"
# In a folder of its own first: an interrupted npm must not leave half of it in place.
temp_dir
cp "$lists/package.json" "$lists/package-lock.json" "$TEMP_DIR/"
run_watched npm ci --prefix "$TEMP_DIR" --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error ||
  die 'npm ci' 'it could not install them (no network?)' 'Mend that, then run: make setup. Without them the report has no plots and flame graphs'
rm -rf -- "$tools/node_modules" "$tools/package.json" "$tools/package-lock.json"
mv -- "$TEMP_DIR"/{node_modules,package.json,package-lock.json} "$tools/"
