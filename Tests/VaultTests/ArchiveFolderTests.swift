import Evidence
import Foundation
import Glibc
import Testing
import Vault

@Suite("An archive's folder", .timeLimit(.minutes(10)))
struct ArchiveFolderTests {
    @Test func `is held by one process, which is named to others`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/archive"
        do {
            let first = try ArchiveFolder.create(at: path, holder: "process 812 (minhchung init)")
            try first.writeFormat([0x7B, 0x7D])
            let error = try vaultError { _ = try ArchiveFolder.open(at: path, holder: "me") }
            #expect(error.description == "cannot open archive \(path): it is in use by process 812 (minhchung init)")
            // Nor is it made anew under the holder.
            #expect(throws: VaultError.self) { try ArchiveFolder.create(at: path, holder: "me") }
            _ = first
        }
        do {
            let second = try ArchiveFolder.open(at: path, holder: "p 9")
            // The name of the new holder is all that stands there, though it is shorter.
            let error = try vaultError { _ = try ArchiveFolder.open(at: path, holder: "me") }
            #expect(error.description == "cannot open archive \(path): it is in use by p 9")
            #expect(second.format == [0x7B, 0x7D])
        }
        #expect(throws: Never.self) { try ArchiveFolder.open(at: path, holder: "me") }
    }

    @Test func `the lock outlives the folder's object as long as its store is used by nobody else`() throws {
        let folder = try TemporaryFolder()
        var held: HeldArchive? = try HeldArchive(newIn: folder)
        #expect(held != nil)
        #expect(throws: VaultError.self) { try ArchiveFolder.open(at: folder.path + "/archive", holder: "me") }
        held = nil
        #expect(throws: Never.self) { try HeldArchive(in: folder) }
    }

    @Test func `the lock is let go though a process that is being started has a copy of the descriptor`() throws {
        let folder = try TemporaryFolder()
        var held: HeldArchive? = try HeldArchive(newIn: folder)
        #expect(held != nil)
        let lock = folder.path + "/archive/lock"
        // Every descriptor of this process that is the lock file, copied, as a fork copies it.
        var copies: [Int32] = []
        for number in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap({ Int32($0) }) {
            // What was only open while the list was made has no name any more, because it is closed.
            guard (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")) == lock else { continue }
            copies.append(fcntl(number, F_DUPFD_CLOEXEC, 0))
        }
        defer { copies.forEach { close($0) } }
        try #require(!copies.isEmpty && copies.allSatisfy { $0 >= 0 })
        held = nil
        #expect(throws: Never.self) { try HeldArchive(in: folder) }
    }

    @Test func `what interrupted deposits left in staging is gone after opening`() throws {
        let folder = try TemporaryFolder()
        do {
            let archive = try HeldArchive(newIn: folder)
            _ = try archive.store.stage(file: try folder.file("a", [1]))
            try write([1], to: Array("\(archive.path)/staging/".utf8) + [0xFF, 0x0A])
            #expect(try archive.staging().count == 2)
        }
        let archive = try HeldArchive(in: folder)
        #expect(try archive.staging() == [])
    }

    @Test(
        "is not where there is none", arguments: ["missing", "empty", "no format"])
    func none(kind: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/archive"
        switch kind {
        case "missing": break
        case "empty": try #require(mkdir(path, 0o700) == 0)
        default: _ = try ArchiveFolder.create(at: path, holder: "me")
        }
        let error = try vaultError { _ = try ArchiveFolder.open(at: path, holder: "me") }
        #expect(
            error.description
                == "cannot open archive \(path): there is no archive (no format.json); a new one is made with: minhchung init --archive \(path)")
    }

    @Test func `is made with the folders above it, and only once`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/một/hai/archive"
        do {
            let made = try ArchiveFolder.create(at: path, holder: "me")
            try made.writeFormat(Array("{}".utf8))
        }
        let error = try vaultError { _ = try ArchiveFolder.create(at: path, holder: "me") }
        #expect(error.description == "cannot create archive \(path): there is an archive already; choose another folder")
    }

    @Test("is not made in a folder that holds somebody's data", arguments: ["notes.txt", ".hidden", "objects.bak"])
    func foreign(name: String) throws {
        let folder = try TemporaryFolder()
        try folder.file(name, [1])
        let error = try vaultError { _ = try ArchiveFolder.create(at: folder.path, holder: "me") }
        #expect(error.description == "cannot create archive \(folder.path): the folder is not empty; choose another folder")
        #expect(try names(in: folder.path) == [name])
    }

    @Test("making it may be cut off anywhere and begun again", arguments: SystemCall.allCases)
    func cutOff(call: SystemCall) throws {
        var number = 1
        while true {
            let folder = try TemporaryFolder()
            let faults = Faults()
            let path = folder.path + "/archive"
            faults.arm([Faults.Plan(call: call, number: number, isSticky: true, errno: EIO)])
            do {
                let made = try ArchiveFolder.create(at: path, holder: "me", system: faults.system)
                try made.writeFormat(Array("{}".utf8))
            } catch {}  // because what follows looks at what it left behind
            faults.disarm()
            if faults.fired == 0 {
                #expect(throws: Never.self) { try ArchiveFolder.open(at: path, holder: "me") }
                break
            }
            let what: Comment = "\(call) \(number)"
            // Without format.json there is no archive; with it there is a whole one.
            if FileManager.default.fileExists(atPath: path + "/format.json") {
                #expect(throws: Never.self, what) { try ArchiveFolder.open(at: path, holder: "me") }
            } else {
                #expect(throws: Never.self, what) {
                    let made = try ArchiveFolder.create(at: path, holder: "me")
                    try made.writeFormat(Array("{}".utf8))
                }
                #expect(throws: Never.self, what) { try ArchiveFolder.open(at: path, holder: "me") }
            }
            // The 256 folders of objects are all alike.
            number += call == .makeFolder && number == 20 ? 240 : 1
        }
    }

    @Test func `writing the format replaces the old one in one step, durably`() throws {
        let folder = try TemporaryFolder()
        let faults = Faults()
        let archive = try HeldArchive(newIn: folder, system: faults.system)
        faults.arm([])
        try archive.folder.writeFormat(Array("{\"format\":1}".utf8))
        #expect(faults.count(.synchronize) == 2)
        #expect(try contents(archive.path + "/format.json") == Array("{\"format\":1}".utf8))
        for call in [SystemCall.create, .write, .synchronize, .rename] {
            faults.arm([Faults.Plan(call: call, number: 1, isSticky: false, errno: ENOSPC)])
            #expect(throws: VaultError.self) { try archive.folder.writeFormat(Array("{}".utf8)) }
            #expect(try contents(archive.path + "/format.json") == Array("{\"format\":1}".utf8), "\(call)")
        }
        faults.disarm()
        try archive.folder.writeFormat(Array("{}".utf8))
        #expect(try contents(archive.path + "/format.json") == Array("{}".utf8))
    }

    @Test func `knows how much may still be written`() throws {
        let folder = try TemporaryFolder()
        let archive = try HeldArchive(newIn: folder)
        var status = statvfs()
        try #require(statvfs(folder.path, &status) == 0)
        let free = Int64(status.f_bavail) * Int64(status.f_frsize)
        // Others write to the same file system meanwhile.
        #expect(abs(try archive.folder.freeSpace() - free) < 1 << 30)
        #expect(free > 0)
    }
}
