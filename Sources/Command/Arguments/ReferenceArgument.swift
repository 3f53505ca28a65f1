package import Wire

extension Reference: ArgumentValue {
    package init?(argument: String) { self.init(parsing: argument) }
    package static var expectation: String { "a reference such as 42, 42/calibrate or 42/calibrate#2" }
}

/// A reference to a whole Processing: `42`.
package struct ProcessingReference: Hashable, Sendable, ArgumentValue {
    package var id: Int64

    package init?(argument: String) {
        guard let reference = Reference(parsing: argument), reference.script == nil else { return nil }
        id = reference.processing
    }

    package static var expectation: String { "a Processing's number, such as 42" }
}
