"""What contenders have in common that stand on two hosts and the wire between them."""

from .contender import Contender
from .wire import Pair


class OnPair(Contender):
    """`open` begins with join(), and ends with all of `paths` in `known`."""

    def join(self, **options):
        """The two hosts, in order."""
        self.pair = Pair(self.name, self.kind, **options)
        return self.pair.ends

    def path(self, name):
        return self.known[name]

    def hosts(self):
        return tuple(self.pair.ends)

    def close(self):
        if hasattr(self, "pair"):
            self.pair.close()
