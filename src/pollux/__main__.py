"""`python -m pollux` is `pollux`."""

import sys

from pollux.cli import main

sys.exit(main())
