import Custody
import Evidence
import Foundation
import Glibc
import Testing

@Suite("Care", .serialized, .timeLimit(.minutes(10)))
struct CareTests {
    /// What may happen to an object on the disk.
    enum Harm: String, CaseIterable {
        case flipped, truncated, extended, symbolicLink, folder, pipe, missing

        func happen(to digest: Digest, in place: TestPlace) throws {
            let path = place.objectPath(digest)
            switch self {
            case .flipped: try place.edit(digest) { $0[1 << 20] ^= 1 }
            case .truncated: try place.edit(digest) { $0.removeLast() }
            case .extended: try place.edit(digest) { $0.append(0) }
            case .symbolicLink:
                try #require(rename(path, "\(place.path)/elsewhere") == 0)
                try #require(symlink("\(place.path)/elsewhere", path) == 0)
            case .folder:
                try #require(unlink(path) == 0)
                try #require(mkdir(path, 0o700) == 0)
            case .pipe:
                try #require(unlink(path) == 0)
                try #require(mkfifo(path, 0o600) == 0)
            case .missing: try #require(unlink(path) == 0)
            }
        }

        var words: String {
            switch self {
            case .flipped: "its content has changed"
            case .truncated, .extended: "bytes instead of"
            case .symbolicLink, .folder, .pipe: "not a regular file"
            case .missing: "it is missing"
            }
        }
    }

    static let content = bytes((2 << 20) + 500)

    @Test("damage is named, moved away, never handed out, and mended by depositing the file again", arguments: Harm.allCases, [false, true])
    func damage(harm: Harm, isVerifiedFirst: Bool) async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let source = try place.source("a.bin", Self.content, EvidenceMetadata(holder: "An"))
            let other = try place.source("b.bin", bytes(100, seed: 2))
            let deposited = try await archive.deposit(source, other)
            let (item, object, _) = try #require(deposited.new[0])
            let sound = try #require(deposited.new[1]?.item)
            try harm.happen(to: object.digest, in: place)

            // Unnoticed as yet: pieces before the damaged one may go out, none of it and none behind it.
            let unnoticed = await archive.exported(item.text)
            #expect(unnoticed.error != nil)
            #expect(unnoticed.bytes == (harm == .flipped ? Array(Self.content[..<(1 << 20)]) : []))
            #expect(unnoticed.hasBegun == (harm == .flipped))

            if isVerifiedFirst {
                let (summary, findings) = try await archive.verified()
                try #require(findings.count == 1)
                let finding = try #require(findings[0].object)
                #expect(finding.digest == object.digest && finding.items == [item])
                #expect(finding.damage.contains(harm.words) && finding.quarantined == (harm != .missing))
                #expect("\(findings[0])".contains(item.text))
                #expect(summary.objects == 2 && !summary.isSound)
                let quarantined = try place.names(in: "quarantine")
                #expect(quarantined.count == (harm == .missing ? 0 : 1) && quarantined.allSatisfy { $0.hasPrefix(object.digest.hex) })
                #expect(!FileManager.default.fileExists(atPath: place.objectPath(object.digest)))

                let account = try await archive.item(item.text, by: console)
                #expect(account.isDamaged && account.history.map(\.kind) == ["evidence.deposited", "object.damaged"])
                let status = try await archive.status()
                #expect(status.damagedObjects == 1)
                let export = await archive.exported(item.text)
                #expect(export.error != nil && export.bytes == [] && !export.hasBegun)
                // It is said again, and recorded once.
                #expect(try await archive.verified().findings.count == 1)
                #expect(try await archive.item(item.text, by: console).history.map(\.kind) == ["evidence.deposited", "object.damaged"])
            }
            // The others are served.
            #expect(await archive.exported(sound.text).bytes == bytes(100, seed: 2))

            let again = try await archive.deposit(source)
            #expect(again.summary.alreadyDeposited == 1 && again.summary.deposited == 0)
            #expect(again.already == [0: item])
            if !isVerifiedFirst, harm != .missing {
                #expect(again.repaired.count == 1 && again.repaired.allSatisfy { $0.0 == object.digest && $0.1.contains(harm.words) })
            }
            #expect(await archive.exported(item.text).bytes == Self.content)
            let account = try await archive.item(item.text, by: console)
            #expect(!account.isDamaged)
            if isVerifiedFirst { #expect(account.history.map(\.kind) == ["evidence.deposited", "object.damaged", "object.restored"]) }
            let (summary, findings) = try await archive.verified()
            #expect(findings.isEmpty, "\(findings)")
            #expect(summary.restored.isEmpty)
            #expect(try await archive.items(by: console).count == 2)
            #expect(try await archive.status().damagedObjects == 0)
        }
    }

    @Test func `an object that stands in its place again is whole again`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let deposited = try await archive.deposit(try place.source("a.bin", Self.content))
            let (item, object, _) = try #require(deposited.new[0])
            try #require(rename(place.objectPath(object.digest), place.path + "/kept") == 0)
            #expect(try await archive.verified().findings.count == 1)
            try #require(rename(place.path + "/kept", place.objectPath(object.digest)) == 0)
            let (summary, findings) = try await archive.verified()
            #expect(findings.isEmpty && summary.restored == [object.digest])
            let account = try await archive.item(item.text, by: console)
            #expect(!account.isDamaged && account.history.last?.kind == "object.restored")
        }
    }

    @Test func `a damaged text leaves the item served, and reading again mends it`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let item = try await archive.deposit(
                try place.source("a.txt", "Số: 677/QĐ-TTg\nHà Nội, ngày 03 tháng 5 năm 2023\nhọc tập"), extracts: true
            ).onlyItem()
            let account = try await archive.item(item.text, by: console)
            let text = try #require(account.extraction?.text)
            #expect(account.suggestions.contains { $0.field == "code" && $0.value == "677/QĐ-TTg" })
            try place.edit(text.digest) { $0[0] ^= 1 }
            let (_, findings) = try await archive.verified()
            #expect(findings.compactMap { $0.object?.digest } == [text.digest] && findings.compactMap { $0.object?.items } == [[]])
            let damaged = try await archive.item(item.text, by: console)
            #expect(damaged.suggestions.isEmpty && !damaged.isDamaged)
            let hits = try await archive.search("học tập", by: console).hits
            #expect(hits.map(\.item) == [item] && hits[0].snippet == nil)
            #expect(await archive.exported(item.text).error == nil)
        }
    }

    // MARK: The ledger

    struct Tampering: CustomTestStringConvertible {
        let name: String
        let sql: String
        let record: Int
        var testDescription: String { name }
    }

    /// Record 0 is the archive's, 1 to 3 are deposits.
    static let tamperings = [
        Tampering(name: "an edited body", sql: "UPDATE record_body SET body = replace(body, 'An', 'Em') WHERE number = 2;", record: 2),
        Tampering(
            name: "an edited header", sql: "UPDATE record SET header = replace(header, 'console:lan', 'console:eve') WHERE number = 2;", record: 2),
        Tampering(name: "an edited salt", sql: "UPDATE record_body SET salt = zeroblob(32) WHERE number = 2;", record: 2),
        Tampering(name: "a body that is gone", sql: "DELETE FROM record_body WHERE number = 2;", record: 2),
        Tampering(name: "a record that is gone", sql: "DELETE FROM record WHERE number = 2;", record: 2),
        Tampering(
            name: "a body and its view",
            sql: "UPDATE record_body SET body = replace(body, 'An', 'Em') WHERE number = 2; UPDATE item SET holder = 'Em' WHERE key = 2;",
            record: 2),
    ]

    @Test("a record that was tampered with is named, and its item not shown", .enabled(if: hasSQLite, sqliteAbsence), arguments: tamperings)
    func tampered(tampering: Tampering) async throws {
        let place = try TestPlace()
        let items = try await place.archive { archive in
            let deposited = try await archive.depositAll(try (1...3).map { try place.source("\($0).txt", "\($0)", EvidenceMetadata(holder: "An")) })
            return try (0..<3).map { try #require(deposited.new[$0]?.item) }
        }
        try place.sqlite("archive.sqlite", tampering.sql)
        try await place.archive { archive in
            let (summary, findings) = try await archive.verified()
            #expect(findings.map(\.record) == [tampering.record], "\(findings)")
            #expect(summary.objects == 3)
            let entries = try await archive.status().accessLogEntries
            await #expect(throws: (any Error).self) { try await archive.item(items[1].text, by: console) }
            let export = await archive.exported(items[1].text)
            #expect(export.error != nil && export.bytes == [] && !export.hasBegun)
            #expect(try await archive.status().accessLogEntries == entries)
            // The others are trusted as before.
            for item in [items[0], items[2]] { #expect(try await archive.item(item.text, by: console).metadata.holder == "An") }
            await #expect(throws: (any Error).self) { try await archive.rebuild() }
            #expect(try await archive.items(by: console).count == 3)
        }
    }

    @Test("a tampered access log is named", .enabled(if: hasSQLite, sqliteAbsence))
    func accessLog() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let item = try await archive.deposit(try place.source("a.txt", "x")).onlyItem()
            for _ in 0..<5 { _ = try await archive.item(item.text, by: console) }
        }
        try place.sqlite("archive.sqlite", "UPDATE access SET header = replace(header, 'console:lan', 'console:eve') WHERE number = 3;")
        try await place.archive { archive in
            let findings = try await archive.verified().findings
            guard findings.count == 1, case .accessLogEntry(3, _) = findings[0] else {
                Issue.record("\(findings)")
                return
            }
        }
    }

    @Test(
        "a damaged list of pieces is found, serves nothing, and is digested anew by rebuild", .enabled(if: hasSQLite, sqliteAbsence),
        arguments: [
            "UPDATE piece_list SET pieces = zeroblob(length(pieces));", "DELETE FROM piece_list;",
        ])
    func pieceList(sql: String) async throws {
        let place = try TestPlace()
        let item = try await place.archive { archive in try await archive.deposit(try place.source("a.bin", Self.content)).onlyItem() }
        try place.sqlite("archive.sqlite", sql)
        try await place.archive { archive in
            let findings = try await archive.verified().findings
            #expect(findings.count == 1 && findings.allSatisfy(\.isPieceList))
            let export = await archive.exported(item.text)
            #expect(export.error != nil && export.bytes == [])
            try await archive.rebuild()
            #expect(try await archive.verified().findings.isEmpty)
            #expect(await archive.exported(item.text).bytes == Self.content)
        }
    }

    @Test("rebuild makes views that are wrong right again", .enabled(if: hasSQLite, sqliteAbsence))
    func views() async throws {
        let place = try TestPlace()
        func dump() throws -> String {
            try place.sqlite(
                "archive.sqlite",
                "SELECT * FROM item ORDER BY key; SELECT * FROM object ORDER BY key; SELECT * FROM record_subject ORDER BY 1, 2;")
        }
        try await place.archive { archive in
            let deposited = try await archive.depositAll(
                try (1...4).map { try place.source("\($0).txt", "học tập \($0 / 2)", EvidenceMetadata(title: "Giấy \($0)", holder: "An")) },
                extracts: true)
            try await archive.describe(try #require(deposited.new[1]?.item), as: EvidenceMetadata(title: "Đồng Tháp"), by: console)
            try place.edit(try #require(deposited.new[3]?.object.digest)) { $0[0] ^= 1 }
            #expect(try await archive.verified().findings.count == 1)
        }
        let before = try dump()
        #expect(before.split(separator: "\n").count > 15)
        try place.sqlite(
            "archive.sqlite", "DELETE FROM item WHERE key = 2; UPDATE item SET holder = 'Bình'; DELETE FROM object; DELETE FROM record_subject;")
        try await place.archive { try await $0.rebuild() }
        #expect(try dump() == before)
    }

    @Test func `what nobody put under objects is named, and what no record names is counted`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            _ = try await archive.deposit(try place.source("a.txt", "x"))
            let lost = Digest(of: "lost".utf8)
            try Data("lost".utf8).write(to: URL(fileURLWithPath: place.objectPath(lost)))
            try Data("x".utf8).write(to: URL(fileURLWithPath: "\(place.archivePath)/objects/sha256/7f/note.txt"))
            let (summary, findings) = try await archive.verified()
            #expect(findings.compactMap(\.foreignPath) == ["objects/sha256/7f/note.txt"] && findings.count == 1)
            #expect(summary.unreferenced == 1)
            // A deposit of the same bytes takes it up.
            let source = try place.source("lost.txt", "lost")
            #expect(try await archive.deposit(source).summary.deposited == 1)
            #expect(try await archive.verified().summary.unreferenced == 0)
        }
    }

    // MARK: Budgets

    @Test("with a budget the oldest are read first, and runs cover everything", arguments: [false, true])
    func budget(isOldestDamaged: Bool) async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            var digests: [Digest] = []
            for index in 0..<8 {
                let size = index == 0 ? 50_000 : 10_000
                let deposited = try await archive.deposit(try place.source("\(index).bin", bytes(size, seed: UInt64(index) + 1)))
                digests.append(try #require(deposited.new[0]?.object.digest))
                place.clock.advance(minutes: 1)
            }
            if isOldestDamaged { try #require(unlink(place.objectPath(digests[0])) == 0) }
            // The newest, so that it is read last.
            try place.edit(digests[7]) { $0[0] ^= 1 }
            let begun = place.clock.now()
            var runs = 0
            var found = false
            var ages: [Timestamp] = []
            while !found, runs < 20 {
                runs += 1
                place.clock.advance(minutes: 60)
                let (summary, findings) = try await archive.verified(VerifyBudget(bytes: 20_000))
                #expect(summary.objects <= 3)
                if runs > 1 || !isOldestDamaged { #expect(summary.objects >= 1) }
                ages.append(try #require(summary.oldestCheck))
                found = findings.contains { $0.object?.digest == digests[7] }
            }
            // 50 kB are one run by themselves; 70 kB in tens are four more.
            #expect(found && runs <= 5 + (isOldestDamaged ? 1 : 0), "\(runs) runs")
            #expect(ages == ages.sorted())
            if !isOldestDamaged {
                _ = try await archive.deposit(try place.source("7.bin", bytes(10_000, seed: 8)))
                for _ in 0..<3 {
                    place.clock.advance(minutes: 1)
                    _ = try await archive.verified(VerifyBudget(bytes: 100_000))
                }
                let oldest = try #require(try await archive.status().oldestCheck)
                #expect(oldest > begun)
            }
        }
    }

    @Test func `a budget of nothing reads nothing, and the ledger is checked all the same`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            _ = try await archive.deposit(try place.source("a.txt", "x"))
            place.clock.advance(minutes: 1)
            for budget in [VerifyBudget(bytes: 0), VerifyBudget(seconds: 0)] {
                let (summary, findings) = try await archive.verified(budget)
                #expect(summary.objects == 0 && summary.bytes == 0 && summary.records == 2 && findings.isEmpty)
            }
            #expect(try await archive.verified(VerifyBudget(seconds: 100)).summary.objects == 1)
        }
    }

    // MARK: The archive itself

    @Test func `an archive in use is refused with its holder's name, and opens when it was let go`() async throws {
        let place = try TestPlace()
        let id = try await place.archive { archive in
            do {
                _ = try await Archive.open(at: place.archivePath, worker: workerPath, holder: "me")
                Issue.record("opened twice")
            } catch {
                #expect(Archive.isInUse(error) && "\(error)" == "cannot open archive \(place.archivePath): it is in use by a test")
            }
            return archive.id
        }
        try await place.archive { #expect($0.id == id) }
        await #expect(throws: (any Error).self) {
            _ = try await Archive.create(at: place.archivePath, by: console, worker: workerPath, holder: "me")
        }
    }

    @Test(
        "a format that is not ours is refused",
        arguments: [
            (#"{"archive":"ar-0000000000000000","format":2}"#, "its format is not 1"), ("", "format.json is not readable"),
            (#"{"archive":"ar-0000000000000000","format":0}"#, "its format is not 1"), ("[]", "format.json is not readable"),
            (#"{"format":1}"#, "format.json names no archive"), (#"{"archive":"ev-0000000000000000","format":1}"#, "format.json names no archive"),
            (#"{"archive":"ar-0000000000000000"}"#, "its format is not 1"),
            (#"{"archive":"ar-0000000000000000","format":1}"#, "format.json does not know its keys"),
        ])
    func format(json: String, reason: String) async throws {
        let place = try TestPlace()
        try await place.archive { _ in }
        try Data(json.utf8).write(to: URL(fileURLWithPath: place.archivePath + "/format.json"))
        await #expect {
            try await place.archive { _ in }
        } throws: { "\($0)".contains(reason) }
    }

    @Test func `a new archive has one record, and its time and maker`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let status = try await archive.status()
            #expect(status.records == 1 && status.items == 0 && status.objects == 0 && status.accessLogEntries == 0 && status.indexBehind == 1)
            #expect(status.accessLogRoot == .ofNothing && status.recordRoot != .ofNothing && status.freeSpace > 0)
            #expect(try await archive.verified().findings.isEmpty)
        }
        let format = try String(contentsOfFile: place.archivePath + "/format.json", encoding: .utf8)
        #expect(format.contains(#""format":1"#) && format.contains(#""hash":"sha256","person_number_key":""#) && format.hasSuffix("}\n"))
        #expect(format.contains(/"public_key":"ar-[0-9a-z]{16}\.minhchung\+[0-9a-f]{8}\+A[^"]{43}"/))
    }
}

@Suite("What a reviewer broke", .serialized)
struct MendedTests {
    @Test func `init leaves an archive alone that lost its format file`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in _ = try await archive.deposit(try place.source("a.txt", "một")) }
        let root = place.archivePath
        try #require(unlink("\(root)/format.json") == 0)
        await #expect(throws: (any Error).self) {
            try await Archive.create(at: root, by: console, worker: "/nowhere", holder: "me")
        }
        #expect(access("\(root)/archive.sqlite", F_OK) == 0)
    }

    @Test func `an index of another past is folded again`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in _ = try await archive.deposit(try place.source("a.txt", "một")) }
        let root = place.archivePath
        let databases = ["archive.sqlite", "service.sqlite"]
        let early = try databases.map { try Data(contentsOf: URL(fileURLWithPath: "\(root)/\($0)")) }
        try await place.archive { archive in
            _ = try await archive.deposit(try place.source("b.txt", "hai"), try place.source("c.txt", "ba"), extracts: true)
            #expect(try await archive.found("hai").count == 1)
        }
        // The archive as it was before, beside the index of later. One that is behind what it has signed is not opened.
        for (index, name) in databases.enumerated() {
            for suffix in ["-wal", "-shm"] { unlink("\(root)/\(name)\(suffix)") }
            try early[index].write(to: URL(fileURLWithPath: "\(root)/\(name)"))
            guard index == 0 else { continue }
            await #expect { try await place.archive { _ in } } throws: { "\($0)".contains("the archive has signed") }
        }
        try await place.archive { archive in
            #expect(try await archive.found("hai") == [])
            let deposited = try await archive.deposit(try place.source("d.txt", "bốn"), extracts: true)
            #expect(try await archive.found("bốn") == [try #require(deposited.new[0]?.item)])
        }
    }

    @Test func `two people who deposit one file make two items`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let source = try place.source("a.txt", "một")
            var items: Set<EvidenceID> = []
            for person in ["officer-1", "officer-2", "officer-1"] {
                _ = try await archive.deposit([source], by: .console(user: "root", actingAs: person)) { _ in }
            }
            for item in try await archive.items(by: console) { items.insert(item.id) }
            #expect(items.count == 2)
            #expect(try await archive.status().objects == 2)
        }
    }

    @Test func `a text that is lost is made anew`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let deposited = try await archive.deposit(try place.source("a.txt", "Đồng Tháp"), extracts: true)
            let item = try #require(deposited.new[0]?.item)
            let text = try #require(try await archive.item(item.text, by: console).extraction?.text)
            try #require(unlink(place.objectPath(text.digest)) == 0)
            #expect(try await archive.verified().findings.count == 1)
            #expect(try await archive.extract(by: console, report: { _ in }).total == 1)
            #expect(try await archive.verified().findings.isEmpty)
        }
    }
}
