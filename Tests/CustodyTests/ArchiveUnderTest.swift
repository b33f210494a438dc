import Custody
import Evidence
import Foundation
import Glibc
import Synchronization
import Testing

/// The real worker, which the build puts beside the test bundle; the bundle is the running program.
let workerPath: String = {
    var name = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &name, name.count - 1)
    let bundle = String(decoding: name[..<max(length, 0)].map(UInt8.init(bitPattern:)), as: UTF8.self)
    return bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/minhchung-extract"
}()

/// The sample that the program ships with.
let sampleFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Storage/Sample/documents").standardizedFileURL

let console = Actor.console(user: "lan")

/// A clock that the tests hold: each look at it is a millisecond later.
final class TestClock: Sendable {
    private let milliseconds: Mutex<Int64>
    private let isMachines: Bool

    /// - Parameter isMachines: whether it goes on with the machine's, as one that others judge by theirs has to.
    init(isMachines: Bool = false) {
        self.isMachines = isMachines
        milliseconds = Mutex(isMachines ? 0 : 1_795_245_300_000)
    }

    func now() -> Timestamp {
        Timestamp(
            milliseconds: milliseconds.withLock { time in
                time += 1
                return isMachines ? Archive.systemTime().milliseconds + time : time
            })
    }

    func advance(minutes: Int) { advance(seconds: minutes * 60) }
    func advance(seconds: Int) { milliseconds.withLock { $0 += Int64(seconds) * 1000 } }
}

/// A fresh folder with an archive in it and files beside it, removed with this object.
final class TestPlace: Sendable {
    let path: String
    let clock: TestClock
    var archivePath: String { path + "/archive" }

    /// - Parameter parent: where to make it; in memory where nothing rests on a disk.
    init(in parent: String = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : "/tmp", clock: TestClock = TestClock()) throws {
        self.clock = clock
        var name = Array("\(parent)/minhchung-custody-XXXXXX".utf8CString)
        try #require(mkdtemp(&name) != nil)
        path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }  // a leftover in /dev/shm fails no test

    /// Opens the archive, making it when there is none, and closes it and lets go of it after `body`.
    @discardableResult
    func archive<Result>(
        worker: String = workerPath, uploadLimits: UploadLimits = UploadLimits(), _ body: (Archive) async throws -> Result
    ) async throws -> Result {
        let archive = try await open(worker: worker, uploadLimits)
        do {
            let result = try await body(archive)
            try await archive.close()
            return result
        } catch {
            try await archive.close()
            throw error
        }
    }

    /// Opens the archive. The lock of the one before goes with its last reference, which a thread of that archive may hold for a moment.
    private func open(worker: String, _ limits: UploadLimits) async throws -> Archive {
        let clock = clock
        guard FileManager.default.fileExists(atPath: archivePath + "/format.json") else {
            return try await Archive.create(
                at: archivePath, by: console, worker: worker, holder: "a test", uploadLimits: limits, now: { clock.now() })
        }
        for _ in 0..<20_000 {
            do {
                return try await Archive.open(at: archivePath, worker: worker, holder: "a test", uploadLimits: limits, now: { clock.now() })
            } catch  where Archive.isInUse(error) {
                sched_yield()
            }
        }
        return try await Archive.open(at: archivePath, worker: worker, holder: "a test", uploadLimits: limits, now: { clock.now() })
    }

    /// Writes a file to deposit and answers its source.
    func source(_ name: String, _ text: String, _ metadata: EvidenceMetadata = EvidenceMetadata()) throws -> DepositSource {
        try source(name, Array(text.utf8), metadata)
    }

    func source(_ name: String, _ bytes: [UInt8], _ metadata: EvidenceMetadata = EvidenceMetadata()) throws -> DepositSource {
        let file = "\(path)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        var metadata = metadata
        if metadata.fileName == nil { metadata.fileName = name }
        return DepositSource(path: Array(file.utf8), metadata: metadata)
    }

    func objectPath(_ digest: Digest) -> String { "\(archivePath)/objects/sha256/\(digest.hex.prefix(2))/\(digest.hex)" }

    func objectCount() throws -> Int {
        try FileManager.default.subpathsOfDirectory(atPath: archivePath + "/objects/sha256").filter { $0.utf8.count > 64 }.count
    }

    func names(in folder: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: "\(archivePath)/\(folder)").sorted() }

    /// Changes the bytes of an object behind the archive's back.
    func edit(_ digest: Digest, _ body: (inout [UInt8]) -> Void) throws {
        let path = objectPath(digest)
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        body(&bytes)
        try #require(unlink(path) == 0)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        try #require(chmod(path, 0o400) == 0)
    }

    /// Runs SQL with SQLite's own program on a database of the closed archive, without the triggers that stop mistakes.
    @discardableResult
    func sqlite(_ database: String, _ sql: String) throws -> String {
        func run(_ sql: String) throws -> String {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: sqliteProgram)
            process.arguments = ["-batch", "-bail", "\(archivePath)/\(database)"]
            let (input, output) = (Pipe(), Pipe())
            process.standardInput = input
            process.standardOutput = output
            process.standardError = output
            try process.run()
            try input.fileHandleForWriting.write(contentsOf: Data((sql + "\n").utf8))
            try input.fileHandleForWriting.close()
            let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            process.waitUntilExit()
            try #require(process.terminationStatus == 0, "\(text)")
            return text
        }
        let drops = try run("SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger' AND name NOT LIKE 'test_%';")
        return try run(drops + sql)
    }
}

/// Another process that reads a database of an archive and goes on reading, as a backup does.
final class DatabaseReader {
    private let process = Process()
    private let (input, output) = (Pipe(), Pipe())

    /// When it returns, the reader has begun.
    init(of database: String, in place: TestPlace) throws {
        process.executableURL = URL(fileURLWithPath: sqliteProgram)
        process.arguments = ["-batch", "-readonly", "\(place.archivePath)/\(database)"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data("BEGIN;\nSELECT count(*) FROM sqlite_schema;\n".utf8))
        try #require(!output.fileHandleForReading.availableData.isEmpty)
    }

    func end() throws {
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}

let sqliteProgram = "/usr/bin/sqlite3"
let hasSQLite = FileManager.default.isExecutableFile(atPath: sqliteProgram)
let sqliteAbsence: Comment = "needs the program sqlite3"

/// Collects what is reported from other threads.
final class Collected<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])
    func add(_ element: Element) { elements.withLock { $0.append(element) } }
    var all: [Element] { elements.withLock { $0 } }
}

/// What a deposit reported.
struct Deposited {
    let summary: DepositSummary
    let events: [DepositEvent]

    /// Item and object of each source that was deposited, by source.
    var new: [Int: (item: EvidenceID, object: ObjectDescription, isNewObject: Bool)] {
        var found: [Int: (EvidenceID, ObjectDescription, Bool)] = [:]
        for case .deposited(let source, let item, let object, let isNew) in events { found[source] = (item, object, isNew) }
        return found
    }

    var already: [Int: EvidenceID] {
        var found: [Int: EvidenceID] = [:]
        for case .alreadyDeposited(let source, let item, _, _) in events { found[source] = item }
        return found
    }

    var refused: [Int: any Error] {
        var found: [Int: any Error] = [:]
        for case .refused(let source, let error) in events { found[source] = error }
        return found
    }

    var repaired: [(Digest, String)] { events.compactMap { if case .repaired(let digest, let damage) = $0 { (digest, damage) } else { nil } } }
    var extracted: [ExtractionEvent] { events.compactMap { if case .extracted(let event) = $0 { event } else { nil } } }

    /// The only item that was deposited.
    func onlyItem() throws -> EvidenceID {
        try #require(new.count == 1)
        return try #require(new.values.first?.item)
    }
}

extension Archive {
    func deposit(_ sources: DepositSource..., extracts: Bool = false) async throws -> Deposited {
        try await depositAll(sources, extracts: extracts)
    }

    func depositAll(_ sources: [DepositSource], extracts: Bool = false, by actor: Actor = console) async throws -> Deposited {
        let events = Collected<DepositEvent>()
        let summary = try await deposit(sources, by: actor, extracts: extracts) { events.add($0) }
        return Deposited(summary: summary, events: events.all)
    }

    func verified(_ budget: VerifyBudget = VerifyBudget()) async throws -> (summary: VerifySummary, findings: [Finding]) {
        let findings = Collected<Finding>()
        let summary = try await verify(budget, by: console, report: { findings.add($0) })
        #expect(summary.findings == findings.all.count && summary.isSound == findings.all.isEmpty)
        return (summary, findings.all)
    }

    /// The item's bytes, and whether it began to hand them out; `error` where it stopped.
    func exported(_ reference: String) async -> (bytes: [UInt8], hasBegun: Bool, error: (any Error)?) {
        let bytes = Collected<[UInt8]>()
        let begun = Collected<EvidenceID>()
        do {
            try await export(reference, by: console, begin: { begun.add($0.item) }, write: { bytes.add($0) })
            return (bytes.all.flatMap(\.self), !begun.all.isEmpty, nil)
        } catch {
            return (bytes.all.flatMap(\.self), !begun.all.isEmpty, error)
        }
    }

    func found(_ query: String, isExact: Bool = false, filter: FindFilter = FindFilter()) async throws -> [EvidenceID] {
        try await search(query, isExact: isExact, filter: filter, by: console).hits.map(\.item)
    }
}

extension Finding {
    var record: Int? { if case .record(let number, _) = self { number } else { nil } }
    var isPieceList: Bool { if case .pieceList = self { true } else { false } }
    var foreignPath: String? { if case .foreignFile(let path) = self { path } else { nil } }
    var object: (digest: Digest, items: [EvidenceID], damage: String, quarantined: Bool)? {
        if case .object(let digest, let items, let damage, let quarantined) = self { (digest, items, damage, quarantined) } else { nil }
    }
}

/// Bytes that repeat nowhere within a piece.
func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count { withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) } }
    return Array(bytes[..<count])
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
