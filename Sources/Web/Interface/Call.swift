public import Evidence
public import Ledger

/// What an operation is asked for, after everything in it was held against the operation's description.
public struct Call: Sendable {
    public let operation: Operation
    /// Under this id the request is in the log.
    public let requestID: String
    /// Who asks: the address at the other end, or the one that a trusted proxy tells.
    public let client: String
    /// They speak TLS, with this server or with a proxy before it.
    public let isSecure: Bool
    /// This site as they call it, `https://minhchung.example`.
    public let origin: String
    /// Who has signed in; `nil` only where anybody may ask.
    public let signedIn: SignedIn?
    let parameters: [String: JSON]
    /// The body where the operation takes JSON.
    public let json: JSON?
    /// The body where the operation takes bytes.
    public let content: RequestContent?
    /// `If-None-Match` and `Range`, as they were sent.
    let conditions: Conditions
    /// What ties a sign-in by a provider to this browser, where its cookie has it.
    let binding: String?

    /// In whose name it is done.
    /// - Throws: ``Problem/signInRequired``.
    public var actor: Actor {
        get throws(Problem) {
            guard let signedIn else { throw .signInRequired }
            return signedIn.actor
        }
    }

    // MARK: Parameters

    /// The text of a parameter that has to be there.
    public func text(_ name: String) throws(Problem) -> String {
        guard let text = optionalText(name) else { throw .parameter(.query, name, "is missing") }
        return text
    }

    public func optionalText(_ name: String) -> String? {
        if case .string(let text)? = parameters[name] { text } else { nil }
    }

    public func integer(_ name: String) -> Int? {
        if case .integer(let number)? = parameters[name] { Int(number) } else { nil }
    }

    /// A flag; false where it was not given.
    public func flag(_ name: String) -> Bool { parameters[name] == .bool(true) }

    public func date(_ name: String) -> CalendarDate? { optionalText(name).flatMap { CalendarDate($0) } }

    public func choice<Choice: RawRepresentable<String>>(_ name: String) -> Choice? { optionalText(name).flatMap { Choice(rawValue: $0) } }

    // MARK: Pages

    /// How many elements of a list are asked for.
    public func limit(default count: Int = 50) -> Int { integer("limit") ?? count }

    /// Where the list goes on, read from the cursor.
    ///
    /// - Throws: ``Problem`` where the cursor is none of this list's.
    public func place<Place>(_ read: (String) -> Place?) throws(Problem) -> Place? {
        guard let cursor = optionalText("cursor") else { return nil }
        guard let text = Page.place(of: cursor), let place = read(text) else { throw .parameter(.query, "cursor", "is none of this list") }
        return place
    }

    // MARK: Body

    /// The members of the body.
    public var body: Members {
        if case .object(let members)? = json { Members(members) } else { Members([:]) }
    }
}

/// The members of an object of the request, which was held against its schema before: what has to be there is there.
public struct Members: Sendable {
    public let all: [String: JSON]

    public init(_ all: [String: JSON]) { self.all = all }

    public func has(_ name: String) -> Bool { all[name] != nil }

    /// - Throws: ``Problem`` where it is missing.
    public func text(_ name: String) throws(Problem) -> String {
        guard let text = optionalText(name) else { throw .field("/\(name)", "is missing") }
        return text
    }

    public func optionalText(_ name: String) -> String? {
        if case .string(let text)? = all[name] { text } else { nil }
    }

    public func integer(_ name: String) -> Int? {
        if case .integer(let number)? = all[name] { Int(number) } else { nil }
    }

    /// A flag; false where it was not given.
    public func flag(_ name: String) -> Bool { all[name] == .bool(true) }

    public func date(_ name: String) -> CalendarDate? { optionalText(name).flatMap { CalendarDate($0) } }

    public func choice<Choice: RawRepresentable<String>>(_ name: String) -> Choice? { optionalText(name).flatMap { Choice(rawValue: $0) } }

    public func texts(_ name: String) -> [String] {
        array(name).compactMap { if case .string(let text) = $0 { text } else { nil } }
    }

    public func integers(_ name: String) -> [Int] {
        array(name).compactMap { if case .integer(let number) = $0 { Int(number) } else { nil } }
    }

    public func objects(_ name: String) -> [Members] {
        array(name).compactMap { if case .object(let members) = $0 { Members(members) } else { nil } }
    }

    public func object(_ name: String) -> Members? {
        if case .object(let members)? = all[name] { Members(members) } else { nil }
    }

    private func array(_ name: String) -> [JSON] {
        if case .array(let values)? = all[name] { values } else { [] }
    }
}

/// The bytes of a request's body, in the pieces in which they come. They are asked for once.
public struct RequestContent: Sendable {
    /// The media type without its parameters, in lower case.
    public let mediaType: String
    /// The parameters of the media type, e.g. `boundary`.
    public let mediaTypeParameters: [String: String]
    /// How many there will be, where the request says it.
    public let length: Int64?
    let pieces: @Sendable (_ take: @Sendable (_ piece: [UInt8]) async throws -> Void) async throws -> Void

    /// Hands over the bytes as they come; the next are not read before `take` returns.
    ///
    /// - Throws: ``Problem`` where there are more than the operation takes, or the request breaks off; what `take` throws.
    public func forEachPiece(_ take: @escaping @Sendable (_ piece: [UInt8]) async throws -> Void) async throws { try await pieces(take) }
}
