"""What all tests find: the golden models, through `golden_set`."""

import signal
import sys
from pathlib import Path

import hypothesis

sys.path.insert(0, str(Path(__file__).parent / "golden"))

# A shell that runs the tests in the background lets them and all that they start ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile("understudy", deadline=None)  # how long it takes is no test
hypothesis.settings.load_profile("understudy")
