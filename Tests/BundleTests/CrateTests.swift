import Bundle
import Evidence
import Ledger
import Testing

/// `ro-crate-metadata.json`, held against what RO-Crate 1.1 demands.
@Suite("The description of a bundle as RO-Crate 1.1")
struct CrateTests {
    struct Crate {
        let context: JSON
        let entities: [[String: JSON]]
        let byID: [String: [String: JSON]]

        init(_ bytes: [UInt8]) throws {
            #expect(bytes.last == 0x0A)
            guard case .object(let whole) = try JSON(canonical: Array(bytes.dropLast())), case .array(let graph)? = whole["@graph"] else {
                throw RecordFormError.missing(field: "@graph")
            }
            context = whole["@context"] ?? .null
            entities = graph.compactMap { if case .object(let members) = $0 { members } else { nil } }
            byID = Dictionary(entities.compactMap { entity in CrateTests.string(entity["@id"]).map { ($0, entity) } }) { first, _ in first }
        }
    }

    static func string(_ value: JSON?) -> String? { if case .string(let text)? = value { text } else { nil } }

    /// Every `@id` that a value refers to.
    static func references(_ value: JSON?) -> [String] {
        switch value {
        case .object(let members)?: string(members["@id"]).map { [$0] } ?? []
        case .array(let values)?: values.flatMap { references($0) }
        default: []
        }
    }

    static func crate(_ decision: JSON) throws -> Crate { try Crate(ResearchObjectCrate(decision, files: ReadableSample.files).bytes) }

    @Test func `a size that is set later gives the same bytes`() throws {
        for decision in try ReadableTests.samples() {
            let unsized = ReadableSample.files.map { ($0.name, $0.name == "index.html" ? 0 : $0.size, $0.mediaType) }
            var crate = ResearchObjectCrate(decision, files: unsized)
            let whole = ResearchObjectCrate(decision, files: ReadableSample.files).bytes
            #expect(crate.bytes != whole)
            crate.set(size: 40_000, of: "index.html")
            #expect(crate.bytes == whole)
        }
    }

    @Test("It has what RO-Crate 1.1 demands: descriptor, root, flat entities that all are there once", arguments: [0, 1, 2])
    func demands(sample: Int) throws {
        let decisions = try ReadableTests.samples()
        for decision in [decisions[sample], Hostile.poisoned(decisions[sample]), Hostile.replaced(decisions[sample])] {
            let crate = try Self.crate(decision)
            guard case .array(let contexts) = crate.context else { throw RecordFormError.wrong(field: "@context") }
            #expect(contexts.first == .string("https://w3id.org/ro/crate/1.1/context"))
            let descriptor = try #require(crate.byID["ro-crate-metadata.json"])
            #expect(descriptor["@type"] == .string("CreativeWork"))
            #expect(Self.references(descriptor["about"]) == ["./"])
            #expect(Self.references(descriptor["conformsTo"]) == ["https://w3id.org/ro/crate/1.1"])
            let root = try #require(crate.byID["./"])
            #expect(root["@type"] == .string("Dataset"))
            for member in ["name", "description"] { #expect(Self.string(root[member]) != nil) }
            #expect(crate.byID[try #require(Self.references(root["license"]).first)] != nil)
            let files = crate.entities.filter { $0["@type"] == .string("File") }
            #expect(Set(Self.references(root["hasPart"])) == Set(files.compactMap { Self.string($0["@id"]) }))
            #expect(files.count == ReadableSample.files.count - 1, "the descriptor describes itself alone")
            #expect(crate.byID.count == crate.entities.count, "an entity is there twice")
            for entity in crate.entities {
                let id = try #require(Self.string(entity["@id"]))
                #expect(id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !#"<>"{}|\^`"#.utf8.contains($0) }, "\(id) is no reference")
                for (name, value) in entity where name != "conformsTo" {
                    for reference in Self.references(value) {
                        #expect(crate.byID[reference] != nil, "\(id) refers to \(reference), which is not there")
                    }
                }
            }
        }
    }

    @Test("The decision is an action of the authority on the evidence")
    func decisionIsAnAction() throws {
        let crate = try Self.crate(try ReadableSample.single())
        #expect(crate.byID["./"]?["datePublished"] == .string("2026-11-01T20:00:00.000Z"))
        #expect(crate.byID["./"]?["identifier"] == .string("ti-73r0c5ypgs1qv9d8-191"))
        let action = try #require(crate.entities.first { $0["@type"] == .string("CreateAction") })
        #expect(action["name"] == .string("Quyết định 125/QĐ-UBND"))
        let authority = try #require(Self.references(action["agent"]).first.flatMap { crate.byID[$0] })
        #expect(authority["name"] == .string("Ủy ban nhân dân phường Tân Thạnh"))
        // The photo is enclosed in the list of files that this crate is given; the minutes are not.
        let objects = Self.references(action["object"])
        #expect(objects == ["evidence/\(ReadableSample.object)", "evidence/\(ReadableSample.photo)", "#object-\(ReadableSample.minutes)"])
        #expect(crate.byID["#object-\(ReadableSample.minutes)"]?["description"] == .string("không kèm theo"))
        let file = try #require(crate.byID["evidence/\(ReadableSample.object)"])
        #expect(file["contentSize"] == .string("91231") && file["encodingFormat"] == .string("application/pdf"))
        #expect(file["sha256"] == .string(ReadableSample.object))
        #expect(crate.byID["access.jsonl"]?["encodingFormat"] == .string("application/jsonl"), "a type that is not given is known from the name")
        #expect(file["name"] == .string("Giấy xác nhận tham gia học tập và sinh hoạt cộng đồng"))
        #expect(file["alternateName"] == .string("giấy xác nhận.pdf"))
    }
}
