import Evidence
import Extraction
import ExtractionWire
import Foundation
import Glibc
import Synchronization
import Testing

/// The real worker, which the build puts beside the test bundle; the bundle is the running program.
let workerPath: String = {
    var name = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &name, name.count - 1)
    let bundle = String(decoding: name[..<max(length, 0)].map(UInt8.init(bitPattern:)), as: UTF8.self)
    return bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/minhchung-extract"
}()

extension Extractor {
    /// Reads a document that holds these bytes.
    func read(_ bytes: [UInt8]) throws -> (finding: ExtractionFinding, pages: [String]) {
        let path = try writeFile(bytes, mode: 0o600)
        let document = open(path, O_RDONLY | O_CLOEXEC)
        unlink(path)
        defer { close(document) }
        return try extract(from: document)
    }
}

/// Bytes with a name to call them by in the list of tests.
struct Sample: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    var testDescription: String { name }

    init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

/// Writes a new file and returns its path.
func writeFile(_ bytes: [UInt8], mode: mode_t) throws -> String {
    var name = Array("/tmp/minhchung-test-XXXXXX".utf8CString)
    let file = mkstemp(&name)
    try #require(file >= 0)
    var sent = 0
    while sent < bytes.count {
        let count = bytes.withUnsafeBytes { write(file, $0.baseAddress! + sent, bytes.count - sent) }  // not empty: sent < count
        try #require(count > 0)
        sent += count
    }
    fchmod(file, mode)
    close(file)
    return String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// A program in Python that takes the worker's place, gone with this object.
final class Script {
    let path: String

    init(_ text: String) throws {
        path = try writeFile(Array(("#!/usr/bin/python3\n" + text).utf8), mode: 0o755)
    }

    deinit { unlink(path) }
}

/// A worker that answers every document with these bytes and this report.
func fakeWorker(_ answer: [UInt8], report: [UInt8]) throws -> Script {
    let hello = ControlReport.hello(tool: "fake/1", landlock: 7, unavailable: nil).bytes
    return try Script(
        """
        import os, socket
        control = socket.socket(fileno=0)
        control.send(bytes(\(hello)))
        while True:
            message, descriptors, _, _ = socket.recv_fds(control, 4096, 4)
            if not message: break
            if len(descriptors) != 2: continue
            try: os.write(descriptors[1], bytes(\(answer)))
            except BrokenPipeError: pass
            for descriptor in descriptors: os.close(descriptor)
            control.send(bytes(\(report)))
        """)
}

/// Reads one document with a fresh real worker.
func read(
    _ bytes: [UInt8], limits: ExtractionLimits = .init()
) throws -> (finding: ExtractionFinding, pages: [String]) {
    let extractor = try Extractor(worker: workerPath, limits: limits)
    defer { extractor.stop() }
    return try extractor.read(bytes)
}

/// The processes whose parent is this one, now.
func children(of parent: pid_t) -> [pid_t] {
    guard let folder = opendir("/proc") else { return [] }
    defer { closedir(folder) }
    var found: [pid_t] = []
    while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard let process = pid_t(name), let file = fopen("/proc/\(name)/stat", "r") else { continue }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 512)
        guard fgets(&line, 512, file) != nil else { continue }
        // `pid (name) state parent …`; the name may hold anything, so from its last parenthesis on.
        let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        if fields.count > 2, pid_t(fields[2]) == parent { found.append(process) }
    }
    return found
}

/// Sends a signal to the first `count` different readers of a worker, each as soon as it is there, from a thread of its own.
final class Striker: Sendable {
    private let readers = Mutex<Set<pid_t>>([])
    /// How many readers were struck so far.
    var struck: Int { readers.withLock { $0.count } }

    init(_ worker: pid_t, readers count: Int, with signal: Int32) {
        Thread.detachNewThread { [self] in
            while struck < count, kill(worker, 0) == 0 {
                for reader in children(of: worker) {
                    readers.withLock { if $0.count < count, $0.insert(reader).inserted { kill(reader, signal) } }
                }
                sched_yield()
            }
        }
    }
}
