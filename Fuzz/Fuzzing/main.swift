// Feeds what libFuzzer makes up to one of the readers: ALTP_FUZZ_TARGET names it, the arguments are libFuzzer's.

import Glibc

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

let name = getenv("ALTP_FUZZ_TARGET").map { String(cString: $0) } ?? ""
guard Target(rawValue: name) != nil else {
    print(Target.allCases.map(\.rawValue).joined(separator: "\n"))
    exit(name.isEmpty ? 0 : 2)
}
var count = CommandLine.argc
var arguments = CommandLine.unsafeArgv
exit(
    runDriver(&count, &arguments) { bytes, count in
        Target.chosen.try(Array(UnsafeBufferPointer(start: bytes, count: count)))
        return 0
    })
