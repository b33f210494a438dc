internal import Custody
internal import Evidence
internal import Glibc

/// A new file that appears under its name only when it is whole and on disk.
final class OutputFile: Sendable {
    let displayName: String
    private let path: [UInt8]
    private let part: [UInt8]
    private let file: Int32
    private let replaces: Bool

    /// Writes bytes to a new file, or to standard output for `-`; when it returns they are on disk. The mode is 0600.
    static func write(_ bytes: [UInt8], to path: String) throws {
        let file = try OutputFile(RawArguments.bytes(of: path))
        do {
            try file.write(bytes)
            try file.finish()
        } catch {
            file.discard()
            throw error
        }
    }

    /// Writes bytes to a file that may be there already, which is then replaced in one step; when it returns they are on disk.
    static func replace(_ path: String, with bytes: [UInt8]) throws {
        let file = try OutputFile(RawArguments.bytes(of: path), replaces: true)
        do {
            try file.write(bytes)
            try file.finish()
        } catch {
            file.discard()
            throw error
        }
    }

    /// Opens `path` for writing; `-` is standard output.
    /// - Parameter replaces: whether a file that is there is replaced, in one step and at the end.
    init(_ path: [UInt8], replaces: Bool = false) throws {
        self.replaces = replaces
        self.path = path
        displayName = DepositSource(path: path, metadata: EvidenceMetadata()).displayPath
        if path == [UInt8(ascii: "-")] {
            part = []
            file = STDOUT_FILENO
            return
        }
        // A short name beside it, since a name may be as long as names can be.
        part = Array(path.lastIndex(of: UInt8(ascii: "/")).map { path[...$0] } ?? []) + Array(".minhchung-\(getpid()).part".utf8)
        var status = stat()
        let isThere = path.withZero { lstat($0, &status) } == 0
        guard !isThere || status.st_mode & S_IFMT != S_IFDIR else {
            throw Failure("cannot write \(displayName): it is a folder; name a file in it with --output")
        }
        guard !isThere || replaces else {
            throw Failure("cannot write \(displayName): there is such a file; name another with --output")
        }
        file = part.withZero { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
        guard file >= 0 else { throw failure() }
    }

    /// The declared file name as a name in this folder: no slash, no dot or dash in front.
    static func name(declared: String?, else id: String) -> [UInt8] {
        let declared = (declared ?? "").filter { $0 != "/" && $0 != "\0" }.drop { $0 == "." || $0 == "-" }
        return Array((declared.isEmpty ? id : String(declared)).utf8)
    }

    private func failure() -> Failure { Failure("cannot write \(displayName): \(String(cString: strerror(errno)))") }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure() }
            rest = rest.dropFirst(count)
        }
    }

    func finish() throws {
        guard !part.isEmpty else { return }
        guard fsync(file) == 0, close(file) == 0 else { throw failure() }
        if replaces {
            guard part.withZero({ old in path.withZero { new in rename(old, new) } }) == 0 else { throw failure() }
        } else {
            // link refuses to replace what has come to be there in the meantime.
            let linked = part.withZero { old in path.withZero { new in link(old, new) } }
            guard linked == 0 else { throw failure() }
            _ = part.withZero { unlink($0) }
        }
        try synchronizeFolder()
    }

    /// The name is on disk when it returns.
    private func synchronizeFolder() throws {
        let folder = path.lastIndex(of: UInt8(ascii: "/")).map { Array(path[...$0]) } ?? [UInt8(ascii: ".")]
        let descriptor = folder.withZero { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure() }
    }

    func discard() {
        guard !part.isEmpty else { return }
        close(file)
        _ = part.withZero { unlink($0) }
    }
}
