"""Looks at what is about to go out, as the receiver will see it, and says in words what is wrong with it.

`letter.examine` reads the finished bytes of one letter and decides; `links.check_links` asks the network whether the
links answer. `findings.CHECKS` names every check.
"""
