import Glibc
import Linux
import Testing

@Suite struct SystemErrorTests {
    @Test(arguments: [
        (SystemError("open", "/nowhere", number: ENOENT), "open /nowhere: No such file or directory"),
        (SystemError("clone3", number: EPERM), "clone3: Operation not permitted"),
    ])
    func saysCallSubjectAndMessage(_ error: SystemError, _ text: String) {
        #expect(error.description == text)
    }

    @Test func repeatsAnInterruptedCall() throws {
        var calls = 0
        let result = try check("read") { () -> Int in
            calls += 1
            if calls < 3 {
                errno = EINTR
                return -1
            }
            return 7
        }
        #expect(result == 7)
        #expect(calls == 3)
    }

    @Test func throwsWhatTheSystemSaid() {
        #expect(throws: SystemError("mkdir", "/x", number: EROFS)) {
            try check("mkdir", "/x") { () -> Int32 in
                errno = EROFS
                return -1
            }
        }
    }
}
