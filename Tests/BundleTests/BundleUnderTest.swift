import Bundle
import Foundation
import Testing

/// A folder for one test, removed with it.
final class Workplace {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("minhchung-bundle-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        // What stays in the temporary folder harms nobody.
        try? FileManager.default.removeItem(at: folder)
    }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    /// Everything in it, hidden or not.
    var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() } }

    func write(_ bytes: [UInt8], to name: String) throws {
        let url = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appendingPathComponent(name))) }
}

struct File: Equatable {
    let name: String
    let bytes: [UInt8]
}

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

    /// Files in ascending order of their names, none of which is another's folder.
    mutating func tree(count: Int) -> [File] {
        let alphabet = Array("abAB019._-")
        var files: [String: [UInt8]] = [:]
        for _ in 0..<count {
            let components = (0..<Int.random(in: 1...4, using: &self)).map { _ in
                String((0..<Int.random(in: 1...3, using: &self)).map { _ in alphabet.randomElement(using: &self) ?? "a" })
            }
            let name = components.joined(separator: "/")
            let isClash = files.keys.contains { $0 == name || $0.hasPrefix(name + "/") || name.hasPrefix($0 + "/") }
            guard !isClash, BundleName.fault(name) == nil else { continue }
            let sizes = [0, 1, 70, 4096, 70_000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 19]
            let size = Int.random(in: 0..<8, using: &self) == 0 ? sizes.randomElement(using: &self) ?? 0 : Int.random(in: 0...99, using: &self)
            var bytes = [UInt8](repeating: 0, count: size)
            for index in stride(from: 0, to: size, by: 7) { bytes[index] = UInt8.random(in: .min ... .max, using: &self) }
            files[name] = bytes
        }
        return files.map { File(name: $0.key, bytes: $0.value) }.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}

extension BundleSink {
    /// Adds the files, in pieces of `piece` bytes, and finishes.
    func write(_ files: [File], piece: Int = 1 << 20) throws {
        for file in files {
            try add(file.name, size: Int64(file.bytes.count)) { write in
                for start in stride(from: 0, to: file.bytes.count, by: piece) {
                    try file.bytes[start..<min(start + piece, file.bytes.count)].withUnsafeBytes { try write($0) }
                }
            }
        }
        try finish()
    }
}

extension BundleSource {
    /// Every file with its bytes.
    func files() throws -> [File] {
        var files: [File] = []
        try walk { name, size, read in
            var bytes: [UInt8] = []
            try read { bytes += $0 }
            #expect(bytes.count == size)
            files.append(File(name: name, bytes: bytes))
        }
        return files
    }

    /// Why it is refused; `nil` when it is accepted.
    func refusal() -> String? {
        do {
            try walk { _, _, _ in }
            return nil
        } catch {
            return "\(error)"
        }
    }
}

/// Programs that some tests use.
enum Program {
    static let python = find("python3")
    static let unzip = find("unzip")
    static let sha256sum = find("sha256sum")
    static let noPython: Comment = "needs python3"

    static func find(_ name: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Runs the program; answers its status and what it printed.
    static func run(_ program: String, _ arguments: [String], in folder: URL? = nil) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        if let folder { process.currentDirectoryURL = folder }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
