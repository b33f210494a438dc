/// Who acts. Every operation takes one; there is no "current user" anywhere.
public struct Actor: Sendable, Hashable {
    /// The account that acts, e.g. `console:lan` for the operator at the machine's own command line.
    public let account: String
    /// The account in whose name the console operator acts (`--as`), recorded beside the operator, never instead.
    public let actingAs: String?

    public init(account: String, actingAs: String? = nil) {
        self.account = account
        self.actingAs = actingAs
    }

    /// The operator at the command line of the machine, by system user name.
    public static func console(user: String, actingAs: String? = nil) -> Actor {
        Actor(account: "console:\(user)", actingAs: actingAs)
    }
}
