import Catalog
import Evidence
import Foundation
import Ledger
import Testing

@Suite("Appending to the ledger", .enabled(if: hasSQLite, sqliteAbsence))
struct AppendTests {
    /// The root of leaves by the definition of RFC 6962 §2.1, without any of our code.
    static func root(_ leaves: ArraySlice<Digest>) -> Digest {
        switch leaves.count {
        case 0: return Digest(of: [UInt8]())
        case 1: return leaves[leaves.startIndex]
        default:
            var split = 1
            while split * 2 < leaves.count { split *= 2 }
            let middle = leaves.startIndex + split
            return Digest(of: [1] + root(leaves[..<middle]).bytes + root(leaves[middle...]).bytes)
        }
    }

    static func bytes(hex: Substring) -> [UInt8] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16) }
    }

    @Test func `numbers have no gaps, nodes are those of the definition, and reopening gives the same root`() throws {
        let folder = try TemporaryFolder()
        var history = RandomHistory()
        print("seed \(history.generator.seed)")
        var catalog = try Catalog(in: folder.path, creates: true)
        #expect(catalog.recordTree.size == 0 && catalog.recordTree.root == .ofNothing)
        var count = 0
        for step in 0..<20 {
            let drafts = history.drafts(upTo: 6)
            #expect(try catalog.append(drafts, by: operatorAtConsole, at: moment(step)) == count..<count + drafts.count)
            count += drafts.count
            for _ in 0..<step % 3 { try catalog.appendAccess(.viewed, to: ["ev-1"], by: operatorAtConsole, at: moment(step)) }
            if step % 5 == 4 {
                let before = (catalog.recordTree, catalog.accessTree)
                try catalog.close()
                catalog = try Catalog(in: folder.path, creates: true)
                #expect(catalog.recordTree == before.0 && catalog.accessTree == before.1)
            }
        }
        let (records, access) = (catalog.recordTree, catalog.accessTree)
        #expect(records.size == count && access.size == 19)
        for number in [0, count / 2, count - 1] {
            let (size, root) = catalog.recordTree
            let proof = try #require(try catalog.inclusionPath(.records, of: number, size: size))
            let header = RecordForm.headerBytes(try catalog.record(number).header)
            #expect(
                MerkleTree.verifyInclusion(
                    of: MerkleTree.leafHash(header), at: UInt64(number), size: UInt64(size), root: root, proof: proof))
        }
        try catalog.close()

        for (table, tree) in [("record", records), ("access", access)] {
            let headers = try folder.sqlite("archive.sqlite", "SELECT number || ' ' || hex(header) FROM \(table) ORDER BY number;")
                .split(separator: "\n").map { $0.split(separator: " ") }
            #expect(headers.map { Int($0[0]) } == (0..<tree.size).map { $0 })
            let leaves = headers.map { Digest(of: [0] + Self.bytes(hex: $0[1])) }
            #expect(Self.root(leaves[...]) == tree.root)
            var expected: Set<String> = []
            for level in 0..<10 {
                for position in 0..<(tree.size >> level) {
                    let hash = Self.root(leaves[position << level..<(position + 1) << level])
                    expected.insert("\(level) \(position) \(hash.hex)")
                }
            }
            let stored = try folder.sqlite(
                "archive.sqlite", "SELECT level || ' ' || position || ' ' || lower(hex(hash)) FROM \(table)_node;"
            ).split(separator: "\n").map(String.init)
            #expect(Set(stored) == expected && stored.count == expected.count)
        }
        #expect(try folder.sqlite("archive.sqlite", "SELECT count(*) FROM record_body;") == "\(count)\n")
    }

    @Test func `a record is read as it was appended, with a fresh salt each`() throws {
        let folder = try TemporaryFolder()
        let catalog = try Catalog(in: folder.path, creates: true)
        let item = EvidenceID.random()
        let actor = Actor(account: "console:lan", actingAs: "Ẩn \"danh\"")
        let draft = deposit(object(1), item: item)
        try catalog.append([draft, Catalog.Draft(.objectRestored(object: object(1).digest), subjects: [])], by: actor, at: moment(3))
        let (header, body) = try catalog.record(0)
        #expect(body == draft.body && header.actor == actor && header.time == moment(3) && header.subjects == [item.text])
        #expect(header.kind == "evidence.deposited" && header.number == 0)
        #expect(try catalog.records(about: item.text).map(\.header) == [header])
        #expect(try catalog.record(1).header.subjects == [])
        #expect(throws: CatalogError.self) { try catalog.record(2) }
        #expect(throws: CatalogError.self) { try catalog.record(-1) }
        try catalog.close()
        let salts = try folder.sqlite("archive.sqlite", "SELECT hex(salt) FROM record_body;").split(separator: "\n")
        #expect(Set(salts).count == 2 && salts.allSatisfy { $0.count == 64 })
        // No name of a person and no digest of evidence in the header.
        #expect(try folder.sqlite("archive.sqlite", "SELECT count(*) FROM record WHERE instr(header, '\(object(1).digest.hex)');") == "0\n")
    }

    static let tables = historyTables + viewTables

    @Test("an append that fails in the middle leaves nothing", arguments: tables)
    func atomic(table: String) throws {
        let folder = try TemporaryFolder()
        let kept = EvidenceID.random()
        var catalog = try Catalog(in: folder.path, creates: true)
        try catalog.append([deposit(object(1), item: kept)], by: operatorAtConsole, at: moment(0))
        try catalog.appendAccess(.viewed, to: [kept.text], by: operatorAtConsole, at: moment(0))
        try catalog.close()
        let isAccess = table.hasPrefix("access")
        // Late: records 1 to 3 are written when the trigger stops the fourth, or the nodes that it completes.
        let when =
            switch table {
            case "record", "record_body", "access": "NEW.number = 4"
            case "record_node", "access_node": "NEW.level = 2"
            case "object": "NEW.digest = '\(object(5).digest.hex)'"
            case "item": "NEW.object = '\(object(5).digest.hex)'"
            case "piece_list": "NEW.object = '\(object(5).digest.hex)'"
            default: "NEW.number = 4"
            }
        try folder.sqlite(
            "archive.sqlite",
            "CREATE TRIGGER fault BEFORE INSERT ON \(table) WHEN \(when) BEGIN SELECT RAISE(ABORT, 'a fault'); END;")
        let before = try folder.dump(historyTables + viewTables)

        catalog = try Catalog(in: folder.path, creates: true)
        let trees = (catalog.recordTree, catalog.accessTree)
        let error = try catalogError {
            if isAccess {
                for _ in 0..<4 { try catalog.appendAccess(.viewed, to: [kept.text], by: operatorAtConsole, at: moment(1)) }
            } else {
                try catalog.append(
                    [
                        Catalog.Draft(.evidenceDescribed(item: kept, EvidenceMetadata(title: "other")), subjects: [kept.text]),
                        deposit(object(3)), Catalog.Draft(.objectDamaged(object: object(1).digest, damage: "it is missing"), subjects: []),
                        deposit(object(5, size: 2 << 20)),
                    ], by: operatorAtConsole, at: moment(1),
                    pieceLists: [object(5).digest: [object(1).digest, object(2).digest], object(3).digest: [object(3).digest]])
            }
        }
        guard case .database(_, _, let message) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(message == "a fault")
        if !isAccess { #expect(catalog.recordTree == trees.0) }
        #expect(try Self.isSound(catalog))
        try catalog.close()
        if !isAccess { #expect(try folder.dump(historyTables + viewTables) == before) }

        // Without the fault it goes on where it stood.
        try folder.sqlite("archive.sqlite", "DROP TRIGGER fault;")
        catalog = try Catalog(in: folder.path, creates: true)
        #expect(try catalog.append([deposit(object(9))], by: operatorAtConsole, at: moment(2)) == 1..<2)
        try catalog.appendAccess(.viewed, to: [kept.text], by: operatorAtConsole, at: moment(1))
        #expect(try Self.isSound(catalog))
        try catalog.close()
    }

    @Test func `after an append that failed the same catalog goes on without a gap`() throws {
        let folder = try TemporaryFolder()
        try Catalog(in: folder.path, creates: true).close()
        try folder.sqlite(
            "archive.sqlite",
            """
            CREATE TRIGGER fault BEFORE INSERT ON record WHEN instr(NEW.header, 'poison') BEGIN SELECT RAISE(ABORT, 'a fault'); END;
            CREATE TRIGGER fault_access BEFORE INSERT ON access WHEN instr(NEW.header, 'poison') BEGIN SELECT RAISE(ABORT, 'a fault'); END;
            """)
        let catalog = try Catalog(in: folder.path, creates: true)
        var count = 0
        for size in 1...9 {
            let drafts = (0..<size).map { deposit(object(100 * size + $0)) }
            let poison = Catalog.Draft(.objectRestored(object: object(1).digest), subjects: ["poison"])
            #expect(throws: CatalogError.self) { try catalog.append(drafts + [poison], by: operatorAtConsole, at: moment(size)) }
            #expect(try catalog.append(drafts, by: operatorAtConsole, at: moment(size)) == count..<count + size)
            count += size
            #expect(throws: CatalogError.self) { try catalog.appendAccess(.found, to: ["poison"], by: operatorAtConsole, at: moment(size)) }
            try catalog.appendAccess(.found, to: ["ev-1"], by: operatorAtConsole, at: moment(size))
        }
        #expect(catalog.recordTree.size == 45 && catalog.accessTree.size == 9)
        #expect(try Self.isSound(catalog))
        try catalog.close()
    }

    @Test func `several threads append and read at once, and no number is given twice`() throws {
        let folder = try TemporaryFolder()
        let catalog = try Catalog(in: folder.path, creates: true)
        DispatchQueue.concurrentPerform(iterations: 4) { lane in
            do {
                for step in 0..<10 {
                    let numbers = try catalog.append(
                        [deposit(object(lane * 100 + step)), Catalog.Draft(.objectRestored(object: object(1).digest), subjects: [])],
                        by: operatorAtConsole, at: moment(step))
                    guard case .evidenceDeposited = try catalog.record(numbers.lowerBound).body else {
                        Issue.record("record \(numbers.lowerBound) is another one")
                        return
                    }
                    try catalog.appendAccess(.listed, to: [], by: operatorAtConsole, at: moment(step))
                }
            } catch { Issue.record("lane \(lane): \(error)") }
        }
        #expect(catalog.recordTree.size == 80 && catalog.accessTree.size == 40)
        #expect(try Self.isSound(catalog))
        try catalog.close()
    }

    static func isSound(_ catalog: Catalog) throws -> Bool {
        var findings: [LedgerFinding] = []
        try catalog.verifyLedger(keys: [], report: { findings.append($0) }, progress: { _, _ in })
        for finding in findings { print("finding: \(finding)") }
        return findings.isEmpty
    }

    // MARK: What the database itself stops

    @Test(
        "the database stops mistakes",
        arguments: [
            "UPDATE record SET header = '{}' WHERE number = 0", "DELETE FROM record WHERE number = 1", "DELETE FROM record",
            "UPDATE record_body SET body = '{}'", "UPDATE record_body SET salt = zeroblob(32)", "UPDATE record_node SET hash = zeroblob(32)",
            "DELETE FROM record_node WHERE level = 1", "UPDATE access SET header = '{}'", "UPDATE access_node SET hash = zeroblob(32)",
            "INSERT INTO record (number, header) VALUES (0, '{}')", "INSERT INTO record_body VALUES (7, zeroblob(31), '{}')",
            "INSERT INTO record_node VALUES (0, 0, zeroblob(32))", "INSERT INTO record_node VALUES (0, 9, zeroblob(33))",
            "PRAGMA recursive_triggers = ON; INSERT OR REPLACE INTO record (number, header) VALUES (0, '{}')",
            "INSERT INTO record (number, header) VALUES (3, x'00')",
            "PRAGMA recursive_triggers = ON; INSERT OR REPLACE INTO record_node VALUES (0, 0, zeroblob(32))",
            "PRAGMA recursive_triggers = ON; INSERT OR REPLACE INTO record_body VALUES (0, zeroblob(32), '{}')",
            "PRAGMA recursive_triggers = ON; INSERT OR REPLACE INTO access (number, header) VALUES (0, '{}')",
        ])
    func stopped(sql: String) throws {
        let folder = try TemporaryFolder()
        let catalog = try Catalog(in: folder.path, creates: true)
        try catalog.append([deposit(object(1)), deposit(object(2))], by: operatorAtConsole, at: moment(0))
        try catalog.appendAccess(.viewed, to: ["ev-1"], by: operatorAtConsole, at: moment(0))
        try catalog.close()
        let before = try folder.dump(historyTables)
        #expect(throws: SQLiteRefused.self) { try folder.sqlite("archive.sqlite", sql + ";") }
        #expect(try folder.dump(historyTables) == before)
    }

    // MARK: Opening

    @Test("a schema of the future is refused and left alone", arguments: ["archive.sqlite", "service.sqlite", "search.sqlite"])
    func future(database: String) throws {
        let folder = try TemporaryFolder()
        try Catalog(in: folder.path, creates: true).close()
        try SearchIndex(in: folder.path).close()
        try folder.sqlite(database, "PRAGMA user_version = 9;")
        let error = try catalogError {
            if database == "search.sqlite" { _ = try SearchIndex(in: folder.path) } else { _ = try Catalog(in: folder.path, creates: true) }
        }
        #expect(
            error.description == "cannot open \(database): its schema is 9, this version of minhchung knows \(database == "search.sqlite" ? 1 : 2)")
        #expect(try folder.sqlite(database, "PRAGMA user_version;") == "9\n")
    }

    @Test("a ledger that is missing or empty is a loss, and not made anew", arguments: ["missing", "empty"])
    func missing(kind: String) throws {
        let folder = try TemporaryFolder()
        try Catalog(in: folder.path, creates: true).close()
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasPrefix("archive.sqlite") {
            try FileManager.default.removeItem(atPath: "\(folder.path)/\(name)")
        }
        let path = "\(folder.path)/archive.sqlite"
        if kind == "empty" { try #require(FileManager.default.createFile(atPath: path, contents: nil)) }
        guard case .ledgerMissing(path) = try catalogError({ _ = try Catalog(in: folder.path) }) else {
            Issue.record("another error")
            return
        }
        if kind == "missing" { #expect(!FileManager.default.fileExists(atPath: path)) }
    }

    @Test("a file that is no database is refused", arguments: ["archive.sqlite", "service.sqlite"])
    func garbage(database: String) throws {
        let folder = try TemporaryFolder()
        let garbage = Data(repeating: 0x41, count: 8192)
        try garbage.write(to: URL(fileURLWithPath: "\(folder.path)/\(database)"))
        #expect(throws: CatalogError.self) { try Catalog(in: folder.path, creates: true) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(database)")) == garbage)
    }

    @Test func `the databases keep a write-ahead log and carry their marks`() throws {
        let folder = try TemporaryFolder()
        try Catalog(in: folder.path, creates: true).close()
        try SearchIndex(in: folder.path).close()
        for (database, mark, version) in [
            ("archive.sqlite", 0x4D43_415A, 2), ("service.sqlite", 0x4D43_5356, 2), ("search.sqlite", 0x4D43_5358, 1),
        ] {
            #expect(
                try folder.sqlite(database, "PRAGMA journal_mode; PRAGMA application_id; PRAGMA user_version; PRAGMA integrity_check;")
                    == "wal\n\(mark)\n\(version)\nok\n")
        }
    }
}
