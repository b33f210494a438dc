import Evidence
import Foundation
import Glibc
import Synchronization
import Testing
import Vault

@Suite("Folders of backups, and of archives that are being restored")
struct BackupFolderTests {
    private func folder(_ place: TemporaryFolder) throws -> (folder: BackupFolder, pool: ObjectStore) {
        try BackupFolder.openToWrite(at: place.path + "/backup", holder: "a test", readMe: "read me\n")
    }

    @Test func `a snapshot has its name only when all of it is there, and loses it first`() throws {
        let place = try TemporaryFolder()
        do {
            let (folder, _) = try folder(place)
            let part = try folder.begin("a")
            try folder.write([1, 2, 3], to: "file", of: "a")
            #expect(try folder.list().complete == [] && folder.list().interrupted == ["a"])
            #expect(try folder.digest(of: "file", of: "a") == Digest(of: [1, 2, 3]))
            #expect(part.hasSuffix("/snapshots/a.partial"))
            try folder.complete("a-1", begun: "a")
            #expect(try folder.list().complete == ["a-1"] && folder.list().interrupted == [])
            #expect(try folder.contents(of: "file", of: "a-1") == [1, 2, 3] && folder.contents(of: "other", of: "a-1") == nil)
            #expect(try folder.copy("file", of: "a-1", into: place.path) == Digest(of: [1, 2, 3]))
            #expect(try contents(place.path + "/file") == [1, 2, 3])
            #expect(throws: (any Error).self) { try folder.copy("file", of: "a-1", into: place.path) }
            _ = try folder.begin("b")
        }
        let (again, _) = try folder(place)
        #expect(try again.list().interrupted == [] && again.list().complete == ["a-1"])
        try again.remove("a-1")
        #expect(try names(in: place.path + "/backup/snapshots") == [])
        #expect(try contents(place.path + "/backup/README.txt") == Array("read me\n".utf8))
    }

    @Test("a name that is taken is not replaced, and what could not be made durable is not complete", arguments: [SystemCall.synchronize, .rename])
    func faults(call: SystemCall) throws {
        let place = try TemporaryFolder()
        let isBroken = Switch()
        let system = SystemCalls(fault: { $0 == call && isBroken.isOn ? EIO : nil })
        let (folder, _) = try BackupFolder.openToWrite(at: place.path + "/backup", holder: "a test", readMe: "", system: system)
        _ = try folder.begin("a")
        try folder.complete("taken", begun: "a")
        _ = try folder.begin("b")
        #expect(throws: VaultError.self) { try folder.complete("taken", begun: "b") }
        isBroken.turnOn()
        #expect(throws: VaultError.self) { try folder.complete("b-1", begun: "b") }
        #expect(try folder.list().interrupted == ["b"] && folder.list().complete == ["taken"])
    }

    private final class Switch: Sendable {
        private let state = Mutex(false)
        var isOn: Bool { state.withLock { $0 } }
        func turnOn() { state.withLock { $0 = true } }
    }

    @Test func `a copy out of another store is digested, and what is wrong there is told`() throws {
        let place = try TemporaryFolder()
        let archive = try HeldArchive(newIn: place)
        let (folder, pool) = try folder(place)
        let content = bytes(3_000_000)
        let (staged, _) = try archive.deposit(try place.file("a", content))
        let size = staged.description.size
        guard case .staged(let copy) = try pool.stageCopy(of: staged.digest, size: size, from: archive.path) else {
            Issue.record("not staged")
            return
        }
        #expect(try pool.seal([copy]) == [.stored] && pool.storedSize(of: staged.digest) == size)
        func damage(_ change: (String) throws -> Void) throws -> Damage? {
            let path = archive.path(of: staged.digest)
            unlink(path)
            try change(path)
            guard case .damaged(let damage) = try pool.stageCopy(of: staged.digest, size: size, from: archive.path) else { return nil }
            return damage
        }
        #expect(try damage { _ in } == .missing)
        #expect(
            try damage { try write(content.dropLast() + [7], to: Array($0.utf8)) } == .contentDiffers(found: Digest(of: content.dropLast() + [7])))
        #expect(try damage { try write([7], to: Array($0.utf8)) } == .sizeDiffers(expected: size, found: 1))
        #expect(try damage { try write([], to: Array($0.utf8)) } == .sizeDiffers(expected: size, found: 0))
        #expect(try damage { try #require(mkdir($0, 0o700) == 0) } == .notAFile)
        #expect(try names(in: folder.path + "/staging") == [])
        #expect(pool.damage(of: staged.digest, size: size) == nil)
    }

    @Test func `an archive that is restored appears in one step, where nothing was`() throws {
        let place = try TemporaryFolder()
        let target = place.path + "/new"
        do {
            let restoring = try RestoringFolder(for: target + "/")
            #expect(restoring.archivePath == target + ".restoring/archive")
            #expect(throws: VaultError.self) { try RestoringFolder(for: target) }
            try #require(mkdir(restoring.archivePath, 0o700) == 0)
            try write([1], to: Array((restoring.archivePath + "/file").utf8))
            // Somebody was faster.
            try write([2], to: Array(target.utf8))
            #expect(throws: VaultError.self) { try restoring.complete() }
            try #require(unlink(target) == 0)
            try restoring.complete()
        }
        #expect(try contents(target + "/file") == [1] && names(in: place.path) == ["new"])
        let other = try RestoringFolder(for: place.path + "/other")
        try #require(mkdir(other.archivePath, 0o700) == 0)
        try other.discard()
        #expect(try names(in: place.path) == ["new"])
        #expect(throws: VaultError.self) { try RestoringFolder(for: target) }
        #expect(throws: VaultError.self) { try RestoringFolder(for: place.path + "/..") }
    }
}
