"""One congestion control for all TCP that is measured: Linux's own default, whatever the machine's is.

It goes on the routes, since namespaces may not choose every algorithm that the machine has. Each end of a connection
asks its own route.
"""

CONTROL = "cubic"


def everywhere(contender):
    """In each place of its paths, all of which are IPv4."""
    places = {}
    for name in contender.paths:
        path = contender.path(name)
        places.update({id(place): place for place in (path.client, path.server)})
    for place in places.values():
        for route in place.run("ip", "-4", "route", "show").out.splitlines():
            # What `show` adds of the route's state, `change` does not take.
            words = [word for word in route.split() if word not in ("linkdown", "dead")]
            place.run("ip", "-4", "route", "change", *words, "congctl", CONTROL)
