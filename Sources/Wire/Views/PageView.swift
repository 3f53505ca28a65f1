/// A page of a list, newest first.
package struct PageView<Item: Codable & Sendable>: Sendable, Codable {
    package var items: [Item]
    /// Given as `cursor` it asks for the next page; absent on the last. Opaque.
    package var next: String?

    package init(items: [Item], next: String? = nil) {
        self.items = items
        self.next = next
    }
}

extension PageView: Equatable where Item: Equatable {}
