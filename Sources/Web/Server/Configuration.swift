internal import Evidence
public import Ledger

/// The settings of a server, each with where it was said: in the defaults, a file, the environment, or a flag; what comes later in this
/// order holds.
public struct Configuration: Sendable {
    public enum Source: String, Sendable {
        case standard = "default"
        case file, environment, flag
    }

    /// Why a configuration cannot be used.
    public struct Mistake: Error, CustomStringConvertible {
        public let description: String
    }

    public private(set) var settings = Settings()
    private var sources: [String: Source] = [:]

    /// A name in the environment begins so.
    public static let prefix = "MINHCHUNG_"

    /// Reads a configuration.
    ///
    /// - Parameters:
    ///   - file: a JSON object, a member for each value that it says.
    ///   - environment: all that begins with ``prefix``.
    ///   - others: names in the environment that are somebody else's.
    ///   - flags: by the names that the file has.
    public init(file: [UInt8]? = nil, environment: [String: String] = [:], others: Set<String> = [], flags: [(name: String, text: String)] = [])
        throws(Mistake)
    {
        if let file {
            let json: JSON
            do { json = try JSON(parsing: file) } catch { throw Mistake(description: "cannot read the configuration: it is \(error)") }
            guard case .object(let members) = json else { throw Mistake(description: "cannot read the configuration: it is not a JSON object") }
            for (name, value) in members.sorted(by: { $0.key < $1.key }) { try take(name, value, .file, "in the configuration file") }
        }
        for (variable, text) in environment.sorted(by: { $0.key < $1.key }) where variable.hasPrefix(Self.prefix) && !others.contains(variable) {
            // A variable that is empty is one that nobody has set.
            if text.isEmpty { continue }
            try take(variable.dropFirst(Self.prefix.count).lowercased(), text: text, .environment, "in the environment (\(variable))")
        }
        for (name, text) in flags { try take(name, text: text, .flag, "on the command line") }
        guard (settings.certificate == nil) == (settings.key == nil) else {
            throw Mistake(description: "cannot use the configuration: certificate and key go together; give both, or neither")
        }
        let provider = [settings.openIDIssuer, settings.openIDClient, settings.openIDPublicURL].map { $0 != nil }
        guard provider.allSatisfy({ $0 == provider[0] }), settings.openIDSecretFile == nil || provider[0] else {
            throw Mistake(
                description: "cannot use the configuration: openid_issuer, openid_client_id and openid_public_url go together, and "
                    + "openid_client_secret_file with them; give all, or none")
        }
    }

    private mutating func take(_ name: String, text: String, _ source: Source, _ place: String) throws(Mistake) {
        guard let key = Self.keys.first(where: { $0.name == name }) else { throw Self.unknown(name, place) }
        try take(name, key.value(of: text), source, place)
    }

    private mutating func take(_ name: String, _ value: JSON, _ source: Source, _ place: String) throws(Mistake) {
        guard let key = Self.keys.first(where: { $0.name == name }) else { throw Self.unknown(name, place) }
        if let finding = key.schema.findings(in: value).first {
            throw Mistake(description: "cannot use the configuration: \(name) \(place) \(finding.reason)")
        }
        if let mistake = key.mistake(value) {
            throw Mistake(description: "cannot use the configuration: \(name) \(place) \(mistake)")
        }
        key.write(&settings, value)
        sources[name] = source
    }

    private static func unknown(_ name: String, _ place: String) -> Mistake {
        Mistake(description: "cannot use the configuration: \(name) \(place) is no setting; minhchung config lists them")
    }

    /// Every setting with its value, where that was said, and what it is for.
    public var values: [(name: String, value: JSON, source: Source, help: String)] {
        Self.keys.map { ($0.name, $0.read(settings), sources[$0.name] ?? .standard, $0.help) }
    }

    // MARK: The settings

    private struct Key: Sendable {
        let name: String
        let help: String
        let schema: Schema
        let read: @Sendable (Settings) -> JSON
        let write: @Sendable (inout Settings, JSON) -> Void
        /// What is wrong with a value that the schema lets through.
        var mistake: @Sendable (JSON) -> String? = { _ in nil }

        /// What a text stands for: a list is written with commas.
        func value(of text: String) -> JSON {
            switch schema {
            case .integer: Int64(text).map(JSON.integer) ?? .string(text)
            case .boolean: text == "true" ? .bool(true) : text == "false" ? .bool(false) : .string(text)
            case .array: .array(text.split(separator: ",").map { .string(ClientAddress.trimmed($0)) })
            default: .string(text)
            }
        }
    }

    private static func text(_ name: String, _ path: any WritableKeyPath<Settings, String> & Sendable, _ help: String) -> Key {
        Key(name: name, help: help, schema: .line()) {
            .string($0[keyPath: path])
        } write: {
            if case .string(let text) = $1 { $0[keyPath: path] = text }
        }
    }

    private static func text(_ name: String, _ path: any WritableKeyPath<Settings, String?> & Sendable, _ help: String) -> Key {
        Key(name: name, help: help, schema: .line(max: 4000)) {
            $0[keyPath: path].map(JSON.string) ?? .null
        } write: {
            if case .string(let text) = $1 { $0[keyPath: path] = text }
        }
    }

    private static func number(
        _ name: String, _ path: any WritableKeyPath<Settings, Int> & Sendable, _ range: ClosedRange<Int64>, _ help: String
    ) -> Key {
        Key(name: name, help: help, schema: .integer(range)) {
            .integer(Int64($0[keyPath: path]))
        } write: {
            if case .integer(let number) = $1 { $0[keyPath: path] = Int(number) }
        }
    }

    private static func flag(_ name: String, _ path: any WritableKeyPath<Settings, Bool> & Sendable, _ help: String) -> Key {
        Key(name: name, help: help, schema: .boolean) {
            .bool($0[keyPath: path])
        } write: {
            if case .bool(let value) = $1 { $0[keyPath: path] = value }
        }
    }

    private static func texts(_ value: JSON) -> [String] {
        guard case .array(let values) = value else { return [] }
        return values.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }

    private static let keys: [Key] = [
        text("host", \.host, "the address to listen on"),
        number("port", \.port, 0...65_535, "the port to listen on; 0 lets the system choose"),
        text("certificate", \.certificate, "PEM file of the certificate and its chain; with it the server speaks TLS"),
        text("key", \.key, "PEM file of the certificate's key"),
        Key(
            name: "authenticator_roles", help: "who has one of these roles signs in with a code of an authenticator, or not at all",
            schema: .array(.choice(of: Role.self), max: 20)
        ) {
            .array($0.authenticatorRoles.map(\.rawValue).sorted().map(JSON.string))
        } write: {
            $0.authenticatorRoles = Set(texts($1).compactMap(Role.init(rawValue:)))
        },
        number("session_idle_minutes", \.sessionIdleMinutes, 1...1_440, "a session ends when it is not used for so long,"),
        number("session_hours", \.sessionHours, 1...168, "and after so long in any case"),
        text("openid_issuer", \.openIDIssuer, "the issuer of OpenID Connect by which people may sign in too; none where it is not set"),
        text("openid_client_id", \.openIDClient, "as whom that provider knows this service"),
        text("openid_client_secret_file", \.openIDSecretFile, "a file that has the secret that the provider gave, and nothing else"),
        text(
            "openid_public_url", \.openIDPublicURL,
            "this site as browsers know it; the provider sends people back to \(Settings.callbackPath) under it"),
        Key(
            name: "trusted_proxies", help: "addresses of reverse proxies whose X-Forwarded-For, X-Forwarded-Proto and Forwarded are believed",
            schema: .array(.line(max: 100), max: 100)
        ) {
            .array($0.trustedProxies.sorted().map(JSON.string))
        } write: {
            $0.trustedProxies = Set(texts($1).compactMap(ClientAddress.address))
        } mistake: { value in
            texts(value).first { ClientAddress.address($0) == nil }.map {
                "has \($0), which is no IP address; give each proxy by its address, not by a name or a range"
            }
        },
        flag("open_machine", \.opensMachineOperations, "whether /health, /ready and /metrics are for others than this machine too"),
        number("limit_connections", \.limits.connections, 1...1_000_000, "connections at a time"),
        number(
            "limit_connections_per_address", \.limits.connectionsPerAddress, 1...1_000_000,
            "connections at a time from one address; any number from a trusted proxy"),
        number("limit_requests", \.limits.requests, 1...100_000, "requests that are done at a time"),
        number("limit_arriving_bodies", \.limits.arrivingBodies, 1...100_000, "bodies of JSON that come at a time"),
        number(
            "limit_arriving_bodies_per_address", \.limits.arrivingBodiesPerAddress, 1...100_000, "bodies of JSON that come at a time from one address"
        ),
        number("limit_transfers", \.limits.transfers, 1...100_000, "files that come at a time"),
        number("limit_transfers_per_account", \.limits.transfersPerAccount, 1...100_000, "files that come at a time from one account"),
        number("limit_downloads", \.limits.downloads, 1...100_000, "files that go at a time"),
        number("limit_downloads_per_account", \.limits.downloadsPerAccount, 1...100_000, "files that go at a time to one account"),
        number("limit_idle_seconds", \.limits.idleSeconds, 1...86_400, "a connection on which nothing is asked is closed after so long"),
        number("limit_receive_bytes_per_second", \.limits.receiveBytesPerSecond, 1...1_000_000_000, "a request has to come at this rate"),
        number("limit_slow_seconds", \.limits.slowSeconds, 1...3600, "for so long it may come slower, or an answer may not be taken"),
        number("limit_operation_seconds", \.limits.operationSeconds, 1...86_400, "an operation has to begin its answer in this time"),
        number("limit_body_seconds", \.limits.bodySeconds, 1...86_400, "a body of JSON has to be there in this time"),
        number("limit_header_bytes", \.limits.headerBytes, 256...1 << 20, "the header fields of a request, in all"),
        number("limit_header_count", \.limits.headerCount, 8...1000, "how many header fields a request has at most"),
        number("limit_json_bytes", \.limits.jsonBytes, 1024...64 << 20, "a body of JSON"),
        number("limit_stop_seconds", \.limits.stopSeconds, 1...3600, "what was accepted has so long to end when the server stops"),
    ]
}
