import Evidence
import Foundation
import Glibc
import Testing
import Vault

@Suite("System calls that fail", .timeLimit(.minutes(10)))
struct FaultTests {
    /// Few files are synced one by one, many by one sync of the file system.
    struct Scenario: CustomTestStringConvertible {
        let name: String
        let others: Int
        var testDescription: String { name }
    }

    static let scenarios = [Scenario(name: "few files", others: 1), Scenario(name: "many files", others: 4)]

    /// An archive that holds one sound and one damaged object, and what is deposited while a call fails: both of them again, a
    /// file of two pieces, one file twice, and others.
    private struct Stage {
        let folder: TemporaryFolder
        let acknowledged: Digest
        let damaged: Digest
        let contents: [[UInt8]]
        let sources: [[UInt8]]

        init(_ scenario: Scenario) throws {
            folder = try TemporaryFolder()
            let sound = bytes(700, seed: 11)
            let harmed = bytes(900, seed: 12)
            var contents = [sound, harmed, bytes((1 << 20) + 1, seed: 13), bytes(50, seed: 14), bytes(50, seed: 14)]
            contents += (0..<scenario.others).map { bytes(60 + $0, seed: 20 + UInt64($0)) }
            self.contents = contents
            let folder = folder
            sources = try contents.enumerated().map { try folder.file("\($0)", $1) }
            acknowledged = Digest(of: sound)
            damaged = Digest(of: harmed)
            _ = try HeldArchive(newIn: folder)
        }

        /// Puts the archive where the story begins, whatever was done to it before.
        func begin() throws {
            let archive = try HeldArchive(in: folder)
            for content in contents { unlink(archive.path(of: Digest(of: content))) }
            for name in try archive.quarantined() { unlink("\(archive.path)/quarantine/\(name)") }
            for source in sources.prefix(2) { #expect(try archive.deposit(source).1 == .stored) }
            let path = archive.path(of: damaged)
            try #require(chmod(path, 0o600) == 0)
            try write([contents[1][0] ^ 1], to: Array(path.utf8), flags: 0)
        }

        /// Deposits all with faults; whether all was acknowledged.
        func deposit(_ faults: Faults, _ plans: [Faults.Plan]) throws -> Bool {
            let archive = try HeldArchive(in: folder, system: faults.system)
            faults.arm(plans)
            defer { faults.disarm() }
            do {
                let staged = try sources.map { try archive.store.stage(file: $0) }
                return try archive.store.seal(staged).allSatisfy { outcome in
                    if case .refused = outcome { false } else { true }
                }
            } catch {
                guard error is VaultError else { throw error }
                return false
            }
        }

        /// What has to hold once the fault is over.
        func expectWhole(isAcknowledged: Bool, _ what: Comment) throws {
            let archive = try HeldArchive(in: folder)
            #expect(try archive.staging() == [], what)
            var found: Set<Digest> = []
            try archive.store.forEachStored { name in
                guard case .object(let digest) = name else {
                    Issue.record("\(what): \(name)")
                    return
                }
                found.insert(digest)
                let content = Array(try Data(contentsOf: URL(fileURLWithPath: archive.path(of: digest))))
                // What was damaged before may still stand there while nothing was acknowledged.
                #expect(Digest(of: content) == digest || (digest == damaged && !isAcknowledged), "\(what): \(digest)")
            }
            #expect(found.contains(acknowledged), what)
            if isAcknowledged { #expect(Set(contents.map { Digest(of: $0) }).isSubset(of: found), what) }
            // And it can be done again.
            let again = try sources.map { try archive.store.stage(file: $0) }
            _ = try archive.store.seal(again)
            for content in contents {
                #expect(archive.store.damage(of: Digest(of: content), size: Int64(content.count)) == nil, what)
            }
            #expect(try archive.staging() == [], what)
        }
    }

    @Test("none leaves a wrong object or loses an acknowledged one", arguments: SystemCall.allCases, scenarios)
    func sweep(call: SystemCall, scenario: Scenario) throws {
        var runs = 0
        let stage = try Stage(scenario)
        for isSticky in [false, true] {
            for errno in [EIO, ENOSPC] {
                var number = 1
                while true {
                    try stage.begin()
                    let faults = Faults()
                    let isAcknowledged = try stage.deposit(
                        faults, [Faults.Plan(call: call, number: number, isSticky: isSticky, errno: errno)])
                    let what: Comment = "\(call) \(number)\(isSticky ? " and all after it" : ""), errno \(errno)"
                    try stage.expectWhole(isAcknowledged: isAcknowledged, what)
                    runs += 1
                    if call == .synchronize || call == .synchronizeFileSystem {
                        // An error of a sync is final: another try could report a success that is none.
                        #expect(faults.synchronizedAfterFailedSync == 0, what)
                        if faults.fired > 0 { #expect(!isAcknowledged, what) }
                    }
                    if faults.fired == 0 {
                        #expect(isAcknowledged, what)
                        break
                    }
                    number += 1
                }
            }
        }
        print("\(call), \(scenario.name): \(runs) runs")
    }

    @Test(
        "an object that was acknowledged is there even where it cannot be read while it is deposited again",
        arguments: [SystemCall.rename, .synchronize, .open, .unlink], [1, 2, 3, 4])
    func unreadable(call: SystemCall, number: Int) throws {
        let folder = try TemporaryFolder()
        let content = bytes(10)
        let source = try folder.file("a", content)
        let faults = Faults()
        do {
            let archive = try HeldArchive(newIn: folder, system: faults.system)
            try archive.deposit(source)
            // The reads of the source succeed, those of the stored object do not.
            faults.arm([
                Faults.Plan(call: .read, number: 3, isSticky: true, errno: EIO),
                Faults.Plan(call: call, number: number, isSticky: true, errno: EIO),
            ])
            do { try archive.deposit(source) } catch is VaultError {}
            faults.disarm()
        }
        let archive = try HeldArchive(in: folder)
        #expect(archive.store.damage(of: Digest(of: content), size: 10) == nil)
    }

    @Test("after a sync failed nothing is stored until the archive is opened anew", arguments: [1, 12])
    func stops(count: Int) throws {
        let folder = try TemporaryFolder()
        let faults = Faults()
        let sources = try (0..<count).map { try folder.file("\($0)", bytes(10 + $0)) }
        do {
            let archive = try HeldArchive(newIn: folder, system: faults.system)
            let staged = try sources.map { try archive.store.stage(file: $0) }
            let late = try archive.store.stage(file: try folder.file("late", [7]))
            faults.arm([
                Faults.Plan(call: .synchronize, number: 1, isSticky: false, errno: EIO),
                Faults.Plan(call: .synchronizeFileSystem, number: 1, isSticky: false, errno: EIO),
            ])
            let error = try vaultError { _ = try archive.store.seal(staged) }
            #expect(error.description.hasSuffix(": Input/output error"))
            #expect(!error.isStopped)
            // The disk is well again, but what was written before may be lost; another sync would not say so.
            #expect(try vaultError { _ = try archive.store.seal(staged) }.isStopped)
            #expect(try vaultError { _ = try archive.store.seal([late]) }.isStopped)
            #expect(try vaultError { _ = try archive.store.stage(file: sources[0]) }.isStopped)
            #expect(try vaultError { _ = try archive.store.stage(bytes: [1], name: "a text") }.isStopped)
            #expect(faults.fired == 1)
            #expect(faults.count(.synchronize) + faults.count(.synchronizeFileSystem) == 1)
            #expect(faults.count(.rename) == 0)
        }
        let archive = try HeldArchive(in: folder)
        #expect(try archive.staging() == [])
        for source in sources { #expect(try archive.deposit(source).1 == .stored) }
    }

    @Test("a call that a signal interrupts is made again", arguments: SystemCall.allCases)
    func interrupted(call: SystemCall) throws {
        let folder = try TemporaryFolder()
        let source = try folder.file("a", bytes(10))
        let faults = Faults()
        let archive = try HeldArchive(newIn: folder, system: faults.system)
        faults.arm([Faults.Plan(call: call, number: 1, isSticky: false, errno: EINTR)])
        if call == .synchronize {
            // Never a sync.
            let error = try vaultError { try archive.deposit(source) }
            #expect(error.description.hasSuffix(": Interrupted system call"))
            #expect(faults.count(.synchronize) == 1)
            #expect(try vaultError { try archive.deposit(source) }.isStopped)
        } else {
            #expect(throws: Never.self) { try archive.deposit(source) }
            #expect(archive.store.damage(of: Digest(of: bytes(10)), size: 10) == nil)
        }
    }

    @Test("a disk that is full stops everything, another error only the file", arguments: [(ENOSPC, true), (EDQUOT, true), (EIO, false)])
    func full(errno: Int32, stopsEverything: Bool) throws {
        let folder = try TemporaryFolder()
        let faults = Faults()
        let archive = try HeldArchive(newIn: folder, system: faults.system)
        let source = try folder.file("a", bytes(10))
        faults.arm([Faults.Plan(call: .write, number: 1, isSticky: false, errno: errno)])
        let error = try vaultError { try archive.deposit(source) }
        #expect(error.stopsEverything == stopsEverything)
        #expect(error.description == "cannot store \(folder.path)/a: \(SystemCallError(call: .write, errno: errno))")
        #expect(try archive.staging() == [])
        // Only a failed sync stops the store itself.
        #expect(try archive.deposit(source).1 == .stored)
    }
}
