#!/usr/bin/env bash
# The photos of a folder with the most happy people, best first: a count and a path a line. Needs jq.
#
#     examples/happy_photos.sh ~/Pictures | head
set -euo pipefail

happy='{path, happy: [.faces[] | select(.emotion == "happy" and (.unsure | not))] | length}
       | select(.happy > 0) | "\(.happy)\t\(.path)"'

find "${1:-.}" -type f \( -iname '*.jpg' -o -iname '*.jpeg' -o -iname '*.heic' \) -print0 |
  faceannot label - -0 --format jsonl --quiet |
  jq --raw-output "$happy" |
  sort --numeric-sort --reverse
