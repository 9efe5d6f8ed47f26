#!/usr/bin/env bash
# Asks a service for every path in a scraper's configuration, as the scraper would, and lets pprof read the answer.
# Used by chapter 19. Usage: docs/examples/scrape_once.sh CONFIG DEBUG_URL [TOKEN]
set -euo pipefail

profile=$(mktemp)
trap 'rm -f "$profile"' EXIT
while IFS= read -r path; do
  url=$2$path
  # Scrapers ask for seconds where they want a profile of a span of time.
  [[ $path != */profile ]] || url="$url?seconds=2"
  status=$(curl -sS -o "$profile" -w '%{http_code}' -H "Authorization: Bearer ${3-}" "$url")
  [[ $status == 200 ]] || { printf '%s %s: %s\n' "$status" "$path" "$(head -c 200 "$profile")"; exit 1; }
  types=$(go tool pprof -raw "$profile" 2>/dev/null | grep -A 1 '^Samples:' | tail -n 1) ||
    { printf '%s %s: pprof cannot read it\n' "$status" "$path"; exit 1; }
  printf '%s %-22s %s\n' "$status" "$path" "$types"
done < <(grep -oE "/debug/pprof/[a-z]+" "$1" | sort -u)
