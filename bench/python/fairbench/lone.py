"""One host with fairleadd alone, on a wire with `outside` beside it: for what is made, not for what is carried."""

from fairlab.cnm import Runtime
from fairlab.daemon import Daemon
from fairlab.host import Wire

from .contender import CONTROL, Contender

NUMBER = 12  # on the wire


class Lone:
    """A context. `log`: of the daemon."""

    def __init__(self, log, settings=""):
        self.wire = Wire()
        try:
            self.outside, self.host = self.wire.outside, self.wire.host("node", NUMBER)
            self.daemon = Daemon(self.host, log=log, docker="", settings=settings).start()
            self.runtime = Runtime(self.host)
        except BaseException:
            self.wire.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.runtime.client.close()
        self.wire.close()


class Control(Contender):
    """What it stands for is made anew in each run: nothing is left over from the one before."""

    name = "fairlead"
    what = "fairleadd, asked as Docker asks it"
    kinds = (CONTROL,)

    def open(self):
        pass

    def close(self):
        pass

    def lone(self, name, settings=""):
        return Lone(f"{self.logs}/fairleadd-{name}.log", settings)


CONTENDERS = [Control]
