"""Sort music into zones of energy: audio -> frames -> tracks -> labels -> model -> report.

Each stage is a module or a package that imports only from its left; between stages the result
rests in a file that says how it was made.  `pipeline` joins the stages, `cli` parses options.
"""

__version__ = "0.1.0"
