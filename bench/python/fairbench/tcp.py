"""What TCP is like in every place that is measured, whatever the machine's own settings are.

- Cubic, Linux's own default. It goes on the routes, since namespaces may not choose every algorithm that the machine
  has. Each end of a connection asks its own route.
- A connection that was closed leaves nothing behind (TIME_WAIT). Thousands of connections a second to one port use
  every source port again within its minute, and a server that still remembers the last one makes the client send again
  two ticks later: that would be a measurement of the range of ports.
"""

CONTROL = "cubic"


def same_everywhere(contender):
    """In each place of its paths, all of which are IPv4."""
    places = {}
    for name in contender.paths:
        path = contender.path(name)
        places.update({id(place): place for place in (path.client, path.server)})
    for place in places.values():
        place.run("sysctl", "-qw", "net.ipv4.tcp_max_tw_buckets=0")
        for route in place.run("ip", "-4", "route", "show").out.splitlines():
            # What `show` adds of the route's state, `change` does not take.
            words = [word for word in route.split() if word not in ("linkdown", "dead")]
            place.run("ip", "-4", "route", "change", *words, "congctl", CONTROL)
