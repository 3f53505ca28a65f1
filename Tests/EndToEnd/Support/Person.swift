/// Somebody at a terminal of the test's own.
enum Person {
    /// Runs a command on the terminal.
    ///
    /// - Parameter steps: Python that plays the person: `expect(text)`, `type(text)`, `press(key, text)` until
    ///   the text is seen, `size(rows, columns)`.
    /// - Returns: all that the person saw, then a line of what was found afterwards.
    static func play(_ command: [String], _ steps: String, environment: [String: String]) throws -> String {
        let program = """
            import fcntl, os, pty, select, signal, struct, sys, termios, time
            def setSize(fd, rows, columns): fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
            terminal, slave = pty.openpty()
            setSize(slave, 33, 101)
            before = termios.tcgetattr(slave)
            pid = os.fork()
            if pid == 0:
                os.setsid()
                fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
                for fd in range(3): os.dup2(slave, fd)
                os.environ["TERM"] = "vt220"
                os.execv(sys.argv[1], sys.argv[1:])
            seen = b""
            def more():
                global seen
                data = os.read(terminal, 4096)
                seen += data
            position = 0
            def expect(text):
                global position
                while text.encode() not in seen[position:]: more()
                position = seen.index(text.encode(), position) + len(text.encode())
            def type(text): os.write(terminal, text.encode())
            # A shell may lose an interrupt that comes just between two commands of a loop: a person presses it again.
            def press(key, text):
                global position
                while True:
                    type(key)
                    end = time.monotonic() + 2
                    while text.encode() not in seen[position:]:
                        left = end - time.monotonic()
                        if left <= 0 or not select.select([terminal], [], [], left)[0]: break
                        more()
                    else: return expect(text)
            def size(rows, columns): setSize(terminal, rows, columns)
            signal.alarm(50)
            \(steps)
            _, status = os.waitpid(pid, 0)
            os.set_blocking(terminal, False)
            try:
                while True: more()
            except OSError: pass
            after = termios.tcgetattr(slave)
            sys.stdout.buffer.write(seen.replace(b"\\r\\n", b"\\n"))
            print(f"\\nstatus {os.waitstatus_to_exitcode(status)}, modes {'as before' if after == before else 'changed'}")
            """
        let ended = try ChildProcess(["python3", "-c", program] + command, environment: environment).wait()
        return ended.output + ended.errors
    }
}
