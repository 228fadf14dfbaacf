"""Preflight: checks of finished emails before they are sent.

`checks.check_message` reads the bytes of one email; `link_check.check_links` asks the network whether its links answer.
`findings.CHECKS` names every check.
"""
