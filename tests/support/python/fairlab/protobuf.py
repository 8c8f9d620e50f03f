"""As much of protocol buffers as a client of a small service needs: a message is a dict, field number -> value."""


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def encode(message):
    """Values are numbers, text, messages, and lists of these. None is left out."""
    return b"".join(_field(number, each) for number, value in message.items()
                    for each in (value if isinstance(value, list) else [value]) if each is not None)


def _field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = encode(value) if isinstance(value, dict) else value.encode()
    return varint(number << 3 | 2) + varint(len(data)) + data


def text_map(values):
    """A map<string, string>."""
    return [{1: key, 2: value} for key, value in values.items()]


def decode(data):
    """Field number -> list of values: numbers, and bytes that text() or decode() read further."""
    fields, at = {}, 0
    while at < len(data):
        tag, at = _varint_at(data, at)
        if tag & 7 == 0:
            value, at = _varint_at(data, at)
        elif tag & 7 == 2:
            size, at = _varint_at(data, at)
            value, at = data[at:at + size], at + size
        else:
            raise ValueError(f"field {tag >> 3} is of a kind that these messages do not have: {tag & 7}")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _varint_at(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def text(fields, number):
    """The first value of a field; "" if it is absent."""
    return fields.get(number, [b""])[0].decode()
