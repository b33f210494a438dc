internal import ArgumentParser
internal import Custody
internal import Glibc
internal import Ledger
internal import OutboundHTTP

/// What `sign-in` and `sign-out` ask, and where.
struct SignInOptions: ParsableArguments {
    @Option(help: "The server, e.g. https://minhchung.example (default: $MINHCHUNG_SERVER).")
    var server: String?

    @Option(name: .customLong("server-ca"), help: "PEM file of the authorities that are trusted to name the server (default: the system's).")
    var serverCA: String?

    @Flag(help: "Print JSON, one object a line.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print only what went wrong.")
    var quiet = false

    func remote() throws -> RemoteArchive {
        var options = ArchiveOptions()
        (options.archive, options.server, options.serverCA, options.actingAs, options.json, options.quiet) = (nil, server, serverCA, nil, json, quiet)
        guard let url = options.serverURL else { throw ValidationError("name the server: --server, or $MINHCHUNG_SERVER") }
        return try RemoteArchive(url, options: options)
    }
}

struct SignIn: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sign in to a server, so that other commands may be given --server.",
        discussion: """
            Asks for the password (and the authenticator's code, where there is one) on the terminal, makes a token of the API, and keeps \
            it in ~/.config/minhchung/tokens.json, which nobody else may read. The password is kept nowhere. Programs that run alone take \
            a token from the environment, $MINHCHUNG_TOKEN, and need no sign-in.

            EXAMPLES
              minhchung sign-in officer-17 --server https://minhchung.example
              minhchung sign-in officer-17 --server http://127.0.0.1:8080 --setup    (sets the first password, by a setup link)
              minhchung sign-in admin-1 --scope administer --days 1
            """)

    @OptionGroup var options: SignInOptions
    @Option(help: "What the token allows: read, write or administer; each includes the ones before it.")
    var scope = "write"
    @Option(help: "For how many days it is good, at most 366.")
    var days = 30
    @Flag(help: "First set the password by the setup link that one was given.")
    var setup = false
    @Argument(help: "The account.")
    var account: String

    func validate() throws { guard (1...366).contains(days) else { throw ValidationError("--days is from 1 to 366") } }

    func run() throws {
        let scope = try choice(scope, "scope", Custody.TokenScope.self)
        let server = try options.remote()
        server.use(nil)
        let password = setup ? try setUp(server) : try Self.ask("password of \(account): ")
        // Before there is anything to keep: that it can be kept.
        _ = try SavedToken.all()
        let made = try Self.token(
            ["name": .string("minhchung on \(Self.machine())"), "scope": .string(scope.rawValue), "days": .integer(Int64(days))], of: account,
            password,
            at: server)
        guard let secret = made["secret"].text, let id = made["token"]["token"].text else {
            throw Failure("cannot sign in: the server \(server.url) answers with no token")
        }
        let earlier: JSON?
        do { earlier = try SavedToken.keep(secret, id: id, account: account, for: server.url) } catch {
            // One that is kept nowhere would be good for as long as it was made for.
            try SavedToken.end(id, secret, at: server)
            throw error
        }
        // So would the one of before.
        if let id = earlier?["token"].text, let secret = earlier?["secret"].text { try SavedToken.end(id, secret, at: server) }
        server.tell(
            made["token"],
            "signed in to \(server.url) as \(account): \(scope.rawValue), until \(made["token"]["expires_at"].text ?? "it is revoked")")
    }

    /// Makes a token of an account by its password, in a session that ends with it.
    static func token(_ wanted: [String: JSON], of account: String, _ password: String, at server: RemoteArchive) throws -> JSON {
        server.use(nil)
        let (cookie, session) = try begin(account, password, at: server)
        // As a browser has it: what a cookie allows takes this too, so that no other site can ask for it.
        let fields = ["Cookie: \(cookie)", "X-CSRF-Token: \(session["csrf_token"].text ?? "")", "Sec-Fetch-Site: same-origin"]
        defer {
            server.use(nil)
            // The session has an end of its own, and nobody has its secret.
            _ = try? server.answer(to: .init(method: "DELETE", path: ["session"], fields: fields))  // because of the line above
        }
        var request = RemoteArchive.Request.post("tokens", body: wanted)
        request.fields = fields
        return try server.json(request)
    }

    private static func begin(_ account: String, _ password: String, at server: RemoteArchive) throws -> (cookie: String, session: JSON) {
        func begin(_ code: String?) throws -> (String, JSON) {
            let answer = try server.answer(
                to: .post("session", body: ["account": .string(account), "password": .string(password), "code": code.map(JSON.string)]))
            let cookies = answer.fields["set-cookie"]?.split(separator: "\n").compactMap { $0.split(separator: ";").first } ?? []
            // A proxy may set one of its own.
            guard let cookie = cookies.first(where: { $0.hasPrefix("minhchung=") || $0.hasPrefix("__Host-minhchung=") }) else {
                throw Failure("cannot sign in: the server \(server.url) makes no session")
            }
            return (String(cookie), try server.parsed(answer.body))
        }
        do { return try begin(nil) } catch let problem as RemoteProblem where problem.kind == "code-required" {
            return try begin(try ask("code of the authenticator, each is good once: ", isSecret: false))
        }
    }

    private func setUp(_ server: RemoteArchive) throws -> String {
        let link = try Self.ask("setup link: ")
        let offer = try server.json(.post("setup", "offer", body: ["link": .string(link)]))
        guard offer["account"].text == account else {
            throw Failure("cannot set the password: the link is of another account, \(visible(offer["account"].text ?? "none"))")
        }
        let password = try Self.ask("new password of \(account): ")
        guard try Self.ask("the same again: ") == password else { throw Failure("cannot set the password: the two differ; nothing was done") }
        var authenticator: JSON?
        if offer["required"].isTrue, let key = offer["key"].text {
            Terminal.say("The account's roles ask for an authenticator. Enter this key into one, on a telephone for example:\n  \(visible(key))\n")
            authenticator = .object(["key": .string(key), "code": .string(try Self.ask("code that it shows now: ", isSecret: false))])
        }
        _ = try server.json(
            .post("setup", body: ["link": .string(link), "password": .string(password), "authenticator": authenticator]))
        return password
    }

    /// Asks the person at the terminal; where standard input is none, takes its next line.
    static func ask(_ prompt: String, isSecret: Bool = true) throws -> String {
        try isatty(STDIN_FILENO) == 1 ? Terminal.ask(prompt, isSecret: isSecret) : Terminal.next(prompt)
    }

    private static func machine() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "a machine" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)).prefix(64), as: UTF8.self)
    }
}

struct SignOut: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "End the token that sign-in made, and forget it.",
        discussion: """
            EXAMPLE
              minhchung sign-out --server https://minhchung.example
            """)

    @OptionGroup var options: SignInOptions

    func run() throws {
        let server = try options.remote()
        guard let saved = try SavedToken.all()[server.url], let token = saved["token"].text, let secret = saved["secret"].text else {
            throw Failure("nobody is signed in to \(server.url) here")
        }
        try SavedToken.end(token, secret, at: server)
        try SavedToken.forget(server.url)
        server.tell(.object(["token": .string(token)]), "signed out of \(server.url)")
    }
}
