internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Glibc

/// The root of the command line.
struct MinhChung: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "minhchung",
        abstract: "An evidence archive: keeps files so that every decision can be traced to its proof.",
        discussion: """
            EXAMPLES
              minhchung init --archive /srv/minhchung
              minhchung deposit --archive /srv/minhchung --holder "Nguyễn Văn Mẫu" scans/
              minhchung search --archive /srv/minhchung "tin học cơ bản"
              minhchung verify --archive /srv/minhchung

            EXIT STATUS
              0   done, and nothing is wrong
              1   done, but something was refused, not found, or found damaged
              2   could not be done
              3   the archive is in use by another process
              64  the command line is wrong

            The archive is the folder given with --archive, or in the environment variable MINHCHUNG_ARCHIVE, or \
            Storage/Archive. Only one process may hold it: while a server does, most commands ask the server instead, with --server \
            (minhchung sign-in first).
            """,
        version: version,
        subcommands: [
            Initialize.self, DepositFiles.self, Describe.self, Show.self, List.self, Search.self, Get.self, ShowPage.self, Verify.self,
            Extract.self, Rebuild.self, Status.self,
            Criteria.self, People.self, Units.self,
            Dossiers.self, Cite.self, Uncite.self, GiveScores.self, EvidenceFindings.self, Decide.self, Revoke.self, GrantHonour.self,
            Traces.self, ReplayDecision.self, Matrix.self, History.self,
            BackUp.self, RestoreBackup.self, WriteBundle.self, VerifyBundle.self, Checkpoints.self, Prove.self, Witnesses.self, Keys.self, Erase.self,
            Holds.self, Accesses.self, Accounts.self, Serve.self, ShowConfiguration.self, SignIn.self, SignOut.self,
        ])

    static let version = "0.2.0 (format \(Archive.format))"
}

/// Which archive, as whom, and how to print.
struct ArchiveOptions: ParsableArguments {
    @Option(help: "The archive's folder (default: $MINHCHUNG_ARCHIVE, or Storage/Archive).")
    var archive: String?

    @Option(help: "A running server to ask instead, e.g. https://minhchung.example (default: $MINHCHUNG_SERVER); see minhchung sign-in.")
    var server: String?

    @Option(name: .customLong("server-ca"), help: "PEM file of the authorities that are trusted to name the server (default: the system's).")
    var serverCA: String?

    @Option(name: .customLong("as"), help: "The account in whose name you act; recorded beside your own.")
    var actingAs: String?

    @Flag(help: "Print JSON, one object a line.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print only what went wrong.")
    var quiet = false

    /// The server that is asked: the one that is named, or that of the environment where no archive is named.
    var serverURL: String? {
        if let server { return server }
        let variable = getenv("MINHCHUNG_SERVER").map { String(cString: $0) } ?? ""
        return variable.isEmpty || archive != nil ? nil : variable
    }

    /// What a command does that no server can do for it.
    /// - Throws: ``Failure`` where a server is named.
    func hereOnly() throws {
        guard serverURL == nil else {
            throw Failure("this is done where the archive is, while no server holds it: give --archive, and no --server")
        }
    }

    var path: String {
        if let archive { return archive }
        let variable = getenv("MINHCHUNG_ARCHIVE").map { String(cString: $0) } ?? ""
        return variable.isEmpty ? "Storage/Archive" : variable
    }

    func validate() throws {
        // SQLite takes the folder's name as UTF-8.
        guard archive.map({ RawArguments.isUTF8($0) && !$0.isEmpty }) ?? true else {
            throw ValidationError("--archive takes a folder, named in UTF-8")
        }
        guard archive == nil || server == nil else { throw ValidationError("give --archive or --server, not both") }
        guard serverCA == nil || server != nil || serverURL != nil else { throw ValidationError("--server-ca goes with --server") }
        guard actingAs.map(Actor.isAccount) ?? true else {
            throw ValidationError("--as takes an account, not a name: lower-case letters, digits and . - _, e.g. officer-17")
        }
    }

    var actor: Actor { .console(user: userName, actingAs: actingAs) }

    private var userName: String {
        // The system's own answer; an environment variable could say anything.
        guard let entry = getpwuid(getuid()) else { return "uid-\(getuid())" }
        return String(cString: entry.pointee.pw_name)
    }

    /// Opens the archive, runs `body`, and closes it whatever happens.
    func withArchive<Value>(
        for purpose: Archive.Purpose = .use, _ body: (Archive) async throws -> Value
    ) async throws -> Value {
        try hereOnly()
        let archive = try await Archive.open(at: path, for: purpose, worker: try workerPath(), holder: holder)
        return try await closing(archive, after: body)
    }

    /// Runs `body` and closes the archive whatever happens; the first error is the one to tell.
    func closing<Value>(_ archive: Archive, after body: (Archive) async throws -> Value) async throws -> Value {
        let value: Value
        do {
            value = try await body(archive)
        } catch {
            do { try await archive.close() } catch {}
            throw error
        }
        try await archive.close()
        return value
    }

    /// What others are told who find the archive in use.
    var holder: String {
        let verb = CommandLine.arguments.dropFirst().first { !$0.hasPrefix("-") } ?? ""
        return "process \(getpid()) (minhchung \(verb)), since \(Archive.systemTime())"
    }

    /// `minhchung-extract` lies beside this program.
    func workerPath() throws -> String {
        guard let resolved = realpath("/proc/self/exe", nil) else { throw Failure("cannot find this program's own file") }
        defer { free(resolved) }
        let own = String(cString: resolved)
        return own.prefix(upTo: own.lastIndex(of: "/") ?? own.startIndex) + "/minhchung-extract"
    }
}

/// A failure of the command line's own, in one line.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
