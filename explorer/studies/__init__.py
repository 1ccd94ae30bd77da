"""Studies: several experiments under one name, as the paper's figures compare them. No torch."""

from explorer.studies.study import Study
from explorer.studies.study_run import StudyRun

__all__ = ["Study", "StudyRun"]
