"""`python -m fedsm.site_agent`."""

import sys

from fedsm.site_agent.process import main

sys.exit(main())
