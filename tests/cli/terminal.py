# SPDX-License-Identifier: Apache-2.0
"""What otium writes to a terminal of some width."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading

import otium

# No command writes it.
END = b"\0END"


def on_terminal(folder, stream, arguments, env, columns=0, until=None, seconds=None):
    """What otium writes to a terminal that its `stream`, "stdout" or "stderr", is.

    It is terminated once it has written what the expression `until` finds, or after some
    seconds, if either is given. Gives the text, the exit code, and the other stream.
    """
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ,
                struct.pack("4H", 24 if columns else 0, columns, 0, 0))
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: follower}
    process = subprocess.Popen([otium.OTIUM, *map(str, arguments)], cwd=folder, env=env,
                               stdin=subprocess.DEVNULL, **streams)
    text = b""

    def read():
        nonlocal text
        while not text.endswith(END):
            text += os.read(leader, 65536)
            if until is not None and re.search(until, text.decode(errors="replace")):
                process.terminate()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    if seconds is not None:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.terminate()
    try:
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    # What is read after the last writer has closed a terminal may be cut off, so this end
    # of it stays open and says where the text ends.
    os.write(follower, END)
    reader.join()
    os.close(follower)
    os.close(leader)
    text = text[:-len(END)].decode().replace("\r\n", "\n")
    return text, process.returncode, out or err or b""
