import Testing
import Wire

@Suite struct ReferenceTests {
    @Test(arguments: [
        ("42", Reference(processing: 42)),
        ("42/calibrate", Reference(processing: 42, script: "calibrate")),
        ("42/calibrate#2", Reference(processing: 42, script: "calibrate", attempt: 2)),
        ("9223372036854775807/a_b.c-1#1", Reference(processing: .max, script: "a_b.c-1", attempt: 1)),
    ])
    func readsAndWrites(text: String, reference: Reference) {
        #expect(Reference(parsing: text) == reference)
        #expect(reference.description == text)
    }

    @Test(arguments: [
        "", "0", "-1", "+1", " 1", "1 ", "x", "1/", "1/#2", "1/a#", "1/a#0", "1/a#-1", "1/a#2#3", "1/a/b", "1/../b",
        "1/.a", "1/-a", "1#2", "9223372036854775808", "1/ä", "١",
    ])
    func refuses(text: String) {
        #expect(Reference(parsing: text) == nil)
    }
}
