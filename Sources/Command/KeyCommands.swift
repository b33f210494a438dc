internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Glibc
internal import Ledger
internal import Web

struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show, back up, restore and rotate the archive's keys.",
        discussion: """
            The archive signs with a key that lies in its folder keys/, with the key under which personal numbers are kept. Both belong into \
            a backup of keys, apart from the backup of the archive. Hand the public key to inspectors when the archive is made.

            EXAMPLES
              minhchung keys show --output archive.pub
              minhchung keys backup --output keys.age          (asks for a passphrase; opens with age --decrypt, too)
              minhchung keys restore keys.age
              minhchung keys rotate --reason "change of custodian"
            """,
        subcommands: [ShowKeys.self, BackUpKeys.self, RestoreKeys.self, RotateKey.self])
}

struct ShowKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the public key, and those before it.",
        discussion: """
            EXAMPLE
              minhchung keys show --output archive.pub
            """)

    @OptionGroup var options: ArchiveOptions
    @Option(name: .shortAndLong, help: "A new file for the public key.")
    var output: String?

    func run() async throws {
        let keys = try await options.withArchive { try await $0.keys() }
        if let output {
            try OutputFile.write(Array((keys.current.text + "\n").utf8), to: output)
            if !options.quiet { printLine(visible("wrote \(output)")) }
        } else if options.json {
            printJSON(members(keys))
        } else {
            printLine(keys.current.text)
            for former in keys.former { printLine("\(former.key)  until record \(former.record)") }
        }
    }
}

/// Where a passphrase comes from.
struct PassphraseOption: ParsableArguments {
    @Option(help: "A file whose first line is the passphrase, or - for standard input (default: it is asked for on the terminal).")
    var passphraseFile: String?

    /// - Parameter isNew: whether it has to be typed twice, and may not be short.
    func passphrase(isNew: Bool) throws -> String {
        let passphrase: String
        if let passphraseFile {
            let bytes = try input(passphraseFile, limit: 4096)
            guard let text = String(validating: bytes.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self) else {
                throw Failure("cannot take the passphrase: it is not UTF-8")
            }
            passphrase = text
        } else {
            guard Terminal.isThere else { throw Failure("cannot ask for the passphrase: there is no terminal; give it with --passphrase-file") }
            passphrase = try Terminal.ask("Passphrase: ", isSecret: true)
            if isNew, try Terminal.ask("Once more: ", isSecret: true) != passphrase {
                throw Failure("cannot take the passphrase: the two are not the same")
            }
        }
        guard !isNew || passphrase.unicodeScalars.count >= Self.shortest else {
            throw Failure("cannot take the passphrase: it needs \(Self.shortest) characters at least; several words are best")
        }
        return passphrase
    }

    private static let shortest = 12
}

struct BackUpKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Write the keys, encrypted under a passphrase.",
        discussion: """
            The file is in the age format: minhchung keys restore opens it, and so does age --decrypt. Keep it apart from the archive's \
            backups, and the passphrase apart from both.

            EXAMPLE
              minhchung keys backup --output keys.age
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var passphrase: PassphraseOption
    @Option(name: .shortAndLong, help: "The new file.")
    var output: String

    func run() async throws {
        try options.hereOnly()
        let words = try passphrase.passphrase(isNew: true)
        let bytes = try await options.withArchive { try await $0.backUpKeys(passphrase: words) }
        try OutputFile.write(bytes, to: output)
        if options.json { printJSON(["path": .string(output)]) } else if !options.quiet, output != "-" { printLine(visible("wrote \(output)")) }
    }
}

struct RestoreKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put the keys of a backup back into the archive.",
        discussion: """
            EXAMPLE
              minhchung keys restore keys.age
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var passphrase: PassphraseOption
    @Argument(help: "The file that keys backup wrote.")
    var backup: String

    func run() async throws {
        let bytes = try input(backup)
        let words = try passphrase.passphrase(isNew: false)
        try options.hereOnly()
        let key = try await Archive.restoreKeys(bytes, passphrase: words, to: options.path, holder: options.holder)
        if options.json { printJSON(["current": .string(key.text)]) } else if !options.quiet { printLine("restored; the archive signs as \(key)") }
    }
}

struct RotateKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Sign with a new key from now on, and record that.",
        discussion: """
            Hand the new public key to inspectors as you did with the old one; bundles and checkpoints signed by the old one stay \
            verifiable with it. Make a new backup of the keys.

            EXAMPLES
              minhchung keys rotate --reason "change of custodian"
              minhchung keys rotate --lost --reason "the disk with the key failed"
            """)

    @OptionGroup var options: ArchiveOptions
    @Option(help: "Why.")
    var reason: String
    @Flag(help: "The key that signed is lost.")
    var lost = false

    func run() async throws {
        let reason = try recordable(reason, "reason")
        let key = try await options.withArchive(for: lost ? .newKey : .use) { try await $0.rotateKey(reason: reason, by: options.actor) }
        if options.json { printJSON(["current": .string(key.text)]) } else { printLine(key.text) }
    }
}
