"""One thread, as in a worker's processes: the same bits, and no waiting for each other on a small machine."""

import torch

torch.set_num_threads(1)
