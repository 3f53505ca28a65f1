import Glibc

/// A reader of bytes that a stranger or a tired administrator wrote, and what must hold of it for any bytes.
enum Target: String, CaseIterable {
    case host, policy, task, seccomp, report, plan, events, request, response, websocket, log, hook, stream

    static let chosen = Target(rawValue: getenv("ALTP_FUZZ_TARGET").map { String(cString: $0) } ?? "")!

    func `try`(_ bytes: [UInt8]) {
        switch self {
        case .host: ConfigurationProperties.host(bytes)
        case .policy: ConfigurationProperties.policy(bytes)
        case .task: ConfigurationProperties.task(bytes)
        case .seccomp: SandboxProperties.seccomp(bytes)
        case .report: SandboxProperties.report(bytes)
        case .plan: SandboxProperties.plan(bytes)
        case .events: MessageProperties.events(bytes)
        case .request: MessageProperties.request(bytes)
        case .response: AnswerProperties.response(bytes)
        case .websocket: MessageProperties.webSocket(bytes)
        case .log: LogProperties.end(bytes)
        case .hook: HookProperties.hook(bytes)
        case .stream: HookProperties.stream(bytes)
        }
    }
}

/// Ends the process, which libFuzzer reports with the input.
func require(_ condition: Bool, _ property: String) {
    guard !condition else { return }
    let line = Array("property violated: \(property)\n".utf8)
    _ = write(2, line, line.count)
    abort()
}

/// libFuzzer's program has an entry of its own, which calls this; ours is entered instead.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 { 0 }
