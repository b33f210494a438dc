import Foundation
import Testing

/// The archive of format 1 that is kept for ever, in a workplace of its own: `archive/`, `witness/`, `archive.pub`, `keys.age`.
final class GoldenArchive {
    let workplace: Workplace
    let about: Answer

    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let folder = repository.appending(path: "Tests/Golden")

    init() throws {
        workplace = try Workplace(hasArchive: false)
        about = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: Self.folder.appending(path: "format-1.json"))) as? Answer)
        let unpacked = try workplace.execute(["tar", "--extract", "--xz", "--file", Self.folder.appending(path: "format-1.tar.xz").path])
        try #require(unpacked.status == 0, "\(unpacked.errors)")
    }

    var title: String { get throws { try about.text("title") } }

    /// Runs a line of shell in its folder, in which `minhchung` is the program, `$title` the title and `$oracle` the folder of oracles.
    func shell(_ line: String) throws -> Workplace.Outcome {
        try workplace.execute([
            "MINHCHUNG_ARCHIVE=\(workplace.archive)",
            "PATH=\(programFolder.path):/usr/sbin:\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")",
            "title=\(try title)", "oracle=\(Self.repository.appending(path: "Tests/Oracle").path)",
            "tests=\(Self.repository.appending(path: "Tests").path)", "bash", "-euo", "pipefail", "-c", line,
        ])
    }

    /// Whether Python has this module.
    static func hasModule(_ name: String) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", "import \(name)"]
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    static let hasCryptography = hasModule("cryptography")
    static let cryptographyAbsence: Comment = "needs Python's cryptography"
}
