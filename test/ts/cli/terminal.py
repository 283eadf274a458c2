"""Runs a command on a pseudo-terminal: terminal.py COLUMNS COMMAND [ARGUMENT...]

Bytes from stdin are typed, and everything on the screen goes to stdout. Exits with the
command's status. The end of stdin types nothing.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios

columns, command = int(sys.argv[1]), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
sources = [0, terminal]
while True:
    for source in select.select(sources, [], [])[0]:
        try:
            data = os.read(source, 65536)
        except OSError:  # EIO: the command has closed the terminal
            data = b""
        if source == 0 and data:
            os.write(terminal, data)
        elif source == 0:
            sources.remove(0)
        elif data:
            os.write(1, data)
        else:
            status = os.waitpid(pid, 0)[1]
            sys.exit(os.waitstatus_to_exitcode(status) & 255)
