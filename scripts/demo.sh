#!/usr/bin/env bash
# One of the README's two commands: installs zoneclf into .venv and runs the whole pipeline on a
# library that it makes up.  Usage: bash scripts/demo.sh [FOLDER]   (default: demo, made anew)
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
[ -f "$venv/.installed" ] || install_zoneclf ""
"$venv/bin/python" -c 'import zoneclf' 2>/dev/null || install_zoneclf ""
folder="${1:-demo}"
if [ -z "${1:-}" ] && [ -f demo/config/zone_mapping.yaml ]; then
    rm -rf demo  # what an earlier run of this script left
fi
exec "$venv/bin/zoneclf" demo "$folder"
