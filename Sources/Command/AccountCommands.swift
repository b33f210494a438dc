internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger
internal import Web

struct Accounts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "Open accounts, give them roles, and let them sign in.",
        discussion: """
            An account is no name but says nothing, such as officer-17. Opening, closing and roles are records. Nobody has a password \
            before they set one by a setup link.

            EXAMPLES
              minhchung account add admin-1
              minhchung account grant admin-1 --role administrator
              minhchung account setup-link admin-1
              minhchung account grant officer-17 --role reviewer --unit 20335 --basis "QĐ 12/QĐ-UBND"
            """,
        subcommands: [
            AddAccount.self, CloseAccount.self, ReopenAccount.self, ListAccounts.self, ShowAccount.self, GiveRole.self, WithdrawRole.self,
            MakeSetupLink.self, RevokeSessions.self, RemoveAuthenticator.self, Identities.self, Tokens.self,
        ])
}

struct AddAccount: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Open an account.",
        discussion: """
            EXAMPLE
              minhchung account add officer-17
            """)

    @OptionGroup var options: ArchiveOptions
    @Option(help: "Why.")
    var reason: String?
    @Argument(help: "The account: lower-case letters, digits and . - _")
    var account: String

    func run() async throws {
        let reason = try reason.map { try recordable($0, "reason") }
        let record = try await options.withArchive { try await $0.openAccount(account, reason: reason, by: options.actor) }
        printDone(options, "opened \(account), record \(record)", account, record)
    }
}

struct ReopenAccount: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reopen", abstract: "Open an account that was closed, with the roles that it had.",
        discussion: """
            Its password is good again. Sessions and tokens from before are not.

            EXAMPLE
              minhchung account reopen officer-17 --reason "trở lại công tác"
            """)

    @OptionGroup var options: ArchiveOptions
    @Option(help: "Why.")
    var reason: String
    @Argument(help: "The account.")
    var account: String

    func run() async throws {
        let reason = try recordable(reason, "reason")
        let record = try await options.withArchive { archive in
            _ = try await archive.account(account, by: options.actor)
            return try await archive.openAccount(account, reason: reason, by: options.actor)
        }
        printDone(options, "opened \(account) again, record \(record)", account, record)
    }
}

struct CloseAccount: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close", abstract: "Close an account: from then on it may do nothing.",
        discussion: """
            EXAMPLE
              minhchung account close officer-17 --reason "chuyển công tác"
            """)

    @OptionGroup var options: ArchiveOptions
    @Option(help: "Why.")
    var reason: String
    @Argument(help: "The account.")
    var account: String

    func run() async throws {
        let reason = try recordable(reason, "reason")
        let record = try await options.withArchive { try await $0.closeAccount(account, reason: reason, by: options.actor) }
        printDone(options, "closed \(account), record \(record)", account, record)
    }
}

private func printDone(_ options: ArchiveOptions, _ line: String, _ account: String, _ record: Int) {
    if options.json {
        printJSON(["account": .string(account), "record": .number(record)])
    } else if !options.quiet {
        printLine(line)
    }
}

struct ListAccounts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List accounts by name, with the roles that they have today.",
        discussion: """
            EXAMPLE
              minhchung account list
            """)

    @OptionGroup var options: ArchiveOptions
    @Option(help: "How many.")
    var limit = 50
    @Option(help: "Only accounts after this one, to go on behind a page.")
    var after = ""

    func validate() throws { guard (1...10_000).contains(limit) else { throw ValidationError("--limit is from 1 to 10000") } }

    func run() async throws {
        let accounts = try await options.withArchive { try await $0.accounts(after: after, limit: limit, by: options.actor) }
        for account in accounts { print(account, options) }
    }

    private func print(_ account: AccountAccount, _ options: ArchiveOptions) {
        if options.json { return printJSON(members(account)) }
        let roles = account.grants.filter(\.isInForce).map { "\($0.role.rawValue) \($0.unit.map { "in \($0)" } ?? "everywhere")" }
        printLine("\(account.account)  \(account.isOpen ? "open" : "closed")  \(roles.joined(separator: ", "))")
    }
}

struct ShowAccount: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an account, every role that it was given, its sessions and its tokens.",
        discussion: """
            EXAMPLE
              minhchung account show officer-17
            """)

    @OptionGroup var options: ArchiveOptions
    @Argument(help: "The account.")
    var account: String

    func run() async throws {
        let actor = options.actor
        let (shown, sessions, tokens) = try await options.withArchive { archive in
            (
                try await archive.account(account, by: actor), try await archive.sessions(of: account, by: actor),
                try await archive.tokens(of: account, by: actor)
            )
        }
        if options.json {
            return printJSON(
                members(shown).merging([
                    "sessions": .array(sessions.map { .object(sessionMembers($0)) }), "tokens": .array(tokens.map { .object(tokenMembers($0)) }),
                ]) { $1 })
        }
        printLine("\(shown.account)  \(shown.isOpen ? "open" : "closed"), record \(shown.closedRecord ?? shown.openedRecord)")
        for person in shown.people { printLine("  is \(person)") }
        for grant in shown.grants {
            let until = grant.validUntil.map { " until \($0)" } ?? ""
            let end = grant.withdrawnRecord.map { ", withdrawn by record \($0)" } ?? (grant.isInForce ? "" : ", not in force")
            printLine(
                "  \(grant.id)  \(grant.role.rawValue) \(grant.unit.map { "in \($0)" } ?? "everywhere") from \(grant.validFrom)\(until)\(end)")
        }
        for change in shown.signInChanges ?? [] {
            printLine("  \(change.act.rawValue) by \(change.actor.principal) at \(change.time), record \(change.record)")
        }
        for session in sessions { printLine("  \(session.id)  since \(session.createdAt), used \(session.seenAt)") }
        for token in tokens { printLine(visible("  \(token.id)  \(token.name): \(token.scope.rawValue) until \(token.expiresAt)")) }
    }

    private func sessionMembers(_ session: Session) -> [String: JSON] {
        [
            "session": .string(session.id.text), "created_at": .string(session.createdAt.description),
            "seen_at": .string(session.seenAt.description), "expires_at": .string(session.expiresAt.description),
        ]
    }
}

private func tokenMembers(_ token: Token) -> [String: JSON] {
    [
        "token": .string(token.id.text), "name": .string(token.name), "scope": .string(token.scope.rawValue),
        "created_at": .string(token.createdAt.description), "expires_at": .string(token.expiresAt.description),
    ]
}

struct GiveRole: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant", abstract: "Give an account a role, in a unit and all below it, or everywhere.",
        discussion: """
            EXAMPLES
              minhchung account grant officer-17 --role reviewer --unit 20335 --basis "QĐ 12/QĐ-UBND"
              minhchung account grant inspector-2 --role inspector --from 2026-01-01 --until 2026-06-30
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var role: RoleOption
    @Option(help: "The unit, by its code today or its id; without one the role holds everywhere.")
    var unit: String?
    @Option(help: "The first day (default: today).")
    var from: String?
    @Option(help: "The last day.")
    var until: String?
    @Option(help: "The decision that it rests on.")
    var basis: String?
    @Argument(help: "The account.")
    var account: String

    func run() async throws {
        let (role, basis) = (try role.chosen(), try basis.map { try recordable($0, "basis") })
        let (from, until) = (try from.map { try date($0, "from") }, try until.map { try date($0, "until") })
        let grant = try await options.withArchive {
            try await $0.grantRole(role, to: account, unit: unit, from: from, until: until, legalBasis: basis, by: options.actor)
        }
        if options.json {
            printJSON(members(grant))
        } else if !options.quiet {
            printLine("\(grant.id): \(account) is \(role.rawValue) \(grant.unit.map { "in \($0)" } ?? "everywhere"), record \(grant.record)")
        }
    }
}

struct WithdrawRole: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw", abstract: "Take a role back.",
        discussion: """
            EXAMPLE
              minhchung account withdraw gr-7h2k --reason "thôi nhiệm vụ"
            """)

    @OptionGroup var options: ArchiveOptions
    @Option(help: "Why.")
    var reason: String
    @Argument(help: "The grant: its id, or enough of the beginning of it.")
    var grant: String

    func run() async throws {
        let reason = try recordable(reason, "reason")
        let withdrawn = try await options.withArchive { try await $0.withdrawRole(grant, reason: reason, by: options.actor) }
        if options.json {
            printJSON(members(withdrawn))
        } else if !options.quiet {
            printLine("withdrew \(withdrawn.id), record \(withdrawn.withdrawnRecord ?? 0)")
        }
    }
}

struct MakeSetupLink: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "setup-link", abstract: "Print a secret by which the account's owner sets a password, once.",
        discussion: """
            It takes the place of any other that the account has. Hand it over so that nobody else sees it: whoever has it first has \
            the account. The password of now is good until the link is used. That it was made is a record, and its owner sees by whom.

            EXAMPLE
              minhchung account setup-link officer-17
            """)

    @OptionGroup var options: ArchiveOptions
    @Argument(help: "The account.")
    var account: String

    func run() async throws {
        let link = try await options.withArchive { try await $0.createSetupLink(for: account, by: options.actor) }
        if options.json {
            printJSON(["account": .string(account), "setup_link": .string(link.secret), "expires_at": .string(link.expiresAt.description)])
        } else {
            printLine(link.secret)
            if !options.quiet { printLine("for \(account), once, until \(link.expiresAt)") }
        }
    }
}

struct RevokeSessions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke-sessions", abstract: "End every session, setup link and token of an account.",
        discussion: """
            EXAMPLE
              minhchung account revoke-sessions officer-17
            """)

    @OptionGroup var options: ArchiveOptions
    @Argument(help: "The account.")
    var account: String

    func run() async throws {
        try await options.withArchive { try await $0.revokeAll(of: account, by: options.actor) }
        printDone(options, "ended what \(account) had open", account)
    }
}

struct RemoveAuthenticator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove-authenticator", abstract: "Remove the authenticator of an account whose owner lost it.",
        discussion: """
            Every session of it is ended. Where a role asks for an authenticator, the owner needs a setup link after this.

            EXAMPLE
              minhchung account remove-authenticator officer-17
            """)

    @OptionGroup var options: ArchiveOptions
    @Argument(help: "The account.")
    var account: String

    func run() async throws {
        try await options.withArchive { try await $0.removeAuthenticator(of: account, by: options.actor) }
        printDone(options, "removed the authenticator of \(account)", account)
    }
}

func printDone(_ options: ArchiveOptions, _ line: String, _ account: String) {
    if options.json {
        printJSON(["account": .string(account)])
    } else if !options.quiet {
        printLine(line)
    }
}

struct Tokens: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make and revoke tokens of the API.",
        discussion: """
            EXAMPLES
              minhchung account token create "đồng bộ" --scope read --days 90 --as officer-17
              minhchung account token revoke to-7h2k9q4m1c8r5t0w officer-17
            """,
        subcommands: [CreateToken.self, RevokeToken.self])
}

struct CreateToken: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a token of the account that is given with --as, and print it.",
        discussion: """
            At a server it is one of the account that has signed in. Its password is asked for where the new token is to allow more, or to be
            good for longer, than the one that sign-in made.

            EXAMPLES
              minhchung account token create "đồng bộ" --scope read --days 90 --as officer-17
              minhchung account token create "đồng bộ" --scope read --days 90 --server https://minhchung.example
            """)

    @OptionGroup var options: ArchiveOptions
    @Option(help: "One of: read, write, administer; each includes the ones before it.")
    var scope = "read"
    @Option(help: "For how many days it is good, at most 366.")
    var days: Int
    @Argument(help: "What it is called.")
    var name: String

    func validate() throws { guard (1...366).contains(days) else { throw ValidationError("--days is from 1 to 366") } }

    func run() async throws {
        let (scope, name) = (try choice(scope, "scope", Custody.TokenScope.self), try recordable(name, "name"))
        let (secret, token) = try await options.withArchive {
            try await $0.createToken(named: name, scope: scope, for: .seconds(days * 86_400), with: .here, by: options.actor)
        }
        if options.json {
            printJSON(tokenMembers(token).merging(["secret": .string(secret)]) { $1 })
        } else {
            printLine(secret)
            if !options.quiet { printLine("\(token.id) of \(token.account): \(token.scope.rawValue) until \(token.expiresAt)") }
        }
    }
}

struct RevokeToken: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "End a token.",
        discussion: """
            EXAMPLE
              minhchung account token revoke to-7h2k9q4m1c8r5t0w officer-17
            """)

    @OptionGroup var options: ArchiveOptions
    @Argument(help: "The token's whole id.")
    var token: String
    @Argument(help: "The account.")
    var account: String

    func run() async throws {
        guard let id = TokenID(token) else { throw Failure("cannot revoke \(token): it is no token's id; see minhchung account show") }
        try await options.withArchive { try await $0.revokeToken(id, of: account, by: options.actor) }
        printDone(options, "revoked \(id)", account)
    }
}
