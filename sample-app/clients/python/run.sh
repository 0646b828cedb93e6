#!/usr/bin/env bash
# Calls a running sample application from Python, as a foreign client, and checks its answers.
#   run.sh HOST:PORT
# The Python code is generated from the sample's own .proto files, into a temporary directory.
# Needs Debian's packages protobuf-compiler, protobuf-compiler-grpc and python3-grpcio.
set -euo pipefail

if [[ $# -ne 1 || $1 != *:* ]]; then
  echo "usage: $0 HOST:PORT" >&2
  exit 2
fi

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
protos=$here/../../src/main/protobuf
python=/usr/bin/python3 # another python3 may come first on the PATH, without Debian's grpc
generated=$(mktemp -d)
trap 'rm -rf "$generated"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

for tool in protoc grpc_python_plugin "$python"; do
  command -v "$tool" >/dev/null ||
    fail "$tool is missing; install protobuf-compiler, protobuf-compiler-grpc and python3-grpcio"
done
"$python" -c 'import grpc' || fail "$python has no module grpc; install python3-grpcio"

protoc --proto_path="$protos" --python_out="$generated" --grpc_out="$generated" \
  --plugin=protoc-gen-grpc="$(command -v grpc_python_plugin)" \
  "$protos"/helloworld.proto "$protos"/echo.proto "$protos"/route_guide.proto ||
  fail "protoc cannot generate Python from $protos"

PYTHONPATH=$generated PYTHONDONTWRITEBYTECODE=1 "$python" "$here/check_services.py" "$1"
