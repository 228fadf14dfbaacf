"""Distributor: articles go in once; every subscriber, feed reader and network gets them once, on time, looking right.

The map of the whole is `docs/flow.md`; `distributor.pipeline` is the same map as code.
"""

__version__ = "0.1.0"
