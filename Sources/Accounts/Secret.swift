public import Evidence

/// 256 random bits that open something for whoever has them. Only their digest is kept. Nothing prints them but ``text``.
public struct Secret: Sendable {
    /// What a secret opens. The raw value is its prefix, by which one that leaked is found in texts: `mc[stl]_[a-z2-7]{52}`.
    public enum Kind: String, Sendable, CaseIterable {
        case session = "mcs_"
        case token = "mct_"
        case setupLink = "mcl_"
    }

    public let kind: Kind
    /// The prefix and 52 digits of base 32, to be handed over once.
    public let text: String

    private static let byteCount = 32

    /// A new secret from the system's random numbers.
    public static func random(_ kind: Kind) -> Secret {
        Secret(kind: kind, text: kind.rawValue + Base32.text(of: randomBytes(byteCount)).lowercased())
    }

    private init(kind: Kind, text: String) {
        self.kind = kind
        self.text = text
    }

    /// The secret of this kind that `text` spells; `nil` when it is none.
    public init?(_ text: String, _ kind: Kind) {
        guard text.utf8.count == 56, text.hasPrefix(kind.rawValue) else { return nil }
        let digits = text.dropFirst(kind.rawValue.count)
        guard digits == digits.lowercased(), let bytes = Base32.bytes(of: digits.uppercased()), bytes.count == Self.byteCount else { return nil }
        self.init(kind: kind, text: text)
    }

    /// SHA-256 of ``text``: what is kept. As the bits are random, no salt is needed, and to look it up tells nothing by its time.
    public var digest: Digest { Digest(of: text.utf8) }
}

/// Of which kind, never which.
extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "\(kind.rawValue)…" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

/// Base 32 of RFC 4648 §6 without padding, in upper case: one text for each sequence of bytes, and no other.
enum Base32 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    static func text(of bytes: [UInt8]) -> String {
        var digits: [UInt8] = []
        var (bits, count): (UInt32, Int) = (0, 0)
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 5 {
                count -= 5
                digits.append(alphabet[Int(bits >> UInt32(count) & 31)])
            }
        }
        if count > 0 { digits.append(alphabet[Int(bits << UInt32(5 - count) & 31)]) }
        return String(decoding: digits, as: UTF8.self)
    }

    /// The bytes that `text` spells; `nil` for anything that ``text(of:)`` does not write.
    static func bytes(of text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var (bits, count): (UInt32, Int) = (0, 0)
        for digit in text.utf8 {
            guard let value = alphabet.firstIndex(of: digit) else { return nil }
            bits = bits << 5 | UInt32(value)
            count += 5
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        guard count < 5, bits & (1 << UInt32(count) - 1) == 0 else { return nil }
        return bytes
    }
}
