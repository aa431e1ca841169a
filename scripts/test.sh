#!/usr/bin/env bash
# Set everything up, then test the built wheel with all real servers; pytest's closing line is last.
# Arguments go to pytest, in place of "everything, with coverage, on every core".
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh
. scripts/lib.sh

say "Testing the wheel"
case $("$venv/bin/python" -P -c 'import jaeger_guard; print(jaeger_guard.__file__)') in
*/site-packages/*) ;;
*) fail "jaeger_guard is not imported from the installed wheel" ;;
esac
[ $# -gt 0 ] || set -- --cov --cov-report=term "${in_parallel[@]}"
exec "$venv/bin/python" -P -m pytest "$@"
