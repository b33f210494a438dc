import Foundation
import Glibc
import Testing

/// The real program, which the build puts beside the test bundle; the bundle is the running program.
let programFolder: URL = {
    var name = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &name, name.count - 1)
    return URL(filePath: String(decoding: name[..<max(length, 0)].map(UInt8.init(bitPattern:)), as: UTF8.self)).deletingLastPathComponent()
}()

/// A folder of its own for one test, with an archive in it, gone afterwards.
final class Workplace {
    let folder: URL
    var archive: String { folder.appending(path: "archive").path }

    init(hasArchive: Bool = true) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "minhchung-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if hasArchive { #expect(try run("init").status == 0) }
    }

    deinit {
        // A leftover folder is the system's to clean; a test has ended either way.
        try? FileManager.default.removeItem(at: folder)  // because of the line above
    }

    struct Outcome {
        let status: Int32
        let output: String
        let errors: String
        var lines: [String] { output.split(separator: "\n").map(String.init) }
        var errorLines: [String] { errors.split(separator: "\n").map(String.init) }
    }

    /// Runs the program with the archive's path, and waits for it.
    func run(_ arguments: String...) throws -> Outcome {
        try execute([programFolder.appending(path: "minhchung").path, arguments[0], "--archive", archive] + arguments.dropFirst())
    }

    /// Runs a command in the folder, and waits for it.
    func execute(_ command: [String]) throws -> Outcome {
        let output = folder.appending(path: "output-\(UUID().uuidString)")
        let errors = folder.appending(path: "errors-\(UUID().uuidString)")
        for file in [output, errors] { try Data().write(to: file) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        // The folder goes with this object, and a caller may hold no other reference to it.
        withExtendedLifetime(self) { process.waitUntilExit() }
        return Outcome(
            status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
            output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
    }

    /// Runs a line of shell, in which `$minhchung` is the program and `$archive` the archive.
    func shell(_ line: String) throws -> Outcome {
        try execute(["minhchung=\(programFolder.path)/minhchung", "archive=\(archive)", "bash", "-c", line])
    }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let file = folder.appending(path: name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return file.path
    }

    /// The JSON objects of a command's lines.
    static func objects(_ outcome: Outcome) throws -> [[String: Any]] {
        try outcome.lines.map { try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
    }
}

/// What commands answered, as JSON.
typealias Answer = [String: Any]

extension Answer {
    func text(_ name: String) throws -> String { try #require(self[name] as? String, "\(name)") }
    func number(_ name: String) throws -> Int { try #require(self[name] as? Int, "\(name)") }
    func flag(_ name: String) throws -> Bool { try #require(self[name] as? Bool, "\(name)") }
    func object(_ name: String) throws -> Answer { try #require(self[name] as? Answer, "\(name)") }
    func list(_ name: String) throws -> [Answer] { try #require(self[name] as? [Answer], "\(name)") }
    func texts(_ name: String) throws -> [String] { try #require(self[name] as? [String], "\(name)") }
}

extension Workplace {
    /// Runs the program on the archive, also where the command has a subcommand.
    func command(_ arguments: [String]) throws -> Outcome { try execute(programOnArchive + arguments) }

    /// `env` with what it takes to run the program on the archive.
    var programOnArchive: [String] { ["env", "MINHCHUNG_ARCHIVE=\(archive)", programFolder.appending(path: "minhchung").path] }

    /// What a command that has to succeed answers.
    func answers(_ arguments: String...) throws -> [Answer] {
        let outcome = try command(arguments + ["--json"])
        #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
        return try Self.objects(outcome)
    }

    func answer(_ arguments: String...) throws -> Answer {
        let outcome = try command(arguments + ["--json"])
        #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
        return try #require(Self.objects(outcome).first, "\(arguments)")
    }
}
