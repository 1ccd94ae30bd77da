"""How fast this machine trains: `lottery bench`.

`dataloader_loop.py` and `preloaded_loop.py` are what anyone would write, to compare with; `gemm.py` is what the machine
can do at most; `bench.py` measures them and the back ends in turn, and `report.py` writes down what was found.
"""
