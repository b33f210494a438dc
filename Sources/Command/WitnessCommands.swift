internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Glibc
internal import Ledger
internal import Web

struct Witnesses: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "witness", abstract: "Watch an archive from outside: remember what it signed, and refuse what does not continue it.",
        discussion: """
            For the inspector's own machine; it needs no archive. A witness keeps every checkpoint that it saw in a folder of its own, \
            demands proof at every visit that both trees continue the last ones, and cosigns what it accepted.

            EXAMPLES
              minhchung witness init w/ --archive-key archive.pub --name so-gddt.example/w1
              minhchung witness show w/ --memory > memory.json       (take it to the archive: minhchung checkpoint pull --memory)
              minhchung witness pull w/ pull.json --output reply.json    (take it back: minhchung checkpoint keep)
              minhchung witness pull w/ --from /srv/minhchung        (all three at once, where the archive's folder is at hand)
              minhchung witness trust w/ --archive-key new.pub       (the archive signs with another key, as its people have told)
            """,
        subcommands: [BeginWitness.self, FollowArchive.self, TrustKey.self, ShowWitness.self])
}

/// The folder of a witness: what it saw, and its key.
private struct WitnessFolder {
    let path: String
    private let lock: Int32

    private var memoryPath: String { path + "/memory.json" }
    private var keyPath: String { path + "/witness.key" }

    /// Opens the folder and holds it, so that no two processes remember at once.
    init(_ path: String, creates: Bool = false) throws {
        self.path = path
        if creates, mkdir(path, 0o700) != 0, errno != EEXIST { throw Failure("cannot make \(visible(path)): \(String(cString: strerror(errno)))") }
        lock = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw Failure("cannot use \(visible(path)): \(String(cString: strerror(errno)))") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw Failure("cannot use \(visible(path)): another process does") }
    }

    func memory() throws -> WitnessMemory { try WitnessMemory(parsing: try input(memoryPath, limit: 64 << 20)) }

    func signer() throws -> NoteSigner {
        let text = String(decoding: try input(keyPath, limit: 4096), as: UTF8.self).split(separator: "\n").first ?? ""
        guard let signer = NoteSigner(secretText: text), signer.verifier.algorithm == .cosignature else {
            throw Failure("cannot use \(visible(keyPath)): it is no key of a witness")
        }
        return signer
    }

    /// Remembers durably; only then may be cosigned.
    func remember(_ memory: WitnessMemory) throws { try OutputFile.replace(memoryPath, with: memory.bytes) }

    func begin(_ memory: WitnessMemory, _ signer: NoteSigner) throws {
        try OutputFile.write(Array((signer.secretText + "\n").utf8), to: keyPath)
        try OutputFile.write(Array((signer.verifier.text + "\n").utf8), to: path + "/witness.pub")
        try OutputFile.write(memory.bytes, to: memoryPath)
    }
}

struct BeginWitness: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Begin to watch an archive.",
        discussion: """
            The archive's public key is the one that was handed over when the archive was made (minhchung keys show). Its name says which \
            archive it is.

            EXAMPLE
              minhchung witness init w/ --archive-key archive.pub --name so-gddt.example/w1
            """)

    @Option(help: "The archive's public key, or a file of it.")
    var archiveKey: String
    @Option(help: "What the witness is called; best a web address of its own without http://, such as so-gddt.example/w1.")
    var name: String
    @Flag(help: "Print JSON, one object a line.")
    var json = false
    @Argument(help: "A new folder for what it remembers and for its key.")
    var folder: String

    func run() throws {
        guard NoteVerifier.isName(name) else { throw ValidationError("--name has no spaces and no plus") }
        let keys = try verifiers(archiveKey)
        guard let key = keys.first, key.name.hasSuffix(".minhchung"), let archive = ArchiveID(String(key.name.dropLast(".minhchung".count))),
            keys.allSatisfy({ $0.name == key.name && $0.algorithm == .ed25519 })
        else { throw Failure("cannot watch: \(visible(archiveKey)) is not the key of one archive") }
        let place = try WitnessFolder(folder, creates: true)
        let signer = NoteSigner(name: name, algorithm: .cosignature, key: .random())
        try place.begin(WitnessMemory(archive: archive, keys: keys), signer)
        json ? printJSON(["witness": .string(signer.verifier.text), "archive": .string(archive.text)]) : printLine(signer.verifier.text)
    }
}

struct TrustKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trust", abstract: "Trust another key of the archive as well.",
        discussion: """
            After the archive's people have handed over the new public key, as they did with the first one (minhchung keys rotate).

            EXAMPLE
              minhchung witness trust w/ --archive-key new.pub
            """)

    @Option(help: "The archive's public key, or a file of it.")
    var archiveKey: String
    @Flag(help: "Print JSON, one object a line.")
    var json = false
    @Argument(help: "The witness's folder.")
    var folder: String

    func run() throws {
        let keys = try verifiers(archiveKey)
        let place = try WitnessFolder(folder)
        let memory = try place.memory()
        guard keys.allSatisfy({ $0.name == LogOrigin.keyName(of: memory.archive) && $0.algorithm == .ed25519 }) else {
            throw Failure("cannot trust \(visible(archiveKey)): it is not a key of archive \(memory.archive)")
        }
        let trusting = memory.trusting(keys)
        try place.remember(trusting)
        for key in trusting.keys { json ? printJSON(["key": .string(key.text)]) : printLine("trusted  \(key)") }
    }
}

struct FollowArchive: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Follow the archive to its newest checkpoints, and cosign them.",
        discussion: """
            Exit status 1 means that the archive does not continue what was seen; nothing is remembered or cosigned then. Keep what it \
            gave: it is proof against it.

            EXAMPLES
              minhchung witness pull w/ pull.json --output reply.json
              minhchung witness pull w/ --from /srv/minhchung
            """)

    @Option(help: "The folder of the archive, where it is at hand; it keeps the cosignatures at once.")
    var from: String?
    @Option(help: "Go on with a restored archive in this epoch, although it has lost what it says that it has lost.")
    var acceptEpoch: Int?
    @Option(name: .shortAndLong, help: "Where to write the cosignatures (default: standard output).")
    var output: String?
    @Flag(help: "Print JSON, one object a line, where the cosignatures are not printed.")
    var json = false
    @Argument(help: "The witness's folder.")
    var folder: String
    @Argument(help: "What the archive wrote (minhchung checkpoint pull), or - for standard input.")
    var pull: String?

    func validate() throws {
        guard (from == nil) != (pull == nil) else { throw ValidationError("name what the archive wrote, or its folder with --from") }
    }

    func run() async throws {
        let place = try WitnessFolder(folder)
        var memory = try place.memory()
        let signer = try place.signer()
        let options = try from.map { try ArchiveOptions.parse(["--archive", $0]) }
        let before = memory
        let shown: WitnessPull
        if let options {
            shown = try await options.withArchive { try await $0.pull(for: before, by: options.actor) }
        } else {
            shown = try WitnessPull(parsing: try input(pull ?? "-"))
        }
        let lost: [LogTree: Range<Int>]
        do {
            lost = try memory.follow(shown, accepting: acceptEpoch, at: Archive.systemTime())
        } catch {
            printError(error.description)
            throw ExitCode(Program.Status.somethingWrong)
        }
        try place.remember(memory)
        let reply = WitnessReply(shown, by: signer, at: Archive.systemTime())
        if let options { try await options.withArchive { try await $0.keep(reply, by: options.actor) } }
        if output != nil || options == nil { try OutputFile.write(reply.bytes, to: output ?? "-") }
        let (old, new) = (before.lastSize(of: .records), memory.lastSize(of: .records))
        guard output != nil || options != nil else { return }
        if json {
            printJSON([
                "archive": .string(memory.archive.text), "records": .number(new), "before": .number(old), "witness": .string(signer.verifier.text),
                "lost": .object(
                    Dictionary(
                        uniqueKeysWithValues: lost.map {
                            ($0.key.rawValue, .array([.number($0.value.lowerBound), .number($0.value.upperBound - 1)]))
                        })),
            ])
            return
        }
        for (tree, range) in lost.sorted(by: { $0.key.rawValue > $1.key.rawValue }) {
            printLine("GAP  of the \(tree.noun) that were seen, \(range.lowerBound) to \(range.upperBound - 1) are lost, or cannot be compared")
        }
        let kept = lost[.records]?.lowerBound ?? old
        printLine(visible("\(memory.archive): \(new) records continue the \(kept) that were seen before; cosigned as \(signer.verifier.name)"))
    }
}

struct ShowWitness: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show what a witness saw.",
        discussion: """
            EXAMPLES
              minhchung witness show w/
              minhchung witness show w/ --memory > memory.json
            """)

    @Flag(help: "Print what it remembers as it is kept, to be taken to the archive.")
    var memory = false
    @Flag(help: "Print JSON, one object a line.")
    var json = false
    @Argument(help: "The witness's folder.")
    var folder: String

    func run() throws {
        let place = try WitnessFolder(folder)
        let known = try place.memory()
        if memory { return printLine(String(decoding: known.bytes.dropLast(), as: UTF8.self)) }
        if json {
            for tree in LogTree.allCases {
                for seen in known.seen[tree] ?? [] {
                    printJSON([
                        "archive": .string(known.archive.text), "tree": .string(tree.rawValue), "at": .string(seen.at.description),
                        "size": .number(seen.size), "epoch": .number(seen.epoch), "root": .string(seen.root.hex),
                    ])
                }
            }
            return
        }
        printLine("archive  \(known.archive)")
        printLine("witness  \(visible(try place.signer().verifier.text))")
        for tree in LogTree.allCases {
            for seen in known.seen[tree] ?? [] {
                printLine("\(seen.at)  \(seen.size) \(tree.noun), epoch \(seen.epoch), root \(seen.root)")
            }
        }
    }
}
