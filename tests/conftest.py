"""What all tests find: the golden models, through `golden_set`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "golden"))
