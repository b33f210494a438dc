/// Names a session: what a person sees in a list and ends. It opens nothing.
public struct SessionID: OpaqueIdentifier {
    public static let prefix = "se-"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// Names a token of the API. It opens nothing.
public struct TokenID: OpaqueIdentifier {
    public static let prefix = "to-"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// As whom a provider knows a person: the pair never changes and is never given to another person. An e-mail address is neither.
public struct ExternalIdentity: Sendable, Hashable {
    public let issuer: String
    public let subject: String

    public init(issuer: String, subject: String) {
        self.issuer = issuer
        self.subject = subject
    }
}
