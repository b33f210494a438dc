import Custody
import Evidence
import Foundation
import Glibc
import Synchronization
import Testing
import Vault

@Suite("Uploads", .serialized, .timeLimit(.minutes(10)))
struct UploadTests {
    @Test func `a file that is cut off again and again arrives as it was`() async throws {
        let place = try TestPlace()
        var chance = SeededGenerator()
        print("seed \(chance.seed)")
        try await place.archive { archive in
            for round in 0..<8 {
                let content = bytes(Int.random(in: 1...3_000_000, using: &chance), seed: chance.next())
                let upload = try await archive.beginUpload(
                    length: Int64(content.count), expected: Digest(of: content), .named("\(round)"), by: citizen)
                var (offset, cuts) = (0, 0)
                while offset < content.count {
                    let end = Int.random(in: offset...content.count, using: &chance)
                    let isCutOff = end < content.count
                    let isChecked = Bool.random(using: &chance)
                    let part = content[offset..<end]
                    let arriving = Arriving(part, by: Int.random(in: 1_000...400_000, using: &chance), isCutOff: isCutOff)
                    do {
                        let account = try await archive.appendToUpload(
                            upload.id, at: Int64(offset), arriving, checksum: isChecked ? UploadChecksum(.sha256, Digest(of: part).hex) : nil,
                            by: citizen)
                        #expect(!isCutOff && account.offset == Int64(end))
                    } catch is CutOff { cuts += 1 }
                    let now = try await archive.upload(upload.id, by: citizen)
                    // With a checksum nothing counts that could not be compared.
                    #expect(now.offset == Int64(isCutOff && isChecked ? offset : end), "\(offset) \(end)")
                    offset = Int(now.offset)
                    let given = Int64.random(in: 0...Int64(content.count), using: &chance)
                    if given != now.offset {
                        await #expect(throws: UploadError.offset(upload.id, expected: now.offset, given: given)) {
                            try await archive.appendToUpload(upload.id, at: given, Arriving([1]), by: citizen)
                        }
                    }
                    if offset < content.count {
                        await #expect(throws: UploadError.incomplete(upload.id, received: now.offset, length: Int64(content.count))) {
                            try await archive.finishUpload(upload.id, by: citizen)
                        }
                    }
                }
                let outcome = try await archive.finishUpload(upload.id, by: citizen)
                #expect(outcome.isNew && outcome.object.digest == Digest(of: content), "\(cuts) cuts")
                #expect(await archive.exported(outcome.item.text).bytes == content)
            }
            #expect(try place.names(in: "uploads") == [] && place.names(in: "staging") == [])
            #expect(try await archive.verified().findings.isEmpty)
        }
    }

    @Test func `of two who write at once one is told so, and its bytes are nowhere`() async throws {
        let place = try TestPlace()
        let content = bytes(300_000)
        try await place.archive { archive in
            let upload = try await archive.beginUpload(length: 300_000, .named("a"), by: citizen)
            let refused = Collected<any Error>()
            let account = try await archive.appendToUpload(
                upload.id, at: 0,
                Arriving(content, by: 100_000) { (chunk: Int) async throws in
                    guard chunk == 2 else { return }
                    for body in [
                        { _ = try await archive.appendToUpload(upload.id, at: 0, Arriving([UInt8](repeating: 7, count: 300_000)), by: citizen) },
                        { _ = try await archive.finishUpload(upload.id, by: citizen) },
                        { try await archive.terminateUpload(upload.id, by: citizen) },
                    ] as [() async throws -> Void] {
                        do { try await body() } catch { refused.add(error) }
                    }
                    // Somebody else does not even learn that.
                    do { _ = try await archive.appendToUpload(upload.id, at: 0, Arriving([1]), by: citizen(number: 4)) } catch {
                        #expect(Archive.isNotFound(error))
                    }
                    // It expires only when nobody is at work on it.
                    place.clock.advance(minutes: 10_000)
                    #expect(try await archive.expireUploads() == 0)
                }, by: citizen)
            #expect(account.offset == 300_000 && refused.all.count == 3)
            #expect(refused.all.allSatisfy { $0 as? UploadError == .inHand(upload.id) })
            #expect(await archive.exported(try await archive.finishUpload(upload.id, by: citizen).item.text).bytes == content)
        }
    }

    @Test func `after a kill an upload goes on from bytes that are on disk, whatever else the file has`() async throws {
        let place = try TestPlace()
        let content = bytes(20 << 20)
        let killed = Collected<TestPlace>()
        let id = try await place.archive { archive in
            let upload = try await archive.beginUpload(length: Int64(content.count), .named("a"), by: citizen)
            await #expect(throws: CutOff.self) {
                try await archive.appendToUpload(
                    upload.id, at: 0,
                    Arriving(content[..<(13 << 20)], by: 1 << 20, isCutOff: true) { (chunk: Int) async throws in
                        if chunk == 11 { killed.add(try place.killed()) }
                    }, by: citizen)
            }
            killed.add(try place.killed())
            return upload.id
        }
        try #require(killed.all.count == 2)
        for (killed, expected) in zip(killed.all, [8 << 20, 13 << 20]) {
            let path = "\(killed.archivePath)/uploads/\(id)"
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(try #require(attributes[.size] as? Int) >= expected)
            try await killed.archive { archive in
                let upload = try await archive.upload(id, by: citizen)
                #expect(upload.offset == Int64(expected))
                #expect(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int == expected)
                _ = try await archive.appendToUpload(id, at: upload.offset, Arriving(content[expected...], by: 900_000), by: citizen)
                let outcome = try await archive.finishUpload(id, by: citizen)
                #expect(await archive.exported(outcome.item.text).bytes == content)
            }
        }
    }

    @Test("files and what is known of them come together when the archive is opened", .enabled(if: hasSQLite, sqliteAbsence))
    func settling() async throws {
        let place = try TestPlace()
        var ids: [UploadID] = []
        try await place.archive { archive in
            for number in 0..<3 {
                let upload = try await archive.beginUpload(length: 1000, .named("\(number)"), by: citizen)
                _ = try await archive.appendToUpload(upload.id, at: 0, Arriving(bytes(500)), by: citizen)
                ids.append(upload.id)
            }
        }
        let folder = place.archivePath + "/uploads"
        try #require(truncate("\(folder)/\(ids[0])", 300) == 0 && unlink("\(folder)/\(ids[1])") == 0)
        try Data(bytes(500) + [1, 2, 3]).write(to: URL(fileURLWithPath: "\(folder)/\(ids[2])"))
        try Data([1]).write(to: URL(fileURLWithPath: "\(folder)/up-0000000000000000"))
        try await place.archive { archive in
            #expect(try await archive.upload(ids[0], by: citizen).offset == 300)
            await #expect(throws: ArchiveError.self) { try await archive.upload(ids[1], by: citizen) }
            #expect(try await archive.upload(ids[2], by: citizen).offset == 500)
            #expect(try place.names(in: "uploads") == [ids[0].text, ids[2].text].sorted())
            let status = try await archive.status()
            #expect(status.openUploads == 2 && status.uploadedBytes == 800 && status.hasReserve)
            _ = try await archive.appendToUpload(ids[2], at: 500, Arriving(bytes(1000)[500...]), by: citizen)
            #expect(await archive.exported(try await archive.finishUpload(ids[2], by: citizen).item.text).bytes == bytes(1000))
        }
    }

    @Test(
        "an end that was cut off is the same item when it is asked for again", .enabled(if: hasSQLite, sqliteAbsence),
        arguments: [true, false], [true, false])
    func idempotent(isRecorded: Bool, isKilled: Bool) async throws {
        let place = try TestPlace()
        let id = try await place.archive { archive in
            let upload = try await archive.beginUpload(length: 700, .named("a"), by: citizen)
            _ = try await archive.appendToUpload(upload.id, at: 0, Arriving(bytes(700)), by: citizen)
            return upload.id
        }
        // Before the record, or between the record and the word of it.
        let database = isRecorded ? "service.sqlite" : "archive.sqlite"
        try place.sqlite(
            database,
            isRecorded
                ? "CREATE TRIGGER test_stop BEFORE UPDATE ON upload WHEN NEW.outcome IS NOT NULL BEGIN SELECT RAISE(ABORT, 'stop'); END;"
                : "CREATE TRIGGER test_stop BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, 'stop'); END;")
        let killed = try await place.archive { archive in
            await #expect(throws: (any Error).self) { try await archive.finishUpload(id, by: citizen) }
            #expect(try place.objectCount() == 1 && place.names(in: "uploads") == [])
            #expect(try await archive.status().items == (isRecorded ? 1 : 0))
            return isKilled ? try place.killed() : nil
        }
        let after = killed ?? place
        try after.sqlite(database, "DROP TRIGGER test_stop;")
        try await after.archive { archive in
            let outcome = try await archive.finishUpload(id, by: citizen)
            #expect(outcome == .deposited(item: outcome.item, object: outcome.object, isNewObject: true))
            #expect(try await archive.finishUpload(id, by: citizen) == outcome)
            #expect(try await archive.upload(id, by: citizen).item == outcome.item)
            #expect(try await archive.status().items == 1)
            #expect(await archive.exported(outcome.item.text).bytes == bytes(700))
            #expect(try await archive.verified().findings.isEmpty)
        }
    }

    @Test func `what the same person uploads again is the same item, and asked again the answer stays`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let first = try await archive.uploaded(bytes(900))
            let upload = try await archive.beginUpload(length: 900, EvidenceMetadata(title: "Khác", fileName: "a.bin"), by: citizen)
            _ = try await archive.appendToUpload(upload.id, at: 0, Arriving(bytes(900)), by: citizen)
            let again = try await archive.finishUpload(upload.id, by: citizen)
            #expect(again == .alreadyDeposited(item: first.item, object: first.object, isDescribedOtherwise: true))
            #expect(try await archive.finishUpload(upload.id, by: citizen) == again)
            #expect(try await archive.upload(upload.id, by: citizen).item == first.item)
            let other = try await archive.uploaded(bytes(900), by: citizen(number: 4))
            #expect(other == .deposited(item: other.item, object: first.object, isNewObject: false) && other.item != first.item)
            let stream = try await archive.deposit(.named("a.bin"), expected: first.object.digest, Arriving(bytes(900)), by: citizen)
            #expect(stream == .alreadyDeposited(item: first.item, object: first.object, isDescribedOtherwise: false))
            #expect(try place.objectCount() == 1 && place.names(in: "uploads") == [] && place.names(in: "staging") == [])
            let listed = try await archive.uploads(by: citizen)
            #expect(listed.count == 2)
            #expect(try await archive.uploads(limit: 1, by: citizen) == [listed[0]])
            #expect(try await archive.uploads(after: listed[0].id, by: citizen) == [listed[1]])
            #expect(try await archive.uploads(after: listed[1].id, by: citizen) == [])
        }
    }

    @Test("a file that is not the one that was promised is refused and leaves nothing", arguments: [true, false])
    func digest(isStream: Bool) async throws {
        let place = try TestPlace()
        try await place.archive { (archive: Archive) async throws -> Void in
            let (expected, found) = (Digest(of: [9]), Digest(of: bytes(600)))
            await #expect(throws: UploadError.digest(expected: expected, found: found)) {
                _ =
                    isStream
                    ? try await archive.deposit(.named("a"), expected: expected, Arriving(bytes(600)), by: citizen)
                    : try await archive.uploaded(bytes(600), expected: expected)
            }
            let (uploads, staging) = (try place.names(in: "uploads"), try place.names(in: "staging"))
            #expect(uploads == [] && staging == [])
            #expect(try place.objectCount() == 0)
            #expect(try await archive.uploads(by: citizen) == [])
            #expect(try await archive.status().items == 0)
        }
    }

    struct Stream: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let arriving: Arriving
        var length: Int64?
    }

    static let streams = [
        Stream(testDescription: "breaks off", arriving: Arriving(bytes(600), isCutOff: true)),
        Stream(testDescription: "is too long", arriving: Arriving(bytes(600)), length: 599),
        Stream(testDescription: "is too short", arriving: Arriving(bytes(600)), length: 601),
        Stream(testDescription: "is empty", arriving: Arriving([])),
    ]

    @Test("a stream that ends otherwise than it should deposits nothing", arguments: streams)
    func stream(stream: Stream) async throws {
        let place = try TestPlace()
        try await place.archive { (archive: Archive) async throws -> Void in
            await #expect(throws: (any Error).self) {
                try await archive.deposit(.named("a"), length: stream.length, stream.arriving, by: citizen)
            }
            #expect(try place.names(in: "staging") == [])
            #expect(try place.objectCount() == 0)
        }
    }

    @Test("a checksum holds for the bytes of its request", arguments: [FileDigestAlgorithm.sha1, .sha256, .md5])
    func checksum(algorithm: FileDigestAlgorithm) async throws {
        let place = try TestPlace()
        let content = bytes(400_000)
        func digest(_ bytes: ArraySlice<UInt8>) -> String {
            var digest = FileDigest(algorithm)
            bytes.withUnsafeBytes { digest.update($0) }
            return digest.finalize()
        }
        try await place.archive { archive in
            let upload = try await archive.beginUpload(length: 400_000, .named("a"), by: citizen)
            let first = content[..<100_000]
            _ = try await archive.appendToUpload(upload.id, at: 0, Arriving(first), checksum: UploadChecksum(algorithm, digest(first)), by: citizen)
            await #expect(throws: UploadError.checksum(upload.id)) {
                try await archive.appendToUpload(
                    upload.id, at: 100_000, Arriving(content[100_001...] + [0]), checksum: UploadChecksum(algorithm, digest(content[100_000...])),
                    by: citizen)
            }
            #expect(try await archive.upload(upload.id, by: citizen).offset == 100_000)
            await #expect(throws: UploadError.tooLong(upload.id, length: 400_000)) {
                try await archive.appendToUpload(upload.id, at: 100_000, Arriving(content), by: citizen)
            }
            let offset = try await archive.upload(upload.id, by: citizen).offset
            // What came before the byte too many counts.
            #expect(offset >= 100_000)
            _ = try await archive.terminateUpload(upload.id, by: citizen)
            #expect(try place.names(in: "uploads") == [])
            let again = try await archive.uploaded(content, expected: Digest(of: content))
            #expect(await archive.exported(again.item.text).bytes == content)
        }
    }

    @Test func `nobody but its account finds an upload`() async throws {
        let place = try TestPlace()
        let stranger = citizen(number: 4)
        try await place.archive { archive in
            let upload = try await archive.beginUpload(length: 10, .named("a"), by: citizen)
            _ = try await archive.appendToUpload(upload.id, at: 0, Arriving(bytes(10)), by: citizen)
            let acts: [(UploadID) async throws -> Void] = [
                { _ = try await archive.upload($0, by: stranger) },
                { _ = try await archive.appendToUpload($0, at: 10, Arriving([]), by: stranger) },
                { _ = try await archive.finishUpload($0, by: stranger) },
                { try await archive.terminateUpload($0, by: stranger) },
            ]
            for act in acts {
                var words: [String] = []
                for id in [upload.id, .random()] {
                    do {
                        try await act(id)
                        Issue.record("a stranger did it")
                    } catch {
                        #expect(Archive.isNotFound(error))
                        words.append("\(error)".replacing(id.text, with: ""))
                    }
                }
                #expect(Set(words).count == 1)
            }
            #expect(try await archive.uploads(by: stranger) == [])
            #expect(try await archive.uploads(by: citizen).map(\.offset) == [10])
        }
    }

    struct Limit: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (inout UploadLimits) -> Void
        let isExpected: @Sendable (UploadError) -> Bool
    }

    static let limits = [
        Limit(testDescription: "the size of a file", change: { $0.size = 99 }, isExpected: { $0 == .tooLarge(length: 100, limit: 99) }),
        Limit(testDescription: "uploads of an account", change: { $0.open = 1 }, isExpected: { if case .overQuota = $0 { true } else { false } }),
        Limit(testDescription: "bytes of an account", change: { $0.bytes = 199 }, isExpected: { if case .overQuota = $0 { true } else { false } }),
        Limit(testDescription: "uploads of all", change: { $0.total = 1 }, isExpected: { if case .overQuota = $0 { true } else { false } }),
        Limit(
            testDescription: "free space", change: { $0.freeSpace = .max / 2 },
            isExpected: { if case .tooLittleSpace = $0 { true } else { false } }),
    ]

    @Test("each limit holds, and a finished upload is none any more", arguments: limits)
    func limit(limit: Limit) async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let upload = try await archive.beginUpload(length: 100, .named("a"), by: citizen)
            _ = try await archive.appendToUpload(upload.id, at: 0, Arriving(bytes(100)), by: citizen)
        }
        var limits = UploadLimits()
        limit.change(&limits)
        try await place.archive(uploadLimits: limits) { archive in
            await #expect {
                try await archive.beginUpload(length: 100, .named("b"), by: citizen)
            } throws: { error in
                (error as? UploadError).map(limit.isExpected) ?? false
            }
            #expect(try place.names(in: "uploads").count == 1)
            for upload in try await archive.uploads(by: citizen) { _ = try await archive.finishUpload(upload.id, by: citizen) }
            if limits.size > 100, limits.freeSpace < .max / 2 { _ = try await archive.beginUpload(length: 100, .named("b"), by: citizen) }
        }
    }

    @Test func `an upload that nobody goes on with expires, and what it became stays`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let old = try await archive.beginUpload(length: 100, .named("a"), by: citizen)
            let done = try await archive.uploaded(bytes(50))
            place.clock.advance(minutes: 23 * 60)
            let upload = try await archive.beginUpload(length: 100, .named("b"), by: citizen)
            #expect(try await archive.expireUploads() == 0)
            place.clock.advance(minutes: 61)
            #expect(try await archive.expireUploads() == 2)
            await #expect(throws: ArchiveError.self) { try await archive.upload(old.id, by: citizen) }
            // Going on puts it off.
            #expect(try await archive.appendToUpload(upload.id, at: 0, Arriving([1]), by: citizen).expiresAt > upload.expiresAt)
            #expect(try place.names(in: "uploads") == [upload.id.text])
            #expect(try await archive.item(done.item.text, by: console).id == done.item)
        }
    }
}
