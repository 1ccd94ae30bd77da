"""Studies: several experiments under one name, as the paper's figures compare them. No torch."""

from explorer.studies.figures import STUDIES, study
from explorer.studies.study import Study
from explorer.studies.study_run import StudyRun

__all__ = ["STUDIES", "Study", "StudyRun", "study"]
