#!/usr/bin/env bash
# Starts the built sample application on a free port, calls it from the clients in other
# languages, and stops it. Ends with 0 if every answer was right.
#   mvn -q -DskipTests package && sample-app/clients/check.sh
# Uses the Java of JAVA_HOME, else the one on the PATH. Installs Debian's protobuf-compiler,
# protobuf-compiler-grpc and python3-grpcio where they are missing.
set -euo pipefail

START_SECONDS=120 # the tour included
STOP_SECONDS=30

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
jar=$here/../target/sample-app.jar
log=$(mktemp)
sample=""

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

fail_with_log() {
  echo "--- the sample's output:" >&2
  cat "$log" >&2
  fail "$@"
}

end() {
  [[ -z $sample ]] || kill -KILL "$sample" 2>/dev/null || true
  rm -f "$log"
}
trap end EXIT

is_installed() {
  command -v protoc >/dev/null && command -v grpc_python_plugin >/dev/null && /usr/bin/python3 -c 'import grpc' 2>/dev/null
}

as_root() {
  if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo -n "$@"; fi
}

install_packages() {
  local packages=(protobuf-compiler protobuf-compiler-grpc python3-grpcio)
  command -v apt-get >/dev/null || fail "No apt-get here; install the equivalents of ${packages[*]}"
  echo "Installing ${packages[*]}"
  {
    as_root apt-get update -q &&
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${packages[@]}"
  } >"$log" 2>&1 || {
    cat "$log" >&2
    fail "Cannot install ${packages[*]} (needs root, or sudo without a password)"
  }
  is_installed || fail "${packages[*]} are installed, but protoc, grpc_python_plugin or Python's grpc is still missing"
}

# Starts the sample and sets $sample and $port.
start_sample() {
  local java=java start=$SECONDS
  [[ -z ${JAVA_HOME:-} ]] || java=$JAVA_HOME/bin/java
  command -v "$java" >/dev/null || fail "No Java: $java is not there"
  "$java" -jar "$jar" --strand.server.port=0 >"$log" 2>&1 </dev/null &
  sample=$!
  port=""
  while [[ -z $port ]]; do
    kill -0 "$sample" 2>/dev/null || {
      sample=""
      fail_with_log "The sample ended before it served"
    }
    ((SECONDS - start < START_SECONDS)) || fail_with_log "The sample did not serve within $START_SECONDS s"
    sleep 0.2
    port=$(sed -n 's/^Serving until stopped .* port \([0-9][0-9]*\)$/\1/p' "$log")
  done
  echo "The sample serves on port $port, on $("$java" -version 2>&1 | head -n 1)"
}

stop_sample() {
  local status=0 start=$SECONDS
  kill -TERM "$sample"
  while kill -0 "$sample" 2>/dev/null; do
    ((SECONDS - start < STOP_SECONDS)) || fail_with_log "The sample did not stop within $STOP_SECONDS s"
    sleep 0.1
  done
  wait "$sample" || status=$?
  sample=""
  # 143 is 128 + SIGTERM: what Java ends with when it was asked to stop
  [[ $status -eq 143 || $status -eq 0 ]] || fail_with_log "The sample stopped with status $status"
  echo "The sample has stopped"
}

[[ -f $jar ]] || fail "$jar is not built; run: mvn -q -DskipTests package"
is_installed || install_packages
start_sample
"$here/python/run.sh" "localhost:$port" || fail_with_log "The Python client found mistakes, see above"
! grep -q "BROKEN" "$log" || fail_with_log "The tour found a promise that does not hold"
stop_sample
echo "PASSED: clients in other languages"
