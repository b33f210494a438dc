import Evidence
import Foundation
import Glibc
import Synchronization
import Testing
import Vault

@Suite("Storing objects", .timeLimit(.minutes(10)))
struct StoringTests {
    static let mebibyte = 1 << 20

    @Test(
        "stores a file of any size and gives it back",
        arguments: [1, 2, 4095, 4096, 4097, mebibyte - 1, mebibyte, mebibyte + 1, 2 * mebibyte, 3 * mebibyte + 5])
    func roundTrip(size: Int) throws {
        let folder = try TemporaryFolder()
        let archive = try HeldArchive(newIn: folder)
        let content = bytes(size)
        let path = try folder.file("a.pdf", content)

        let (staged, outcome) = try archive.deposit(path)
        #expect(outcome == .stored)
        #expect(staged.description == description(of: content))
        #expect(staged.pieces == pieces(of: content))
        #expect(!staged.isPresent)

        #expect(try contents(archive.path(of: staged.digest)) == content)
        #expect(archive.store.damage(of: staged.digest, size: Int64(size)) == nil)
        let stored = try archive.store.open(staged.description, pieces: staged.pieces)
        #expect(stored.pieceCount == staged.pieces.count)
        #expect(try (0..<stored.pieceCount).flatMap(stored.piece) == content)
        #expect(try stored.bytes(0..<Int64(size)) == content)
        #expect(try stored.bytes(Int64(size)..<Int64(size)) == [])
        #expect(try archive.store.digestPieces(of: staged.description) == staged.pieces)

        #expect(try archive.staging() == [])
        #expect(try contents("\(folder.path)/a.pdf") == content)
    }

    @Test("stores bytes in memory as it stores a file", arguments: [1, mebibyte, mebibyte + 1])
    func inMemory(size: Int) throws {
        let folder = try TemporaryFolder()
        let archive = try HeldArchive(newIn: folder)
        let content = bytes(size)
        let staged = try archive.store.stage(bytes: content, name: "a text")
        #expect(try archive.store.seal([staged]) == [.stored])
        #expect(staged.description == description(of: content))
        #expect(staged.pieces == pieces(of: content))
        #expect(try contents(archive.path(of: staged.digest)) == content)
    }

    @Test func `an empty file is refused, and no bytes as well`() throws {
        let folder = try TemporaryFolder()
        let archive = try HeldArchive(newIn: folder)
        let path = try folder.file("empty.pdf", [])
        #expect(try vaultError { _ = try archive.store.stage(file: path) }.isEmptyFile)
        #expect(try vaultError { _ = try archive.store.stage(bytes: [], name: "nothing") }.isEmptyFile)
        #expect(try archive.staging() == [])
    }

    @Test func `an object is read-only, in the folder of its first byte, one of 256`() throws {
        let folder = try TemporaryFolder()
        let archive = try HeldArchive(newIn: folder)
        let (staged, _) = try archive.deposit(try folder.file("a", Array("abc".utf8)))
        var status = stat()
        try #require(
            lstat("\(archive.path)/objects/sha256/ba/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", &status) == 0)
        #expect(status.st_mode == S_IFREG | 0o400)
        #expect(status.st_nlink == 1)
        #expect(staged.digest.hex.hasPrefix("ba7816bf"))
        #expect(try names(in: archive.path + "/objects/sha256") == (0..<256).map { String(format: "%02x", $0) })
        #expect(try names(in: archive.path) == ["format.json", "keys", "lock", "objects", "quarantine", "reserve", "staging", "trash", "uploads"])
    }

    @Test(
        "a file's name may be any bytes",
        arguments: [
            (Array("một\nhai.pdf".utf8), #"một\x0ahai.pdf"#), ([0xFF, 0xFE, 0x41], #"\xff\xfeA"#), ([0xE1, 0xBB], #"\xe1\xbb"#),
            (Array("-rf *".utf8), "-rf *"), ([0x1B, 0x5B, 0x32, 0x4A], #"\x1b[2J"#), (Array("a\u{301}".utf8), "a\u{301}"),
            ([UInt8](repeating: 0xF0, count: 255), String(repeating: #"\xf0"#, count: 255)),
        ] as [([UInt8], String)])
    func anyName(name: [UInt8], shown: String) throws {
        let folder = try TemporaryFolder()
        let archive = try HeldArchive(newIn: folder)
        let path = try folder.file(name, [1, 2, 3])
        let (staged, outcome) = try archive.deposit(path)
        #expect(outcome == .stored)
        #expect(staged.description == description(of: [1, 2, 3]))
        #expect(Array(displayName(path).utf8) == Array("\(folder.path)/\(shown)".utf8))
    }

    @Test func `the same bytes again are read again and stored once`() throws {
        let folder = try TemporaryFolder()
        let faults = Faults()
        let archive = try HeldArchive(newIn: folder, system: faults.system)
        let content = bytes(5000)
        let path = try folder.file("a", content)
        let (first, _) = try archive.deposit(path)
        var before = stat()
        try #require(lstat(archive.path(of: first.digest), &before) == 0)

        faults.arm([])
        let again = try archive.store.stage(file: path)
        #expect(again.isPresent)
        #expect(try archive.staging() == [])
        // Twice the file's reads: the source, and what is stored.
        #expect(faults.count(.read) >= 3)
        #expect(try archive.store.seal([again]) == [.alreadyStored])
        // Another writer's rename may not be durable yet, so its folder is synced.
        #expect(faults.count(.synchronize) == 1)

        var after = stat()
        try #require(lstat(archive.path(of: first.digest), &after) == 0)
        #expect(before.st_ino == after.st_ino && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec)
        #expect(again.description == first.description && again.pieces == first.pieces)
    }

    @Test func `the same bytes twice in one sealing are stored once`() throws {
        let folder = try TemporaryFolder()
        let archive = try HeldArchive(newIn: folder)
        let path = try folder.file("a", [1])
        let staged = try (0..<3).map { _ in try archive.store.stage(file: path) }
        #expect(try archive.store.seal(staged) == [.stored, .alreadyStored, .alreadyStored])
        #expect(try archive.staging() == [])
        #expect(try archive.quarantined() == [])
    }

    @Test("many files are sealed at once", arguments: [1, 8, 9, 40])
    func many(count: Int) throws {
        let folder = try TemporaryFolder()
        let faults = Faults()
        let archive = try HeldArchive(newIn: folder, system: faults.system)
        let contents = (0..<count).map { bytes(100 + $0, seed: UInt64($0)) }
        let staged = try contents.enumerated().map { try archive.store.stage(file: try folder.file("\($0)", $1)) }
        faults.arm([])
        #expect(try archive.store.seal(staged) == [SealOutcome](repeating: .stored, count: count))
        // A few files are synced one by one; of many the whole file system is, once before the renames and once after.
        if count > 8 {
            #expect(faults.count(.synchronizeFileSystem) == 2 && faults.count(.synchronize) == 0)
        } else {
            let shards = Set(staged.map { $0.digest.hex.prefix(2) })
            #expect(faults.count(.synchronizeFileSystem) == 0 && faults.count(.synchronize) == count + shards.count)
        }
        for content in contents { #expect(archive.store.damage(of: Digest(of: content), size: Int64(content.count)) == nil) }
        #expect(try archive.staging() == [])
    }

    @Test func `sealing nothing does nothing`() throws {
        let folder = try TemporaryFolder()
        let faults = Faults()
        let archive = try HeldArchive(newIn: folder, system: faults.system)
        faults.arm([])
        #expect(try archive.store.seal([]) == [])
        #expect(SystemCall.allCases.allSatisfy { faults.count($0) == 0 })
    }

    @Test func `a discarded object leaves nothing`() throws {
        let folder = try TemporaryFolder()
        let archive = try HeldArchive(newIn: folder)
        let staged = try archive.store.stage(file: try folder.file("a", [1]))
        #expect(try archive.staging().count == 1)
        archive.store.discard(staged)
        #expect(try archive.staging() == [])
        #expect(archive.store.damage(of: staged.digest, size: 1) == .missing)
    }

    // MARK: Sources that are no files

    @Test("a source that is no file is refused at once", arguments: ["folder", "pipe", "device", "endless device", "socket", "link to a pipe"])
    func noFile(kind: String) throws {
        let folder = try TemporaryFolder()
        let archive = try HeldArchive(newIn: folder)
        var path = "\(folder.path)/source"
        switch kind {
        case "folder": try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        case "pipe": try #require(mkfifo(path, 0o600) == 0)
        case "device": path = "/dev/null"
        case "endless device": path = "/dev/zero"
        case "socket": try #require(mknod(path, S_IFSOCK | 0o600, 0) == 0)
        default:
            try #require(mkfifo(path + "-", 0o600) == 0)
            try #require(symlink(path + "-", path) == 0)
        }
        let error = try vaultError { _ = try archive.store.stage(file: Array(path.utf8)) }
        if kind == "socket" {
            // A socket cannot be opened at all.
            #expect(error.description == "cannot read \(path): No such device or address")
        } else {
            #expect(error.isNotAFile)
        }
        #expect(try archive.staging() == [])
    }

    @Test func `a link to a file is followed, a broken one and a missing file are refused by name`() throws {
        let folder = try TemporaryFolder()
        let archive = try HeldArchive(newIn: folder)
        try folder.file("a", [1, 2])
        try #require(symlink("a", folder.path + "/link") == 0)
        try #require(symlink("nowhere", folder.path + "/broken") == 0)
        #expect(try archive.deposit(Array("\(folder.path)/link".utf8)).0.description == description(of: [1, 2]))
        for name in ["broken", "missing"] {
            let error = try vaultError { _ = try archive.store.stage(file: Array("\(folder.path)/\(name)".utf8)) }
            #expect(error.description == "cannot read \(folder.path)/\(name): No such file or directory")
        }
    }

    @Test func `a file larger than the disk is refused before it is read`() throws {
        let folder = try TemporaryFolder()
        let faults = Faults()
        let archive = try HeldArchive(newIn: folder, system: faults.system)
        let path = try folder.file("sparse", [1])
        try #require(truncate("\(folder.path)/sparse", 15 << 40) == 0)
        faults.arm([])
        let error = try vaultError { _ = try archive.store.stage(file: path) }
        #expect(error.isTooLittleSpace && !error.stopsEverything)
        #expect(faults.count(.read) == 0 && faults.count(.create) == 0)
    }

    // MARK: Sources that change

    enum Change: String, CaseIterable {
        case appended, truncated, emptied, overwritten, touched
    }

    @Test("a file that changes while it is read is refused", arguments: Change.allCases, [100, mebibyte, 2 * mebibyte + 100])
    func changes(change: Change, size: Int) throws {
        let folder = try TemporaryFolder()
        let faults = Faults()
        let archive = try HeldArchive(newIn: folder, system: faults.system)
        let content = bytes(size)
        let path = try folder.file("a", content)
        let name = "\(folder.path)/a"
        // Long ago, so that the change has another time even on a coarse clock.
        var times = [timespec](repeating: timespec(tv_sec: 1_000_000_000, tv_nsec: 0), count: 2)
        try #require(utimensat(AT_FDCWD, name, &times, 0) == 0)

        faults.arm { call, number in
            guard call == .read, number == 2 else { return }
            switch change {
            case .appended: try? write([1], to: path, flags: O_APPEND)  // the expectation below fails if it did not happen
            case .truncated: truncate(name, off_t(size / 2))
            case .emptied: truncate(name, 0)
            case .overwritten: try? write([content[0] ^ 1], to: path, flags: 0)  // as above
            case .touched: utimensat(AT_FDCWD, name, nil, 0)
            }
        }
        let error = try vaultError { _ = try archive.store.stage(file: path) }
        #expect(error.isChanged, "\(error)")
        #expect(try archive.staging() == [])
        faults.disarm()
        if change != .emptied { #expect(throws: Never.self) { try archive.deposit(path) } }
    }

    @Test func `a file that never stops growing is refused`() throws {
        let folder = try TemporaryFolder()
        let faults = Faults()
        let archive = try HeldArchive(newIn: folder, system: faults.system)
        let path = try folder.file("log", bytes(Self.mebibyte))
        let more = bytes(Self.mebibyte)
        // Bounded, so that this test ends even where the vault would follow for ever.
        faults.arm { call, number in
            if call == .read, number <= 40 { try? write(more, to: path, flags: O_APPEND) }  // the expectation fails if it did not
        }
        #expect(try vaultError { _ = try archive.store.stage(file: path) }.isChanged)
        #expect(faults.count(.write) <= 3, "\(faults.count(.write)) MiB were copied of a file of 1 MiB")
        #expect(try archive.staging() == [])
    }

    // MARK: Several at once

    @Test func `threads that store the same and other files at once all succeed`() throws {
        let folder = try TemporaryFolder()
        let archive = try HeldArchive(newIn: folder)
        let paths = try (0..<6).map { try folder.file("\($0)", bytes(2000 + $0, seed: UInt64($0))) }
        let outcomes = Mutex<[[SealOutcome]]>([])
        DispatchQueue.concurrentPerform(iterations: 8) { lane in
            do {
                let staged = try paths.map { try archive.store.stage(file: $0) }
                let found = try archive.store.seal(staged)
                outcomes.withLock { $0.append(found) }
            } catch {
                Issue.record("lane \(lane): \(error)")
            }
        }
        let all = outcomes.withLock { $0 }
        #expect(all.count == 8)
        for index in paths.indices {
            #expect(all.filter { $0[index] == .stored }.count == 1)
            #expect(all.allSatisfy { $0[index] == .stored || $0[index] == .alreadyStored })
        }
        #expect(try archive.staging() == [] && archive.quarantined() == [])
    }
}
