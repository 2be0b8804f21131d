#!/usr/bin/env bash
# Renders the screencasts: demo.gif from demo.tape, docs/tour.gif from tour.tape.
#
#   tools/demo.sh                both (make demo)
#   tools/demo.sh tour.tape      one
#
# What is built goes to bin/. Use an idle machine: vhs captures as well as it
# can, and frames it misses make the film shorter and faster.
set -euo pipefail
cd "$(dirname "$0")/.."
(($#)) || set -- demo.tape tour.tape

vhs_version=v0.10.0
max_bytes=2000000 # what a README may ask of its readers
min_bytes=100000  # less is no film: vhs ends with 0 then too
max_seconds=60

missing=0
# need NAME HOW TO GET IT: the first is a program, or several of which one will do
need() {
  local program
  for program in $1; do
    command -v "$program" >/dev/null && return
  done
  [ -d '/Applications/Google Chrome.app' ] && [[ $1 == *chromium* ]] && return
  printf '%s is missing: %s\n' "${1%% *}" "$2" >&2
  missing=1
}

# A ttyd that vhs takes, 1.7.2 or later.
real_ttyd() {
  local version
  version=$(ttyd --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1) || return
  [ "$(printf '%s\n' 1.7.2 "$version" | sort -V | head -n 1)" = 1.7.2 ]
}

PATH="$(go env GOPATH)/bin:$PATH"
need vhs "go install github.com/charmbracelet/vhs@$vhs_version, or brew install vhs"
need ffmpeg 'apt-get install ffmpeg, or brew install ffmpeg'
need ffprobe 'it comes with ffmpeg'
need 'chromium chromium-browser chrome google-chrome microsoft-edge' 'apt-get install chromium, or brew install --cask chromium'
need timeout 'apt-get install coreutils, or brew install coreutils'
real_ttyd || need npm "for a stand-in of ttyd, or a real ttyd, 1.7.2 or later: apt-get install npm, or brew install ttyd"
((missing == 0)) || exit 1
if command -v fc-list >/dev/null && ! fc-list | grep 'JetBrains Mono' >/dev/null; then
  echo 'JetBrains Mono is not installed, the picture will be another: apt-get install fonts-jetbrains-mono fonts-dejavu-core' >&2
fi

mkdir -p bin
go build -trimpath -o bin/muster .
if real_ttyd; then
  rm -f bin/ttyd # of a time without the real one
else
  go build -trimpath -o bin/ttyd ./tools/ttyd
  cp tools/ttyd/package.json tools/ttyd/package-lock.json bin/
  npm ci --prefix bin --ignore-scripts --no-audit --no-fund --loglevel=error
fi
PATH="$PWD/bin:$PATH"
# Chromium has no sandbox for root.
if [ "$(id -u)" = 0 ]; then export VHS_NO_SANDBOX=true; fi

render() {
  local tape=$1 gif bytes seconds pauses
  gif=$(awk '$1 == "Output" { print $2 }' "$tape")
  printf '\n== %s -> %s\n' "$tape" "$gif"
  rm -f "$gif"
  if ! timeout -k 10 300 vhs "$tape" >bin/vhs.log 2>&1; then
    tail -n 40 bin/vhs.log >&2
    return 1
  fi
  if command -v gifsicle >/dev/null && [ -s "$gif" ]; then # a third less, and looks the same
    gifsicle -O3 --lossy=30 --batch "$gif"
  fi
  bytes=$(wc -c 2>/dev/null <"$gif") || bytes=0
  seconds=$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$gif") || seconds=0
  printf '%s: %d bytes, %s s\n' "$gif" "$bytes" "$seconds"
  if ((bytes < min_bytes || bytes > max_bytes)); then
    echo "$gif is not between $min_bytes and $max_bytes bytes (gifsicle, if installed, makes it smaller)" >&2
    return 1
  fi
  pauses=$(awk '$1 == "Sleep" { n = $2; t += n ~ /ms$/ ? n / 1000 : n + 0 } END { print t }' "$tape")
  if ! awk -v s="$seconds" -v least="$pauses" -v most="$max_seconds" 'BEGIN { exit !(s > 0.9 * least && s < most) }'; then
    echo "$gif does not last between 0.9 x $pauses s, which its tape pauses, and $max_seconds s: too busy a machine misses frames" >&2
    return 1
  fi
}

for tape; do render "$tape"; done
