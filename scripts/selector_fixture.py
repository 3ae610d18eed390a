"""Records what a real run's selector said, for the frontend's test that re-scoring in the browser gives the same.

python scripts/selector_fixture.py STATE_FOLDER RUN      (a finished run of FedSM of the platform that runs there)

The recorded run is of the demo's sites with the reference code's selector, whose probabilities are spread: 4 rounds,
gamma 0.6, one site held out.
"""

import json
import sys
from pathlib import Path

from fedsm.client import Client
from fedsm.local.home import open_home

RESULTS = Path(__file__).resolve().parent.parent / "frontend" / "src" / "features" / "results"
FIXTURE = RESULTS / "rescore.fixture.json"


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    home, run = open_home(Path(sys.argv[1])), sys.argv[2]
    running = home.running()
    if running is None:
        sys.exit(f"nothing runs on {home.folder}. Remedy: start `make demo` first, in another terminal")
    with Client(running.url, home.token("admin-token")) as client:
        content = {
            "cases": client.selector_cases(run).model_dump(mode="json"),
            "selector": client.run_selector(run).model_dump(mode="json"),
        }
    FIXTURE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {FIXTURE.name}: {len(content['cases']['case_ids'])} cases")


if __name__ == "__main__":
    main()
