import Evidence
import Foundation
import Glibc
import Synchronization
import Testing
import Vault

/// A fresh folder that is removed with this object. In memory where nothing rests on a disk.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let parent = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"
        var name = Array("\(parent)/minhchung-vault-XXXXXX".utf8CString)
        try #require(mkdtemp(&name) != nil)
        path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }  // a leftover in /dev/shm fails no test

    /// Writes a file whose name may be any bytes.
    @discardableResult
    func file(_ name: [UInt8], _ bytes: [UInt8]) throws -> [UInt8] {
        let path = Array("\(path)/".utf8) + name
        try write(bytes, to: path)
        return path
    }

    @discardableResult
    func file(_ name: String, _ bytes: [UInt8]) throws -> [UInt8] { try file(Array(name.utf8), bytes) }
}

func write(_ bytes: [UInt8], to path: [UInt8], flags: Int32 = O_CREAT | O_TRUNC) throws {
    let file = (path + [0]).withUnsafeBytes { open($0.baseAddress!.assumingMemoryBound(to: CChar.self), O_WRONLY | flags, 0o600) }
    try #require(file >= 0)
    defer { close(file) }
    var sent = 0
    while sent < bytes.count {
        let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + sent, bytes.count - sent) }  // not empty: sent < count
        try #require(count > 0)
        sent += count
    }
}

func contents(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

func names(in path: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

/// Bytes that repeat nowhere within a piece.
func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count { withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) } }
    return Array(bytes[..<count])
}

/// The digests of the pieces, in the words of the format: 1 MiB each, the last may be shorter.
func pieces(of bytes: [UInt8]) -> [Digest] {
    stride(from: 0, to: bytes.count, by: 1 << 20).map { Digest(of: bytes[$0..<min($0 + 1 << 20, bytes.count)]) }
}

func description(of bytes: [UInt8]) -> ObjectDescription {
    ObjectDescription(
        digest: Digest(of: bytes), size: Int64(bytes.count), pieceListDigest: Digest(of: pieces(of: bytes).flatMap(\.bytes)))
}

/// An archive's folder, held as long as this object lives.
final class HeldArchive: Sendable {
    let folder: ArchiveFolder
    /// Kept, so that it is not removed before.
    private let parent: TemporaryFolder
    var path: String { folder.path }
    var store: ObjectStore { folder.objects }

    /// Makes a new one.
    init(newIn parent: TemporaryFolder, system: SystemCalls = .linux) throws {
        self.parent = parent
        folder = try ArchiveFolder.create(at: parent.path + "/archive", holder: "a test", system: system)
        try folder.writeFormat(Array("{}\n".utf8))
    }

    init(in parent: TemporaryFolder, system: SystemCalls = .linux) throws {
        self.parent = parent
        folder = try ArchiveFolder.open(at: parent.path + "/archive", holder: "a test", system: system).folder
    }

    func path(of digest: Digest) -> String { "\(path)/objects/sha256/\(digest.hex.prefix(2))/\(digest.hex)" }

    /// Stages and seals one file.
    @discardableResult
    func deposit(_ path: [UInt8]) throws -> (StagedObject, SealOutcome) {
        let staged = try store.stage(file: path)
        let outcomes = try store.seal([staged])
        try #require(outcomes.count == 1)
        return (staged, outcomes[0])
    }

    func staging() throws -> [String] { try names(in: path + "/staging") }
    func quarantined() throws -> [String] { try names(in: path + "/quarantine") }
}

/// Decides which system call fails: the first one of a kind from a number on, once or for ever.
final class Faults: Sendable {
    struct Plan {
        var call: SystemCall
        /// From 1.
        var number: Int
        var isSticky: Bool
        var errno: Int32
    }

    private struct State {
        var plans: [Plan] = []
        var counts: [SystemCall: Int] = [:]
        var fired = 0
        var synchronizedAfterFailedSync = 0
        var hasFailedSync = false
        var hook: (@Sendable (SystemCall, Int) -> Void)?
    }

    private let state = Mutex(State())

    /// The operating system with these faults.
    var system: SystemCalls { SystemCalls(fault: { [self] in answer($0) }) }

    private func answer(_ call: SystemCall) -> Int32? {
        let (errno, number, hook) = state.withLock { state in
            let number = state.counts[call, default: 0] + 1
            state.counts[call] = number
            let isSync = call == .synchronize || call == .synchronizeFileSystem
            if isSync, state.hasFailedSync { state.synchronizedAfterFailedSync += 1 }
            let plan = state.plans.first { $0.call == call && ($0.isSticky ? number >= $0.number : number == $0.number) }
            if plan != nil {
                state.fired += 1
                if isSync { state.hasFailedSync = true }
            }
            return (plan?.errno, number, state.hook)
        }
        hook?(call, number)
        return errno
    }

    /// Counts calls from here on, and lets those fail that `plans` name.
    func arm(_ plans: [Plan]) {
        state.withLock {
            $0 = State()
            $0.plans = plans
        }
    }

    /// Calls `hook` before each call, with the call's number among its kind.
    func arm(hook: @escaping @Sendable (SystemCall, Int) -> Void) {
        state.withLock {
            $0 = State()
            $0.hook = hook
        }
    }

    func disarm() {
        state.withLock {
            $0.plans = []
            $0.hook = nil
        }
    }

    var fired: Int { state.withLock(\.fired) }
    func count(_ call: SystemCall) -> Int { state.withLock { $0.counts[call, default: 0] } }
    /// Syncs that were tried after one had failed.
    var synchronizedAfterFailedSync: Int { state.withLock(\.synchronizedAfterFailedSync) }
}

extension VaultError {
    var isStopped: Bool { if case .stopped = self { true } else { false } }
    var isNotAFile: Bool { if case .notAFile = self { true } else { false } }
    var isEmptyFile: Bool { if case .emptyFile = self { true } else { false } }
    var isChanged: Bool { if case .changedWhileRead = self { true } else { false } }
    var isTooLittleSpace: Bool { if case .tooLittleSpace = self { true } else { false } }
    var damage: Damage? { if case .damaged(_, let damage) = self { damage } else { nil } }
}

/// The vault's error of `body`, which has to throw one.
func vaultError(_ body: () throws -> Void) throws -> VaultError {
    do { try body() } catch { return try #require(error as? VaultError, "\(error)") }
    throw NothingThrown()
}

struct NothingThrown: Error {}

/// A small generator whose seed can be printed and given again (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init(seed: UInt64 = UInt64.random(in: 0...UInt64.max)) {
        self.seed = seed
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
