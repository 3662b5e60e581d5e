"""`python -m zoneclf`, and the program `zoneclf`."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C while it is still being loaded is one line as well."""
    try:
        from zoneclf.cli import run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted; run the same command again\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
