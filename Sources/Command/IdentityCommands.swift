internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger

struct Identities: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "identity", abstract: "List, link and unlink the identities by which a provider of OpenID Connect knows an account.",
        discussion: """
            The provider is one that the service is set up with (openid_issuer; see minhchung config). Linking and unlinking are records, \
            which do not say whose identity it is. Who has a setup link, or is signed in, links their own over HTTP.

            EXAMPLES
              minhchung account identity list officer-17
              minhchung account identity link officer-17 --issuer https://id.example --subject 248289761001
              minhchung account identity unlink officer-17 --issuer https://id.example --subject 248289761001
            """,
        subcommands: [ListIdentities.self, LinkIdentity.self, UnlinkIdentity.self])
}

struct ListIdentities: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List as whom providers know an account.",
        discussion: """
            EXAMPLE
              minhchung account identity list officer-17
            """)

    @OptionGroup var options: ArchiveOptions
    @Argument(help: "The account.")
    var account: String

    func run() async throws {
        let identities = try await options.withArchive { try await $0.identities(of: account, by: options.actor) }
        for identity in identities {
            if options.json {
                printJSON(["account": .string(account), "issuer": .string(identity.issuer), "subject": .string(identity.subject)])
            } else {
                printLine(visible("\(identity.issuer)  \(identity.subject)"))
            }
        }
    }
}

/// As whom which provider knows somebody.
struct IdentityOptions: ParsableArguments {
    @Option(help: "The provider, as it calls itself.")
    var issuer: String
    @Option(help: "As whom it knows the person: the sub of its statements, and no e-mail address.")
    var subject: String

    /// As it can be kept: a provider says no other (OpenID Connect Core 1.0 §2).
    func identity() throws -> ExternalIdentity {
        guard (1...255).contains(subject.utf8.count), subject.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw ValidationError("--subject has 1 to 255 printable characters of ASCII")
        }
        return ExternalIdentity(issuer: try recordable(issuer, "issuer"), subject: subject)
    }
}

struct LinkIdentity: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "link", abstract: "Let an identity at a provider open an account.",
        discussion: """
            EXAMPLE
              minhchung account identity link officer-17 --issuer https://id.example --subject 248289761001
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var identity: IdentityOptions
    @Argument(help: "The account.")
    var account: String

    func run() async throws {
        let identity = try identity.identity()
        try await options.withArchive { try await $0.linkIdentity(identity, to: account, by: options.actor) }
        printDone(options, "linked \(visible(identity.subject)) to \(account)", account)
    }
}

struct UnlinkIdentity: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlink", abstract: "Take an identity from an account, and end its sessions and tokens.",
        discussion: """
            EXAMPLE
              minhchung account identity unlink officer-17 --issuer https://id.example --subject 248289761001
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var identity: IdentityOptions
    @Argument(help: "The account.")
    var account: String

    func run() async throws {
        let identity = try identity.identity()
        try await options.withArchive { try await $0.unlinkIdentity(identity, from: account, by: options.actor) }
        printDone(options, "unlinked \(visible(identity.subject)) from \(account)", account)
    }
}
