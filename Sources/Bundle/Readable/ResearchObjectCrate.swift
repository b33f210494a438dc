internal import Evidence
public import Ledger

/// `data/ro-crate-metadata.json` of a bundle: what is in `data/`, for programs that know RO-Crate 1.1.
public struct ResearchObjectCrate {
    /// A file of `data/`: its name relative to that folder, its size in bytes, and its media type where that is known.
    public typealias File = (name: String, size: Int64, mediaType: String?)

    private var crate: Crate

    /// Describes the decision and the files. The same members and files give the same bytes, in whatever order the files are given.
    ///
    /// The decision on each title is a `CreateAction` of its authority: `object` is the evidence that it cites, `result` the title, and
    /// `instrument` the rules. `datePublished` is the latest moment that the decision's members speak of, because a bundle of the same
    /// checkpoint is the same bytes whenever it is made.
    public init(_ decision: JSON, files: [File]) {
        crate = Crate(decision: DecisionMembers(decision), files: files.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
        crate.describe()
    }

    /// Sets the size of a file that was given with another, because it was not known yet.
    public mutating func set(size: Int64, of name: String) { crate.set(size: size, of: name) }

    /// Canonical JSON and a newline.
    public var bytes: [UInt8] { crate.document.canonicalBytes + [0x0A] }
}

private struct Crate {
    let decision: DecisionMembers
    let files: [ResearchObjectCrate.File]
    private var graph: [JSON] = []
    /// Ids of the entities that are in the graph: each is described once.
    private var described: Set<String> = []
    private let itemsByObject: [String: [Member]]
    private let names: Set<String>

    init(decision: DecisionMembers, files: [ResearchObjectCrate.File]) {
        self.decision = decision
        self.files = files
        names = Set(files.map(\.name))
        itemsByObject = Dictionary(grouping: decision.evidence) { $0["object"].string ?? "" }
    }

    /// `sha256` came into schema.org after the version that the context of RO-Crate 1.1 has, so it is declared here.
    private static let context = JSON.array([
        .string("https://w3id.org/ro/crate/1.1/context"), .object(["sha256": .string("http://schema.org/sha256")]),
    ])
    private static let descriptor = "ro-crate-metadata.json"

    mutating func add(_ id: String, _ type: String, _ members: [String: JSON?]) {
        guard described.insert(id).inserted else { return }
        var entity = members.compactMapValues(\.self)
        entity["@id"] = .string(id)
        entity["@type"] = .string(type)
        graph.append(.object(entity))
    }

    mutating func describe() {
        add(Self.descriptor, "CreativeWork", ["about": Self.reference("./"), "conformsTo": Self.reference("https://w3id.org/ro/crate/1.1")])
        var actions: [String?] = []
        for title in decision.titles { actions.append(action(title)) }
        actions.append(honourAction())
        addRoot(mentions: actions.compactMap(\.self))
        addFiles()
        addTerms()
    }

    mutating func set(size: Int64, of name: String) {
        let id = JSON.string(Self.path(name))
        for index in graph.indices {
            guard case .object(var entity) = graph[index], entity["@id"] == id else { continue }
            entity["contentSize"] = .string(String(size))
            graph[index] = .object(entity)
            return
        }
        // Because a crate that says a wrong size must not be signed, and only this program says which file is meant.
        preconditionFailure("a size is set of what is described")
    }

    var document: JSON { .object(["@context": Self.context, "@graph": .array(graph)]) }

    // MARK: The whole

    private mutating func addRoot(mentions: [String]) {
        let parts = files.filter { $0.name != Self.descriptor }.map { Self.reference(Self.path($0.name)) }
        let issued = decision.titles.compactMap { $0["document"]["issued_on"].day }.max() ?? decision.whole["honour"]["document"]["issued_on"].day
        // The descriptor is to be the first and the root the next: readers by eye look there.
        let entities = graph
        graph = Array(entities.prefix(1))
        add(
            "./", "Dataset",
            [
                "name": .string(name), "description": .string(Self.description), "identifier": decision.bundleName.map(JSON.string),
                "datePublished": (decision.latestTime.map { "\($0)" } ?? issued.map { "\($0)" }).map(JSON.string),
                "license": Self.reference("#terms"), "inLanguage": .string("vi"), "hasPart": .array(parts),
                "mentions": mentions.isEmpty ? nil : .array(mentions.map(Self.reference)), "publisher": publisher.map(Self.reference),
            ])
        graph += entities.dropFirst()
        if let publisher, let archive = decision.whole["archive"].string {
            add(publisher, "ArchiveOrganization", ["name": .string("MinhChung \(archive)"), "identifier": .string(archive)])
        }
    }

    private var publisher: String? { decision.whole["archive"].string.map { Self.local($0) } }

    private var name: String {
        let scope = decision.whole["scope"]
        if decision.isList {
            let unit = decision.titles.first { $0["unit"]["unit"].string == scope["unit"].string }?["unit"]["name"].string ?? scope["unit"].string
            let parts = [unit, scope["cycle"].integer.map { "năm \($0)" }].compactMap(\.self)
            return "Danh sách danh hiệu “Công dân học tập”" + (parts.isEmpty ? "" : ": \(parts.joined(separator: ", "))")
        }
        let title = decision.titles.last
        let parts = [title?["person"]["name"].string, title?["cycle"].integer.map { "năm \($0)" }].compactMap(\.self)
        return "Hồ sơ minh chứng danh hiệu “Công dân học tập”" + (parts.isEmpty ? "" : ": \(parts.joined(separator: ", "))")
    }

    private static let description =
        "Minh chứng, bản ghi và quyết định của danh hiệu “Công dân học tập”, do kho lưu trữ MinhChung lập. Cách kiểm tra: ../VERIFY.md. "
        + "(Evidence, records and decision behind a title of the programme “Learning Citizen”.)"

    private mutating func addTerms() {
        add(
            "#terms", "CreativeWork",
            [
                "name": .string("Điều kiện sử dụng (terms of use)"),
                "description": .string(
                    "Có dữ liệu cá nhân. Chỉ dùng để kiểm tra quyết định này; không công bố lại. "
                        + "(Personal data. For checking this decision only; not to be published.)"),
            ])
    }

    // MARK: Actions

    /// Describes the decision on a title, and answers with its id.
    private mutating func action(_ title: Member) -> String? {
        guard let id = title["title"].string else { return nil }
        let document = title["document"]
        let person = addPerson(title["person"])
        let authority = addAuthority(document)
        let cited = title["citations"].list.compactMap { $0["evidence"]["object"].string }
        var objects: [String] = []
        for digest in Self.unique(cited) {
            if let id = object(digest) { objects.append(id) }
        }
        let instruments = [title["rules"], title["criteria"]].compactMap { rule -> String? in
            rule["object"].digest.map { "rules/\($0.hex).json" }
        }
        let states = ["stands": "còn hiệu lực", "revoked": "đã thu hồi", "replaced": "đã thay thế"]
        add(
            Self.local(id), "EducationalOccupationalCredential",
            [
                "name": .string("Công dân học tập" + (title["cycle"].integer.map { " năm \($0)" } ?? "")), "identifier": .string(id),
                "about": person.map(Self.reference), "recognizedBy": authority.map(Self.reference),
                "description": title["state"].string.map { .string(states[$0] ?? $0) }, "credentialCategory": .string("danh hiệu"),
            ])
        let action = Self.local("\(id)-decision")
        add(
            action, "CreateAction",
            [
                "name": .string("Quyết định" + (PageParts.codeText(document).map { " \($0)" } ?? "")), "agent": authority.map(Self.reference),
                "object": objects.isEmpty ? nil : .array(objects.map(Self.reference)), "result": Self.reference(Self.local(id)),
                "instrument": instruments.isEmpty ? nil : .array(instruments.map(Self.reference)),
                "endTime": document["issued_on"].day.map { .string("\($0)") },
                "participant": person.map(Self.reference),
            ])
        return action
    }

    private mutating func honourAction() -> String? {
        let honour = decision.whole["honour"]
        guard let id = honour["honour"].string else { return nil }
        let document = honour["document"]
        let authority = addAuthority(document)
        let person = addPerson(honour["person"])
        let titles = honour["titles"].strings.map { Self.local($0) }.filter(described.contains)
        add(
            Self.local(id), "EducationalOccupationalCredential",
            [
                "name": .string("Công dân học tập" + (honour["name"].string.map { " \($0)" } ?? "")), "identifier": .string(id),
                "about": person.map(Self.reference), "recognizedBy": authority.map(Self.reference), "credentialCategory": .string("ghi nhận"),
            ])
        let action = Self.local("\(id)-decision")
        add(
            action, "CreateAction",
            [
                "name": .string("Quyết định" + (PageParts.codeText(document).map { " \($0)" } ?? "")), "agent": authority.map(Self.reference),
                "object": titles.isEmpty ? nil : .array(titles.map(Self.reference)), "result": Self.reference(Self.local(id)),
                "endTime": document["issued_on"].day.map { .string("\($0)") }, "participant": person.map(Self.reference),
            ])
        return action
    }

    private mutating func addPerson(_ person: Member) -> String? {
        guard let id = person["person"].string else { return nil }
        add(Self.local(id), "Person", ["name": person["name"].string.map(JSON.string), "identifier": .string(id)])
        return Self.local(id)
    }

    private mutating func addAuthority(_ document: Member) -> String? {
        guard let name = document["authority"].string else { return nil }
        let id = Self.local("authority-\(Digest(of: name.utf8).hex.prefix(16))")
        add(id, "Organization", ["name": .string(name)])
        return id
    }

    /// The id of an object of the evidence: its file, or, where that is not enclosed, an entity that says what is missing.
    private mutating func object(_ digest: String) -> String? {
        guard let digest = Digest(hex: digest) else { return nil }
        let path = "evidence/\(digest.hex)"
        if names.contains(path) { return path }
        let id = Self.local("object-\(digest.hex)")
        let states = ["withheld": "không kèm theo", "erased": "đã xóa"]
        let state = decision.file(digest.hex)["state"].string
        add(
            id, "CreativeWork",
            [
                "name": .string(evidenceName(digest.hex) ?? digest.hex), "identifier": .string("sha256:\(digest.hex)"),
                "description": state.map { .string(states[$0] ?? $0) },
            ])
        return id
    }

    // MARK: Files

    private func items(of object: String) -> [Member] { itemsByObject[object] ?? [] }

    private func evidenceName(_ object: String) -> String? {
        let metadata = items(of: object).map { $0["metadata"] }
        return metadata.compactMap { $0["title"].string }.first ?? metadata.compactMap { $0["file_name"].string }.first
    }

    private mutating func addFiles() {
        let names = [
            "index.html": "Quyết định, cho người đọc", "decision.json": "Quyết định, cho chương trình", "access.jsonl": "Sổ truy cập: ai đã xem",
        ]
        for file in files where file.name != Self.descriptor {
            let parts = file.name.split(separator: "/", omittingEmptySubsequences: false)
            let stem = String(parts.last?.prefix { $0 != "." } ?? "")
            var members: [String: JSON?] = [
                "contentSize": .string(String(file.size)), "encodingFormat": (file.mediaType ?? mediaType(of: file.name, stem)).map(JSON.string),
            ]
            switch parts.first {
            case "evidence" where parts.count == 2:
                members["name"] = .string(evidenceName(stem) ?? stem)
                members["alternateName"] = items(of: stem).compactMap { $0["metadata"]["file_name"].string }.first.map(JSON.string)
                members["sha256"] = Digest(hex: stem).map { .string($0.hex) }
            case "texts" where parts.count == 2:
                members["name"] = .string("Văn bản trích ra \(stem.prefix(12))")
                members["sha256"] = Digest(hex: stem).map { .string($0.hex) }
            case "rules" where parts.count == 2:
                members["name"] = .string(ruleName(stem) ?? stem)
                members["sha256"] = Digest(hex: stem).map { .string($0.hex) }
            case "records" where parts.count == 2:
                members["name"] = .string("Bản ghi \(Int64(stem).map(String.init) ?? stem)")
            default:
                members["name"] = .string(names[file.name] ?? file.name)
            }
            add(Self.path(file.name), "File", members)
        }
    }

    /// Of evidence what its extraction found, of the other files what the format of bundles says.
    private func mediaType(of name: String, _ stem: String) -> String? {
        if name.hasPrefix("evidence/") { return items(of: stem).compactMap { $0["extraction"]["media_type"].string }.first }
        let types = [".html": "text/html", ".json": "application/json", ".jsonl": "application/jsonl", ".txt": "text/plain"]
        return name.lastIndex(of: ".").flatMap { types[String(name[$0...])] }
    }

    private func ruleName(_ object: String) -> String? {
        decision.titles.lazy.flatMap { [$0["rules"], $0["criteria"]] }.first { $0["object"].string == object }?["title"].string
    }

    // MARK: Ids

    private static func reference(_ id: String) -> JSON { .object(["@id": .string(id)]) }

    private static func unique(_ values: [String]) -> [String] {
        var seen: Set<String> = []
        return values.filter { seen.insert($0).inserted }
    }

    /// An id of something that is no file.
    private static func local(_ name: String) -> String { "#\(path(name))" }

    /// A relative reference: whatever is no plain character of a path is written with percent signs (RFC 3986 §2.1).
    private static func path(_ name: String) -> String {
        func isPlain(_ byte: UInt8) -> Bool {
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "-._/".utf8.contains(byte)
        }
        if name.utf8.allSatisfy(isPlain) { return name }
        var text = ""
        for byte in name.utf8 {
            let digits = String(byte, radix: 16, uppercase: true)
            text += isPlain(byte) ? String(Unicode.Scalar(byte)) : "%\(digits.utf8.count == 1 ? "0" : "")\(digits)"
        }
        return text
    }
}
