/// An identifier that says nothing about what it names: a kind prefix and 80 random bits.
///
/// Written in Crockford's base 32 in lower case (no i, l, o, u), e.g. `ev-7h2k9q4m1c8r5t0w`: short enough to read
/// over a telephone, opaque enough to stand in a record's header for ever.
public protocol OpaqueIdentifier: Sendable, Hashable, CustomStringConvertible {
    /// The prefix that tells kinds apart, with its dash.
    static var prefix: String { get }
    /// Prefix and 16 base-32 digits.
    var text: String { get }
    init(unchecked text: String)
}

extension OpaqueIdentifier {
    public var description: String { text }

    /// A new identifier from the system's random numbers.
    public static func random() -> Self {
        var generator = SystemRandomNumberGenerator()
        var text = prefix
        for _ in 0..<2 {
            var bits = generator.next() as UInt64
            for _ in 0..<8 {
                text.unicodeScalars.append(Unicode.Scalar(alphabet[Int(bits & 31)]))
                bits >>= 5
            }
        }
        return Self(unchecked: text)
    }

    /// The identifier that `text` spells, `nil` when it is none of this kind.
    public init?(_ text: String) {
        guard text.hasPrefix(Self.prefix), text.utf8.count == Self.prefix.utf8.count + 16,
            text.utf8.dropFirst(Self.prefix.utf8.count).allSatisfy(alphabet.contains)
        else { return nil }
        self.init(unchecked: text)
    }
}

private let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

/// Names an evidence item: what one person submitted.
public struct EvidenceID: OpaqueIdentifier {
    public static let prefix = "ev-"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// Names an archive; made at its creation, part of every proof about it.
public struct ArchiveID: OpaqueIdentifier {
    public static let prefix = "ar-"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// Names a person.
public struct PersonID: OpaqueIdentifier {
    public static let prefix = "pe-"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// Names a unit (đơn vị) through all its names and codes.
public struct UnitID: OpaqueIdentifier {
    public static let prefix = "un-"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// Names a dossier: one person's assessment in one cycle.
public struct DossierID: OpaqueIdentifier {
    public static let prefix = "do-"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// Names a citation.
public struct CitationID: OpaqueIdentifier {
    public static let prefix = "ci-"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// Names a decision document, which may decide about many people.
public struct DecisionID: OpaqueIdentifier {
    public static let prefix = "de-"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// Names a title (danh hiệu), or an honour, that a person was given.
public struct TitleID: OpaqueIdentifier {
    public static let prefix = "ti-"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// Names an upload: a file that arrives in pieces.
public struct UploadID: OpaqueIdentifier {
    public static let prefix = "up-"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}
