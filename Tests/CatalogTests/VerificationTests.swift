import Catalog
import Evidence
import Foundation
import Ledger
import Testing

/// What somebody with the files and without the keys may do to the ledger, and what verification says of it.
@Suite("Verifying the ledger", .enabled(if: hasSQLite, sqliteAbsence))
struct VerificationTests {
    static let records = 40
    static let entries = 12

    /// 40 records and 12 entries of the access log, closed.
    private static func archive() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let catalog = try Catalog(in: folder.path, creates: true)
        try catalog.append((0..<records).map { deposit(object($0)) }, by: operatorAtConsole, at: moment(0))
        for entry in 0..<entries { try catalog.appendAccess(.viewed, to: ["ev-\(entry)"], by: operatorAtConsole, at: moment(entry)) }
        try catalog.close()
        return folder
    }

    private static func findings(_ catalog: Catalog) throws -> [LedgerFinding] {
        var findings: [LedgerFinding] = []
        var progress: [Int] = []
        try catalog.verifyLedger(keys: [], report: { findings.append($0) }, progress: { done, _ in progress.append(done) })
        #expect(progress.last != nil)
        return findings
    }

    private static func findings(_ folder: TemporaryFolder) throws -> [LedgerFinding] {
        let catalog = try Catalog(in: folder.path, creates: true)
        let found = try findings(catalog)
        try catalog.close()
        return found
    }

    struct Tampering: CustomTestStringConvertible {
        let name: String
        let sql: String
        /// The records that have to be named, with words of the reason.
        let named: [(Int, String)]
        /// Nodes above are computed from what was edited, so that others may be named as well.
        let spreads: Bool
        let isAccessLog: Bool
        var testDescription: String { name }

        init(_ name: String, _ sql: String, _ named: [(Int, String)], spreads: Bool = false, isAccessLog: Bool = false) {
            self.name = name
            self.sql = sql
            self.named = named
            self.spreads = spreads
            self.isAccessLog = isAccessLog
        }
    }

    static let edited = "edited"
    static let missing = "missing"
    static let tamperings: [Tampering] = [
        Tampering(
            "an edited header", "UPDATE record SET header = replace(header, 'console:lan', 'console:eve') WHERE number = 7",
            [(7, "its header was edited")]),
        Tampering(
            "an edited first header", "UPDATE record SET header = replace(header, 'console:lan', 'console:eve') WHERE number = 0",
            [(0, "its header was edited")]),
        Tampering(
            "an edited last header", "UPDATE record SET header = replace(header, 'console:lan', 'console:eve') WHERE number = 39",
            [(39, "its header was edited")]),
        Tampering(
            "an edited time", "UPDATE record SET header = replace(header, '2026', '2025') WHERE number IN (3, 30)", [(3, edited), (30, edited)]),
        Tampering("a header with a space", "UPDATE record SET header = header || ' ' WHERE number = 7", [(7, edited)]),
        Tampering(
            "a header with something behind a zero byte", "UPDATE record SET header = CAST(CAST(header AS BLOB) || x'0041' AS TEXT) WHERE number = 7",
            [(7, edited)]),
        Tampering(
            "an edited body", "UPDATE record_body SET body = replace(body, 'Giấy khen', 'Bằng khen') WHERE number = 9", [(9, "its body was edited")]),
        Tampering(
            "a body in another normal form", "UPDATE record_body SET body = replace(body, 'ấ', 'a' || char(770) || char(769)) WHERE number = 9",
            [(9, "its body was edited")]),
        Tampering(
            "a body with something behind a zero byte", "UPDATE record_body SET body = CAST(CAST(body AS BLOB) || x'0041' AS TEXT) WHERE number = 9",
            [(9, "its body was edited")]),
        Tampering("an edited salt", "UPDATE record_body SET salt = zeroblob(32) WHERE number = 9", [(9, "its body was edited")]),
        Tampering("a body that is gone", "DELETE FROM record_body WHERE number = 12", [(12, "its body is missing")]),
        Tampering("all bodies gone", "DELETE FROM record_body", (0..<records).map { ($0, "its body is missing") }),
        Tampering(
            "swapped bodies",
            """
            CREATE TEMP TABLE t AS SELECT * FROM record_body WHERE number IN (4, 5);
            UPDATE record_body SET salt = (SELECT salt FROM t WHERE number = 9 - record_body.number), body = (SELECT body FROM t WHERE number = 9 - record_body.number) WHERE number IN (4, 5)
            """, [(4, "its body was edited"), (5, "its body was edited")]),
        Tampering("a body of no record", "INSERT INTO record_body SELECT 99, salt, body FROM record_body WHERE number = 1", [(99, "")]),
        Tampering("a record gone from the middle", "DELETE FROM record WHERE number = 11", [(11, "it is missing")]),
        Tampering("the first record gone", "DELETE FROM record WHERE number = 0", [(0, "it is missing")]),
        Tampering("the last record gone", "DELETE FROM record WHERE number = 39", [(39, "it is missing")]),
        Tampering("two records gone", "DELETE FROM record WHERE number IN (5, 20)", [(5, missing), (20, missing)]),
        Tampering("two neighbours gone", "DELETE FROM record WHERE number IN (5, 6)", [(5, missing), (6, missing)]),
        Tampering("the last three records gone", "DELETE FROM record WHERE number >= 37", [(37, missing), (38, missing), (39, missing)]),
        Tampering(
            "a record gone and another edited behind it",
            "DELETE FROM record WHERE number = 5; UPDATE record SET header = header || ' ' WHERE number = 6; UPDATE record_body SET body = body || ' ' WHERE number = 39",
            [(5, missing), (6, edited), (39, edited)]),
        Tampering("all records gone", "DELETE FROM record; DELETE FROM record_body; DELETE FROM record_node", [(0, missing)]),
        Tampering(
            "swapped headers",
            """
            CREATE TEMP TABLE t AS SELECT * FROM record WHERE number IN (20, 21);
            UPDATE record SET header = (SELECT header FROM t WHERE number = 41 - record.number) WHERE number IN (20, 21)
            """, [(20, edited), (21, edited)]),
        Tampering(
            "swapped records with their leaves and bodies",
            """
            CREATE TEMP TABLE t AS SELECT * FROM record JOIN record_body USING (number) JOIN record_node ON level = 0 AND position = number WHERE number IN (20, 23);
            UPDATE record SET header = (SELECT header FROM t WHERE number = 43 - record.number) WHERE number IN (20, 23);
            UPDATE record_body SET salt = (SELECT salt FROM t WHERE number = 43 - record_body.number), body = (SELECT body FROM t WHERE number = 43 - record_body.number) WHERE number IN (20, 23);
            UPDATE record_node SET hash = (SELECT hash FROM t WHERE number = 43 - record_node.position) WHERE level = 0 AND position IN (20, 23)
            """, [(20, "number 23"), (21, "node 1/10"), (23, "number 20"), (23, "node 1/11")], spreads: true),
        Tampering(
            "an edited leaf", "UPDATE record_node SET hash = zeroblob(32) WHERE level = 0 AND position = 12", [(12, edited), (13, "node 1/6")],
            spreads: true),
        Tampering("an edited node of level 1", "UPDATE record_node SET hash = zeroblob(32) WHERE level = 1 AND position = 3", [(7, "node 1/3")]),
        Tampering("an edited node of level 5", "UPDATE record_node SET hash = zeroblob(32) WHERE level = 5", [(31, "node 5/0")], spreads: true),
        Tampering("a leaf that is gone", "DELETE FROM record_node WHERE level = 0 AND position = 12", [(12, "its leaf is missing from the tree")]),
        Tampering("a node that is gone", "DELETE FROM record_node WHERE level = 3 AND position = 2", [(23, "node 3/2")]),
        Tampering("a node of the right edge that is gone", "DELETE FROM record_node WHERE level = 5", [(31, "node 5/0")]),
        Tampering(
            "a record more", "INSERT INTO record SELECT 40, replace(header, '39', '40') FROM record WHERE number = 39", [(40, "its leaf is missing")]),
        Tampering("a leaf more", "INSERT INTO record_node VALUES (0, 40, zeroblob(32))", [(40, missing)]),
        Tampering("a node of level 1 more", "INSERT INTO record_node VALUES (1, 20, zeroblob(32))", [(39, "1 nodes too many")]),
        Tampering("a node of level 7 more", "INSERT INTO record_node VALUES (7, 0, zeroblob(32))", [(39, "1 nodes too many")]),
        Tampering("a record before the first", "INSERT INTO record SELECT -1, header FROM record WHERE number = 0", [(-1, "")], spreads: true),
        Tampering(
            "an edited entry of the access log", "UPDATE access SET header = replace(header, 'ev-3', 'ev-9') WHERE number = 3", [(3, edited)],
            isAccessLog: true),
        Tampering("an entry gone from the access log", "DELETE FROM access WHERE number = 5", [(5, missing)], isAccessLog: true),
        Tampering(
            "two entries gone from the access log", "DELETE FROM access WHERE number IN (5, 8)", [(5, missing), (8, missing)], isAccessLog: true),
        Tampering("the last entry gone from the access log", "DELETE FROM access WHERE number = 11", [(11, missing)], isAccessLog: true),
        Tampering(
            "swapped entries of the access log",
            """
            CREATE TEMP TABLE t AS SELECT * FROM access WHERE number IN (1, 2);
            UPDATE access SET header = (SELECT header FROM t WHERE number = 3 - access.number) WHERE number IN (1, 2)
            """, [(1, edited), (2, edited)], isAccessLog: true),
        Tampering(
            "an edited node of the access log", "UPDATE access_node SET hash = zeroblob(32) WHERE level = 3", [(7, "node 3/0")], spreads: true,
            isAccessLog: true),
        Tampering(
            "an entry of the access log more", "INSERT INTO access SELECT 12, header FROM access WHERE number = 11", [(12, "its leaf is missing")],
            isAccessLog: true),
    ]

    @Test("names what was tampered with", arguments: tamperings)
    func names(tampering: Tampering) throws {
        let folder = try Self.archive()
        try folder.tamper(tampering.sql)
        let findings = try Self.findings(folder)
        if !tampering.spreads { #expect(Set(findings.map(\.number)) == Set(tampering.named.map(\.0)), "\(findings)") }
        #expect(findings.allSatisfy { $0.isAccessLog == tampering.isAccessLog }, "\(findings)")
        for (number, words) in tampering.named {
            #expect(
                findings.contains { $0.number == number && (words.isEmpty || $0.reason.contains(words)) }, "record \(number): \(words) in \(findings)"
            )
        }
    }

    @Test func `a sound ledger has no finding, also when it is empty of access`() throws {
        #expect(try Self.findings(try Self.archive()).isEmpty)
        let folder = try TemporaryFolder()
        let catalog = try Catalog(in: folder.path, creates: true)
        try catalog.append([deposit(object(0))], by: operatorAtConsole, at: moment(0))
        #expect(try Self.findings(catalog).isEmpty)
        try catalog.close()
    }

    @Test func `a header that was edited together with its leaf is betrayed by the nodes above`() throws {
        for number in [7, 39] {
            let folder = try Self.archive()
            let header = try folder.sqlite("archive.sqlite", "SELECT header FROM record WHERE number = \(number);").dropLast()
            let other = header.replacing("console:lan", with: "console:eve")
            let leaf = Digest(of: [0] + Array(other.utf8))
            try folder.tamper(
                """
                UPDATE record SET header = '\(other)' WHERE number = \(number);
                UPDATE record_node SET hash = x'\(leaf.hex)' WHERE level = 0 AND position = \(number)
                """)
            let findings = try Self.findings(folder)
            #expect(findings.contains { $0.reason.contains("node 1/\(number / 2)") }, "\(findings)")
            #expect(findings.allSatisfy { $0.number >= number }, "\(findings)")
        }
    }

    @Test func `what changes behind the back of an open archive is found`() throws {
        let truncation = """
            DELETE FROM record WHERE number = 39; DELETE FROM record_body WHERE number = 39;
            DELETE FROM record_node WHERE (level = 0 AND position = 39) OR (level = 1 AND position = 19) OR (level = 2 AND position = 9) OR (level = 3 AND position = 4)
            """
        for sql in [truncation, "UPDATE record_body SET body = body || ' ' WHERE number = 39"] {
            let folder = try Self.archive()
            let catalog = try Catalog(in: folder.path, creates: true)
            try folder.tamper(sql)
            let findings = try Self.findings(catalog)
            #expect(findings.contains { $0.number == 39 }, "\(findings)")
            try catalog.close()
        }
    }

    @Test(
        "a record that is not what was recorded is never read",
        arguments: [
            ("UPDATE record SET header = replace(header, 'lan', 'eve') WHERE number = 7", "its header was edited"),
            ("UPDATE record SET header = 'garbage' WHERE number = 7", "its header was edited"),
            ("UPDATE record_body SET body = replace(body, 'Giấy', 'Bằng') WHERE number = 7", "its body was edited"),
            ("UPDATE record_body SET salt = zeroblob(32) WHERE number = 7", "its body was edited"),
            ("DELETE FROM record_body WHERE number = 7", "its body is missing"), ("DELETE FROM record WHERE number = 7", "it is missing"),
            ("UPDATE record_node SET hash = zeroblob(32) WHERE level = 0 AND position = 7", "its header was edited"),
            ("DELETE FROM record_node WHERE level = 0 AND position = 7", "its leaf is missing from the tree"),
        ])
    func read(sql: String, reason: String) throws {
        let folder = try Self.archive()
        try folder.tamper(sql)
        let catalog = try Catalog(in: folder.path, creates: true)
        #expect(throws: Never.self) { try catalog.record(6) }
        let reading = try catalogError { _ = try catalog.record(7) }
        #expect(reading.description == "cannot trust record 7: \(reason); run minhchung verify, and restore the archive from a backup")
        // Nor does a rebuild fold it, and the views stay as they were.
        let items = try catalog.counts().items
        guard case .recordDamaged(7, _) = try catalogError({ try catalog.rebuildViews(progress: { _, _ in }) }) else {
            Issue.record("rebuilt with a damaged record")
            return
        }
        #expect(try catalog.counts().items == items)
        try catalog.close()
    }
}
