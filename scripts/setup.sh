#!/usr/bin/env bash
# Set up what the tests need: Debian's servers, a virtual environment with the built wheel and the
# extras "test" and "declarative", Jaeger and the OpenTelemetry Collector in a cache folder. See
# scripts/lib.sh for the variables it obeys.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

install_packages nginx=nginx-light redis-server=redis-server postgres=postgresql \
    mariadbd=mariadb-server rabbitmq-server=rabbitmq-server memcached=memcached promtool=prometheus
build_servers & # a download waits while the other compiles
servers=$!
make_venv "$venv"
build_wheel
install_wheel "$venv" test,declarative
wait $servers
