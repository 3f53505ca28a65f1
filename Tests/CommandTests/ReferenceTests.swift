import Testing
import Wire

@testable import Command

@Suite struct ReferenceTests {
    @Test(arguments: [
        ("42", Reference(processing: 42)),
        ("42/calibrate", Reference(processing: 42, script: "calibrate")),
        ("42/calibrate#2", Reference(processing: 42, script: "calibrate", attempt: 2)),
        ("1/a-b_c.d#10", Reference(processing: 1, script: "a-b_c.d", attempt: 10)),
        ("9223372036854775807", Reference(processing: .max)),
    ])
    func reads(_ text: String, _ reference: Reference) {
        #expect(Reference(argument: text) == reference)
        #expect(reference.description == text)
    }

    @Test(arguments: [
        "", "0", "-1", "+1", "x", "4 2", "42/", "42/#1", "42/a#", "42/a#0", "42/a#-1", "42/a#+1", "42/a#x", "42#1",
        "42/a/b", "42/../b", "42/.a",
        "42/-a", "42/a b", "42/a\n", "42/ä", "9223372036854775808", "４２",
    ])
    func refuses(_ text: String) {
        #expect(Reference(argument: text) == nil)
    }

    @Test(arguments: ["42/calibrate", "x", ""])
    func wantsAWholeProcessing(_ text: String) {
        #expect(ProcessingReference(argument: text) == nil)
    }
}

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("lgos", "logs"), ("LOGS", "logs"), ("log", "logs"), ("proc", "processing"), ("staus", "stats"),
        ("cancle", "cancel"), ("pss", "ps"),
    ])
    func findsTheNearest(_ written: String, _ name: String) {
        #expect(nearest(to: written, among: ["logs", "processing", "stats", "cancel", "ps", "task"]) == name)
    }

    @Test(arguments: ["", "xyzzy", "delete", String(repeating: "l", count: 5000)])
    func staysSilentWhenNoneIsNear(_ written: String) {
        #expect(nearest(to: written, among: ["logs", "processing", "stats", "cancel", "ps", "task"]) == nil)
    }
}
