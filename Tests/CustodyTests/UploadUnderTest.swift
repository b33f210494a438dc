import Custody
import Evidence
import Foundation
import Glibc
import Testing

struct CutOff: Error {}

/// Bytes as a request brings them: in chunks, and cut off where it is said.
struct Arriving: AsyncSequence {
    typealias Element = [UInt8]
    let chunks: [[UInt8]]
    var isCutOff = false
    /// Runs before the chunk of this number.
    var before: (@Sendable (Int) async throws -> Void)?

    init(_ bytes: some Collection<UInt8>, by size: Int = 50_000, isCutOff: Bool = false, before: (@Sendable (Int) async throws -> Void)? = nil) {
        let bytes = Array(bytes)
        chunks = stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<Swift.min($0 + size, bytes.count)]) }
        self.isCutOff = isCutOff
        self.before = before
    }

    struct Iterator: AsyncIteratorProtocol {
        let arriving: Arriving
        var next = 0

        mutating func next() async throws -> [UInt8]? {
            try await arriving.before?(next)
            guard next < arriving.chunks.count else {
                if arriving.isCutOff { throw CutOff() }
                return nil
            }
            defer { next += 1 }
            return arriving.chunks[next]
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(arriving: self) }
}

/// At the console, in whose name does not matter: who may do it is not what these tests are about.
func citizen(number: Int) -> Actor { .console(user: "lan", actingAs: "citizen-\(number)") }

let citizen: Actor = .console(user: "lan", actingAs: "citizen-3")

extension EvidenceMetadata {
    static func named(_ name: String) -> EvidenceMetadata { EvidenceMetadata(title: "Giấy khen", fileName: name) }
}

extension Archive {
    /// Uploads all of the bytes and finishes.
    func uploaded(
        _ bytes: [UInt8], _ metadata: EvidenceMetadata = .named("a.bin"), expected: Digest? = nil, by actor: Actor = citizen
    ) async throws -> DepositOutcome {
        let upload = try await beginUpload(length: Int64(bytes.count), expected: expected, metadata, by: actor)
        _ = try await appendToUpload(upload.id, at: 0, Arriving(bytes), by: actor)
        return try await finishUpload(upload.id, by: actor)
    }
}

extension DepositOutcome {
    var isNew: Bool { if case .deposited = self { true } else { false } }
}

extension TestPlace {
    /// What a kill of the process would leave now, as an archive of another place.
    func killed() throws -> TestPlace {
        let place = try TestPlace()
        try FileManager.default.copyItem(atPath: archivePath, toPath: place.archivePath)
        return place
    }
}

/// A small disk in memory, full when it is full. `nil` where this process may not mount.
final class SmallDisk: Sendable {
    let path: String
    static let absence: Comment = "needs to mount a file system, as root can"
    static let canMount: Bool = (try? SmallDisk(size: 1 << 20)) != nil  // because that is the question

    init(size: Int) throws {
        var name = Array("/tmp/minhchung-disk-XXXXXX".utf8CString)
        try #require(mkdtemp(&name) != nil)
        path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(size)") == 0 else {
            rmdir(path)
            throw CutOff()
        }
    }

    deinit {
        umount2(path, Int32(MNT_DETACH))
        rmdir(path)
    }

    /// Takes all the room that there is, but so many bytes.
    func fill(leaving rest: Int = 0) throws {
        let file = open("\(path)/filler-\(UInt32.random(in: 0...UInt32.max))", O_WRONLY | O_CREAT, 0o600)
        try #require(file >= 0)
        defer { close(file) }
        // The archive signs and logs meanwhile: what was free a moment ago may be taken.
        for _ in 0..<100 {
            var status = statvfs()
            try #require(statvfs(path, &status) == 0)
            let count = Int(status.f_bavail) * Int(status.f_frsize) - rest
            if count <= 0 || posix_fallocate(file, 0, count) == 0 { return }
        }
        Issue.record("the file system cannot be filled")
    }

    func makeRoom() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: path) where name.hasPrefix("filler-") { unlink("\(path)/\(name)") }
    }
}
