#!/usr/bin/env bash
# Set the demo up in a virtual environment and run it; arguments go to `jaeger-guard demo`.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

install_packages
make_venv "$venv"
build_wheel
install_wheel "$venv" demo
exec "$venv/bin/jaeger-guard" demo "$@"
