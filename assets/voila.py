"""Voila's settings for the page, read through ../voila.py in a checkout and by `lottery explore` anywhere."""

import os
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager


class OwnKernel(KernelSpecManager):
    """Knows one kernel, whatever is registered: the interpreter that serves the page and has `explorer`."""

    def _kernel_dirs_default(self) -> list[str]:
        return []


# The kernel runs in the notebook's folder: what was given relative to this one must not depend on that.
for name in ("EXPLORER_DATA", "EXPLORER_RUNS"):
    if given := os.environ.get(name):
        os.environ[name] = str(Path(given).expanduser().absolute())

# Where Voila looks for templates.
places = [str(Path(__file__).parent / "share" / "jupyter"), os.environ.get("JUPYTER_PATH")]
os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, places))

c = get_config()  # noqa: F821
c.Voila.ip = "127.0.0.1"
c.VoilaConfiguration.template = "explorer"
c.VoilaConfiguration.allow_template_override = "NO"  # the stock ones ask other machines for fonts
c.VoilaConfiguration.kernel_spec_manager_class = OwnKernel
c.VoilaConfiguration.preheat_kernel = True  # the page is made before anyone asks for it
# Only this one: Voila would warm up every notebook that it finds where it is given a folder.
c.VoilaKernelManager.kernel_pools_config = {"default": {"pool_size": 0}, "explorer.ipynb": {"pool_size": 1}}
c.VoilaKernelManager.fill_delay = 4.0  # seconds: the page that has just been asked for needs the processor first
c.VoilaConfiguration.extension_denylist = ["@jupyter-notebook/lab-extension"]  # it fails outside its own page
c.VoilaConfiguration.show_tracebacks = True  # folded away under one sentence
