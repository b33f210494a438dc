/// Who acts. Every operation takes one; there is no "current user" anywhere.
public struct Actor: Sendable, Hashable {
    /// The account that acts, e.g. `console:lan` for the operator at the machine's own command line.
    public let account: String
    /// The account in whose name the console operator acts (`--as`), recorded beside the operator, never instead.
    public let actingAs: String?

    /// The account in whose name it is done.
    public var principal: String { actingAs ?? account }

    /// The service itself, where it reads what was uploaded.
    public static let reader = Actor(account: "service:reader")

    public init(account: String, actingAs: String? = nil) {
        self.account = account
        self.actingAs = actingAs
    }

    /// Whether `text` may name an account: it stands in headers, which are never erased, so it is no person's name but 1
    /// to 64 lower-case letters, digits, dots, dashes or underscores; best one that says nothing, like `officer-17`. Nine digits
    /// or more are refused: that is a telephone's number, or a person's.
    public static func isAccount(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.filter { (48...57).contains($0) }.count < 9
            && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || ".-_".utf8.contains($0) }
    }

    /// Whether it is the operator at the command line of the machine, who holds the archive itself in hand.
    public var isConsole: Bool { account.hasPrefix(Self.console) }

    private static let console = "console:"

    /// The operator at the command line of the machine, by system user name.
    public static func console(user: String, actingAs: String? = nil) -> Actor {
        Actor(account: console + user, actingAs: actingAs)
    }
}
