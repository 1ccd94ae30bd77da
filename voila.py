"""Voila reads its settings in the folder it starts in; they stand in assets/, where a wheel has them too."""

load_subconfig("assets/voila.py")  # noqa: F821
