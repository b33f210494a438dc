import Custody
import Evidence
import Foundation
import Glibc
import Ledger
import Synchronization
import Testing

/// Backups of the archive of a test, beside it, and archives that are restored from them.
extension TestPlace {
    var backupPath: String { path + "/backup" }
    var keysPath: String { path + "/keys" }
    func restoredPath(_ name: String = "restored") -> String { "\(path)/\(name)" }

    @discardableResult
    func backUp(_ archive: String? = nil, keep: Int = 7, checksPool: Bool = false) async throws -> BackupSummary {
        let clock = clock
        let archive = archive ?? archivePath
        if !FileManager.default.fileExists(atPath: keysPath) {
            try FileManager.default.copyItem(atPath: archive + "/keys", toPath: keysPath)
        }
        return try await Archive.backUp(
            archive, to: backupPath, keep: keep, checksPool: checksPool, holder: "a test", now: { clock.now() })
    }

    struct Restored {
        var summary: RestoreSummary?
        var defects: [String] = []
        var error: (any Error)?
        /// Why it was not done; empty where it was.
        var reason: String { error.map { "\($0)" } ?? "" }
        var isRefused: Bool { error.map { Archive.isRefused($0) } ?? false }
    }

    func restore(
        to name: String = "restored", snapshot: String? = nil, keys: RestoreRequest.Keys? = nil, witnessed: Witnessed? = nil, list: String? = nil,
        acceptsMissing: Bool = false
    ) async -> Restored {
        let defects = Collected<String>()
        let clock = clock
        let request = RestoreRequest(
            backup: backupPath, target: restoredPath(name), snapshot: snapshot, keys: keys ?? .folder(keysPath), witnessed: witnessed,
            reason: "a test",
            erasureList: list, acceptsMissing: acceptsMissing)
        do {
            let summary = try await Archive.restore(
                request, by: console, worker: workerPath, holder: "a test", now: { clock.now() }, report: { defects.add($0) })
            return Restored(summary: summary, defects: defects.all)
        } catch {
            return Restored(defects: defects.all, error: error)
        }
    }

    /// Opens an archive beside the usual one, and closes it; see ``archive(worker:_:)`` for why it may have to be tried again.
    @discardableResult
    func opened<Result>(_ path: String, _ body: (Archive) async throws -> Result) async throws -> Result {
        let clock = clock
        var archive: Archive?
        for _ in 0..<20_000 where archive == nil {
            do {
                archive = try await Archive.open(at: path, worker: workerPath, holder: "a test", now: { clock.now() })
            } catch  where Archive.isInUse(error) {
                sched_yield()
            }
        }
        let open = try #require(archive)
        do {
            let result = try await body(open)
            try await open.close()
            return result
        } catch {
            try await open.close()
            throw error
        }
    }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// Files below `folder` that have `needle` in their bytes.
    func files(in folder: String, containing needle: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder).filter { name in
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder), !isFolder.boolValue else { return false }
            return try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")).range(of: Data(needle.utf8)) != nil
        }.sorted()
    }

    func pooled(_ digest: Digest) -> String { "\(backupPath)/objects/sha256/\(digest.hex.prefix(2))/\(digest.hex)" }
    func poolCount() throws -> Int {
        try FileManager.default.subpathsOfDirectory(atPath: backupPath + "/objects/sha256").filter { $0.utf8.count > 64 }.count
    }

    /// Changes a file behind everybody's back; its mode becomes 0400.
    func change(_ path: String, _ body: (inout [UInt8]) -> Void) throws {
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        body(&bytes)
        try #require(unlink(path) == 0)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        try #require(chmod(path, 0o400) == 0)
    }

    func bytes(of path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

    /// What the oracle, which knows only the format, says of an archive; nothing while it does not know these records yet.
    func expectSoundByOracle(_ path: String) async throws {
        guard try String(contentsOfFile: oraclePath, encoding: .utf8).contains("archive.restored") else { return }
        let (status, output) = try await Workplace().run(["python3", oraclePath, path])
        #expect(status == 0, "\(output)")
    }
}

let erasing = ErasureGrounds(reason: "rút lại đồng ý", legalBasis: "Luật 91/2025/QH15, Điều 14", role: .authority)
