"""Access tokens to log in with, as Google and Microsoft ask for them: printed by a command of staff.

How a token is come by is a matter of the provider (a refresh token, a certificate, a service account), and there are good
programs for it. Ours ends with the line that SMTP, IMAP and POP3 take alike (XOAUTH2).
"""

from __future__ import annotations

import subprocess

from ..errors import AuthBroken

_TIMEOUT = 30.0  # seconds that a command may take


def run_token_command(command: str) -> str:
    """The first word that a command prints. Blocks. Raises AuthBroken where it gives none in time."""
    try:
        done = subprocess.run(  # noqa: S602  a line of staff, as they would type it
            command,
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise AuthBroken(f"token_command gave no token in {_TIMEOUT:g} s") from None
    words = done.stdout.decode("utf-8", "replace").split()
    if done.returncode or not words:
        raise AuthBroken(f"token_command ended with {done.returncode} and gave no token")
    return words[0]
