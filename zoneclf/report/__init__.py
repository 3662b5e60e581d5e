"""MODEL -> REPORT: scores with intervals, confusions, importances, pictures, pages."""
