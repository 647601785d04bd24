"""Who sits at the command line, for the audit trail."""

import os
import pwd


def user() -> str:
    """The user of the operating system under whom the command runs, as the kernel knows it."""
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        name = f"uid {os.geteuid()}"
    return f"{name} at the command line"
