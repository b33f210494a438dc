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
        let content = Mutex<ItemContent<[UInt8]>?>(nil)
        do {
            try await options.withArchive { archive in
                try await archive.export(item, by: options.actor) { found in
                    content.withLock { $0 = found }
                    written.withLock { $0.1 = found.object.size }
                    let file = try OutputFile(
                        output.map(RawArguments.bytes) ?? OutputFile.name(declared: found.fileName, else: found.item.text))
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
        guard let content = content.withLock({ $0 }), let name = target.withLock({ $0?.displayName }) else { return }
        if json, output != "-" {
            printJSON([
                "item": .string(content.item.text), "object": .string(content.object.digest.hex),
                "size": .integer(content.object.size), "path": .string(name),
            ])
        } else if !quiet, output != "-" {
            printLine("wrote \(name) (\(byteCount(content.object.size)), SHA-256 \(content.object.digest))")
        }
    }
}
