internal import Evidence
internal import Ledger
internal import OutboundHTTP

extension RemoteArchive {
    /// A file that was written, or what went to standard output.
    struct Downloaded {
        let name: String
        let size: Int64
        let digest: Digest
    }

    /// Writes what is asked for to a new file, which appears under its name only when it is whole and on disk.
    ///
    /// - Parameters:
    ///   - size: how many bytes there are, where that is known.
    ///   - digest: the SHA-256 that they have to have, where that is known.
    func download(_ request: Request, to path: [UInt8], size: Int?, digest: String?) throws -> Downloaded {
        let progress = Progress(isQuiet: options.quiet)
        defer { progress.clear() }
        var file: OutputFile?
        var hasher = DigestHasher()
        var done: Int64 = 0
        do {
            // Made with the first byte: where the server refuses, nothing is there. An empty file has none.
            let opened = { () throws -> OutputFile in
                if let file { return file }
                let made = try OutputFile(path)
                file = made
                return made
            }
            let answer = try answer(to: request) { piece in
                try opened().write(piece)
                hasher.update(piece)
                done += Int64(piece.count)
                progress.show("copied", done, of: Int64(size ?? 0), unit: byteCount)
            }
            let target = try opened()
            let found = hasher.finalize()
            let announced = answer.fields["content-length"].flatMap { Int64($0) }
            guard announced.map({ $0 == done }) ?? true, digest.map({ $0 == found.hex }) ?? true else {
                throw Failure("what the server \(url) sent is not the file: \(done) bytes with the SHA-256 \(found); nothing was written")
            }
            try target.finish()
            return Downloaded(name: target.displayName, size: done, digest: found)
        } catch {
            file?.discard()
            throw error
        }
    }

    /// An entry of a list: its JSON, or a line for people.
    func list(_ entry: JSON, _ line: @autoclosure () -> String) { printLine(options.json ? entry.canonicalText : visible(line())) }

    /// Says how to go on behind a list that is full.
    func more(_ option: String, _ entries: [JSON], limit: Int, _ id: (JSON) -> String?) {
        guard !options.json, !options.quiet, entries.count >= limit, let last = entries.last.flatMap(id) else { return }
        printLine("more with: \(option) \(visible(last))")
    }
}
