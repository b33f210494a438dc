import Custody
import Evidence
import Foundation
import Recognition
import Testing

/// A person in a ward who is to be erased, and all places that name them.
struct Erasable {
    static let name = "Đặng Thị Ngọc Hường"
    static let number = "001 199 000 789"
    /// A word of the person's own text that nobody else has.
    static let word = "Kwzxy"

    let ward: TestWard
    let person: Citizen
    let bystander: Citizen
    /// The person's own item, and one of the same bytes as another's.
    let own: EvidenceID
    let letter: EvidenceID
    let sameLetter: EvidenceID
    /// The bystander's, which names nobody, and a list of names that somebody handed in.
    let others: EvidenceID
    let list: EvidenceID
    let title: TitleID
    let dossier: DossierID
    let othersTitle: TitleID
    let objects: [EvidenceID: Digest]

    var archive: Archive { ward.archive }

    init(_ ward: TestWard) async throws {
        self.ward = ward
        let number = try #require(PersonalNumber(Self.number))
        let entry = PersonEntry(name: Self.name, birthYear: 1985, group: "farmer", account: "huong-1", number: number)
        guard case .registered(let id)? = try await ward.archive.registerPeople([entry], by: officer(.administrator)).first else {
            throw Unexpected("not registered")
        }
        person = Citizen(id: id, actor: .console(user: "lan", actingAs: "huong-1"))
        bystander = try await ward.citizen()
        func deposit(_ name: String, _ text: String, _ metadata: EvidenceMetadata, by actor: Actor = console) async throws -> EvidenceID {
            try await ward.archive.depositAll([try ward.place.source(name, text, metadata)], extracts: true, by: actor).onlyItem()
        }
        own = try await deposit(
            "đơn của Hường.txt", "Tôi là \(Self.name), \(Self.word).\nSố: 91/XN-UBND\n",
            EvidenceMetadata(title: "Đơn", issuer: "UBND", holder: Self.name, person: id))
        letter = try await deposit("thư.txt", "Thư chung của thôn", EvidenceMetadata(holder: Self.name, person: id))
        sameLetter = try await deposit("thư.txt", "Thư chung của thôn", EvidenceMetadata(title: "Thư"), by: officer(.assistant))
        others = try await ward.proof("Chứng nhận của người khác", of: bystander)
        list = try await deposit(
            "danh sách.txt", "Danh sách lớp\n1. DANG THI NGOC HUONG\n2. Ai Khác\n", EvidenceMetadata(title: "Danh sách"), by: officer(.assistant))
        try await ward.archive.describe(
            own, as: EvidenceMetadata(title: "Đơn của \(Self.name)", holder: Self.name, person: id), by: officer(.assistant))
        let outcome = try await ward.decided(person, own, ["A2": letter])
        (title, dossier) = (try #require(outcome.title), outcome.dossier)
        try await ward.step(.object, dossier, .citizen, reason: "\(Self.name) không đồng ý", by: person.actor)
        try await ward.step(.uphold, dossier, .authority, reason: "Đúng quy định", by: officer(.authority, 2))
        // The bystander's review was held by the person, among others.
        let theirs = try await ward.declared(bystander, others)
        try await ward.take(.submit, theirs, bystander)
        try await ward.archive.score(theirs.text, .collective, scores(9), role: .reviewer, by: officer(.reviewer))
        try await ward.step(
            .review, theirs, .reviewer,
            review: Archive.ReviewEntry(
                heldOn: try day(TestWard.heldOn), participants: ["Bà \(Self.name)", "Ông Hai"], votesFor: 2, votesAgainst: 0,
                minutes: ward.minutes.text), by: officer(.reviewer))
        try await ward.advance(theirs, bystander, to: .proposed)
        othersTitle = try #require(try await ward.decide(theirs).first?.title)
        var objects: [EvidenceID: Digest] = [:]
        for item in [own, letter, sameLetter, others, list, ward.minutes] {
            objects[item] = try await ward.archive.item(item.text, by: console).object.digest
        }
        self.objects = objects
    }

    /// What a test may know of all this when the archive is closed.
    struct Known: Sendable {
        let person: PersonID
        let own, letter, sameLetter, others, list, minutes: EvidenceID
        let title, othersTitle: TitleID
        let objects: [EvidenceID: Digest]
    }

    var known: Known {
        Known(
            person: person.id, own: own, letter: letter, sameLetter: sameLetter, others: others, list: list, minutes: ward.minutes, title: title,
            othersTitle: othersTitle, objects: objects)
    }

    func object(_ item: EvidenceID) throws -> Digest { try #require(objects[item]) }

    static func grounds(_ role: Role = .authority, _ reason: String = "Theo yêu cầu") -> ErasureGrounds {
        ErasureGrounds(reason: reason, legalBasis: "Luật 91/2025/QH15, Điều 14", role: role)
    }

    @discardableResult
    func erase(
        _ references: String..., grounds: ErasureGrounds = grounds(), takesShared: Bool? = nil, applies: Bool = true
    ) async throws -> ErasurePlan {
        try await archive.erase(references, grounds: grounds, takesShared: takesShared, applies: applies, by: officer(.authority))
    }
}

/// What tests of erasure look at.
enum Traces {
    static let views = [
        "object", "item", "record_subject", "person", "dossier", "dossier_stage", "citation", "score", "verification", "decision", "redaction",
        "hold", "fixity", "milestone", "access_subject",
    ]

    static func rows(_ place: TestPlace) throws -> String {
        try place.sqlite("archive.sqlite", views.map { ".print == \($0)\n.mode quote\nSELECT * FROM \($0) ORDER BY 1, 2;" }.joined(separator: "\n"))
    }

    /// Every file of the archive, and the erasure list beside it.
    static func files(_ place: TestPlace) throws -> [(name: String, bytes: Data)] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: place.archivePath)
        var files: [(String, Data)] = []
        for name in names {
            var isFolder: ObjCBool = false
            let path = "\(place.archivePath)/\(name)"
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else { continue }
            files.append((name, try Data(contentsOf: URL(fileURLWithPath: path))))
        }
        let list = Archive.erasureList(beside: place.archivePath)
        if FileManager.default.fileExists(atPath: list) { files.append(("list", try Data(contentsOf: URL(fileURLWithPath: list)))) }
        return files
    }

    /// Spellings in which the person might still be there.
    static func spellings(_ text: String) -> [String] {
        let folded = String(text.decomposedStringWithCanonicalMapping.unicodeScalars.filter { !$0.properties.isDiacritic || $0.isASCII })
            .replacing("đ", with: "d").replacing("Đ", with: "D")
        return [text, text.uppercased(), text.lowercased(), folded, folded.lowercased(), folded.uppercased()].flatMap {
            [$0.precomposedStringWithCanonicalMapping, $0.decomposedStringWithCanonicalMapping]
        }
    }

    static func soundForOracle(_ place: TestPlace) async throws {
        let copy = try await Workplace(copyOf: place.archivePath)
        let (status, lines) = try await copy.look()
        #expect(status == 0, "\(lines.joined(separator: "\n"))")
    }

    /// Expects that `body` is refused in these words.
    static func expectRefusal(_ words: String..., body: () async throws -> Void) async {
        do {
            try await body()
            Issue.record("nothing was refused: \(words)")
        } catch {
            for words in words { #expect("\(error)".contains(words)) }
        }
    }
}
