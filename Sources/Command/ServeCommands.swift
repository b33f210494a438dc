internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Glibc
internal import Ledger
internal import Web

/// Where the settings of the server come from.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: "A file of settings, a JSON object (default: $MINHCHUNG_CONFIG, or none).")
    var config: String?
    @Option(help: "The address to listen on.")
    var host: String?
    @Option(help: "The port to listen on; 0 lets the system choose.")
    var port: Int?
    @Option(help: "PEM file of a certificate and its chain; with it the server speaks TLS.")
    var certificate: String?
    @Option(help: "PEM file of the certificate's key.")
    var key: String?
    @Option(help: ArgumentHelp("Any setting; may be given several times.", valueName: "name=value"))
    var set: [String] = []

    /// Names in the environment that are no settings of the server.
    private static let others: Set<String> = [
        "MINHCHUNG_ARCHIVE", "MINHCHUNG_CONFIG", "MINHCHUNG_STAMP_URL", "MINHCHUNG_STAMP_CA", "MINHCHUNG_SHARED", "MINHCHUNG_SERVER",
        "MINHCHUNG_TOKEN", "MINHCHUNG_KEYS",
    ]

    func read() throws -> Configuration {
        let environment = Self.environment()
        let path = config ?? environment["MINHCHUNG_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
        var flags: [(String, String)] = []
        if let host { flags.append(("host", host)) }
        if let port { flags.append(("port", "\(port)")) }
        if let certificate { flags.append(("certificate", certificate)) }
        if let key { flags.append(("key", key)) }
        for setting in set {
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { throw ValidationError("--set takes NAME=VALUE, e.g. --set limit_connections=1000") }
            flags.append((parts[0], parts[1]))
        }
        return try Configuration(
            file: try path.map { try SourceFiles.contents(of: RawArguments.bytes(of: $0), limit: 1 << 20) }, environment: environment,
            others: Self.others, flags: flags)
    }

    private static func environment() -> [String: String] {
        var found: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if parts.count == 2, parts[0].hasPrefix(Configuration.prefix) { found[parts[0]] = parts[1] }
            next += 1
        }
        return found
    }
}

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve the archive to many people, over HTTP.",
        discussion: """
            Listens on this machine only, unless --host says otherwise, and prints a line when it does. What happens is logged on standard \
            error, a JSON object a line. SIGTERM and SIGINT stop it when everything that was accepted is answered.

            EXAMPLES
              minhchung serve --archive /srv/minhchung --port 8080
              minhchung serve --port 0
              minhchung serve --config /etc/minhchung.json --set limit_connections=1000
              minhchung serve --set openid_issuer=https://id.example --set openid_client_id=minhchung \\
                --set openid_client_secret_file=/etc/minhchung/openid.secret --set openid_public_url=https://minhchung.example
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup(title: "Settings; minhchung config lists all") var settings: ConfigurationOptions

    func run() async throws {
        let settings = try settings.read().settings
        try Self.allowFiles(forConnections: settings.limits.connections)
        let provider = try settings.signInProvider(secret: settings.openIDSecretFile.map(Self.secret))
        let json = options.json
        try await options.withArchive { archive in
            let rules = settings.signInRules
            // What nobody goes on with is removed, and the reserve is made again where it was used.
            let upkeep = Task {
                while !Task.isCancelled {
                    do {
                        _ = try await archive.expireUploads()
                        _ = try await archive.keepReserve()
                    } catch { printError("upkeep: \(error)") }
                    try await Task.sleep(for: .seconds(60))
                }
            }
            defer { upkeep.cancel() }
            let server = Server(
                Interface.operations(on: archive, rules, provider: provider), on: archive, authentication: .archive(archive, rules),
                settings: settings,
                write: printLogLine)
            try await server.run { listening in
                if json {
                    printJSON(["event": .string("listening"), "url": .string(listening.url), "port": .number(listening.port)])
                } else {
                    printLine("listening on \(listening.url)")
                }
            }
        }
    }

    /// The secret that a file has, without the end of its line.
    private static func secret(in path: String) throws -> String {
        let bytes = try SourceFiles.contents(of: RawArguments.bytes(of: path), limit: 4096)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure("cannot use the secret in \(visible(path)): it is no text") }
        let secret = text.hasSuffix("\r\n") || text.hasSuffix("\n") ? String(text.dropLast()) : text
        guard !secret.isEmpty, secret.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw Failure("cannot use the secret in \(visible(path)): it is not one line of text")
        }
        return secret
    }

    /// Files beside connections: databases, objects that are read, readers of documents.
    private static let otherFiles = 256

    /// Lets this process have as many files open as connections need.
    private static func allowFiles(forConnections connections: Int) throws {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let needed = rlim_t(connections + otherFiles)
        guard limit.rlim_cur < needed else { return }
        limit.rlim_cur = min(needed, limit.rlim_max)
        guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur >= needed else {
            throw Failure(
                "cannot serve \(connections) connections: this process may have \(limit.rlim_max) files open and needs \(needed); raise that limit, "
                    + "or lower limit_connections")
        }
    }
}

struct ShowConfiguration: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Show every setting of the server, its value, and where that was said.",
        discussion: """
            A value is said by default, in a file (--config or $MINHCHUNG_CONFIG, a JSON object), in the environment ($MINHCHUNG_PORT and so \
            on), or by a flag; what comes later in this order holds. What is no setting is refused.

            EXAMPLES
              minhchung config
              MINHCHUNG_PORT=9000 minhchung config --config /etc/minhchung.json
            """)

    @OptionGroup(title: "Settings") var settings: ConfigurationOptions
    @Flag(help: "Print JSON, one object a line.")
    var json = false

    func run() async throws {
        let values = try settings.read().values
        if json {
            for (name, value, source, help) in values {
                printJSON(["name": .string(name), "value": value, "source": .string(source.rawValue), "help": .string(help)])
            }
        } else {
            printColumns(values.map { [$0.name, $0.value.canonicalText, $0.source.rawValue, $0.help] })
        }
    }
}
