import Evidence
import Ledger
import Testing

@Suite("What a witness follows")
struct WitnessTests {
    private static func at(_ minutes: Int) -> Timestamp { Timestamp(milliseconds: 1_795_245_300_000 + Int64(minutes) * 60_000) }

    private static func memory(of archive: ShownArchive) -> WitnessMemory { WitnessMemory(archive: archive.id, keys: [archive.signer.verifier]) }

    /// What is refused: nothing is taken then.
    private static func refusal(_ memory: WitnessMemory, _ pull: WitnessPull, accepting: Int? = nil) throws -> WitnessError {
        var changed = memory
        do {
            try changed.follow(pull, accepting: accepting, at: at(99))
        } catch {
            #expect(changed == memory)
            return error
        }
        Issue.record("nothing was refused")
        return .unreadable("nothing was refused")
    }

    /// An archive of nine records, and a witness that has seen it with three of each tree and as it is.
    private static func followed() throws -> (archive: ShownArchive, memory: WitnessMemory) {
        var archive = ShownArchive(records: 3, access: 3)
        var memory = memory(of: archive)
        try memory.follow(try archive.pull(records: 0, access: 0), at: at(0))
        archive.grow(records: 6, access: 2)
        try memory.follow(try archive.pull(records: 3, access: 3), at: at(1))
        return (archive, memory)
    }

    @Test func `the first sight is taken, growth is followed, and the same again changes nothing`() throws {
        let (archive, memory) = try Self.followed()
        #expect(memory.lastSize(of: .records) == 9 && memory.lastSize(of: .access) == 5)
        #expect(memory.seen[.records]?.map(\.size) == [3, 9] && memory.seen[.records]?.map(\.at) == [Self.at(0), Self.at(1)])
        #expect(memory.seen[.access]?.map(\.root) == [try archive.tree(.access).roots[3], try archive.tree(.access).roots[5]])
        var again = memory
        try again.follow(try archive.pull(records: 9, access: 5), at: Self.at(2))
        #expect(again == memory)
        // Only one tree grew.
        var grown = archive
        grown.grow(access: 1)
        try again.follow(try grown.pull(records: 9, access: 5), at: Self.at(3))
        #expect(again.seen[.records] == memory.seen[.records] && again.lastSize(of: .access) == 6)
    }

    @Test func `an archive without a single entry of its access log is seen as that`() throws {
        var archive = ShownArchive(records: 1)
        var memory = Self.memory(of: archive)
        try memory.follow(try archive.pull(records: 0, access: 0), at: Self.at(0))
        #expect(memory.lastSize(of: .access) == 0)
        archive.grow(records: 1, access: 1)
        try memory.follow(try archive.pull(records: 1, access: 0), at: Self.at(1))
        #expect(memory.lastSize(of: .access) == 1)
    }

    @Test func `a tree that was cut off is refused, with both sizes`() throws {
        let (archive, memory) = try Self.followed()
        var shorter = archive
        shorter.leaves[.records]?.removeLast(2)
        #expect(try Self.refusal(memory, shorter.pull(records: 7, access: 5)) == .truncated(.records, seen: 9, found: 7))
        shorter = archive
        shorter.leaves[.access]?.removeLast()
        #expect(try Self.refusal(memory, shorter.pull(records: 9, access: 4)) == .truncated(.access, seen: 5, found: 4))
        let text = "\(WitnessError.truncated(.records, seen: 9, found: 7))"
        #expect(text.contains("9 were seen") && text.contains("there are 7") && text.contains("records"))
    }

    @Test("a tree that was rewritten is refused, however well its hashes were computed anew", arguments: [0, 4, 8], [9, 12])
    func rewritten(leaf: Int, size: Int) throws {
        let (archive, memory) = try Self.followed()
        var other = archive
        other.leaves[.records]?[leaf] = Array("other".utf8)
        other.grow(records: size - 9)
        #expect(try Self.refusal(memory, other.pull(records: 9, access: 5)) == .rewritten(.records, seen: 9, found: size))
        let text = "\(WitnessError.rewritten(.access, seen: 9, found: 12))"
        #expect(text.contains("its 12 do not continue the 9") && text.contains("access log"))
    }

    @Test func `a wrong key, another archive and another tree are refused`() throws {
        let (archive, memory) = try Self.followed()
        var other = archive
        other.signer = NoteSigner(name: LogOrigin.keyName(of: archive.id), key: .random())
        #expect(
            try Self.refusal(memory, other.pull(records: 9, access: 5)) == .untrusted(.records, .unsigned(trusted: [archive.signer.verifier.name])))
        // Both keys are trusted after the inspector has taken the new one.
        var trusting = WitnessMemory(archive: archive.id, keys: memory.keys + [other.signer.verifier], seen: memory.seen)
        try trusting.follow(try other.pull(records: 9, access: 5), at: Self.at(2))
        other = archive
        other.id = ArchiveID(unchecked: "ar-0000000000000000")
        #expect(try Self.refusal(memory, other.pull(records: 9, access: 5)) == .foreign(expected: archive.id, found: other.id))
        let pull = try archive.pull(records: 9, access: 5)
        #expect(try Self.refusal(memory, WitnessPull(records: pull.access, access: pull.access)) == .wrongTree(expected: .records))
        #expect(try Self.refusal(memory, WitnessPull(records: pull.records, access: pull.records)) == .wrongTree(expected: .access))
    }

    @Test("a proof from another size than the one that was seen is refused, with both", arguments: [0, 3, 8])
    func otherBeginning(size: Int) throws {
        let (archive, memory) = try Self.followed()
        #expect(
            try Self.refusal(memory, archive.pull(records: size, access: 5)) == .otherBeginning(.records, seen: 9, proof: size))
        let text = "\(WitnessError.otherBeginning(.records, seen: 9, proof: size))"
        #expect(text.contains("begins at \(size) records, and 9 were seen") && text.contains("--since 9"))
    }

    // MARK: Restored archives

    private static let body = Array(
        #"{"access_size":4,"epoch":2,"from_epoch":1,"reason":"Hỏng đĩa","taken_at":"2026-11-20T02:00:00.000Z"}"#.utf8)
    private static let salt = [UInt8](repeating: 7, count: 32)

    /// The archive of nine records after it was restored from a backup of `records`, which says so in the record after them.
    private static func restored(
        from archive: ShownArchive, records: Int, body: [UInt8] = body, kind: String = "archive.restored"
    ) throws -> (archive: ShownArchive, restorations: [(record: RecordCopy, proof: InclusionProof)]) {
        var other = archive
        other.epoch = 2
        other.leaves[.records]?.removeLast(9 - records)
        other.leaves[.access]?.removeLast(1)
        let header = RecordHeader(
            number: records, time: at(5), kind: kind, actor: Actor(account: "console:lan"), subjects: [archive.id.text],
            bodyCommitment: RecordForm.commitment(salt: salt, body: body))
        other.leaves[.records]?.append(RecordForm.headerBytes(header))
        other.grow(records: 8, access: 3)
        return (other, [try other.restoration(at: records, disclosed: (salt, body))])
    }

    @Test("a restored archive is followed only where a human accepts its epoch, and the gap is told", arguments: [3, 5])
    func restored(records: Int) throws {
        let (archive, memory) = try Self.followed()
        let (restored, restorations) = try Self.restored(from: archive, records: records)
        // Of the sizes that were seen, the one that is surely there still.
        let pull = try restored.pull(records: 3, access: 3, restorations: restorations)
        let takenAt = try #require(Timestamp("2026-11-20T02:00:00.000Z"))
        let lost = WitnessError.restored(epoch: 2, lost: [.records: 3..<9, .access: 3..<5], takenAt: takenAt)
        #expect(try Self.refusal(memory, pull) == lost)
        #expect(try Self.refusal(memory, pull, accepting: 3) == lost)
        let text = "\(lost)"
        // Nothing that was seen ends between the third and the last, so that what is between cannot be compared.
        #expect(text.contains("records that were seen, 3 to 8 are lost, or cannot be compared"))
        #expect(text.contains("entries that were seen, 3 to 4 are lost, or cannot be compared"))
        #expect(text.contains("2026-11-20T02:00:00.000Z") && text.contains("--accept-epoch 2"))
        var accepted = memory
        try accepted.follow(pull, accepting: 2, at: Self.at(6))
        #expect(accepted.seen[.records]?.map(\.size) == [3, records + 9] && accepted.seen[.records]?.map(\.epoch) == [1, 2])
        #expect(accepted.seen[.access]?.map(\.size) == [3, 7])
        // From there on it goes on as before.
        var grown = restored
        grown.grow(records: 1)
        try accepted.follow(try grown.pull(records: records + 9, access: 7), at: Self.at(7))
        #expect(accepted.lastSize(of: .records) == records + 10)
    }

    @Test func `a restored archive that is another before the gap is refused all the same`() throws {
        let (archive, memory) = try Self.followed()
        var other = archive
        other.leaves[.records]?[1] = Array("other".utf8)
        let (restored, restorations) = try Self.restored(from: other, records: 5)
        let pull = try restored.pull(records: 3, access: 3, restorations: restorations)
        #expect(try Self.refusal(memory, pull, accepting: 2) == .rewritten(.records, seen: 3, found: 14))
    }

    @Test func `an epoch that no record explains is refused`() throws {
        let (archive, memory) = try Self.followed()
        let (restored, restorations) = try Self.restored(from: archive, records: 5)
        let unexplained = WitnessError.unexplainedEpoch(.records, seen: 1, found: 2)
        #expect(try Self.refusal(memory, restored.pull(records: 3, access: 3), accepting: 2) == unexplained)
        #expect("\(unexplained)".contains("epoch 2, epoch 1 was seen"))
        var third = restored
        third.epoch = 3
        let proofs = [try third.restoration(at: 5, disclosed: (Self.salt, Self.body))]
        #expect(
            try Self.refusal(memory, third.pull(records: 3, access: 3, restorations: proofs), accepting: 3)
                == .unexplainedEpoch(.records, seen: 1, found: 3))
        // An epoch that was left does not come back.
        var accepted = memory
        try accepted.follow(try restored.pull(records: 3, access: 3, restorations: restorations), accepting: 2, at: Self.at(6))
        var back = archive
        back.grow(records: 9, access: 9)
        #expect(
            try Self.refusal(accepted, back.pull(records: 14, access: 7)) == .unexplainedEpoch(.records, seen: 2, found: 1))
    }

    @Test func `the record of a restoration has to be in the tree, and to be one`() throws {
        let (archive, memory) = try Self.followed()
        func isUnreadable(_ restored: ShownArchive, _ restorations: [(record: RecordCopy, proof: InclusionProof)]) throws -> Bool {
            let pull = try restored.pull(records: 3, access: 3, restorations: restorations)
            if case .unreadable = try Self.refusal(memory, pull, accepting: 2) { return true }
            return false
        }
        let (restored, right) = try Self.restored(from: archive, records: 5)
        let elsewhere = [(record: right[0].record, proof: try restored.inclusion(of: 6))]
        #expect(try isUnreadable(restored, elsewhere))
        var other = restored
        other.grow(records: 1)
        #expect(try isUnreadable(other, right), "a proof in another tree than the one that is shown")
        let erased = [(record: RecordCopy(header: right[0].record.header, disclosed: nil), proof: right[0].proof)]
        #expect(try isUnreadable(restored, erased))
        let forged = Array(String(decoding: Self.body, as: UTF8.self).replacing("\"access_size\":4", with: "\"access_size\":9").utf8)
        #expect(try isUnreadable(restored, [(RecordCopy(header: right[0].record.header, disclosed: (Self.salt, forged)), right[0].proof)]))
        let (kind, ofKind) = try Self.restored(from: archive, records: 5, kind: "access.dropped")
        #expect(try isUnreadable(kind, ofKind))
    }

    // MARK: As files

    @Test func `a pull and a memory are read as they are written, and only so`() throws {
        let (archive, memory) = try Self.followed()
        let (restored, restorations) = try Self.restored(from: archive, records: 5)
        for pull in [try archive.pull(records: 3, access: 3), try restored.pull(records: 3, access: 3, restorations: restorations)] {
            let read = try WitnessPull(parsing: pull.bytes)
            #expect(read == pull && read.bytes == pull.bytes)
            #expect(throws: WitnessError.self) { try WitnessPull(parsing: pull.bytes.dropLast()) }
            #expect(throws: WitnessError.self) { try WitnessPull(parsing: [0x20] + pull.bytes) }
        }
        #expect(try WitnessMemory(parsing: memory.bytes) == memory)
        #expect(try WitnessMemory(parsing: Self.memory(of: archive).bytes) == Self.memory(of: archive))
        let text = String(decoding: memory.bytes, as: UTF8.self)
        for (found, other) in [
            ("{\"archive\"", "{\"aaa\":1,\"archive\""), ("ar-7h2k", "ev-7h2k"), ("minhchung+", "minhchung-"), ("\"size\":9", "\"size\":\"9\""),
            ("\"size\":9", "\"size\":9,\"zzz\":1"), ("}\n", "}"), ("\"records\"", "\"record\""),
        ] {
            try #require(text.contains(found))
            #expect(throws: WitnessError.self, "\(other)") { try WitnessMemory(parsing: Array(text.replacing(found, with: other).utf8)) }
        }
    }

    @Test func `a copy of a record opens only with the body that its header commits to`() throws {
        let (archive, _) = try Self.followed()
        let (_, restorations) = try Self.restored(from: archive, records: 5)
        let record = restorations[0].record
        #expect(try RecordCopy(parsing: record.bytes) == record)
        let opened = try record.opened()
        #expect(opened.header.number == 5 && opened.body?.kind == .archiveRestored)
        let erased = RecordCopy(header: record.header, disclosed: nil)
        #expect(try erased.opened().body == nil && RecordCopy(parsing: erased.bytes) == erased)
        let other = RecordCopy(header: record.header, disclosed: ([UInt8](repeating: 8, count: 32), Self.body))
        #expect(throws: RecordFormError.wrong(field: "body")) { try other.opened() }
        for wrong in ["", "{}\n", "{\"header\":{}}", "{\"header\":{},\"salt\":\"00\"}\n", "{\"body\":{},\"header\":{}}\n"] {
            #expect(throws: RecordFormError.self, "\(wrong)") { try RecordCopy(parsing: Array(wrong.utf8)) }
        }
    }
}
