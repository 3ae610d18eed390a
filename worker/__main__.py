"""`python -m worker`: one worker, in the foreground."""

import sys

from worker.process.app import main

sys.exit(main())
