#!/usr/bin/env bash
# One of the README's two commands: installs zoneclf into .venv and runs the whole pipeline on a
# library that it makes up.  Usage: bash scripts/demo.sh [FOLDER]   (default: demo, made anew)
here="$PWD"
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
install_zoneclf ""
folder="demo"
if [ -n "${1:-}" ]; then
    case "$1" in /*) folder="$1" ;; *) folder="$here/$1" ;; esac
elif [ -f demo/.zoneclf-demo ]; then
    rm -rf demo  # what an earlier run of this script made
fi
exec "$venv/bin/zoneclf" demo "$folder"
