// Connects to a Launcher on another host, for the command: `altp` is one static executable that starts in a millisecond, also
// in every sandbox, and can neither load the host's name service nor should carry a copy of a TLS library. Here both are the
// system's own, and stay as new as the system is.
//
//     altp-connect [--tls] [--ca FILE] HOST PORT
//
// Descriptor 0 is a socket, which is joined to the connection. On descriptor 1 it says, once, `connected` or why not.

import Glibc

signal(SIGPIPE, SIG_IGN)

struct Refusal: Error {
    var text: String
}

func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress!, $0.count) }
    close(STDOUT_FILENO)
}

do throws(Refusal) {
    var words = CommandLine.arguments.dropFirst()
    var isEncrypted = false
    var authorities: String?
    while let word = words.first, word.hasPrefix("--") {
        words = words.dropFirst()
        switch word {
        case "--tls": isEncrypted = true
        case "--ca": authorities = words.popFirst()
        default: throw Refusal(text: "unknown option \(word)")
        }
    }
    guard words.count == 2, let host = words.popFirst(), let port = words.popFirst() else {
        throw Refusal(text: "usage: altp-connect [--tls] [--ca FILE] HOST PORT")
    }
    let descriptor = try connect(to: host, port: port)
    let tls = isEncrypted ? try TLSSession(over: descriptor, host: host, authorities: authorities) : nil
    say("connected")
    var relay = Relay(local: STDIN_FILENO, remote: descriptor, tls: tls)
    relay.run()
    tls?.end()
} catch {
    say(error.text)
    exit(1)
}
