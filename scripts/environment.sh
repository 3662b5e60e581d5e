# Sourced by demo.sh and test.sh: makes .venv beside this checkout and installs zoneclf into it.
# PYTHON chooses the interpreter (3.11 or newer); ZONECLF_VENV another folder for the environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python="${PYTHON:-python3}"
venv="${ZONECLF_VENV:-.venv}"

fail() { echo "error: $*" >&2; exit 1; }

command -v "$python" >/dev/null || fail "$python is not installed; install Python 3.11 or newer"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old; set PYTHON to 3.11 or newer"
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv "$venv" 2>/dev/null ||
        fail "$python cannot make an environment; on Debian: apt-get install python3-venv"
fi
# Installing anew costs seconds; stamps save them while pyproject.toml is as it was.  What was
# installed with more extras than wanted now will do.
install_zoneclf() {
    local stamp="$venv/.installed" extras="$1"
    if ! cmp -s pyproject.toml "$stamp" || ! grep -qxF -- "$extras" "$stamp.extras"; then
        echo "installing zoneclf$extras into $venv (some minutes the first time) ..." >&2
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -e ".$extras"
        printf '%s\n' "" "$extras" >"$stamp.extras"
        cp pyproject.toml "$stamp"
    fi
}
