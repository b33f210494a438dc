import Foundation
import Testing

/// Real files that are kept beside the project.
enum SharedCorpus {
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["MINHCHUNG_SHARED"] { return URL(fileURLWithPath: path) }
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return package.deletingLastPathComponent().appending(path: "shared")
    }()

    static var isThere: Bool { FileManager.default.fileExists(atPath: folder.path + "/corpus") }
    static let absence: Comment = "needs the shared corpus (MINHCHUNG_SHARED, or ../shared beside the package)"

    /// All files with one of these endings, in the order of their names.
    static func files(_ endings: Set<String>) throws -> [String] {
        let found = FileManager.default.enumerator(at: folder.appending(path: "corpus"), includingPropertiesForKeys: [.isRegularFileKey])
        return try #require(found).compactMap { $0 as? URL }
            .filter { endings.contains($0.pathExtension.lowercased()) }.map(\.path).sorted()
    }
}
