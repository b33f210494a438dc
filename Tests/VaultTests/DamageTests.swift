import Evidence
import Foundation
import Glibc
import Testing
import Vault

@Suite("Damaged objects", .timeLimit(.minutes(10)))
struct DamageTests {
    static let content = bytes((2 << 20) + 100)

    /// What may stand where an object stood.
    enum Harm: String, CaseIterable {
        case missing, symbolicLink, brokenLink, folder, pipe, socket, truncated, emptied, extended, flippedFirst, flippedLast

        /// Does it to the file at `path`.
        func happen(to path: String) throws {
            func replace(_ make: () throws -> Bool) throws {
                try #require(unlink(path) == 0)
                try #require(try make())
            }
            func edit(_ body: (inout [UInt8]) -> Void) throws {
                try #require(chmod(path, 0o600) == 0)
                var bytes = try contents(path)
                body(&bytes)
                try write(bytes, to: Array(path.utf8))
                try #require(chmod(path, 0o400) == 0)
            }
            switch self {
            case .missing: try replace { true }
            case .symbolicLink:
                // The right bytes, but not ours to keep.
                try #require(rename(path, path + ".elsewhere") == 0)
                try #require(symlink(path + ".elsewhere", path) == 0)
            case .brokenLink: try replace { symlink("nowhere", path) == 0 }
            case .folder: try replace { mkdir(path, 0o700) == 0 }
            case .pipe: try replace { mkfifo(path, 0o600) == 0 }
            case .socket: try replace { mknod(path, S_IFSOCK | 0o600, 0) == 0 }
            case .truncated: try edit { $0.removeLast() }
            case .emptied: try edit { $0.removeAll() }
            case .extended: try edit { $0.append(0) }
            case .flippedFirst: try edit { $0[0] ^= 1 }
            case .flippedLast: try edit { $0[$0.count - 1] ^= 0x80 }
            }
        }

        /// What a check has to say of it.
        var damage: Damage {
            let size = Int64(content.count)
            switch self {
            case .missing: return .missing
            case .symbolicLink, .brokenLink, .folder, .pipe, .socket: return .notAFile
            case .truncated: return .sizeDiffers(expected: size, found: size - 1)
            case .emptied: return .sizeDiffers(expected: size, found: 0)
            case .extended: return .sizeDiffers(expected: size, found: size + 1)
            case .flippedFirst: return .contentDiffers(found: Digest(of: [content[0] ^ 1] + content[1...]))
            case .flippedLast: return .contentDiffers(found: Digest(of: content.dropLast() + [content[content.count - 1] ^ 0x80]))
            }
        }

        /// What reading meets first.
        var readingDamage: Damage {
            switch self {
            case .flippedFirst: .pieceDiffers(index: 0)
            case .flippedLast: .pieceDiffers(index: 2)
            default: damage
            }
        }
    }

    private static func stored() throws -> (archive: HeldArchive, source: [UInt8], staged: StagedObject) {
        let folder = try TemporaryFolder()
        let archive = try HeldArchive(newIn: folder)
        let source = try folder.file("a", content)
        return (archive, source, try archive.deposit(source).0)
    }

    @Test("is named by a check and never read", arguments: Harm.allCases)
    func named(harm: Harm) throws {
        let (archive, _, staged) = try Self.stored()
        try harm.happen(to: archive.path(of: staged.digest))
        #expect(archive.store.damage(of: staged.digest, size: staged.description.size) == harm.damage)
        #expect(try archive.store.digestPieces(of: staged.description) == nil)
        let error = try vaultError {
            let stored = try archive.store.open(staged.description, pieces: staged.pieces)
            _ = try stored.bytes(0..<staged.description.size)
        }
        #expect(error.damage == harm.readingDamage)
    }

    @Test("goes to quarantine when the same bytes are deposited again, and they take its place", arguments: Harm.allCases)
    func replaced(harm: Harm) throws {
        let (archive, source, staged) = try Self.stored()
        let path = archive.path(of: staged.digest)
        try harm.happen(to: path)
        let (again, outcome) = try archive.deposit(source)
        #expect(!again.isPresent)
        #expect(outcome == (harm == .missing ? .stored : .replacedDamaged(harm.damage)))
        #expect(try contents(path) == Self.content)
        #expect(archive.store.damage(of: staged.digest, size: staged.description.size) == nil)
        #expect(try archive.staging() == [])
        let quarantined = try archive.quarantined()
        #expect(quarantined.count == (harm == .missing ? 0 : 1))
        #expect(quarantined.allSatisfy { $0.hasPrefix("\(staged.digest.hex).") })
    }

    @Test("is moved to quarantine as it is", arguments: Harm.allCases.filter { $0 != .missing })
    func quarantined(harm: Harm) throws {
        let (archive, _, staged) = try Self.stored()
        let path = archive.path(of: staged.digest)
        try harm.happen(to: path)
        var before = stat()
        try #require(lstat(path, &before) == 0)
        let found = try #require(try archive.store.quarantine(staged.digest, size: staged.description.size))
        #expect(found.damage == harm.damage && found.isMoved)
        #expect(archive.store.damage(of: staged.digest, size: staged.description.size) == .missing)
        let names = try archive.quarantined()
        try #require(names.count == 1)
        var after = stat()
        try #require(lstat("\(archive.path)/quarantine/\(names[0])", &after) == 0)
        #expect(before.st_ino == after.st_ino && before.st_mode == after.st_mode && before.st_size == after.st_size)
        // There is nothing left to move.
        #expect(try archive.store.quarantine(staged.digest, size: staged.description.size)?.isMoved == false)
    }

    @Test func `a folder of objects that is gone or a link is damage of its objects`() throws {
        let (archive, _, staged) = try Self.stored()
        let shard = "\(archive.path)/objects/sha256/\(staged.digest.hex.prefix(2))"
        try #require(rename(shard, "\(archive.path)/shard") == 0)
        #expect(archive.store.damage(of: staged.digest, size: staged.description.size) == .missing)
        try #require(symlink("\(archive.path)/shard", shard) == 0)
        #expect(archive.store.damage(of: staged.digest, size: staged.description.size) == .notAFile)
    }

    @Test func `ranges are the object's bytes, and no byte of a damaged piece is handed out`() throws {
        let (archive, _, staged) = try Self.stored()
        var generator = SeededGenerator()
        print("seed \(generator.seed)")
        let size = staged.description.size
        let piece = Int64(1 << 20)
        var ranges = (0..<60).map { _ in
            let start = Int64.random(in: 0...size, using: &generator)
            return start..<Int64.random(in: start...size, using: &generator)
        }
        ranges += [0..<1, size - 1..<size, piece - 1..<piece, piece..<piece + 1, piece - 1..<piece + 1, 2 * piece..<size, 0..<2 * piece]
        let sound = try archive.store.open(staged.description, pieces: staged.pieces)
        for range in ranges {
            #expect(try sound.bytes(range) == Array(Self.content[Int(range.lowerBound)..<Int(range.upperBound)]), "seed \(generator.seed)")
        }

        // One bit of the piece in the middle, while the object is open.
        let path = archive.path(of: staged.digest)
        try #require(chmod(path, 0o600) == 0)
        var content = Self.content
        content[Int(piece) + 77] ^= 4
        try write(content, to: Array(path.utf8), flags: 0)
        for stored in [sound, try archive.store.open(staged.description, pieces: staged.pieces)] {
            for range in ranges {
                if !range.isEmpty, range.overlaps(piece..<2 * piece) {
                    let error = try vaultError { _ = try stored.bytes(range) }
                    #expect(error.damage == .pieceDiffers(index: 1), "seed \(generator.seed)")
                } else {
                    #expect(try stored.bytes(range) == Array(Self.content[Int(range.lowerBound)..<Int(range.upperBound)]))
                }
            }
        }
    }

    @Test func `an object that shrinks while it is open is damage`() throws {
        let (archive, _, staged) = try Self.stored()
        let stored = try archive.store.open(staged.description, pieces: staged.pieces)
        try #require(truncate(archive.path(of: staged.digest), 10) == 0)
        for index in 0..<3 {
            #expect(try vaultError { _ = try stored.piece(index) }.damage == .pieceDiffers(index: index))
        }
    }

    @Test func `an unreadable sector is no reason to say that the bytes are other ones`() throws {
        let folder = try TemporaryFolder()
        let faults = Faults()
        let archive = try HeldArchive(newIn: folder, system: faults.system)
        let (staged, _) = try archive.deposit(try folder.file("a", Self.content))
        faults.arm([Faults.Plan(call: .read, number: 2, isSticky: true, errno: EIO)])
        let cause = SystemCallError(call: .read, errno: EIO)
        #expect(archive.store.damage(of: staged.digest, size: staged.description.size) == .unreadable(cause))
        let stored = try archive.store.open(staged.description, pieces: staged.pieces)
        #expect(try vaultError { _ = try stored.piece(0) }.damage == .unreadable(cause))
        #expect(cause.description == "Input/output error")
    }

    @Test func `everything under objects is listed, and what is no object is told apart`() throws {
        let folder = try TemporaryFolder()
        let archive = try HeldArchive(newIn: folder)
        let digests = try (0..<20).map { try archive.deposit(try folder.file("\($0)", [UInt8($0)])).0.digest }
        let sample = digests[0]
        let wrongShard = sample.hex.hasPrefix("00") ? "01" : "00"
        let foreign = [
            "ff/readme", "00/\u{1B}x", "\(wrongShard)/\(sample.hex)", "\(sample.hex.prefix(2))/\(sample.hex).part",
            "\(sample.hex.prefix(2))/\(sample.hex.uppercased())",
        ]
        for name in foreign { try write([1], to: Array("\(archive.path)/objects/sha256/\(name)".utf8)) }
        var objects: [Digest] = []
        var others: [String] = []
        try archive.store.forEachStored { name in
            switch name {
            case .object(let digest): objects.append(digest)
            case .foreign(let path): others.append(path)
            }
        }
        #expect(objects.sorted() == digests.sorted())
        #expect(
            others.sorted() == foreign.map { "objects/sha256/" + $0.replacing("\u{1B}", with: #"\x1b"#) }.sorted())
    }
}
