/// What a verb declares of one of its flags, options or positional arguments: what parsing and the help page need.
package struct Declaration {
    package enum Kind: Hashable {
        case flag
        case option
        case positional
        /// Takes every word from its place on, options or not: somebody else's command line.
        case remainder
    }

    package var kind: Kind
    /// Without the dashes; for a positional the word that the usage shows.
    package var name: String
    package var short: Character?
    /// What stands for the value in the help.
    package var placeholder: String
    package var help: String
    package var isRequired: Bool
    package var isRepeated: Bool
    package var choices: [String] = []

    /// `-o, --output FORMAT`, `REF…`
    var label: String {
        switch kind {
        case .positional: isRepeated ? "\(name)…" : name
        case .remainder: "\(name)…"
        case .flag: (short.map { "-\($0), " } ?? "") + "--\(name)"
        case .option: (short.map { "-\($0), " } ?? "") + "--\(name) \(placeholder)"
        }
    }
}

/// A declared property of a verb. The parser learns of it when the verb is made, and fills it through `accept`.
package protocol DeclaredProperty {
    var declaration: Declaration { get }
    /// Takes one occurrence's value; for a flag the text is empty.
    func accept(_ text: String) throws(UsageError)
}

/// The declared properties of the verb that is being made, in their order. Not by reflection, which takes longer than the
/// rest of a command's start.
final class DeclarationList: Sendable {
    @TaskLocal static var current: DeclarationList?

    // Filled and read by the one thread that makes the verb.
    nonisolated(unsafe) private(set) var properties: [any DeclaredProperty] = []

    static func add(_ property: any DeclaredProperty) { current?.properties.append(property) }
}

/// Where a declared property keeps its value: a reference, because the parser's list has a copy of the wrapper.
final class Cell<Value> {
    var value: Value
    init(_ value: Value) { self.value = value }
}

/// Options that several verbs share; a property of this type is declared as if its options stood in the verb itself.
package protocol OptionGroup {
    init()
}

/// `--name` or `-n`: off unless given.
@propertyWrapper
package struct Flag: DeclaredProperty {
    package let declaration: Declaration
    private let cell = Cell(false)

    package init(_ name: String, short: Character? = nil, help: String) {
        declaration = Declaration(
            kind: .flag, name: name, short: short, placeholder: "", help: help, isRequired: false, isRepeated: false)
        DeclarationList.add(self)
    }

    package var wrappedValue: Bool { cell.value }
    package func accept(_ text: String) { cell.value = true }
}

/// `--name VALUE`, `--name=VALUE`, `-nVALUE`: an optional value, a list when it may be repeated, or a value with a default.
@propertyWrapper
package struct Option<Value>: DeclaredProperty {
    package let declaration: Declaration
    private let cell: Cell<Value>
    private let parse: (String, Cell<Value>) throws(UsageError) -> Void

    package var wrappedValue: Value { cell.value }
    package func accept(_ text: String) throws(UsageError) { try parse(text, cell) }

    package init<T: ArgumentValue>(
        _ name: String, short: Character? = nil, placeholder: String = "VALUE", help: String
    ) where Value == T? {
        declaration = .option(name, short, placeholder, help, T.self, repeated: false)
        cell = Cell(nil)
        parse = { text, cell throws(UsageError) in cell.value = try T.read(text, for: "--\(name)") }
        DeclarationList.add(self)
    }

    package init<T: ArgumentValue>(
        _ name: String, short: Character? = nil, placeholder: String = "VALUE", help: String
    ) where Value == [T] {
        declaration = .option(name, short, placeholder, help, T.self, repeated: true)
        cell = Cell([])
        parse = { text, cell throws(UsageError) in cell.value.append(try T.read(text, for: "--\(name)")) }
        DeclarationList.add(self)
    }

    package init(
        wrappedValue: Value, _ name: String, short: Character? = nil, placeholder: String = "VALUE", help: String
    ) where Value: ArgumentValue {
        declaration = .option(name, short, placeholder, help, Value.self, repeated: false)
        cell = Cell(wrappedValue)
        parse = { text, cell throws(UsageError) in cell.value = try Value.read(text, for: "--\(name)") }
        DeclarationList.add(self)
    }
}

/// A positional argument: required, optional, a list (the last one), or with `remainder` the rest of the line as it is.
@propertyWrapper
package struct Argument<Value>: DeclaredProperty {
    package let declaration: Declaration
    private let cell: Cell<Value?>
    private let parse: (String, Cell<Value?>) throws(UsageError) -> Void

    /// The parser has refused the line before a required argument without a value can be read.
    package var wrappedValue: Value { cell.value! }
    package func accept(_ text: String) throws(UsageError) { try parse(text, cell) }

    package init(_ name: String, help: String) where Value: ArgumentValue {
        declaration = .positional(name, help, Value.self, required: true, repeated: false)
        cell = Cell(nil)
        parse = { text, cell throws(UsageError) in cell.value = try Value.read(text, for: name) }
        DeclarationList.add(self)
    }

    package init<T: ArgumentValue>(_ name: String, help: String) where Value == T? {
        declaration = .positional(name, help, T.self, required: false, repeated: false)
        cell = Cell(.some(nil))
        parse = { text, cell throws(UsageError) in cell.value = .some(try T.read(text, for: name)) }
        DeclarationList.add(self)
    }

    package init<T: ArgumentValue>(
        _ name: String, required: Bool = true, remainder: Bool = false, help: String
    ) where Value == [T] {
        var declaration = Declaration.positional(name, help, T.self, required: required, repeated: true)
        if remainder { declaration.kind = .remainder }
        self.declaration = declaration
        cell = Cell([])
        parse = { text, cell throws(UsageError) in cell.value?.append(try T.read(text, for: name)) }
        DeclarationList.add(self)
    }
}

extension Declaration {
    fileprivate static func option<T: ArgumentValue>(
        _ name: String, _ short: Character?, _ placeholder: String, _ help: String, _ type: T.Type, repeated: Bool
    ) -> Declaration {
        Declaration(
            kind: .option, name: name, short: short, placeholder: placeholder, help: help, isRequired: false,
            isRepeated: repeated, choices: T.choices)
    }

    fileprivate static func positional<T: ArgumentValue>(
        _ name: String, _ help: String, _ type: T.Type, required: Bool, repeated: Bool
    ) -> Declaration {
        Declaration(
            kind: .positional, name: name, short: nil, placeholder: "", help: help, isRequired: required,
            isRepeated: repeated, choices: T.choices)
    }
}

extension ArgumentValue {
    fileprivate static func read(_ text: String, for what: String) throws(UsageError) -> Self {
        if let value = Self(argument: text) { return value }
        throw UsageError(
            "\(what): ‘\(Printable.line(text))’ is not \(expectation)\(suggestion(for: text, among: choices))")
    }
}
