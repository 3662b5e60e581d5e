"""`python -m zoneclf`."""

from zoneclf.cli import run

if __name__ == "__main__":
    run()
