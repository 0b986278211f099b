#!/usr/bin/env python3
"""What `make demo` runs, as a person runs it: status 0 means that all it showed was right."""
import os
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

if __name__ == "__main__":
    sys.exit(subprocess.run([os.path.join(ROOT, "tests", "demo", "demo")], timeout=120,
                            check=False).returncode)
