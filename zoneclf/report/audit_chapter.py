"""The chapter on labels that are worth hearing again."""

from zoneclf.report.audit import audit
from zoneclf.report.chapter import Chapter
from zoneclf.report.evaluation import Evaluation

_ON_PAGE = 12


def audit_chapter(crossed: Evaluation) -> Chapter:
    """Return the chapter; `crossed` is the cross-validation of the user's labelled tracks."""
    found = audit(crossed.table, crossed.probabilities)
    names = crossed.table.about.drop_duplicates("track_id").set_index("track_id")["name"]
    rows = found.assign(name=found["track_id"].map(names)).head(_ON_PAGE)
    return Chapter(
        "audit",
        short=_short(len(found), len(crossed.table)),
        metrics={"judged": len(crossed.table), "hear_again": len(found)},
        tables={"audit": found},
        page={"rows": rows.to_dict("records"), "count": len(found), "of": len(crossed.table)},
    )


def _short(count: int, of: int) -> str:
    if not count:
        return ""
    labels = "1 label is" if count == 1 else f"{count} labels are"
    return f"Of your {of} training tracks, {labels} worth hearing again; the list is below."
