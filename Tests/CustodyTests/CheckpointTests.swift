import Custody
import Evidence
import Foundation
import Glibc
import Ledger
import Testing

/// Checkpoints that the archive signs, and the key that it signs with.
@Suite("Checkpoints and the signing key", .serialized)
struct CheckpointTests {
    /// What `format.json` says of the key.
    private static func publicKey(_ place: TestPlace) throws -> String {
        let format = try String(contentsOfFile: place.archivePath + "/format.json", encoding: .utf8)
        return String(try #require(format.firstMatch(of: /"public_key":"([^"]+)"/)).output.1)
    }

    private static func key(_ place: TestPlace, _ name: String = "signing.key") throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(place.archivePath)/keys/\(name)"))
    }

    private static func write(_ data: Data, _ place: TestPlace, _ name: String) throws {
        let path = "\(place.archivePath)/\(name)"
        try data.write(to: URL(fileURLWithPath: path))
        try #require(chmod(path, 0o600) == 0)
    }

    /// Checkpoints of a tree as they are stored, smallest first.
    private static func stored(_ tree: LogTree, _ place: TestPlace) throws -> [SignedCheckpoint] {
        let notes = try place.sqlite("archive.sqlite", "SELECT hex(note) FROM checkpoint WHERE tree = '\(tree.rawValue)' ORDER BY epoch, size;")
        return try notes.split(separator: "\n").map { line in
            var bytes: [UInt8] = []
            var rest = line[...]
            while !rest.isEmpty {
                bytes.append(try #require(UInt8(rest.prefix(2), radix: 16)))
                rest = rest.dropFirst(2)
            }
            return try SignedCheckpoint(parsing: bytes)
        }
    }

    /// Opens an archive for another purpose than its use. The lock of the one before goes with its last descriptor.
    private static func open(_ place: TestPlace, for purpose: Archive.Purpose) async throws -> Archive {
        for _ in 0..<20_000 {
            do {
                return try await Archive.open(at: place.archivePath, for: purpose, worker: workerPath, holder: "a test")
            } catch  where Archive.isInUse(error) {
                sched_yield()
            }
        }
        return try await Archive.open(at: place.archivePath, for: purpose, worker: workerPath, holder: "a test")
    }

    /// What verification finds in an archive that is only looked at.
    private static func findings(_ place: TestPlace) async throws -> [String] {
        let archive = try await open(place, for: .verification)
        let found = try await archive.verified().findings.map(\.description)
        try await archive.close()
        return found
    }

    @Test("after it was closed, checkpoints cover all that there is", .enabled(if: hasSQLite, sqliteAbsence))
    func covered() async throws {
        let place = try TestPlace()
        try await place.archive { _ in }
        let key = try #require(NoteVerifier(try Self.publicKey(place)))
        #expect(key.name == LogOrigin.keyName(of: try Self.stored(.records, place)[0].checkpoint.origin.archive))
        #expect(try Self.stored(.records, place).map(\.checkpoint.size) == [1] && Self.stored(.access, place).map(\.checkpoint.size) == [0])
        var size = 1
        for count in 1...3 {
            try await place.archive { archive in
                _ = try await archive.depositAll(try (0..<count).map { try place.source("\(count)-\($0).txt", "\(count) \($0)") })
                _ = try await archive.items(by: console)
                size += count
                #expect(try await archive.status().records == size)
            }
            for (tree, leaves) in [(LogTree.records, size), (.access, count)] {
                let newest = try #require(try Self.stored(tree, place).last)
                #expect(newest.checkpoint.size == leaves)
                #expect(try newest.note.verified(by: [key]) == [key])
                let again = try place.sqlite("service.sqlite", "SELECT note FROM newest_checkpoint WHERE tree = '\(tree.rawValue)';")
                #expect(again.dropLast() == String(decoding: newest.note.bytes, as: UTF8.self), "kept in the other database too")
            }
        }
        try await place.archive { archive in
            let known = try await archive.keys()
            #expect(known.current == key && known.former.isEmpty)
            #expect(try await archive.verified().findings.isEmpty)
        }
        var status = stat()
        #expect(stat("\(place.archivePath)/keys/signing.key", &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    // MARK: Rotation

    @Test("the archive goes on with another key, which the old one endorses", .enabled(if: hasSQLite, sqliteAbsence))
    func rotation() async throws {
        let place = try TestPlace()
        var keys: [NoteVerifier] = []
        for round in 0..<2 {
            try await place.archive { archive in
                _ = try await archive.deposit(try place.source("\(round).txt", "\(round)"))
                let old = try await archive.keys().current
                let new = try await archive.rotateKey(reason: "Hằng năm", by: console)
                keys += round == 0 ? [old, new] : [new]
                let known = try await archive.keys()
                #expect(known.current == new && known.former.map(\.key) == keys.dropLast().reversed())
                let record = try await archive.prove(record: try #require(known.former.first).record, by: console).record
                guard case .keyRotated(let rotation)? = try record.opened().body else {
                    Issue.record("no record of the rotation")
                    return
                }
                #expect(rotation.old == old.text && rotation.new == new.text && rotation.reason == "Hằng năm")
                let endorsement = try SignedNote(parsing: Array(rotation.endorsement.utf8))
                #expect(try endorsement.verified(by: [old]) == [old] && endorsement.verified(by: [new]) == [new])
                #expect(rotation.keys?.old == old && rotation.keys?.new == new)
                #expect(endorsement.text == "minhchung key rotation\n\(old)\n\(new)\n")
                #expect(try await archive.verified().findings.isEmpty)
            }
            #expect(try Self.publicKey(place) == keys.last?.text)
            #expect(try place.names(in: "keys") == ["person-number.key", "signing.key"])
        }
        let signers = try Self.stored(.records, place).map { try $0.note.verified(by: keys) }
        #expect(signers.first == [keys[0]] && signers.last == [keys[2]] && signers.contains([keys[1]]))
        try await Self.soundForOracle(place)
    }

    /// Where a rotation may be cut off: what stands in the old key's place, in that of the next one, and in `format.json`.
    enum CutOff: String, CaseIterable { case beforeTheRecord, afterTheRecord, betweenTheFiles, beforeItsEnd }

    @Test("a rotation that was cut off is finished, or forgotten, when the archive is opened", arguments: CutOff.allCases)
    func cutOff(at point: CutOff) async throws {
        let place = try TestPlace()
        try await place.archive { _ in }
        let (oldKey, oldFormat) = (try Self.key(place), try Data(contentsOf: URL(fileURLWithPath: place.archivePath + "/format.json")))
        let old = try Self.publicKey(place)
        var expected = old
        if point == .beforeTheRecord {
            let next = NoteSigner(name: try #require(NoteVerifier(old)).name, key: .random())
            try Self.write(Data((next.secretText + "\n").utf8), place, "keys/signing.key.next")
        } else {
            expected = try await place.archive { try await $0.rotateKey(reason: "x", by: console).text }
            try Self.write(try Self.key(place), place, "keys/signing.key.next")
            if point == .afterTheRecord { try Self.write(oldKey, place, "keys/signing.key") }
            if point != .beforeItsEnd { try Self.write(oldFormat, place, "format.json") }
        }
        try await place.archive { archive in
            #expect(try await archive.keys().current.text == expected)
            _ = try await archive.deposit(try place.source("a.txt", "a"))
        }
        #expect(try Self.publicKey(place) == expected)
        #expect(try place.names(in: "keys") == ["person-number.key", "signing.key"])
        let findings = try await place.archive { try await $0.verified().findings }
        #expect(findings.isEmpty, "\(findings)")
        try await Self.soundForOracle(place)
    }

    @Test func `where the key is lost, the archive begins with another, which only that one says`() async throws {
        let place = try TestPlace()
        try await place.archive { _ in }
        try #require(unlink("\(place.archivePath)/keys/signing.key") == 0)
        await #expect {
            try await place.archive { _ in }
        } throws: { "\($0)".contains("keys/signing.key: it is missing; restore it with minhchung keys restore") && Archive.isUnfit($0) }
        let new = try await Self.rotated(place)
        try await place.archive { archive in
            let known = try await archive.keys()
            #expect(known.current == new && known.former.count == 1)
            guard case .keyRotated(let rotation)? = try await archive.prove(record: known.former[0].record, by: console).record.opened().body else {
                Issue.record("no record of the rotation")
                return
            }
            #expect(try SignedNote(parsing: Array(rotation.endorsement.utf8)).verified(by: [new]) == [new])
            #expect(try SignedNote(parsing: Array(rotation.endorsement.utf8)).signatures.count == 1)
            #expect(try await archive.verified().findings.isEmpty)
        }
        try await Self.soundForOracle(place)
    }

    @Test func `the key of another archive is refused`() async throws {
        let (place, other) = (try TestPlace(), try TestPlace())
        try await place.archive { _ in }
        try await other.archive { _ in }
        try Self.write(try Self.key(other), place, "keys/signing.key")
        await #expect { try await place.archive { _ in } } throws: { "\($0)".contains("it is not the key of archive ar-") }
        let name = try #require(NoteVerifier(try Self.publicKey(place))).name
        try Self.write(Data((NoteSigner(name: name, key: .random()).secretText + "\n").utf8), place, "keys/signing.key")
        await #expect { try await place.archive { _ in } } throws: { "\($0)".contains("it is not the key that signs this archive") }
    }

    private static func rotated(_ place: TestPlace) async throws -> NoteVerifier {
        let archive = try await open(place, for: .newKey)
        let new = try await archive.rotateKey(reason: "Mất khóa", by: console)
        try await archive.close()
        return new
    }

    private static func soundForOracle(_ place: TestPlace) async throws {
        let copy = try await Workplace(copyOf: place.archivePath)
        let (status, lines) = try await copy.look()
        #expect(status == 0, "\(lines.joined(separator: "\n"))")
    }

    // MARK: Backups of the keys

    @Test func `keys come back from their backup, and only into their own archive`() async throws {
        let (place, other) = (try TestPlace(), try TestPlace())
        let passphrase = "khoá của kho, số 1945"
        let early = try await place.archive { try await $0.backUpKeys(passphrase: passphrase) }
        let foreign = try await other.archive { try await $0.backUpKeys(passphrase: passphrase) }
        let backup = try await place.archive { archive in
            _ = try await archive.rotateKey(reason: "x", by: console)
            return try await archive.backUpKeys(passphrase: passphrase)
        }
        let kept = try ["signing.key", "person-number.key"].map { try Self.key(place, $0) }
        func restore(_ bytes: [UInt8], _ passphrase: String) async throws -> NoteVerifier {
            try await Archive.restoreKeys(bytes, passphrase: passphrase, to: place.archivePath, holder: "a test")
        }
        try FileManager.default.removeItem(atPath: "\(place.archivePath)/keys")
        let refusals: [([UInt8], String, String)] = [
            (foreign, passphrase, "it is of archive ar-"), (early, passphrase, "take a backup of the keys of that time"), (backup, "another", ""),
            (Array("no backup".utf8), passphrase, ""), (Array(backup.dropLast(20)), passphrase, ""),
            (try PassphraseFile.seal(Array("{}\n".utf8), passphrase: passphrase), passphrase, "it holds no keys of an archive"),
        ]
        for (bytes, passphrase, reason) in refusals {
            await #expect { _ = try await restore(bytes, passphrase) } throws: { reason.isEmpty || "\($0)".contains(reason) }
            #expect(access("\(place.archivePath)/keys", F_OK) != 0, "nothing was written")
        }
        let restored = try await restore(backup, passphrase)
        #expect(restored.text == (try Self.publicKey(place)))
        #expect(try ["signing.key", "person-number.key"].map { try Self.key(place, $0) } == kept)
        let findings = try await place.archive { try await $0.verified().findings }
        #expect(findings.isEmpty, "\(findings)")
        try await Self.soundForOracle(place)
    }

    // MARK: A ledger that went backwards

    /// What somebody would do who has the databases and not the key: the last records and all that shows them are gone.
    private static func truncation(to size: Int) -> String {
        """
        DELETE FROM record WHERE number >= \(size); DELETE FROM record_body WHERE number >= \(size);
        DELETE FROM record_node WHERE (position + 1) << level > \(size); DELETE FROM record_subject WHERE number >= \(size);
        DELETE FROM item WHERE deposit_record >= \(size); DELETE FROM object WHERE first_record >= \(size);
        DELETE FROM fixity WHERE record >= \(size);
        """
    }

    @Test(
        "a ledger whose end was cut off is not opened, and verification names what is missing", .enabled(if: hasSQLite, sqliteAbsence),
        arguments: ["", "DELETE FROM checkpoint WHERE tree = 'records' AND size > 4;"])
    func truncated(more: String) async throws {
        let place = try TestPlace()
        for name in ["a", "b"] {
            try await place.archive { archive in
                _ = try await archive.depositAll(try (1...3).map { try place.source("\(name)\($0).txt", "\(name) \($0)") })
            }
        }
        try place.sqlite("archive.sqlite", Self.truncation(to: 4) + more)
        await #expect {
            try await place.archive { _ in }
        } throws: { "\($0)".contains("the archive has signed 7 records, and 4 are there") && Archive.isUnfit($0) }
        let before = try place.sqlite("archive.sqlite", "SELECT count(*) FROM record; SELECT count(*) FROM checkpoint;")
        let findings = try await Self.findings(place)
        #expect(findings == ["record 4: it is missing, and all up to 6: the archive has signed a tree of 7"], "\(findings)")
        #expect(try place.sqlite("archive.sqlite", "SELECT count(*) FROM record; SELECT count(*) FROM checkpoint;") == before)
    }

    @Test("an access log whose end was cut off is not opened", .enabled(if: hasSQLite, sqliteAbsence))
    func truncatedAccess() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            _ = try await archive.deposit(try place.source("a.txt", "a"))
            for _ in 0..<3 { _ = try await archive.items(by: console) }
        }
        try place.sqlite(
            "archive.sqlite",
            """
            DELETE FROM access WHERE number >= 2; DELETE FROM access_subject WHERE number >= 2;
            DELETE FROM access_node WHERE (position + 1) << level > 2;
            """)
        await #expect {
            try await place.archive { _ in }
        } throws: { "\($0)".contains("the archive has signed 3 access log entries, and 2 are there") }
        #expect(try await Self.findings(place).contains { $0.hasPrefix("access log entry 2: it is missing") && $0.contains("a tree of 3") })
    }

    @Test(
        "a ledger that was rewritten with all its hashes is not opened, and verification names the range", .enabled(if: hasSQLite, sqliteAbsence))
    func rewritten() async throws {
        let place = try TestPlace()
        for name in ["a", "b"] {
            try await place.archive { archive in
                _ = try await archive.depositAll(try (1...3).map { try place.source("\(name)\($0).txt", "\(name) \($0)") })
            }
        }
        // Leave what was signed at the end of each opening only.
        try place.sqlite("archive.sqlite", "DELETE FROM checkpoint WHERE tree = 'records' AND size NOT IN (1, 4, 7);")
        let copy = try await Workplace(copyOf: place.archivePath)
        let done = try await copy.shell(
            #"""
            keep_signed=1; export keep_signed
            amend evidence.deposited 'body["metadata"]["file_name"] = "c3.txt"'
            sql "UPDATE item SET file_name = 'c3.txt' WHERE deposit_record = 6"
            "$minhchung" list --archive "$archive" && exit 1
            "$minhchung" verify --archive "$archive" && exit 1
            exit 0
            """#)
        #expect(done.status == 0, "\(done.output)")
        #expect(done.output.contains("its first 7 records are not those that the archive has signed"), "\(done.output)")
        let found = "FOUND  record 4: it or one of those up to 6 is not what the archive signed: the root over the first 7 is another"
        #expect(done.output.contains(found), "\(done.output)")
        let (status, lines) = try await copy.look()
        #expect(
            status == 1 && lines.contains { $0.contains("checkpoint of records, epoch 1, size 7: its root is not that of the first 7") }, "\(lines)")
    }
}
