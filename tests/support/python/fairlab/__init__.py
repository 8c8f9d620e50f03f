"""Hosts in namespaces, with a Docker engine and a fairlead daemon each: for tests, quickstart and lab.

Standard library only. Nothing here touches the machine's own devices, routes, sysctls, mounts or
cgroup root; whatever is made dies with the process that made it (see host.py).
"""
