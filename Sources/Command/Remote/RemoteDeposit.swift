internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Glibc
internal import Ledger
internal import OutboundHTTP
internal import Web

extension DepositFiles: RemoteCommand {
    func run(at server: RemoteArchive) throws {
        guard extract else { throw Failure("cannot leave out the reading at a server: it reads what it is given by itself, when it has time") }
        let (sources, skipped) = try sources()
        for (path, reason) in skipped { printError("cannot deposit \(path): \(reason)") }
        guard !sources.isEmpty else {
            if skipped.isEmpty { throw Failure("nothing to deposit: name files or folders, or a table with --metadata") }
            throw ExitCode(Program.Status.somethingWrong)
        }
        let progress = Progress(isQuiet: options.quiet)
        defer { progress.clear() }
        var counts = (deposited: 0, already: 0, refused: skipped.count, otherwise: 0, bytes: Int64(0))
        var stopped: (any Error)?
        for source in sources where stopped == nil {
            do {
                let kept = try Sending(source, to: server, progress).run()
                progress.clear()
                if kept.isKnown { counts.already += 1 } else { counts.deposited += 1 }
                counts.bytes += kept.isKnown ? 0 : kept.size
                tell(kept, of: source)
                if kept.isDescribedOtherwise {
                    counts.otherwise += 1
                    printError("kept \(kept.item) as it was described before; to change that: minhchung describe \(kept.item) …")
                }
            } catch {
                progress.clear()
                // What is wrong with one file is not wrong with the next one; what the line or the server lacks is.
                guard let reason = (error as? UnreadableFile)?.reason ?? (error as? RemoteProblem).flatMap({ $0.isAboutFile ? $0.description : nil })
                else {
                    stopped = error
                    continue
                }
                counts.refused += 1
                refuse(source, reason)
            }
        }
        server.tell(
            .members([
                "event": .string("done"), "deposited": .number(counts.deposited), "already_deposited": .number(counts.already),
                "refused": .number(counts.refused), "bytes": .integer(counts.bytes), "stopped": stopped.map { .string("\($0)") },
            ]),
            "\(counts.deposited) deposited (\(byteCount(counts.bytes))), \(counts.already) already there, \(counts.refused) refused")
        if let stopped {
            let tried = counts.deposited + counts.already + counts.refused - skipped.count
            throw Failure("\(stopped); \(tried) of \(sources.count) files were dealt with; give the same again to go on")
        }
        if counts.refused + counts.otherwise > 0 { throw ExitCode(Program.Status.somethingWrong) }
    }

    private func tell(_ kept: Sending.Kept, of source: DepositSource) {
        if options.json {
            printJSON([
                "event": .string(kept.isKnown ? "already_deposited" : "deposited"), "item": .string(kept.item), "object": .string(kept.digest.hex),
                "size": .integer(kept.size), "path": .string(source.displayPath),
                "described_otherwise": kept.isKnown ? .bool(kept.isDescribedOtherwise) : nil,
            ])
        } else if !options.quiet {
            printLine(visible("\(kept.isKnown ? "already there " : "deposited     ") \(kept.item) \(kept.digest) \(source.displayPath)"))
        }
    }

    private func refuse(_ source: DepositSource, _ reason: String) {
        printError("cannot deposit \(source.displayPath): \(reason)")
        if options.json { printJSON(["event": .string("refused"), "path": .string(source.displayPath), "reason": .string(reason)]) }
    }
}

/// Why a file of one's own could not be sent.
private struct UnreadableFile: Error {
    let reason: String
}

/// A file on its way to a server: in one request where it is small; else as an upload of tus 1.0, which goes on where it stopped.
private struct Sending {
    /// What it became.
    struct Kept {
        let item: String
        let digest: Digest
        let size: Int64
        var isKnown = false
        var isDescribedOtherwise = false
    }

    private let source: DepositSource
    private let server: RemoteArchive
    private let progress: Progress

    /// Bytes of a request; so many are in memory.
    private static let partSize = 8 << 20
    /// How often nothing may get through, one time after the other.
    private static let patience = 8

    init(_ source: DepositSource, to server: RemoteArchive, _ progress: Progress) {
        self.source = source
        self.server = server
        self.progress = progress
    }

    func run() throws -> Kept {
        let file = source.path.withZero { open($0, O_RDONLY | O_CLOEXEC) }
        guard file >= 0 else { throw UnreadableFile(reason: String(cString: strerror(errno))) }
        defer { close(file) }
        // Said with the first byte, and held against what came: the file is the same there, or it is refused.
        var (hasher, size) = (DigestHasher(), Int64(0))
        while case let part = try bytes(of: file, from: size, atMost: Self.partSize), !part.isEmpty {
            hasher.update(part)
            size += Int64(part.count)
        }
        let digest = hasher.finalize()
        return size <= Int64(Self.partSize) ? try put(try bytes(of: file, from: 0, atMost: Self.partSize), digest) : try upload(file, size, digest)
    }

    private func bytes(of file: Int32, from offset: Int64, atMost limit: Int) throws -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            count = 0
            while count < limit {
                let read = pread(file, buffer.baseAddress.map { $0 + count }, limit - count, Int(offset) + count)
                if read < 0, errno == EINTR { continue }
                if read < 0 { failure = errno }
                guard read > 0 else { return }
                count += read
            }
        }
        guard failure == 0 else { throw UnreadableFile(reason: String(cString: strerror(failure))) }
        return bytes
    }

    /// What is declared, as uploads have it.
    private func metadata(_ digest: Digest) -> String {
        var entries = ["sha256 \(Base64.text(of: Array(digest.hex.utf8)))"]
        if case .object(let members) = json(source.metadata) {
            entries += members.sorted { $0.key < $1.key }.compactMap { name, value in
                value.text.map { "\(name == "file_name" ? "filename" : name) \(Base64.text(of: Array($0.utf8)))" }
            }
        }
        return "Upload-Metadata: " + entries.joined(separator: ",")
    }

    private func put(_ bytes: [UInt8], _ digest: Digest) throws -> Kept {
        let asked = RemoteArchive.Request(
            method: "PUT", path: ["objects", digest.hex], fields: ["Content-Type: application/octet-stream", metadata(digest)])
        // The same file again doubles nothing.
        let kept = try trying { try server.parsed(try server.answer(to: asked, bytes: bytes).body) }
        return Kept(
            item: kept["item"].text ?? "", digest: digest, size: Int64(bytes.count), isKnown: kept["already"].isTrue,
            isDescribedOtherwise: kept["described_otherwise"].isTrue)
    }

    private static let version = "Tus-Resumable: 1.0.0"

    /// The same file with the same words goes on, for a day, where it was broken off, also by another process.
    private func key(_ size: Int64, _ digest: Digest) -> String {
        "upload-\(Digest(of: Array("\(size) \(metadata(digest))".utf8)).hex)"
    }

    private func upload(_ file: Int32, _ size: Int64, _ digest: Digest) throws -> Kept {
        var id: String
        do { id = try begin(size, digest, key: key(size, digest)) } catch let problem as RemoteProblem where problem.isAboutKey {
            // What was begun cannot be found again; bytes that are there already double nothing.
            id = try begin(size, digest, key: nil)
        }
        do {
            do { return try send(file, size, digest, to: id) } catch let problem as RemoteProblem where problem.status == 404 {
                // The one that was begun by an earlier try has expired, or was ended.
                id = try begin(size, digest, key: nil)
                return try send(file, size, digest, to: id)
            }
        } catch  where (error as? RemoteProblem)?.isAboutFile ?? (error is UnreadableFile) {
            // What can come to nothing keeps no room. It expires by itself where it cannot be ended now.
            _ = try? server.answer(to: .init(method: "DELETE", path: ["uploads", id], fields: [Self.version]))  // because of the line above
            throw error
        }
    }

    /// The id of a new upload, or of the one that was begun under the key.
    private func begin(_ size: Int64, _ digest: Digest, key: String?) throws -> String {
        let asked = RemoteArchive.Request(
            method: "POST", path: ["uploads"], fields: [Self.version, "Upload-Length: \(size)", metadata(digest)], key: key)
        let begun = try trying { try server.answer(to: asked, bytes: []) }
        // Its id is the end of its address; where a proxy stands before the server, the address may be one that is not ours.
        guard let id = begun.fields["location"]?.split(separator: "/").last.map(String.init) else {
            throw Failure("cannot upload to \(server.url): it does not say where to")
        }
        return id
    }

    private func send(_ file: Int32, _ size: Int64, _ digest: Digest, to id: String) throws -> Kept {
        var failures = 0
        while true {
            do {
                // What is on disk there is known by asking: after a failure, and where the upload was begun earlier.
                let there = try server.answer(to: .init(method: "HEAD", path: ["uploads", id], fields: [Self.version]))
                var place = there.fields["content-location"]
                let isKnown = place != nil && failures == 0
                var offset = there.fields["upload-offset"].flatMap { Int64($0) } ?? 0
                while place == nil {
                    let part = try bytes(of: file, from: offset, atMost: Self.partSize)
                    guard !part.isEmpty || offset == size else { throw UnreadableFile(reason: "it was cut short while it was sent") }
                    let fields = [Self.version, "Upload-Offset: \(offset)", "Content-Type: application/offset+octet-stream"]
                    let answer = try server.answer(to: .init(method: "PATCH", path: ["uploads", id], fields: fields), bytes: part)
                    offset += Int64(part.count)
                    failures = 0
                    place = answer.fields["content-location"]
                    progress.show("sent", offset, of: size, unit: byteCount)
                }
                return Kept(item: place?.split(separator: "/").last.map(String.init) ?? "", digest: digest, size: size, isKnown: isKnown)
            } catch let problem as RemoteProblem where [409, 423, 460].contains(problem.status) || problem.isPassing {
                // It is elsewhere than was thought, or what is left of the request before is still at work.
                try wait(&failures, problem, problem.retryAfter)
            } catch let failure as Unanswered { try wait(&failures, failure, nil) }
        }
    }

    private func trying<Value>(_ body: () throws -> Value) throws -> Value {
        var failures = 0
        while true {
            do { return try body() } catch let failure as Unanswered { try wait(&failures, failure, nil) } catch let problem as RemoteProblem
                where problem.isPassing
            { try wait(&failures, problem, problem.retryAfter) }
        }
    }

    /// Waits, longer each time, and at least for as long as the server says; gives up after some.
    private func wait(_ failures: inout Int, _ cause: any Error, _ seconds: UInt32?) throws {
        failures += 1
        guard failures <= Self.patience else { throw cause }
        sleep(max(UInt32(1) << UInt32(min(failures - 1, 5)), min(seconds ?? 0, 60)))
    }
}
