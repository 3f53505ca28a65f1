import API
import Testing

/// What the probe makes of types that the API does not have, or must not have.
@Suite struct SchemaCatalogTests {
    struct Tree: Codable {
        var name: String
        var children: [Tree]
    }

    struct Chain: Codable {
        final class Link: Codable {
            var next: Link?
            var weight: Double?
        }
        var first: Link
        var byName: [String: [Int]]
        var letters: Set<String>
        var small: UInt8
    }

    enum Closed: String, Codable { case one }

    struct Open: Codable { var closed: Closed }

    struct Picky: Decodable {
        var number: Int

        init(from decoder: any Decoder) throws {
            number = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .number)
            guard number == 7 else {
                throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "seven"))
            }
        }

        enum CodingKeys: CodingKey { case number }
    }

    private func component(_ type: any Decodable.Type, _ name: String) throws -> JSONTree? {
        let catalog = SchemaCatalog()
        _ = try catalog.schema(of: type, .output)
        return catalog.components.first { $0.key.hasSuffix(name) }?.value
    }

    @Test func describesTypesThatHoldThemselves() throws {
        let tree = try component(Tree.self, "Tree")
        #expect(tree?["required"] == ["name", "children"])
        #expect(tree?["properties"]?["children"]?["items"]?["$ref"]?.text?.hasSuffix("Tree") == true)
        let link = try component(Chain.self, "Link")
        #expect(link?["required"] == nil)
        #expect(link?["properties"]?["weight"] == ["type": "number"])
    }

    @Test func describesCollections() throws {
        let properties = try component(Chain.self, "Chain")?["properties"]
        #expect(properties?["small"] == ["type": "integer", "minimum": 0, "maximum": 255])
        #expect(properties?["letters"]?["uniqueItems"] == true)
        #expect(properties?["byName"]?["additionalProperties"]?["items"]?["type"] == "integer")
    }

    @Test func saysWhatItCannotDescribe() {
        let others: [(type: any Decodable.Type, reason: String)] = [
            (Open.self, "CaseIterable"), (Picky.self, "refuses a made-up value"),
            ([Int: String].self, "only a dictionary by String"),
        ]
        for (type, reason) in others {
            #expect {
                try SchemaCatalog().schema(of: type, .output)
            } throws: {
                "\($0)".contains(reason)
            }
        }
    }
}
