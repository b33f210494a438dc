public import Evidence
internal import Foundation
internal import Vault

/// A bundle on its way to somebody. It lies on the disk under no name, and is gone when nobody holds this any more.
public final class BundleOnItsWay: Sendable {
    /// How it is called, without the `.zip`.
    public let name: String
    /// Bytes.
    public let size: Int64
    private let file: FileHandle
    private let blocking: BlockingWork

    fileprivate init(name: String, size: Int64, file: FileHandle, blocking: BlockingWork) {
        self.name = name
        self.size = size
        self.file = file
        self.blocking = blocking
    }

    /// The next bytes, at most 1 MiB; `nil` behind the last. To be asked for one after the other.
    public func next() async throws -> [UInt8]? {
        try await blocking.run { [file] in
            guard let data = try file.read(upToCount: pieceSize), !data.isEmpty else { return nil }
            return Array(data)
        }
    }
}

extension Archive {
    /// The bundle of a title, or of all titles of a unit in a cycle, to be sent to somebody. It is composed whole before its first byte
    /// is given, because a ZIP in canonical form says at the beginning what stands at its end; memory does not grow with it.
    ///
    /// A few are composed at once, and more wait for their turn.
    ///
    /// - Throws: ``BundleError``; and as ``writeBundle(_:to:asFolder:by:progress:)`` does.
    public func bundle(_ request: BundleRequest, by actor: Actor) async throws -> BundleOnItsWay {
        // In staging, which is emptied when the archive is opened: a process that ends here leaves nothing for long.
        let path = "\(folder.path)/staging/\(UInt64.random(in: 0...UInt64.max)).zip"
        return try await bundles.composing { [self] in
            let summary = try composeBundle(request, to: path, takesRoom: true, by: actor) { _, _ in }
            defer { try? FileManager.default.removeItem(atPath: path) }  // because what stays is removed when the archive is opened
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            let size = try file.seekToEnd()
            try file.seek(toOffset: 0)
            return BundleOnItsWay(name: summary.name, size: Int64(size), file: file, blocking: blocking)
        }
    }
}
