"""`python -m worker`: one worker, in the foreground."""

import sys

from worker.app import main

sys.exit(main())
