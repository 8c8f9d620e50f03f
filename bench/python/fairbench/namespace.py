"""Containers that no engine made: net namespaces of a host."""


class Namespace:
    """A place. `pid` as the machine knows it."""

    def __init__(self, host, name):
        self.host = host
        holder = host.namespace(name)
        self.pid = holder.pid
        self.inside = host.inner_pid(self.pid)

    def run(self, *command, **options):
        return self.host.run(*command, container=self.inside, **options)

    def start(self, *command, **options):
        return self.host.start(*command, container=self.inside, **options)
