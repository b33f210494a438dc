import Evidence
import Foundation
import Glibc
import Testing
import Vault

@Suite("Files of uploads", .timeLimit(.minutes(10)))
struct UploadFileTests {
    private static let content = bytes((1 << 20) + 300, seed: 5)

    /// Takes a file in as three writes and makes it an object; answers the outcome.
    private static func upload(_ archive: HeldArchive) throws -> SealOutcome {
        try archive.folder.uploads.create("up-1")
        let file = try archive.folder.uploads.open("up-1")
        var offset = 0
        for size in [1000, 1 << 19, 1] {
            try file.write(Array(content[offset..<offset + size]), at: Int64(offset))
            offset += size
        }
        try file.write(Array(content[offset...]), at: Int64(offset))
        try file.synchronize()
        let staged = try archive.folder.uploads.stage("up-1", size: Int64(content.count))
        #expect(staged.description == description(of: content) && staged.pieces == pieces(of: content))
        return try archive.store.seal([staged])[0]
    }

    @Test func `what was written in parts becomes an object by its name alone`() throws {
        let folder = try TemporaryFolder()
        let archive = try HeldArchive(newIn: folder)
        #expect(try Self.upload(archive) == .stored)
        #expect(try contents(archive.path(of: Digest(of: Self.content))) == Self.content)
        #expect(try names(in: archive.path + "/uploads") == [] && archive.staging() == [])
        var status = stat()
        #expect(stat(archive.path(of: Digest(of: Self.content)), &status) == 0 && status.st_mode & 0o7777 == 0o400 && status.st_nlink == 1)
        // The same again is there already, and its file is the upload's until that removes it.
        #expect(try Self.upload(archive) == .alreadyStored)
        #expect(try names(in: archive.path + "/uploads") == ["up-1"])
        try archive.folder.uploads.remove("up-1")
        try archive.folder.uploads.remove("up-1")
        #expect(try archive.folder.uploads.size(of: "up-1") == nil)
    }

    @Test("a file of another size is not taken for the upload", arguments: [-1, 1])
    func size(difference: Int) throws {
        let folder = try TemporaryFolder()
        let archive = try HeldArchive(newIn: folder)
        try archive.folder.uploads.create("up-1")
        try archive.folder.uploads.open("up-1").write([1, 2, 3], at: 0)
        #expect(try vaultError { _ = try archive.folder.uploads.stage("up-1", size: Int64(3 + difference)) }.isChanged)
        #expect(try archive.folder.uploads.stage("up-1", size: 3).digest == Digest(of: [1, 2, 3]))
    }

    @Test func `what is nobody's goes, and a folder is not lost`() throws {
        let folder = try TemporaryFolder()
        let archive = try HeldArchive(newIn: folder)
        for name in ["up-1", "up-2", "up-3"] { try archive.folder.uploads.create(name) }
        try #require(mkdir(archive.path + "/uploads/somebody's", 0o700) == 0)
        try archive.folder.uploads.removeAll(but: ["up-2"])
        #expect(try names(in: archive.path + "/uploads") == ["up-2"] && names(in: archive.path + "/trash").count == 1)
        try archive.folder.uploads.open("up-2").write([1, 2, 3], at: 0)
        try archive.folder.uploads.open("up-2").truncate(to: 1)
        #expect(try archive.folder.uploads.size(of: "up-2") == 1)
    }

    @Test("no system call that fails leaves a wrong object, and after it the upload goes on", arguments: SystemCall.allCases)
    func sweep(call: SystemCall) throws {
        let folder = try TemporaryFolder()
        _ = try HeldArchive(newIn: folder)
        var runs = 0
        for errno in [EIO, ENOSPC] {
            var number = 1
            while true {
                let faults = Faults()
                var isAcknowledged = false
                do {
                    let archive = try HeldArchive(in: folder, system: faults.system)
                    unlink(archive.path(of: Digest(of: Self.content)))
                    try archive.folder.uploads.remove("up-1")
                    faults.arm([Faults.Plan(call: call, number: number, isSticky: false, errno: errno)])
                    defer { faults.disarm() }
                    do {
                        let outcome = try Self.upload(archive)
                        isAcknowledged = outcome == .stored
                    } catch { #expect(error is VaultError) }
                    if call == .synchronize, faults.fired > 0 {
                        #expect(!isAcknowledged && faults.synchronizedAfterFailedSync == 0)
                        faults.disarm()
                        #expect(try vaultError { try archive.folder.uploads.create("up-2") }.isStopped)
                        #expect(try vaultError { _ = try archive.store.stage(bytes: [1], name: "a text") }.isStopped)
                    }
                }
                let what: Comment = "\(call) \(number), errno \(errno)"
                let archive = try HeldArchive(in: folder)
                let damage = archive.store.damage(of: Digest(of: Self.content), size: Int64(Self.content.count))
                #expect(damage == nil || damage == .missing && !isAcknowledged, what)
                try archive.folder.uploads.remove("up-1")
                _ = try Self.upload(archive)
                #expect(archive.store.damage(of: Digest(of: Self.content), size: Int64(Self.content.count)) == nil, what)
                try archive.folder.uploads.remove("up-1")
                runs += 1
                if faults.fired == 0 { break }
                number += 1
            }
        }
        print("\(call): \(runs) runs")
    }

    @Test func `bytes that arrive in one go are digested on the way, and a second time they are there already`() throws {
        let folder = try TemporaryFolder()
        let archive = try HeldArchive(newIn: folder)
        func receive() throws -> StagedObject {
            let file = try archive.store.receive("a photo")
            for start in stride(from: 0, to: Self.content.count, by: 77_777) {
                try file.append(Array(Self.content[start..<min(start + 77_777, Self.content.count)]))
            }
            #expect(file.size == Int64(Self.content.count))
            return try file.finish()
        }
        let staged = try receive()
        #expect(staged.description == description(of: Self.content) && staged.pieces == pieces(of: Self.content) && !staged.isPresent)
        #expect(try archive.store.seal([staged]) == [.stored])
        let again = try receive()
        #expect(try again.isPresent && archive.staging() == [] && archive.store.seal([again]) == [.alreadyStored])
        #expect(try archive.store.stage(stored: staged.digest, size: staged.description.size)?.description == staged.description)
        #expect(try archive.store.stage(stored: staged.digest, size: 1) == nil)
        let cutOff = try archive.store.receive("a photo")
        try cutOff.append([1])
        cutOff.discard()
        #expect(try archive.staging() == [])
        #expect(try vaultError { _ = try archive.store.receive("nothing").finish() }.isEmptyFile)
        #expect(try archive.staging() == [])
    }

    @Test func `the reserve takes room, gives it free once, and comes again`() throws {
        let folder = try TemporaryFolder()
        let faults = Faults()
        let archive = try HeldArchive(newIn: folder, system: faults.system)
        let path = archive.path + "/reserve"
        func blocks() -> Int {
            var status = stat()
            return stat(path, &status) == 0 ? Int(status.st_blocks) * 512 : -1
        }
        #expect(blocks() >= 8 << 20 && archive.folder.keepReserve())
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(archive.folder.releaseReserve() && blocks() == 0)
        #expect(!archive.folder.releaseReserve())
        faults.arm([Faults.Plan(call: .write, number: 1, isSticky: true, errno: ENOSPC)])
        #expect(!archive.folder.keepReserve())
        faults.disarm()
        #expect(blocks() == 0 && archive.folder.keepReserve() && blocks() >= 8 << 20)
    }
}
