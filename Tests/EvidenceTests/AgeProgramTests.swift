import Foundation
import Testing

@testable import Evidence

/// The standard program opens what is sealed here, and the other way round. It asks for passphrases on a terminal only, so it
/// is given one.
@Suite("Passphrase files and age", .serialized)
struct AgeProgramTests {
    static let program = "/usr/bin/age"
    static let isThere = FileManager.default.isExecutableFile(atPath: program)
    static let absence: Comment = "needs the program age"
    static let passphrase = "khoá của kho, số 1945"

    @Test("age opens what was sealed here", .enabled(if: isThere, absence), arguments: [(0, 1), (65536, 10), (65537, 18)])
    func ageOpens(count: Int, logWorkFactor: Int) throws {
        try Self.inFolder { folder in
            let contents = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let sealed = folder.appending(path: "sealed")
            let chunks = PassphraseFile.chunks(of: contents)
            try Data(PassphraseFile.seal(chunks: chunks, passphrase: Self.passphrase, logWorkFactor: logWorkFactor)).write(to: sealed)
            let opened = folder.appending(path: "opened")
            #expect(try Self.age(["--decrypt", "--output", opened.path, sealed.path]) == 0)
            // age 1.1 makes no file of nothing.
            if count > 0 || FileManager.default.fileExists(atPath: opened.path) { #expect(Array(try Data(contentsOf: opened)) == contents) }
        }
    }

    @Test("what age sealed opens here", .enabled(if: isThere, absence), arguments: [0, 131_072])
    func opensOfAge(count: Int) throws {
        try Self.inFolder { folder in
            let contents = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 11) }
            let plain = folder.appending(path: "plain")
            try Data(contents).write(to: plain)
            let sealed = folder.appending(path: "sealed")
            #expect(try Self.age(["--passphrase", "--output", sealed.path, plain.path]) == 0)
            let bytes = Array(try Data(contentsOf: sealed))
            #expect(try PassphraseFile.open(bytes, passphrase: Self.passphrase) == contents)
        }
    }

    private static func inFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "age-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    /// Runs age on a terminal where the passphrase is typed, and gives its exit status.
    private static func age(_ arguments: [String]) throws -> Int32 {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", root.appending(path: "Tests/Oracle/type_passphrase.py").path, passphrase, program] + arguments
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let text = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        if process.terminationStatus != 0 { Issue.record("\(text)") }
        return process.terminationStatus
    }
}
