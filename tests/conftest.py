"""Makes the harness importable, however pytest was started."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support", "python"))
