# Makes sockets, three of them by relative names, in the working folder that a server must not replace. See servers.test.ts.

import os
import socket
import time


def bound(path, kind=socket.SOCK_STREAM):
    made = socket.socket(socket.AF_UNIX, kind)
    made.bind(path)
    return made


def fill(path):
    """Connects until the queue of the listener is full, and keeps the connections."""
    while True:
        client = socket.socket(socket.AF_UNIX)
        client.setblocking(False)
        try:
            client.connect(path)
        except BlockingIOError:
            return
        kept.append(client)


kept = [bound("datagram", socket.SOCK_DGRAM), bound(os.path.abspath("bound"))]
full, busy = bound("full"), bound("busy")
for listener in (full, busy):
    listener.listen(0)
    fill(listener.getsockname())
print("ready", flush=True)
for _ in range(60):
    time.sleep(0.5)
    kept.append(busy.accept()[0])
    time.sleep(0.1)
    fill("busy")
