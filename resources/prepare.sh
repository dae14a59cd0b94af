#!/bin/sh
# Readies a checkout for `resources/start.sh` and `tests/run.sh`: system libraries, virtual environment, tested versions.
# Usage: sh resources/prepare.sh [EXTRA]      (EXTRA: an optional-dependency group, e.g. test)
set -eu
cd "$(dirname "$0")/.."
extra=${1:-}

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# --- what Qt needs from the system, where it is a Debian or Ubuntu --------------------------------------------------
packages="libglib2.0-0 libgl1 libegl1 libfontconfig1 libxkbcommon0 libdbus-1-3 fonts-dejavu-core libxcb-cursor0 \
libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxcb-xkb1 libxkbcommon-x11-0"
# newer releases carry the same library under a second name, so ask for what a package brings, not for the package
files="libglib-2.0.so.0 libGL.so.1 libEGL.so.1 libfontconfig.so.1 libxkbcommon.so.0 libdbus-1.so.3 - \
libxcb-cursor.so.0 libxcb-icccm.so.4 libxcb-keysyms.so.1 libxcb-shape.so.0 libxcb-xkb.so.1 libxkbcommon-x11.so.0"

missing_packages() {
    known=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p)
    set -- $packages
    for file in $files; do
        case $file in
            -) ls /usr/share/fonts/truetype/*/*.ttf >/dev/null 2>&1 || printf '%s ' "$1" ;;
            *) case $known in *"$file"*) ;; *) printf '%s ' "$1" ;; esac ;;
        esac
        shift
    done
}

python_of_system() {
    for name in python3 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null 2>&1 && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            command -v "$name"
            return
        fi
    done
}

python=$(python_of_system)
[ -n "$python" ] || fail "VQ Workbench needs Python 3.11 or newer, and none was found: install it and run this again."

missing=""
if command -v apt-get >/dev/null 2>&1; then
    missing=$(missing_packages)
    "$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
    missing=$(printf '%s' "$missing" | sed 's/ *$//')
fi
if [ -n "$missing" ]; then
    become=""
    if [ "$(id -u)" != 0 ]; then become="sudo -n"; fi
    if [ -z "$become" ] || $become true 2>/dev/null; then
        say "Installing system libraries: $missing"
        $become apt-get update -qq
        DEBIAN_FRONTEND=noninteractive $become apt-get install -y -qq --no-install-recommends $missing >/dev/null
    else
        fail "These system packages are missing: install them with 'sudo apt-get install $missing' and run this again."
    fi
fi

# --- virtual environment with the tested versions ----------------------------------------------------------------------
stamp=$(cat pyproject.toml resources/constraints.txt | cksum | tr ' ' '-')${extra:+-$extra}
if [ ! -f ".venv/stamp$stamp" ]; then
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    say "Installing the tested versions into .venv (a few minutes the first time)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        --constraint resources/constraints.txt --editable ".${extra:+[$extra]}"
    touch ".venv/stamp$stamp"
fi
.venv/bin/vq-workbench warm --quiet
