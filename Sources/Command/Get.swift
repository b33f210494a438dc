internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Glibc
internal import Ledger
internal import Synchronization

struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy an item's file out of the archive, every piece checked.",
        discussion: """
            Writes a new file and never replaces one. When a piece turns out to be damaged, no file is left behind.

            EXAMPLES
              minhchung get ev-7h2k
              minhchung get ev-7h2k --output - | sha256sum
            """)

    @OptionGroup var options: ArchiveOptions

    @Option(name: .shortAndLong, help: "The file to write, or - for standard output (default: the item's file name).")
    var output: String?

    @Argument(help: "The item's id, or enough of the beginning of it.")
    var item: String

    func run() async throws {
        let target = Mutex<OutputFile?>(nil)
        let (output, quiet, json) = (self.output, options.quiet, options.json)
        let progress = Progress(isQuiet: quiet)
        let written = Mutex<(Int64, Int64)>((0, 0))
        let account = Mutex<ItemAccount?>(nil)
        do {
            try await options.withArchive { archive in
                try await archive.export(item, by: options.actor) { found in
                    account.withLock { $0 = found }
                    written.withLock { $0.1 = found.object.size }
                    let file = try OutputFile(output.map(RawArguments.bytes) ?? OutputFile.name(for: found))
                    target.withLock { $0 = file }
                } write: { piece in
                    try target.withLock { try $0?.write(piece) }
                    let (done, total) = written.withLock { written in
                        written.0 += Int64(piece.count)
                        return written
                    }
                    progress.show("copied", done, of: total, unit: byteCount)
                }
            }
            try target.withLock { try $0?.finish() }
        } catch {
            progress.clear()
            target.withLock { $0?.discard() }
            throw error
        }
        progress.clear()
        guard let account = account.withLock({ $0 }), let name = target.withLock({ $0?.displayName }) else { return }
        if json, output != "-" {
            printJSON([
                "item": .string(account.id.text), "object": .string(account.object.digest.hex),
                "size": .integer(account.object.size), "path": .string(name),
            ])
        } else if !quiet, output != "-" {
            printLine("wrote \(name) (\(byteCount(account.object.size)), SHA-256 \(account.object.digest))")
        }
    }
}

/// A new file that appears under its name only when it is whole and on disk.
private final class OutputFile: Sendable {
    let displayName: String
    private let path: [UInt8]
    private let part: [UInt8]
    private let file: Int32

    /// Opens `path` for writing; `-` is standard output.
    init(_ path: [UInt8]) throws {
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
        guard !isThere else {
            throw Failure("cannot write \(displayName): there is such a file; name another with --output")
        }
        file = part.withZero { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
        guard file >= 0 else { throw failure() }
    }

    /// The declared file name as a name in this folder: no slash, no dot or dash in front.
    static func name(for account: ItemAccount) -> [UInt8] {
        let declared = (account.metadata.fileName ?? "").filter { $0 != "/" && $0 != "\0" }.drop { $0 == "." || $0 == "-" }
        return Array((declared.isEmpty ? account.id.text : String(declared)).utf8)
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
        // link refuses to replace what has come to be there in the meantime.
        let linked = part.withZero { old in path.withZero { new in link(old, new) } }
        guard linked == 0 else { throw failure() }
        _ = part.withZero { unlink($0) }
    }

    func discard() {
        guard !part.isEmpty else { return }
        close(file)
        _ = part.withZero { unlink($0) }
    }
}
