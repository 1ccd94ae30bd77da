"""Reproduce the paper as far as minutes go: `make reproduce` prints the tables, and what the paper says beside them.

Lenet on full MNIST, 3 replicates, 3,000 iterations, levels 0 to 7, which is Figure 4a in small; where there is a GPU
also Conv-2 on CIFAR-10, of Figure 5. `EXPLORER_DATA` names the folder of the data sets; a folder that is given keeps
the runs.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from explorer import Experiment, Study

LENET = Study(
    "reproduce-lenet",
    "Figure 4a in small",
    "Lenet-300-100 on full MNIST: 3,000 iterations of the paper's 50,000.",
    (("iterative", Experiment(levels=7, replicates=3, iterations=3_000)),),
    figure="4a",
)
CONV_2 = Study(
    "reproduce-conv-2",
    "Figure 5, of Conv-2",
    "Conv-2 on CIFAR-10: the paper's iterations, fewer networks.",
    (("conv-2", Experiment(architecture="conv-2", levels=14, replicates=3)),),
    figure="5",
)


def main(out=None):
    """Search, and show what came of it."""
    lottery = Path(sys.executable).with_name("lottery")
    with TemporaryDirectory() as away:
        for study in (LENET, CONV_2) if torch.cuda.is_available() else (LENET,):
            file, folder = Path(away, "study.json"), Path(out or away, study.name)
            file.write_text(study.to_json())
            for command in (["search", file, "--out", folder], ["show", folder]):
                subprocess.run([lottery, *command], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
