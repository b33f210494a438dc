import Catalog
import Evidence
import Foundation
import Glibc
import Ledger
import Testing

/// A fresh folder that is removed with this object.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let parent = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"
        var name = Array("\(parent)/minhchung-catalog-XXXXXX".utf8CString)
        try #require(mkdtemp(&name) != nil)
        path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }  // a leftover in /dev/shm fails no test

    /// Runs SQL with SQLite's own program, as somebody with the files would, and answers what it prints.
    @discardableResult
    func sqlite(_ database: String, _ sql: String) throws -> String {
        try runSQLite("\(path)/\(database)", sql)
    }

    /// The same without the triggers that stop mistakes.
    func tamper(_ sql: String) throws {
        try sqlite("archive.sqlite", "BEGIN;\n\(try dropTriggers())\n\(sql);\nCOMMIT;\n")
    }

    private func dropTriggers() throws -> String {
        try sqlite("archive.sqlite", "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger';")
    }

    /// Every row of these tables of `archive.sqlite`, in the order of all columns.
    func dump(_ tables: [String]) throws -> String {
        try sqlite(
            "archive.sqlite",
            tables.map { ".print == \($0)\n.mode quote\nSELECT * FROM \($0) ORDER BY 1, 2;" }.joined(separator: "\n"))
    }
}

let sqliteProgram = "/usr/bin/sqlite3"
let hasSQLite = FileManager.default.isExecutableFile(atPath: sqliteProgram)
let sqliteAbsence: Comment = "needs the program sqlite3"

struct SQLiteRefused: Error, CustomStringConvertible {
    let description: String
}

func runSQLite(_ database: String, _ sql: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: sqliteProgram)
    process.arguments = ["-batch", "-bail", database]
    let (input, output, errors) = (Pipe(), Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: Data((sql + "\n").utf8))
    try input.fileHandleForWriting.close()
    let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    let complaint = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0, complaint.isEmpty else { throw SQLiteRefused(description: complaint) }
    return text
}

let historyTables = ["record", "record_body", "record_node", "access", "access_node", "piece_list"]
let viewTables = ["object", "item", "record_subject"]

let operatorAtConsole = Actor(account: "console:lan")

func moment(_ minutes: Int) -> Timestamp { Timestamp(milliseconds: 1_795_245_300_000 + Int64(minutes) * 60_000) }

func object(_ number: Int, size: Int64 = 10) -> ObjectDescription {
    let digest = Digest(of: "object \(number)".utf8)
    return ObjectDescription(digest: digest, size: size, pieceListDigest: Digest(of: digest.bytes))
}

func deposit(
    _ object: ObjectDescription, item: EvidenceID = .random(), _ metadata: EvidenceMetadata = EvidenceMetadata(title: "Giấy khen")
) -> Catalog.Draft {
    Catalog.Draft(.evidenceDeposited(Deposit(item: item, object: object, metadata: metadata)), subjects: [item.text])
}

/// The error of `body`, which has to throw one of the catalog's.
func catalogError(_ body: () throws -> Void) throws -> CatalogError {
    do { try body() } catch { return try #require(error as? CatalogError, "\(error)") }
    throw NothingThrown()
}

struct NothingThrown: Error {}

/// A history of deposits, descriptions, extractions and damages, made from a seed.
struct RandomHistory {
    var generator: SeededGenerator
    var items: [EvidenceID] = []
    var objects: [ObjectDescription] = []
    /// The bytes of text objects.
    var texts: [Digest: [UInt8]] = [:]

    static let words = [
        "Đồng", "Tháp", "đồng", "thấp", "học", "tập", "Công", "dân", "giấy", "khen", "chứng", "nhận", "kỹ", "năng", "hoà", "hòa", "677/QĐ-TTg",
        "2025", "Nguyễn", "Văn", "Mẫu", "dong", "thap",
    ]

    init(seed: UInt64 = UInt64.random(in: 0...UInt64.max)) { generator = SeededGenerator(seed: seed) }

    private mutating func pick<Element>(_ elements: [Element]) -> Element { elements[Int.random(in: elements.indices, using: &generator)] }
    private mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < share }
    private mutating func text(_ count: ClosedRange<Int>) -> String {
        (0..<Int.random(in: count, using: &generator)).map { _ in pick(Self.words) }.joined(separator: " ")
    }

    private mutating func metadata() -> EvidenceMetadata {
        EvidenceMetadata(
            title: chance(0.8) ? text(1...5) : nil, kind: pick(EvidenceKind.allCases), issuer: chance(0.5) ? text(1...3) : nil,
            codeNumber: chance(0.3) ? "677" : nil, codeNotation: chance(0.3) ? "QĐ-TTg" : nil, subject: chance(0.3) ? text(1...3) : nil,
            issuedOn: chance(0.5) ? CalendarDate(year: 2025, month: Int.random(in: 1...12, using: &generator), day: 7) : nil,
            holder: chance(0.7) ? pick(["Nguyễn Văn Mẫu", "Trần Thị Thí Dụ", "Lê Minh Họa"]) : nil, fileName: chance(0.5) ? "a.pdf" : nil,
            assurance: pick(AssuranceLevel.allCases))
    }

    private mutating func identifier(_ prefix: String) -> String {
        prefix + String((0..<16).map { _ in pick(Array("0123456789abcdefghjkmnpqrstvwxyz")) })
    }

    mutating func draft() -> Catalog.Draft {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0...3: break
        case 4...5 where !items.isEmpty:
            let item = pick(items)
            return Catalog.Draft(.evidenceDescribed(item: item, metadata()), subjects: [item.text])
        case 6...7 where !objects.isEmpty:
            let object = pick(objects)
            let subjects = items.isEmpty || chance(0.2) ? [] : [pick(items).text]
            guard chance(0.7) else {
                return Catalog.Draft(
                    .objectExtracted(object: object.digest, ExtractionFinding(state: .failed, reason: text(1...2), tool: pick(["t/1", "t/2"]))),
                    subjects: subjects)
            }
            let pages = (0..<Int.random(in: 1...3, using: &generator)).map { _ in text(0...12) + "\u{0C}" }
            let bytes = Array(pages.joined().utf8)
            let description = ObjectDescription(
                digest: Digest(of: bytes), size: Int64(bytes.count), pieceListDigest: Digest(of: Digest(of: bytes).bytes))
            texts[description.digest] = bytes
            return Catalog.Draft(
                .objectExtracted(
                    object: object.digest,
                    ExtractionFinding(state: .extracted, mediaType: "text/plain", pageCount: pages.count, text: description, tool: "t/1")),
                subjects: subjects)
        case 8 where !objects.isEmpty:
            return Catalog.Draft(.objectDamaged(object: pick(objects).digest, damage: "it is missing"), subjects: [])
        case 9 where !objects.isEmpty:
            return Catalog.Draft(.objectRestored(object: pick(objects).digest), subjects: [])
        default: break
        }
        let item = EvidenceID(unchecked: identifier("ev-"))
        let deposited = chance(0.3) && !objects.isEmpty ? pick(objects) : object(Int.random(in: 0...10_000, using: &generator))
        if !objects.contains(deposited) { objects.append(deposited) }
        items.append(item)
        return deposit(deposited, item: item, metadata())
    }

    mutating func drafts(upTo count: Int) -> [Catalog.Draft] { (0..<Int.random(in: 1...count, using: &generator)).map { _ in draft() } }
}

/// A small generator whose seed can be printed and given again (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init(seed: UInt64 = UInt64.random(in: 0...UInt64.max)) {
        self.seed = seed
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
